//! Who may do what, field by field: every root query and every mutation, as every kind of caller, held to `rules::policy`.

use rules::id::{AccountId, ChampionId, ClientId};
use rules::policy::{Action, Caller, ClientKind, Relation, Role, decide};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::both;
use crate::harness::introspection::{Introspection, nobody};
use crate::harness::{Persona, World};

/// Every kind of caller: the account's name, and what the rules know of it.
fn personas() -> Vec<(&'static str, Caller)> {
    let account = Some(AccountId(Uuid::from_u128(1)));
    let role = |role| Caller { account, roles: vec![role], ..Caller::default() };
    let client = Some((ClientId(Uuid::from_u128(1)), ClientKind::Publishable));
    vec![
        ("stranger", Caller::default()),
        ("partner", Caller { client, ..Caller::default() }),
        ("champion", Caller { champion: Some(ChampionId(Uuid::from_u128(1))), ..role(Role::Champion) }),
        ("leader", role(Role::GroupLeader)),
        ("trainer", role(Role::Trainer)),
        ("coordinator", role(Role::Coordinator)),
        ("safeguarding", role(Role::SafeguardingLead)),
        ("admin", role(Role::Administrator)),
    ]
}

async fn sign_in<'w>(world: &'w World, name: &str) -> Persona<'w> {
    match name {
        "stranger" => world.stranger(),
        "partner" => world.partner(),
        name => world.sign_in(name).await,
    }
}

/// Who has a thing as theirs, of those who have a relation to anything: `champion@` or `leader@`.
#[derive(Clone, Copy)]
enum Whose {
    Champions,
    Leaders,
    Nobodys,
}

impl Whose {
    fn relation(self, name: &str) -> Relation {
        let own = matches!((self, name), (Self::Champions, "champion") | (Self::Leaders, "leader"));
        if own { Relation::Own } else { Relation::Other }
    }
}

/// What a root query field asks of its caller.
enum Asks {
    /// Nobody gets anything: cost is not counted in these tests (see `limits.rs`).
    Never,
    /// Nothing.
    Nothing,
    /// To be signed in.
    SignIn,
    /// An action; without it the answer is null.
    Or(Action, Whose),
    /// An action on one's own or on everything; without it the answer is null.
    OwnOr(Action),
    /// One of these actions on everything: each has its part of the answer.
    OneOf(&'static [Action]),
    /// An action; without it the answer is an error, since it judges an input.
    Else(Action, Whose),
}

const PROPOSE: &str =
    "mutation { rotaPropose(input: {from: \"2026-11-23\", until: \"2026-11-24\"}) { proposal { id } userErrors { code message } } }";

/// Every root query field: what it asks for, and a document that has an answer.
fn queries(
    champion: &Value,
    group: &Value,
    request: &Value,
    session: &Value,
    series: &Value,
    rota: &Value,
    preview: Value,
) -> Vec<(&'static str, Asks, &'static str, Value)> {
    use Action as A;
    use Asks::{Else, Never, Nothing, OneOf, Or, OwnOr, SignIn};
    use Whose::{Champions, Leaders, Nobodys};
    let id = |id: &Value| json!({ "id": id });
    vec![
        ("account", Or(A::AccountRead, Nobodys), "{ account(email: \"champion@demo.digiknow.example\") { id } }", json!({})),
        ("apiClients", Or(A::ApiClientRead, Nobodys), "{ apiClients { totalCount } }", json!({})),
        ("auditTrail", OneOf(&[A::AuditRead, A::AuditDbsRead, A::AuditAccessRead]), "{ auditTrail { totalCount } }", json!({})),
        ("champion", Or(A::ChampionRead, Champions), "query($id: ID!) { champion(by: {id: $id}) { id } }", id(champion)),
        ("championDuplicates", Or(A::ChampionDuplicateRead, Nobodys), "{ championDuplicates { totalCount } }", json!({})),
        ("championRequest", Or(A::ChampionRequestRead, Leaders), "query($id: ID!) { championRequest(id: $id) { id } }", id(request)),
        ("championRequests", OwnOr(A::ChampionRequestRead), "{ championRequests { totalCount } }", json!({})),
        ("champions", Or(A::ChampionList, Nobodys), "{ champions { totalCount } }", json!({})),
        ("clearanceForecast", Or(A::ClearanceForecastRead, Nobodys), "{ clearanceForecast { totalCount } }", json!({})),
        ("group", Or(A::DirectoryRead, Nobodys), "query($id: ID!) { group(id: $id) { id } }", id(group)),
        ("groups", Or(A::DirectoryRead, Nobodys), "{ groups { totalCount } }", json!({})),
        (
            "matchPreview",
            Else(A::MatchRead, Leaders),
            "query($s: NewSessionInput!) { matchPreview(input: {session: $s}) { userErrors { code } } }",
            json!({ "s": preview }),
        ),
        ("node", Or(A::ChampionRead, Champions), "query($id: ID!) { node(id: $id) { id } }", id(champion)),
        ("nodes", Nothing, "query($id: ID!) { nodes(ids: [$id]) { id } }", id(champion)),
        ("onboardingBoard", Or(A::OnboardingBoardRead, Nobodys), "{ onboardingBoard { stages { count } } }", json!({})),
        ("organisations", Or(A::DirectoryRead, Nobodys), "{ organisations { totalCount } }", json!({})),
        ("rateLimit", Never, "{ rateLimit { cost } }", json!({})),
        ("references", Or(A::ReferenceDetailRead, Nobodys), "{ references { totalCount } }", json!({})),
        ("requirements", Or(A::CatalogueRead, Nobodys), "{ requirements { id } }", json!({})),
        (
            "rota",
            Or(A::ChampionRotaRead, Champions),
            "query($id: ID!) { rota(week: \"2026-11-23\", of: {championId: $id}) { from } }",
            id(champion),
        ),
        ("rotaProposal", Or(A::RotaProposalRead, Nobodys), "query($id: ID!) { rotaProposal(id: $id) { id } }", id(rota)),
        ("rotaProposals", Or(A::RotaProposalRead, Nobodys), "{ rotaProposals { totalCount } }", json!({})),
        ("server", Nothing, "{ server { version } }", json!({})),
        ("session", Or(A::SessionRead, Nobodys), "query($id: ID!) { session(id: $id) { id } }", id(session)),
        ("sessionSeries", Or(A::SessionRead, Nobodys), "query($id: ID!) { sessionSeries(id: $id) { id } }", id(series)),
        ("sessions", Or(A::SessionRead, Nobodys), "{ sessions { totalCount } }", json!({})),
        ("trainingCohorts", Or(A::TrainingCohortRead, Nobodys), "{ trainingCohorts { totalCount } }", json!({})),
        ("trainingCoverage", Or(A::TrainingCoverageRead, Nobodys), "{ trainingCoverage { summary } }", json!({})),
        ("trainingModules", Or(A::CatalogueRead, Nobodys), "{ trainingModules { totalCount } }", json!({})),
        ("venues", Or(A::DirectoryRead, Nobodys), "{ venues { totalCount } }", json!({})),
        ("viewer", SignIn, "{ viewer { account { id } } }", json!({})),
    ]
}

both!(every_root_query_answers_those_the_policy_names_and_nobody_else, |world| async move {
    let coordinator = world.sign_in("coordinator").await;
    let champion =
        world.sign_in("champion").await.ask("{ viewer { champion { id } } }", json!({})).await["viewer"]["champion"]["id"].clone();
    let asked = world.sign_in("leader").await.ask_for(&world.free_session().await).await;
    let (group, _) = world.group("stockroom-digital-desk").await;
    let rota = coordinator.done(PROPOSE, json!({})).await["proposal"]["id"].clone();
    let series = world.sign_in("leader").await.repeat("FREQ=WEEKLY;COUNT=2", json!({ "startTime": "06:00" })).await.id;
    let table = queries(&champion, &group, &asked.request, &asked.session, &series, &rota, world.free_session().await);
    let schema = Introspection::of(&world).await;
    let listed: Vec<&str> = table.iter().map(|(name, ..)| *name).collect();
    let there: Vec<&str> = schema.fields("Query").iter().filter_map(|f| f["name"].as_str()).collect();
    assert_eq!(
        {
            let mut there = there;
            there.sort_unstable();
            there
        },
        listed,
        "a new root field needs its line in the table"
    );
    for (field, asks, query, variables) in &table {
        assert!(
            coordinator.send(query, variables.clone()).await.1["errors"].is_null()
                || matches!(asks, Asks::Or(Action::AccountRead | Action::ApiClientRead, _)),
            "{field}"
        );
        for (name, caller) in personas() {
            let (_, body) = sign_in(&world, name).await.send(query, variables.clone()).await;
            let may = |action, relation| decide(&caller, action, relation);
            let (allowed, loud) = match asks {
                Asks::Never => (false, false),
                Asks::Nothing => (true, false),
                Asks::SignIn => (caller.account.is_some(), false),
                Asks::Or(action, whose) => (may(*action, whose.relation(name)), false),
                Asks::OwnOr(action) => (may(*action, Relation::Own), false),
                Asks::OneOf(actions) => (actions.iter().any(|action| may(*action, Relation::Other)), false),
                Asks::Else(action, whose) => (may(*action, whose.relation(name)), true),
            };
            let expected = match (allowed, loud, name) {
                (true, ..) => "answered",
                (false, false, _) => "null",
                (false, true, "stranger") => "UNAUTHENTICATED",
                (false, true, _) => "FORBIDDEN",
            };
            assert_eq!(outcome(&body, field), expected, "{name} asks for {field}: {body:#}");
        }
    }
});

/// How an answer ended.
fn outcome<'a>(body: &'a Value, field: &str) -> &'a str {
    match (&body["errors"][0]["extensions"]["code"], &body["data"][field]) {
        (Value::String(code), _) => code,
        (_, Value::Null) => "null",
        _ => "answered",
    }
}

/// The action of a mutation: the same name.
fn action_of(mutation: &str) -> Action {
    let same = |action: &&Action| format!("{action:?}").eq_ignore_ascii_case(mutation);
    *Action::ALL.iter().find(same).unwrap_or_else(|| panic!("{mutation} has no action in rules::policy"))
}

fn document(mutation: &str, input: &str) -> String {
    format!("mutation($input: {input}!) {{ {mutation}(input: $input) {{ userErrors {{ code field message }} }} }}")
}

both!(every_mutation_is_open_to_those_the_policy_names_and_to_nobody_else, |world| async move {
    let schema = Introspection::of(&world).await;
    let mutations = schema.fields("Mutation");
    assert!(mutations.len() >= 30, "{}", mutations.len());
    for field in mutations {
        let name = field["name"].as_str().expect("a name");
        let action = action_of(name);
        let of = &field["args"][0]["type"];
        let (input, query) = (schema.dummy("input", of), document(name, of["ofType"]["name"].as_str().expect("a name")));
        for (persona, caller) in personas() {
            let (_, body) = sign_in(&world, persona).await.send(&query, json!({ "input": input })).await;
            let seen = outcome(&body, name);
            let expected = if decide(&caller, action, Relation::Own) {
                "answered"
            } else if persona == "stranger" {
                "UNAUTHENTICATED"
            } else {
                "FORBIDDEN"
            };
            // What is one's own alone may be refused outright too, since nothing here is anybody's own.
            let own_only = !decide(&caller, action, Relation::Other);
            assert!(
                seen == expected || (own_only && seen == "FORBIDDEN"),
                "{persona} sends {name}: {seen}, not {expected}\n{input:#}\n{body:#}"
            );
        }
    }
});

both!(what_is_hidden_answers_like_what_does_not_exist, |world| async move {
    let coordinator = world.sign_in("coordinator").await;
    let volunteers = world.everybody_comes().await;
    let another = volunteers.iter().find(|v| v.mailbox != "champion").expect("another champion");
    let asked = world.sign_in("leader").await.ask_for(&world.free_session().await).await;
    let who = world.matched(&asked.session, &volunteers).await.into_iter().find(|v| v.mailbox != "champion").expect("a match");
    let offer = world.sign_in("leader").await.offer(&asked.request, std::slice::from_ref(&who)).await.remove(0);
    let series = world.sign_in("leader").await.repeat("FREQ=WEEKLY", json!({ "startTime": "15:00" })).await;
    let send = "mutation($input: OfferBundleSendInput!) { offerBundleSend(input: $input) { bundle { id } userErrors { code message } } }";
    let dates = json!({ "championId": who.id, "sessionIds": [series.sessions[0]["id"], series.sessions[1]["id"]] });
    let bundle = world.sign_in("leader").await.done(send, json!({ "input": dates })).await["bundle"]["id"].clone();
    let query = "query($id: ID!) { champion(by: {id: $id}) { trainingCompletions { id } assignments(first: 1) { nodes { id } } } }";
    let record = coordinator.ask(query, json!({ "id": another.id })).await["champion"].clone();
    let hidden = [
        ("Champion", another.id.clone(), vec!["champion"]),
        ("Offer", offer, vec!["champion", "leader2", "trainer", "admin"]),
        ("ChampionRequest", asked.request.clone(), vec!["champion", "leader2", "trainer", "admin"]),
        ("TrainingCompletion", record["trainingCompletions"][0]["id"].clone(), vec!["champion", "leader", "admin"]),
        ("Assignment", record["assignments"]["nodes"][0]["id"].clone(), vec!["champion", "trainer", "admin"]),
        ("OfferBundle", bundle, vec!["champion", "leader2", "trainer", "admin"]),
    ];
    for (kind, id, callers) in &hidden {
        assert!(id.is_string(), "{kind}");
        for caller in callers {
            let caller = world.sign_in(caller).await;
            let read = "query($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }";
            let (there, not_there) = (caller.ask(read, json!({ "id": id })).await, caller.ask(read, json!({ "id": nobody(kind) })).await);
            assert_eq!(there, not_there, "{kind}");
        }
    }
    let champion = world.sign_in("champion").await;
    let schema = Introspection::of(&world).await;
    for (field, name, id) in [
        ("championId", "championUpdate", &another.id),
        ("championId", "championMembershipChange", &another.id),
        ("championId", "availabilityWindowsReplace", &another.id),
        ("championId", "availabilityExceptionAdd", &another.id),
        ("championId", "evidenceRecord", &another.id),
        ("offerId", "offerAccept", &hidden[1].1),
        ("offerId", "offerDecline", &hidden[1].1),
        ("assignmentId", "assignmentWithdraw", &hidden[4].1),
        ("bundleId", "offerBundleAnswer", &hidden[5].1),
    ] {
        let mutation = schema.fields("Mutation").into_iter().find(|f| f["name"] == name).expect("a mutation");
        let of = &mutation["args"][0]["type"];
        let query = document(name, of["ofType"]["name"].as_str().expect("a name"));
        let mut input = schema.dummy("input", of);
        let without = strip(champion.send(&query, json!({ "input": input })).await.1);
        input[field] = (*id).clone();
        assert_eq!(strip(champion.send(&query, json!({ "input": input })).await.1), without, "{name}");
    }
});

/// An answer without the request's own id.
fn strip(mut body: Value) -> Value {
    if let Some(errors) = body["errors"].as_array_mut() {
        for error in errors {
            error["extensions"]["requestId"] = Value::Null;
        }
    }
    body
}
