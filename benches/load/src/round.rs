//! Turns: each server answers for some seconds, then the next, so that a machine that changes its pace changes it for all.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use api::app::App;
use api::config::{Policy, Storage};
use api::operate;
use clap::Args;
use sea_orm::{ConnectionTrait, Statement};

use crate::client::Connection;
use crate::data::{Data, Operation, Request, remote_share};
use crate::process::{Server, memory, of_database, of_server, parent};
use crate::table::{Cell, Table};

/// What to measure.
#[derive(Args, Clone, Debug)]
pub struct Run {
    /// Database that `digiknow generate` has filled
    #[arg(long)]
    database_url: String,
    /// Key file of that service
    #[arg(long)]
    key_file: PathBuf,
    /// The service's program
    #[arg(long, default_value = "target/release/digiknow")]
    service: String,
    /// Which operations
    #[arg(long, value_enum, value_delimiter = ',', default_value = "m1,m2,m3")]
    operations: Vec<Operation>,
    /// Connections that ask at once
    #[arg(long, default_value_t = 16)]
    clients: usize,
    /// Seconds of a turn
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Turns of each server
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Connections to the database, of each server
    #[arg(long, default_value_t = 8)]
    connections: u32,
    /// Offers to accept in a turn
    #[arg(long, default_value_t = 1_000)]
    offers: usize,
    /// Where the servers listen: this port and the next
    #[arg(long, default_value_t = 18_300)]
    port: u16,
}

/// Somebody who answers.
struct Target<'a> {
    name: &'static str,
    server: &'a Server,
    plain: bool,
}

/// What a turn came to.
#[derive(Default)]
struct Turn {
    took: Vec<Duration>,
    failed: Vec<String>,
    lasted: Duration,
    server: Duration,
    database: Duration,
}

/// Measures, and prints.
pub async fn run(run: Run) -> Result<()> {
    let storage = Storage { database_url: run.database_url.clone(), connections: 4, key_file: run.key_file.clone() };
    let app = operate::open(&storage, Policy::default(), false).await?;
    let database = first_process(&app).await?;
    let data = Arc::new(Data::choose(&app, run.offers).await?);
    println!(
        "{:.0}% of the sessions asked about are by video; {} clients, {} s a turn, {} turns",
        remote_share(&app).await? * 100.0,
        run.clients,
        run.seconds,
        run.rounds
    );
    let (service, plain) = start(&run, &data).await?;
    let asked_first = memory(service.id());
    let mut table = Table::default();
    for operation in &run.operations {
        let targets: Vec<Target<'_>> = match operation {
            Operation::M1 => vec![
                Target { name: "service", server: &service, plain: false },
                Target { name: "plain, index", server: &plain, plain: true },
                Target { name: "plain, districts", server: &plain, plain: true },
                Target { name: "plain, SQL", server: &plain, plain: true },
            ],
            Operation::M4 => vec![Target { name: "service", server: &service, plain: false }],
            Operation::M2 | Operation::M3 => {
                vec![Target { name: "service", server: &service, plain: false }, Target { name: "plain, SQL", server: &plain, plain: true }]
            }
        };
        // Everything is warm, or index built, before a turn counts.
        for round in 0..=run.rounds {
            for target in &targets {
                let turn = turn(&run, &app, &data, *operation, target, database).await?;
                if let Some(failure) = turn.failed.first() {
                    bail!("{operation:?}, {}: {} failed, the first with {failure}", target.name, turn.failed.len());
                }
                if round > 0 {
                    table.add(*operation, target.name, Cell::of(turn.took, turn.lasted, turn.server, turn.database));
                }
            }
        }
    }
    println!("{table}");
    let (now, most) = memory(service.id());
    println!(
        "service: first answer after {:.0} ms; {} MB then, {now} MB now, {most} MB at most",
        service.ready_in.as_secs_f64() * 1e3,
        asked_first.0
    );
    let (now, most) = memory(plain.id());
    println!("plain handlers: {now} MB now, {most} MB at most");
    Ok(())
}

async fn start(run: &Run, data: &Data) -> Result<(Server, Server)> {
    let at = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
    let (key, connections) = (run.key_file.to_string_lossy().into_owned(), run.connections.to_string());
    let probe = &data.dashboards.first().context("a group")?;
    let listen = at(run.port).to_string();
    let arguments = [
        "serve",
        "--database-url",
        &run.database_url,
        "--key-file",
        &key,
        "--listen",
        &listen,
        "--connections",
        &connections,
        "--points-per-second",
        "1000000000",
    ];
    let service = Server::start(&run.service, &arguments, at(run.port), &probe.service).await?;
    let own = std::env::current_exe()?.to_string_lossy().into_owned();
    let listen = at(run.port + 1).to_string();
    let arguments = ["plain", "--database-url", &run.database_url, "--key-file", &key, "--listen", &listen, "--connections", &connections];
    let plain = Server::start(&own, &arguments, at(run.port + 1), &probe.plain).await?;
    Ok((service, plain))
}

/// PostgreSQL's first process, which runs on this machine; none on SQLite.
async fn first_process(app: &App) -> Result<Option<u32>> {
    let conn = app.db.read();
    if conn.get_database_backend() != sea_orm::DbBackend::Postgres {
        return Ok(None);
    }
    let row = conn.query_one_raw(Statement::from_string(conn.get_database_backend(), "SELECT pg_backend_pid()")).await?;
    let own: i32 = row.context("a row")?.try_get_by_index(0)?;
    Ok(parent(u32::try_from(own)?))
}

async fn turn(run: &Run, app: &App, data: &Arc<Data>, operation: Operation, target: &Target<'_>, database: Option<u32>) -> Result<Turn> {
    if operation == Operation::M3 && !target.plain {
        // Everybody's offers were taken back at once; as anywhere, somebody matches now and then, and memory hears of it.
        let mut connection = Connection::open(target.server.at).await?;
        one(&mut connection, &data.matches.first().context("a session")?.service, &mut Turn::default()).await?;
    }
    let before = (of_server(target.server.id()), of_database(database));
    let began = Instant::now();
    let until = began + Duration::from_secs_f64(run.seconds);
    let mut turn = match operation {
        Operation::M1 => {
            let path = match target.name {
                "plain, index" => Some("/m1/index"),
                "plain, districts" => Some("/m1/districts"),
                _ => None,
            };
            ask(run, &data.matches, until, target, path).await?
        }
        Operation::M2 => ask(run, &data.dashboards, until, target, None).await?,
        Operation::M3 => accept(run, data, until, target).await?,
        Operation::M4 => sign_up(run, data, until, target).await?,
    };
    turn.lasted = began.elapsed();
    turn.server = of_server(target.server.id()) - before.0;
    turn.database = of_database(database) - before.1;
    if operation == Operation::M3 {
        data.take_back(app).await?;
    }
    Ok(turn)
}

async fn ask(run: &Run, requests: &[Request], until: Instant, target: &Target<'_>, path: Option<&str>) -> Result<Turn> {
    let bytes = |request: &Request| match (target.plain, path) {
        (false, _) => request.service.clone(),
        (true, None) => request.plain.clone(),
        (true, Some(path)) => String::from_utf8_lossy(&request.plain).replacen("/m1", path, 1).into_bytes(),
    };
    let all: Arc<Vec<Vec<u8>>> = Arc::new(requests.iter().map(bytes).collect());
    let tasks = (0..run.clients).map(|client| {
        let (all, at) = (all.clone(), target.server.at);
        tokio::spawn(async move {
            let mut connection = Connection::open(at).await?;
            let mut turn = Turn::default();
            let mut next = client * all.len() / 16;
            while Instant::now() < until {
                one(&mut connection, &all[next % all.len()], &mut turn).await?;
                next += 1;
            }
            anyhow::Ok(turn)
        })
    });
    together(tasks.collect()).await
}

async fn accept(run: &Run, data: &Data, until: Instant, target: &Target<'_>) -> Result<Turn> {
    ensure!(data.offers.len() >= run.clients, "fewer champions with offers than clients");
    let tasks = (0..run.clients).map(|client| {
        // Everybody's first offer before anybody's second: nobody answers two within a moment.
        let of: Vec<_> = data.offers.iter().skip(client).step_by(run.clients).collect();
        let most = of.iter().map(|offers| offers.len()).max().unwrap_or(0);
        let mine = (0..most).flat_map(|nth| of.iter().filter_map(move |offers| offers.get(nth)));
        let mine: Vec<Vec<u8>> = mine.map(|(_, r)| if target.plain { r.plain.clone() } else { r.service.clone() }).collect();
        let at = target.server.at;
        tokio::spawn(async move {
            let mut connection = Connection::open(at).await?;
            let mut turn = Turn::default();
            for request in mine {
                if Instant::now() >= until {
                    break;
                }
                one(&mut connection, &request, &mut turn).await?;
            }
            anyhow::Ok(turn)
        })
    });
    together(tasks.collect()).await
}

async fn sign_up(run: &Run, data: &Arc<Data>, until: Instant, target: &Target<'_>) -> Result<Turn> {
    let tasks = (0..run.clients).map(|_| {
        let (data, at) = (data.clone(), target.server.at);
        tokio::spawn(async move {
            let mut connection = Connection::open(at).await?;
            let mut turn = Turn::default();
            while Instant::now() < until {
                one(&mut connection, &data.sign_up(), &mut turn).await?;
            }
            anyhow::Ok(turn)
        })
    });
    together(tasks.collect()).await
}

async fn together(tasks: Vec<tokio::task::JoinHandle<Result<Turn>>>) -> Result<Turn> {
    let mut all = Turn::default();
    for task in tasks {
        let turn = task.await??;
        all.took.extend(turn.took);
        all.failed.extend(turn.failed);
    }
    Ok(all)
}

async fn one(connection: &mut Connection, request: &[u8], turn: &mut Turn) -> Result<()> {
    let began = Instant::now();
    let (status, body) = connection.send(request).await?;
    turn.took.push(began.elapsed());
    let text = std::str::from_utf8(body)?;
    if status != 200 || text.contains("\"errors\"") || text.contains("\"userErrors\":[{") || text.len() < 30 {
        turn.failed.push(format!("{status} {}", text.chars().take(300).collect::<String>()));
    }
    Ok(())
}
