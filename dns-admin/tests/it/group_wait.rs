//! `--wait` of a group's order follows every member and exits by how it went.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::command::{Ended, run, serve};
use crate::sample;

const ORDER: &[&str] = &["group", "failover", "shop", "--to", "dr", "--reason", "power", "--wait"];

/// A member: where it is, by which decision, whether it is served, and what holds it.
fn member(name: &str, active: &str, decision: Option<&str>, arrived: bool, held: Option<&str>) -> Value {
    json!({
        "service": name, "active": active, "state": "at rest", "arrived": arrived, "page": false,
        "decision": decision, "held": held,
    })
}

fn group(active: Option<&str>, decision: Option<&str>, members: &[Value; 2]) -> Value {
    json!({
        "name": "shop", "moveWhen": "any fails", "active": active, "decision": decision, "summary": "told",
        "members": members,
    })
}

fn before() -> Value {
    group(Some("prod"), None, &[member("db", "prod", None, true, None), member("api", "prod", None, true, None)])
}

/// The first member has moved, the second has not.
fn halfway(decision: Option<&str>) -> Value {
    let held = Some("targetProven: `dr` is not proven");
    group(None, decision, &[member("db", "dr", Some("d6"), true, None), member("api", "prod", None, true, held)])
}

fn there(arrived: bool) -> Value {
    let under_way = (!arrived).then_some("d6");
    let api = member("api", "dr", Some("d6"), arrived, None);
    group(Some("dr"), under_way, &[member("db", "dr", Some("d6"), true, None), api])
}

/// A controller that accepts the order, tells so of its decision, and shows the group as it goes on.
async fn telling(status: &str, kind: &str, shown: Vec<Value>) -> SocketAddr {
    let accepted = json!({ "decision": "d6", "href": "/api/v1/decisions/d6", "message": "db goes first" });
    let decision = sample::decision(status, kind, "dr is failing");
    let looked = Arc::new(AtomicUsize::new(0));
    let show = async move || {
        let index = looked.fetch_add(1, Ordering::Relaxed).min(shown.len() - 1);
        Json(json!({ "groups": [shown[index]] }))
    };
    let router = Router::new()
        .route("/api/v1/groups/shop/failover", post(async move || (StatusCode::ACCEPTED, Json(accepted))))
        .route("/api/v1/groups", get(show))
        .route("/api/v1/decisions/d6", get(async move || Json(decision)));
    serve(router).await
}

async fn ended_with(status: &str, kind: &str, shown: Vec<Value>) -> Ended {
    run(telling(status, kind, shown).await, ORDER).await
}

#[tokio::test]
async fn a_group_that_has_arrived_exits_with_0_and_tells_of_each_member() {
    // What is shown at first is of before the decision, and looks like a group at rest.
    let shown = vec![before(), halfway(Some("d6")), there(false), there(true)];
    let ended = ended_with("done", "verified", shown).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert_eq!(
        lines,
        [
            "db goes first",
            "shop: db waits, api waits",
            "shop: db is served in dr, api is held (targetProven: `dr` is not proven)",
            "shop: db is served in dr, api is written in dr",
        ]
    );
    assert!(ended.stdout.contains("shop: all of it has moved"), "{ended:?}");
}

#[tokio::test]
async fn a_rest_that_does_not_come_along_exits_with_4() {
    for left in [None, Some("d9")] {
        let ended = ended_with("done", "verified", vec![halfway(left)]).await;
        assert_eq!(ended.code, 4, "{ended:?}");
        assert!(ended.stdout.contains("not all of it came along") && ended.stdout.contains("api"), "{ended:?}");
    }
}

#[tokio::test]
async fn a_first_decision_that_expired_exits_with_3_and_any_other_end_with_1() {
    let ended = ended_with("ended", "expired", vec![before()]).await;
    assert_eq!(ended.code, 3, "{ended:?}");
    let ended = ended_with("ended", "denied", vec![before()]).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stdout.contains("nothing was written: dr is failing"), "{ended:?}");
}

#[tokio::test]
async fn impatience_exits_by_how_far_the_group_came() {
    let impatient = [ORDER, &["--timeout", "900ms"]].concat();
    let ended = run(telling("done", "verified", vec![halfway(Some("d6"))]).await, &impatient).await;
    assert_eq!(ended.code, 4, "{ended:?}");
    assert!(ended.stderr.contains("not all of it has arrived") && ended.stderr.contains("api is held"), "{ended:?}");
    let ended = run(telling("open", "decided", vec![before()]).await, &impatient).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stderr.contains("dns-admin group status shop"), "{ended:?}");
}

#[tokio::test]
async fn programs_get_the_decision_with_the_group() {
    let line = [ORDER, &["--output", "json"]].concat();
    let ended = run(telling("done", "verified", vec![there(true)]).await, &line).await;
    let told: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(
        (&told["decision"], &told["status"], &told["group"]["active"]),
        (&json!("d6"), &json!("done"), &json!("dr"))
    );
}
