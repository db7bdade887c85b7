//! The few columns that lists and dashboards tell of a row, read by their places: finding a column by its name costs as much as
//! decoding what is in it.

use chrono::NaiveDate;
use entity::{assignment, champion, completion};
use rules::assignment::AssignmentStatus;
use rules::champion::Membership;
use rules::id::{ChampionId, CompletionId, ModuleId, SessionId};
use sea_orm::sea_query::Query;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, Iterable, JoinType, QueryFilter, QueryOrder, QueryResult,
    QuerySelect,
};

/// Something read from columns side by side.
trait ByPlace: Sized {
    /// Reads it, its first column being at that place.
    fn at(row: &QueryResult, first: usize) -> Result<Self, DbErr>;
}

/// Reads fields from as many columns, in their order.
macro_rules! by_place {
    ($type:ty { $($field:ident),+ $(,)? }) => {
        impl ByPlace for $type {
            fn at(row: &QueryResult, first: usize) -> Result<Self, DbErr> {
                let mut places = first..;
                let mut next = || places.next().unwrap_or(first);
                Ok(Self { $($field: row.try_get_by_index(next())?),+ })
            }
        }
    };
}

/// A few columns of a table.
macro_rules! brief {
    ($(#[$meta:meta])* $name:ident of $entity:ident { $($field:ident = $column:ident: $type:ty),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        pub struct $name { $(pub $field: $type),+ }

        impl $name {
            fn columns() -> impl Iterator<Item = $entity::Column> {
                [$($entity::Column::$column),+].into_iter()
            }
        }

        by_place!($name { $($field),+ });

        impl FromQueryResult for $name {
            fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
                Self::at(row, 0)
            }
        }
    };
}

brief! {
    /// Who a champion is, to those who may know.
    Named of champion {
        id = Id: ChampionId,
        number = Number: i32,
        full_name = FullName: String,
        known_as = KnownAs: Option<String>,
        membership = Membership: Membership,
    }
}

brief! {
    /// A module that a champion has completed.
    Completed of completion {
        id = Id: CompletionId,
        champion_id = ChampionId: ChampionId,
        module_id = ModuleId: ModuleId,
        module_version = ModuleVersion: i32,
        completed_on = CompletedOn: NaiveDate,
        expires_on = ExpiresOn: Option<NaiveDate>,
    }
}

by_place!(assignment::Model {
    id,
    session_id,
    place_id,
    champion_id,
    offer_id,
    status,
    starts_at,
    ends_at,
    created_at,
    ended_at,
    ended_reason,
    clashing,
    hurried,
});

/// An assignment with its champion's name.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The assignment.
    pub assignment: assignment::Model,
    /// The champion.
    pub champion: Named,
}

impl FromQueryResult for Placed {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        Ok(Self { assignment: ByPlace::at(row, 0)?, champion: Named::at(row, assignment::Column::iter().count())? })
    }
}

/// The names of champions.
pub async fn named(conn: &impl ConnectionTrait, ids: impl IntoIterator<Item = ChampionId>) -> Result<Vec<Named>, DbErr> {
    let of = champion::Entity::find().filter(champion::Column::Id.is_in(ids));
    of.select_only().columns(Named::columns()).into_model().all(conn).await
}

/// The confirmed assignments of sessions, each with its champion's name.
pub async fn placed(conn: &impl ConnectionTrait, sessions: &[SessionId]) -> Result<Vec<Placed>, DbErr> {
    let to_champion = assignment::Entity::belongs_to(champion::Entity).from(assignment::Column::ChampionId).to(champion::Column::Id);
    assignment::Entity::find()
        .filter(assignment::Column::SessionId.is_in(sessions.iter().copied()))
        .filter(assignment::Column::Status.eq(AssignmentStatus::Confirmed))
        .order_by_asc(assignment::Column::Id)
        .join(JoinType::InnerJoin, to_champion.into())
        .columns(Named::columns())
        .into_model()
        .all(conn)
        .await
}

/// What whoever is placed at these sessions has completed, and was not taken back.
pub async fn completed_at(conn: &impl ConnectionTrait, sessions: &[SessionId]) -> Result<Vec<Completed>, DbErr> {
    let placed = Query::select()
        .column(assignment::Column::ChampionId)
        .from(assignment::Entity)
        .and_where(assignment::Column::SessionId.is_in(sessions.iter().copied()))
        .and_where(assignment::Column::Status.eq(AssignmentStatus::Confirmed))
        .to_owned();
    let of = completion::Entity::find().filter(completion::Column::ChampionId.in_subquery(placed));
    let of = of.filter(completion::Column::RevokedAt.is_null());
    let of = of.order_by_asc(completion::Column::CompletedOn).order_by_asc(completion::Column::Id);
    of.select_only().columns(Completed::columns()).into_model().all(conn).await
}
