//! One answer of the DBS Update Service. Whether the certificate was blank is not among them.

use rules::dbs::update_service::UpdateAnswer;
use rules::id::DbsCheckId;
use sea_orm::entity::prelude::*;

/// One answer of the DBS Update Service. Whether the certificate was blank is not among them.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "dbs_status_check")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub check_id: DbsCheckId,
    pub at: DateTimeUtc,
    pub answer: UpdateAnswer,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
