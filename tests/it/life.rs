//! Random sequences by many actors, held to the state machines of `rules::life`: no state that can't be, no hole that nobody made,
//! nobody in two places at once unless a move has brought that about and flagged it.

use std::collections::{HashMap, HashSet};

use api::graphql::id::NodeId;
use chrono::TimeDelta;
use entity::{assignment, attendance, offer, session, stand_in, swap, waiting};
use rules::assignment::AssignmentStatus;
use rules::id::{AssignmentId, ChampionId, OfferId, PlaceId, SessionId, StandInId, SwapId, WaitingId};
use rules::life::{ASSIGNMENT, OFFER, SESSION, STAND_IN, SWAP, Step, leads};
use rules::offer::OfferStatus;
use rules::session::SessionStatus;
use rules::sign_up::{WAITING, WaitingStatus};
use rules::stand_in::StandInStatus;
use rules::swap::SwapStatus;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::both;
use crate::harness::World;
use crate::harness::booking::{ACCEPT, Asked, CANCEL, DECLINE, GIVE_UP, Volunteer, with};
use crate::series::{HOLIDAYS, MOVE};

/// A bank holiday on which a session of the game waits for a word that never comes.
const HOLIDAY: &str = "2026-12-28";

const SEEK: &str = "mutation($id: ID!) { standInSeek(input: {assignmentId: $id}) { userErrors { code message } } }";
const AFTER_ALL: &str = "mutation($id: ID!) { standInCancel(input: {standInId: $id}) { userErrors { code message } } }";
const RELEASE: &str = "mutation($id: ID!) { assignmentRelease(input: {assignmentId: $id}) { userErrors { code message } } }";
const PROPOSE: &str = "mutation($input: SwapProposeInput!) { swapPropose(input: $input) { userErrors { code message } } }";
const YES: &str = "mutation($id: ID!) { swapAccept(input: {swapId: $id}) { userErrors { code message } } }";
const NO: &str = "mutation($id: ID!) { swapDecline(input: {swapId: $id}) { userErrors { code message } } }";
const WAVES: &str = "mutation($input: OfferWavesStartInput!) { offerWavesStart(input: $input) { userErrors { code message } } }";

const OPEN: &str = "mutation($input: GroupSignUpSetInput!) { groupSignUpSet(input: $input) { userErrors { code message } } }";
const TAKE: &str = "mutation($id: ID!) { placeTake(input: {sessionId: $id}) { userErrors { code message } } }";
const JOIN: &str = "mutation($id: ID!) { waitingListJoin(input: {sessionId: $id}) { userErrors { code message } } }";
const LEAVE: &str = "mutation($id: ID!) { waitingListLeave(input: {sessionId: $id}) { userErrors { code message } } }";
const CHECK_IN: &str = "mutation($id: ID!) { attendanceRecord(input: {assignmentId: $id}) { userErrors { code message } } }";

/// A small generator of our own: the same seed, the same sequence.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides.max(1) as u64).expect("small")
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        if of.is_empty() { None } else { of.get(self.roll(of.len())) }
    }
}

/// What the database holds of the sessions in play.
struct Board {
    sessions: HashMap<SessionId, session::Model>,
    offers: HashMap<OfferId, offer::Model>,
    assignments: HashMap<AssignmentId, assignment::Model>,
    searches: HashMap<StandInId, stand_in::Model>,
    swaps: HashMap<SwapId, swap::Model>,
    waiting: HashMap<WaitingId, waiting::Model>,
    attendance: Vec<attendance::Model>,
}

async fn board(world: &World) -> Board {
    let db = world.app.db.read();
    let all = (offer::Entity::find().all(db).await, assignment::Entity::find().all(db).await);
    let (offers, assignments) = (all.0.expect("offers"), all.1.expect("assignments"));
    let searches = stand_in::Entity::find().all(db).await.expect("searches");
    let swaps = swap::Entity::find().all(db).await.expect("swaps");
    Board {
        sessions: session::Entity::find().all(db).await.expect("sessions").into_iter().map(|r| (r.id, r)).collect(),
        offers: offers.into_iter().map(|r| (r.id, r)).collect(),
        assignments: assignments.into_iter().map(|r| (r.id, r)).collect(),
        searches: searches.into_iter().map(|r| (r.id, r)).collect(),
        swaps: swaps.into_iter().map(|r| (r.id, r)).collect(),
        waiting: waiting::Entity::find().all(db).await.expect("lists").into_iter().map(|r| (r.id, r)).collect(),
        attendance: attendance::Entity::find().all(db).await.expect("attendance"),
    }
}

/// Each state is where it was, or one step on; what is new begins where such things begin, or one step on.
fn steps<I: std::hash::Hash + Eq, R, S: Copy + PartialEq + std::fmt::Debug, E>(
    machine: &[Step<S, E>],
    first: S,
    before: &HashMap<I, R>,
    after: &HashMap<I, R>,
    state: fn(&R) -> S,
    what: &str,
) {
    for (id, row) in after {
        let from = before.get(id).map_or(first, state);
        let to = state(row);
        assert!(from == to || leads(machine, from, to), "{what}: {from:?} became {to:?}");
    }
}

/// What can't be, whoever did what.
fn check(before: &Board, after: &Board, what: &str) {
    steps(SESSION, SessionStatus::ToConfirm, &before.sessions, &after.sessions, |r| r.status, what);
    steps(OFFER, OfferStatus::Pending, &before.offers, &after.offers, |r| r.status, what);
    steps(ASSIGNMENT, AssignmentStatus::Confirmed, &before.assignments, &after.assignments, |r| r.status, what);
    steps(STAND_IN, StandInStatus::Seeking, &before.searches, &after.searches, |r| r.status, what);
    steps(SWAP, SwapStatus::Proposed, &before.swaps, &after.swaps, |r| r.status, what);
    steps(WAITING, WaitingStatus::Waiting, &before.waiting, &after.waiting, |r| r.status, what);
    lists(after, what);
    // A swap or a stand-in is seen at the next look; a place taken or accepted ends the waiting at once.
    let at_once = ["take", "accept"].contains(&what);
    assert!(!at_once || in_vain(after).is_subset(&in_vain(before)), "{what}: waits for what they have");
    let confirmed: Vec<&assignment::Model> = after.assignments.values().filter(|a| a.status == AssignmentStatus::Confirmed).collect();
    let mut held: HashMap<PlaceId, AssignmentId> = HashMap::new();
    for one in &confirmed {
        assert_eq!(held.insert(one.place_id, one.id), None, "{what}: two in one place");
        let mut twice = confirmed
            .iter()
            .filter(|o| o.id != one.id && o.champion_id == one.champion_id && o.starts_at < one.ends_at && one.starts_at < o.ends_at)
            .peekable();
        assert!(!one.clashing || twice.peek().is_some(), "{what}: flagged for nothing");
        assert!(one.clashing || twice.all(|o| o.clashing), "{what}: one champion in two places at once, and nobody was told");
        assert!(one.offer_id.is_none_or(|id| after.offers[&id].status == OfferStatus::Accepted), "{what}: a place without its yes");
    }
    for (id, old) in before.assignments.iter().filter(|(_, a)| a.status == AssignmentStatus::Confirmed) {
        let now = after.assignments[id].status;
        let own_doing = now == AssignmentStatus::Withdrawn && what == "give up";
        let released = now == AssignmentStatus::Released && what == "release";
        let off = now == AssignmentStatus::SessionCancelled && what == "call off";
        assert!(held.contains_key(&old.place_id) || own_doing || released || off, "{what}: a hole nobody made ({now})");
        assert!(now != AssignmentStatus::Replaced || held.contains_key(&old.place_id), "{what}: replaced by nobody");
    }
    for search in after.searches.values().filter(|s| s.status == StandInStatus::Seeking) {
        assert_eq!(after.assignments[&search.assignment_id].status, AssignmentStatus::Confirmed, "{what}: a search without its duty");
    }
    for accepted in after.offers.values().filter(|o| {
        o.status == OfferStatus::Accepted
            && o.sent_at >= crate::harness::START.parse::<chrono::DateTime<chrono::Utc>>().expect("an instant")
    }) {
        assert!(confirmed.iter().any(|a| a.offer_id == Some(accepted.id)), "{what}: a yes without its place");
    }
}

/// Who waits for a place at a session at which they have one.
fn in_vain(board: &Board) -> HashSet<(SessionId, ChampionId)> {
    let placed = board.assignments.values().filter(|a| a.status == AssignmentStatus::Confirmed).map(|a| (a.session_id, a.champion_id));
    let placed: HashSet<_> = placed.collect();
    let waiting = board.waiting.values().filter(|w| w.status.is_on()).map(|w| (w.session_id, w.champion_id));
    waiting.filter(|one| placed.contains(one)).collect()
}

/// Who waits is on a list once; what was recorded is of a place whose time has come, step by step.
fn lists(board: &Board, what: &str) {
    let on: Vec<_> = board.waiting.values().filter(|w| w.status.is_on()).collect();
    for one in &on {
        let twice = on.iter().any(|o| o.id != one.id && (o.session_id, o.champion_id) == (one.session_id, one.champion_id));
        assert!(!twice, "{what}: twice on one list");
        assert_eq!(one.offer_id.is_some(), one.status == WaitingStatus::Offered, "{what}: a promise without its offer");
    }
    for row in &board.attendance {
        let begun = board.assignments[&row.assignment_id].starts_at - rules::attendance::EARLY <= row.recorded_at;
        let before = board.attendance.iter().filter(|r| r.assignment_id == row.assignment_id && r.step < row.step).count();
        assert!(begun && usize::try_from(row.step).is_ok_and(|step| step == before + 1), "{what}: {row:?}");
    }
}

/// The sessions and people in play.
struct Game<'w> {
    world: &'w World,
    asked: Vec<Asked>,
    crew: Vec<Volunteer>,
    references: HashMap<String, Value>,
}

impl Game<'_> {
    async fn set_up(world: &World) -> Game<'_> {
        let volunteers = world.everybody_comes().await;
        let leader = world.sign_in("leader").await;
        let (group, _) = world.group("stockroom-digital-desk").await;
        leader.done(OPEN, json!({ "input": { "groupId": group, "open": true } })).await;
        let mut asked = Vec::new();
        for start in ["10:00", "11:00", "14:00", "18:00"] {
            let places = json!([{ "kind": "HELPER", "count": 2 }]);
            asked.push(leader.ask_for(&with(world.free_session().await, json!({ "startTime": start, "places": places }))).await);
        }
        let crew: Vec<_> = world.matched(&asked[0].session, &volunteers).await.into_iter().take(6).collect();
        for one in &asked {
            leader.offer(&one.request, &crew).await;
        }
        let mut references = HashMap::new();
        for who in &crew {
            let mine = world.sign_in(&who.mailbox).await.ask("{ viewer { champion { reference } } }", json!({})).await;
            references.insert(who.id.to_string(), mine["viewer"]["champion"]["reference"].clone());
        }
        leader.done(HOLIDAYS, json!({ "input": { "groupId": group, "policy": "ASK" } })).await;
        leader.repeat("FREQ=WEEKLY;COUNT=1", json!({ "date": HOLIDAY })).await;
        Game { world, asked, crew, references }
    }

    fn mailbox(&self, champion: ChampionId) -> Option<&Volunteer> {
        let id = json!(champion.to_global().to_string());
        self.crew.iter().find(|v| v.id == id)
    }

    /// Sends a mutation as a champion; a refusal is as good as a success, a fault is not.
    async fn tell(&self, champion: ChampionId, query: &str, id: String) {
        if let Some(who) = self.mailbox(champion) {
            self.world.sign_in(&who.mailbox).await.payload(query, json!({ "id": id })).await;
        }
    }

    /// Two say yes, each to a session, and swap: by chance that one takes another's place comes seldom, and not at all once the
    /// sessions have been.
    async fn opening(&self) -> Board {
        let mut before = board(self.world).await;
        for what in ["accept", "accept", "propose", "answer a swap"] {
            let placed = sorted(before.assignments.values().filter(|a| self.session(a.session_id).is_some()), |a| a.id);
            match (&placed[..], before.swaps.values().find(|s| s.status == SwapStatus::Proposed)) {
                (_, Some(swap)) => self.tell(swap.other_id, YES, swap.id.to_global().to_string()).await,
                ([one, other], None) => self.propose(one, other).await,
                _ => {
                    let (nth, taken) = (3 - placed.len(), placed.first().map(|a| a.champion_id));
                    let pending = before.offers.values().filter(|o| o.status == OfferStatus::Pending && Some(o.champion_id) != taken);
                    let asked = sorted(pending.filter(|o| self.session(o.session_id) == Some(nth)), |o| o.id);
                    self.tell(asked[0].champion_id, ACCEPT, asked[0].id.to_global().to_string()).await;
                }
            }
            let after = board(self.world).await;
            check(&before, &after, what);
            before = after;
        }
        let replaced = before.assignments.values().filter(|a| a.status == AssignmentStatus::Replaced).count();
        assert_eq!(replaced, 2, "each took the other's place");
        before
    }

    /// Which of the sessions in play it is.
    fn session(&self, id: SessionId) -> Option<usize> {
        self.asked.iter().position(|asked| asked.session == json!(id.to_global().to_string()))
    }

    async fn turn(&self, dice: &mut Dice, board: &Board) -> &'static str {
        let pending: Vec<_> =
            sorted(board.offers.values().filter(|o| o.status == OfferStatus::Pending && self.mailbox(o.champion_id).is_some()), |o| o.id);
        let placed: Vec<_> = sorted(
            board.assignments.values().filter(|a| {
                a.status == AssignmentStatus::Confirmed
                    && a.starts_at > self.world.now()
                    && self.mailbox(a.champion_id).is_some()
                    && self.session(a.session_id).is_some()
            }),
            |a| a.id,
        );
        let seeking: Vec<_> = sorted(board.searches.values().filter(|s| s.status == StandInStatus::Seeking), |s| s.id);
        let proposed: Vec<_> = sorted(board.swaps.values().filter(|s| s.status == SwapStatus::Proposed), |s| s.id);
        match dice.roll(27) {
            16..=22 => self.take_part(dice, board).await,
            0..=4 => {
                let Some(one) = dice.pick(&pending) else { return "nothing" };
                self.tell(one.champion_id, ACCEPT, one.id.to_global().to_string()).await;
                "accept"
            }
            5 => {
                let Some(one) = dice.pick(&pending) else { return "nothing" };
                self.tell(one.champion_id, DECLINE, one.id.to_global().to_string()).await;
                "decline"
            }
            6 => {
                let Some(one) = dice.pick(&placed) else { return "nothing" };
                self.tell(one.champion_id, GIVE_UP, one.id.to_global().to_string()).await;
                "give up"
            }
            7 | 8 => {
                let Some(one) = dice.pick(&placed) else { return "nothing" };
                self.tell(one.champion_id, SEEK, one.id.to_global().to_string()).await;
                "seek"
            }
            9 => {
                let Some(one) = dice.pick(&seeking) else { return "nothing" };
                self.tell(one.champion_id, AFTER_ALL, one.id.to_global().to_string()).await;
                "come after all"
            }
            10 => {
                let Some(one) = dice.pick(&placed) else { return "nothing" };
                self.world.sign_in("coordinator").await.payload(RELEASE, json!({ "id": one.id.to_global().to_string() })).await;
                "release"
            }
            11 | 12 => {
                let (Some(one), Some(other)) = (dice.pick(&placed).copied(), dice.pick(&placed).copied()) else { return "nothing" };
                self.propose(one, other).await;
                "propose"
            }
            13 => {
                let Some(one) = dice.pick(&proposed) else { return "nothing" };
                let query = if dice.roll(4) == 0 { NO } else { YES };
                self.tell(one.other_id, query, one.id.to_global().to_string()).await;
                "answer a swap"
            }
            14 => {
                let Some(one) = dice.pick(&self.asked) else { return "nothing" };
                let input = json!({ "input": { "requestId": one.request, "size": 2, "everyMinutes": 60 } });
                self.world.sign_in("leader").await.payload(WAVES, input).await;
                "ask around"
            }
            23 | 24 => {
                let Some(one) = dice.pick(&self.asked) else { return "nothing" };
                let input = json!({ "input": { "sessionId": one.session, "startTime": format!("{:02}:30", 9 + dice.roll(10)) } });
                self.world.sign_in("leader").await.payload(MOVE, input).await;
                "move"
            }
            25 => {
                // The first two sessions go on, or the game would be over soon.
                let Some(one) = self.asked.get(2..).and_then(|rest| dice.pick(rest)).filter(|_| dice.0.is_multiple_of(3)) else {
                    return "nothing";
                };
                self.world.sign_in("leader").await.payload(CANCEL, json!({ "input": { "sessionId": one.session } })).await;
                "call off"
            }
            _ => {
                self.world.pass(TimeDelta::minutes(i64::try_from(dice.roll(300)).unwrap_or_default()));
                self.world.work().await;
                "time passes"
            }
        }
    }

    /// Takes a place, waits for one, stops waiting, or checks in at a session that has been.
    async fn take_part(&self, dice: &mut Dice, board: &Board) -> &'static str {
        let (Some(session), Some(who)) = (dice.pick(&self.asked), dice.pick(&self.crew)) else { return "nothing" };
        let (what, query, id) = match dice.roll(4) {
            0 => ("take", TAKE, session.session.clone()),
            1 => ("join", JOIN, session.session.clone()),
            2 => ("leave", LEAVE, session.session.clone()),
            _ => {
                let mine =
                    |a: &&assignment::Model| self.mailbox(a.champion_id).is_some_and(|v| v.id == who.id) && a.starts_at < self.world.now();
                let been = sorted(board.assignments.values().filter(mine), |a| a.id);
                let Some(one) = dice.pick(&been) else { return "nothing" };
                ("check in", CHECK_IN, json!(one.id.to_global().to_string()))
            }
        };
        self.world.sign_in(&who.mailbox).await.payload(query, json!({ "id": id })).await;
        what
    }

    async fn propose(&self, one: &assignment::Model, other: &assignment::Model) {
        let (Some(who), Some(with)) = (self.mailbox(one.champion_id), self.mailbox(other.champion_id)) else { return };
        let input = json!({ "assignmentId": one.id.to_global().to_string(), "withReference": self.references[&with.id.to_string()],
            "sessionId": other.session_id.to_global().to_string() });
        self.world.sign_in(&who.mailbox).await.payload(PROPOSE, json!({ "input": input })).await;
    }
}

/// In the order of their ids, which sort by time of birth.
fn sorted<'a, R, K: Ord>(rows: impl Iterator<Item = &'a R>, key: fn(&R) -> K) -> Vec<&'a R> {
    let mut rows: Vec<&R> = rows.collect();
    rows.sort_by_key(|row| key(row));
    rows
}

both!(whatever_many_actors_do_every_state_is_legal_and_nobody_leaves_a_hole, |world| async move {
    let game = Game::set_up(&world).await;
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let mut done: HashMap<&str, usize> = HashMap::new();
    let mut before = game.opening().await;
    for _ in 0..220 {
        let what = game.turn(&mut dice, &before).await;
        let after = board(&world).await;
        check(&before, &after, what);
        *done.entry(what).or_default() += 1;
        before = after;
    }
    world.app.clock.set(format!("{HOLIDAY}T23:00:00Z").parse().expect("an instant"));
    world.work().await;
    let after = board(&world).await;
    check(&before, &after, "time passes");
    let unanswered = |b: &Board| b.sessions.values().filter(|s| s.status == SessionStatus::ToConfirm).count();
    assert_eq!((unanswered(&before), unanswered(&after)), (1, 0), "nothing waits for a word once its time has come");
    assert!(!before.waiting.is_empty() && !before.attendance.is_empty(), "somebody waited, and somebody checked in: {done:?}");
    assert!(done.len() >= 12, "the sequence went through the machines: {done:?}");
});
