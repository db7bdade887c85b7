//! Duties that a move has brought too near one another to travel. The constraint against double bookings holds for them as before.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let hurried = ColumnDef::new("hurried").boolean().not_null().default(false).take();
        manager.alter_table(Table::alter().table("assignment").add_column(hurried).take()).await
    }
}
