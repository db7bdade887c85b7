//! Offers: asking, answering, and who wins a race.

use serde_json::{Value, json};

use crate::both;
use crate::harness::Persona;

const ACCEPT: &str = "mutation($id: ID!) { offerAccept(input: {offerId: $id}) { assignment { id status clearedForSession } userErrors { code field message } } }";

/// The pending offers of the demo's champion.
async fn pending(champion: &Persona<'_>) -> Vec<Value> {
    let data = champion.ask("{ viewer { champion { offers(statuses: [PENDING]) { nodes { id status viewerCannotAcceptReasons { code message } session { id title startsAt } } } } } }", json!({})).await;
    data["viewer"]["champion"]["offers"]["nodes"].as_array().cloned().expect("offers")
}

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
});
