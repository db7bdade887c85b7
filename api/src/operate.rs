//! What an operator does from the command line, besides serving.

use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result, bail};
use chrono::TimeDelta;
use entity::{account, client_document, role_grant};
use rules::id::{AccountId, ClientId};
use rules::input;
use rules::policy::{Caller, ClientKind, Role, Scope};
use rules::reason::Reason;

use crate::app::{App, Call};
use crate::auth::Passwords;
use crate::clock::{Clock, new_id};
use crate::config::{Policy, Storage};
use crate::error::Fault;
use crate::graphql;
use crate::graphql::document::{self, Limits, Places};
use crate::keys::{self, Keys};
use crate::metrics;
use crate::news::Newsroom;
use crate::postcodes::Postcodes;
use crate::sealing::{self, Sealing};
use crate::service::{self, client::NewClient};
use crate::store::{self, Db, row, transact};
use crate::token::{self, Bearer};

/// Opens everything a service needs.
pub async fn open(storage: &Storage, policy: Policy, demo: bool) -> Result<Arc<App>> {
    if let Some(folder) =
        storage.database_url.strip_prefix("sqlite:").and_then(|path| std::path::Path::new(path.split('?').next().unwrap_or(path)).parent())
    {
        std::fs::create_dir_all(folder).with_context(|| format!("the folder {} can't be made", folder.display()))?;
    }
    let keys = Keys::read(&storage.key_file)?;
    let sealing = Sealing::read(&sealing::beside(&storage.key_file))?;
    let mut db = Db::open(&storage.database_url, storage.connections).await.context("the database can't be opened")?;
    metrics::watch(&mut db);
    Ok(Arc::new(App {
        db,
        clock: Clock::System,
        keys,
        passwords: Passwords::new()?,
        postcodes: Postcodes::load()?,
        sealing,
        update_service: OnceLock::new(),
        provider: OnceLock::new(),
        policy,
        news: Newsroom::default(),
        demo,
    }))
}

/// Makes a key file that only its owner can read, never overwriting one, and the sealing keys beside it if there are none.
pub fn make_key(path: &std::path::Path) -> Result<()> {
    write_secret(path, &Keys::generate_pem()?)?;
    let sealing = sealing::beside(path);
    if sealing.exists() { Ok(()) } else { write_secret(&sealing, &sealing::new_line()?) }
}

/// Makes the sealing keys, or puts a new one first: it seals from now on, and the others still open. `reseal` does the rest.
pub fn rotate_sealing(key_file: &std::path::Path) -> Result<()> {
    let path = sealing::beside(key_file);
    let line = sealing::new_line()?;
    if !path.exists() {
        return write_secret(&path, &line);
    }
    let known = std::fs::read_to_string(&path)?;
    Sealing::parse(&known).context("the sealing keys that are there can't be read, so none is added")?;
    // Whole or not at all: a lost key is a lost number.
    let next = path.with_extension("next");
    write_secret(&next, &format!("{line}{known}"))?;
    Ok(std::fs::rename(next, path)?)
}

/// Seals again with the first key what was sealed by another or, before there were keys, by none; answers how many numbers.
pub async fn reseal(app: &App) -> Result<usize> {
    let mut count = 0;
    for id in store::dbs::with_number(app.db.read()).await? {
        let sealed: Result<bool, Fault> = async {
            transact!(app.db, |tx| {
                let Some(check) = store::dbs::lock(&tx, id).await? else { return Ok(false) };
                let Some(number) = check.certificate_number.clone().filter(|n| app.sealing.is_old(n)) else { return Ok(false) };
                let plain = input::certificate_number("number", &number).or_else(|_| app.sealing.open(id.0, &number))?;
                let certificate_number = Some(app.sealing.seal(id.0, &plain)?);
                row::update(&tx, entity::dbs_check::Model { certificate_number, ..check }).await?;
                Ok(true)
            })
        }
        .await;
        count += usize::from(sealed?);
    }
    Ok(count)
}

fn write_secret(path: &std::path::Path, text: &str) -> Result<()> {
    use std::io::Write;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).with_context(|| format!("{} can't be made: is there one already?", path.display()))?;
    file.write_all(text.as_bytes())?;
    Ok(file.sync_all()?)
}

/// Adds a key that takes over in `minutes`; a running service finds it by then.
pub fn rotate_key(path: &std::path::Path, minutes: i64, clock: &Clock) -> Result<String> {
    use std::io::Write;
    let text = std::fs::read_to_string(path).with_context(|| format!("no key in {}: make one with `digiknow key make`", path.display()))?;
    let now = clock.now();
    let from = now + TimeDelta::minutes(minutes);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(std::path::Path::new("."));
    // Written beside and moved over, so that nobody reads half a file.
    let beside = folder.join(format!(".key-{}.tmp", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(keys::rotated(&text, from, now)?.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    list_keys(path, clock)
}

/// The keys of a file and what each does, a line each.
pub fn list_keys(path: &std::path::Path, clock: &Clock) -> Result<String> {
    let line = |(key, state): (keys::SigningKey, keys::State)| match state {
        keys::State::Next(from) => format!("{}  verifies, signs from {from}", key.id),
        keys::State::Signs => format!("{}  signs", key.id),
        keys::State::Verifies(until) => format!("{}  verifies until {until}", key.id),
        keys::State::Over => format!("{}  over, kept for links in e-mails", key.id),
    };
    Ok(Keys::read(path)?.states(clock.now()).into_iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// Reads the key file again now and then, so that a rotation needs no restart.
pub async fn watch_keys(app: Arc<App>) {
    let mut turns = tokio::time::interval(std::time::Duration::from_secs(30));
    loop {
        turns.tick().await;
        if let Err(error) = app.keys.reload() {
            tracing::error!(error = %format!("{error:#}"), "the key file could not be read again");
        }
    }
}

/// An access token for an account, without its password.
pub async fn token(app: &App, email: &str, minutes: i64) -> Result<String> {
    let email = input::email("email", email).map_err(|problem| anyhow::anyhow!(problem.message))?;
    let Some(account) = store::account::by_email(app.db.read(), &email.key).await?.filter(|a| a.active) else {
        bail!("there is no active account with this address")
    };
    let bearer = Bearer::Account { account: account.id, epoch: account.epoch, sign_in: None };
    token::issue(&app.keys, &bearer, app.clock.now(), minutes)
}

/// Forgets who at an identity provider an account is.
pub async fn unlink(app: &App, email: &str) -> Result<()> {
    let email = input::email("email", email).map_err(|problem| anyhow::anyhow!(problem.message))?;
    let account = store::account::by_email(app.db.read(), &email.key).await?.context("there is no account with this address")?;
    let unlinked: Result<u64, Fault> = async { transact!(app.db, |tx| { Ok(store::provider::unlink(&tx, account.id).await?) }) }.await;
    if unlinked? == 0 {
        bail!("the account was never signed in to through an identity provider")
    }
    Ok(())
}

/// Adds an account with a role: how the first administrator comes to be.
pub async fn add_account(app: &App, email: &str, name: &str, role: Role, password: String) -> Result<()> {
    let plain = |problem: rules::reason::Malformed| anyhow::anyhow!(problem.message);
    let email = input::email("email", email).map_err(plain)?;
    let name = input::person_name("name", name).map_err(plain)?;
    input::password("password", &password).map_err(plain)?;
    if matches!(role, Role::Champion | Role::GroupLeader) {
        bail!("champions sign up, and group leaders are named through the API with their group");
    }
    let hash = app.passwords.hash(password).await?;
    let now = app.clock.now();
    let added: Result<(), Fault> = async {
        transact!(app.db, |tx| {
            let id: AccountId = new_id(now);
            let (email, key) = (email.address.clone(), email.key.clone());
            let account = account::Model {
                id,
                email,
                email_key: key,
                display_name: name.clone(),
                password_hash: Some(hash.clone()),
                active: true,
                epoch: 0,
                created_at: now,
            };
            row::insert(&tx, account).await?;
            row::insert(&tx, role_grant::Model { id: new_id(now), account_id: id, role, group_id: None, created_at: now }).await?;
            Ok(())
        })
    }
    .await;
    added.context("the account can't be added: is there one with this address?")
}

/// What an operator's command is recorded under.
fn by_hand(app: &App) -> Call {
    Call { caller: Caller::default(), now: app.clock.now(), request_id: "command line".to_owned() }
}

/// Adds a partner client and answers its id and key, which is shown this once.
pub async fn add_client(app: &App, name: &str, publishable: bool, scopes: &[Scope], origins: &[String]) -> Result<String> {
    let plain = |problem: rules::reason::Malformed| anyhow::anyhow!(problem.message);
    let kind = if publishable { ClientKind::Publishable } else { ClientKind::Secret };
    let origins = origins.iter().map(|text| rules::client::origin("origin", text)).collect::<Result<Vec<_>, _>>().map_err(plain)?;
    rules::client::add(kind, scopes, &origins).map_err(|reason| anyhow::anyhow!(reason.message()))?;
    let new = NewClient { name: input::line("name", name, 120).map_err(plain)?, kind, scopes: scopes.to_vec(), origins };
    let call = by_hand(app);
    let added: Result<(ClientId, String), Fault> =
        async { transact!(app.db, |tx| { service::client::insert_by_hand(&tx, &call, &new).await }) }.await;
    added.map(|(id, key)| format!("{}\n{key}", id.0)).context("the client can't be added")
}

/// Gives a partner client a new key, which is shown this once; the one before ends after seven days.
pub async fn rotate_client(app: &App, id: uuid::Uuid) -> Result<String> {
    let call = by_hand(app);
    let made: Result<Option<String>, Fault> =
        async { transact!(app.db, |tx| { service::client::rotate_by_hand(&tx, &call, ClientId(id)).await }) }.await;
    made.context("the key can't be replaced")?.context("there is no such client, it is switched off, or it has two keys already")
}

/// Switches a partner client off.
pub async fn disable_client(app: &App, id: uuid::Uuid) -> Result<()> {
    let call = by_hand(app);
    let done: Result<bool, Fault> =
        async { transact!(app.db, |tx| { service::client::disable_by_hand(&tx, &call, ClientId(id)).await }) }.await;
    if done.context("the client can't be switched off")? { Ok(()) } else { bail!("there is no such client") }
}

/// Every partner client, a line each.
pub async fn list_clients(app: &App) -> Result<String> {
    let now = app.clock.now();
    let mut lines = Vec::new();
    for client in store::client::all(app.db.read()).await? {
        let keys = store::client::live_keys(app.db.read(), client.id, now).await?;
        let state = if client.disabled_at.is_some() { "off".to_owned() } else { format!("{} keys", keys.len()) };
        lines.push(format!("{}  {}  {state}  {}", client.id.0, client.kind.code(), client.name));
    }
    Ok(lines.join("\n"))
}

/// Registers documents of a client, known by their SHA-256; a client with any runs those alone.
pub async fn register(app: &App, client: &str, documents: &[String]) -> Result<Vec<String>> {
    let all = store::client::enabled(app.db.read()).await?;
    let Some(client) = all.into_iter().find(|c| c.name == client) else { bail!("there is no enabled client of this name") };
    let sdl = graphql::sdl();
    let (limits, places) = (Limits::default(), Places::of(&sdl));
    let mut rows = Vec::new();
    for text in documents {
        let operation = |refusal: document::Refusal| anyhow::anyhow!("{refusal}\n{text}");
        let checked =
            document::read(text, &limits).and_then(|read| document::check(read, None, &async_graphql::Variables::default(), &limits));
        // Values come with the request: that one is missing says nothing of the document.
        match checked {
            Ok(checked) => places.check(&checked.document).map_err(operation)?,
            Err(document::Refusal { why: document::Why::VariableRequired { .. }, .. }) => {}
            Err(refusal) => return Err(operation(refusal)),
        }
        let hash = crate::http::documents::hash(text);
        rows.push(client_document::Model { client_id: client.id, hash, document: text.clone(), created_at: app.clock.now() });
    }
    let hashes = rows.iter().map(|row| row.hash.clone()).collect();
    let added: Result<(), Fault> = async { transact!(app.db, |tx| { Ok(store::account::register(&tx, rows.clone()).await?) }) }.await;
    added.map(|()| hashes).context("the documents can't be registered")
}
