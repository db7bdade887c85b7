//! The contract: what the schema promises about itself, and what the library under it is held to.

use std::collections::BTreeSet;

use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema, SimpleObject};
use serde_json::{Value, json};

use crate::both;
use crate::harness::introspection::Introspection;
use crate::harness::{Backend, World};

async fn introspected() -> (World, Introspection) {
    let world = World::new(Backend::Sqlite).await.expect("a world");
    let schema = Introspection::of(&world).await;
    (world, schema)
}

/// The text of a type, `[T!]!`.
fn text(of: &Value) -> String {
    match of["kind"].as_str() {
        Some("NON_NULL") => text(&of["ofType"]) + "!",
        Some("LIST") => format!("[{}]", text(&of["ofType"])),
        _ => of["name"].as_str().expect("a name").to_owned(),
    }
}

fn name(of: &Value) -> &str {
    of["name"].as_str().expect("a name")
}

fn list<'a>(of: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    of[name].as_array().into_iter().flatten()
}

#[test]
fn the_schema_in_the_repository_is_the_one_that_is_served() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == api::graphql::sdl(),
        "schema.graphql is stale. Refresh it, and review the difference:\n    cargo run -- schema > schema.graphql"
    );
}

#[tokio::test]
async fn everything_in_the_schema_is_described() {
    let (_world, schema) = introspected().await;
    let mut bare = Vec::new();
    let mut look = |path: String, of: &Value| {
        if of["description"].as_str().is_none_or(|d| d.trim().len() < 4) {
            bare.push(path);
        }
    };
    let standard = ["String", "Int", "Float", "Boolean", "ID"];
    for (type_name, of) in schema.0.iter().filter(|(name, _)| !standard.contains(&name.as_str())) {
        look(type_name.clone(), of);
        for field in list(of, "fields") {
            look(format!("{type_name}.{}", name(field)), field);
            for argument in list(field, "args") {
                look(format!("{type_name}.{}({})", name(field), name(argument)), argument);
            }
        }
        for part in list(of, "inputFields").chain(list(of, "enumValues")) {
            look(format!("{type_name}.{}", name(part)), part);
        }
    }
    assert_eq!(bare, Vec::<String>::new());
}

#[tokio::test]
async fn every_mutation_has_one_input_and_a_nullable_payload_with_typed_user_errors() {
    let (_world, schema) = introspected().await;
    let errors: BTreeSet<&str> = list(&schema.0["UserError"], "possibleTypes").map(name).collect();
    let mut codes = BTreeSet::new();
    for mutation in schema.fields("Mutation") {
        let called = name(mutation);
        let noun = called[..1].to_uppercase() + &called[1..];
        let arguments: Vec<_> = list(mutation, "args").map(|a| (name(a).to_owned(), text(&a["type"]))).collect();
        assert_eq!(arguments, [("input".to_owned(), format!("{noun}Input!"))], "{called}");
        assert_eq!(text(&mutation["type"]), format!("{noun}Payload"), "{called}");
        let payload = schema.fields(&format!("{noun}Payload"));
        for field in &payload {
            let nullable = !text(&field["type"]).ends_with('!') || text(&field["type"]).starts_with('[');
            assert!(nullable || text(&field["type"]) == "Boolean!", "{noun}Payload.{}: {}", name(field), text(&field["type"]));
        }
        let listed = payload.iter().find(|f| name(f) == "userErrors").expect("userErrors");
        let error = text(&listed["type"]).trim_matches(['[', ']', '!']).to_owned();
        assert_eq!(text(&listed["type"]), format!("[{error}!]!"), "{called}");
        assert!(errors.contains(error.as_str()), "{error} is a UserError");
        let code = schema.fields(&error).into_iter().find(|f| name(f) == "code").map(|f| text(&f["type"])).expect("a code");
        let values: Vec<&str> = list(&schema.0[code.trim_end_matches('!')], "enumValues").map(name).collect();
        assert!(values.contains(&"INVALID") && values.contains(&"NOT_FOUND"), "{code}: {values:?}");
        assert!(codes.insert(code), "each mutation has codes of its own");
        let creates = list(&schema.0[&format!("{noun}Input")], "inputFields").any(|f| name(f) == "idempotencyKey");
        assert_eq!(creates, values.contains(&"IDEMPOTENCY_MISMATCH"), "{called} takes a key and says when it was used");
    }
}

#[tokio::test]
async fn every_connection_pages_both_ways() {
    let (_world, schema) = introspected().await;
    let mut seen = 0;
    for (type_name, of) in &schema.0 {
        for field in list(of, "fields").filter(|f| text(&f["type"]).trim_end_matches('!').ends_with("Connection")) {
            let arguments: Vec<_> = list(field, "args").map(|a| (name(a), text(&a["type"]))).collect();
            for (argument, of) in [("first", "Int"), ("after", "String"), ("last", "Int"), ("before", "String")] {
                // What a preview finds is paged by the preview's own arguments.
                let inside = type_name == "MatchPreview";
                assert!(inside || arguments.contains(&(argument, of.to_owned())), "{type_name}.{}({argument}: {of})", name(field));
            }
            let connection = schema.fields(text(&field["type"]).trim_end_matches('!'));
            for part in ["edges", "nodes", "pageInfo", "totalCount"] {
                assert!(connection.iter().any(|f| name(f) == part), "{type_name}.{}.{part}", name(field));
            }
            seen += 1;
        }
    }
    assert!(seen >= 12, "{seen}");
}

both!(paging_arguments_that_make_no_sense_are_refused_wherever_they_stand, |world| async move {
    let coordinator = world.sign_in("coordinator").await;
    for list in ["champions", "championRequests", "groups", "organisations", "sessions", "trainingModules", "venues"] {
        for arguments in [
            "first: 101",
            "last: 101",
            "first: -1",
            "last: -1",
            "first: 1, last: 1",
            "after: \"nonsense\"",
            "first: 2, before: \"IQ\"",
            "last: 1000000000",
        ] {
            let query = format!("{{ {list}({arguments}) {{ nodes {{ id }} }} }}");
            assert_eq!(coordinator.fault(&query, json!({})).await, "BAD_USER_INPUT", "{query}");
        }
    }
    for nested in [
        "{ groups(first: 1) { nodes { sessions(first: 101) { totalCount } } } }",
        "{ viewer { account { id } } sessions(first: 1, last: 1) { totalCount } }",
    ] {
        assert_eq!(coordinator.fault(nested, json!({})).await, "BAD_USER_INPUT", "{nested}");
    }
    let empty = coordinator.ask("{ groups(first: 0) { nodes { id } totalCount pageInfo { hasNextPage } } }", json!({})).await;
    assert_eq!((&empty["groups"]["nodes"], &empty["groups"]["pageInfo"]["hasNextPage"]), (&json!([]), &json!(true)));
});

both!(a_cursor_of_another_list_is_refused, |world| async move {
    let coordinator = world.sign_in("coordinator").await;
    let session = coordinator.ask("{ sessions(first: 1) { pageInfo { endCursor } } }", json!({})).await;
    let cursor = &session["sessions"]["pageInfo"]["endCursor"];
    let query = "query($after: String!) { champions(first: 1, after: $after) { nodes { id } } }";
    assert_eq!(coordinator.fault(query, json!({ "after": cursor })).await, "BAD_USER_INPUT");
});

/// Signs somebody up while others page.
async fn sign_up(world: &World, number: usize) {
    let input = json!({ "fullName": "Ada Lovelace", "email": format!("paging.{number}@example.org"), "birthDate": "1980-02-29", "languages": ["eng"],
        "consents": [{ "purpose": "PRIVACY_NOTICE", "wordingVersion": "2026-11", "given": true }] });
    let query = "mutation($input: ChampionSignUpInput!) { championSignUp(input: $input) { userErrors { code field message } } }";
    world.partner().done(query, json!({ "input": input })).await;
}

both!(paging_visits_everybody_once_while_rows_are_added, |world| async move {
    let coordinator = world.sign_in("coordinator").await;
    let everybody = coordinator.ask("{ champions(first: 100) { nodes { id } } }", json!({})).await;
    let expected: BTreeSet<String> =
        everybody["champions"]["nodes"].as_array().expect("champions").iter().map(|n| n["id"].to_string()).collect();
    for (direction, size) in [("first: 7, after", 7), ("last: 7, before", 7)] {
        let query = format!(
            "query($at: String) {{ champions({direction}: $at) {{ edges {{ cursor node {{ id }} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
        );
        let (mut at, mut seen, forward) = (Value::Null, Vec::new(), direction.starts_with("first"));
        for number in 0..40 {
            let page = coordinator.ask(&query, json!({ "at": at })).await["champions"].clone();
            let edges = page["edges"].as_array().cloned().expect("edges");
            assert!(edges.len() <= size);
            seen.extend(edges.iter().map(|e| e["node"]["id"].to_string()));
            assert_eq!(page["pageInfo"]["startCursor"], edges.first().map_or(Value::Null, |e| e["cursor"].clone()));
            sign_up(&world, if forward { number } else { 100 + number }).await;
            let more = if forward { "hasNextPage" } else { "hasPreviousPage" };
            if page["pageInfo"][more] == false || edges.is_empty() || seen.len() > 150 {
                break;
            }
            at = page["pageInfo"][if forward { "endCursor" } else { "startCursor" }].clone();
        }
        let once: BTreeSet<String> = seen.iter().cloned().collect();
        assert_eq!(once.len(), seen.len(), "nobody twice, {direction}");
        assert!(expected.is_subset(&once), "everybody who was there, {direction}");
    }
});

/// What async-graphql 7.0.19 does, as `Cargo.toml` pins it: the gate of every upgrade.
mod library {
    use super::*;

    #[derive(Clone, Copy)]
    struct Child(bool);

    #[Object]
    impl Child {
        async fn id(&self) -> i32 {
            1
        }

        async fn must(&self) -> async_graphql::Result<i32> {
            if self.0 { Ok(2) } else { Err("boom".into()) }
        }
    }

    #[derive(SimpleObject)]
    struct Payload {
        ok: bool,
    }

    struct Query;

    #[Object]
    impl Query {
        async fn slow(&self) -> i32 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            1
        }

        async fn fast(&self) -> i32 {
            2
        }

        async fn must(&self) -> async_graphql::Result<i32> {
            Err("boom".into())
        }

        /// The form every nullable resolver of ours has.
        async fn may(&self) -> Option<async_graphql::Result<i32>> {
            Some(Err("boom".into()))
        }

        async fn child(&self) -> Option<Child> {
            Some(Child(false))
        }

        async fn children(&self) -> Vec<Option<Child>> {
            vec![Some(Child(true)), Some(Child(false))]
        }

        async fn payload(&self) -> Option<async_graphql::Result<Payload>> {
            Some(Ok(Payload { ok: true }))
        }
    }

    async fn answer(query: &str) -> (String, usize) {
        let response = Schema::new(Query, EmptyMutation, EmptySubscription).execute(query).await;
        (serde_json::to_string(&response.data).expect("JSON"), response.errors.len())
    }

    #[tokio::test]
    async fn answers_have_the_order_of_the_document_and_null_goes_up_to_the_next_nullable_field() {
        for (query, data, errors) in [
            ("{ slow fast }", r#"{"slow":1,"fast":2}"#, 0),
            ("{ fast slow }", r#"{"fast":2,"slow":1}"#, 0),
            ("{ must fast }", "null", 1),
            ("{ may fast }", r#"{"may":null,"fast":2}"#, 1),
            ("{ child { id must } fast }", r#"{"child":null,"fast":2}"#, 1),
            ("{ children { id must } fast }", r#"{"children":[{"id":1,"must":2},null],"fast":2}"#, 1),
            ("{ payload { ok } }", r#"{"payload":{"ok":true}}"#, 0),
            ("{ a: fast b: slow c: fast }", r#"{"a":2,"b":1,"c":2}"#, 0),
        ] {
            assert_eq!(answer(query).await, (data.to_owned(), errors), "{query}");
        }
    }
}
