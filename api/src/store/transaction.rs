//! Transactions: taken back unless they are committed.
//!
//! On SQLite one writes at a time, and a commit waits for the disk. There whoever is done while others wait to write is committed with
//! them, and told so after: each works in a savepoint of the same transaction, so that a refusal takes back its own alone. Whoever was
//! first has the commit's turn after all who waited by then, so nobody waits for those who come later (docs/decisions/0029).

use std::fmt;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::pool::Lent;
use crate::error::is_away;

/// So many are committed together at most.
const MOST: usize = 32;

/// Waits to be told whether what it did stands.
type Waiter = oneshot::Sender<Result<(), DbErr>>;

/// A transaction: taken back unless it is committed.
pub struct Transaction {
    backend: DbBackend,
    lent: tokio::sync::Mutex<Lent>,
    /// What this one's work is kept apart by from what others did before it.
    apart: Option<Savepoint>,
    before: Vec<Waiter>,
}

/// Two names in turn: whoever takes back work that never began finds no savepoint, and not that of the one before.
#[derive(Clone, Copy, Debug)]
enum Savepoint {
    Odd,
    Even,
}

impl Savepoint {
    /// What sets the next one, and lets go of this.
    fn next(last: Option<Self>) -> (Self, &'static str) {
        match last {
            None => (Self::Odd, "SAVEPOINT odd;"),
            Some(Self::Odd) => (Self::Even, "RELEASE odd;SAVEPOINT even;"),
            Some(Self::Even) => (Self::Odd, "RELEASE even;SAVEPOINT odd;"),
        }
    }

    fn take_back(self) -> &'static str {
        match self {
            Self::Odd => "ROLLBACK TO odd",
            Self::Even => "ROLLBACK TO even",
        }
    }
}

/// Transactions that have ended and are not committed.
#[derive(Debug)]
pub(super) struct Ended {
    lent: Lent,
    last: Option<Savepoint>,
    whose: Vec<Waiter>,
}

impl Ended {
    /// Commits them, and tells everybody. To be run to its end: whoever is told nothing believes that nothing was done.
    pub(super) async fn commit(mut self, turn: Option<OwnedSemaphorePermit>) {
        self.lent.turn = turn;
        self.commit_here().await;
    }

    async fn commit_here(mut self) {
        // A step that is open, or a transaction that the database itself has ended, is nothing to commit.
        let outcome = if self.lent.depth() == 1 { self.lent.commit().await.map_err(lost) } else { Err(gone()) };
        if outcome.is_ok() {
            self.lent.from.note_commit();
        }
        drop(self.lent);
        self.whose.into_iter().for_each(|waiter| drop(waiter.send(outcome.clone())));
    }
}

/// What those are told whose work was taken back with others': to be sent again.
fn gone() -> DbErr {
    DbErr::Conn(RuntimeErr::Internal("the transaction that this was part of was not committed".to_owned()))
}

fn lost(error: DbErr) -> DbErr {
    tracing::warn!(%error, "what was to be committed together is taken back together");
    if is_away(&error) { error } else { gone() }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Transaction").field(&self.backend).finish()
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        // Alone, it is taken back by whoever gets the connection. Others, whose work has ended, are committed without it.
        if self.before.is_empty() {
            return;
        }
        let mut ended = self.hand_over();
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                if take_back(&mut ended.lent, ended.last).await.map_err(lost).is_ok() {
                    ended.commit_here().await;
                }
            });
        }
    }
}

/// Takes back what was done since a savepoint, and every step that has not ended.
async fn take_back(lent: &mut Lent, apart: Option<Savepoint>) -> Result<(), DbErr> {
    let Some(apart) = apart.filter(|_| lent.ahead.is_none()) else { return Ok(()) };
    let set_out = lent.sets_out;
    lent.settle().await?;
    while lent.depth() > 1 {
        lent.rollback().await?;
    }
    match lent.unprepared(apart.take_back()).await {
        Ok(_) => lent.failed = false,
        // Interrupted before the savepoint was set, it has done nothing. Since it has failed, nobody joins: the commit follows, which fails
        // if the database has ended the transaction.
        Err(_) if set_out => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

impl Transaction {
    /// Begins one.
    pub(super) async fn begin(mut lent: Lent, how: &'static str) -> Result<Self, DbErr> {
        lent.begin(Some(how)).await?;
        lent.failed = false;
        let backend = lent.from.get_database_backend();
        Ok(Self { backend, lent: tokio::sync::Mutex::new(lent), apart: None, before: Vec::new() })
    }

    /// Goes on where others have ended: what it does is committed with what they did.
    pub(super) fn join(ended: Ended, turn: OwnedSemaphorePermit) -> Self {
        let Ended { mut lent, last, whose } = ended;
        let (apart, ahead) = match lent.ahead {
            // The one before did nothing.
            Some(ahead) => (last, ahead),
            None => {
                let (next, ahead) = Savepoint::next(last);
                (Some(next), ahead)
            }
        };
        (lent.ahead, lent.turn) = (Some(ahead), Some(turn));
        let backend = lent.from.get_database_backend();
        Self { backend, lent: tokio::sync::Mutex::new(lent), apart, before: whose }
    }

    /// Whether it may see what is not committed and not its own.
    pub fn sees_others(&self) -> bool {
        !self.before.is_empty()
    }

    /// Makes it so.
    pub async fn commit(mut self) -> Result<(), DbErr> {
        let lent = self.lent.get_mut();
        while lent.depth() > 1 {
            lent.commit().await?;
        }
        self.end().await
    }

    /// Takes it back, with every step that has not ended.
    pub async fn rollback(mut self) -> Result<(), DbErr> {
        let lent = self.lent.get_mut();
        if self.before.is_empty() {
            while lent.depth() > 0 {
                lent.rollback().await?;
            }
            return Ok(());
        }
        take_back(lent, self.apart).await.map_err(lost)?;
        // It was refused by what they did, which has to stand first.
        self.end().await
    }

    /// Begins a step: what is done from here on can be taken back alone. One that is not ended goes with the whole.
    pub async fn step(&self) -> Result<Step<'_>, DbErr> {
        let mut lent = self.lent.lock().await;
        lent.go_ahead().await?;
        lent.begin(None).await?;
        Ok(Step(self))
    }

    /// Has it committed: at once, or with those who wait to write.
    async fn end(mut self) -> Result<(), DbErr> {
        let lent = self.lent.get_mut();
        // After some failures the database ends the whole transaction: whoever went on regardless finds out now.
        let leaves = lent.from.others_wait() && lent.is_well() && self.before.len() + 1 < MOST;
        if !leaves && self.before.is_empty() {
            lent.commit().await?;
            lent.from.note_commit();
            return Ok(());
        }
        let (tell, told) = oneshot::channel();
        let pool = lent.from.clone();
        let mut ended = self.hand_over();
        let first = ended.whose.is_empty();
        ended.whose.push(tell);
        if leaves {
            let turn = ended.lent.turn.take();
            pool.leave(ended);
            drop(turn);
            if first {
                tokio::spawn(async move { pool.commit_in_turn().await });
            }
        } else {
            // Others are told too, so it goes on if this one is given up.
            tokio::spawn(ended.commit_here());
        }
        told.await.unwrap_or_else(|_| Err(gone()))
    }

    fn hand_over(&mut self) -> Ended {
        Ended { lent: self.lent.get_mut().take_over(), last: self.apart, whose: std::mem::take(&mut self.before) }
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.backend
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.lent.lock().await.execute(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let mut lent = self.lent.lock().await;
        lent.go_ahead().await?;
        lent.unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.lent.lock().await.one(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.lent.lock().await.all(statement).await
    }
}

/// A step of a transaction.
#[derive(Debug)]
pub struct Step<'a>(&'a Transaction);

impl Step<'_> {
    /// Keeps it, if the transaction is.
    pub async fn keep(self) -> Result<(), DbErr> {
        self.0.lent.lock().await.commit().await
    }

    /// Takes it back, and it alone.
    pub async fn take_back(self) -> Result<(), DbErr> {
        self.0.lent.lock().await.rollback().await
    }
}
