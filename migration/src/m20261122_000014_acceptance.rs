//! An organisation may count others' DBS checks only with its own acceptance; who obtained a check.

use sea_orm_migration::prelude::*;

use super::m20261122_000013_candidates::triggers;

#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let asks = ColumnDef::new("asks_acceptance").boolean().not_null().default(false).take();
        manager.alter_table(Table::alter().table("organisation").add_column(asks).take()).await?;
        let obtained = ColumnDef::new("obtained_by").uuid().take();
        manager.alter_table(Table::alter().table("dbs_check").add_column(obtained).take()).await?;
        for statement in triggers(manager.get_database_backend(), "acceptance", "champion_id") {
            manager.get_connection().execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}
