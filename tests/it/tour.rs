//! The five-minute tour: what the explorer offers and README.md prints is what works.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use api::app::App;
use api::http::explorer::TOUR;
use api::http::{Site, router};
use api::keys::Keys;
use api::postcodes::Postcodes;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use chrono::{Days, NaiveDate};
use serde_json::{Map, Value, json};
use tower::ServiceExt;

use crate::both;
use crate::harness::{self, Persona, World};

fn steps() -> Vec<Value> {
    let tour: Value = serde_json::from_str(TOUR).expect("tour.json is JSON");
    tour["steps"].as_array().cloned().expect("steps")
}

fn text<'a>(step: &'a Value, name: &str) -> &'a str {
    step[name].as_str().unwrap_or_else(|| panic!("{name}: {step:#}"))
}

fn query(step: &Value) -> String {
    step["query"].as_array().expect("lines").iter().map(|line| line.as_str().expect("a line")).collect::<Vec<_>>().join("\n")
}

/// Variables with captured values and dates in their places.
fn resolved(value: &Value, kept: &HashMap<String, Value>, today: NaiveDate) -> Value {
    match value {
        Value::String(text) if text.starts_with('$') => kept.get(&text[1..]).unwrap_or_else(|| panic!("{text} before it is there")).clone(),
        Value::Array(items) => items.iter().map(|item| resolved(item, kept, today)).collect(),
        Value::Object(fields) => match fields.get("$date").and_then(Value::as_i64) {
            Some(days) => json!(day(today, days)),
            None => fields.iter().map(|(name, item)| (name.clone(), resolved(item, kept, today))).collect::<Map<_, _>>().into(),
        },
        other => other.clone(),
    }
}

fn day(today: NaiveDate, days: i64) -> NaiveDate {
    let count = Days::new(days.unsigned_abs());
    if days < 0 { today - count } else { today + count }
}

/// What stands at a path like `a.0.b`, or at every item of a list with `*`.
fn picked(value: &Value, path: &str) -> Value {
    let (head, rest) = path.split_once('.').unwrap_or((path, ""));
    let next = |value: &Value| if rest.is_empty() { value.clone() } else { picked(value, rest) };
    match (value, head) {
        (_, "") => value.clone(),
        (Value::Array(items), "*") => items.iter().map(next).collect(),
        (Value::Array(items), index) => next(&items[index.parse::<usize>().expect("an index")]),
        (fields, name) => next(&fields[name]),
    }
}

async fn persona<'w>(world: &'w World, id: &str) -> Persona<'w> {
    if id == "partner" { world.partner() } else { world.sign_in(id).await }
}

/// Runs every step, and answers what each said, by title, and what was captured.
async fn walk(world: &World) -> (HashMap<String, Value>, HashMap<String, Value>) {
    let today = world.now().date_naive();
    let (mut said, mut kept) = (HashMap::new(), HashMap::new());
    for step in steps() {
        let title = text(&step, "title");
        let data = persona(world, text(&step, "persona")).await.ask(&query(&step), resolved(&step["variables"], &kept, today)).await;
        for (field, payload) in data.as_object().expect("fields") {
            assert!(!payload.is_null(), "{title}: {field} is null");
            let errors = payload.get("userErrors").cloned().unwrap_or_else(|| json!([]));
            assert_eq!(errors, json!([]), "{title}");
        }
        for (name, path) in captures(&step) {
            let value = picked(&data, &path);
            let nothing = value.is_null() || value.as_array().is_some_and(|items| items.is_empty() || items.iter().any(Value::is_null));
            assert!(!nothing, "{title}: nothing at {path} of {data:#}");
            kept.insert(name, value);
        }
        said.insert(title.to_owned(), data);
    }
    (said, kept)
}

fn captures(step: &Value) -> Vec<(String, String)> {
    let fields = step.get("capture").and_then(Value::as_object).into_iter().flatten();
    fields.map(|(name, path)| (name.clone(), path.as_str().expect("a path").to_owned())).collect()
}

both!(every_step_works_and_together_they_tell_a_story, |world| async move {
    let (said, kept) = walk(&world).await;
    let said = |title: &str, path: &str| picked(&said[title], path);
    assert!(said("See who could come, and why not the others", "session.matches.blocked").as_array().is_some_and(|b| b.len() > 3));
    assert!(kept["bestIds"].as_array().is_some_and(|best| best.contains(&kept["championId"])), "the demo's champion is among the best");
    assert_eq!(said("Read your newest offer", "viewer.champion.offers.nodes.0.session.title"), "The NHS App, step by step");
    assert_eq!(said("Accept it", "offerAccept.assignment.session.cover"), "PARTLY_COVERED");
    assert_eq!(said("Read the rota of a week", "then.sessions.nodes.0.assignments.0.champion.displayName"), "Precious N.");
    assert_eq!(said("Give the place back", "assignmentWithdraw.assignment.session.cover"), "UNCOVERED");
});

/// The tour as README.md prints it: title, why, a command to paste, and what to take from its answer.
fn printed() -> String {
    let mut page = String::from("\n");
    for (number, step) in (1..).zip(steps()) {
        let (title, who, why) = (text(&step, "title"), text(&step, "persona"), text(&step, "why"));
        let (query, variables) = (query(&step), variables_for_a_shell(&step["variables"]));
        let _ = write!(page, "#### {number}. {title}\n\n{why}\n\n```sh\n");
        let _ = write!(page, "ask {who} <<'QUERY' 3<<VARIABLES\n{query}\nQUERY\n{variables}\nVARIABLES\n");
        for (name, path) in captures(&step) {
            let empty = if path.contains('*') { "'[\"…\", \"…\"]'" } else { "'…'" };
            let _ = writeln!(page, "{name}={empty}   # paste {path}");
        }
        page.push_str("```\n\n");
    }
    page
}

/// JSON in which a shell puts captured values, quotes included, and dates.
fn variables_for_a_shell(variables: &Value) -> String {
    let mut json = laid_out(&dated(variables), "");
    for (name, _) in steps().iter().flat_map(captures) {
        json = json.replace(&format!("\"${name}\""), &format!("${name}"));
    }
    json
}

/// JSON on one line where it fits, else a line for each part.
fn laid_out(value: &Value, indent: &str) -> String {
    let flat = value.to_string().replace("\":", "\": ").replace("},{", "}, {").replace(",\"", ", \"");
    if indent.len() + flat.len() <= 110 {
        return flat;
    }
    let inner = format!("{indent}  ");
    let (open, close, parts): (_, _, Vec<String>) = match value {
        Value::Array(items) => ('[', ']', items.iter().map(|item| laid_out(item, &inner)).collect()),
        Value::Object(fields) => ('{', '}', fields.iter().map(|(name, item)| format!("\"{name}\": {}", laid_out(item, &inner))).collect()),
        _ => return flat,
    };
    format!("{open}\n{inner}{}\n{indent}{close}", parts.join(&format!(",\n{inner}")))
}

fn dated(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(dated).collect(),
        Value::Object(fields) => match fields.get("$date").and_then(Value::as_i64) {
            Some(days) => json!(format!("$(day {days:+})")),
            None => fields.iter().map(|(name, item)| (name.clone(), dated(item))).collect::<Map<_, _>>().into(),
        },
        other => other.clone(),
    }
}

/// Run with `DIGIKNOW_WRITE=1` to print the tour anew.
#[test]
fn the_readme_prints_the_tour() {
    let steps = steps();
    for step in &steps {
        assert!(!query(step).contains(['"', '\\']), "{}: a shell could not wrap this query", text(step, "title"));
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(file).expect("README.md").replace("\r\n", "\n");
    let (before, rest) = readme.split_once("<!-- tour -->\n").expect("<!-- tour -->");
    let (tour, after) = rest.split_once("<!-- end of tour -->").expect("<!-- end of tour -->");
    if std::env::var_os("DIGIKNOW_WRITE").is_some() {
        let page = format!("{before}<!-- tour -->\n{}<!-- end of tour -->{after}", printed());
        std::fs::write(file, page).expect("written");
        return;
    }
    assert!(tour == printed(), "README.md is behind api/src/web/tour.json: DIGIKNOW_WRITE=1 cargo test --test it tour::the_readme");
    for step in &steps {
        assert!(tour.contains(text(step, "title")) && tour.contains(&query(step)), "{}", text(step, "title"));
    }
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).expect("a request")
}

/// Another service on the world's database.
fn service(world: &World, demo: bool, explorer: bool) -> Router {
    let app = App {
        db: world.app.db.clone(),
        clock: world.app.clock.clone(),
        keys: Keys::from_pem(&Keys::generate_pem().expect("a key")).expect("a key"),
        passwords: world.app.passwords.clone(),
        postcodes: Postcodes::load().expect("the postcodes"),
        sealing: api::sealing::Sealing::parse("test AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").expect("a key"),
        update_service: Default::default(),
        provider: Default::default(),
        policy: world.app.policy.clone(),
        news: Default::default(),
        demo,
    };
    router(Site::new(Arc::new(app)), explorer)
}

both!(the_explorer_gives_sign_ins_away_in_the_demo_alone, |world| async move {
    let page = world.http(get("/explorer")).await;
    assert_eq!(page.status(), StatusCode::OK);
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("connect-src 'self'"), "{policy}");
    let (_, offered) = harness::json(world.http(get("/explorer/tour.json")).await).await;
    assert_eq!(offered["tour"]["steps"].as_array().map(Vec::len), Some(steps().len()));
    let known: Vec<&str> = offered["personas"].as_array().expect("personas").iter().filter_map(|p| p["id"].as_str()).collect();
    for step in steps() {
        assert!(known.contains(&text(&step, "persona")), "{step:#}");
    }

    let answer = service(&world, false, true).oneshot(get("/explorer/tour.json")).await.expect("an answer");
    let (_, offered) = harness::json(answer).await;
    assert_eq!(offered["personas"], json!([]));
    assert!(!offered.to_string().contains(api::demo::DEMO_PASSWORD) && !offered.to_string().contains(api::demo::DEMO_KEY));
    for path in ["/explorer", "/explorer/tour.json"] {
        let answer = service(&world, true, false).oneshot(get(path)).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path} is off unless asked for");
    }
});

both!(a_page_of_the_service_itself_may_use_a_publishable_key, |world| async move {
    let from = |origin: &str| {
        let request = Request::post("/graphql").header("content-type", "application/json").header("host", "digiknow.example:8080");
        let request = request.header("origin", origin).header("digiknow-client-key", api::demo::DEMO_KEY);
        request.body(Body::from(r#"{"query": "{ groups(first: 1) { totalCount } }"}"#)).expect("a request")
    };
    for (origin, status) in [
        ("http://digiknow.example:8080", StatusCode::OK),
        ("https://digiknow.example:8080", StatusCode::OK),
        ("http://localhost:3000", StatusCode::OK),
        ("http://digiknow.example", StatusCode::FORBIDDEN),
        ("https://other.example", StatusCode::FORBIDDEN),
        ("null", StatusCode::FORBIDDEN),
    ] {
        assert_eq!(world.http(from(origin)).await.status(), status, "{origin}");
    }
});
