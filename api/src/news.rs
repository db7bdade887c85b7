//! What has just changed, told to whoever follows: open sockets of this replica, of changes made on any.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use entity::outbox;
use rules::id::{RotaProposalId, SessionId};
use rules::proposal::RotaProposalChangeKind;
use rules::session::SessionChangeKind;
use tokio::sync::{broadcast, watch};
use uuid::Uuid;

use crate::store::Db;
use crate::store::listen::Listener;

/// How many news a follower may fall behind: after that it is told to read again.
const BEHIND: usize = 256;
/// How long a new follower waits for the ear to open; if it doesn't, the follower hears of it when it does.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest between two tries to listen.
const BACK_OFF: Duration = Duration::from_secs(2);

/// Something happened, or something was missed.
#[derive(Clone, Debug)]
pub enum News {
    /// A session changed.
    Session(Arc<SessionNews>),
    /// A planned rota changed.
    Rota(Arc<RotaNews>),
    /// Anything may have changed: read again what you show.
    Missed,
}

/// A change of a session.
#[derive(Clone, Debug)]
pub struct SessionNews {
    /// The outbox row: the same on every replica.
    pub event: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub kind: SessionChangeKind,
    /// Of which.
    pub session: SessionId,
}

/// A change of a planned rota.
#[derive(Clone, Debug)]
pub struct RotaNews {
    /// The outbox row: the same on every replica.
    pub event: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub kind: RotaProposalChangeKind,
    /// Of which.
    pub proposal: RotaProposalId,
}

/// Where news come in and go out. It listens from the first follower on.
#[derive(Debug)]
pub struct Newsroom {
    sender: broadcast::Sender<News>,
    hears: OnceLock<watch::Receiver<bool>>,
}

impl Default for Newsroom {
    fn default() -> Self {
        Self { sender: broadcast::channel(BEHIND).0, hears: OnceLock::new() }
    }
}

impl Newsroom {
    /// Follows what is committed from now on.
    pub async fn follow(&self, db: &Db) -> Follower {
        let hears = self.hears.get_or_init(|| {
            let (told, hears) = watch::channel(false);
            tokio::spawn(listen(db.clone(), self.sender.clone(), told));
            hears
        });
        let _ = tokio::time::timeout(PATIENCE, hears.clone().wait_for(|open| *open)).await;
        Follower(self.sender.subscribe())
    }

    /// How many follow.
    pub fn followers(&self) -> usize {
        self.sender.receiver_count()
    }
}

/// Follows the news.
#[derive(Debug)]
pub struct Follower(broadcast::Receiver<News>);

impl Follower {
    /// The next; none when there will be no more.
    pub async fn next(&mut self) -> Option<News> {
        match self.0.recv().await {
            Ok(news) => Some(news),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(News::Missed),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

/// Listens for ever; after a lost connection everybody is told that something may have been missed.
async fn listen(db: Db, sender: broadcast::Sender<News>, hears: watch::Sender<bool>) {
    let mut wait = Duration::from_millis(50);
    loop {
        match Listener::open(&db).await {
            Ok(mut listener) => {
                // Nobody follows is no mistake here.
                let _ = sender.send(News::Missed);
                let _ = hears.send(true);
                wait = Duration::from_millis(50);
                let fault = loop {
                    match listener.next().await {
                        Ok(rows) => rows.iter().filter_map(news_of).for_each(|news| drop(sender.send(news))),
                        Err(fault) => break fault,
                    }
                };
                tracing::warn!(%fault, "the outbox can't be heard: listening again");
                let _ = hears.send(false);
            }
            Err(fault) => tracing::warn!(%fault, "the outbox can't be listened to"),
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(BACK_OFF);
    }
}

/// What an outbox row says to followers, if it says anything.
fn news_of(row: &outbox::Model) -> Option<News> {
    session_news(row).or_else(|| rota_news(row))
}

fn rota_news(row: &outbox::Model) -> Option<News> {
    #[derive(serde::Deserialize)]
    struct Payload {
        proposal: RotaProposalId,
    }
    let kind = RotaProposalChangeKind::of_topic(&row.topic)?;
    let proposal = serde_json::from_str::<Payload>(&row.payload).ok()?.proposal;
    Some(News::Rota(Arc::new(RotaNews { event: row.id, at: row.at, kind, proposal })))
}

fn session_news(row: &outbox::Model) -> Option<News> {
    #[derive(serde::Deserialize)]
    struct Payload {
        session: SessionId,
    }
    let kind = SessionChangeKind::of_topic(&row.topic)?;
    let session = serde_json::from_str::<Payload>(&row.payload).ok()?.session;
    Some(News::Session(Arc::new(SessionNews { event: row.id, at: row.at, kind, session })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_falls_behind_is_told_to_read_again() {
        let room = Newsroom::default();
        let mut follower = Follower(room.sender.subscribe());
        for number in 0..=BEHIND as u128 {
            let news = SessionNews {
                event: Uuid::from_u128(number),
                at: DateTime::UNIX_EPOCH,
                kind: SessionChangeKind::Cover,
                session: SessionId(Uuid::nil()),
            };
            room.sender.send(News::Session(Arc::new(news))).expect("a follower");
        }
        assert!(matches!(follower.next().await, Some(News::Missed)));
        assert!(matches!(follower.next().await, Some(News::Session(news)) if news.event == Uuid::from_u128(1)), "and then hears the rest");
    }
}
