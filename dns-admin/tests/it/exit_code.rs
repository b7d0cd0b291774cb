//! Exit codes, streams and formats: what scripts rely on.

use std::path::Path;

use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use dns_api::problem::Problem;
use serde_json::{Value, json};

use crate::command::{answering, run, run_alone, run_with, serve};
use crate::sample;

const FAILOVER: &[&str] = &["failover", "checkout", "--to", "dr", "--reason", "drill"];

fn problem(status: u16) -> Problem {
    Problem { status, rejections: Vec::new(), hint: None, detail: "because".to_owned(), ..sample::refusal() }
}

#[tokio::test]
async fn status_prints_plain_text_and_exits_with_0() {
    let ended = run(answering(200, &sample::troubled_list()).await, &["status"]).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.starts_with("PAGE: checkout: failover to `dr` is held"), "{ended:?}");
    assert!(!ended.stdout.contains('\u{1b}'), "no colour without a terminal: {ended:?}");
    assert_eq!(ended.stderr, "");
}

#[tokio::test]
async fn colour_can_be_forced_and_forbidden() {
    let server = answering(200, &sample::troubled_list()).await;
    let forced = [("CLICOLOR_FORCE", "1")];
    let ended = run_with(server, &["status"], &forced).await;
    assert!(ended.stdout.contains("\u{1b}["), "{ended:?}");
    for (line, environment) in
        [(&["status", "--no-color"][..], &forced[..]), (&["status"], &[("NO_COLOR", "1"), ("CLICOLOR", "1")])]
    {
        let ended = run_with(server, line, environment).await;
        assert!(!ended.stdout.contains('\u{1b}'), "{line:?}: {ended:?}");
    }
}

#[tokio::test]
async fn json_is_the_apis_own() {
    let ended = run(answering(200, &sample::service()).await, &["service", "show", "checkout", "-o", "json"]).await;
    let printed: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(printed, serde_json::to_value(sample::service()).expect("JSON"));
    let ended = run(answering(200, &sample::history()).await, &["--output", "json", "history"]).await;
    let printed: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(printed, serde_json::to_value(sample::history()).expect("JSON"));
}

#[tokio::test]
async fn an_accepted_write_exits_with_0_and_says_how_to_follow_it() {
    let answer = json!({ "decision": "d6", "href": "/api/v1/decisions/d6", "message": "moving checkout to dr" });
    let ended = run(answering(202, &answer).await, FAILOVER).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.contains("moving checkout to dr\ndecision d6; follow it with"), "{ended:?}");
}

fn awaiting() -> Value {
    json!({
        "message": "failover of `checkout` waits for a second person: the policy wants one",
        "awaitingApproval": {
            "approval": "a7", "href": "/api/v1/approvals/a7", "why": "the policy wants one", "lapsesInMs": 900_000,
        },
    })
}

#[tokio::test]
async fn an_order_that_waits_for_a_second_person_exits_with_6_and_says_how_one_agrees() {
    let server = answering(202, &awaiting()).await;
    let ended = run(server, FAILOVER).await;
    assert_eq!(ended.code, 6, "{ended:?}");
    let agree = "somebody else has 15m00s to agree: dns-admin approve a7 --reason TEXT";
    assert!(ended.stdout.contains(agree), "{ended:?}");
    let ended = run(server, &[FAILOVER, &["-o", "json"]].concat()).await;
    assert_eq!((ended.code, serde_json::from_str::<Value>(&ended.stdout).expect("JSON")), (6, awaiting()), "{ended:?}");
}

#[tokio::test]
async fn wait_goes_on_with_the_decision_that_a_second_person_has_led_to() {
    let approved = |status: &str, decision: Option<&str>| json!({ "approval": "a7", "service": "checkout", "status": status, "summary": status, "decision": decision });
    for (status, decision, code) in
        [("approved", Some("d6"), 0), ("declined", None, 3), ("lapsed", None, 3), ("waiting", None, 6)]
    {
        let outcome = approved(status, decision);
        let done = sample::decision("done", "verified", "every server serves it");
        let router = Router::new()
            .route("/api/v1/services/checkout/failover", post(async || (StatusCode::ACCEPTED, Json(awaiting()))))
            .route("/api/v1/approvals/a7", get(async move || Json(outcome)))
            .route("/api/v1/decisions/d6", get(async move || Json(done)))
            .route("/api/v1/services/checkout", get(async || Json(sample::service())));
        let timeout = if status == "waiting" { "100ms" } else { "1m" };
        let ended = run(serve(router).await, &[FAILOVER, &["--wait", "--timeout", timeout]].concat()).await;
        assert_eq!(ended.code, code, "{status}: {ended:?}");
        assert!(ended.stderr.contains("dns-admin approve a7"), "{status}: {ended:?}");
    }
}

#[tokio::test]
async fn what_waits_is_listed_with_the_answer_to_type() {
    let waiting = json!({
        "approval": "a7", "service": "checkout", "what": "the failover to `dr` ordered by `anna`", "askedBy": "anna",
        "reason": "prod is slow", "why": "the policy wants a second person", "ageMs": 60_000, "lapsesInMs": 840_000,
    });
    let ended = run(answering(200, &json!({ "approvals": [waiting] })).await, &["approve", "--list"]).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    for words in ["prod is slow", "lapses in 14m00s", "anybody but `anna`", "dns-admin decline a7 --reason TEXT"] {
        assert!(ended.stdout.contains(words), "`{words}`: {ended:?}");
    }
    let none = run(answering(200, &json!({ "approvals": [] })).await, &["approve", "--list"]).await;
    assert_eq!((none.code, none.stdout.as_str()), (0, "nothing waits for a second person\n"));
    for bad in [&["approve"][..], &["approve", "a7"], &["approve", "--list", "a7"], &["decline", "a7"]] {
        assert_eq!(run_alone(bad).await.code, 2, "{bad:?}");
    }
}

#[tokio::test]
async fn a_refused_write_exits_with_3_and_lists_the_rules() {
    let server = answering(409, &sample::refusal()).await;
    let ended = run(server, FAILOVER).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (3, ""), "{ended:?}");
    assert!(ended.stderr.contains("at your own risk: --override targetProven"), "{ended:?}");
    assert!(ended.stderr.contains("unfenced: the fence was not read (cannot be overridden)"), "{ended:?}");

    let ended = run(server, &[FAILOVER, &["--output", "json"]].concat()).await;
    assert_eq!(ended.code, 3, "{ended:?}");
    let printed: Problem = serde_json::from_str(&ended.stdout).expect("the problem as JSON");
    assert_eq!(printed, sample::refusal());
}

#[tokio::test]
async fn each_kind_of_problem_has_its_code_and_a_hint() {
    for (status, code, hint) in
        [(401, 1, "--token-file"), (403, 1, "operator"), (404, 1, "service list"), (503, 1, ""), (500, 1, "")]
    {
        let ended = run(answering(status, &problem(status)).await, FAILOVER).await;
        assert_eq!(ended.code, code, "{status}: {ended:?}");
        assert!(ended.stderr.starts_with("error: ") && ended.stderr.contains("because"), "{status}: {ended:?}");
        assert!(ended.stderr.contains(hint), "{status}: {ended:?}");
    }
}

#[tokio::test]
async fn nobody_there_exits_with_5() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("is bound");
    drop(listener);
    let ended = run(address, &["status"]).await;
    assert_eq!(ended.code, 5, "{ended:?}");
    assert!(ended.stderr.contains("cannot reach the controller") && ended.stderr.contains("hint:"), "{ended:?}");
    let ended = run(address, &["status", "--output", "json"]).await;
    let printed: Problem = serde_json::from_str(&ended.stdout).expect("a problem as JSON");
    assert_eq!((ended.code, printed.kind.as_str()), (5, "urn:dns-failover:problem:unreachable"), "{ended:?}");
    assert!(printed.detail.contains("cannot reach") && printed.hint.is_some(), "{printed:?}");
}

#[tokio::test]
async fn wrong_usage_is_a_problem_for_programs_too() {
    let ended = run_alone(&["failover", "checkout", "-o", "json"]).await;
    let printed: Problem = serde_json::from_str(&ended.stdout).expect("a problem as JSON");
    assert_eq!((ended.code, printed.status), (2, 400), "{ended:?}");
    assert!(printed.detail.contains("--reason") && ended.stderr.contains("--reason"), "{ended:?}");
    assert_eq!(run_alone(&["failover", "checkout"]).await.stdout, "", "people read it once");
}

#[tokio::test]
async fn no_answer_exits_with_5_and_warns_that_it_may_have_been_heard() {
    let server = serve(Router::new().fallback(async || stuck().await)).await;
    let ended = run(server, &[FAILOVER, &["--timeout", "200ms"]].concat()).await;
    assert_eq!(ended.code, 5, "{ended:?}");
    assert!(ended.stderr.contains("may have been accepted"), "{ended:?}");
}

async fn stuck() -> &'static str {
    std::future::pending().await
}

#[tokio::test]
async fn garbage_exits_with_1_and_doubts_the_address() {
    let server = serve(Router::new().fallback("\u{1b}[2Jhello")).await;
    let ended = run(server, &["status"]).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stderr.contains("does not answer like a controller"), "{ended:?}");
    assert!(!ended.stderr.contains('\u{1b}'), "{ended:?}");
}

#[tokio::test]
async fn wrong_usage_exits_with_2_before_anything_is_asked() {
    for line in [
        &["failover", "checkout", "--to", "dr"][..],
        &["pause", "--reason", "r"],
        &["pause", "checkout", "--reason", "r", "--for", "0s"],
        &["--server", "ftp://x", "status"],
        &["--ca", "/nowhere/ca.pem", "status"],
        &["--token-file", "/nowhere/token", "status"],
        &["dance"],
    ] {
        let ended = run_alone(line).await;
        assert_eq!(ended.code, 2, "{line:?}: {ended:?}");
        assert!(ended.stderr.starts_with("error: "), "{line:?}: {ended:?}");
    }
    let ended = run_alone(&["--version"]).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (0, concat!("dns-admin ", env!("CARGO_PKG_VERSION"), "\n")));
}

#[tokio::test]
async fn the_token_file_authenticates() {
    let route = async |headers: HeaderMap| {
        assert_eq!(headers["authorization"], "Bearer s3cret");
        axum::Json(sample::calm_list())
    };
    let server = serve(Router::new().route("/api/v1/services", get(route))).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, "s3cret\n").expect("writes");
    let ended = run(server, &["status", "--token-file", file.to_str().expect("UTF-8")]).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.starts_with("all 2 services steady\n"), "{ended:?}");
}

#[tokio::test]
async fn one_refusal_of_all_exits_with_3() {
    let server = answering(200, &sample::bulk()).await;
    let ended = run(server, &["pause", "--all", "--reason", "storm", "--for", "2h"]).await;
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stdout.contains("search    refused"), "{ended:?}");
}

#[tokio::test]
async fn a_service_without_a_fence_says_how_to_get_one() {
    let mut report = sample::bare_service();
    for (standing, words) in [("unadopted", "`dns-admin adopt checkout --reason TEXT`"), ("unread", "is not known")] {
        standing.clone_into(&mut report.standing);
        let ended = run(answering(200, &report).await, &["fence", "show", "checkout"]).await;
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(ended.stderr.contains(words), "{ended:?}");
        assert_eq!(ended.stderr.contains("adopt"), standing == "unadopted", "{ended:?}");
    }
}

const CONFIG: &str = r#"
apiVersion: dnsfailover/v1
installation: acme
regions: [ { name: prod }, { name: dr } ]
vantagePoints: [ { name: fra1, url: "http://127.0.0.1:8001" } ]
providers:
  main:
    rfc2136:
      server: "127.0.0.1:5300"
      zones: [example.com]
      authoritativeServers: ["127.0.0.1:5300"]
      tsig: { name: flip-key., algorithm: hmac-sha256, secretFile: /nowhere/tsig }
policies:
  plain: { interval: 5s, timeout: 2s, detection: { fall: 3, rise: 5 }, quorum: 1, readyFor: 2m, cooldown: 10m }
services:
  - name: checkout
    zone: example.com
    providers: [main]
    policy: plain
    records: [ { name: api, type: A, ttl: 60s } ]
    regions:
      - { name: prod, endpoints: [ { address: 127.0.0.10 } ], probes: [ { tcp: { port: 443 } } ] }
      - { name: dr, endpoints: [ { address: 127.0.0.11 } ], probes: [ { tcp: { port: 443 } } ] }
"#;

#[tokio::test]
async fn config_check_reports_every_fault_and_exits_with_64() {
    let folder = tempfile::tempdir().expect("a folder");
    let (good, bad) = (folder.path().join("good.yaml"), folder.path().join("bad.yaml"));
    std::fs::write(&good, CONFIG).expect("writes");
    std::fs::write(&bad, CONFIG.replace("ttl: 60s", "ttl: 0s").replace("quorum: 1", "quorum: 9")).expect("writes");
    let check = async |file: &Path, more: &'static [&'static str]| {
        run_alone(&[&["config", "check", file.to_str().expect("UTF-8")], more].concat()).await
    };

    let ended = check(&good, &["--no-secrets"]).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.contains("good: installation acme; services: 1, vantage points: 1"), "{ended:?}");

    let ended = check(&good, &[]).await;
    assert_eq!(ended.code, 64, "secrets are looked for unless told otherwise: {ended:?}");
    assert!(ended.stdout.contains("/nowhere/tsig"), "{ended:?}");

    let ended = check(&bad, &["--no-secrets"]).await;
    assert_eq!(ended.code, 64, "{ended:?}");
    assert!(ended.stdout.contains("services[0].records[0].ttl"), "{ended:?}");
    assert!(ended.stdout.contains("quorum"), "{ended:?}");

    let ended = check(&bad, &["--no-secrets", "--output", "json"]).await;
    assert_eq!(ended.code, 64, "{ended:?}");
    let printed: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(printed["valid"], false);
    assert_eq!(printed["faults"].as_array().map(Vec::len), Some(2), "{printed}");
}
