//! The HTTP prober over TLS: authorities, names, lifetimes, client certificates.

use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use dns_core::probe::{ClientCertificate, HttpProbe, ProbeTls};
use dns_service::config::{CertificateFiles, TlsConfig};
use dns_service::http::{PlainHttp, bind};
use tokio::io::AsyncWriteExt;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::certificates::Authority;
use crate::http::{bad, probe, prober, spec};
use crate::peers::{LOOPBACK, PATIENCE, hang, tcp_peer};

const NAME: &str = "api.example.com";

/// A TLS server, and what ends it.
fn serve(files: CertificateFiles, client_ca: Option<PathBuf>) -> (u16, DropGuard) {
    let tls = TlsConfig { listener: Some(files), client_ca, ca: None };
    let listening = bind((LOOPBACK, 0).into(), PlainHttp::OnLoopback, &tls).expect("bound");
    let port = listening.local_addr().port();
    let stop = CancellationToken::new();
    let router = Router::new().route("/healthz", get(|| async { "ok" }));
    tokio::spawn(listening.serve(router, stop.clone()));
    (port, stop.drop_guard())
}

fn over_tls(port: u16, authority: &Authority) -> HttpProbe {
    let tls = ProbeTls { ca: Some(authority.pem()), client: None, valid_for: None };
    HttpProbe { tls: Some(tls), ..spec(port) }
}

fn with(spec: HttpProbe, change: impl FnOnce(&mut ProbeTls)) -> HttpProbe {
    let mut spec = spec;
    change(spec.tls.as_mut().expect("TLS"));
    spec
}

#[tokio::test]
async fn a_certificate_for_the_host_from_the_own_authority_is_good() {
    let authority = Authority::new();
    let (port, _stop) = serve(authority.issue(NAME, 100), None);
    let good = HttpProbe { body_contains: Some("ok".to_owned()), ..over_tls(port, &authority) };
    assert_eq!(probe(good).await.message(), None);
}

#[tokio::test]
async fn a_certificate_from_another_authority_is_bad() {
    let (authority, other) = (Authority::new(), Authority::new());
    let (port, _stop) = serve(authority.issue(NAME, 100), None);
    assert_eq!(bad(&probe(over_tls(port, &other)).await), "certificate from an unknown authority");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_bad() {
    let authority = Authority::new();
    let (port, _stop) = serve(authority.issue("other.example.com", 100), None);
    let outcome = probe(over_tls(port, &authority)).await;
    assert!(bad(&outcome).starts_with("certificate not for api.example.com, but for"), "{outcome:?}");
}

#[tokio::test]
async fn an_expired_certificate_is_bad_and_says_since_when() {
    let authority = Authority::new();
    let (port, _stop) = serve(authority.issue(NAME, -2), None);
    let outcome = probe(over_tls(port, &authority)).await;
    let date = bad(&outcome).strip_prefix("certificate expired ").expect("says so");
    assert!(date.parse::<jiff::Timestamp>().is_ok(), "{date}");
}

#[tokio::test]
async fn a_certificate_must_stay_valid_for_as_long_as_wanted() {
    let authority = Authority::new();
    let (port, _stop) = serve(authority.issue(NAME, 30), None);
    let valid_for = |hours| Some(Duration::from_hours(hours));
    let long = with(over_tls(port, &authority), |tls| tls.valid_for = valid_for(72));
    assert_eq!(bad(&probe(long).await), "certificate valid for 30 h more, 72 h wanted");
    let short = with(over_tls(port, &authority), |tls| tls.valid_for = valid_for(24));
    assert_eq!(probe(short).await.as_str(), "good");
}

#[tokio::test]
async fn a_wanted_client_certificate_is_shown_and_its_absence_is_told() {
    let authority = Authority::new();
    let (port, _stop) = serve(authority.issue(NAME, 100), Some(authority.pem()));
    let without = probe(over_tls(port, &authority)).await;
    assert_eq!(bad(&without), "TLS: the server wants a client certificate");
    let CertificateFiles { cert, key } = authority.issue("prober", 100);
    let shown = with(over_tls(port, &authority), |tls| tls.client = Some(ClientCertificate { cert, key }));
    assert_eq!(probe(shown).await.message(), None);
}

#[tokio::test]
async fn a_changed_authority_file_is_picked_up_and_a_faulty_one_is_our_fault() {
    let (authority, other) = (Authority::new(), Authority::new());
    let (port, _stop) = serve(authority.issue(NAME, 100), None);
    let file = other.folder().join("rotated.pem");
    let prober = prober(with(over_tls(port, &other), |tls| tls.ca = Some(file.clone())));
    assert_eq!(prober.run(LOOPBACK, PATIENCE).await.as_str(), "void", "there is no such file yet");
    std::fs::copy(other.pem(), &file).expect("copied");
    assert_eq!(bad(&prober.run(LOOPBACK, PATIENCE).await), "certificate from an unknown authority");
    std::fs::copy(authority.pem(), &file).expect("copied");
    // Both files may have the same length and be written within one tick of the file system's clock.
    let later = std::time::SystemTime::now() + Duration::from_secs(5);
    std::fs::File::options().append(true).open(&file).and_then(|file| file.set_modified(later)).expect("touched");
    assert_eq!(prober.run(LOOPBACK, PATIENCE).await.message(), None);
}

#[tokio::test]
async fn a_port_that_speaks_no_tls_is_told() {
    let authority = Authority::new();
    let peer = tcp_peer(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("sent");
        hang(stream).await;
    })
    .await;
    let outcome = probe(over_tls(peer.port(), &authority)).await;
    assert!(bad(&outcome).contains("does the port speak TLS?"), "{outcome:?}");
}

#[tokio::test]
async fn the_end_of_the_served_certificate_is_known_whether_it_is_wanted_or_not() {
    let authority = Authority::new();
    let (port, _stop) = serve(authority.issue(NAME, 30), None);
    let prober = prober(over_tls(port, &authority));
    assert_eq!(prober.certificate(), None, "nothing was asked yet");
    assert_eq!(prober.run(LOOPBACK, PATIENCE).await.message(), None);
    let end = prober.certificate().expect("seen");
    let (now, hours) = (std::time::Instant::now(), Duration::from_hours(1));
    let left = end.left(now);
    assert!(left > hours * 30 && left < hours * 31, "{left:?}");
    assert_eq!(end.left(now + hours * 40), Duration::ZERO);
}
