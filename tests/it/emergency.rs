//! Emergency contacts: for few eyes, and gone as soon as somebody leaves.

use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::both;
use crate::champion::{form, joined, own};
use crate::harness::{Persona, World};

const SET: &str = "mutation($input: EmergencyContactSetInput!) { emergencyContactSet(input: $input) { champion { emergencyContact { fullName relation phone } } userErrors { code field message } } }";
const READ: &str = "query($id: ID!) { champion(by: {id: $id}) { emergencyContact { phone } } }";
const MOVE: &str = "mutation($id: ID!, $to: Membership!) { championMembershipChange(input: {championId: $id, to: $to}) { champion { membership } userErrors { code field message } } }";

fn contact(champion: &Value) -> Value {
    json!({ "input": { "championId": champion, "fullName": "Thessaly Quillfeather", "relation": "Neighbour", "phone": "07700 900 321" } })
}

async fn kept(world: &World) -> usize {
    entity::emergency_contact::Entity::find().all(world.app.db.read()).await.expect("rows").len()
}

async fn read(by: &Persona<'_>, id: &Value) -> Value {
    by.ask(READ, json!({ "id": id })).await["champion"]["emergencyContact"].take()
}

both!(an_emergency_contact_is_for_the_champion_coordinators_and_the_safeguarding_lead, |world| async move {
    let champion = world.sign_in("champion").await;
    let id = own(&champion, "id").await["id"].take();
    let set = champion.done(SET, contact(&id)).await;
    assert_eq!(
        set["champion"]["emergencyContact"],
        json!({ "fullName": "Thessaly Quillfeather", "relation": "Neighbour", "phone": "+447700900321" })
    );
    for (who, sees) in [("champion", true), ("coordinator", true), ("safeguarding", true), ("leader", false), ("trainer", false)] {
        assert_eq!(read(&world.sign_in(who).await, &id).await.is_object(), sees, "{who}");
    }
    let mut other = contact(&id);
    other["input"]["phone"] = json!("07700 900 322");
    world.sign_in("coordinator").await.done(SET, other).await;
    assert_eq!((read(&champion, &id).await["phone"].clone(), kept(&world).await), (json!("+447700900322"), 1), "one, the latest");
    for (field, value) in [("phone", "12"), ("fullName", " "), ("relation", "")] {
        let mut wrong = contact(&id);
        wrong["input"][field] = json!(value);
        assert_eq!(champion.problems(SET, wrong).await, [("INVALID".to_owned(), field.to_owned())]);
    }
    let stranger = world.champion_id("Ngozi Eze").await;
    assert_eq!(champion.refused(SET, contact(&stranger)).await, ["NOT_FOUND"]);
    assert_eq!(world.sign_in("leader").await.fault(SET, contact(&id)).await, "FORBIDDEN");
});

both!(an_emergency_contact_is_deleted_on_leaving, |world| async move {
    let champion = joined(&world, form("leaving@example.org")).await;
    let id = own(&champion, "id").await["id"].take();
    champion.done(SET, contact(&id)).await;
    assert_eq!(kept(&world).await, 1);
    champion.done(MOVE, json!({ "id": id, "to": "WITHDRAWN" })).await;
    assert_eq!(kept(&world).await, 0);
    assert_eq!(champion.refused(SET, contact(&id)).await, ["NOT_A_MEMBER"], "and none is kept after that");
});
