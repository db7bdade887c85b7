//! Sessions at risk: their group's leaders and the coordinators are told, once for each cause.

use chrono::TimeDelta;
use entity::{audit_event, outbox};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use crate::both;
use crate::harness::booking::{ACCEPT, Asked, CANCEL, GIVE_UP, Volunteer, with};
use crate::harness::{World, uuid};
use crate::series::MOVE;

const STAFFING: &str = "mutation($input: SessionStaffingSetInput!) { sessionStaffingSet(input: $input) { userErrors { code message } } }";
const RISK: &str = "query($id: ID!) { session(id: $id) { atRisk } }";

/// A session two weeks ahead that needs one helper and has room for two, and champions who were asked.
struct Desk {
    asked: Asked,
    who: Vec<Volunteer>,
    offers: Vec<Value>,
}

async fn desk(world: &World) -> Desk {
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let two = json!({ "places": [{ "kind": "HELPER", "count": 2 }], "title": "Risky Desk" });
    let asked = leader.ask_for(&with(world.free_session().await, two)).await;
    leader.done(STAFFING, json!({ "input": { "sessionId": asked.session, "minimum": 1, "ideal": 2 } })).await;
    let who: Vec<_> = world.matched(&asked.session, &volunteers).await.into_iter().take(3).collect();
    world.app.clock.set("2026-12-02T09:00:00Z".parse().expect("an instant"));
    let leader = world.sign_in("leader").await;
    let offers = leader.offer(&asked.request, &who).await;
    Desk { asked, who, offers }
}

impl World {
    /// What somebody was told about the session.
    async fn warned(&self, mailbox: &str) -> Vec<String> {
        let told = self.told(mailbox, "A session is at risk").await;
        told.into_iter().filter(|body| body.starts_with("Risky Desk")).collect()
    }

    async fn look(&self, after: TimeDelta) {
        self.pass(after);
        self.work().await;
    }

    async fn events(&self, topic: &str, session: &Value) -> usize {
        let id = uuid(session);
        let rows = outbox::Entity::find().filter(outbox::Column::Topic.eq(topic)).all(self.app.db.read()).await.expect("rows");
        rows.iter().filter(|row| row.payload.contains(&id.to_string())).count()
    }
}

both!(a_session_short_of_its_minimum_is_told_of_once_and_again_only_if_it_breaks_anew, |world| async move {
    let desk = desk(&world).await;
    world.work().await;
    assert!(world.warned("leader").await.is_empty(), "four days ahead is early enough to find somebody");
    world.app.clock.set("2026-12-03T10:00:00Z".parse().expect("an instant"));
    for _ in 0..3 {
        world.work().await;
        for mailbox in ["leader", "coordinator"] {
            let told = world.warned(mailbox).await;
            assert_eq!(told.len(), 1, "{mailbox}, once");
            assert!(told[0].contains("2026-12-06 at 10:00: too few are there to help."), "{told:?}");
        }
        assert!(world.warned("leader2").await.is_empty(), "who leads another group is not told");
        world.pass(TimeDelta::minutes(6));
    }
    let first = world.sign_in(&desk.who[0].mailbox).await;
    let place = first.done(ACCEPT, json!({ "id": desk.offers[0] })).await["assignment"]["id"].clone();
    assert_eq!(world.sign_in("leader").await.ask(RISK, json!({ "id": desk.asked.session })).await["session"]["atRisk"], json!([]));
    world.look(TimeDelta::minutes(6)).await;
    assert_eq!(world.warned("leader").await.len(), 1);
    let counted = |topic: &'static str| world.events(topic, &desk.asked.session);
    assert_eq!((counted("cover.at_risk").await, counted("cover.in_order").await), (1, 1), "mended");
    world.sign_in(&desk.who[0].mailbox).await.done(GIVE_UP, json!({ "id": place })).await;
    world.look(TimeDelta::minutes(6)).await;
    world.look(TimeDelta::minutes(6)).await;
    assert_eq!(world.warned("leader").await.len(), 2, "and broken anew");
    let leader = world.sign_in("leader").await;
    leader.done(CANCEL, json!({ "input": { "sessionId": desk.asked.session } })).await;
    world.look(TimeDelta::minutes(6)).await;
    assert_eq!((counted("cover.at_risk").await, counted("cover.in_order").await), (2, 1), "what is called off is neither");
    let told = audit_event::Entity::find().filter(audit_event::Column::Action.eq("SessionRiskTell"));
    let told = told.all(world.app.db.read()).await.expect("rows");
    assert!(told.iter().all(|row| row.actor_id.is_none() && row.request_id == "job:sessions.at-risk"));
});

both!(a_session_that_is_moved_away_is_no_worry_until_it_comes_near_again, |world| async move {
    let desk = desk(&world).await;
    world.app.clock.set("2026-12-03T10:00:00Z".parse().expect("an instant"));
    world.work().await;
    assert_eq!(world.warned("leader").await.len(), 1);
    let later = json!({ "input": { "sessionId": desk.asked.session, "date": "2026-12-20" } });
    world.sign_in("leader").await.done(MOVE, later).await;
    world.look(TimeDelta::minutes(6)).await;
    world.look(TimeDelta::minutes(6)).await;
    let counted = |topic: &'static str| world.events(topic, &desk.asked.session);
    assert_eq!((counted("cover.at_risk").await, counted("cover.in_order").await), (1, 1), "settled once");
    world.app.clock.set("2026-12-17T11:00:00Z".parse().expect("an instant"));
    world.work().await;
    assert_eq!(world.warned("leader").await.len(), 2, "and told of again");
});

both!(each_cause_is_told_of_by_itself, |world| async move {
    let desk = desk(&world).await;
    let leader = world.sign_in("leader").await;
    leader.done(STAFFING, json!({ "input": { "sessionId": desk.asked.session, "minimum": 0, "ideal": 2 } })).await;
    world.app.clock.set("2026-12-03T10:00:00Z".parse().expect("an instant"));
    world.work().await;
    assert!(world.warned("leader").await.is_empty());
    let leader = world.sign_in("leader").await;
    for minimum in [1, 2] {
        leader.done(STAFFING, json!({ "input": { "sessionId": desk.asked.session, "minimum": minimum, "ideal": 2 } })).await;
        world.work().await;
        world.look(TimeDelta::minutes(6)).await;
        assert_eq!(world.warned("leader").await.len(), 1, "one missing more is no other cause");
        nobody_says_it_again(&world).await;
    }
});

/// Nothing is said twice, whoever looks.
async fn nobody_says_it_again(world: &World) {
    let (app, now) = (world.app.clone(), world.now());
    let looks: Vec<_> = (0..4)
        .map(|_| {
            tokio::spawn({
                let app = app.clone();
                async move { api::service::risk::due(&app, now).await.expect("a look") }
            })
        })
        .collect();
    for look in looks {
        assert_eq!(look.await.expect("no panic"), 0);
    }
}

both!(of_replicas_that_look_at_once_one_tells, |world| async move {
    desk(&world).await;
    world.app.clock.set("2026-12-03T10:00:00Z".parse().expect("an instant"));
    let (app, now) = (world.app.clone(), world.now());
    let look = |app: std::sync::Arc<api::app::App>| async move { api::service::risk::due(&app, now).await.expect("a look") };
    let looks: Vec<_> = (0..4).map(|_| tokio::spawn(look(app.clone()))).collect();
    for look in looks {
        look.await.expect("no panic");
    }
    for mailbox in ["leader", "coordinator"] {
        assert_eq!(world.warned(mailbox).await.len(), 1, "{mailbox}");
    }
});
