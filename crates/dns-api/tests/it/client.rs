//! The client tells its caller what to do about every answer.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use dns_api::client::{ClientError, ControllerAccess, ControllerClient, HistoryFilter};
use dns_api::command::{FailoverRequest, ReasonedRequest};
use dns_api::transport::{BearerToken, SetupError};
use dns_core::identifier::{RegionName, ServiceName};
use serde_json::{Value, json};

use crate::server::{Authority, serve};

fn access(url: &str) -> ControllerAccess {
    ControllerAccess {
        server: url.parse().expect("a URL"),
        token: Some(BearerToken::new("s3cret").expect("a token")),
        ca: None,
        timeout: Duration::from_secs(5),
    }
}

fn client(address: SocketAddr) -> ControllerClient {
    ControllerClient::new(&access(&format!("http://{address}"))).expect("a client")
}

fn checkout() -> ServiceName {
    ServiceName::new("checkout").expect("a valid name")
}

fn reasoned() -> ReasonedRequest {
    ReasonedRequest { reason: "drill".to_owned(), overrides: Vec::new(), override_for_secs: None }
}

async fn answering(status: StatusCode, body: &'static str) -> ControllerClient {
    client(serve(Router::new().fallback(move || async move { (status, body) })).await)
}

#[tokio::test]
async fn a_write_carries_body_path_and_token() {
    let failover = async |request: Request| {
        assert_eq!(request.headers()["authorization"], "Bearer s3cret");
        let body = axum::body::to_bytes(request.into_body(), 4096).await.expect("a body");
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(
            body,
            json!({ "to": "dr", "reason": "prod is down", "overrides": ["cooledDown"], "overrideForSecs": 300 })
        );
        let answer = json!({ "decision": "d1", "href": "/api/v1/decisions/d1", "message": "moving" });
        (StatusCode::ACCEPTED, Json(answer)).into_response()
    };
    let router = Router::new().route("/api/v1/services/checkout/failover", post(failover));
    let request = FailoverRequest {
        to: RegionName::new("dr").expect("a valid name"),
        reason: "prod is down".to_owned(),
        overrides: vec!["cooledDown".to_owned()],
        override_for_secs: Some(300),
    };
    let accepted = client(serve(router).await).failover(&checkout(), &request).await.expect("is accepted");
    assert_eq!(accepted.decision.as_deref(), Some("d1"));
}

#[tokio::test]
async fn history_is_asked_for_with_a_filter_below_a_path_prefix() {
    let page = async |Query(query): Query<Value>| {
        assert_eq!(query, json!({ "service": "checkout", "after": "7", "limit": "2" }));
        Json(json!({ "rows": [] }))
    };
    let address = serve(Router::new().route("/dns/api/v1/history", get(page))).await;
    let client = ControllerClient::new(&access(&format!("http://{address}/dns/"))).expect("a client");
    let filter = HistoryFilter { service: Some(checkout()), after: Some(7), limit: Some(2) };
    assert_eq!(client.history(&filter).await.expect("is answered").rows, []);
}

#[tokio::test]
async fn each_problem_becomes_the_error_that_says_what_to_do() {
    const REFUSAL: &str = r#"{"type":"urn:dns-failover:problem:refused","title":"Refused","status":409,
        "detail":"2 rules say no","rejections":[{"rule":"cooledDown","reason":"7 m to go","overridable":true}]}"#;
    let refused = answering(StatusCode::CONFLICT, REFUSAL).await.failback(&checkout(), &reasoned()).await;
    let Err(ClientError::Refused(problem)) = refused else { panic!("{refused:?}") };
    assert_eq!(problem.rejections[0].rule, "cooledDown");

    let error = answering(StatusCode::UNAUTHORIZED, REFUSAL).await.services().await.expect_err("401");
    assert!(matches!(error, ClientError::Unauthorized(_)), "{error:?}");
    let error = answering(StatusCode::FORBIDDEN, REFUSAL).await.services().await.expect_err("403");
    assert!(matches!(error, ClientError::Forbidden(_)), "{error:?}");
    let error = answering(StatusCode::NOT_FOUND, REFUSAL).await.decision("d1").await.expect_err("404");
    assert!(matches!(error, ClientError::NotFound(_)), "{error:?}");
    let error = answering(StatusCode::SERVICE_UNAVAILABLE, REFUSAL).await.services().await.expect_err("503");
    assert!(matches!(error, ClientError::Other(_)), "{error:?}");
}

#[tokio::test]
async fn strangers_are_quoted_on_one_clean_line() {
    const PAGE: &str = "<html>\n\u{1b}[31mBad\tGateway\u{7}</html>";
    let error = answering(StatusCode::BAD_GATEWAY, PAGE).await.services().await.expect_err("502");
    let ClientError::Other(problem) = &error else { panic!("{error:?}") };
    assert_eq!(problem.detail, "Bad Gateway: <html> [31mBad Gateway </html>");
    let error = answering(StatusCode::OK, "hello\nthere").await.services().await.expect_err("no JSON");
    assert!(matches!(&error, ClientError::Garbled { reason, .. } if reason.ends_with("`hello there`")), "{error:?}");
}

#[tokio::test]
async fn a_closed_port_is_unreachable_and_silence_is_no_answer() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("is bound");
    drop(listener);
    let error = client(address).services().await.expect_err("nobody listens");
    assert!(matches!(&error, ClientError::Unreachable { reason, .. } if reason.contains("refused")), "{error:?}");

    let silent = async || -> Response { std::future::pending().await };
    let address = serve(Router::new().fallback(silent)).await;
    let brief = ControllerAccess { timeout: Duration::from_millis(100), ..access(&format!("http://{address}")) };
    let client = ControllerClient::new(&brief).expect("a client");
    let error = client.failback(&checkout(), &reasoned()).await.expect_err("nobody answers");
    assert!(matches!(&error, ClientError::NoAnswer { reason, .. } if reason.contains("timed out")), "{error:?}");
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let endless = async || {
        let chunk = vec![b' '; 1 << 20];
        let chunks = futures_util::stream::repeat_with(move || Ok::<_, std::io::Error>(chunk.clone()));
        Body::from_stream(chunks)
    };
    let error = client(serve(Router::new().fallback(endless)).await).services().await.expect_err("too long");
    assert!(matches!(&error, ClientError::Garbled { reason, .. } if reason.contains("longer than")), "{error:?}");
}

#[tokio::test]
async fn tls_trusts_the_given_authority_alone() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let list = json!({ "controller": "c1", "services": [], "vantagePoints": [] });
    let address = ours.serve("localhost", Router::new().fallback(async move || Json(list.clone()))).await;
    let url = format!("https://localhost:{}", address.port());
    let trusting = ControllerAccess { ca: Some(ours.file.clone()), ..access(&url) };
    let answer = ControllerClient::new(&trusting).expect("a client").services().await.expect("is trusted");
    assert_eq!(answer.controller, "c1");

    let wary = ControllerAccess { ca: Some(theirs.file.clone()), ..access(&url) };
    let error = ControllerClient::new(&wary).expect("a client").services().await.expect_err("is not trusted");
    assert!(matches!(&error, ClientError::Unreachable { reason, .. } if reason.contains("certificate")), "{error:?}");
}

#[test]
fn what_cannot_work_is_refused_before_anything_is_sent() {
    let refused = |access: &ControllerAccess| ControllerClient::new(access).expect_err("is refused");
    assert!(matches!(refused(&access("ftp://controller")), SetupError::Url { .. }));
    let missing = ControllerAccess { ca: Some("/nowhere/ca.pem".into()), ..access("https://controller") };
    assert!(matches!(refused(&missing), SetupError::Authority { .. }));
    let folder = tempfile::tempdir().expect("a folder");
    let empty = folder.path().join("ca.pem");
    std::fs::write(&empty, "no certificate").expect("writes");
    let error = refused(&ControllerAccess { ca: Some(empty), ..access("https://controller") });
    assert!(error.to_string().contains("holds no certificate"), "{error}");
    assert!(matches!(BearerToken::new("two\nlines"), Err(SetupError::Token)));
    assert_eq!(format!("{:?}", BearerToken::new("s3cret").expect("a token")), "BearerToken(…)");
}
