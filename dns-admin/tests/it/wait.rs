//! `--wait` follows a decision to its end and exits by how it went.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use dns_api::command::DecisionReport;
use serde_json::json;

use crate::command::{Ended, run, serve};
use crate::sample;

const WAITING: &[&str] = &["failover", "checkout", "--to", "dr", "--reason", "drill", "--wait"];

/// A controller that accepts a failover and then tells of the decision, one report after the other.
async fn telling(reports: Vec<Result<DecisionReport, StatusCode>>) -> SocketAddr {
    let accepted = json!({ "decision": "d6", "href": "/api/v1/decisions/d6", "message": "moving checkout to dr" });
    let asked = Arc::new(AtomicUsize::new(0));
    let reports = Arc::new(reports);
    let decision = async move || {
        let index = asked.fetch_add(1, Ordering::Relaxed).min(reports.len() - 1);
        reports[index].clone().map(Json)
    };
    let router = Router::new()
        .route("/api/v1/services/checkout/failover", post(async move || (StatusCode::ACCEPTED, Json(accepted))))
        .route("/api/v1/services/checkout", get(async || Json(sample::service())))
        .route("/api/v1/decisions/d6", get(decision));
    serve(router).await
}

async fn ended_with(status: &str, kind: &str, summary: &str) -> Ended {
    run(telling(vec![Ok(sample::decision(status, kind, summary))]).await, WAITING).await
}

#[tokio::test]
async fn a_verified_move_exits_with_0_and_shows_each_servers_time() {
    let server = telling(vec![
        Ok(sample::decision("open", "permitted", "let go")),
        Ok(sample::decision("written", "applied", "epoch 42")),
        Ok(sample::decision("done", "verified", "every server serves it")),
    ]);
    let ended = run(server.await, WAITING).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.contains("192.0.2.53:53        served   420ms"), "{ended:?}");
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert_eq!(
        lines,
        [
            "moving checkout to dr",
            "checkout is being written: let go",
            "checkout is written, asking every authoritative server: epoch 42",
        ]
    );
}

#[tokio::test]
async fn an_unverified_move_exits_with_4() {
    let ended = ended_with("unverified", "unverified", "1 of 3 servers is old").await;
    assert_eq!(ended.code, 4, "{ended:?}");
    assert!(ended.stdout.contains("1 of 3 servers is old"), "{ended:?}");
}

#[tokio::test]
async fn an_expired_decision_exits_with_3_and_any_other_end_with_1() {
    let ended = ended_with("ended", "expired", "dr is failing").await;
    assert_eq!(ended.code, 3, "{ended:?}");
    let ended = ended_with("ended", "denied", "the key is not known").await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stdout.contains("the key is not known"), "{ended:?}");
}

#[tokio::test]
async fn impatience_exits_by_how_far_it_came() {
    let impatient = [WAITING, &["--timeout", "900ms"]].concat();
    let written = telling(vec![Ok(sample::decision("written", "applied", "epoch 42"))]).await;
    let ended = run(written, &impatient).await;
    assert_eq!(ended.code, 4, "{ended:?}");
    assert!(ended.stderr.contains("not verified within 900ms"), "{ended:?}");
    let open = telling(vec![Ok(sample::decision("open", "decided", "drill"))]).await;
    let ended = run(open, &impatient).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stderr.contains("history --follow --service checkout"), "{ended:?}");
}

#[tokio::test]
async fn a_decision_that_vanished_is_a_failure() {
    let ended = run(telling(vec![Err(StatusCode::NOT_FOUND)]).await, WAITING).await;
    assert_eq!(ended.code, 1, "{ended:?}");
}

#[tokio::test]
async fn json_is_the_decision() {
    let report = sample::decision("done", "verified", "every server serves it");
    let ended = run(telling(vec![Ok(report.clone())]).await, &[WAITING, &["-o", "json"]].concat()).await;
    assert_eq!(serde_json::from_str::<DecisionReport>(&ended.stdout).expect("JSON"), report);
}
