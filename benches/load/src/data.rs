//! What is asked for: sessions, groups and offers of a generated database, and tokens of those who may.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use api::app::App;
use api::graphql::id::NodeId;
use api::operate;
use chrono::{TimeDelta, Utc};
use entity::{account, assignment, champion, offer, role_grant, session};
use rules::id::{AccountId, ChampionId, GroupId, OfferId, SessionId};
use rules::offer::OfferStatus;
use rules::policy::Role;
use rules::session::Modality;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};

use crate::client::post;

/// How many sessions and groups are asked about in turn.
const SAMPLE: usize = 240;

/// The operations that matter most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Operation {
    /// The twenty best for a session: name, languages, when they are free next
    M1,
    /// A group's dashboard: twenty sessions, who is placed, their training
    M2,
    /// A champion accepts an offer
    M3,
    /// Somebody signs up on a partner's website; has no plain handler beside it, and leaves its people in the database
    M4,
}

const MATCHES: &str = "query Matches($id: ID!) { session(id: $id) { matches(first: 20) { edges { score node { displayName languages { code } \
    availability { next { startsAt endsAt } } } } } } }";
const DASHBOARD: &str = "query Dashboard($group: ID!, $range: DateTimeRangeInput!) { sessions(filter: {groupIds: [$group], range: $range}, first: 20) { \
    nodes { title startsAt status assignments { status champion { displayName trainingCompletions { completedOn module { code title } } } } } } }";
const ACCEPT: &str =
    "mutation Accept($id: ID!) { offerAccept(input: {offerId: $id}) { assignment { status } userErrors { code message } } }";

const SIGN_UP: &str =
    "mutation SignUp($input: ChampionSignUpInput!) { championSignUp(input: $input) { nextStep userErrors { code message } } }";

/// One request, to the service and to the plain handlers.
pub struct Request {
    pub service: Vec<u8>,
    pub plain: Vec<u8>,
}

/// Everything that is asked for.
pub struct Data {
    pub matches: Vec<Request>,
    pub dashboards: Vec<Request>,
    /// By champion, so that nobody waits for themselves.
    pub offers: Vec<Vec<(OfferId, Request)>>,
    /// A partner's key.
    client: String,
}

fn request(path: &str, token: &str, query: &str, variables: &Value, id: uuid::Uuid) -> Request {
    let bearer = format!("Bearer {token}");
    Request {
        service: post("/graphql", ("authorization", &bearer), &json!({ "query": query, "variables": variables }).to_string()),
        plain: post(path, ("authorization", &bearer), &json!({ "id": id }).to_string()),
    }
}

/// As many as are wanted, spread over all.
fn spread<T: Clone>(all: &[T], most: usize) -> Vec<T> {
    let step = (all.len() / most).max(1);
    all.iter().step_by(step).take(most).cloned().collect()
}

impl Data {
    /// Chooses from a database.
    pub async fn choose(app: &App, offers: usize) -> Result<Self> {
        let conn = app.db.read();
        let now = Utc::now();
        let leaders = leaders(app).await?;
        let near = session::Entity::find()
            .filter(session::Column::StartsAt.between(now + TimeDelta::days(1), now + TimeDelta::days(29)))
            .order_by_asc(session::Column::Id)
            .select_only()
            .column(session::Column::Id);
        let sessions: Vec<SessionId> = near.into_tuple().all(conn).await?;
        ensure!(!sessions.is_empty(), "no session in the coming weeks: generate a database first");
        let mut matches = Vec::new();
        // A leader is not told when champions are free.
        let coordinator = coordinator(app).await?;
        for id in spread(&sessions, SAMPLE) {
            let token = operate::token(app, &coordinator, 60).await?;
            matches.push(request("/m1", &token, MATCHES, &json!({ "id": id.to_global() }), id.0));
        }
        let range = json!({ "from": now, "until": now + TimeDelta::days(200) });
        let mut groups: Vec<GroupId> = leaders.0.keys().copied().collect();
        groups.sort();
        let mut dashboards = Vec::new();
        for group in spread(&groups, SAMPLE) {
            let token = leaders.token(app, group).await?;
            dashboards.push(request("/m2", &token, DASHBOARD, &json!({ "group": group.to_global(), "range": range }), group.0));
        }
        let added = operate::add_client(app, "Load", true, &[], &["https://load.example.org".to_owned()]).await?;
        let client = added.lines().nth(1).context("a client's key")?.to_owned();
        Ok(Self { matches, dashboards, offers: pending(app, offers).await?, client })
    }

    /// Somebody new signs up, with as much as most give.
    pub fn sign_up(&self) -> Vec<u8> {
        let key = uuid::Uuid::now_v7();
        let input = json!({ "idempotencyKey": key, "fullName": format!("Load {}", key.simple()), "email": format!("{}@load.example.org", key.simple()),
            "phone": "07700 900123", "postcode": "SK1 3XE", "birthDate": "1970-05-17", "languages": ["eng"], "topics": ["EMAIL"],
            "windows": [{ "weekday": "TUESDAY", "startTime": "14:00", "endTime": "16:00" }],
            "consents": [{ "purpose": "PRIVACY_NOTICE", "wordingVersion": "2026-01", "given": true }] });
        post("/graphql", ("digiknow-client-key", &self.client), &json!({ "query": SIGN_UP, "variables": { "input": input } }).to_string())
    }

    /// Puts everything back that accepting changed.
    pub async fn take_back(&self, app: &App) -> Result<()> {
        let ids: Vec<OfferId> = self.offers.iter().flatten().map(|(id, _)| *id).collect();
        for some in ids.chunks(500) {
            let of = |column: assignment::Column| column.is_in(some.iter().copied());
            assignment::Entity::delete_many().filter(of(assignment::Column::OfferId)).exec(app.db.single()).await?;
            offer::Entity::update_many()
                .col_expr(offer::Column::Status, Expr::value(OfferStatus::Pending.code()))
                .col_expr(offer::Column::RespondedAt, Expr::value(Option::<chrono::DateTime<Utc>>::None))
                .filter(offer::Column::Id.is_in(some.iter().copied()))
                .exec(app.db.single())
                .await?;
        }
        Ok(())
    }
}

/// Who leads each group.
struct Leaders(HashMap<GroupId, String>);

impl Leaders {
    async fn token(&self, app: &App, group: GroupId) -> Result<String> {
        operate::token(app, &self.0[&group], 60).await
    }
}

async fn coordinator(app: &App) -> Result<String> {
    let grant = role_grant::Entity::find().filter(role_grant::Column::Role.eq(Role::Coordinator)).one(app.db.read()).await?;
    let account = account::Entity::find_by_id(grant.context("a coordinator")?.account_id).one(app.db.read()).await?;
    Ok(account.context("their account")?.email)
}

async fn leaders(app: &App) -> Result<Leaders> {
    let grants = role_grant::Entity::find().filter(role_grant::Column::Role.eq(Role::GroupLeader)).all(app.db.read()).await?;
    let accounts: HashMap<AccountId, String> =
        account::Entity::find().all(app.db.read()).await?.into_iter().map(|row| (row.id, row.email)).collect();
    Ok(Leaders(grants.into_iter().filter_map(|g| Some((g.group_id?, accounts.get(&g.account_id)?.clone()))).collect()))
}

/// Offers that wait for an answer, by champion.
async fn pending(app: &App, most: usize) -> Result<Vec<Vec<(OfferId, Request)>>> {
    let conn = app.db.read();
    let waiting = offer::Entity::find()
        .filter(offer::Column::Status.eq(OfferStatus::Pending))
        .filter(offer::Column::ExpiresAt.gt(Utc::now() + TimeDelta::hours(2)))
        .order_by_asc(offer::Column::Id);
    let all: Vec<(OfferId, ChampionId)> =
        waiting.select_only().columns([offer::Column::Id, offer::Column::ChampionId]).into_tuple().all(conn).await?;
    let mut by_champion: HashMap<ChampionId, Vec<OfferId>> = HashMap::new();
    all.iter().for_each(|(id, champion)| by_champion.entry(*champion).or_default().push(*id));
    let mut champions: Vec<ChampionId> = by_champion.keys().copied().collect();
    champions.sort();
    // In each of these, a few: as many champions as can be.
    let each = most.div_ceil(champions.len().max(1)).max(1);
    let mut offers = Vec::new();
    for champion in spread(&champions, most.div_ceil(each)) {
        let Some(row) = champion::Entity::find_by_id(champion).one(conn).await? else { continue };
        let token = operate::token(app, &row.email, 60).await?;
        let few = by_champion[&champion].iter().take(each);
        offers.push(few.map(|id| (*id, request("/m3", &token, ACCEPT, &json!({ "id": id.to_global() }), id.0))).collect());
    }
    Ok(offers)
}

/// How sessions of the coming weeks are held, for saying what was asked about.
pub async fn remote_share(app: &App) -> Result<f64> {
    let now = Utc::now();
    let near = session::Column::StartsAt.between(now, now + TimeDelta::days(28));
    let modalities: Vec<Modality> =
        session::Entity::find().filter(near).select_only().column(session::Column::Modality).into_tuple().all(app.db.read()).await?;
    let remote = modalities.iter().filter(|m| **m != Modality::InPerson).count();
    Ok(remote as f64 / modalities.len().max(1) as f64)
}
