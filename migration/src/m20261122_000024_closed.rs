//! Which dates of a series a closure has called off: they come back when it is removed.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let closed = ColumnDef::new("closed").boolean().not_null().default(false).take();
        manager.alter_table(Table::alter().table("occurrence").add_column(closed).take()).await
    }
}
