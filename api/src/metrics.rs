//! What an operator watches, in Prometheus' text format, on a listener of its own that nobody outside should reach.
//!
//! Requests by route and status, operations by name, kind and outcome, statements by kind; all with times in seconds. Labels
//! come from the service: a route's pattern, never a path; an operation's name, never a document, and only the first
//! 200 names, since callers choose them. No personal value is a label.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::get;
use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;

use crate::store::Db;

const REQUESTS: &str = "digiknow_http_request_seconds";
const OPERATIONS: &str = "digiknow_graphql_operation_seconds";
const STATEMENTS: &str = "digiknow_sql_statement_seconds";
const FAILED: &str = "digiknow_sql_statements_failed_total";

/// From half a millisecond to the longest a request may take.
const BUCKETS: [f64; 11] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10.0];
/// How many names of operations are told apart.
const NAMES: usize = 200;

/// Begins to count. Without it, everything else here does nothing.
pub fn install() -> Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new().set_buckets(&BUCKETS)?.install_recorder().context("metrics can't be counted")?;
    describe_histogram!(REQUESTS, Unit::Seconds, "Time to answer an HTTP request, by route, method and status");
    describe_histogram!(OPERATIONS, Unit::Seconds, "Time to run a GraphQL operation, by name, kind and outcome");
    describe_histogram!(STATEMENTS, Unit::Seconds, "Time of a statement to the database, by its first word");
    describe_counter!(FAILED, "Statements that the database refused or did not answer, lost races among them");
    Ok(handle)
}

/// Serves `GET /metrics` until the process ends.
pub async fn serve(listener: TcpListener, handle: PrometheusHandle) -> std::io::Result<()> {
    let page = move || {
        handle.run_upkeep();
        std::future::ready(handle.render())
    };
    axum::serve(listener, Router::new().route("/metrics", get(page))).await
}

/// Times every request.
pub async fn timed(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let method = request.method().to_string();
    let began = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    histogram!(REQUESTS, "route" => route, "method" => method, "status" => status).record(began.elapsed());
    response
}

/// Counts an operation that was run.
pub fn operation(name: Option<&str>, kind: &'static str, outcome: &'static str, took: Duration) {
    histogram!(OPERATIONS, "operation" => known(name.unwrap_or("anonymous")), "kind" => kind, "outcome" => outcome).record(took);
}

/// Times every statement.
pub fn watch(db: &mut Db) {
    db.on_statement(|info| {
        let word = info.statement.sql.split_whitespace().next().unwrap_or_default();
        let word = ["SELECT", "INSERT", "UPDATE", "DELETE"].into_iter().find(|known| word.eq_ignore_ascii_case(known));
        histogram!(STATEMENTS, "statement" => word.unwrap_or("OTHER")).record(info.elapsed);
        if info.failed {
            counter!(FAILED).increment(1);
        }
    });
}

/// A name, if it is among the first; whoever makes names up fills no memory.
fn known(name: &str) -> String {
    static KNOWN: Mutex<Option<HashSet<String>>> = Mutex::new(None);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    if known.contains(name) || (known.len() < NAMES && known.insert(name.to_owned())) { name.to_owned() } else { "other".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart_up_to_a_number() {
        assert_eq!(known("Rota"), "Rota");
        for index in 0..NAMES {
            known(&format!("Made{index}"));
        }
        assert_eq!((known("Rota").as_str(), known("Late").as_str()), ("Rota", "other"));
    }
}
