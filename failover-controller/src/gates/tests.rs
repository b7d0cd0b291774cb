//! Asking real servers on loopback: what is sent, what is made of each answer, and when it is asked again.

use std::net::SocketAddr;
use std::path::PathBuf;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Redirect;
use axum::routing::get;
use tokio::net::TcpListener;

use super::*;
use crate::engine::handle::Inbox;

/// Longer than any answer on loopback takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// The time of a question that nobody answers.
const SHORT: Duration = Duration::from_millis(50);

async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn gate(url: String, within: Duration) -> GateSpec {
    let bounds = BTreeMap::from([("lagSeconds".to_owned(), 30)]);
    let http = HttpGate { url, timeout: within, token_file: None, max: bounds, min: BTreeMap::new() };
    let name = "replication".parse().expect("a name");
    GateSpec { name, http, every: Duration::from_hours(1), within: Duration::from_hours(2) }
}

fn key() -> GateKey {
    GateKey {
        service: "checkout".parse().expect("a name"),
        region: "dr".parse().expect("a name"),
        gate: "replication".parse().expect("a name"),
    }
}

/// Who asks, whom it tells, and what makes it distrust itself.
fn asker(gate: &GateSpec) -> (Gates, Inbox, watch::Sender<u64>) {
    let (engine, inbox, _) = Engine::channel();
    let (distrust, distrusted) = watch::channel(0);
    let gates = Gates::new(&[(key(), gate.clone())], None, engine, Clock::start(), distrusted).expect("a client");
    (gates, inbox, distrust)
}

async fn ask(gate: &GateSpec) -> Answer {
    let (mut gates, _inbox, _distrust) = asker(gate);
    gates.ask(&key(), gate).await.answer.answer
}

fn answering(body: &'static str) -> Router {
    Router::new().route("/", get(move || async move { body }))
}

#[tokio::test]
async fn figures_of_a_real_answer_are_compared() {
    let near = serve(answering(r#"{"ready": true, "lagSeconds": 3}"#)).await;
    assert_eq!(ask(&gate(format!("http://{near}/"), PATIENCE)).await, Answer::Yes("lagSeconds 3".to_owned()));
    let far = serve(answering(r#"{"lagSeconds": 312}"#)).await;
    let said = ask(&gate(format!("http://{far}/"), PATIENCE)).await;
    assert_eq!(said, Answer::No("lagSeconds 312, at most 30".to_owned()));
}

#[tokio::test]
async fn a_gate_that_accepts_and_never_answers_has_said_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("an address");
    assert_eq!(
        ask(&gate(format!("http://{address}/"), SHORT)).await,
        Answer::Silent("no answer within 50 ms".to_owned())
    );
    drop(listener);
    let refused = ask(&gate(format!("http://{address}/"), PATIENCE)).await;
    assert!(matches!(&refused, Answer::Silent(why) if why.contains("refused")), "{refused:?}");
}

#[tokio::test]
async fn a_redirect_is_no_yes_and_an_endless_answer_is_none() {
    let yes = || async { r#"{"lagSeconds": 3}"# };
    let endless = || async { " ".repeat(ANSWER_BYTES_MAX + 1) };
    let router = Router::new()
        .route("/moved", get(|| async { Redirect::temporary("/yes") }))
        .route("/yes", get(yes))
        .route("/endless", get(endless));
    let address = serve(router).await;
    let moved = ask(&gate(format!("http://{address}/moved"), PATIENCE)).await;
    assert_eq!(moved, Answer::No("status 307, 200 is yes".to_owned()));
    let endless = ask(&gate(format!("http://{address}/endless"), PATIENCE)).await;
    assert!(matches!(&endless, Answer::Silent(why) if why.contains("longer than 16384 bytes")), "{endless:?}");
}

#[tokio::test]
async fn the_token_is_read_anew_for_every_question_and_its_absence_is_told() {
    let guarded = get(|headers: HeaderMap| async move {
        let shown = headers.get(header::AUTHORIZATION).is_some_and(|value| value == "Bearer s3cret");
        if shown { (StatusCode::OK, r#"{"lagSeconds": 0}"#) } else { (StatusCode::UNAUTHORIZED, "") }
    });
    let address = serve(Router::new().route("/", guarded)).await;
    let folder = tempfile::tempdir().expect("a folder");
    let token: PathBuf = folder.path().join("token");
    let mut gate = gate(format!("http://{address}/"), PATIENCE);
    gate.http.token_file = Some(token.clone());
    let missing = ask(&gate).await;
    assert!(matches!(&missing, Answer::Silent(why) if why.contains("token")), "{missing:?}");
    std::fs::write(&token, "other\n").expect("written");
    assert_eq!(ask(&gate).await, Answer::No("status 401, 200 is yes".to_owned()));
    std::fs::write(&token, "s3cret\n").expect("written");
    assert_eq!(ask(&gate).await, Answer::Yes("lagSeconds 0".to_owned()));
}

async fn heard(inbox: &mut Inbox) -> GateAnswer {
    let message = tokio::time::timeout(PATIENCE, inbox.recv()).await.expect("in time").expect("a message");
    let Message::Gate(answer) = message else { panic!("no answer of a gate: {message:?}") };
    *answer
}

#[tokio::test]
async fn after_a_stall_it_is_asked_again_at_once_and_says_that_it_knows() {
    let address = serve(answering(r#"{"lagSeconds": 3}"#)).await;
    let gate = gate(format!("http://{address}/"), PATIENCE);
    let (gates, mut inbox, distrust) = asker(&gate);
    let stop = CancellationToken::new();
    let asking = tokio::spawn(gates.keep_asking(key(), gate, stop.clone()));
    let first = heard(&mut inbox).await;
    assert_eq!((first.trust, first.key), (0, key()));
    distrust.send_replace(1);
    // The next question would otherwise be an hour away.
    assert_eq!(heard(&mut inbox).await.trust, 1);
    stop.cancel();
    asking.await.expect("ends");
}

#[test]
fn every_gate_of_every_region_is_asked() {
    let mut service = (*crate::verifier::tests::service("192.0.2.10")).clone();
    service.regions[0].gates = vec![gate("http://127.0.0.1:1/".to_owned(), SHORT)].into();
    let all = of(&[Everywhere::only(service)]);
    assert_eq!(all.iter().map(|(key, _)| key.to_string()).collect::<Vec<_>>(), ["checkout/prod/replication"]);
}
