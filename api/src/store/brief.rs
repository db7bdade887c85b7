//! The few columns that lists and dashboards tell of a row, read by their places: finding a column by its name costs as much as
//! decoding what is in it.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use entity::{assignment, champion, completion, offer, session};
use rules::assignment::AssignmentStatus;
use rules::champion::Membership;
use rules::id::{AssignmentId, ChampionId, CompletionId, GroupId, ModuleId, SessionId};
use rules::session::{Modality, SessionStatus};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, Iterable, JoinType, Order, QueryFilter, QueryOrder,
    QueryResult, QuerySelect, QueryTrait, Select,
};

use super::paging::{Page, Slice, Sort, narrowed};
use super::row::is;

/// Something read from columns side by side.
pub trait ByPlace: Sized {
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
    /// When a session is, and what it is called.
    Dated of session {
        id = Id: SessionId,
        group_id = GroupId: GroupId,
        title = Title: String,
        modality = Modality: Modality,
        local_date = LocalDate: NaiveDate,
        local_start = LocalStart: NaiveTime,
        minutes = Minutes: i32,
        zone = Zone: String,
        starts_at = StartsAt: DateTime<Utc>,
        ends_at = EndsAt: DateTime<Utc>,
        status = Status: SessionStatus,
        version = Version: i64,
    }
}

impl From<&session::Model> for Dated {
    fn from(row: &session::Model) -> Self {
        Self {
            id: row.id,
            group_id: row.group_id,
            title: row.title.clone(),
            modality: row.modality,
            local_date: row.local_date,
            local_start: row.local_start,
            minutes: row.minutes,
            zone: row.zone.clone(),
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            status: row.status,
            version: row.version,
        }
    }
}

impl From<&champion::Model> for Named {
    fn from(row: &champion::Model) -> Self {
        let names = (row.full_name.clone(), row.known_as.clone());
        Self { id: row.id, number: row.number, full_name: names.0, known_as: names.1, membership: row.membership }
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

/// Reads every column of a table, in its order.
macro_rules! whole {
    ($($entity:ident { $($field:ident),+ $(,)? })+) => {
        $(by_place!($entity::Model { $($field),+ });)+

        #[cfg(test)]
        #[test]
        fn columns_are_read_in_their_order() {
            use sea_orm::IdenStatic;
            $(assert_eq!($entity::Column::iter().map(|column| column.as_str()).collect::<Vec<_>>(), [$(stringify!($field)),+]);)+
        }
    };
}

whole! {
    assignment {
        id, session_id, place_id, champion_id, offer_id, status, starts_at, ends_at, created_at, ended_at, ended_reason, clashing, hurried,
    }
    champion {
        id, number, account_id, full_name, known_as, name_key, email, email_key, email_confirmed_at, phone_raw, phone_e164, postcode,
        latitude, longitude, ward, birth_date, membership, membership_changed_at, reach_metres, remote_only, most_per_week, last_asked_at,
        source_client_id, version, created_at, updated_at,
    }
    offer {
        id, request_id, session_id, champion_id, kind, status, message, sent_by, sent_at, expires_at, responded_at, decline_reason,
        bundle_id,
    }
    session {
        id, group_id, venue_id, title, modality, setting, audience, weekly, handles_money, overnight, responsible_adult, language,
        local_date, local_start, minutes, zone, starts_at, ends_at, status, dbs_level, dbs_workforce, dbs_adults_barred,
        dbs_children_barred, cancel_reason, version, created_at,
    }
}

/// An assignment with its champion's name.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The assignment.
    pub assignment: assignment::Model,
    /// The champion.
    pub champion: Named,
}

impl ByPlace for Placed {
    fn at(row: &QueryResult, first: usize) -> Result<Self, DbErr> {
        Ok(Self { assignment: ByPlace::at(row, first)?, champion: Named::at(row, first + assignment::Column::iter().count())? })
    }
}

impl FromQueryResult for Placed {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        Self::at(row, 0)
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
        .filter(is(assignment::Column::Status, AssignmentStatus::Confirmed.code()))
        .order_by_asc(assignment::Column::Id)
        .join(JoinType::InnerJoin, to_champion.into())
        .columns(Named::columns())
        .into_model()
        .all(conn)
        .await
}

/// A session as a page has it: whole, or what a list tells.
pub trait OnPage: ByPlace {
    /// The columns of it, the id first.
    fn columns() -> impl Iterator<Item = session::Column>;

    /// Which it is.
    fn id(&self) -> SessionId;
}

impl OnPage for session::Model {
    fn columns() -> impl Iterator<Item = session::Column> {
        session::Column::iter()
    }

    fn id(&self) -> SessionId {
        self.id
    }
}

impl OnPage for Dated {
    fn columns() -> impl Iterator<Item = session::Column> {
        Self::columns()
    }

    fn id(&self) -> SessionId {
        self.id
    }
}

/// A page of sessions, and who is placed at them: one statement, or two on SQLite, where every value that is handed over costs more than
/// another statement, and a session's stand in each of its rows.
pub async fn sessions_with_placed<S: OnPage>(
    conn: &impl ConnectionTrait,
    of: Select<session::Entity>,
    sort: Sort<session::Column>,
    slice: &Slice,
) -> Result<(Page<S>, Vec<Placed>), DbErr> {
    if conn.get_database_backend() == DbBackend::Sqlite {
        let lines = narrowed(of, sort, slice).select_only().columns(S::columns()).into_query();
        let lines = conn.query_all(&lines).await?.iter().map(|row| S::at(row, 0)).collect::<Result<_, _>>()?;
        let page = Page::of(lines, slice);
        let people = placed(conn, &page.rows.iter().map(S::id).collect::<Vec<_>>()).await?;
        return Ok((page, people));
    }
    let placed = Expr::col((assignment::Entity, assignment::Column::SessionId)).equals((session::Entity, session::Column::Id));
    let confirmed = is(assignment::Column::Status, AssignmentStatus::Confirmed.code());
    let who = Expr::col((champion::Entity, champion::Column::Id)).equals((assignment::Entity, assignment::Column::ChampionId));
    let order = sort.order(slice);
    let with = Query::select()
        .columns(S::columns().map(|column| (session::Entity, column)))
        .columns(assignment::Column::iter().map(|column| (assignment::Entity, column)))
        .columns(Named::columns().map(|column| (champion::Entity, column)))
        .from_subquery(narrowed(of, sort, slice).into_query(), session::Entity)
        .left_join(assignment::Entity, placed.and(confirmed))
        .left_join(champion::Entity, who)
        .order_by((session::Entity, sort.key), order.clone())
        .order_by((session::Entity, sort.id), order)
        .order_by((assignment::Entity, assignment::Column::Id), Order::Asc)
        .to_owned();
    let (mut sessions, mut people): (Vec<S>, Vec<Placed>) = Default::default();
    let first = S::columns().count();
    for row in conn.query_all(&with).await? {
        let id: SessionId = row.try_get_by_index(0)?;
        if sessions.last().is_none_or(|last| last.id() != id) {
            sessions.push(S::at(&row, 0)?);
        }
        if row.try_get_by_index::<Option<AssignmentId>>(first)?.is_some() {
            people.push(ByPlace::at(&row, first)?);
        }
    }
    Ok((Page::of(sessions, slice), people))
}

/// What whoever is placed at these sessions has completed, and was not taken back.
pub async fn completed_at(conn: &impl ConnectionTrait, sessions: &[SessionId]) -> Result<Vec<Completed>, DbErr> {
    let placed = Query::select()
        .column(assignment::Column::ChampionId)
        .from(assignment::Entity)
        .and_where(assignment::Column::SessionId.is_in(sessions.iter().copied()))
        .and_where(is(assignment::Column::Status, AssignmentStatus::Confirmed.code()))
        .to_owned();
    completed(conn, completion::Column::ChampionId.in_subquery(placed)).await
}

/// What these champions have completed, and was not taken back.
pub async fn completed_by(conn: &impl ConnectionTrait, ids: impl IntoIterator<Item = ChampionId>) -> Result<Vec<Completed>, DbErr> {
    completed(conn, completion::Column::ChampionId.is_in(ids)).await
}

async fn completed(conn: &impl ConnectionTrait, whose: Expr) -> Result<Vec<Completed>, DbErr> {
    let of = completion::Entity::find().filter(whose).filter(completion::Column::RevokedAt.is_null());
    let of = of.order_by_asc(completion::Column::CompletedOn).order_by_asc(completion::Column::Id);
    of.select_only().columns(Completed::columns()).into_model().all(conn).await
}
