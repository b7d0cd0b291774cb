//! `--wait` follows a decision to its end and exits by how it went.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use dns_api::command::DecisionReport;
use dns_api::status::ServiceDetail;
use serde_json::{Value, json};

use crate::command::{Ended, run, serve};
use crate::sample;

const WAITING: &[&str] = &["failover", "checkout", "--to", "dr", "--reason", "drill", "--wait"];

/// A controller that accepts a failover and then tells of the decision, one report after the other.
async fn telling(reports: Vec<Result<DecisionReport, StatusCode>>) -> SocketAddr {
    telling_of(reports, vec![sample::alone(sample::service())]).await
}

/// The same, showing the service as it goes on.
async fn telling_of(reports: Vec<Result<DecisionReport, StatusCode>>, shown: Vec<ServiceDetail>) -> SocketAddr {
    let accepted = json!({ "decision": "d6", "href": "/api/v1/decisions/d6", "message": "moving checkout to dr" });
    let asked = Arc::new(AtomicUsize::new(0));
    let reports = Arc::new(reports);
    let decision = async move || {
        let index = asked.fetch_add(1, Ordering::Relaxed).min(reports.len() - 1);
        reports[index].clone().map(Json)
    };
    let looked = Arc::new(AtomicUsize::new(0));
    let show = async move || {
        let index = looked.fetch_add(1, Ordering::Relaxed).min(shown.len() - 1);
        Json(shown[index].clone())
    };
    let released = accepted.clone();
    let router = Router::new()
        .route("/api/v1/services/checkout/failover", post(async move || (StatusCode::ACCEPTED, Json(accepted))))
        .route("/api/v1/services/checkout/release", post(async move || (StatusCode::ACCEPTED, Json(released))))
        .route("/api/v1/services/checkout", get(show))
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

fn done() -> Vec<Result<DecisionReport, StatusCode>> {
    vec![Ok(sample::decision("done", "verified", "every server serves it"))]
}

#[tokio::test]
async fn a_move_is_done_when_every_place_has_come_after() {
    let shown = vec![sample::service_of_places(&sample::behind()), sample::service_of_places(&json!({}))];
    let ended = run(telling_of(done(), shown).await, WAITING).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stderr.contains("done at 1 of 2 places, waiting for other"), "{ended:?}");
    assert!(ended.stdout.starts_with("checkout: done") && ended.stdout.contains("at all 2 places"), "{ended:?}");
    assert_eq!(ended.stdout.matches("192.0.2.53:53  served").count(), 2, "the servers of each place: {ended:?}");
}

#[tokio::test]
async fn a_place_that_stays_behind_exits_with_4_and_says_what_it_serves() {
    let impatient = [WAITING, &["--timeout", "900ms"]].concat();
    let shown = || vec![sample::service_of_places(&sample::behind())];
    let ended = run(telling_of(done(), shown()).await, &impatient).await;
    assert_eq!(ended.code, 4, "{ended:?}");
    let words = "written at 1 of 2 places; other: 192.0.2.54:53 does not answer, it still serves prod (decision d6)";
    assert!(ended.stdout.contains(words) && !ended.stdout.contains("every authoritative server"), "{ended:?}");

    let ended = run(telling_of(done(), shown()).await, &[&impatient[..], &["-o", "json"]].concat()).await;
    let printed: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!((ended.code, &printed["decision"], &printed["status"]), (4, &json!("d6"), &json!("done")));
    assert_eq!(
        (&printed["places"][0]["outcome"], &printed["places"][1]["outcome"]),
        (&json!("done"), &json!("behind"))
    );
    assert_eq!(printed["places"][0]["servers"][0]["outcome"], "served", "{printed}");
}

#[tokio::test]
async fn what_was_shown_before_the_decision_is_no_proof_of_arrival() {
    // Nobody diverges, since nobody has moved yet.
    let mut before = sample::service_of_places(&json!({}));
    for place in &mut before.places {
        let fence = place.fence.as_mut().expect("a fence");
        fence.text[0] = fence.text[0].replace("plan=d6", "plan=d5");
    }
    let shown = vec![before, sample::service_of_places(&sample::behind())];
    let ended = run(telling_of(done(), shown).await, &[WAITING, &["--timeout", "1500ms"]].concat()).await;
    assert_eq!(ended.code, 4, "{ended:?}");
}

#[tokio::test]
async fn a_release_is_followed_to_each_places_tombstone() {
    let line = ["release", "checkout", "--reason", "by hand from now on", "--wait", "--timeout", "900ms"];
    let denied = json!({ "standing": "held", "active": "prod", "trouble": "no right" });
    let mut half = sample::service_of_places(&denied);
    "released".clone_into(&mut half.places[0].place.standing);
    let ended = run(telling_of(done(), vec![half.clone()]).await, &line).await;
    assert_eq!(ended.code, 4, "{ended:?}");
    assert!(ended.stdout.contains("written at 1 of 2 places; other: no right"), "{ended:?}");
    "released".clone_into(&mut half.places[1].place.standing);
    let ended = run(telling_of(done(), vec![half]).await, &line).await;
    assert_eq!(ended.code, 0, "{ended:?}");
}
