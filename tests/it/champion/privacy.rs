//! Who sees what of a champion; what may not be seen looks like what is not there.

use serde_json::{Value, json};

use super::{form, joined};
use crate::both;
use crate::harness::Persona;

/// The parts that not everybody sees.
const PARTS: &str = "fullName contact { email } dbsChecks { id } dbsReadLog { granted } onboarding { doneCount } availability { remoteOnly } trainingCompletions { id } offers { totalCount } assignments { totalCount } opportunities { openCount }";

/// The names of the parts that come with an answer, as a viewer asks for a champion.
async fn seen(viewer: &Persona<'_>, id: &Value) -> Option<Vec<String>> {
    let query = format!("query($id: ID!) {{ champion(by: {{id: $id}}) {{ displayName {PARTS} }} }}");
    let data = viewer.ask(&query, json!({ "id": id })).await;
    let parts = data["champion"].as_object()?.clone();
    assert!(parts["displayName"].is_string());
    Some(parts.into_iter().filter(|(name, value)| name != "displayName" && !value.is_null()).map(|(name, _)| name).collect())
}

both!(each_role_sees_its_share_of_a_champion, |world| async move {
    let id = world.champion_id("Oksana Kovalenko").await;
    let shares: [(&str, &[&str]); 5] = [
        ("leader", &[]),
        ("trainer", &["fullName", "trainingCompletions"]),
        (
            "coordinator",
            &["fullName", "contact", "onboarding", "availability", "trainingCompletions", "offers", "assignments", "opportunities"],
        ),
        ("safeguarding", &["fullName", "contact", "dbsChecks", "dbsReadLog", "onboarding", "trainingCompletions", "offers", "assignments"]),
        (
            "oksana.11",
            &[
                "fullName",
                "contact",
                "dbsReadLog",
                "onboarding",
                "availability",
                "trainingCompletions",
                "offers",
                "assignments",
                "opportunities",
            ],
        ),
    ];
    for (name, share) in shares {
        let mut parts = seen(&world.sign_in(name).await, &id).await.unwrap_or_else(|| panic!("{name} sees nobody"));
        let mut share = share.to_vec();
        parts.sort();
        share.sort_unstable();
        assert_eq!(parts, share, "{name}");
    }
    for name in ["champion", "admin"] {
        assert_eq!(seen(&world.sign_in(name).await, &id).await, None, "{name}");
    }
    assert_eq!(seen(&world.partner(), &id).await, None, "a key opens no champion");
    assert_eq!(seen(&world.stranger(), &id).await, None);
});

both!(a_hidden_champion_answers_like_one_who_does_not_exist, |world| async move {
    const ASK: &str = "query($id: ID!, $reference: String!) { node(id: $id) { __typename } nodes(ids: [$id]) { __typename } byId: champion(by: {id: $id}) { id } byReference: champion(by: {reference: $reference}) { id } }";
    let absent = json!({ "id": "Q2hhbXBpb246MDE5MGY3YTAtMTExMS03MDAwLTgwMDAtMDAwMDAwMDAwMDAx", "reference": "DC-9999" });
    let hidden = ["Ludmila Horáková", "Bernadette McAllister-Doyle", "Moira Featherstone"];
    let somebody = joined(&world, form("other@example.org")).await;
    let viewers = [
        world.sign_in("leader").await,
        world.sign_in("champion").await,
        world.sign_in("admin").await,
        somebody,
        world.partner(),
        world.stranger(),
    ];
    for name in hidden {
        let reference = world
            .sign_in("coordinator")
            .await
            .ask("query($id: ID!) { champion(by: {id: $id}) { reference } }", json!({ "id": world.champion_id(name).await }))
            .await;
        let asked = json!({ "id": world.champion_id(name).await, "reference": reference["champion"]["reference"] });
        for viewer in &viewers {
            assert_eq!(viewer.ask(ASK, asked.clone()).await, viewer.ask(ASK, absent.clone()).await, "{name}");
        }
        let known = world.sign_in("trainer").await.ask(ASK, asked).await;
        assert!(known["node"].is_object() && known["byId"].is_object() && known["byReference"].is_object());
    }
});

both!(acting_on_a_hidden_champion_is_refused_like_acting_on_nobody, |world| async move {
    const UPDATE: &str = "mutation($id: ID!) { championUpdate(input: {championId: $id, knownAs: \"X\"}) { champion { id } userErrors { code field message } } }";
    let absent = json!("Q2hhbXBpb246MDE5MGY3YTAtMTExMS03MDAwLTgwMDAtMDAwMDAwMDAwMDAx");
    let (active, gone) = (world.champion_id("Oksana Kovalenko").await, world.champion_id("Ludmila Horáková").await);
    for id in [&active, &gone, &absent] {
        for name in ["leader", "trainer", "admin"] {
            assert_eq!(world.sign_in(name).await.fault(UPDATE, json!({ "id": id })).await, "FORBIDDEN", "{name}");
        }
        let own_only = world.sign_in("champion").await.problems(UPDATE, json!({ "id": id })).await;
        assert_eq!(own_only, [("NOT_FOUND".to_owned(), "championId".to_owned())]);
        assert_eq!(world.stranger().fault(UPDATE, json!({ "id": id })).await, "UNAUTHENTICATED");
        assert_eq!(world.partner().fault(UPDATE, json!({ "id": id })).await, "FORBIDDEN");
    }
    let kept = world
        .sign_in("coordinator")
        .await
        .ask("query($id: ID!) { champion(by: {id: $id}) { displayName version } }", json!({ "id": active }))
        .await;
    assert_eq!(kept["champion"], json!({ "displayName": "Oksana K.", "version": 1 }));
});

both!(lists_and_searches_are_for_staff, |world| async move {
    const LIST: &str = "{ champions(first: 5, filter: {nameContains: \"KOVALENKO\"}) { totalCount nodes { displayName contact { email } dbsChecks { id } } } }";
    for name in ["leader", "champion", "admin"] {
        assert_eq!(world.sign_in(name).await.ask(LIST, json!({})).await["champions"], Value::Null, "{name}");
    }
    let trainer = world.sign_in("trainer").await.ask(LIST, json!({})).await;
    assert_eq!(
        trainer["champions"],
        json!({ "totalCount": 1, "nodes": [{ "displayName": "Oksana K.", "contact": null, "dbsChecks": null }] })
    );
    for held in ["%", "_", "\\", "' OR '1'='1"] {
        let found = world
            .sign_in("coordinator")
            .await
            .ask("query($held: String!) { champions(filter: {nameContains: $held}) { totalCount } }", json!({ "held": held }))
            .await;
        assert_eq!(found["champions"]["totalCount"], 0, "{held} is text, not a pattern");
    }
});
