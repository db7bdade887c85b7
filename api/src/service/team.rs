//! Whom a champion would join at a session: what says whether somebody new has company there.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use rules::id::{ChampionId, PlaceId, SessionId};
use rules::matching::{ChampionRecord, done_before};
use rules::proposal::FIRST_SESSIONS;
use rules::session::PlaceKind;
use rules::staffing::Team;
use sea_orm::ConnectionTrait;

use crate::error::Fault;
use crate::store::facts::SessionFactsRow;
use crate::store::{offer, staffing};

/// Who leads and helps at sessions, and what they will have done before.
#[derive(Debug, Default)]
pub struct Teams {
    held: HashMap<PlaceId, ChampionId>,
    ends: HashMap<ChampionId, Vec<DateTime<Utc>>>,
}

impl Teams {
    /// Those of several sessions: two statements, however many.
    async fn load(conn: &impl ConnectionTrait, sessions: &[SessionId]) -> Result<Self, Fault> {
        let held: HashMap<_, _> = offer::confirmed(conn, sessions).await?.into_iter().map(|a| (a.place_id, a.champion_id)).collect();
        let people: BTreeSet<ChampionId> = held.values().copied().collect();
        Ok(Self { ends: staffing::duties_end(conn, people).await?, held })
    }

    /// Those that these champions would join. Whoever is experienced needs no company: theirs are not read.
    pub async fn joined_by<'a>(
        conn: &impl ConnectionTrait,
        pairs: impl IntoIterator<Item = (&'a SessionFactsRow, &'a ChampionRecord)>,
    ) -> Result<Self, Fault> {
        let new = |(facts, champion): &(&SessionFactsRow, &ChampionRecord)| done_before(champion, facts.session.starts_at) < FIRST_SESSIONS;
        let sessions: BTreeSet<SessionId> = pairs.into_iter().filter(new).map(|(facts, _)| facts.session.id).collect();
        if sessions.is_empty() { Ok(Self::default()) } else { Self::load(conn, &Vec::from_iter(sessions)).await }
    }

    /// Whom somebody would join who takes the first of these places, whoever has it until then.
    pub fn beside(&self, facts: &SessionFactsRow, places: &[PlaceId]) -> Team {
        let rest = facts.places.iter().filter(|(id, kind)| *kind != PlaceKind::Shadow && places.first() != Some(id));
        let mut team = Team::default();
        for (place, _) in rest {
            match self.held.get(place) {
                None => team.open += 1,
                Some(who) => {
                    let ends = self.ends.get(who).into_iter().flatten();
                    team.others.push(ends.filter(|end| **end <= facts.session.starts_at).count());
                }
            }
        }
        team
    }
}

/// Whom one champion would join in the first of these places.
pub(super) async fn beside(
    conn: &impl ConnectionTrait,
    facts: &SessionFactsRow,
    places: &[PlaceId],
    champion: &ChampionRecord,
) -> Result<Team, Fault> {
    Ok(Teams::joined_by(conn, [(facts, champion)]).await?.beside(facts, places))
}
