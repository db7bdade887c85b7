//! Asking in waves: the best few first, more when time has passed or nobody is left to answer, and nobody too often.

use std::collections::BTreeMap;
use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::id::ChampionId;
use crate::matching::{Match, Ranking};
use crate::offer::{ENDS_BEFORE, Offer, OfferStatus, STANDS};
use crate::reason::reasons;
use crate::session::PlaceKind;
use crate::vocabulary::vocabulary;

vocabulary! {
    /// Where a run of waves stands.
    WavesStatus {
        /// Waves go out as their time comes.
        Running = "RUNNING",
        /// Every place is filled.
        Filled = "FILLED",
        /// Everybody who could come has been asked: somebody has to think again.
        Exhausted = "EXHAUSTED",
        /// Somebody stopped it, or the request was taken back.
        Stopped = "STOPPED",
        /// The session was called off or begins.
        Closed = "CLOSED",
    }
}

vocabulary! {
    /// What a champion's "no" is about.
    DeclineScope {
        /// This session only.
        NotThisOne = "NOT_THIS_ONE",
        /// Any session for a while: nobody asks until then.
        NotNow = "NOT_NOW",
    }
}

vocabulary! {
    /// Why somebody who could come is not asked.
    PassedOver {
        /// Was asked for this session, and waits, said no or did not answer.
        AlreadyAsked = "ALREADY_ASKED",
        /// Said "not now".
        Resting = "RESTING",
        /// Was asked often enough in the last seven days without saying yes.
        AskedEnough = "ASKED_ENOUGH",
    }
}

/// The most people one wave asks.
pub const WAVE_LIMIT: usize = 20;
/// The most people an urgent call asks at once.
pub const URGENT_LIMIT: usize = 100;
/// How far back the contact budget looks.
pub const BUDGET_SPAN: TimeDelta = TimeDelta::days(7);
/// Matches whose scores lie in the same tenth count as equals: then whoever was asked longest ago comes first.
const EQUALS: f64 = 10.0;
/// How long an urgent offer stands.
const URGENT_STANDS: TimeDelta = TimeDelta::hours(12);

/// What matters of a champion besides the match.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Contact {
    /// How often they were asked in the last seven days, for anything, without saying yes.
    pub asked: usize,
    /// When they were last asked.
    pub last_asked_at: Option<DateTime<Utc>>,
    /// They asked for quiet until then.
    pub quiet_until: Option<DateTime<Utc>>,
    /// Their last offer for this session.
    pub earlier: Option<Offer>,
}

/// How a run asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How many a wave asks.
    pub size: usize,
    /// How often one champion is asked in seven days at most; an urgent call may ask twice as often.
    pub budget: usize,
    /// Everybody at once.
    pub urgent: bool,
}

/// Somebody to ask.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Who.
    pub champion: ChampionId,
    /// Why they, and why now.
    pub because: String,
}

/// Whom a wave asks.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Wave {
    /// In the order they are asked.
    pub asked: Vec<Asked>,
    /// How many could come and are not asked, by reason.
    pub passed_over: BTreeMap<PassedOver, usize>,
    /// How many remain for later waves.
    pub left: usize,
}

/// Who is asked next.
pub fn next(ranking: &Ranking, contacts: &HashMap<ChampionId, Contact>, plan: Plan, now: DateTime<Utc>) -> Wave {
    let mut wave = Wave::default();
    let mut open: Vec<(usize, &Match, Contact)> = Vec::new();
    for (index, found) in ranking.matches.iter().enumerate() {
        let contact = contacts.get(&found.champion).copied().unwrap_or_default();
        match passed_over(contact, plan, now) {
            Some(reason) => *wave.passed_over.entry(reason).or_default() += 1,
            None => open.push((index + 1, found, contact)),
        }
    }
    let tenth = |found: &Match| (found.score / EQUALS).floor() as i64;
    // None, never asked, sorts before every instant.
    open.sort_by(|(_, a, x), (_, b, y)| {
        tenth(b).cmp(&tenth(a)).then(x.last_asked_at.cmp(&y.last_asked_at)).then(a.champion.cmp(&b.champion))
    });
    let size = if plan.urgent { URGENT_LIMIT } else { plan.size.min(WAVE_LIMIT) };
    wave.left = open.len().saturating_sub(size);
    wave.asked = open.into_iter().take(size).map(|(rank, found, contact)| asked(rank, found, contact, now)).collect();
    wave
}

fn passed_over(contact: Contact, plan: Plan, now: DateTime<Utc>) -> Option<PassedOver> {
    let earlier = contact.earlier.map(|offer| offer.status_at(now));
    if matches!(earlier, Some(OfferStatus::Pending | OfferStatus::Declined | OfferStatus::Expired | OfferStatus::Accepted)) {
        return Some(PassedOver::AlreadyAsked);
    }
    if contact.quiet_until.is_some_and(|until| until > now) {
        return Some(PassedOver::Resting);
    }
    let budget = if plan.urgent { plan.budget * 2 } else { plan.budget };
    (contact.asked >= budget).then_some(PassedOver::AskedEnough)
}

fn asked(rank: usize, found: &Match, contact: Contact, now: DateTime<Utc>) -> Asked {
    let last = match contact.last_asked_at {
        None => "never asked before".to_owned(),
        Some(at) => format!("last asked {} days ago", (now - at).num_days()),
    };
    let because = format!(
        "{}. of those who could come, {:.0} points; {last}, {} times in seven days without a yes",
        rank, found.score, contact.asked
    );
    Asked { champion: found.champion, because }
}

/// When an offer of a wave lapses.
pub fn expires_at(now: DateTime<Utc>, session_starts: DateTime<Utc>, urgent: bool) -> DateTime<Utc> {
    (now + if urgent { URGENT_STANDS } else { STANDS }).min(session_starts - ENDS_BEFORE)
}

/// What a run reads when its time comes.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// The session will be held, and leaves time to answer.
    pub can_be_offered: bool,
    /// The request was taken back.
    pub withdrawn: bool,
    /// Places that somebody is wanted for.
    pub wanted: usize,
    /// Offers that wait for an answer.
    pub pending: usize,
    /// When the next wave is due.
    pub next_at: DateTime<Utc>,
}

/// What a run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Ask the next wave.
    Ask,
    /// Wait.
    Wait,
    /// End.
    End(WavesStatus),
}

/// What a run does now: a wave when its time has come, or at once when nobody is left to answer.
pub fn turn(progress: Progress, now: DateTime<Utc>) -> Turn {
    match progress {
        Progress { can_be_offered: false, .. } => Turn::End(WavesStatus::Closed),
        Progress { withdrawn: true, .. } => Turn::End(WavesStatus::Stopped),
        Progress { wanted: 0, .. } => Turn::End(WavesStatus::Filled),
        Progress { pending: 0, .. } => Turn::Ask,
        Progress { next_at, .. } if next_at <= now => Turn::Ask,
        _ => Turn::Wait,
    }
}

reasons! {
    /// Why waves can't be started.
    CannotStartWaves => OfferWavesStartErrorCode {
        /// The session was called off, or begins within 15 minutes.
        SessionClosed at "requestId" => "This session was called off, or begins too soon for anybody to answer.",
        /// The request is closed: filled or withdrawn.
        RequestClosed at "requestId" => "This request is filled or withdrawn: nobody needs to be asked.",
        /// The session has no place of this kind that is open.
        NoOpenPlace { kind: PlaceKind } at "kind" => format!("There is no open {kind} place at this session."),
        /// Waves for this kind of place run already.
        AlreadyRunning at "kind" => "Champions are being asked for this kind of place already: stop that first.",
    } creates
}

reasons! {
    /// Why waves can't be stopped.
    CannotStopWaves => OfferWavesStopErrorCode {
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn now() -> DateTime<Utc> {
        "2026-11-21T12:00:00Z".parse().expect("an instant")
    }

    fn id(n: u128) -> ChampionId {
        ChampionId(Uuid::from_u128(n))
    }

    fn ranking(scores: &[(u128, f64)]) -> Ranking {
        let matches = scores.iter().map(|(n, score)| Match { champion: id(*n), score: *score, factors: vec![], distance: None }).collect();
        Ranking { matches, ..Ranking::default() }
    }

    const PLAN: Plan = Plan { size: 2, budget: 3, urgent: false };

    fn order(wave: &Wave) -> Vec<ChampionId> {
        wave.asked.iter().map(|a| a.champion).collect()
    }

    #[test]
    fn the_best_come_first_and_among_equals_whoever_was_asked_longest_ago() {
        let found = ranking(&[(1, 84.0), (2, 83.0), (3, 81.0), (4, 60.0)]);
        let days = |days| Contact { last_asked_at: Some(now() - TimeDelta::days(days)), ..Contact::default() };
        let contacts = HashMap::from([(id(1), days(2)), (id(2), days(30))]);
        let wave = next(&found, &contacts, Plan { size: 3, ..PLAN }, now());
        assert_eq!((order(&wave), wave.left), (vec![id(3), id(2), id(1)], 1), "never asked, then 30 days, then 2");
        assert_eq!(
            wave.asked[1].because,
            "2. of those who could come, 83 points; last asked 30 days ago, 0 times in seven days without a yes"
        );
        let few = next(&found, &contacts, PLAN, now());
        assert_eq!((order(&few), few.left), (vec![id(3), id(2)], 2));
    }

    #[test]
    fn nobody_is_asked_twice_too_often_or_while_resting() {
        let offer = |status| Some(Offer { status, expires_at: now() + TimeDelta::hours(1) });
        for (contact, urgent, expected) in [
            (Contact::default(), false, None),
            (Contact { asked: 2, ..Contact::default() }, false, None),
            (Contact { asked: 3, ..Contact::default() }, false, Some(PassedOver::AskedEnough)),
            (Contact { asked: 3, ..Contact::default() }, true, None),
            (Contact { asked: 6, ..Contact::default() }, true, Some(PassedOver::AskedEnough)),
            (Contact { quiet_until: Some(now() + TimeDelta::seconds(1)), ..Contact::default() }, true, Some(PassedOver::Resting)),
            (Contact { quiet_until: Some(now()), ..Contact::default() }, false, None),
            (Contact { earlier: offer(OfferStatus::Pending), ..Contact::default() }, true, Some(PassedOver::AlreadyAsked)),
            (Contact { earlier: offer(OfferStatus::Declined), ..Contact::default() }, true, Some(PassedOver::AlreadyAsked)),
            (Contact { earlier: offer(OfferStatus::Expired), ..Contact::default() }, false, Some(PassedOver::AlreadyAsked)),
            (Contact { earlier: offer(OfferStatus::Ended), ..Contact::default() }, false, None),
        ] {
            assert_eq!(passed_over(contact, Plan { urgent, ..PLAN }, now()), expected, "{contact:?} {urgent}");
        }
    }

    #[test]
    fn a_wave_goes_out_in_time_or_when_nobody_is_left_to_answer() {
        let base = Progress { can_be_offered: true, withdrawn: false, wanted: 1, pending: 2, next_at: now() + TimeDelta::minutes(1) };
        for (progress, expected) in [
            (base, Turn::Wait),
            (Progress { next_at: now(), ..base }, Turn::Ask),
            (Progress { pending: 0, ..base }, Turn::Ask),
            (Progress { wanted: 0, pending: 0, ..base }, Turn::End(WavesStatus::Filled)),
            (Progress { withdrawn: true, ..base }, Turn::End(WavesStatus::Stopped)),
            (Progress { can_be_offered: false, ..base }, Turn::End(WavesStatus::Closed)),
        ] {
            assert_eq!(turn(progress, now()), expected, "{progress:?}");
        }
    }

    #[test]
    fn an_urgent_offer_is_short() {
        let starts = now() + TimeDelta::days(30);
        assert_eq!(expires_at(now(), starts, false), now() + TimeDelta::days(7));
        assert_eq!(expires_at(now(), starts, true), now() + TimeDelta::hours(12));
        assert_eq!(expires_at(now(), now() + TimeDelta::hours(1), true), now() + TimeDelta::minutes(45));
    }
}
