//! How many champions sessions need.

use entity::staffing;
use rules::id::SessionId;
use rules::session::PlaceKind;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};

/// Forgets what was said of a kind of place.
pub async fn remove(conn: &impl ConnectionTrait, session: SessionId, kind: PlaceKind) -> Result<(), DbErr> {
    staffing::Entity::delete_by_id((session, kind)).exec(conn).await.map(|_| ())
}
