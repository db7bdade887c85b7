//! A1, A3: who sees which field, for every field of everything that has an id. The table is read by people; a field that is not
//! in it, or that somebody else sees than it says, fails.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::harness::introspection::Introspection;
use crate::harness::{Backend, Persona, World};

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/who-sees-what.txt");
const PERSONAS: [&str; 9] = ["stranger", "partner", "champion", "champion2", "leader", "trainer", "coordinator", "safeguarding", "admin"];

async fn persona<'w>(world: &'w World, name: &str, other: &str) -> Persona<'w> {
    match name {
        "stranger" => world.stranger(),
        "partner" => world.partner(),
        // Another champion than the one whose record is looked at.
        "champion2" => world.sign_in(other).await,
        name => world.sign_in(name).await,
    }
}

/// The innermost type of a field, and whether it is a list.
fn innermost(of: &Value) -> (&str, &str) {
    match of["ofType"].is_object() {
        true => innermost(&of["ofType"]),
        false => (of["kind"].as_str().expect("a kind"), of["name"].as_str().expect("a name")),
    }
}

fn needs_argument(field: &Value) -> bool {
    let arguments = field["args"].as_array().expect("arguments");
    arguments.iter().any(|a| a["type"]["kind"] == "NON_NULL" && a["defaultValue"].is_null())
}

/// Selects every field of a type that takes no argument it must have: values, and of parts without an id theirs.
fn selection(schema: &Introspection, of: &str, parts: bool) -> String {
    let mut text = String::from("__typename ");
    for field in schema.fields(of) {
        let (name, (kind, inner)) = (field["name"].as_str().expect("a name"), innermost(&field["type"]));
        let arguments = field["args"].as_array().expect("arguments");
        if needs_argument(field) {
            continue;
        }
        let first = if arguments.iter().any(|a| a["name"] == "first") { "(first: 1)" } else { "" };
        match kind {
            "OBJECT" | "INTERFACE" | "UNION" => {
                let has_id = schema.fields(inner).iter().any(|f| f["name"] == "id") || !first.is_empty() || kind != "OBJECT";
                let below = if parts && !has_id { selection(schema, inner, false) } else { "__typename".to_owned() };
                text.push_str(&format!("{name}{first} {{ {below} }} "));
            }
            _ => text.push_str(&format!("{name} ")),
        }
    }
    text
}

/// The paths that hold something. A list that is empty holds something: it was answered.
fn held(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            found.insert(path.to_owned());
            for (name, value) in fields.iter().filter(|(name, _)| *name != "__typename") {
                held(value, &format!("{path}.{name}"), found);
            }
        }
        Value::Array(items) => {
            found.insert(path.to_owned());
            items.iter().for_each(|item| held(item, path, found));
        }
        _ => drop(found.insert(path.to_owned())),
    }
}

/// What is looked at: a name for it, and its id.
async fn things(world: &World) -> (Vec<(&'static str, &'static str, Value)>, String) {
    let coordinator = world.sign_in("coordinator").await;
    let volunteers = world.everybody_comes().await;
    let own = volunteers.iter().find(|v| v.mailbox == "champion").expect("the champion of the demo");
    let other = volunteers.iter().find(|v| v.mailbox != "champion").expect("another");
    let leader = world.sign_in("leader").await;
    let asked = leader.ask_for(&world.free_session().await).await;
    let matched = world.matched(&asked.session, &volunteers).await;
    let offer = leader.offer(&asked.request, std::slice::from_ref(matched.first().expect("a match"))).await.remove(0);
    let query =
        "query($id: ID!) { champion(by: {id: $id}) { trainingCompletions { id module { id } } assignments(first: 1) { nodes { id } } } }";
    let record = coordinator.ask(query, json!({ "id": own.id })).await["champion"].clone();
    let series = leader.repeat("FREQ=WEEKLY", json!({})).await;
    let dates = [&series.sessions[0]["id"], &series.sessions[1]["id"]];
    let send =
        "mutation($input: OfferBundleSendInput!) { offerBundleSend(input: $input) { bundle { id } userErrors { code field message } } }";
    let bundle = leader.done(send, json!({ "input": { "championId": matched[0].id, "sessionIds": dates } })).await["bundle"]["id"].clone();
    let directory = coordinator.ask("{ groups(first: 1) { nodes { id organisation { id } venue { id } } } }", json!({})).await;
    let group = &directory["groups"]["nodes"][0];
    let propose =
        "mutation { rotaPropose(input: {from: \"2026-11-23\", until: \"2026-11-29\", seed: 7}) { proposal { id } userErrors { code } } }";
    let proposal = coordinator.done(propose, json!({})).await["proposal"]["id"].clone();
    let status = "query($id: ID!) { rotaProposal(id: $id) { status } }";
    while ["QUEUED", "RUNNING"]
        .map(Value::from)
        .contains(&coordinator.ask(status, json!({ "id": proposal })).await["rotaProposal"]["status"])
    {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    // A read is in the log before anybody looks at it.
    let read = "query($id: ID!) { champion(by: {id: $id}) { dbsChecks { id } } }";
    world.sign_in("safeguarding").await.ask(read, json!({ "id": own.id })).await;
    let things = vec![
        ("RotaProposal", "planned", proposal),
        ("Champion", "the champion's own", own.id.clone()),
        ("Session", "of the leader's group", asked.session.clone()),
        ("SessionSeries", "of the leader's group", series.id),
        ("ChampionRequest", "of the leader's group", asked.request.clone()),
        ("Offer", "to the best match", offer),
        ("OfferBundle", "to the best match", bundle),
        ("TrainingCompletion", "the champion's own", record["trainingCompletions"][0]["id"].clone()),
        ("TrainingModule", "any", record["trainingCompletions"][0]["module"]["id"].clone()),
        ("Assignment", "the champion's own", record["assignments"]["nodes"][0]["id"].clone()),
        ("Group", "any", group["id"].clone()),
        ("Organisation", "any", group["organisation"]["id"].clone()),
        ("Venue", "any", group["venue"]["id"].clone()),
    ];
    (things, other.mailbox.clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a1_every_field_is_seen_by_those_the_table_names_and_by_nobody_else() {
    let world = World::new(Backend::Sqlite).await.expect("a world");
    let schema = Introspection::of(&world).await;
    let (things, other) = things(&world).await;
    let nodes: BTreeSet<&str> =
        schema.0["Node"]["possibleTypes"].as_array().expect("types").iter().filter_map(|t| t["name"].as_str()).collect();
    assert_eq!(nodes, things.iter().map(|(of, ..)| *of).collect(), "everything that has an id is looked at");
    let mut lines: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (of, what, id) in &things {
        let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on {of} {{ {} }} }} }}", selection(&schema, of, true));
        for name in PERSONAS {
            let (status, body) = persona(&world, name, &other).await.send(&query, json!({ "id": id })).await;
            assert!(status.is_success() && body.get("errors").is_none(), "{name} reads {of}: {body:#}");
            let mut found = BTreeSet::new();
            held(&body["data"]["node"], &format!("{of} ({what})"), &mut found);
            found.into_iter().for_each(|path| lines.entry(path).or_default().push(name));
        }
        for field in schema.fields(of) {
            let line = lines.entry(format!("{of} ({what}).{}", field["name"].as_str().expect("a name"))).or_default();
            if needs_argument(field) {
                line.push("(needs an argument: tests of its own)");
            }
        }
    }
    let table: String =
        lines.iter().map(|(path, who)| format!("{path}: {}\n", if who.is_empty() { "-".to_owned() } else { who.join(" ") })).collect();
    if std::env::var_os("DIGIKNOW_WRITE_TABLE").is_some() {
        std::fs::write(TABLE, &table).expect("written");
    }
    let kept = std::fs::read_to_string(TABLE).unwrap_or_default();
    let difference: Vec<&str> = table.lines().filter(|line| !kept.lines().any(|k| k == *line)).collect();
    assert!(
        table == kept,
        "docs/who-sees-what.txt says otherwise; if this is meant, run with DIGIKNOW_WRITE_TABLE=1 and review it:\n{difference:#?}"
    );
}
