//! The common routes, the shape of errors, and what a hostile client can and cannot do.

use std::net::SocketAddr;
use std::time::Duration;

use dns_api::problem::Problem;
use dns_service::config::TlsConfig;
use dns_service::http::request::BODY_BYTES_MAX;
use dns_service::http::{BindError, Bounds, PlainHttp, bind};
use reqwest::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::served::{Setup, client, serve, tokens};

/// Far beyond every bound that these tests set; only a failure takes so long.
const NEVER: Duration = Duration::from_secs(30);

#[tokio::test]
async fn readiness_names_what_is_not_ready() {
    let served = serve(Setup::default());
    let url = format!("{}/readyz", served.url);
    let answer = client().get(&url).send().await.expect("answer");
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let body: serde_json::Value = answer.json().await.expect("json");
    assert_eq!(body["reasons"]["engine"], "starting");
    served.readiness.ready("engine");
    assert_eq!(client().get(&url).send().await.expect("answer").status(), StatusCode::OK);
}

#[tokio::test]
async fn metrics_count_requests_by_route() {
    let served = serve(Setup::default());
    client().get(format!("{}/api/v1/page?limit=7", served.url)).send().await.expect("answer");
    let text =
        client().get(format!("{}/metrics", served.url)).send().await.expect("answer").text().await.expect("text");
    assert!(text.contains(r#"http_requests_total{route="/api/v1/page",status="200"}"#), "{text}");
    assert!(text.contains("http_response_head_seconds_bucket"), "{text}");
}

#[tokio::test]
async fn every_error_is_a_problem() {
    let folder = tempfile::tempdir().expect("folder");
    let served = serve(Setup { tokens: tokens(folder.path()), ..Setup::default() });
    let large = format!(r#"{{"text":"{}"}}"#, "x".repeat(BODY_BYTES_MAX));
    let note = |body: &str| client().post(format!("{}/api/v1/note", served.url)).body(body.to_owned());
    let get = |path: &str| client().get(format!("{}{path}", served.url));
    for (request, status) in [
        (get("/nowhere"), 404),
        (client().delete(format!("{}/healthz", served.url)), 405),
        (get("/api/v1/page?limit=many"), 400),
        (note("{"), 400),
        (note(r#"{"texts":1}"#), 400),
        (note(&large), 413),
    ] {
        let answer = request.bearer_auth("oncall-secret").send().await.expect("answer");
        assert_eq!(answer.status().as_u16(), status);
        let problem: Problem = answer.json().await.expect("a problem");
        assert_eq!(problem.status, status, "{problem:?}");
        assert!(problem.kind.starts_with("urn:dns-failover:problem:"), "{problem:?}");
    }
}

#[tokio::test]
async fn a_client_that_never_ends_its_head_is_cut_off() {
    let bounds = Bounds { head_timeout: Duration::from_millis(200), ..Bounds::default() };
    let served = serve(Setup { bounds, ..Setup::default() });
    for start in ["", "GET /healthz HTTP/1.1\r\nHost: x\r\n"] {
        let mut stream = TcpStream::connect(served.address).await.expect("connected");
        stream.write_all(start.as_bytes()).await.expect("sent");
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(NEVER, stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "still open after {start:?}");
    }
}

#[tokio::test]
async fn connections_beyond_the_bound_are_closed_and_room_comes_back() {
    let served = serve(Setup { bounds: Bounds { connections_max: 1, ..Bounds::default() }, ..Setup::default() });
    let mut first = TcpStream::connect(served.address).await.expect("connected");
    first.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    let mut head = [0; 12];
    first.read_exact(&mut head).await.expect("an answer");
    assert_eq!(&head, b"HTTP/1.1 200");

    let mut second = TcpStream::connect(served.address).await.expect("connected");
    let closed = tokio::time::timeout(NEVER, second.read(&mut [0; 1])).await.expect("in time");
    assert!(matches!(closed, Ok(0) | Err(_)), "{closed:?}");

    drop(first);
    let url = format!("{}/healthz", served.url);
    let again = async { while client().get(&url).send().await.is_err() {} };
    tokio::time::timeout(NEVER, again).await.expect("room again");
}

#[tokio::test]
async fn the_drain_is_bounded() {
    let bounds = Bounds { grace: Duration::from_millis(200), ..Bounds::default() };
    let served = serve(Setup { bounds, ..Setup::default() });
    let mut stuck = TcpStream::connect(served.address).await.expect("connected");
    stuck.write_all(b"GET /api/v1/forever HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    // An answer on another connection proves that the server runs.
    client().get(format!("{}/healthz", served.url)).send().await.expect("answer");
    served.stop.cancel();
    tokio::time::timeout(NEVER, served.task).await.expect("ended in time").expect("no panic").expect("no error");
    assert!(TcpStream::connect(served.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn plain_http_beyond_loopback_needs_a_word() {
    let anywhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let refused = bind(anywhere, PlainHttp::OnLoopback, &TlsConfig::default());
    assert!(matches!(refused, Err(BindError::Plain(_))), "{refused:?}");
    assert_ne!(bind(anywhere, PlainHttp::Anywhere, &TlsConfig::default()).expect("bound").local_addr().port(), 0);
}

#[tokio::test]
async fn a_taken_port_is_told_with_its_address() {
    let served = serve(Setup::default());
    let refused = bind(served.address, PlainHttp::OnLoopback, &TlsConfig::default()).expect_err("taken");
    assert_eq!(refused.to_string(), format!("cannot listen on {}", served.address));
}
