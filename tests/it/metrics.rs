//! What an operator can read of the service, and what nobody can read there.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use crate::both;

/// The recorder is the process's, and both databases' tests are in it.
fn page() -> String {
    static HANDLE: std::sync::OnceLock<metrics_exporter_prometheus::PrometheusHandle> = std::sync::OnceLock::new();
    HANDLE.get_or_init(|| api::metrics::install().expect("a recorder")).render()
}

both!(requests_and_operations_are_counted_by_pattern_and_name_and_by_nothing_personal, |world| async move {
    page();
    let coordinator = world.sign_in("coordinator").await;
    let query = "query FindSomebody($name: String!) { champions(filter: {nameContains: $name}) { totalCount } }";
    coordinator.ask(query, json!({ "name": "Canary Birdsong" })).await;
    world.http(Request::get("/canary-path-of-a-stranger").body(Body::empty()).expect("a request")).await;
    let page = page();
    for wanted in [
        r#"digiknow_http_request_seconds_count{route="/graphql",method="POST",status="200"}"#,
        r#"digiknow_graphql_operation_seconds_count{operation="FindSomebody",kind="query",outcome="ok"}"#,
    ] {
        assert!(page.contains(wanted), "{wanted}\n{page}");
    }
    for never in ["Canary", "canary", "nameContains", "demo.digiknow.example", "Bearer"] {
        assert!(!page.contains(never), "{never}");
    }
});
