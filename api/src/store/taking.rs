//! What has to be known when a champion takes a place they were offered, in two statements: what is locked, and what stands around it.

use entity::{asking, assignment, champion, offer, offer_waves, session, waiting};
use rules::assignment::AssignmentStatus;
use rules::id::{ChampionId, OfferId, PlaceId, StandInId};
use rules::offer::OfferStatus;
use rules::wave::WavesStatus;
use sea_orm::sea_query::{Expr, ExprTrait, LockType, SelectStatement, UnionType};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityName, EntityTrait, FromQueryResult, Iterable, JoinType, QueryFilter, QueryResult,
    QuerySelect, QueryTrait, Value,
};
use uuid::Uuid;

use super::brief::ByPlace;
use super::changes::Numbers;
use super::row::{Text, is};
use super::sign_up;

/// A champion's own offer.
#[derive(Clone, Debug)]
pub struct Own {
    /// The offer.
    pub offer: offer::Model,
    /// The search for a stand-in it is for.
    pub stand_in: Option<StandInId>,
}

impl FromQueryResult for Own {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        Ok(Self { offer: ByPlace::at(row, 0)?, stand_in: row.try_get_by_index(offer::Column::iter().count())? })
    }
}

/// An offer to this champion, with session, offer and champion locked in that order: PostgreSQL takes the locks of a row in the
/// order in which the tables are named, and judges the row again as it finds it then.
pub async fn own(conn: &impl ConnectionTrait, id: OfferId, champion: ChampionId) -> Result<Option<Own>, DbErr> {
    static TEXT: Text = Text::new();
    let backend = conn.get_database_backend();
    let statement = TEXT.with(backend, vec![id.into(), champion.into()], || backend.build(&own_query(id, champion)));
    conn.query_one_raw(statement).await?.map(|row| Own::from_query_result(&row, "")).transpose()
}

fn own_query(id: OfferId, champion: ChampionId) -> SelectStatement {
    let to_session = offer::Entity::belongs_to(session::Entity).from(offer::Column::SessionId).to(session::Column::Id);
    let to_champion = offer::Entity::belongs_to(champion::Entity).from(offer::Column::ChampionId).to(champion::Column::Id);
    let to_asking = offer::Entity::belongs_to(asking::Entity).from(offer::Column::Id).to(asking::Column::OfferId);
    let mut of = offer::Entity::find_by_id(id)
        .filter(offer::Column::ChampionId.eq(champion))
        .join(JoinType::InnerJoin, to_session.into())
        .join(JoinType::InnerJoin, to_champion.into())
        .join(JoinType::LeftJoin, to_asking.into())
        .column(asking::Column::StandInId);
    let tables = [session::Entity.table_ref(), offer::Entity.table_ref(), champion::Entity.table_ref()];
    QuerySelect::query(&mut of).lock_with_tables(LockType::Update, tables);
    of.into_query()
}

/// What stands around an offer, once what it touches is locked.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// Places of the session that somebody has.
    pub taken: Vec<PlaceId>,
    /// Whether others wait for an answer to an offer of the same kind of place.
    pub others: bool,
    /// Whether the champion waits for a place there.
    pub waits: bool,
    /// Whether waves of offers for this kind of place run.
    pub waves: bool,
    /// What the champion and the session were changed by last.
    pub numbers: Numbers,
}

const TAKEN: i32 = 10;
const OTHER: i32 = 11;
const WAITS: i32 = 12;
const WAVES: i32 = 13;

/// Rows of one kind, which have an id and no number.
fn ids<E: EntityTrait>(kind: i32, id: E::Column, filters: impl IntoIterator<Item = Expr>) -> SelectStatement {
    let mut of = E::find().select_only().expr(Expr::cust(kind.to_string())).column(id).expr(Expr::cust("CAST(NULL AS bigint)"));
    for filter in filters {
        of = of.filter(filter);
    }
    of.into_query()
}

/// Reads what stands around an offer.
pub async fn around(conn: &impl ConnectionTrait, of: &offer::Model) -> Result<Around, DbErr> {
    static TEXT: Text = Text::new();
    let (session, champion, kind) = (of.session_id, of.champion_id, of.kind);
    let mut values: Vec<Value> = vec![session.into(), session.into(), kind.into(), of.id.into(), session.into(), champion.into()];
    values.extend([session.into(), kind.into()]);
    values.extend(Numbers::values(session, champion));
    let backend = conn.get_database_backend();
    let statement = TEXT.with(backend, values, || backend.build(&around_query(backend, of)));
    let mut around = Around::default();
    for row in conn.query_all_raw(statement).await? {
        let (kind, id): (i32, Option<Uuid>) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        match (kind, id) {
            (TAKEN, Some(place)) => around.taken.push(PlaceId(place)),
            (OTHER, _) => around.others = true,
            (WAITS, _) => around.waits = true,
            (WAVES, _) => around.waves = true,
            _ => around.numbers.note(kind, id, row.try_get_by_index(2)?),
        }
    }
    Ok(around)
}

fn around_query(backend: DbBackend, of: &offer::Model) -> SelectStatement {
    let taken = [assignment::Column::SessionId.eq(of.session_id), is(assignment::Column::Status, AssignmentStatus::Confirmed.code())];
    let others = [
        offer::Column::SessionId.eq(of.session_id),
        is(offer::Column::Status, OfferStatus::Pending.code()),
        offer::Column::Kind.eq(of.kind),
        offer::Column::Id.ne(of.id),
    ];
    let [first, second] = sign_up::ON.map(|on| is(waiting::Column::Status, on.code()));
    let waits = [waiting::Column::SessionId.eq(of.session_id), waiting::Column::ChampionId.eq(of.champion_id), first.or(second)];
    let waves = [
        offer_waves::Column::SessionId.eq(of.session_id),
        offer_waves::Column::Kind.eq(of.kind),
        is(offer_waves::Column::Status, WavesStatus::Running.code()),
    ];
    let mut rows = ids::<assignment::Entity>(TAKEN, assignment::Column::PlaceId, taken);
    let more = [
        ids::<offer::Entity>(OTHER, offer::Column::Id, others),
        ids::<waiting::Entity>(WAITS, waiting::Column::ChampionId, waits),
        ids::<offer_waves::Entity>(WAVES, offer_waves::Column::Id, waves),
    ];
    for part in more.into_iter().chain(Numbers::rows(backend, of.session_id, of.champion_id)) {
        rows.union(UnionType::All, part);
    }
    rows
}
