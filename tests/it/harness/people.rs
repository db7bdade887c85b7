//! Where the tests find people, modules and requirements of the demo, and the messages sent to them.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use super::{Persona, World};

/// A message of the development mail sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub subject: String,
    pub body: String,
}

impl Letter {
    /// The token of the link: the one line that is a single long word.
    pub fn token(&self) -> String {
        let long = |line: &&str| line.len() > 40 && !line.contains(' ');
        self.body.lines().find(long).unwrap_or_else(|| panic!("no token in {self:?}")).to_owned()
    }
}

impl World {
    /// Whoever holds an access token.
    pub fn holder(&self, token: &Value) -> Persona<'_> {
        Persona { world: self, headers: vec![("authorization", format!("Bearer {}", token.as_str().expect("a token")))] }
    }

    /// The messages to an address, as GET /dev/mail shows them, newest first.
    pub async fn letters(&self, to: &str) -> Vec<Letter> {
        let response = self.http(Request::get("/dev/mail").body(Body::empty()).expect("a request")).await;
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a page");
        let page = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        let between = |text: &str, start: &str, end: &str| {
            let from = text.find(start).expect(start) + start.len();
            text[from..from + text[from..].find(end).expect(end)].to_owned()
        };
        let to = format!("<p>To {to},");
        let theirs = page.split("<article>").skip(1).filter(|article| article.contains(&to));
        theirs.map(|article| Letter { subject: between(article, "<h2>", "</h2>"), body: between(article, "<pre>", "</pre>") }).collect()
    }

    /// The id of a champion of the demo, by full name, whatever their membership.
    pub async fn champion_id(&self, full_name: &str) -> Value {
        const FIND: &str = "query($name: String!) { champions(filter: {nameContains: $name, memberships: [ENQUIRED, APPLIED, SCREENING, APPROVED, ON_TRIAL, ACTIVE, PAUSED, SUSPENDED, LEFT, DECLINED, WITHDRAWN]}) { nodes { id fullName } } }";
        let found = self.sign_in("coordinator").await.ask(FIND, json!({ "name": full_name })).await;
        let nodes = found["champions"]["nodes"].as_array().cloned().expect("champions");
        nodes.into_iter().find(|node| node["fullName"] == full_name).unwrap_or_else(|| panic!("nobody is called {full_name}"))["id"].take()
    }

    /// The id of a training module, by its code.
    pub async fn module_id(&self, code: &str) -> Value {
        let found = self.partner().ask("{ trainingModules(first: 100) { nodes { id code } } }", json!({})).await;
        let nodes = found["trainingModules"]["nodes"].as_array().cloned().expect("modules");
        nodes.into_iter().find(|node| node["code"] == code).unwrap_or_else(|| panic!("no module {code}"))["id"].take()
    }

    /// The id of the requirement of a kind in force today.
    pub async fn requirement_id(&self, kind: &str) -> Value {
        let found = self.partner().ask("{ requirements { id kind } }", json!({})).await;
        let rows = found["requirements"].as_array().cloned().expect("requirements");
        rows.into_iter().find(|row| row["kind"] == kind).unwrap_or_else(|| panic!("no requirement {kind}"))["id"].take()
    }

    /// How many champions there are, whatever their membership.
    pub async fn champion_count(&self) -> Value {
        const COUNT: &str = "{ champions(filter: {memberships: [ENQUIRED, APPLIED, SCREENING, APPROVED, ON_TRIAL, ACTIVE, PAUSED, SUSPENDED, LEFT, DECLINED, WITHDRAWN]}) { totalCount } }";
        self.sign_in("coordinator").await.ask(COUNT, json!({})).await["champions"]["totalCount"].take()
    }
}
