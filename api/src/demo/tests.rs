//! What the demo promises.

use chrono::{DateTime, Utc};
use entity::{
    api_client, assignment, champion_request, community_group, completion, consent, counter, dbs_check, dbs_event, evidence, offer,
    organisation, place, requirement, role_grant, session, training_module, venue,
};
use rules::calendar::Span;
use rules::clearance::{ClearanceRecord, gaps};
use rules::offer::{Acceptance, OfferStatus, Openings, accept};
use rules::session::{PlaceKind, SessionStatus};
use rules::staffing::Team;
use rules::training::{ModuleStanding, standing};

use super::*;
use crate::auth::Passwords;
use crate::baseline;
use crate::clock::Clock;
use crate::config::Policy;
use crate::keys::Keys;
use crate::postcodes::Postcodes;
use crate::store::Db;
use crate::store::pool::Pool;

struct Demo {
    app: App,
    _folder: tempfile::TempDir,
}

const NOW: &str = "2026-11-21T12:00:00Z";

/// A database with the baseline and nothing else.
async fn empty(now: &str) -> Demo {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("demo.sqlite").display());
    let db = Db::open(&url, 2).await.expect("a database");
    db.migrate().await.expect("a schema");
    let now: DateTime<Utc> = now.parse().expect("an instant");
    baseline::install(&db, now).await.expect("the baseline");
    let app = App {
        db,
        clock: Clock::held(now),
        keys: Keys::from_pem(&Keys::generate_pem().expect("a key")).expect("a key"),
        passwords: Passwords::new().expect("argon2"),
        postcodes: Postcodes::load().expect("the shipped data"),
        sealing: crate::sealing::Sealing::parse("test AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").expect("a key"),
        update_service: Default::default(),
        provider: Default::default(),
        policy: Policy::default(),
        news: Default::default(),
        demo: true,
    };
    Demo { app, _folder: folder }
}

async fn seeded(now: &str) -> Demo {
    let demo = empty(now).await;
    ensure(&demo.app).await.expect("seeded");
    demo
}

impl Demo {
    fn db(&self) -> &Pool {
        self.app.db.read()
    }

    async fn count<E: EntityTrait>(&self, _: E) -> u64
    where
        E::Model: Sync,
    {
        E::find().count(self.db()).await.expect("a count")
    }

    async fn all<E: EntityTrait>(&self, _: E) -> Vec<E::Model> {
        E::find().all(self.db()).await.expect("rows")
    }

    async fn guest(&self) -> champion::Model {
        self.all(champion::Entity).await.into_iter().find(|c| c.full_name == GUEST).expect("the guest")
    }
}

#[tokio::test]
async fn every_table_has_what_is_promised() {
    let demo = seeded(NOW).await;
    assert_eq!((demo.count(organisation::Entity).await, demo.count(venue::Entity).await), (13, 30));
    assert_eq!((demo.count(community_group::Entity).await, demo.count(api_client::Entity).await), (35, 1));
    // Ten people who run things, and every volunteer but the four who only enquired.
    assert_eq!((demo.count(champion::Entity).await, demo.count(account::Entity).await), (60, 66));
    assert_eq!(demo.count(role_grant::Entity).await, 5 + 35 + 56);
    assert_eq!((demo.count(training_module::Entity).await, demo.count(requirement::Entity).await), (14, 15));
    // 35 groups, 16 weeks, less the bank holidays (five Fridays twice, six Mondays), and two that stand alone.
    assert_eq!(demo.count(session::Entity).await, 547);
    assert_eq!(demo.count(champion_request::Entity).await, 547);
    let counters = demo.all(counter::Entity).await.into_iter().map(|c| (c.name, c.value)).collect::<HashMap<_, _>>();
    assert_eq!(counters, HashMap::from([("champion".to_owned(), 60), ("request".to_owned(), 547)]));
    let stages: HashSet<Membership> = demo.all(champion::Entity).await.into_iter().map(|c| c.membership).collect();
    let missing: Vec<&Membership> = Membership::ALL.iter().filter(|m| !stages.contains(m)).collect();
    assert_eq!(missing, [&Membership::Merged]);
    let offers = demo.all(offer::Entity).await;
    let of = |status| offers.iter().filter(|o| o.status == status).count();
    assert_eq!(of(OfferStatus::Accepted), demo.all(assignment::Entity).await.len());
    assert!(of(OfferStatus::Pending) >= 8 && of(OfferStatus::Declined) >= 3 && of(OfferStatus::Expired) >= 3);
    let told = [
        demo.count(consent::Entity).await,
        demo.count(evidence::Entity).await,
        demo.count(completion::Entity).await,
        demo.count(dbs_check::Entity).await,
        demo.count(dbs_event::Entity).await,
    ];
    assert_eq!(told, [199, 542, 293, 48, 315]);
}

#[tokio::test]
async fn what_came_of_the_sessions_is_there_and_somebody_waits_for_a_full_one() {
    let demo = seeded(NOW).await;
    let now: DateTime<Utc> = NOW.parse().expect("an instant");
    let attendance = demo.all(entity::attendance::Entity).await;
    let held: HashMap<_, _> = demo.all(assignment::Entity).await.into_iter().map(|a| (a.id, a)).collect();
    assert!(attendance.iter().all(|row| held[&row.assignment_id].ends_at <= now && row.recorded_at <= now));
    assert!(attendance.iter().any(|row| row.minutes == 0) && attendance.iter().filter(|row| row.approved).count() > 100);
    let outcomes = demo.all(entity::outcome::Entity).await;
    assert!(outcomes.len() > 100 && demo.count(entity::outcome_mark::Entity).await > 500);
    let (waiting, open) = (demo.all(entity::waiting::Entity).await, demo.all(entity::group_sign_up::Entity).await);
    assert_eq!((waiting.len(), open.len()), (3, 1));
    let session = session::Entity::find_by_id(waiting[0].session_id).one(demo.db()).await.expect("a row").expect("a session");
    assert_eq!(session.group_id, open[0].group_id);
    let helpers: Vec<_> =
        demo.all(place::Entity).await.into_iter().filter(|p| p.session_id == session.id && p.kind == PlaceKind::Helper).collect();
    assert!(!helpers.is_empty() && helpers.iter().all(|p| held.values().any(|a| a.place_id == p.id)), "every place is taken");
}

#[tokio::test]
async fn starting_again_changes_nothing_and_other_databases_are_refused() {
    let demo = seeded(NOW).await;
    let before = (demo.all(offer::Entity).await, demo.all(champion::Entity).await);
    demo.app.clock.set("2026-12-01T09:00:00Z".parse().expect("an instant"));
    baseline::install(&demo.app.db, demo.app.clock.now()).await.expect("nothing to do");
    ensure(&demo.app).await.expect("nothing to do");
    assert!(before == (demo.all(offer::Entity).await, demo.all(champion::Entity).await));
    assert_eq!(demo.count(training_module::Entity).await, 14);

    let real = empty(NOW).await;
    let account = demo.all(account::Entity).await.swap_remove(0);
    let written: Result<(), Fault> = async { transact!(real.app.db, |tx| { Ok(row::insert(&tx, account.clone()).await?) }) }.await;
    written.expect("an account");
    let refusal = ensure(&real.app).await.expect_err("refused");
    assert_eq!(refusal.to_string(), "this database is not a demo: refusing to seed it");
}

#[tokio::test]
async fn the_same_day_gives_the_same_rows() {
    let (one, two) = (seeded(NOW).await, seeded("2026-11-21T08:30:00Z").await);
    assert!(one.all(champion::Entity).await == two.all(champion::Entity).await);
    assert!(one.all(session::Entity).await == two.all(session::Entity).await);
    assert!(one.all(place::Entity).await == two.all(place::Entity).await);
    assert!(one.all(offer::Entity).await == two.all(offer::Entity).await);
    assert!(one.all(assignment::Entity).await == two.all(assignment::Entity).await);
    assert!(one.all(dbs_event::Entity).await == two.all(dbs_event::Entity).await);
}

#[tokio::test]
async fn everybody_on_the_rota_to_come_is_cleared_on_the_day() {
    let demo = seeded(NOW).await;
    let now = demo.app.clock.now();
    let sessions = facts::needs(demo.db(), demo.all(session::Entity).await).await.expect("needs");
    let sessions: HashMap<_, _> = sessions.into_iter().map(|s| (s.session.id, s)).collect();
    let ids: Vec<ChampionId> = demo.all(champion::Entity).await.iter().map(|c| c.id).collect();
    let people = facts::champions(demo.db(), Which::These(&ids)).await.expect("champions");
    let people: HashMap<_, _> = people.into_iter().map(|p| (p.id, p)).collect();
    let to_come: Vec<_> = demo.all(assignment::Entity).await.into_iter().filter(|a| a.starts_at > now).collect();
    let mut filled = 0;
    for one in &to_come {
        let facts = &sessions[&one.session_id];
        let kind = facts.places.iter().find(|(id, _)| *id == one.place_id).expect("a place").1;
        let person = &people[&one.champion_id];
        let others = person.bookings.iter().filter(|b| b.with_children && b.session != one.session_id).map(|b| b.date);
        let record = ClearanceRecord { child_dates: others.collect(), ..person.clearance.clone() };
        let found = gaps(facts.need(kind).expect("a need"), &record);
        assert!(found.is_empty(), "{} on {}: {found:?}", facts.session.title, facts.session.local_date);
        filled += usize::from(kind != PlaceKind::Shadow);
    }
    let wanted: usize = sessions
        .values()
        .filter(|s| s.session.starts_at > now)
        .map(|s| s.places.iter().filter(|(_, kind)| *kind != PlaceKind::Shadow).count())
        .sum();
    assert!((65..85).contains(&(filled * 100 / wanted)), "{filled} of {wanted} places are filled");
}

#[tokio::test]
async fn on_any_day_the_guest_has_offers_to_accept_and_the_leader_places_to_fill() {
    for now in [NOW, "2026-12-21T00:10:00Z", "2027-03-24T09:00:00Z", "2027-07-06T22:59:00Z", "2027-10-28T12:00:00Z"] {
        let demo = seeded(now).await;
        let now = demo.app.clock.now();
        let guest = demo.guest().await.id;
        let offers = demo.all(offer::Entity).await;
        let pending: Vec<_> = offers.iter().filter(|o| o.champion_id == guest && o.status == OfferStatus::Pending).collect();
        let record = facts::champions(demo.db(), Which::These(&[guest])).await.expect("a record").remove(0);
        let mut spans: Vec<Span> = Vec::new();
        for one in &pending {
            let session = store::session::find(demo.db(), one.session_id).await.expect("a session").expect("a session");
            let facts = facts::need(demo.db(), session).await.expect("a need");
            let taken: HashSet<_> =
                store::offer::confirmed(demo.db(), &[one.session_id]).await.expect("rows").iter().map(|a| a.place_id).collect();
            let open = facts.places.iter().filter(|(id, kind)| *kind == one.kind && !taken.contains(id)).map(|(id, _)| *id);
            let openings = Openings { status: SessionStatus::Scheduled, places: open.collect(), team: Team::default() };
            let need = facts.need(one.kind).expect("a need");
            let verdict = accept(crate::service::offer::fact(one), &openings, need, &record, now);
            assert!(matches!(verdict, Ok(Acceptance::Takes(_))), "{now}: {verdict:?}");
            assert!(spans.iter().all(|other| !other.overlaps(need.span)), "{now}: two offers overlap");
            spans.push(need.span);
        }
        assert!(pending.len() >= 2, "{now}: {} offers", pending.len());
        assert!(demo.leader_has_open_places(now).await, "{now}");
    }
}

impl Demo {
    async fn leader_has_open_places(&self, now: DateTime<Utc>) -> bool {
        let leader = self.all(account::Entity).await.into_iter().find(|a| a.email.starts_with("leader@")).expect("the leader");
        let grants = self.all(role_grant::Entity).await.into_iter().filter(|g| g.account_id == leader.id);
        let groups: Vec<_> = grants.filter_map(|g| g.group_id).collect();
        assert_eq!(groups.len(), 2);
        let filter =
            store::session::Filter { from: Some(now), groups: Some(groups), uncovered_only: true, ..store::session::Filter::default() };
        store::session::select(&filter).count(self.db()).await.expect("a count") > 0
    }
}

#[tokio::test]
async fn nobody_has_a_module_before_what_comes_first_or_anything_from_the_future() {
    let demo = seeded(NOW).await;
    let now = demo.app.clock.now();
    let catalogue = store::training::catalogue(demo.db()).await.expect("modules");
    let rows = demo.all(completion::Entity).await;
    for one in &rows {
        let theirs: Vec<_> = rows.iter().filter(|c| c.champion_id == one.champion_id).map(facts::completion_fact).collect();
        let (module, fact) = &catalogue[&one.module_id];
        for first in &fact.prerequisites {
            let held = standing(*first, &theirs, one.completed_on);
            assert!(matches!(held, ModuleStanding::Held { .. }), "{} on {}: {held:?}", module.code, one.completed_on);
        }
        assert!(one.recorded_at <= now);
    }
    assert!(demo.all(evidence::Entity).await.iter().all(|e| e.recorded_at <= now));
    assert!(demo.all(dbs_event::Entity).await.iter().all(|e| e.at <= now));
    assert!(demo.all(offer::Entity).await.iter().all(|o| o.sent_at <= now && o.responded_at.is_none_or(|at| at <= now)));
    let joined = demo.all(champion::Entity).await;
    assert!(joined.iter().all(|c| c.created_at <= c.membership_changed_at && c.membership_changed_at <= now));
    for champion in joined {
        let input = rules::input::email("email", &champion.email).expect("an address");
        assert_eq!(input.key, champion.email_key);
    }
}

#[tokio::test]
async fn what_goes_on_is_there_once() {
    let demo = seeded(NOW).await;
    for _ in 0..2 {
        enliven(&demo.app).await.expect("a lively demo");
    }
    assert_eq!(demo.count(entity::series::Entity).await, 1);
    let statuses: Vec<SessionStatus> = demo.all(session::Entity).await.into_iter().map(|s| s.status).collect();
    let asked = statuses.iter().filter(|status| **status == SessionStatus::ToConfirm).count();
    assert_eq!(asked, 1, "28 December 2026 waits for the leader's word");
    assert!(demo.all(session::Entity).await.iter().any(|s| s.version == 2), "one session was moved");
    assert_eq!((demo.count(entity::swap::Entity).await, demo.count(entity::offer_waves::Entity).await), (1, 1));
    assert_eq!(demo.count(entity::calendar_feed::Entity).await, 2);
    let denied = demo.all(entity::audit_event::Entity).await.into_iter().filter(|row| row.outcome == "DENIED").count();
    assert_eq!(denied, 0, "nobody tried what they may not");
}
