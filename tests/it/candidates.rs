//! Champions in memory: what they answer is what the tables say, whoever wrote to them, and whatever the order of commits.

use std::collections::HashMap;

use api::app::Call;
use api::clock::new_id;
use api::graphql::id::NodeId;
use api::service::matching::{Wanted as Place, for_sessions};
use api::store::facts::{self, SessionFactsRow, Which};
use api::store::taking;
use api::store::transaction::Transaction;
use chrono::{Days, TimeDelta};
use entity::{
    acceptance, assignment, availability_exception, availability_window, champion, champion_area, champion_language, champion_topic,
    completion, dbs_check, evidence, exemption, organisation, place, place_module, requirement, session, session_topic, venue,
};
use rules::acceptance::ReliesOn;
use rules::assignment::AssignmentStatus;
use rules::champion::Membership;
use rules::id::{ChampionId, SessionId};
use rules::matching::{Blocker, ChampionRecord, Ranking, blockers, done_before, rank_by};
use rules::offer::OfferStatus;
use rules::proposal::FIRST_SESSIONS;
use rules::session::PlaceKind;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};

use crate::both;
use crate::harness::booking::ACCEPT;
use crate::harness::{Backend, World, uuid};

type Wanted = Vec<(SessionId, PlaceKind)>;

/// Some sessions ahead, with every kind of place.
async fn wanted(world: &World) -> Wanted {
    let ahead = session::Entity::find().filter(session::Column::StartsAt.gt(world.now())).order_by_asc(session::Column::Id);
    let ids: Vec<SessionId> = ahead.all(world.app.db.read()).await.expect("sessions").iter().map(|s| s.id).collect();
    assert!(ids.len() > 5);
    ids.into_iter().step_by(4).take(8).flat_map(|id| PlaceKind::ALL.iter().map(move |kind| (id, *kind))).collect()
}

fn call(world: &World) -> Call {
    Call::by_the_clock("test", world.now())
}

async fn remembered(world: &World, wanted: &Wanted) -> HashMap<(SessionId, PlaceKind), Ranking> {
    let place =
        |counted| move |(session, kind): &(SessionId, PlaceKind)| Place { session: *session, kind: *kind, most: usize::MAX, counted };
    let places: Vec<Place> = wanted.iter().flat_map(|one| [true, false].map(|counted| place(counted)(one))).collect();
    let mut found = for_sessions(&world.app, &call(world), &places).await.expect("rankings");
    for (alone, best) in found.extract_if(|place, _| !place.counted).collect::<Vec<_>>() {
        let full = &found[&Place { counted: true, ..alone }].found;
        assert_eq!((&best.found.top, best.found.total, best.found.blocked_total), (&full.top, full.total, full.blocked_total));
    }
    for (named, _) in found.values().flat_map(|ranked| ranked.people.iter().take(3)) {
        let row = champion::Entity::find_by_id(named.id).one(world.app.db.read()).await.expect("a row").expect("a champion");
        assert_eq!((&named.full_name, &named.known_as, named.number), (&row.full_name, &row.known_as, row.number));
    }
    found.into_iter().map(|(place, ranked)| ((place.session, place.kind), Ranking::from(ranked.found))).collect()
}

/// The same from the tables, champion by champion.
async fn computed(world: &World, wanted: &Wanted) -> HashMap<(SessionId, PlaceKind), Ranking> {
    let conn = world.app.db.snapshot().await.expect("a view");
    let rows = api::store::session::many(&conn, wanted.iter().map(|w| w.0)).await.expect("sessions");
    let needs = facts::needs(&conn, rows).await.expect("needs");
    let champions = facts::champions(&conn, Which::Open).await.expect("champions");
    let ranked = |(id, kind): &(SessionId, PlaceKind)| {
        let need = needs.iter().find(|n| n.session.id == *id)?.need(*kind)?;
        Some(((*id, *kind), rank_by(need, &champions, &world.app.policy.match_weights, world.now())))
    };
    wanted.iter().filter_map(ranked).collect()
}

/// Holds the memory to the tables; answers what both say.
async fn agreed(world: &World, wanted: &Wanted, after: &str) -> HashMap<(SessionId, PlaceKind), Ranking> {
    judged_alike(world, wanted, after).await;
    let remembered = remembered(world, wanted).await;
    assert_eq!(remembered, computed(world, wanted).await, "after {after}");
    judged_alike(world, wanted, after).await;
    remembered
}

/// Holds what an acceptance goes by to the tables, whether memory has moved on or not: a champion for each place.
async fn judged_alike(world: &World, wanted: &Wanted, after: &str) {
    let (db, tx) = (&world.app.db, world.app.db.snapshot().await.expect("a view"));
    let people = champion::Entity::find().order_by_asc(champion::Column::Id).all(&tx).await.expect("champions");
    for (number, (session_id, kind)) in wanted.iter().enumerate() {
        let row = people[(number * 7 + after.len()) % people.len()].clone();
        let session = session::Entity::find_by_id(*session_id).one(&tx).await.expect("a row").expect("a session");
        let around = taking::around(&tx, &an_offer(row.id, *session_id, *kind)).await.expect("what stands around");
        let read = facts::need(&tx, session).await.expect("a need");
        let asked = db.asked(&tx, &around.numbers, *session_id).await.expect("a need");
        let said = |facts: &SessionFactsRow| (facts.session.clone(), facts.need(*kind).cloned(), facts.places.clone());
        assert_eq!(said(&asked), said(&read), "after {after}");
        let (Some(need), whom) = (read.need(*kind), &[row.id]) else { continue };
        let record = facts::champions(&tx, Which::These(whom)).await.expect("a record").remove(0);
        let bound = db.bound(&tx, &around.numbers, (row.id, need), world.now().date_naive()).await.expect("a record");
        let said = |record: &ChampionRecord| {
            let binding: Vec<Blocker> = blockers(need, record).into_iter().filter(Blocker::is_binding).collect();
            (binding, done_before(record, need.span.from).min(FIRST_SESSIONS))
        };
        assert_eq!(said(&bound), said(&record), "after {after}");
    }
}

fn an_offer(champion_id: ChampionId, session_id: SessionId, kind: PlaceKind) -> entity::offer::Model {
    let nobody = uuid::Uuid::nil();
    entity::offer::Model {
        id: rules::id::OfferId(nobody),
        request_id: rules::id::RequestId(nobody),
        session_id,
        champion_id,
        kind,
        status: OfferStatus::Pending,
        message: String::new(),
        sent_by: None,
        sent_at: Default::default(),
        expires_at: Default::default(),
        responded_at: None,
        decline_reason: None,
        bundle_id: None,
    }
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("a number") % n
    }
}

/// Changes a fact of somebody by any of the ways there are; says how.
async fn write(world: &World, tx: &Transaction, dice: &mut Dice) -> &'static str {
    let people = champion::Entity::find().order_by_asc(champion::Column::Id).all(tx).await.expect("champions");
    let mut who = people[dice.below(people.len())].clone();
    let (id, today) = (who.id, world.now().date_naive());
    let done = match dice.below(22) {
        0 => {
            who.reach_metres = if who.reach_metres > 2_000 { 500 } else { 20_000 };
            who.known_as = Some(format!("Known by {}", dice.below(1_000)));
            // A move: north to another district, or back.
            who.latitude = who.latitude.map(|home| if home < 54.0 { home + 1.5 } else { home - 1.5 });
            (champion::Entity::update(who.into_active_model().reset_all()).exec(tx).await.map(drop), "a journey")
        }
        1 => {
            who.membership = Membership::ALL[dice.below(Membership::ALL.len())];
            (champion::Entity::update(who.into_active_model().reset_all()).exec(tx).await.map(drop), "a membership")
        }
        2 => {
            who.last_asked_at = Some(world.now() - TimeDelta::hours(5));
            who.most_per_week = Some(1);
            (champion::Entity::update(who.into_active_model().reset_all()).exec(tx).await.map(drop), "an asking")
        }
        3 => (gone::<champion_language::Entity>(tx, champion_language::Column::ChampionId, id).await, "languages gone"),
        4 => (gone::<champion_topic::Entity>(tx, champion_topic::Column::ChampionId, id).await, "topics gone"),
        5 => (gone::<evidence::Entity>(tx, evidence::Column::ChampionId, id).await, "evidence gone"),
        6 => (gone::<exemption::Entity>(tx, exemption::Column::ChampionId, id).await, "exemptions gone"),
        7 => (gone::<availability_window::Entity>(tx, availability_window::Column::ChampionId, id).await, "windows gone"),
        8 => (borrow(tx, id, dice).await, "a window more"),
        9 => {
            let away = availability_exception::Model {
                id: new_id(world.now() + TimeDelta::microseconds(i64::try_from(dice.below(1 << 30)).expect("a number"))),
                champion_id: id,
                kind: rules::availability::ExceptionKind::Away,
                first_date: today,
                last_date: today + Days::new(30),
                starts: None,
                ends: None,
                zone: "Europe/London".to_owned(),
                reason: None,
                created_at: world.now(),
            };
            (availability_exception::Entity::insert(away.into_active_model()).exec(tx).await.map(drop), "leave")
        }
        10 => {
            let revoke = completion::Entity::update_many().col_expr(completion::Column::RevokedAt, Expr::value(world.now()));
            (revoke.filter(completion::Column::ChampionId.eq(id)).exec(tx).await.map(drop), "training taken back")
        }
        11 => {
            let lapse = dbs_check::Entity::update_many().col_expr(dbs_check::Column::RecheckDueOn, Expr::value(today));
            (lapse.filter(dbs_check::Column::ChampionId.eq(id)).exec(tx).await.map(drop), "a lapsed check")
        }
        12 => (organisations(tx, dice, |row| organisation::Model { asks_acceptance: !row.asks_acceptance, ..row }).await, "a switch"),
        13 => (accept(world, tx, dice, id).await, "a word"),
        14 => {
            let all = organisation::Entity::find().order_by_asc(organisation::Column::Id).all(tx).await.expect("organisations");
            let by = all[dice.below(all.len())].id;
            let obtain = dbs_check::Entity::update_many().col_expr(dbs_check::Column::ObtainedBy, Expr::value(by));
            (obtain.filter(dbs_check::Column::ChampionId.eq(id)).exec(tx).await.map(drop), "a check of one's own")
        }
        15 => (serve(tx, id, dice).await, "an area"),
        16..=20 => (ask_otherwise(world, tx, dice).await, "a session that asks for something else"),
        _ => (book(world, tx, dice).await, "a booking ended or moved"),
    };
    done.0.expect("written");
    done.1
}

/// Changes one organisation.
async fn organisations(
    tx: &Transaction,
    dice: &mut Dice,
    change: impl Fn(organisation::Model) -> organisation::Model,
) -> Result<(), sea_orm::DbErr> {
    let mut all = organisation::Entity::find().order_by_asc(organisation::Column::Id).all(tx).await?;
    let changed = change(all.swap_remove(dice.below(all.len())));
    organisation::Entity::update(changed.into_active_model().reset_all()).exec(tx).await.map(drop)
}

/// An organisation's word on a champion.
async fn accept(world: &World, tx: &Transaction, dice: &mut Dice, id: ChampionId) -> Result<(), sea_orm::DbErr> {
    let all = organisation::Entity::find().order_by_asc(organisation::Column::Id).all(tx).await?;
    let word = acceptance::Model {
        id: new_id(world.now()),
        organisation_id: all[dice.below(all.len())].id,
        champion_id: id,
        accepted: dice.below(3) > 0,
        relies_on: ReliesOn::DbsDecision,
        decided_by: None,
        decided_at: world.now() - TimeDelta::minutes(i64::try_from(dice.below(1 << 20)).expect("a number")),
    };
    acceptance::Entity::insert(word.into_active_model()).exec(tx).await.map(drop)
}

async fn gone<E: EntityTrait>(tx: &Transaction, column: E::Column, id: ChampionId) -> Result<(), sea_orm::DbErr> {
    E::delete_many().filter(column.eq(id)).exec(tx).await.map(drop)
}

/// Changes what a session that is looked at asks for, or what all of them do.
async fn ask_otherwise(world: &World, tx: &Transaction, dice: &mut Dice) -> Result<(), sea_orm::DbErr> {
    let ahead = session::Entity::find().filter(session::Column::StartsAt.gt(world.now())).order_by_asc(session::Column::Id);
    let ids: Vec<SessionId> = ahead.all(tx).await?.iter().map(|s| s.id).step_by(4).take(8).collect();
    let id = ids[dice.below(ids.len())];
    match dice.below(7) {
        0 => session_topic::Entity::delete_many().filter(session_topic::Column::SessionId.eq(id)).exec(tx).await.map(drop),
        1 => {
            let places = place::Entity::find().filter(place::Column::SessionId.eq(id)).all(tx).await?;
            let of = place_module::Column::PlaceId.is_in(places.iter().map(|place| place.id));
            place_module::Entity::delete_many().filter(of).exec(tx).await.map(drop)
        }
        2 => {
            let kind = if dice.below(2) == 0 { PlaceKind::Lead } else { PlaceKind::Helper };
            let all = place::Entity::update_many().col_expr(place::Column::Kind, Expr::value(kind.code()));
            all.filter(place::Column::SessionId.eq(id)).exec(tx).await.map(drop)
        }
        3 => {
            let language = (dice.below(2) == 0).then(|| "pol".to_owned());
            let other = session::Entity::update_many().col_expr(session::Column::Language, Expr::value(language));
            other.filter(session::Column::Id.eq(id)).exec(tx).await.map(drop)
        }
        4 => {
            let north = Expr::col(venue::Column::Latitude).add(if dice.below(2) == 0 { 0.05 } else { -0.05 });
            venue::Entity::update_many().col_expr(venue::Column::Latitude, north).exec(tx).await.map(drop)
        }
        5 => {
            let count = Expr::value(if dice.below(2) == 0 { 1 } else { 3 });
            requirement::Entity::update_many().col_expr(requirement::Column::Count, count).exec(tx).await.map(drop)
        }
        _ => {
            let pace = rules::travel::Pace::new(i64::try_from(dice.below(60)).expect("minutes"), 100).expect("a pace");
            api::store::travel::agree(tx, pace).await
        }
    }
}

/// Everywhere that sessions are is served, or nothing is.
async fn serve(tx: &Transaction, id: ChampionId, dice: &mut Dice) -> Result<(), sea_orm::DbErr> {
    gone::<champion_area::Entity>(tx, champion_area::Column::ChampionId, id).await?;
    for n in (1..9).take(dice.below(9)) {
        let area = champion_area::Model { champion_id: id, area: format!("SK{n}") };
        champion_area::Entity::insert(area.into_active_model()).exec(tx).await?;
    }
    Ok(())
}

/// Somebody's window becomes another's: both change.
async fn borrow(tx: &Transaction, id: ChampionId, dice: &mut Dice) -> Result<(), sea_orm::DbErr> {
    let all = availability_window::Entity::find().order_by_asc(availability_window::Column::Id).all(tx).await?;
    if all.is_empty() {
        return Ok(());
    }
    let window = availability_window::Model { champion_id: id, ..all[dice.below(all.len())].clone() };
    availability_window::Entity::update(window.into_active_model().reset_all()).exec(tx).await.map(drop)
}

/// Ends a booking, or moves its session to another day without touching the booking.
async fn book(world: &World, tx: &Transaction, dice: &mut Dice) -> Result<(), sea_orm::DbErr> {
    let confirmed = assignment::Entity::find().filter(assignment::Column::Status.eq(AssignmentStatus::Confirmed));
    let confirmed = confirmed.order_by_asc(assignment::Column::Id).all(tx).await?;
    if confirmed.is_empty() {
        return Ok(());
    }
    let booking = confirmed[dice.below(confirmed.len())].clone();
    if dice.below(2) == 0 {
        let ended = assignment::Model { status: AssignmentStatus::Withdrawn, ended_at: Some(world.now()), ..booking };
        return assignment::Entity::update(ended.into_active_model().reset_all()).exec(tx).await.map(drop);
    }
    let Some(row) = session::Entity::find_by_id(booking.session_id).one(tx).await? else { return Ok(()) };
    let day = TimeDelta::days(1);
    let moved = session::Model { starts_at: row.starts_at + day, ends_at: row.ends_at + day, local_date: row.local_date + day, ..row };
    session::Entity::update(moved.into_active_model().reset_all()).exec(tx).await.map(drop)
}

#[tokio::test]
async fn asking_for_everybody_takes_no_room_for_reading_them() {
    let world = World::new(Backend::Sqlite).await.expect("a world");
    let today = world.now().date_naive();
    let room = size_of_val(&world.app.db.candidates(today)).max(size_of_val(&world.app.db.matching(&[], today)));
    assert!(room < 8 * 1024, "every query has room for the largest of what any field may do: {room} bytes here");
}

both!(memory_agrees_with_the_tables_after_every_write, |world| async move {
    world.everybody_comes().await;
    let wanted = wanted(&world).await;
    let (mut dice, mut different) = (Dice(11), 0);
    let mut before = agreed(&world, &wanted, "nothing").await;
    assert!(before.values().any(|r| !r.matches.is_empty()), "there is somebody to lose");
    for round in 0..100 {
        let tx = world.app.db.begin().await.expect("a transaction");
        let mut what = write(&world, &tx, &mut dice).await;
        for _ in 0..dice.below(3) {
            what = write(&world, &tx, &mut dice).await;
        }
        if round % 7 == 3 {
            assert_eq!(agreed(&world, &wanted, "a write under way").await, before, "it is not there yet");
            tx.rollback().await.expect("rolled back");
        } else {
            tx.commit().await.expect("committed");
        }
        let after = agreed(&world, &wanted, what).await;
        different += usize::from(after != before);
        before = after;
    }
    assert!(different > 15, "{different} of the writes were seen at all");
});

both!(memory_follows_what_is_done_through_the_api, |world| async move {
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let asked = leader.ask_for(&world.free_session().await).await;
    let wanted = wanted(&world).await.into_iter().chain([(SessionId(uuid(&asked.session)), PlaceKind::Helper)]).collect();
    agreed(&world, &wanted, "nothing").await;
    let who = world.matched(&asked.session, &volunteers).await.remove(0);
    let offer = leader.offer(&asked.request, std::slice::from_ref(&who)).await.remove(0);
    let offered = agreed(&world, &wanted, "an offer").await;
    world.sign_in(&who.mailbox).await.done(ACCEPT, serde_json::json!({ "id": offer })).await;
    assert_ne!(agreed(&world, &wanted, "a yes").await, offered, "whoever is placed is not there to be asked again");
});

both!(a_document_that_asks_twice_does_not_wait_for_itself, |world| async move {
    const TWICE: &str = "query($a: ID!, $b: ID!) { a: session(id: $a) { matches(first: 3) { totalCount } } \
        b: session(id: $b) { title matches(first: 3) { edges { node { displayName } } } } }";
    world.everybody_comes().await;
    let coordinator = world.sign_in("coordinator").await;
    let ids: Vec<SessionId> = wanted(&world).await.into_iter().map(|(id, _)| id).collect();
    let ids = [ids[0].to_global(), ids[ids.len() - 1].to_global()];
    for round in 0..12 {
        // Somebody changes in between, so that whoever matches next moves memory on.
        let change = async {
            let nearer = champion::Entity::update_many().col_expr(champion::Column::ReachMetres, Expr::value(5_000 + round));
            nearer.filter(champion::Column::Number.lte(3)).exec(world.app.db.single()).await.expect("updated");
        };
        let ask = || coordinator.ask(TWICE, serde_json::json!({ "a": ids[0], "b": ids[1] }));
        let (_, answers) = futures_util::join!(change, futures_util::future::join_all((0..8).map(|_| ask())));
        assert!(answers.iter().all(|answer| answer["a"]["matches"]["totalCount"].is_number() && answer["b"]["title"].is_string()));
    }
});

/// How many champions memory knows as they are: what it gives out twice is the same.
async fn known(world: &World, session: SessionId) -> usize {
    let (db, tx) = (&world.app.db, world.app.db.snapshot().await.expect("a view"));
    let row = session::Entity::find_by_id(session).one(&tx).await.expect("a row").expect("a session");
    let need = facts::need(&tx, row).await.expect("a need");
    let need = need.need(PlaceKind::Helper).expect("a helper's place");
    let mut known = 0;
    for person in champion::Entity::find().all(&tx).await.expect("champions") {
        let around = taking::around(&tx, &an_offer(person.id, session, PlaceKind::Helper)).await.expect("what stands around");
        let bound = async || db.bound(&tx, &around.numbers, (person.id, need), world.now().date_naive()).await.expect("a record");
        known += usize::from(std::sync::Arc::ptr_eq(&bound().await, &bound().await));
    }
    known
}

both!(those_who_changed_are_read_with_nobody_waiting, |world| async move {
    world.everybody_comes().await;
    let wanted = wanted(&world).await;
    agreed(&world, &wanted, "nothing").await;
    let session = wanted.iter().find(|(_, kind)| *kind == PlaceKind::Helper).expect("a helper's place").0;
    let all = world.app.db.candidates(world.now().date_naive()).await.expect("a view").people().index.len();
    assert!(all > 32, "more than are read at a time: {all}");
    let mut steps = vec![all];
    // Memory may be at it already, for what changed before.
    for round in 0..20 {
        let nearer = champion::Entity::update_many().col_expr(champion::Column::ReachMetres, Expr::value(4_000 + round));
        nearer.exec(world.app.db.single()).await.expect("updated");
        steps = vec![known(&world, session).await];
        if steps[0] < all {
            break;
        }
    }
    while steps.last() < Some(&all) {
        assert!(steps.len() < 200, "they are never read: {steps:?}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        // Somebody changes again meanwhile.
        if steps.len() < 5 {
            let farther = champion::Entity::update_many().col_expr(champion::Column::ReachMetres, Expr::value(9_000));
            let some = farther.filter(champion::Column::Number.lte(20));
            some.exec(world.app.db.single()).await.expect("updated");
        }
        judged_alike(&world, &wanted, "some were read").await;
        steps.push(known(&world, session).await);
    }
    assert!(steps[0] < all, "they were not known at once: {steps:?}");
    agreed(&world, &wanted, "all were read").await;
});

both!(too_many_changes_at_once_are_read_as_everybody, |world| async move {
    let wanted = wanted(&world).await;
    agreed(&world, &wanted, "nothing").await;
    let tx = world.app.db.begin().await.expect("a transaction");
    // Champions who are gone again.
    for n in 0..600u128 {
        let id = ChampionId(uuid::Uuid::from_u128(n));
        let row = entity::champion_change::Model { champion_id: id, changed: 1_000_000_000_000 };
        entity::champion_change::Entity::insert(row.into_active_model()).exec(&tx).await.expect("inserted");
    }
    let nearer = champion::Entity::update_many().col_expr(champion::Column::ReachMetres, Expr::value(100));
    nearer.exec(&tx).await.expect("updated");
    tx.commit().await.expect("committed");
    agreed(&world, &wanted, "everybody's change").await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_replica_and_a_late_commit_are_seen() {
    let Some(world) = World::new(Backend::Postgres).await else {
        return eprintln!("left out: PostgreSQL (set DIGIKNOW_TEST_POSTGRES_URL)");
    };
    world.everybody_comes().await;
    let replica = world.replica().await;
    let wanted = wanted(&world).await;
    let first = agreed(&world, &wanted, "nothing").await;
    agreed(&replica, &wanted, "nothing").await;
    let people = champion::Entity::find().order_by_asc(champion::Column::Id).all(world.app.db.read()).await.expect("champions");
    let found = first.values().flat_map(|r| r.matches.iter().map(|m| m.champion)).collect::<std::collections::BTreeSet<_>>();
    let mut found = found.into_iter();
    let (early, late) = (found.next().expect("somebody"), found.next().expect("somebody else"));
    let stay = async |tx: &Transaction, id: ChampionId| {
        let row = people.iter().find(|p| p.id == id).expect("a champion").clone();
        let home = champion::Model { membership: Membership::Left, ..row };
        champion::Entity::update(home.into_active_model().reset_all()).exec(tx).await.expect("updated");
    };
    // The first to begin, and so the smaller number, is the last to commit.
    let slow = world.app.db.begin().await.expect("a transaction");
    stay(&slow, late).await;
    let quick = world.app.db.begin().await.expect("a transaction");
    stay(&quick, early).await;
    quick.commit().await.expect("committed");
    for each in [&world, &replica] {
        let now = agreed(each, &wanted, "the quick one").await;
        assert!(now.values().all(|r| r.matches.iter().all(|m| m.champion != early)));
        assert!(now.values().any(|r| r.matches.iter().any(|m| m.champion == late)));
    }
    slow.commit().await.expect("committed");
    for each in [&world, &replica, &world] {
        let now = agreed(each, &wanted, "the slow one").await;
        assert!(now.values().all(|r| r.matches.iter().all(|m| m.champion != late)));
    }
    // Whoever writes past the service is seen too.
    let tx = world.app.db.begin().await.expect("a transaction");
    tx.execute_unprepared("UPDATE champion SET reach_metres = 300").await.expect("updated");
    tx.commit().await.expect("committed");
    agreed(&replica, &wanted, "a write by hand").await;
}
