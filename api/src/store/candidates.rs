//! Champions in memory, arranged for matching, and what sessions ask of them; never older than the view that asks. Every use reads, in
//! its own view, what changed since the last: nothing as a rule, and then that was the only statement. Whatever did is read again by
//! the same loader as everywhere else. Where the database tells of too many, or of something that can't be, everybody is.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::NaiveDate;
use rules::id::{ChampionId, SessionId};
use rules::matching::{ChampionRecord, Index};
use rules::session::SessionNeed;
use sea_orm::{ConnectionTrait, DbErr};
use tokio::sync::{OwnedRwLockReadGuard, RwLock};

use super::brief::Named;
use super::changes::{Changes, Numbers, Seen, Until};
use super::facts::{self, SessionFactsRow, Shared, Which};
use super::transaction::Transaction;
use super::{Db, session};
use crate::aside::{OneThread, aside};
use crate::error::Fault;

/// More changed champions than this, and more than one in so many, are not read by themselves: everybody is.
const MANY: usize = 500;
const ONE_IN: usize = 4;
/// Champions that are read at a time: what the tables say of them takes more room than what is kept.
const AT_ONCE: usize = 100;
/// How long those who changed are let gather before they are read, so many at a time: whoever asks meanwhile goes first.
const SOON: Duration = Duration::from_millis(50);
const FEW: usize = 32;
/// Sessions whose needs are kept; past that, none are.
const SESSIONS: usize = 2_000;
/// Changed sessions that are told of again and again before the memory moves on.
const TOLD: usize = 200;

/// Everybody, as of some view of the database.
#[derive(Debug)]
struct Held {
    people: People,
    until: Until,
    /// Changes of champions from there on that are in the index too.
    seen: HashMap<ChampionId, i64>,
    /// True as of `until`, but for what is told of since.
    needs: Mutex<HashMap<SessionId, Known>>,
}

/// Champions arranged for matching, and who they are.
#[derive(Debug, Default)]
pub struct People {
    /// The champions.
    pub index: Index,
    names: HashMap<ChampionId, Arc<Named>>,
}

impl People {
    /// Who a champion is.
    pub fn named(&self, id: ChampionId) -> Option<&Arc<Named>> {
        self.names.get(&id)
    }

    fn with(mut self, some: Vec<(Named, ChampionRecord)>, today: NaiveDate) -> Self {
        for (named, record) in some {
            self.names.insert(named.id, Arc::new(named));
            self.index.add(record.matched_from(today));
        }
        self
    }

    fn update(&mut self, (named, record): (Named, ChampionRecord), today: NaiveDate) {
        self.names.insert(named.id, Arc::new(named));
        self.index.update(record.matched_from(today));
    }

    fn remove(&mut self, id: ChampionId) {
        self.names.remove(&id);
        self.index.remove(id);
    }
}

/// What a session asks for, with the changes from `until` on that are in it: its own, and of what all share.
#[derive(Clone, Debug)]
struct Known {
    facts: Arc<SessionFactsRow>,
    seen: Seen,
}

/// Champions that a replica keeps in memory; nobody before they are first asked for.
#[derive(Clone, Debug, Default)]
pub struct Candidates {
    held: Arc<RwLock<Option<Held>>>,
    /// Whether somebody is at it, with nobody waiting.
    freshening: Arc<AtomicBool>,
    keeper: OneThread,
}

/// Says that nobody is at it any more, whatever became of whoever was.
struct Free<'a>(&'a AtomicBool);

impl Drop for Free<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

type Guard = OwnedRwLockReadGuard<Option<Held>, Held>;

/// A view of the database with the champions as they are in it. Others may look too, but nobody moves on before it is dropped.
#[derive(Debug)]
pub struct View {
    /// For whatever else is read.
    pub conn: Transaction,
    held: Guard,
    changes: Changes,
}

impl View {
    /// The champions.
    pub fn people(&self) -> &People {
        &self.held.people
    }

    /// The view, and everybody in it, for work that takes long: others may move on meanwhile.
    pub fn into_records(self) -> (Transaction, HashMap<ChampionId, Arc<ChampionRecord>>) {
        let of = |id: &ChampionId| self.people().index.record(*id).map(|record| (*id, record.clone()));
        let records = self.held.people.names.keys().filter_map(of).collect();
        (self.conn, records)
    }
}

/// What sessions ask for, and everybody who could be asked, as of one moment. Nobody moves on before it is dropped, so whoever has one
/// must not wait for another.
#[derive(Debug)]
pub struct Matching {
    held: Guard,
    moment: Moment,
}

/// A moment that somebody may come back to.
#[derive(Clone, Debug)]
pub struct Moment {
    changes: Arc<Changes>,
    /// The sessions that were asked about and were there.
    pub sessions: HashMap<SessionId, Arc<SessionFactsRow>>,
}

impl Matching {
    /// The champions.
    pub fn people(&self) -> &People {
        &self.held.people
    }

    /// What this session asks for, if it was asked about and is there.
    pub fn session(&self, id: SessionId) -> Option<&Arc<SessionFactsRow>> {
        self.moment.sessions.get(&id)
    }

    /// Lets the champions go.
    pub fn let_go(self) -> Moment {
        self.moment
    }
}

impl Candidates {
    /// What sessions from today on ask for, and the champions: one statement if all of it is known, which then is a view by itself.
    pub async fn matching(&self, db: &Db, sessions: &[SessionId], today: NaiveDate) -> Result<Matching, Fault> {
        let held = self.held.clone().read_owned().await;
        if let Some(known) = held.as_ref() {
            let changes = db.changed(known.until).await?;
            if known.is_as_of(&changes)
                && let Some(sessions) = known.needs(|id| changes.of(id), sessions)
            {
                return Ok(Matching { held: mapped(held)?, moment: Moment { changes, sessions } });
            }
        }
        drop(held);
        let View { conn, held, changes } = self.view(db, today).await?;
        let rows = session::many(&conn, sessions.iter().copied()).await?;
        let sessions: HashMap<_, _> =
            facts::needs(&conn, rows).await?.into_iter().map(|facts| (facts.session.id, Arc::new(facts))).collect();
        held.keep(sessions.values().map(|facts| (facts.clone(), changes.of(facts.session.id))));
        Ok(Matching { held, moment: Moment { changes: Arc::new(changes), sessions } })
    }

    /// The champions of a moment, if they are still as they were.
    pub async fn again(&self, moment: &Moment) -> Result<Option<Matching>, Fault> {
        let held = self.held.clone().read_owned().await;
        let same = held.as_ref().is_some_and(|known| known.is_as_of(&moment.changes));
        if same { Ok(Some(Matching { held: mapped(held)?, moment: moment.clone() })) } else { Ok(None) }
    }

    /// Opens a view, for sessions from today on. The lock comes first: whoever holds it reads a later view than the one the index is of.
    pub async fn view(&self, db: &Db, today: NaiveDate) -> Result<View, Fault> {
        let held = self.held.clone().read_owned().await;
        let conn = db.snapshot().await?;
        if let Some(known) = held.as_ref() {
            let changes = Changes::since(&conn, known.until).await?;
            if known.is_as_of(&changes) {
                return Ok(View { conn, held: mapped(held)?, changes });
            }
        }
        drop(held);
        conn.rollback().await?;
        // Reading everybody may take longer than a request may. Boxed, or every query would carry the room for it: 120 KB.
        aside(Box::pin(self.clone().move_on(db.clone(), today))).await.map_err(anyhow::Error::new)?
    }

    /// What a session asks for that is locked, as of these numbers or later: from memory if nothing has changed, or read and kept.
    pub async fn asked(&self, conn: &Transaction, numbers: &Numbers, id: SessionId) -> Result<Arc<SessionFactsRow>, DbErr> {
        let known = |held: &Held| {
            let later = numbers.later(held.until);
            (held.needs(|_| later, &[id]).and_then(|mut known| known.remove(&id)), held.shared(later.1))
        };
        let found = self.at_hand(|held| (held.until, numbers.until.follows(held.until).then(|| known(held))));
        let until = found.as_ref().map(|(until, _)| *until);
        let (known, shared) = found.and_then(|(_, known)| known).unwrap_or_default();
        if let Some(known) = known {
            return Ok(known);
        }
        let row = session::find(conn, id).await?.ok_or_else(|| DbErr::RecordNotFound("a session that is locked".to_owned()))?;
        let facts = Arc::new(match shared {
            Some(shared) => facts::need_beside(conn, row, &shared).await?,
            None => facts::need(conn, row).await?,
        });
        // Memory that has moved on meanwhile may know of changes that these facts do not; and what others changed may be taken back.
        self.at_hand(|held| {
            let later = numbers.later(held.until);
            let stands = !conn.sees_others() || later == (None, None);
            (Some(held.until) == until && numbers.until.follows(held.until) && stands).then(|| held.keep([(facts.clone(), later)]))
        });
        Ok(facts)
    }

    /// A champion who is locked, with what binds for a need, as of these numbers or later: from memory if nothing has changed, or
    /// read; then memory is brought up to date, behind everybody's back.
    pub async fn bound(
        &self,
        db: &Db,
        conn: &impl ConnectionTrait,
        numbers: &Numbers,
        (id, need): (ChampionId, &SessionNeed),
        today: NaiveDate,
    ) -> Result<Arc<ChampionRecord>, Fault> {
        match self.at_hand(|held| held.champion(numbers, id).cloned()) {
            Some(Some(known)) => return Ok(known),
            Some(None) => self.freshen(db, today),
            None => {}
        }
        facts::binding(conn, id, need).await.map(Arc::new)
    }

    /// Looks at what is held, if somebody was ever read and nobody is reading.
    fn at_hand<T>(&self, look: impl FnOnce(&Held) -> T) -> Option<T> {
        self.held.try_read().ok()?.as_ref().map(look)
    }

    fn freshen(&self, db: &Db, today: NaiveDate) {
        if !self.freshening.swap(true, Ordering::AcqRel) {
            let (candidates, db) = (self.clone(), db.clone());
            tokio::spawn(async move {
                let _free = Free(&candidates.freshening);
                // Whatever else changes in a moment is read with it.
                tokio::time::sleep(SOON).await;
                let caught_up = async {
                    while candidates.catch_up(&db, today).await? {
                        tokio::time::sleep(SOON / 5).await;
                    }
                    Ok::<_, Fault>(())
                };
                if let Err(fault) = caught_up.await {
                    tracing::debug!(%fault, "champions in memory are as old as they were");
                }
            });
        }
    }

    /// Reads a few of those who have changed, with nobody waiting, and then puts them in their places, unless somebody has moved on
    /// meanwhile. Whether there are more.
    async fn catch_up(&self, db: &Db, today: NaiveDate) -> Result<bool, Fault> {
        let Some(until) = self.at_hand(|held| held.until) else { return Ok(false) };
        let conn = db.snapshot().await?;
        let changes = Changes::since(&conn, until).await?;
        let unknown = self.at_hand(|held| (held.until == until).then(|| held.to_read(&changes)));
        let Some(Some(Some(mut unknown))) = unknown else { return Ok(false) };
        let more = unknown.len() > FEW;
        unknown.truncate(FEW);
        let people = facts::people(&conn, Which::These(&unknown)).await?;
        conn.rollback().await?;
        let mut held = self.held.write().await;
        if let Some(mut known) = held.take() {
            if known.until == until {
                let seen = unknown.iter().filter_map(|id| Some((*id, *changes.champions.get(id)?)));
                known.seen.extend(seen);
                known = self.keeper.run(move || known.replaced(unknown, people, today)).await?;
                known = if more { known } else { known.with(changes).0 };
            }
            *held = Some(known);
        }
        Ok(more)
    }

    async fn move_on(self, db: Db, today: NaiveDate) -> Result<View, Fault> {
        let mut held = self.held.write_owned().await;
        let conn = db.snapshot().await?;
        // Taken out meanwhile: after a fault nothing is known.
        let (known, changes) = Held::as_of(&conn, held.take(), &self.keeper, today).await?;
        *held = Some(known);
        Ok(View { conn, held: mapped(held.downgrade())?, changes })
    }
}

fn mapped(held: OwnedRwLockReadGuard<Option<Held>>) -> Result<Guard, Fault> {
    let held = OwnedRwLockReadGuard::try_map(held, Option::as_ref);
    held.map_err(|_| Fault::Other(anyhow::anyhow!("candidates were lost while they were read")))
}

impl Held {
    fn unknown<'a>(&'a self, changes: &'a Changes) -> impl Iterator<Item = ChampionId> + 'a {
        changes.champions.iter().filter(|(id, number)| self.seen.get(id) != Some(number)).map(|(id, _)| *id)
    }

    /// Whether everybody is known as of these changes, and they need not be told of for ever.
    fn is_as_of(&self, changes: &Changes) -> bool {
        let tiresome = changes.sessions.len() > TOLD && changes.until.sessions > self.until.sessions;
        changes.until.follows(self.until) && !tiresome && self.unknown(changes).next().is_none()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<SessionId, Known>> {
        self.needs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What these sessions ask for, if it is known of all of them as of these changes.
    fn needs(&self, seen: impl Fn(SessionId) -> Seen, sessions: &[SessionId]) -> Option<HashMap<SessionId, Arc<SessionFactsRow>>> {
        let known = self.known();
        let of = |id: &SessionId| known.get(id).filter(|known| known.seen == seen(*id)).map(|known| (*id, known.facts.clone()));
        sessions.iter().map(of).collect()
    }

    /// What all sessions ask for alike, if it is known of any as of this change.
    fn shared(&self, all: Option<i64>) -> Option<Shared> {
        self.known().values().filter(|known| known.seen.1 == all).find_map(|known| known.facts.shared())
    }

    /// Keeps what was read, with the changes that are in it.
    fn keep(&self, read: impl IntoIterator<Item = (Arc<SessionFactsRow>, Seen), IntoIter: ExactSizeIterator>) {
        let (read, mut known) = (read.into_iter(), self.known());
        if known.len() + read.len() > SESSIONS {
            known.clear();
        }
        known.extend(read.take(SESSIONS).map(|(facts, seen)| (facts.session.id, Known { facts, seen })));
    }

    /// A champion, if nothing has changed about them since they were read.
    fn champion(&self, numbers: &Numbers, id: ChampionId) -> Option<&Arc<ChampionRecord>> {
        let seen = |number: i64| number < self.until.champions || self.seen.get(&id) == Some(&number);
        self.people.index.record(id).filter(|_| numbers.until.follows(self.until) && numbers.champion.is_none_or(seen))
    }

    /// What is known, brought up to this view, and what is told of since; everybody is read if that is not much, or can't be.
    async fn as_of(
        conn: &impl ConnectionTrait,
        known: Option<Self>,
        keeper: &OneThread,
        today: NaiveDate,
    ) -> Result<(Self, Changes), Fault> {
        let since = match &known {
            Some(known) => known.until,
            // Everybody will be read: what changed before this view is in it.
            None => Until::now(conn).await?,
        };
        let changes = Changes::since(conn, since).await?;
        let known = known.and_then(|known| Some((known.to_read(&changes)?, known)));
        let Some((unknown, mut known)) = known else { return Self::fresh(conn, changes, keeper, today).await };
        for some in unknown.chunks(AT_ONCE) {
            let (people, some) = (facts::people(conn, Which::These(some)).await?, some.to_vec());
            known = keeper.run(move || known.replaced(some, people, today)).await?;
        }
        Ok(known.with(changes))
    }

    /// Whom to read for these changes; none if it has to be everybody.
    fn to_read(&self, changes: &Changes) -> Option<Vec<ChampionId>> {
        let unknown: Vec<ChampionId> = self.unknown(changes).collect();
        let few = unknown.len() <= MANY.max(self.people.index.len() / ONE_IN);
        (few && changes.until.follows(self.until)).then_some(unknown)
    }

    fn replaced(mut self, unknown: Vec<ChampionId>, people: Vec<(Named, ChampionRecord)>, today: NaiveDate) -> Self {
        // Whoever is gone has no record.
        unknown.into_iter().for_each(|id| self.people.remove(id));
        people.into_iter().for_each(|one| self.people.update(one, today));
        self
    }

    async fn fresh(conn: &impl ConnectionTrait, changes: Changes, keeper: &OneThread, today: NaiveDate) -> Result<(Self, Changes), Fault> {
        let mut people = People::default();
        for some in facts::open(conn).await?.chunks(AT_ONCE) {
            let some = facts::people(conn, Which::These(some)).await?;
            people = keeper.run(move || people.with(some, today)).await?;
        }
        Ok(Self { people, until: Until::default(), seen: HashMap::new(), needs: Mutex::default() }.with(changes))
    }

    fn with(mut self, mut changes: Changes) -> (Self, Changes) {
        let Until { champions, sessions } = changes.until;
        self.until = changes.until;
        let later = |number: &Option<i64>| number.filter(|number| *number >= sessions);
        self.known().retain(|id, known| {
            let stands = known.seen == changes.of(*id);
            known.seen = (later(&known.seen.0), later(&known.seen.1));
            stands
        });
        changes.champions.retain(|_, number| *number >= champions);
        changes.sessions.retain(|_, number| *number >= sessions);
        self.seen = changes.champions.clone();
        (self, changes)
    }
}
