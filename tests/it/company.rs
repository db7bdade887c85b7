//! Company for somebody new: whoever says yes, by whichever way, a place is left for somebody experienced or one is there.

use entity::assignment;
use rules::assignment::AssignmentStatus;
use rules::id::ChampionId;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use crate::both;
use crate::harness::booking::{ACCEPT, ASK, Asked, GIVE_UP, SEND, Volunteer, all_at_once, with};
use crate::harness::{World, uuid};

const WHY: &str = "{ viewer { champion { offers(statuses: [PENDING]) { nodes { id viewerCannotAcceptReasons { code } } } } } }";
const OPEN: &str = "mutation($input: GroupSignUpSetInput!) { groupSignUpSet(input: $input) { userErrors { code message } } }";
const TAKE: &str = "mutation($id: ID!) { placeTake(input: {sessionId: $id}) { assignment { id } userErrors { code field message } } }";
const SEEK: &str =
    "mutation($input: StandInSeekInput!) { standInSeek(input: $input) { standIn { id } userErrors { code field message } } }";
const PROPOSE: &str =
    "mutation($input: SwapProposeInput!) { swapPropose(input: $input) { swap { id } userErrors { code field message } } }";
const WAVES: &str = "mutation($input: OfferWavesStartInput!) { offerWavesStart(input: $input) { userErrors { code message } } }";
const REFERENCE: &str = "{ viewer { champion { reference } } }";

/// Champions who could come to any session of the day: three who have never helped, and three who have.
struct Crew {
    new: Vec<Volunteer>,
    experienced: Vec<Volunteer>,
}

fn champion(of: &Volunteer) -> ChampionId {
    ChampionId(uuid(&of.id))
}

async fn asked(world: &World, start: &str, places: usize) -> Asked {
    let over = json!({ "startTime": start, "durationMinutes": 60, "places": [{ "kind": "HELPER", "count": places }] });
    world.sign_in("leader").await.ask_for(&with(world.free_session().await, over)).await
}

/// Whoever fits best has done some sessions; the next three are made to have done none.
async fn crew(world: &World, session: &Value) -> Crew {
    let volunteers = world.everybody_comes().await;
    let mut experienced = Vec::new();
    let mut rest = Vec::new();
    for one in world.matched(session, &volunteers).await {
        let theirs = assignment::Entity::find().filter(assignment::Column::ChampionId.eq(champion(&one)));
        let confirmed = theirs.filter(assignment::Column::Status.eq(AssignmentStatus::Confirmed));
        let done = confirmed.filter(assignment::Column::EndsAt.lte(world.now())).all(world.app.db.read()).await.expect("rows").len();
        if done >= 2 && experienced.len() < 3 { experienced.push(one) } else { rest.push(one) }
    }
    rest.truncate(3);
    assert_eq!((experienced.len(), rest.len()), (3, 3), "the demo has enough of both");
    assignment::Entity::update_many()
        .col_expr(assignment::Column::Status, Expr::value(AssignmentStatus::Withdrawn.code()))
        .filter(assignment::Column::ChampionId.is_in(rest.iter().map(champion)))
        .exec(world.app.db.single())
        .await
        .expect("they have done nothing yet");
    Crew { new: rest, experienced }
}

both!(the_first_of_two_new_champions_is_placed_and_the_last_place_waits_for_somebody_experienced, |world| async move {
    let asked = asked(&world, "10:00", 2).await;
    let crew = crew(&world, &asked.session).await;
    let leader = world.sign_in("leader").await;
    let new = leader.offer(&asked.request, &crew.new).await;
    let old = leader.offer(&asked.request, &crew.experienced).await;
    let first = world.sign_in(&crew.new[0].mailbox).await;
    let place = first.done(ACCEPT, json!({ "id": new[0] })).await["assignment"]["id"].clone();
    let second = world.sign_in(&crew.new[1].mailbox).await;
    let why = second.ask(WHY, json!({})).await["viewer"]["champion"]["offers"]["nodes"].clone();
    let shown = why.as_array().expect("offers").iter().find(|o| o["id"] == new[1]).expect("the offer").clone();
    assert_eq!(shown["viewerCannotAcceptReasons"], json!([{ "code": "NEW_AND_ALONE" }]), "shown before it is enforced");
    for _ in 0..2 {
        assert_eq!(second.problems(ACCEPT, json!({ "id": new[1] })).await, [("NEW_AND_ALONE".to_owned(), "offerId".to_owned())]);
    }
    let input = json!({ "requestId": asked.request, "championIds": [crew.new[2].id] });
    assert_eq!(leader.refused(SEND, json!({ "input": input })).await, ["ALREADY_ASKED"]);
    first.done(GIVE_UP, json!({ "id": place })).await;
    second.done(ACCEPT, json!({ "id": new[1] })).await;
    world.sign_in(&crew.experienced[0].mailbox).await.done(ACCEPT, json!({ "id": old[0] })).await;
    assert_eq!(world.session(&asked.session).await["cover"], "COVERED");
    let risk = "query($id: ID!) { session(id: $id) { atRisk } }";
    assert_eq!(leader.ask(risk, json!({ "id": asked.session })).await["session"]["atRisk"], json!([]));
});

both!(nobody_new_is_asked_for_a_place_that_would_leave_them_alone, |world| async move {
    let asked = asked(&world, "10:00", 1).await;
    let crew = crew(&world, &asked.session).await;
    let leader = world.sign_in("leader").await;
    let input = |ids: &[&Volunteer]| json!({ "input": { "requestId": asked.request, "championIds": ids.iter().map(|v| &v.id).collect::<Vec<_>>() } });
    let refused = leader.problems(SEND, input(&[&crew.experienced[0], &crew.new[0]])).await;
    assert_eq!(refused, [("NEW_AND_ALONE".to_owned(), "championIds.1".to_owned())]);
    leader.done(WAVES, json!({ "input": { "requestId": asked.request, "size": 20, "everyMinutes": 60 } })).await;
    let offers = entity::offer::Entity::find().filter(entity::offer::Column::SentAt.eq(world.now())).all(world.app.db.read()).await;
    let offers = offers.expect("offers");
    assert!(!offers.is_empty());
    for one in &crew.new {
        assert!(offers.iter().all(|o| o.champion_id != champion(one)), "a wave passes them over");
    }
});

both!(the_same_holds_for_taking_a_place_a_stand_in_and_a_swap, |world| async move {
    let (single, pair) = (asked(&world, "10:00", 1).await, asked(&world, "13:00", 2).await);
    let crew = crew(&world, &single.session).await;
    let leader = world.sign_in("leader").await;
    let (group, _) = world.group("stockroom-digital-desk").await;
    leader.done(OPEN, json!({ "input": { "groupId": group, "open": true } })).await;
    let new = world.sign_in(&crew.new[0].mailbox).await;
    assert_eq!(new.problems(TAKE, json!({ "id": single.session })).await, [("NEW_AND_ALONE".to_owned(), "sessionId".to_owned())]);
    let here = new.done(TAKE, json!({ "id": pair.session })).await["assignment"]["id"].clone();
    let other = world.sign_in(&crew.new[1].mailbox).await;
    assert_eq!(other.refused(TAKE, json!({ "id": pair.session })).await, ["NEW_AND_ALONE"], "the last place is not theirs");
    let experienced = world.sign_in(&crew.experienced[0].mailbox).await;
    let alone = experienced.done(TAKE, json!({ "id": single.session })).await["assignment"]["id"].clone();
    let beside = world.sign_in(&crew.experienced[1].mailbox).await.done(TAKE, json!({ "id": pair.session })).await;
    let reference = other.ask(REFERENCE, json!({})).await["viewer"]["champion"]["reference"].clone();
    let input = json!({ "input": { "assignmentId": alone, "standInReference": reference } });
    assert_eq!(experienced.refused(SEEK, input).await, ["STAND_IN_NOT_POSSIBLE"], "nobody would be beside them");
    let input = |gives: &Value, with: &Value, at: &Asked| json!({ "input": { "assignmentId": gives, "withReference": with, "sessionId": at.session } });
    let mine = new.ask(REFERENCE, json!({})).await["viewer"]["champion"]["reference"].clone();
    assert_eq!(experienced.refused(PROPOSE, input(&alone, &mine, &pair)).await, ["NOT_POSSIBLE"]);
    let helper = world.sign_in(&crew.experienced[1].mailbox).await;
    let theirs = experienced.ask(REFERENCE, json!({})).await["viewer"]["champion"]["reference"].clone();
    helper.done(PROPOSE, input(&beside["assignment"]["id"], &theirs, &single)).await;
    let input = json!({ "input": { "assignmentId": here, "standInReference": reference } });
    new.done(SEEK, input).await;
});

both!(two_new_champions_who_race_for_the_last_two_places_end_with_one_of_them_placed, |world| async move {
    for start in ["09:00", "11:00", "13:00"] {
        let asked = asked(&world, start, 2).await;
        let crew = crew(&world, &asked.session).await;
        let offers = world.sign_in("leader").await.offer(&asked.request, &crew.new[..2]).await;
        let (one, two) = (world.sign_in(&crew.new[0].mailbox).await, world.sign_in(&crew.new[1].mailbox).await);
        let calls = (0..8).map(|n| (if n % 2 == 0 { one.clone() } else { two.clone() }, ACCEPT, json!({ "id": offers[n % 2] }))).collect();
        let answers = all_at_once(calls).await;
        let codes: Vec<&Value> = answers.iter().map(|a| &a["userErrors"][0]["code"]).collect();
        assert_eq!(codes.iter().filter(|code| code.is_null()).count(), 4, "one of them, however often: {codes:?}");
        assert!(codes.iter().all(|code| code.is_null() || **code == "NEW_AND_ALONE"), "{codes:?}");
        assert_eq!(world.session(&asked.session).await["cover"], "PARTLY_COVERED");
    }
});

both!(a_series_made_smaller_keeps_room_for_somebody_experienced, |world| async move {
    const CHANGE: &str =
        "mutation($input: SessionSeriesChangeInput!) { sessionSeriesChange(input: $input) { userErrors { code message } } }";
    let leader = world.sign_in("leader").await;
    let wide = json!({ "places": [{ "kind": "HELPER", "count": 3 }], "startTime": "14:00", "durationMinutes": 60 });
    let made = leader.repeat("FREQ=WEEKLY;COUNT=2", wide).await;
    let session = made.sessions[0]["id"].clone();
    let crew = crew(&world, &session).await;
    let request = leader.done(ASK, json!({ "input": { "target": { "sessionId": session } } })).await["request"]["id"].clone();
    let offer = leader.offer(&request, &crew.new[..1]).await.remove(0);
    world.sign_in(&crew.new[0].mailbox).await.done(ACCEPT, json!({ "id": offer })).await;
    let places = async |id: &Value| world.session(id).await["places"].as_array().map(Vec::len);
    let smaller = json!({ "seriesId": made.id, "scope": "ALL", "places": [{ "kind": "HELPER", "count": 1 }] });
    leader.done(CHANGE, json!({ "input": smaller })).await;
    assert_eq!((places(&session).await, places(&made.sessions[1]["id"]).await), (Some(2), Some(1)), "where somebody new is, one stays");
    let second = leader.offer(&request, &crew.experienced[..1]).await.remove(0);
    world.sign_in(&crew.experienced[0].mailbox).await.done(ACCEPT, json!({ "id": second })).await;
    assert_eq!(world.session(&session).await["cover"], "COVERED");
});
