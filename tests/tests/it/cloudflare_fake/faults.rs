//! Faults: what a client sees, and what has happened all the same.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::cloudflare::{Failure, Fake, Fault, Gate, Kind, Operation, Plan, TOKEN};
use tests::{PATIENCE, until_eq};

use super::client::{Got, ZONE, a, attempt, batch, created, get, records_path, start};

/// How many records a batch leaves that was spoilt before or after it was done.
const BEFORE: usize = 0;
const AFTER: usize = 1;

fn spoil(fake: &Fake, operation: Operation, kind: Kind) {
    fake.inject(Fault::once(operation, kind));
}

/// A zone whose next batch is spoilt.
fn spoilt(kind: Kind) -> Fake {
    let fake = start(Plan::Free);
    spoil(&fake, Operation::Batch, kind);
    fake
}

fn posts() -> Value {
    json!({ "posts": [a("www", "192.0.2.1")] })
}

/// Sends a batch; `None` when nothing came back.
fn try_batch(fake: &Fake) -> Option<Got> {
    let headers = format!("Authorization: Bearer {TOKEN}\r\n");
    attempt(fake, "POST", &records_path(fake, "/batch"), &headers, &posts().to_string())
}

#[test]
fn a_cut_connection_gives_not_one_octet_and_tells_nothing_of_what_was_done() {
    for (kind, left) in [(Kind::Cut, BEFORE), (Kind::CutAfterwards, AFTER)] {
        let fake = spoilt(kind);
        assert!(try_batch(&fake).is_none());
        assert_eq!((fake.records(ZONE).len(), fake.batches().len()), (left, left));
        assert_eq!(fake.requests(Operation::Batch), 1);
        assert_eq!(get(&fake, &records_path(&fake, "")).status, 200, "the next connection lives");
    }
}

#[test]
fn an_error_tells_nothing_of_what_was_done() {
    let failure = Failure::Error(503);
    for (kind, left) in [(Kind::Refused(failure), BEFORE), (Kind::RefusedAfterwards(failure), AFTER)] {
        let fake = spoilt(kind);
        assert_eq!(batch(&fake, &posts()).refusal(), (503, 10001));
        assert_eq!(fake.records(ZONE).len(), left);
    }
}

#[test]
fn the_edges_page_is_no_json() {
    let failure = Failure::EdgePage(520);
    for (kind, left) in [(Kind::Refused(failure), BEFORE), (Kind::RefusedAfterwards(failure), AFTER)] {
        let fake = spoilt(kind);
        let got = batch(&fake, &posts());
        assert_eq!((got.status, got.header("content-type")), (520, Some("text/html; charset=UTF-8")));
        assert!(serde_json::from_str::<Value>(&got.body).is_err(), "{}", got.body);
        assert_eq!(fake.records(ZONE).len(), left);
    }
}

#[test]
fn a_scripted_throttle_does_nothing_and_says_when_to_come_back() {
    let fake = spoilt(Kind::Refused(Failure::Throttled { retry_after_secs: 7 }));
    let got = batch(&fake, &posts());
    assert_eq!((got.refusal(), got.header("retry-after")), ((429, 971), Some("7")));
    assert_eq!(fake.records(ZONE), []);
}

#[test]
fn truncated_json_comes_of_a_call_that_was_done() {
    let fake = spoilt(Kind::Truncated);
    let got = batch(&fake, &posts());
    assert_eq!(got.status, 200);
    assert!(serde_json::from_str::<Value>(&got.body).is_err_and(|error| error.is_eof()), "{}", got.body);
    assert_eq!(fake.records(ZONE).len(), 1);
}

#[test]
fn a_stale_read_does_not_know_the_last_changes() {
    let fake = start(Plan::Free);
    let list = || get(&fake, &records_path(&fake, "")).result().as_array().map(Vec::len);
    created(&fake, &a("one", "192.0.2.1"));
    let second = created(&fake, &a("two", "192.0.2.1"));
    for (changes, seen) in [(0, 2), (1, 1), (2, 0), (9, 0)] {
        spoil(&fake, Operation::ListRecords, Kind::Stale(changes));
        assert_eq!(list(), Some(seen), "{changes}");
    }
    assert_eq!(list(), Some(2));
    spoil(&fake, Operation::GetRecord, Kind::Stale(1));
    assert_eq!(get(&fake, &records_path(&fake, &format!("/{second}"))).refusal(), (404, 81044));
}

#[test]
fn one_page_of_many_fails_or_lacks_its_end() {
    let fake = start(Plan::Free);
    for host in 1..=4 {
        created(&fake, &a("www", &format!("192.0.2.{host}")));
    }
    let page = |number: usize| get(&fake, &records_path(&fake, &format!("?per_page=2&page={number}")));
    let kind = Kind::Refused(Failure::Error(500));
    fake.inject(Fault { operation: Operation::ListRecords, skip: 1, times: 1, kind });
    assert_eq!([1, 2, 2].map(|number| page(number).status), [200, 500, 200]);
    spoil(&fake, Operation::ListRecords, Kind::ShortPage(1));
    let short = page(1).json();
    assert_eq!((short["result"].as_array().map(Vec::len), &short["result_info"]["count"]), (Some(1), &json!(2)));
}

#[test]
fn latency_passes_before_it_is_done_or_afterwards() {
    let time = Duration::from_millis(200);
    for kind in [Kind::Latency(time), Kind::SlowAnswer(time)] {
        let fake = spoilt(kind);
        let start = Instant::now();
        assert_eq!(batch(&fake, &posts()).status, 200);
        assert!(start.elapsed() >= time);
        assert_eq!(fake.records(ZONE).len(), 1);
    }
}

#[test]
fn faults_that_were_forgotten_strike_nobody() {
    let fake = spoilt(Kind::Cut);
    fake.heal();
    assert_eq!(batch(&fake, &posts()).status, 200);
}

#[test]
fn a_call_that_nobody_waits_for_is_done_all_the_same() {
    let gate = Gate::default();
    let fake = spoilt(Kind::Gate(gate.clone()));
    let connection = begin(&fake);
    gate.await_calls(1);
    drop(connection);
    assert_eq!(fake.records(ZONE), [], "it waits at the gate");
    let by_another = get(&fake, &records_path(&fake, ""));
    assert_eq!(by_another.result(), json!([]), "and holds up nobody else");
    gate.open();
    until_eq("the batch is done", PATIENCE, &1, || fake.records(ZONE).len());
}

/// Sends a batch and waits for no answer.
fn begin(fake: &Fake) -> TcpStream {
    let url = fake.url();
    let authority = url.strip_prefix("http://").and_then(|rest| rest.split('/').next()).expect("an authority");
    let mut stream = TcpStream::connect(authority).expect("a connection");
    let (path, body) = (records_path(fake, "/batch"), posts().to_string());
    let length = body.len();
    let request = format!(
        "POST /client/v4{path} HTTP/1.1\r\nHost: {authority}\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).expect("a request");
    stream
}
