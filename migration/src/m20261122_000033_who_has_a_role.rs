//! Who has a role, and who leads a group, are asked wherever somebody is told: found without reading everybody's roles.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let by_role = Index::create().name("role_grant_role_group_id").table("role_grant").col("role").col("group_id").take();
        manager.create_index(by_role).await
    }
}
