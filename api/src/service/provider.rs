//! Signing in through an identity provider: beginning, coming back, and the roles that come and go with its groups.

use entity::{account, provider_attempt, provider_link, provider_role, role_grant};
use rules::input::{self, Email};
use rules::policy::{Action, Role};
use rules::provider::{ATTEMPT_LASTS, Admission, Arrival, Held, Holder, Why, admit, change};
use rules::sign_in::{Method, Tries};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::json;

use super::sign_in::{Granted, NotGranted, Visit, buckets, count, grant};
use super::{Subject, done, event};
use crate::app::App;
use crate::clock::new_id;
use crate::error::Fault;
use crate::keys::{new_secret, sha256_text};
use crate::provider::{Failure, Person, Provider, Secrets};
use crate::store::{self, ledger, row, transact};

/// Somebody is on the way.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Where to lead the browser.
    pub to: String,
    /// What the browser keeps, to show that it is the same one that comes back.
    pub browser: String,
}

/// What a browser comes back with.
#[derive(Clone, Debug)]
pub struct Back {
    /// From the address.
    pub state: String,
    /// From the address; none if the provider says no.
    pub code: Option<String>,
    /// What the browser kept.
    pub browser: String,
}

/// Why nobody was signed in.
#[derive(Debug)]
pub enum NotLetIn {
    /// What came back is not good, or not any more.
    NotGood,
    /// The provider does not answer.
    Away,
    /// It is clear who it is, and there is nothing here for them. Why is not said: it may be about somebody else.
    Nothing,
    /// The rest is as with a password.
    Not(NotGranted),
}

impl<E: Into<NotGranted>> From<E> for NotLetIn {
    fn from(error: E) -> Self {
        Self::Not(error.into())
    }
}

impl store::MaybeLostRace for NotLetIn {
    fn is_lost_race(&self) -> bool {
        matches!(self, Self::Not(refused) if refused.is_lost_race())
    }
}

impl From<Failure> for NotLetIn {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Away => Self::Away,
            Failure::NotGood(_) => Self::NotGood,
        }
    }
}

fn secrets(app: &App, state: &str) -> Secrets {
    Secrets { state: state.to_owned(), nonce: app.keys.of_attempt("nonce", state), verifier: app.keys.of_attempt("verifier", state) }
}

/// Begins: leads to the provider. Fills the address's bucket, which coming back empties again.
pub async fn begin(app: &App, provider: &Provider, visit: &Visit) -> Result<Begun, NotLetIn> {
    count(app, &buckets(app, &[Tries::Address], visit, "", None), visit.call.now).await?;
    let (state, browser) = (new_secret("dk_state")?, new_secret("dk_browser")?);
    let to = provider.begin(&secrets(app, &state), visit.call.now).await.inspect_err(|failure| told(visit, failure))?;
    let attempt = provider_attempt::Model {
        state_hash: sha256_text(state.as_bytes()),
        browser_hash: sha256_text(browser.as_bytes()),
        expires_at: visit.call.now + ATTEMPT_LASTS,
    };
    row::insert(app.db.single(), attempt).await?;
    Ok(Begun { to, browser })
}

fn told(visit: &Visit, failure: &Failure) {
    tracing::warn!(request_id = visit.call.request_id, %failure, "nobody was signed in through the identity provider");
}

/// Comes back: once, in the browser that began, while the provider's word is good.
pub async fn finish(app: &App, provider: &Provider, visit: &Visit, back: Back) -> Result<Granted, NotLetIn> {
    let now = visit.call.now;
    let tries = buckets(app, &[Tries::Address], visit, "", None);
    count(app, &tries, now).await?;
    let hashes = (sha256_text(back.state.as_bytes()), sha256_text(back.browser.as_bytes()));
    // Taken up before the provider is asked, so that nobody can come back twice, on any replica.
    if !store::provider::take_up(app.db.single(), &hashes.0, &hashes.1, now).await? {
        return Err(NotLetIn::NotGood);
    }
    let Some(code) = back.code else { return Err(NotLetIn::NotGood) };
    let person = match provider.finish(&secrets(app, &back.state), code, now).await {
        Ok(person) => person,
        Err(failure) => {
            told(visit, &failure);
            if failure != Failure::Away {
                denied(app, visit, None, "PROVIDER").await?;
            }
            return Err(failure.into());
        }
    };
    let email = person.email.as_deref().and_then(|email| input::email("email", email).ok());
    let due = provider.group_roles.of(&person.groups);
    let outcome: Result<Result<Granted, (Option<uuid::Uuid>, Why)>, NotLetIn> = async {
        transact!(app.db, |tx| {
            let account = match arrive(&tx, visit, &person, email.as_ref(), &due).await? {
                Ok(account) => account,
                Err(out) => return Ok(Err(out)),
            };
            let account = settle_roles(&tx, visit, account, &due).await?;
            for (of, key) in &tries {
                store::limit::give_back(&tx, key, of.limit(), 2).await?;
            }
            let device = app.keys.device_token(&account.email_key)?;
            let granted = grant(&tx, app, visit, &account, Method::Provider).await?;
            Ok(Ok(Granted { device_token: Some(device), ..granted }))
        })
    }
    .await;
    match outcome? {
        Ok(granted) => Ok(granted),
        Err((subject, why)) => {
            denied(app, visit, subject, &format!("{why:?}")).await?;
            Err(NotLetIn::Nothing)
        }
    }
}

/// Records somebody who stayed out. The limits bound how many there can be.
async fn denied(app: &App, visit: &Visit, subject: Option<uuid::Uuid>, why: &str) -> Result<(), Fault> {
    let detail = json!({ "refused": why, "method": Method::Provider });
    let row = event(&visit.call, Action::SignIn, Subject("Account", subject), "DENIED", detail);
    transact!(app.db, |tx| { Ok(ledger::audit(&tx, row.clone()).await?) })
}

/// The account of who arrives, locked: known, linked now, or new.
async fn arrive(
    tx: &impl ConnectionTrait,
    visit: &Visit,
    person: &Person,
    email: Option<&Email>,
    due: &[Role],
) -> Result<Result<account::Model, (Option<uuid::Uuid>, Why)>, NotLetIn> {
    let link = store::provider::link(tx, &person.issuer, &person.subject).await?;
    let found = match (&link, email) {
        (Some(link), _) => Some(link.account_id),
        (None, Some(email)) => store::account::by_email(tx, &email.key).await?.map(|account| account.id),
        (None, None) => None,
    };
    let account = match found {
        Some(id) => store::account::lock(tx, id).await?,
        None => None,
    };
    let taken = match &account {
        Some(account) if link.is_none() => store::provider::is_linked(tx, &person.issuer, account.id).await?,
        _ => false,
    };
    let arrival = Arrival {
        linked: link.as_ref().and(account.as_ref()).map(|account| account.active),
        vouched: email.is_some(),
        holder: account.as_ref().map(|account| Holder { active: account.active, taken }),
        has_role: !due.is_empty(),
    };
    let account = match (admit(&arrival), account, email) {
        (Admission::Known, Some(account), _) => account,
        (Admission::Link, Some(account), _) => account,
        (Admission::Open, None, Some(email)) => open(tx, visit, person, email).await?,
        (Admission::Out(why), account, _) => return Ok(Err((account.map(|account| account.id.0), why))),
        (_, account, _) => return Ok(Err((account.map(|account| account.id.0), Why::NotVouched))),
    };
    remember(tx, visit, person, link, &account).await?;
    Ok(Ok(account))
}

/// Writes down who at the provider this account is, or that they came again.
async fn remember(
    tx: &impl ConnectionTrait,
    visit: &Visit,
    person: &Person,
    link: Option<provider_link::Model>,
    account: &account::Model,
) -> Result<(), DbErr> {
    let now = visit.call.now;
    if let Some(link) = link {
        return row::update(tx, provider_link::Model { last_used_at: now, ..link }).await;
    }
    let (issuer, subject) = (person.issuer.clone(), person.subject.clone());
    row::insert(tx, provider_link::Model { issuer, subject, account_id: account.id, created_at: now, last_used_at: now }).await?;
    done(tx, &visit.call, Action::SignIn, Subject("Account", Some(account.id.0)), json!({ "linked": Method::Provider })).await
}

/// A new account, which has no password: whoever owns the mailbox may choose one by a link.
async fn open(tx: &impl ConnectionTrait, visit: &Visit, person: &Person, email: &Email) -> Result<account::Model, DbErr> {
    let named = person.name.as_deref().and_then(|name| input::person_name("name", name).ok());
    let account = account::Model {
        id: new_id(visit.call.now),
        email: email.address.clone(),
        email_key: email.key.clone(),
        display_name: named.unwrap_or_else(|| email.key.split('@').next().unwrap_or_default().to_owned()),
        password_hash: None,
        active: true,
        epoch: 0,
        created_at: visit.call.now,
    };
    row::insert(tx, account.clone()).await?;
    let detail = json!({ "method": Method::Provider });
    done(tx, &visit.call, Action::AccountCreate, Subject("Account", Some(account.id.0)), detail).await?;
    Ok(account)
}

/// Gives and takes the roles that come with groups. One that goes ends every token of the account, as when it is taken by hand.
async fn settle_roles(tx: &impl ConnectionTrait, visit: &Visit, account: account::Model, due: &[Role]) -> Result<account::Model, DbErr> {
    let (call, now) = (&visit.call, visit.call.now);
    let grants = store::account::grants(tx, account.id).await?;
    let by_group = store::provider::by_group(tx, account.id).await?;
    let held: Vec<Held> = grants.iter().map(|grant| Held { role: grant.role, by_group: by_group.contains(&grant.id) }).collect();
    let change = change(&held, due);
    let subject = Subject("Account", Some(account.id.0));
    for grant in grants.iter().filter(|grant| by_group.contains(&grant.id) && change.take.contains(&grant.role)) {
        store::account::revoke(tx, grant).await?;
        done(tx, call, Action::RoleRevoke, subject, json!({ "role": grant.role, "method": Method::Provider })).await?;
    }
    for role in change.give {
        let id = new_id(now);
        row::insert(tx, role_grant::Model { id, account_id: account.id, role, group_id: None, created_at: now }).await?;
        row::insert(tx, provider_role::Model { grant_id: id }).await?;
        done(tx, call, Action::RoleGrant, subject, json!({ "role": role, "group": null, "method": Method::Provider })).await?;
    }
    if change.take.is_empty() {
        return Ok(account);
    }
    Ok(store::account::find(tx, account.id).await?.unwrap_or(account))
}
