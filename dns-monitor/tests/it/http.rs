//! The HTTP prober against servers that behave well or badly.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dns_core::probe::{HeaderSource, HttpProbe};
use dns_core::service::Endpoint;
use dns_monitor::probe::Outcome;
use dns_monitor::probe::http::HttpProber;
use tokio::io::AsyncWriteExt;

use crate::peers::{LOOPBACK, PATIENCE, closed_port, hang, http_peer, read_head, response, tcp_peer};

const SHORT: Duration = Duration::from_millis(300);

pub(crate) fn spec(port: u16) -> HttpProbe {
    HttpProbe {
        tls: None,
        method: "GET".to_owned(),
        path: "/healthz".to_owned(),
        port,
        host: Some("api.example.com".to_owned()),
        headers: BTreeMap::new(),
        status: vec![200],
        body_contains: None,
        redirects_max: 0,
    }
}

pub(crate) fn prober(spec: HttpProbe) -> HttpProber {
    HttpProber::new(&Endpoint::Address(LOOPBACK), spec)
}

pub(crate) async fn probe(spec: HttpProbe) -> Outcome {
    prober(spec).run(LOOPBACK, PATIENCE).await
}

pub(crate) fn bad(outcome: &Outcome) -> &str {
    assert_eq!(outcome.as_str(), "bad", "{outcome:?}");
    outcome.message().expect("a message")
}

#[tokio::test]
async fn the_request_is_the_one_of_the_specification() {
    let seen = Arc::new(Mutex::new(String::new()));
    let record = seen.clone();
    let peer = http_peer(move |head| {
        head.clone_into(&mut record.lock().expect("no panic"));
        response("204 No Content", "", "")
    })
    .await;
    let headers = [("X-Probe".to_owned(), HeaderSource::Value("dns-monitor".to_owned()))];
    let method = "HEAD".to_owned();
    let spec = HttpProbe { method, status: vec![200, 204], headers: headers.into(), ..spec(peer.port()) };
    assert_eq!(probe(spec).await.as_str(), "good");
    let head = seen.lock().expect("no panic").to_ascii_lowercase();
    assert!(head.starts_with("head /healthz http/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nhost: api.example.com\r\n"), "{head}");
    assert!(head.contains("\r\nx-probe: dns-monitor\r\n"), "{head}");
}

#[tokio::test]
async fn another_status_is_bad() {
    let peer = http_peer(|_| response("503 Service Unavailable", "", "")).await;
    assert_eq!(bad(&probe(spec(peer.port())).await), "status 503, expected 200");
}

#[tokio::test]
async fn a_header_from_a_file_is_read_anew_for_each_probe() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("token");
    let peer = http_peer(|head| {
        let known = head.to_ascii_lowercase().contains("\r\nauthorization: second\r\n");
        response(if known { "200 OK" } else { "401 Unauthorized" }, "", "")
    })
    .await;
    let headers = [("Authorization".to_owned(), HeaderSource::File(file.clone()))];
    let prober = prober(HttpProbe { headers: headers.into(), ..spec(peer.port()) });
    let missing = prober.run(LOOPBACK, PATIENCE).await;
    assert_eq!(missing.as_str(), "void", "a missing secret is not the endpoint's fault");
    std::fs::write(&file, "first\n").expect("written");
    assert_eq!(bad(&prober.run(LOOPBACK, PATIENCE).await), "status 401, expected 200");
    std::fs::write(&file, "second\n").expect("written");
    assert_eq!(prober.run(LOOPBACK, PATIENCE).await.as_str(), "good");
}

#[tokio::test]
async fn every_probe_opens_a_connection_of_its_own() {
    let peer = tcp_peer(|mut stream| async move {
        loop {
            if read_head(&mut stream).await.is_empty() {
                return;
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.expect("sent");
        }
    })
    .await;
    let prober = prober(spec(peer.port()));
    for _ in 0..3 {
        assert_eq!(prober.run(LOOPBACK, PATIENCE).await.as_str(), "good");
    }
    assert_eq!(peer.accepted(), 3);
}

#[tokio::test]
async fn a_server_that_hangs_times_out_waiting_for_the_response() {
    let peer = tcp_peer(hang).await;
    let outcome = prober(spec(peer.port())).run(LOOPBACK, SHORT).await;
    assert_eq!(bad(&outcome), "timed out after 300 ms while waiting for the response");
}

#[tokio::test]
async fn a_body_that_stalls_times_out_reading_it() {
    let peer = tcp_peer(|mut stream| async move {
        read_head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\no").await.expect("sent");
        hang(stream).await;
    })
    .await;
    let spec = HttpProbe { body_contains: Some("ok".to_owned()), ..spec(peer.port()) };
    let outcome = prober(spec.clone()).run(LOOPBACK, SHORT).await;
    assert_eq!(bad(&outcome), "timed out after 300 ms while reading the body");
    let careless = HttpProbe { body_contains: None, ..spec };
    assert_eq!(probe(careless).await.as_str(), "good", "nothing is expected of the body");
}

#[tokio::test]
async fn resets_refusals_and_early_ends_are_told_apart() {
    let peer = tcp_peer(|mut stream| async move {
        read_head(&mut stream).await;
        stream.set_zero_linger().expect("a socket option");
    })
    .await;
    let reset = probe(spec(peer.port())).await;
    assert_eq!(bad(&reset), "connection reset while waiting for the response");
    let refused = probe(spec(closed_port().await)).await;
    assert_eq!(bad(&refused), "connection refused");
    let peer = http_peer(|_| String::new()).await;
    let ended = probe(spec(peer.port())).await;
    assert!(bad(&ended).starts_with("connection closed"), "{ended:?}");
    let peer = http_peer(|_| "SSH-2.0-OpenSSH_9.2\r\n".to_owned()).await;
    assert!(bad(&probe(spec(peer.port())).await).contains("HTTP"));
}

#[tokio::test]
async fn only_the_first_64_kib_of_the_body_are_searched() {
    let peer = http_peer(|head| {
        let padding = if head.contains("/late") { 64 * 1024 - 1 } else { 64 * 1024 - 2 };
        response("200 OK", "", &format!("{}ok", " ".repeat(padding)))
    })
    .await;
    let early = HttpProbe { body_contains: Some("ok".to_owned()), ..spec(peer.port()) };
    assert_eq!(probe(early.clone()).await.as_str(), "good");
    let late = HttpProbe { path: "/late".to_owned(), ..early };
    assert_eq!(bad(&probe(late).await), "the first 64 KiB of the body does not contain `ok`");
}

#[tokio::test]
async fn a_body_without_the_text_is_bad() {
    let peer = http_peer(|_| response("200 OK", "", "maintenance")).await;
    let spec = HttpProbe { body_contains: Some("ok".to_owned()), ..spec(peer.port()) };
    assert_eq!(bad(&probe(spec).await), "the body does not contain `ok`");
}

#[tokio::test]
async fn redirects_are_off_unless_told_and_bounded_if_told() {
    let hops = Arc::new(AtomicUsize::new(0));
    let counter = hops.clone();
    let peer = http_peer(move |head| {
        counter.fetch_add(1, Ordering::SeqCst);
        let hop: usize = head.split_once("hop=").map_or(0, |(_, rest)| rest[..1].parse().expect("a digit"));
        if hop == 2 {
            return response("200 OK", "", "");
        }
        response("302 Found", &format!("Location: /?hop={}\r\n", hop + 1), "")
    })
    .await;
    assert_eq!(bad(&probe(spec(peer.port())).await), "status 302, expected 200");
    assert_eq!(hops.load(Ordering::SeqCst), 1);
    let followed = HttpProbe { redirects_max: 2, ..spec(peer.port()) };
    assert_eq!(probe(followed).await.as_str(), "good");
    let bounded = HttpProbe { redirects_max: 1, ..spec(peer.port()) };
    assert_eq!(bad(&probe(bounded).await), "redirected more than 1 times");
}

#[tokio::test]
async fn a_redirect_to_another_host_is_not_followed() {
    let peer = http_peer(|_| response("301 Moved Permanently", "Location: http://other.example.com/\r\n", "")).await;
    let spec = HttpProbe { redirects_max: 5, ..spec(peer.port()) };
    assert_eq!(bad(&probe(spec).await), "redirected to another host, other.example.com");
    assert_eq!(peer.accepted(), 1);
}
