//! Champions who have to be judged again since a fact about many has changed: too many for one transaction.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("clearance_due")
            .col(ColumnDef::new("champion_id").uuid().not_null())
            .primary_key(Index::create().col("champion_id"))
            .foreign_key(ForeignKey::create().from("clearance_due", "champion_id").to("champion", "id"))
            .take();
        manager.create_table(table).await
    }
}
