//! Rows to write: what the demo has by table, and the rota.

use entity::{assignment, offer};
use sea_orm::{ConnectionTrait, DbErr};

use crate::demo::town;
use crate::store::row::insert_all;

/// A town's rows.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    town: town::Rows,
    pub offers: Vec<offer::Model>,
    pub assignments: Vec<assignment::Model>,
}

impl std::ops::Deref for Rows {
    type Target = town::Rows;

    fn deref(&self) -> &town::Rows {
        &self.town
    }
}

impl std::ops::DerefMut for Rows {
    fn deref_mut(&mut self) -> &mut town::Rows {
        &mut self.town
    }
}

impl Rows {
    /// Writes them, each table after those it refers to.
    pub async fn save(self, conn: &impl ConnectionTrait) -> Result<(), DbErr> {
        self.town.save(conn).await?;
        insert_all(conn, self.offers).await?;
        insert_all(conn, self.assignments).await
    }
}
