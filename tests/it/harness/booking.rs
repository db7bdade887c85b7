//! What tests of requests, offers and rotas have in common: a leader's group, a session to ask for, champions who could come.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{Persona, World};

/// A Sunday on which no group of the demo meets, so that nobody is busy.
pub const FREE_DAY: &str = "2026-12-06";

pub const ASK: &str = "mutation($input: ChampionRequestCreateInput!) { championRequestCreate(input: $input) {
    request { id reference status session { id version places { id kind filled } } } userErrors { code field message } } }";
pub const SEND: &str = "mutation($input: OfferSendInput!) { offerSend(input: $input) {
    offers { id status champion { id } } request { id status } userErrors { code field message } } }";
pub const ACCEPT: &str = "mutation($id: ID!) { offerAccept(input: {offerId: $id}) {
    assignment { id status clearedForSession } userErrors { code field message } } }";
pub const DECLINE: &str =
    "mutation($id: ID!) { offerDecline(input: {offerId: $id}) { offer { id status } userErrors { code field message } } }";
pub const GIVE_UP: &str = "mutation($id: ID!) { assignmentWithdraw(input: {assignmentId: $id}) {
    assignment { id status endedAt } userErrors { code field message } } }";
pub const CANCEL: &str = "mutation($input: SessionCancelInput!) { sessionCancel(input: $input) {
    session { id status version } userErrors { code field message } } }";

/// Lays fields over an object.
pub fn with(mut base: Value, over: Value) -> Value {
    for (name, value) in over.as_object().expect("an object") {
        base[name] = value.clone();
    }
    base
}

/// A request, as it came back.
#[derive(Clone, Debug)]
pub struct Asked {
    pub request: Value,
    pub session: Value,
}

/// A champion who is cleared and free, with the part of the address before the @.
#[derive(Clone, Debug)]
pub struct Volunteer {
    pub id: Value,
    pub mailbox: String,
}

impl World {
    /// A group's id and its venue's, by slug.
    pub async fn group(&self, slug: &str) -> (Value, Value) {
        let data = self.partner().ask("{ groups(first: 100) { nodes { id slug venue { id } } } }", json!({})).await;
        let nodes = data["groups"]["nodes"].as_array().cloned().expect("groups");
        let found = nodes.into_iter().find(|g| g["slug"] == slug).expect("a group of the demo");
        (found["id"].clone(), found["venue"]["id"].clone())
    }

    /// A session of the leader's own group on a free Sunday, which asks for one helper and no check.
    pub async fn free_session(&self) -> Value {
        let (group, venue) = self.group("stockroom-digital-desk").await;
        json!({ "groupId": group, "venueId": venue, "title": "Sunday Desk", "date": FREE_DAY, "startTime": "10:00",
            "durationMinutes": 120, "dbs": null, "places": [{ "kind": "HELPER", "count": 1 }] })
    }

    /// Makes every active champion free at all hours and willing to come from anywhere; answers them in the order of their
    /// references.
    pub async fn everybody_comes(&self) -> Vec<Volunteer> {
        let coordinator = self.sign_in("coordinator").await;
        let all = coordinator
            .ask("{ champions(filter: {memberships: [ACTIVE]}, first: 100) { nodes { id contact { email } availability { exceptions { id } } } } }", json!({}))
            .await;
        let days = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];
        let windows: Vec<Value> = days.iter().map(|d| json!({ "weekday": d, "startTime": "00:00", "endTime": "00:00" })).collect();
        let mut volunteers = Vec::new();
        for node in all["champions"]["nodes"].as_array().expect("champions") {
            let input = json!({ "championId": node["id"], "windows": windows, "mostPerWeek": null });
            let query = "mutation($input: AvailabilityWindowsReplaceInput!) { availabilityWindowsReplace(input: $input) { userErrors { code message } } }";
            coordinator.done(query, json!({ "input": input })).await;
            let input = json!({ "championId": node["id"], "maxDistanceMetres": 50_000, "remoteOnly": false });
            let query = "mutation($input: ChampionUpdateInput!) { championUpdate(input: $input) { userErrors { code message } } }";
            coordinator.done(query, json!({ "input": input })).await;
            for leave in node["availability"]["exceptions"].as_array().expect("exceptions") {
                let query = "mutation($id: ID!) { availabilityExceptionRemove(input: {exceptionId: $id}) { userErrors { code message } } }";
                coordinator.done(query, json!({ "id": leave["id"] })).await;
            }
            let email = node["contact"]["email"].as_str().expect("an address");
            volunteers.push(Volunteer { id: node["id"].clone(), mailbox: email.split('@').next().unwrap_or_default().to_owned() });
        }
        volunteers
    }

    /// The volunteers who could take a place at a session, best first.
    pub async fn matched(&self, session: &Value, volunteers: &[Volunteer]) -> Vec<Volunteer> {
        let by_id: HashMap<String, &Volunteer> = volunteers.iter().map(|v| (v.id.to_string(), v)).collect();
        let query = "query($id: ID!) { session(id: $id) { matches(first: 100) { edges { node { id } } blocked { kind count } } } }";
        let data = self.sign_in("coordinator").await.ask(query, json!({ "id": session })).await;
        let edges = data["session"]["matches"]["edges"].as_array().cloned().expect("matches");
        edges.iter().filter_map(|e| by_id.get(&e["node"]["id"].to_string()).map(|v| (*v).clone())).collect()
    }

    /// A session's facts as a coordinator sees them.
    pub async fn session(&self, id: &Value) -> Value {
        let query = "query($id: ID!) { session(id: $id) { id title status cover version startsAt startTime date places { kind filled }
            request { id status offers { id status } } assignments { id status champion { id } } } }";
        self.sign_in("coordinator").await.ask(query, json!({ "id": id })).await["session"].clone()
    }
}

impl Persona<'_> {
    /// Creates a session and asks for champions.
    pub async fn ask_for(&self, session: &Value) -> Asked {
        let payload = self.done(ASK, json!({ "input": { "target": { "newSession": session } } })).await;
        Asked { request: payload["request"]["id"].clone(), session: payload["request"]["session"]["id"].clone() }
    }

    /// Sends offers to everybody on the list, 20 at a time; answers them in its order.
    pub async fn offer(&self, request: &Value, champions: &[Volunteer]) -> Vec<Value> {
        let mut offers = Vec::new();
        for wave in champions.chunks(20) {
            let ids: Vec<_> = wave.iter().map(|v| v.id.clone()).collect();
            let sent = self.done(SEND, json!({ "input": { "requestId": request, "championIds": ids } })).await;
            offers.extend(sent["offers"].as_array().expect("offers").iter().map(|o| o["id"].clone()));
        }
        offers
    }
}

/// The same document from many at once; answers the data, and fails on any top-level error.
pub async fn all_at_once(calls: Vec<(Persona<'_>, &'static str, Value)>) -> Vec<Value> {
    let send = |(who, query, variables): (Persona<'_>, &'static str, Value)| {
        let (headers, router) = (who.headers.clone(), who.world.router.clone());
        tokio::spawn(async move {
            let mut request = axum::http::Request::post("/graphql").header("content-type", "application/json");
            for (name, value) in &headers {
                request = request.header(*name, value);
            }
            let body = json!({ "query": query, "variables": variables }).to_string();
            let response = tower::ServiceExt::oneshot(router, request.body(axum::body::Body::from(body)).expect("a request"))
                .await
                .expect("an answer");
            let (status, answer) = super::json(response).await;
            assert!(status.is_success() && answer.get("errors").is_none(), "{answer:#}");
            answer["data"].as_object().and_then(|fields| fields.values().next()).cloned().expect("a payload")
        })
    };
    let sent: Vec<_> = calls.into_iter().map(send).collect();
    let mut answers = Vec::new();
    for answer in sent {
        answers.push(answer.await.expect("no panic"));
    }
    answers
}
