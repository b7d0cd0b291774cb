//! A subscriber hears its vantage point, and nobody else.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use dns_api::evidence::{Bearing, EventId, EvidenceEvent, Heartbeat, Snapshot};
use dns_api::evidence_stream::{EVENT_BYTES_MAX, EvidenceAccess, EvidenceClient, EvidenceError, EvidenceStream};
use dns_api::transport::{BearerToken, SetupError};
use dns_core::digest::Digest;
use dns_core::identifier::VantageName;
use futures_util::StreamExt as _;
use futures_util::stream;

use crate::server::{Authority, serve};

fn vantage(name: &str) -> VantageName {
    VantageName::new(name).expect("a valid name")
}

fn bearing(name: &str) -> Bearing {
    let digest = Digest::over([b"x".as_slice()]);
    Bearing { vantage: vantage(name), config: digest, coverage: digest, blind: None, oldest_probe_age_ms: 1 }
}

fn heartbeat(name: &str) -> EvidenceEvent {
    EvidenceEvent::Heartbeat(Heartbeat { bearing: bearing(name) })
}

fn snapshot(name: &str) -> EvidenceEvent {
    EvidenceEvent::Snapshot(Snapshot { bearing: bearing(name), endpoints: Vec::new() })
}

fn sse(id: &str, event: &EvidenceEvent) -> String {
    format!("id: {id}\nevent: {}\ndata: {}\n\n", event.name(), event.encode())
}

fn access(url: &str) -> EvidenceAccess {
    EvidenceAccess { vantage: vantage("fra1"), url: url.parse().expect("a URL"), token: None, ca: None }
}

fn event_stream(body: impl Into<Body>) -> Response {
    ([("content-type", "text/event-stream; charset=utf-8")], body.into()).into_response()
}

/// Serves `text` as a stream that then stays open.
async fn saying(text: String) -> EvidenceStream {
    let route = async move || {
        let said = stream::once(async move { Ok::<_, std::io::Error>(text) });
        event_stream(Body::from_stream(said.chain(stream::pending())))
    };
    subscribe(Router::new().fallback(route)).await
}

async fn subscribe(router: Router) -> EvidenceStream {
    let address = serve(router).await;
    EvidenceClient::new(&access(&format!("http://{address}"))).expect("a client").subscribe(None)
}

async fn first_error(mut events: EvidenceStream) -> EvidenceError {
    let error = loop {
        match events.next().await.expect("an error comes before the end") {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(events.next().await.is_none(), "a stream ends with its first error");
    error
}

#[tokio::test]
async fn events_arrive_in_order_with_their_ids_and_the_end_is_told() {
    let text = sse("abc-1", &snapshot("fra1"))
        + ": a comment\n\n"
        + "id: abc-2\nevent: opinion\ndata: of a later version\n\n"
        + &sse("abc-3", &heartbeat("fra1"));
    let mut events = subscribe(Router::new().fallback(async move || event_stream(text))).await;
    let id = |sequence| EventId { incarnation: "abc".to_owned(), sequence };
    assert_eq!(events.next().await.expect("comes").expect("is understood"), (id(1), snapshot("fra1")));
    assert_eq!(events.next().await.expect("comes").expect("is understood"), (id(3), heartbeat("fra1")));
    assert!(matches!(first_error(events).await, EvidenceError::Ended { .. }));
}

#[tokio::test]
async fn a_subscriber_says_who_it_is_and_what_it_saw_last() {
    let route = async |headers: HeaderMap| {
        assert_eq!(headers["authorization"], "Bearer s3cret");
        assert_eq!(headers["last-event-id"], "abc-41");
        event_stream(sse("abc-42", &heartbeat("fra1")))
    };
    let address = serve(Router::new().route("/api/v1/evidence", axum::routing::get(route))).await;
    let token = Some(BearerToken::new("s3cret").expect("a token"));
    let access = EvidenceAccess { token, ..access(&format!("http://localhost:{}/", address.port())) };
    let last = EventId { incarnation: "abc".to_owned(), sequence: 41 };
    let mut events = EvidenceClient::new(&access).expect("a client").subscribe(Some(&last));
    let (id, _) = events.next().await.expect("comes").expect("is understood");
    assert_eq!(id.sequence, 42);
}

#[tokio::test]
async fn silence_ends_the_stream() {
    let error = first_error(saying(sse("abc-1", &snapshot("fra1"))).await).await;
    assert!(matches!(error, EvidenceError::Silent { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_never_answers_is_silent_too() {
    let error = first_error(subscribe(Router::new().fallback(async || stuck().await)).await).await;
    assert!(matches!(error, EvidenceError::Silent { .. }), "{error:?}");
}

async fn stuck() -> Response {
    std::future::pending().await
}

#[tokio::test]
async fn an_endless_event_is_cut_off() {
    let endless = async || {
        let line = format!("data: {}\n", "x".repeat(EVENT_BYTES_MAX / 8));
        event_stream(Body::from_stream(stream::repeat_with(move || Ok::<_, std::io::Error>(line.clone()))))
    };
    let error = first_error(subscribe(Router::new().fallback(endless)).await).await;
    assert!(matches!(&error, EvidenceError::Malformed { reason, .. } if reason.contains("longer")), "{error:?}");
}

#[tokio::test]
async fn another_vantage_point_is_an_impostor() {
    let error = first_error(saying(sse("abc-1", &snapshot("lon1"))).await).await;
    assert!(matches!(&error, EvidenceError::Impostor { found, .. } if found.as_str() == "lon1"), "{error:?}");
}

#[tokio::test]
async fn what_is_no_evidence_is_named() {
    let event = heartbeat("fra1");
    for text in [
        "id: abc-1\nevent: heartbeat\ndata: {}\n\n".to_owned(),
        format!("event: heartbeat\ndata: {}\n\n", event.encode()),
        sse("abc", &event),
        "data: \u{0}\n\nevent: \u{fffd}\n\nid: abc-1\nevent: snapshot\ndata: [\n\n".to_owned(),
    ] {
        let error = first_error(saying(text.clone()).await).await;
        assert!(matches!(error, EvidenceError::Malformed { .. }), "{text:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_told_with_its_reason() {
    let problem = r#"{"type":"x","title":"Unauthorized","status":401,"detail":"no token was given"}"#;
    let error = first_error(subscribe(Router::new().fallback((StatusCode::UNAUTHORIZED, problem))).await).await;
    assert!(
        matches!(&error, EvidenceError::Refused { status: 401, detail, .. } if detail == "no token was given"),
        "{error:?}"
    );
    let error = first_error(subscribe(Router::new().fallback("hello")).await).await;
    assert!(matches!(error, EvidenceError::Refused { status: 200, .. }), "{error:?}");
}

#[tokio::test]
async fn the_certificate_must_carry_the_vantage_points_name_whatever_the_url_says() {
    let authority = Authority::new();
    let router = || Router::new().fallback(async || event_stream(sse("abc-1", &snapshot("fra1"))));
    let reach = async |name: &str, host: &str| {
        let port = authority.serve(name, router()).await.port();
        let access = EvidenceAccess { ca: Some(authority.file.clone()), ..access(&format!("https://{host}:{port}")) };
        EvidenceClient::new(&access).expect("a client").subscribe(None).next().await.expect("comes")
    };
    reach("fra1", "127.0.0.1").await.expect("the name is in the certificate");
    reach("fra1", "localhost").await.expect("the name is in the certificate");
    for wrong in ["localhost", "lon1"] {
        let error = reach(wrong, "localhost").await.expect_err("the name is not in the certificate");
        assert!(
            matches!(&error, EvidenceError::Unreachable { reason, .. } if reason.contains("certificate")),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_stranger_to_the_authority_is_not_heard() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let port = theirs.serve("fra1", Router::new().fallback("hello")).await.port();
    let access = EvidenceAccess { ca: Some(ours.file.clone()), ..access(&format!("https://127.0.0.1:{port}")) };
    let error = first_error(EvidenceClient::new(&access).expect("a client").subscribe(None)).await;
    assert!(matches!(error, EvidenceError::Unreachable { .. }), "{error:?}");
}

#[test]
fn plain_http_off_loopback_and_unusable_names_are_refused() {
    for url in ["http://192.0.2.1:8443", "http://monitor.example.net", "ws://127.0.0.1", "http://[2001:db8::1]:80"] {
        let error = EvidenceClient::new(&access(url)).expect_err(url);
        assert!(matches!(error, SetupError::Url { .. }), "{error:?}");
    }
    for url in ["http://127.0.0.2:1", "http://[::1]:1", "http://localhost:1"] {
        EvidenceClient::new(&access(url)).expect(url);
    }
    let numeric = EvidenceAccess { vantage: vantage("0x7f"), ..access("https://127.0.0.1:1") };
    let error = EvidenceClient::new(&numeric).expect_err("0x7f is an address in a URL");
    assert!(error.to_string().contains("0x7f is no host name"), "{error}");
}
