//! `explain` and `observe report`: what is asked for, and what is told.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use dns_api::problem::Problem;
use serde_json::Value;

use crate::command::{answering, run, serve};
use crate::sample;

const DECISION: &str = "01a1fda7e22500000000000000000007";

fn nothing(what: &str) -> (StatusCode, Json<Problem>) {
    let problem =
        Problem { status: 404, rejections: Vec::new(), detail: format!("there is no {what}"), ..sample::refusal() };
    (StatusCode::NOT_FOUND, Json(problem))
}

/// A controller that knows no decision, and one service that is named like one.
fn without_decisions() -> Router {
    let service = async |Path(name): Path<String>| {
        if name == DECISION { Ok(Json(sample::service())) } else { Err(nothing("such service")) }
    };
    Router::new()
        .route("/api/v1/decisions/{id}", get(async || nothing("such decision")))
        .route("/api/v1/services/{name}", get(service))
        .route("/api/v1/services/{name}/explanation", get(async || Json(sample::explanation())))
}

#[tokio::test]
async fn a_decision_is_told_as_a_story() {
    let server = answering(200, &sample::story()).await;
    let ended = run(server, &["explain", DECISION]).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.contains("lon1 was the first to see `prod` failing"), "{ended:?}");
    let ended = run(server, &["explain", DECISION, "--output", "json"]).await;
    let told: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(told["story"][0]["about"], "suspicion", "{told}");
}

#[tokio::test]
async fn a_service_is_explained_even_if_it_is_named_like_a_decision() {
    let server = serve(without_decisions()).await;
    for subject in ["checkout", DECISION] {
        let ended = run(server, &["explain", subject]).await;
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(ended.stdout.contains("Nothing moves because `prod` is healthy"), "{ended:?}");
    }
}

#[tokio::test]
async fn what_is_neither_is_said_to_be_so() {
    let server = serve(without_decisions()).await;
    let unknown = DECISION.replace('7', "8");
    let ended = run(server, &["explain", &unknown]).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stderr.contains("there is no such decision") && ended.stderr.contains("hint: "), "{ended:?}");
    let ended = run(server, &["explain", "Check_out"]).await;
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stderr.contains("neither a decision nor a service's name"), "{ended:?}");
}

#[tokio::test]
async fn a_report_asks_for_the_time_that_it_is_of() {
    let asked = get(async |query: axum::extract::RawQuery| {
        let mut told = sample::observations();
        told.since = query.0.unwrap_or_default();
        Json(told)
    });
    let server = serve(Router::new().route("/api/v1/observations", asked)).await;
    let ended = run(server, &["observe", "report", "checkout", "--since", "1h"]).await;
    assert!(ended.code == 0 && ended.stdout.starts_with("from service=checkout&sinceSecs=3600 "), "{ended:?}");
    let ended = run(server, &["observe", "report"]).await;
    assert!(ended.stdout.starts_with("from sinceSecs=2592000 until "), "{ended:?}");
}
