//! What has changed since it was read: of each champion, and of what each session asks for, the database keeps the number of the last
//! change (docs/decisions/0018).

use std::collections::HashMap;
use std::sync::Arc;

use entity::{champion_change, need_change};
use rules::id::{ChampionId, SessionId};
use sea_orm::sea_query::{Expr, Query, SelectStatement, UnionType};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, DbErr, Value};
use uuid::Uuid;

use super::row::Text;

/// What all sessions share has changed.
const ALL: SessionId = SessionId(Uuid::nil());

/// The last change of what a session asks for, and of what all sessions share.
pub type Seen = (Option<i64>, Option<i64>);

/// All changes numbered below these are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Until {
    pub champions: i64,
    pub sessions: i64,
}

/// What changed since some time, and what the next reader has to ask from.
#[derive(Debug)]
pub struct Changes {
    pub champions: HashMap<ChampionId, i64>,
    pub sessions: HashMap<SessionId, i64>,
    pub until: Until,
}

/// Kinds of row that tell of changes: somebody, the next number of champions, a session, the next number of sessions.
const CHAMPION: i32 = 0;
const NEXT_CHAMPION: i32 = 1;
const SESSION: i32 = 2;
const NEXT_SESSION: i32 = 3;

fn changed_champions(which: Expr) -> SelectStatement {
    let of = Query::select().expr(Expr::cust(CHAMPION.to_string())).column(champion_change::Column::ChampionId).to_owned();
    of.to_owned().column(champion_change::Column::Changed).from(champion_change::Entity).and_where(which).to_owned()
}

fn changed_needs(which: Expr) -> SelectStatement {
    let of = Query::select().expr(Expr::cust(SESSION.to_string())).column(need_change::Column::SessionId).to_owned();
    of.to_owned().column(need_change::Column::Changed).from(need_change::Entity).and_where(which).to_owned()
}

/// On PostgreSQL transactions commit out of order: the next reader asks from the oldest that was under way in this view.
fn horizons(backend: DbBackend) -> [SelectStatement; 2] {
    [(NEXT_CHAMPION, "champion_change"), (NEXT_SESSION, "need_change")].map(|(kind, table)| {
        let (nobody, next) = match backend {
            DbBackend::Postgres => ("NULL::uuid", "pg_snapshot_xmin(pg_current_snapshot())::text::bigint".to_owned()),
            _ => ("NULL", format!("(SELECT COALESCE(MAX(changed), 0) + 1 FROM {table})")),
        };
        Query::select().expr(Expr::cust(kind.to_string())).expr(Expr::cust(nobody)).expr(Expr::cust(next)).to_owned()
    })
}

/// The last changes of one champion and of what one session asks for, and what the next reader would ask from, as of one statement.
#[derive(Clone, Copy, Debug, Default)]
pub struct Numbers {
    pub champion: Option<i64>,
    session: Option<i64>,
    /// Of what all sessions share.
    all: Option<i64>,
    pub until: Until,
}

impl Numbers {
    /// Statements for the rows that [`Numbers::note`] reads: kind, id and number.
    pub fn rows(backend: DbBackend, session: SessionId, champion: ChampionId) -> Vec<SelectStatement> {
        let own = changed_champions(champion_change::Column::ChampionId.eq(champion));
        let needs = changed_needs(need_change::Column::SessionId.is_in([session, ALL]));
        [own, needs].into_iter().chain(horizons(backend)).collect()
    }

    /// The values of those, in their order.
    pub fn values(session: SessionId, champion: ChampionId) -> [Value; 3] {
        [champion.into(), session.into(), ALL.into()]
    }

    /// The changes of the session from there on.
    pub fn later(&self, until: Until) -> Seen {
        let later = |number: &i64| *number >= until.sessions;
        (self.session.filter(later), self.all.filter(later))
    }

    /// Takes note of one of them.
    pub fn note(&mut self, kind: i32, id: Option<Uuid>, number: i64) {
        match kind {
            CHAMPION => self.champion = Some(number),
            NEXT_CHAMPION => self.until.champions = number,
            SESSION if id == Some(ALL.0) => self.all = Some(number),
            SESSION => self.session = Some(number),
            _ => self.until.sessions = number,
        }
    }
}

impl Changes {
    pub async fn since(conn: &impl ConnectionTrait, until: Until) -> Result<Self, DbErr> {
        static TEXT: Text = Text::new();
        let backend = conn.get_database_backend();
        let statement = TEXT.with(backend, vec![until.champions.into(), until.sessions.into()], || {
            let mut rows = changed_champions(champion_change::Column::Changed.gte(until.champions));
            rows.union(UnionType::All, changed_needs(need_change::Column::Changed.gte(until.sessions)));
            for horizon in horizons(backend) {
                rows.union(UnionType::All, horizon);
            }
            backend.build(&rows)
        });
        let mut changes = Self { champions: HashMap::new(), sessions: HashMap::new(), until };
        for row in conn.query_all_raw(statement).await? {
            let number: i64 = row.try_get_by_index(2)?;
            match (row.try_get_by_index::<i32>(0)?, row.try_get_by_index::<Option<Uuid>>(1)?) {
                (CHAMPION, Some(id)) => drop(changes.champions.insert(ChampionId(id), number)),
                (SESSION, Some(id)) => drop(changes.sessions.insert(SessionId(id), number)),
                (NEXT_CHAMPION, _) => changes.until.champions = number,
                _ => changes.until.sessions = number,
            }
        }
        Ok(changes)
    }

    /// The same for several who know different things, which is rare: one statement for those who know the same.
    pub async fn since_each(conn: &impl ConnectionTrait, since: &[Until]) -> Result<Vec<Arc<Self>>, DbErr> {
        let mut read: HashMap<Until, Arc<Self>> = HashMap::new();
        for until in since {
            if !read.contains_key(until) {
                read.insert(*until, Arc::new(Self::since(conn, *until).await?));
            }
        }
        Ok(since.iter().filter_map(|until| read.get(until).cloned()).collect())
    }

    pub fn of(&self, session: SessionId) -> Seen {
        (self.sessions.get(&session).copied(), self.sessions.get(&ALL).copied())
    }
}

impl Until {
    /// From where whoever sees all that this view shows has to ask: no row of any change is read for it.
    pub async fn now(conn: &impl ConnectionTrait) -> Result<Self, DbErr> {
        let end = Self { champions: i64::MAX, sessions: i64::MAX };
        Ok(Changes::since(conn, end).await?.until)
    }

    /// A number that went back: this is another database than it was.
    pub fn follows(self, earlier: Self) -> bool {
        self.champions >= earlier.champions && self.sessions >= earlier.sessions
    }
}
