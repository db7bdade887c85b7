//! Offers: asking, answering, and why an answer is refused.

use chrono::TimeDelta;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::both;
use crate::harness::booking::{ACCEPT, CANCEL, DECLINE, GIVE_UP, SEND, Volunteer, with};
use crate::harness::{Persona, World, uuid};

const OFFER: &str = "query($id: ID!) { node(id: $id) { ... on Offer { id status viewerCannotAcceptReasons { code message } } } }";
const ACCEPT_ALONE: &str =
    "mutation($id: ID!) { offerAccept(input: {offerId: $id}) { assignment { id status } userErrors { code field message } } }";
const WITHDRAW: &str =
    "mutation($id: ID!) { offerWithdraw(input: {offerId: $id}) { offer { id status } userErrors { code field message } } }";
const RELEASE: &str =
    "mutation($id: ID!) { assignmentRelease(input: {assignmentId: $id}) { assignment { id status } userErrors { code field message } } }";

/// The pending offers of the demo's champion.
async fn pending(champion: &Persona<'_>) -> Vec<Value> {
    let data = champion.ask("{ viewer { champion { offers(statuses: [PENDING]) { nodes { id status viewerCannotAcceptReasons { code message } session { id title startsAt } } } } } }", json!({})).await;
    data["viewer"]["champion"]["offers"]["nodes"].as_array().cloned().expect("offers")
}

/// A request of `leader@` with one place on a free Sunday, and offers to so many who could take it.
struct Invited {
    request: Value,
    session: Value,
    who: Vec<Volunteer>,
    offers: Vec<Value>,
}

async fn invited(world: &World, over: Value, count: usize) -> Invited {
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let asked = leader.ask_for(&with(world.free_session().await, over)).await;
    let who: Vec<_> = world.matched(&asked.session, &volunteers).await.into_iter().take(count).collect();
    assert_eq!(who.len(), count, "the demo has champions enough");
    let offers = leader.offer(&asked.request, &who).await;
    Invited { request: asked.request, session: asked.session, who, offers }
}

impl Invited {
    async fn answer(&self, world: &World, index: usize, query: &str) -> Value {
        world.sign_in(&self.who[index].mailbox).await.payload(query, json!({ "id": self.offers[index] })).await
    }

    /// What accepting is refused with; what was shown before must be the same.
    async fn refused(&self, world: &World, index: usize) -> Vec<String> {
        let champion = world.sign_in(&self.who[index].mailbox).await;
        let shown = champion.ask(OFFER, json!({ "id": self.offers[index] })).await["node"]["viewerCannotAcceptReasons"].clone();
        let codes = champion.refused(ACCEPT, json!({ "id": self.offers[index] })).await;
        let shown: Vec<_> = shown.as_array().expect("reasons").iter().map(|r| r["code"].as_str().expect("a code")).collect();
        assert_eq!(shown, codes, "what is shown is what is enforced");
        codes
    }
}

both!(accepting_takes_two_reads_and_one_statement_of_writes_where_nothing_has_changed, |world| async move {
    let invited = invited(&world, json!({}), 1).await;
    let champion = world.sign_in(&invited.who[0].mailbox).await;
    // Memory hears of the offer with the next who matches.
    world.matched(&invited.session, &[]).await;
    world.statements.lock().expect("a list").clear();
    champion.done(ACCEPT_ALONE, json!({ "id": invited.offers[0] })).await;
    let sent = world.statements.lock().expect("a list").clone();
    let reads = sent.iter().filter(|statement| statement.starts_with("SELECT")).count();
    assert_eq!((reads, sent.len()), (3, 4), "who asks, what is locked, what stands around; what is written: {sent:#?}");
});

both!(a_session_that_memory_does_not_know_takes_three_more, |world| async move {
    let (known, changed) = (invited(&world, json!({}), 1).await, invited(&world, json!({}), 1).await);
    let champion = world.sign_in(&changed.who[0].mailbox).await;
    world.app.db.single().execute_unprepared("UPDATE session SET title = title").await.expect("changed");
    world.matched(&known.session, &[]).await;
    world.statements.lock().expect("a list").clear();
    champion.done(ACCEPT_ALONE, json!({ "id": changed.offers[0] })).await;
    let sent = world.statements.lock().expect("a list").clone();
    assert_eq!(sent.len(), 7, "the session, its places, what is beside; what all sessions share is known of the other: {sent:#?}");
});

both!(accepting_an_offer_takes_the_place_and_twice_is_the_same, |world| async move {
    let champion = world.sign_in("champion").await;
    let offers = pending(&champion).await;
    assert!(offers.len() >= 2, "the demo's champion has two offers to answer: {offers:#?}");
    assert_eq!(offers[0]["viewerCannotAcceptReasons"], json!([]));
    let first = champion.done(ACCEPT, json!({ "id": offers[0]["id"] })).await;
    assert_eq!(first["assignment"]["status"], "CONFIRMED");
    assert_eq!(first["assignment"]["clearedForSession"], true);
    let again = champion.done(ACCEPT, json!({ "id": offers[0]["id"] })).await;
    assert_eq!(first, again);
});

both!(somebody_elses_offer_is_not_found, |world| async move {
    let champion = world.sign_in("champion").await;
    let offer = pending(&champion).await[0]["id"].clone();
    for other in ["leader", "coordinator", "trainer"] {
        let code = world.sign_in(other).await.fault(ACCEPT, json!({ "id": offer })).await;
        assert_eq!(code, "FORBIDDEN", "{other} is no champion");
    }
    assert_eq!(world.stranger().fault(ACCEPT, json!({ "id": offer })).await, "UNAUTHENTICATED");
    let volunteers = world.everybody_comes().await;
    let another = volunteers.iter().find(|v| v.mailbox != "champion").expect("another champion");
    let another = world.sign_in(&another.mailbox).await;
    for query in [ACCEPT, DECLINE] {
        assert_eq!(another.refused(query, json!({ "id": offer })).await, ["NOT_FOUND"]);
    }
    assert_eq!(another.ask(OFFER, json!({ "id": offer })).await["node"], Value::Null);
    assert_eq!(world.sign_in("leader2").await.refused(WITHDRAW, json!({ "id": offer })).await.len(), 1);
});

both!(the_last_place_goes_once_and_the_others_are_told_why, |world| async move {
    let invited = invited(&world, json!({}), 3).await;
    assert_eq!(invited.answer(&world, 0, ACCEPT).await["userErrors"], json!([]));
    for late in 1..3 {
        assert_eq!(invited.refused(&world, late).await, ["PLACES_FILLED"]);
    }
});

both!(an_overlapping_session_is_refused_and_one_that_follows_at_once_is_not, |world| async move {
    let first = invited(&world, json!({}), 1).await;
    let leader = world.sign_in("leader").await;
    let mut offers = Vec::new();
    for start in ["11:30", "12:00"] {
        let asked = leader.ask_for(&with(world.free_session().await, json!({ "startTime": start }))).await;
        offers.push(leader.offer(&asked.request, &first.who).await.remove(0));
    }
    assert_eq!(first.answer(&world, 0, ACCEPT).await["userErrors"], json!([]));
    let overlapping = Invited { offers: offers.clone(), who: vec![first.who[0].clone(); 2], ..first };
    assert_eq!(overlapping.refused(&world, 0).await, ["CLASHES"]);
    assert_eq!(overlapping.answer(&world, 1, ACCEPT).await["userErrors"], json!([]), "spans are half-open");
});

both!(a_module_that_is_taken_back_after_the_offer_is_refused_at_acceptance, |world| async move {
    let invited = invited(&world, json!({}), 1).await;
    let trainer = world.sign_in("trainer").await;
    let query = "query($id: ID!) { champion(by: {id: $id}) { trainingCompletions { id module { code } } } }";
    let held = trainer.ask(query, json!({ "id": invited.who[0].id })).await["champion"]["trainingCompletions"].clone();
    let revoke =
        "mutation($input: TrainingCompletionRevokeInput!) { trainingCompletionRevoke(input: $input) { userErrors { code message } } }";
    for completion in held.as_array().expect("completions").iter().filter(|c| c["module"]["code"] == "DPR") {
        trainer.done(revoke, json!({ "input": { "completionId": completion["id"], "reason": "Recorded by mistake" } })).await;
    }
    let refused = invited.refused(&world, 0).await;
    assert_eq!(refused, ["TRAINING_NOT_HELD"]);
});

both!(a_module_counts_on_its_last_day_and_not_on_the_next, |world| async move {
    let volunteers = world.everybody_comes().await;
    let coordinator = world.sign_in("coordinator").await;
    let query = "query($id: ID!) { champion(by: {id: $id}) { trainingCompletions { module { code } expiresOn } } }";
    let mut lapsing = None;
    for volunteer in &volunteers {
        let held = coordinator.ask(query, json!({ "id": volunteer.id })).await["champion"]["trainingCompletions"].clone();
        let last = held
            .as_array()
            .expect("completions")
            .iter()
            .filter(|c| c["module"]["code"] == "DPR")
            .filter_map(|c| c["expiresOn"].as_str())
            .max();
        if let Some(date) = last.filter(|d| *d > "2026-11-30" && *d < "2027-06-01") {
            lapsing = Some((volunteer.clone(), date.parse::<chrono::NaiveDate>().expect("a date")));
            break;
        }
    }
    let (volunteer, last_day) = lapsing.expect("a champion whose DPR lapses within months");
    let leader = world.sign_in("leader").await;
    for (date, blocked) in [(last_day, false), (last_day + chrono::Days::new(1), true)] {
        let session = with(world.free_session().await, json!({ "date": date.to_string(), "startTime": "20:30", "durationMinutes": 60 }));
        let asked = leader.ask_for(&session).await;
        let payload = leader.payload(SEND, json!({ "input": { "requestId": asked.request, "championIds": [volunteer.id] } })).await;
        let codes: Vec<_> = payload["userErrors"].as_array().expect("a list").iter().map(|e| e["code"].clone()).collect();
        assert_eq!(codes, if blocked { vec![json!("CANNOT_TAKE_PLACE")] } else { vec![] }, "{date}: {payload:#}");
    }
});

both!(an_offer_that_lapsed_or_was_answered_is_closed, |world| async move {
    let invited = invited(&world, json!({}), 3).await;
    let leader = world.sign_in("leader").await;
    assert_eq!(invited.answer(&world, 0, DECLINE).await["offer"]["status"], "DECLINED");
    assert_eq!(invited.answer(&world, 0, DECLINE).await["userErrors"], json!([]), "twice is the same");
    assert_eq!(invited.refused(&world, 0).await, ["OFFER_CLOSED"]);
    assert_eq!(leader.done(WITHDRAW, json!({ "id": invited.offers[1] })).await["offer"]["status"], "WITHDRAWN");
    assert_eq!(invited.refused(&world, 1).await, ["OFFER_CLOSED"]);
    world.pass(TimeDelta::days(7) - TimeDelta::seconds(1));
    let champion = world.sign_in(&invited.who[2].mailbox).await;
    assert_eq!(champion.ask(OFFER, json!({ "id": invited.offers[2] })).await["node"]["viewerCannotAcceptReasons"], json!([]));
    world.pass(TimeDelta::seconds(1));
    let champion = world.sign_in(&invited.who[2].mailbox).await;
    assert_eq!(champion.ask(OFFER, json!({ "id": invited.offers[2] })).await["node"]["status"], "EXPIRED");
    assert_eq!(invited.refused(&world, 2).await, ["OFFER_CLOSED"], "it lapses at the instant");
    let leader = world.sign_in("leader").await;
    let sent = leader.done(SEND, json!({ "input": { "requestId": invited.request, "championIds": [invited.who[2].id] } })).await;
    assert_eq!(sent["offers"][0]["status"], "PENDING", "who did not answer may be asked again");
});

both!(however_an_offer_ends_there_is_an_audit_row_and_an_event_for_it, |world| async move {
    use entity::{audit_event, outbox};
    use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
    let invited = invited(&world, json!({ "places": [{ "kind": "HELPER", "count": 2 }] }), 4).await;
    let leader = world.sign_in("leader").await;
    leader.done(WITHDRAW, json!({ "id": invited.offers[0] })).await;
    invited.answer(&world, 1, ACCEPT).await;
    leader.done(CANCEL, json!({ "input": { "sessionId": invited.session } })).await;
    for (index, (action, topic)) in [
        ("OfferWithdraw", "offer.withdrawn"),
        ("OfferAccept", "assignment.confirmed"),
        ("SessionCancel", "offer.withdrawn"),
        ("SessionCancel", "offer.withdrawn"),
    ]
    .into_iter()
    .enumerate()
    {
        let id = uuid(&invited.offers[index]);
        let rows = audit_event::Entity::find().filter(audit_event::Column::SubjectId.eq(id)).filter(audit_event::Column::Action.eq(action));
        assert_eq!(rows.all(world.app.db.read()).await.expect("rows").len(), 1, "{index}");
        let told = outbox::Entity::find().filter(outbox::Column::Topic.eq(topic)).all(world.app.db.read()).await.expect("rows");
        assert!(topic == "assignment.confirmed" || told.iter().any(|row| row.payload.contains(&id.to_string())), "{index}: {topic}");
    }
});

both!(an_offer_of_a_session_called_off_is_closed, |world| async move {
    let invited = invited(&world, json!({ "places": [{ "kind": "HELPER", "count": 2 }] }), 2).await;
    let accepted = invited.answer(&world, 0, ACCEPT).await;
    world.sign_in("leader").await.done(CANCEL, json!({ "input": { "sessionId": invited.session } })).await;
    assert_eq!(invited.refused(&world, 0).await, ["SESSION_CANCELLED"], "an acceptance of what was called off does not come back");
    assert_eq!(invited.refused(&world, 1).await.len(), 1);
    let champion = world.sign_in(&invited.who[0].mailbox).await;
    assert_eq!(champion.refused(GIVE_UP, json!({ "id": accepted["assignment"]["id"] })).await, ["SESSION_CANCELLED"]);
    let late = json!({ "input": { "requestId": invited.request, "championIds": [invited.who[1].id] } });
    assert_eq!(world.sign_in("leader").await.refused(SEND, late).await, ["SESSION_CLOSED"]);
});

both!(nobody_is_asked_twice_and_everybody_is_asked_or_nobody, |world| async move {
    let invited = invited(&world, json!({}), 2).await;
    let leader = world.sign_in("leader").await;
    let send = |ids: Vec<Value>| json!({ "input": { "requestId": invited.request, "championIds": ids } });
    let twice = leader.payload(SEND, send(vec![invited.who[0].id.clone()])).await;
    assert_eq!(
        (&twice["userErrors"][0]["code"], &twice["userErrors"][0]["field"]),
        (&json!("ALREADY_ASKED"), &json!(["championIds", "0"]))
    );
    invited.answer(&world, 1, DECLINE).await;
    assert_eq!(leader.refused(SEND, send(vec![invited.who[1].id.clone()])).await, ["ALREADY_ASKED"], "no is no");
    let coordinator = world.sign_in("coordinator").await;
    let query = "{ champions(filter: {memberships: [SCREENING]}, first: 1) { nodes { id } } }";
    let newcomer = coordinator.ask(query, json!({})).await["champions"]["nodes"][0]["id"].clone();
    let before = world.session(&invited.session).await;
    let mixed = leader.payload(SEND, send(vec![newcomer, json!("nobody")])).await;
    let found: Vec<_> = mixed["userErrors"].as_array().expect("a list").iter().map(|e| (e["code"].clone(), e["field"].clone())).collect();
    assert_eq!(found, [(json!("NOT_FOUND"), json!(["championIds", "1"]))]);
    assert_eq!(leader.refused(SEND, send(vec![])).await, ["LIST_SIZE"]);
    assert_eq!(world.session(&invited.session).await, before, "nothing was sent");
});

both!(why_a_champion_is_not_cleared_is_not_told_to_a_leader, |world| async move {
    let invited = invited(&world, json!({}), 1).await;
    let coordinator = world.sign_in("coordinator").await;
    let query = "{ champions(filter: {memberships: [SCREENING, PAUSED, SUSPENDED]}, first: 100) { nodes { id } } }";
    let others = coordinator.ask(query, json!({})).await["champions"]["nodes"].clone();
    let ids: Vec<_> = others.as_array().expect("champions").iter().map(|n| n["id"].clone()).take(20).collect();
    assert!(ids.len() > 3);
    let leader = world.sign_in("leader").await;
    let refused = leader.payload(SEND, json!({ "input": { "requestId": invited.request, "championIds": ids } })).await;
    let errors = refused["userErrors"].as_array().cloned().expect("a list");
    assert_eq!(errors.len(), ids.len(), "each line is named");
    for (index, error) in errors.iter().enumerate() {
        assert_eq!((&error["code"], &error["field"]), (&json!("CANNOT_TAKE_PLACE"), &json!(["championIds", index.to_string()])));
        let message = error["message"].as_str().expect("text");
        assert!(
            ["DBS", "AGE", "SUSPEND", "NOT_ACTIVE", "TRAINING", "ONBOARDING"].iter().all(|w| !message.to_uppercase().contains(w)),
            "{message}"
        );
    }
});

both!(a_place_given_up_is_open_again_for_somebody_else_or_the_same, |world| async move {
    let invited = invited(&world, json!({}), 2).await;
    let leader = world.sign_in("leader").await;
    let champion = world.sign_in(&invited.who[0].mailbox).await;
    let place = champion.done(ACCEPT, json!({ "id": invited.offers[0] })).await["assignment"]["id"].clone();
    for _ in 0..2 {
        assert_eq!(champion.done(GIVE_UP, json!({ "id": place })).await["assignment"]["status"], "WITHDRAWN", "twice is the same");
    }
    assert_eq!(world.session(&invited.session).await["places"][0]["filled"], false);
    let shown = champion.ask(OFFER, json!({ "id": invited.offers[0] })).await["node"]["status"].clone();
    assert_eq!(shown, "ENDED", "it does not go on reading ACCEPTED");
    assert_eq!(invited.refused(&world, 0).await, ["OFFER_CLOSED"], "an old yes does not take the place back by itself");
    let send = |who: &Volunteer| json!({ "input": { "requestId": invited.request, "championIds": [who.id] } });
    let other = leader.done(SEND, send(&invited.who[1])).await["offers"][0]["id"].clone();
    let same = leader.done(SEND, send(&invited.who[0])).await["offers"][0]["id"].clone();
    assert_eq!(champion.done(ACCEPT, json!({ "id": same })).await["assignment"]["status"], "CONFIRMED");
    let late = world.sign_in(&invited.who[1].mailbox).await;
    assert_eq!(late.refused(ACCEPT, json!({ "id": other })).await, ["PLACES_FILLED"]);
});

both!(a_coordinator_releases_a_champion_and_nobody_else_does, |world| async move {
    let invited = invited(&world, json!({}), 1).await;
    let place = invited.answer(&world, 0, ACCEPT).await["assignment"]["id"].clone();
    for other in ["leader", "champion", "trainer", "admin"] {
        assert_eq!(world.sign_in(other).await.fault(RELEASE, json!({ "id": place })).await, "FORBIDDEN", "{other}");
    }
    let leader = world.sign_in("leader").await;
    assert_eq!(leader.refused(WITHDRAW, json!({ "id": invited.offers[0] })).await, ["ALREADY_ACCEPTED"]);
    let released = world.sign_in("coordinator").await.done(RELEASE, json!({ "id": place })).await;
    assert_eq!(released["assignment"]["status"], "RELEASED");
    assert_eq!(world.session(&invited.session).await["request"]["status"], "OPEN");
    world.pass(TimeDelta::days(15) + TimeDelta::hours(2));
    assert_eq!(world.sign_in("coordinator").await.done(RELEASE, json!({ "id": place })).await["assignment"]["status"], "RELEASED");
});
