//! The command line of `digiknow`: the service and its operator's tools.

#![allow(clippy::print_stdout, reason = "a command line talks to its user")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::aside::aside;
use crate::budget::Rates;
use crate::clock::{Clock, local_date};
use crate::config::{Policy, ProviderOptions, Serving, Storage, UpdateServiceOptions};
use crate::http::server::{self, Patience};
use crate::http::{Settings, Site, router};
use crate::provider::Provider;
use crate::rota::RotaCommand;
use crate::update_service::UpdateService;
use crate::{backup, baseline, demo, graphql, metrics, operate, scheduler, store};
use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use rules::policy::{Role, Scope};
use tracing_subscriber::EnvFilter;

/// Champion onboarding, clearance and rota for a digital inclusion alliance, over GraphQL
#[derive(Parser)]
#[command(name = "digiknow", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
#[allow(clippy::large_enum_variant, reason = "there is one, made once")]
enum Command {
    /// Serve the API
    Serve {
        #[command(flatten)]
        storage: Storage,
        #[command(flatten)]
        serving: Serving,
        #[command(flatten)]
        policy: Policy,
        #[command(flatten)]
        update_service: UpdateServiceOptions,
        #[command(flatten)]
        provider: ProviderOptions,
    },
    /// Migrate, fill and serve a believable Stockport, and say what to try
    Demo {
        /// Folder of the demo's database and key
        #[arg(long, env = "DIGIKNOW_DEMO_FOLDER", default_value = ".digiknow/demo")]
        folder: PathBuf,
        /// Another database than the folder's: sqlite:FILE or postgres://…
        #[arg(long, env = "DIGIKNOW_DATABASE_URL", hide_env_values = true)]
        database_url: Option<String>,
        /// Address to listen on
        #[arg(long, env = "DIGIKNOW_LISTEN", default_value = "127.0.0.1:8080")]
        listen: std::net::SocketAddr,
        #[command(flatten)]
        provider: ProviderOptions,
    },
    /// Fill an empty database with invented towns of a given size, for measuring
    Generate {
        #[command(flatten)]
        storage: Storage,
        /// How large
        #[arg(long, value_enum)]
        size: crate::generate::Size,
        /// The same seed and first day give the same rows
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// The date the data is told from; today if left out
        #[arg(long)]
        first_day: Option<chrono::NaiveDate>,
    },
    /// Bring the database's schema up to date, and add the training modules and requirements every alliance starts with
    Migrate {
        #[command(flatten)]
        storage: Storage,
    },
    /// Copy the whole database to a file while the service serves, and open the copy to see that it is sound
    Backup {
        #[command(flatten)]
        storage: Storage,
        /// A file that does not exist yet
        file: PathBuf,
    },
    /// Put a backup where there is no database yet
    Restore {
        #[command(flatten)]
        storage: Storage,
        /// A file that `digiknow backup` wrote
        file: PathBuf,
    },
    /// Print the GraphQL schema
    Schema,
    /// Print who may do what
    Permissions,
    /// Plan or check a rota given as a file
    #[command(subcommand)]
    Rota(RotaCommand),
    /// Seal certificate numbers again with the first sealing key; then the others may go
    Reseal {
        #[command(flatten)]
        storage: Storage,
    },
    /// Make the service's secret key and the sealing keys beside it, or change it without anybody noticing
    Key {
        /// Where
        #[arg(long, env = "DIGIKNOW_KEY_FILE", default_value = ".digiknow/key.pem")]
        key_file: PathBuf,
        #[command(subcommand)]
        what: Option<KeyCommand>,
    },
    /// Print an access token for an account
    Token {
        #[command(flatten)]
        storage: Storage,
        /// The account's e-mail address
        email: String,
        /// For how many minutes it is good, 60 at most
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(i64).range(1..=60))]
        minutes: i64,
    },
    /// Add an account with a role; the password is read from standard input
    Account {
        #[command(flatten)]
        storage: Storage,
        /// E-mail address
        email: String,
        /// Name
        name: String,
        /// ADMINISTRATOR, COORDINATOR, SAFEGUARDING_LEAD or TRAINER
        #[arg(value_parser = |code: &str| Role::from_code(code).ok_or("no such role"))]
        role: Role,
    },
    /// Forget who at the identity provider an account is: the next person with its verified address is linked
    Unlink {
        #[command(flatten)]
        storage: Storage,
        /// The account's e-mail address
        email: String,
    },
    /// Register documents of a client and print their hashes: from then on it runs those alone
    Register {
        #[command(flatten)]
        storage: Storage,
        /// The client's name
        client: String,
        /// Files that hold one document each
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Add, list and change partner clients
    #[command(subcommand)]
    Client(ClientCommand),
}

#[derive(Subcommand)]
enum ClientCommand {
    /// Add one, and print its id and key, this once
    Add {
        #[command(flatten)]
        storage: Storage,
        /// Its name
        name: String,
        /// A publishable key: sign-up and directory only, may sit in a web page
        #[arg(long)]
        publishable: bool,
        /// What the access tokens of a secret client may do, like SESSIONS_READ; may be given again
        #[arg(long = "scope", value_parser = |code: &str| Scope::from_code(code).ok_or("no such scope"))]
        scopes: Vec<Scope>,
        /// A web origin it calls from, scheme and host; may be given again
        #[arg(long = "origin")]
        origins: Vec<String>,
    },
    /// Print every client: id, kind, keys, name
    List {
        #[command(flatten)]
        storage: Storage,
    },
    /// Print a new key, this once; the one before ends after seven days
    Rotate {
        #[command(flatten)]
        storage: Storage,
        /// The client's id
        id: uuid::Uuid,
    },
    /// Switch one off: its keys and tokens end at once
    Disable {
        #[command(flatten)]
        storage: Storage,
        /// The client's id
        id: uuid::Uuid,
    },
}

async fn client(command: ClientCommand) -> Result<()> {
    let (ClientCommand::Add { storage, .. }
    | ClientCommand::List { storage }
    | ClientCommand::Rotate { storage, .. }
    | ClientCommand::Disable { storage, .. }) = &command;
    let app = operate::open(storage, Policy::default(), false).await?;
    match command {
        ClientCommand::Add { name, publishable, scopes, origins, .. } => {
            println!("{}", operate::add_client(&app, &name, publishable, &scopes, &origins).await?);
        }
        ClientCommand::List { .. } => println!("{}", operate::list_clients(&app).await?),
        ClientCommand::Rotate { id, .. } => println!("{}", operate::rotate_client(&app, id).await?),
        ClientCommand::Disable { id, .. } => operate::disable_client(&app, id).await?,
    }
    Ok(())
}

#[derive(Subcommand)]
enum KeyCommand {
    /// Make it, if there is none
    Make,
    /// Add a key that takes over soon; the old one goes on checking until its tokens are over
    Rotate {
        /// In how many minutes it takes over: every replica has to find it in its copy of the file before
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(i64).range(1..))]
        minutes: i64,
    },
    /// Say what each key does
    List,
    /// Add a sealing key, which seals from now on; the others still open
    Sealing,
}

/// Does what the arguments of the process say.
pub fn run() -> Result<()> {
    let command = Cli::parse().command;
    // Threads for long work end soon after it, for what they used goes back to the system with them.
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.enable_all().thread_keep_alive(Duration::from_secs(1)).build()?.block_on(act(command))
}

async fn act(command: Command) -> Result<()> {
    match command {
        Command::Serve { storage, serving, policy, update_service, provider } => {
            log(serving.log_json);
            let app = operate::open(&storage, policy, false).await?;
            let ready = app.clone();
            aside(async move {
                ready.db.migrate().await.context("the schema could not be brought up to date")?;
                baseline::install(&ready.db, ready.clock.now()).await?;
                anyhow::Ok(store::travel::agree(ready.db.single(), ready.policy.travel.pace()).await?)
            })
            .await??;
            if let Some(service) = UpdateService::new(&update_service)? {
                let _ = app.update_service.set(service);
            }
            sign_in_through(&app, &provider)?;
            serve(app, &serving).await
        }
        Command::Generate { storage, size, seed, first_day } => {
            let app = operate::open(&storage, Policy::default(), false).await?;
            app.db.migrate().await?;
            baseline::install(&app.db, app.clock.now()).await?;
            println!("{}", crate::generate::generate(&app, size, seed, first_day).await?);
            Ok(())
        }
        Command::Demo { folder, database_url, listen, provider } => run_demo(folder, database_url, listen, &provider).await,
        Command::Migrate { storage } => {
            let app = operate::open(&storage, Policy::default(), false).await?;
            app.db.migrate().await?;
            Ok(baseline::install(&app.db, app.clock.now()).await?)
        }
        Command::Backup { storage, file } => {
            print!("{}", backup::report(&backup::backup(&storage.database_url, &file).await?));
            Ok(())
        }
        Command::Restore { storage, file } => {
            print!("{}", backup::report(&backup::restore(&storage.database_url, &file).await?));
            Ok(())
        }
        Command::Schema => {
            print!("{}", graphql::sdl());
            Ok(())
        }
        Command::Permissions => {
            print!("{}", rules::policy::table());
            Ok(())
        }
        Command::Rota(command) => {
            println!("{}", crate::rota::run(&command)?);
            Ok(())
        }
        Command::Key { key_file, what: Some(KeyCommand::Sealing) } => operate::rotate_sealing(&key_file),
        Command::Reseal { storage } => {
            let app = operate::open(&storage, Policy::default(), false).await?;
            println!("{} sealed again", operate::reseal(&app).await?);
            Ok(())
        }
        Command::Key { key_file, what: None | Some(KeyCommand::Make) } => operate::make_key(&key_file),
        Command::Key { key_file, what: Some(KeyCommand::Rotate { minutes }) } => {
            println!("{}", operate::rotate_key(&key_file, minutes, &Clock::System)?);
            Ok(())
        }
        Command::Key { key_file, what: Some(KeyCommand::List) } => {
            println!("{}", operate::list_keys(&key_file, &Clock::System)?);
            Ok(())
        }
        Command::Token { storage, email, minutes } => {
            let app = operate::open(&storage, Policy::default(), false).await?;
            println!("{}", operate::token(&app, &email, minutes).await?);
            Ok(())
        }
        Command::Account { storage, email, name, role } => {
            let app = operate::open(&storage, Policy::default(), false).await?;
            let mut password = String::new();
            std::io::stdin().read_line(&mut password)?;
            operate::add_account(&app, &email, &name, role, password.trim_end_matches(['\r', '\n']).to_owned()).await
        }
        Command::Unlink { storage, email } => {
            let app = operate::open(&storage, Policy::default(), false).await?;
            operate::unlink(&app, &email).await
        }
        Command::Register { storage, client, files } => {
            let app = operate::open(&storage, Policy::default(), false).await?;
            let texts: Vec<String> = files.iter().map(std::fs::read_to_string).collect::<Result<_, _>>().context("a file can't be read")?;
            for hash in operate::register(&app, &client, &texts).await? {
                println!("{hash}");
            }
            Ok(())
        }
        Command::Client(command) => client(command).await,
    }
}

fn sign_in_through(app: &App, options: &ProviderOptions) -> Result<()> {
    if let Some(provider) = Provider::new(options, &app.policy.identity.public_url)? {
        let _ = app.provider.set(provider);
    }
    Ok(())
}

async fn run_demo(folder: PathBuf, database_url: Option<String>, listen: std::net::SocketAddr, provider: &ProviderOptions) -> Result<()> {
    log(false);
    let key_file = folder.join("key.pem");
    if !key_file.exists() {
        operate::make_key(&key_file)?;
    }
    if !crate::sealing::beside(&key_file).exists() {
        operate::rotate_sealing(&key_file)?;
    }
    let database_url = database_url.unwrap_or_else(|| format!("sqlite:{}", folder.join("demo.sqlite").display()));
    let mut policy = Policy::default();
    policy.identity.public_url = format!("http://{listen}");
    let app = operate::open(&Storage { database_url, connections: 8, key_file }, policy, true).await?;
    let filling = app.clone();
    let filled = aside(async move {
        filling.db.migrate().await?;
        baseline::install(&filling.db, filling.clock.now()).await?;
        demo::ensure(&filling).await?;
        demo::enliven(&filling).await
    })
    .await??;
    if filled {
        // Filling leaves memory scattered that serving has no use for.
        let error = process::start_over(&[]);
        tracing::warn!(%error, "the demo is served by the process that filled it");
    }
    sign_in_through(&app, provider)?;
    println!("{}", demo::welcome(listen, app.clock.now()));
    serve(
        app,
        &Serving {
            listen,
            explorer: true,
            log_json: false,
            most_connections: Patience::default().connections,
            points_per_second: 5_000,
            metrics_listen: None,
        },
    )
    .await
}

/// How long a caller is known without being looked for again: what ends a token ends it within a second, on every replica.
const RECENT: Duration = Duration::from_millis(250);

async fn serve(app: Arc<App>, serving: &Serving) -> Result<()> {
    let listener = tokio::net::TcpListener::bind(serving.listen).await.with_context(|| format!("can't listen on {}", serving.listen))?;
    tracing::info!(address = %listener.local_addr()?, "serving");
    if let Some(address) = serving.metrics_listen {
        let listener = tokio::net::TcpListener::bind(address).await.with_context(|| format!("can't listen on {address}"))?;
        tokio::spawn(metrics::serve(listener, metrics::install()?));
    }
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let (working, told) = (app.clone(), stopping.clone());
    let scheduler = tokio::spawn(async move { scheduler::run(&working, told).await });
    let keys = tokio::spawn(operate::watch_keys(app.clone()));
    // Whoever asks for matches first need not wait until everybody has been read.
    let first = app.clone();
    tokio::spawn(async move {
        if let Err(fault) = first.db.candidates(local_date(first.clock.now())).await {
            tracing::warn!(%fault, "the champions could not be read yet");
        }
    });
    let settings = Settings { rates: Rates::points_a_second(serving.points_per_second), recent: RECENT, ..Settings::default() };
    let served = app.clone();
    let site = aside(async { Site::new(served) }).await?.with_settings(settings).until(stopping);
    let routes = router(site.clone(), serving.explorer);
    tokio::spawn(forget_start());
    let patience = Patience { connections: serving.most_connections, ..Patience::default() };
    server::serve(listener, routes, patience, async {
        asked_to_stop().await;
        let _ = stop.send(true);
    })
    .await;
    keys.abort();
    // Closing a socket takes a moment. A job that is running may end; one that can't in this time is taken up by another
    // replica when its lease runs out. A connection that is not given back must not hold the process either.
    let ending = async {
        let _ = tokio::join!(site.without_sockets(), scheduler);
    };
    let _ = tokio::time::timeout(Duration::from_secs(3), ending).await;
    let _ = tokio::time::timeout(Duration::from_secs(1), app.db.clone().close()).await;
    Ok(())
}

/// Gives back what only starting needed, and then what only the first jobs did, however long they took.
async fn forget_start() {
    for seconds in [0, 1, 14] {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        process::give_back_free();
        if let Err(error) = process::forget_program() {
            tracing::warn!(%error, "what only starting needed stays in memory");
        }
    }
}

async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else { return };
        tokio::select! { _ = interrupt => {}, _ = terminate.recv() => {} }
    }
    #[cfg(not(unix))]
    let _ = interrupt.await;
}

fn log(json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,sea_orm_migration=warn"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if json { builder.json().init() } else { builder.init() }
}
