//! Proves the rig itself, and with it what the product relies on in each server.

use tests::auth::{Algorithm, query_at};
use tests::endpoint::Certificate;
use tests::{AuthServer, Endpoint, Key, Kind, PATIENCE, Sandbox, Setup, http, until, until_eq};

const ZONE: &str = "\
$ORIGIN example.test.
$TTL 60
@ SOA ns1 hostmaster 1 3600 600 604800 30
@ NS ns1
ns1 A 127.0.0.1
www A 192.0.2.1
";

fn start(kind: Kind) -> AuthServer {
    AuthServer::start(kind, Setup::new("example.test", ZONE))
}

const MOVE_IF_AT_1: [&str; 3] = [
    "prereq yxrrset www.example.test. A 192.0.2.1",
    "update delete www.example.test. A",
    "update add www.example.test. 60 A 192.0.2.2",
];

fn applies_signed_updates_whose_prerequisites_hold(kind: Kind) {
    let server = start(kind);
    assert_eq!(server.query("www.example.test", "A"), ["192.0.2.1"]);
    server.update(&MOVE_IF_AT_1).expect("the prerequisite holds");
    assert_eq!(server.query("www.example.test", "A"), ["192.0.2.2"]);
}

fn takes_keys_of_every_algorithm(kind: Kind) {
    let keys = [
        Key::generate("key-256", Algorithm::HmacSha256),
        Key::generate("key-384", Algorithm::HmacSha384),
        Key::generate("key-512", Algorithm::HmacSha512),
    ];
    let server = AuthServer::start(kind, Setup::new("example.test", ZONE).keys(keys.clone()).secondaries(0));
    for key in &keys {
        let line = format!("update add {}.example.test. 60 A 192.0.2.9", key.name());
        server.update_with(Some(key), &[&line]).expect("the key may update");
        server.transfer_with(Some(key)).expect("the key may transfer");
    }
    let stranger = Key::generate("key-256", Algorithm::HmacSha256);
    server.update_with(Some(&stranger), &MOVE_IF_AT_1).expect_err("the secret is another");
}

fn refuses_unsigned_updates_and_transfers(kind: Kind) {
    let server = start(kind);
    let refusal = server.update_with(None, &MOVE_IF_AT_1).expect_err("the update is unsigned");
    assert!(refusal.contains("REFUSED") || refusal.contains("NOTAUTH"), "{refusal}");
    assert_eq!(server.query("www.example.test", "A"), ["192.0.2.1"]);
    server.transfer_with(None).expect_err("the transfer is unsigned");
    let records = server.transfer().expect("the transfer is signed");
    assert!(records.contains(&"www.example.test. 60 IN A 192.0.2.1".to_owned()), "{records:?}");
}

fn refuses_updates_whose_value_dependent_prerequisite_fails(kind: Kind) {
    let server = start(kind);
    server.update(&MOVE_IF_AT_1).expect("the prerequisite holds");
    let refusal = server.update(&MOVE_IF_AT_1).expect_err("the value has changed");
    assert!(refusal.contains("NXRRSET"), "{refusal}");
    // A superset of the values is not a match either (RFC 2136 §2.4.2).
    server.edit(&["update add www.example.test. 60 A 192.0.2.1"]);
    let refusal = server.update(&MOVE_IF_AT_1).expect_err("there is one more value");
    assert!(refusal.contains("NXRRSET"), "{refusal}");
    assert_eq!(server.query("www.example.test", "A"), ["192.0.2.1", "192.0.2.2"]);
}

fn secondaries_follow_the_primary(kind: Kind) {
    let server = AuthServer::start(kind, Setup::new("example.test", ZONE).secondaries(2));
    server.edit(&MOVE_IF_AT_1);
    server.until_secondaries_follow();
    for address in server.addresses() {
        assert_eq!(query_at(address, "www.example.test", "A"), ["192.0.2.2"]);
    }
}

fn keeps_updates_over_a_kill_and_restart(kind: Kind) {
    let mut server = start(kind);
    server.edit(&MOVE_IF_AT_1);
    server.primary().kill9();
    assert_ne!(server.query("www.example.test", "A"), ["192.0.2.2"]);
    server.restart();
    assert_eq!(server.query("www.example.test", "A"), ["192.0.2.2"]);
}

fn answers_again_after_a_stop(kind: Kind) {
    let mut server = start(kind);
    server.primary().sigstop();
    let silence = server.query("www.example.test", "A");
    assert!(silence.iter().any(|line| line.starts_with(";;")), "{silence:?}");
    server.primary().sigcont();
    until_eq("the primary answers again", PATIENCE, &["192.0.2.1"], || server.query("www.example.test", "A"));
}

fn serves_the_older_zone_after_a_restore(kind: Kind) {
    let mut server = start(kind);
    server.edit(&MOVE_IF_AT_1);
    server.restore(ZONE);
    assert_eq!(server.query("www.example.test", "A"), ["192.0.2.1"]);
    server.update(&MOVE_IF_AT_1).expect("a restored zone takes updates");
}

/// One test for each kind of server, so that a failure names it.
macro_rules! on_every_server {
    ($($behaviour:ident),+ $(,)?) => {
        on_every_server!(@ knot, Kind::Knot; $($behaviour),+);
        on_every_server!(@ bind, Kind::Bind; $($behaviour),+);
        on_every_server!(@ powerdns, Kind::PowerDns; $($behaviour),+);
    };
    (@ $module:ident, $kind:expr; $($behaviour:ident),+) => {
        mod $module {
            use super::Kind;
            $(
                #[test]
                fn $behaviour() {
                    super::$behaviour($kind);
                }
            )+
        }
    };
}

on_every_server!(
    applies_signed_updates_whose_prerequisites_hold,
    takes_keys_of_every_algorithm,
    refuses_unsigned_updates_and_transfers,
    refuses_updates_whose_value_dependent_prerequisite_fails,
    secondaries_follow_the_primary,
    keeps_updates_over_a_kill_and_restart,
    answers_again_after_a_stop,
    serves_the_older_zone_after_a_restore,
);

#[test]
fn frozen_zone_refuses_updates_until_thawed() {
    for kind in [Kind::Knot, Kind::Bind] {
        let server = start(kind);
        server.freeze();
        server.update(&MOVE_IF_AT_1).expect_err("the zone is frozen");
        server.thaw();
        until("the thawed zone takes updates", PATIENCE, || server.update(&MOVE_IF_AT_1));
        assert_eq!(server.query("www.example.test", "A"), ["192.0.2.2"]);
    }
}

#[test]
fn endpoint_is_gone_while_killed_and_back_at_the_same_address() {
    let sandbox = Sandbox::new();
    let mut endpoint = Endpoint::start(&sandbox, sandbox.socket());
    assert_eq!(endpoint.healthz().map(|answer| (answer.status, answer.body)), Ok((200, "ok".to_owned())));
    endpoint.process().kill9();
    endpoint.healthz().expect_err("the endpoint is killed");
    endpoint.restart();
    endpoint.healthz().expect("the endpoint is back");
}

#[test]
fn endpoint_answers_with_the_status_of_the_tests_choosing() {
    let sandbox = Sandbox::new();
    let mut endpoint = Endpoint::start(&sandbox, sandbox.socket());
    endpoint.answer_with(503);
    assert_eq!(endpoint.healthz().map(|answer| answer.status), Ok(503));
    endpoint.answer_with(200);
    assert_eq!(endpoint.healthz().map(|answer| answer.status), Ok(200));
}

#[test]
fn tls_endpoint_shows_its_certificate() {
    let sandbox = Sandbox::new();
    let names = vec![sandbox.ip().to_string()];
    let signed = rcgen::generate_simple_self_signed(names).expect("a certificate is made");
    let cert = sandbox.write("cert.pem", signed.cert.pem());
    let key = sandbox.write("key.pem", signed.signing_key.serialize_pem());
    let certificate = Certificate { cert: cert.clone(), key };
    let endpoint = Endpoint::start_tls(&sandbox, sandbox.socket(), certificate);
    let url = format!("https://{}/healthz", endpoint.address());
    assert_eq!(http::is_ok(&url, Some(&cert)), Ok(()));
    http::is_ok(&url, None).expect_err("nobody else trusts the certificate");
}

#[test]
fn stopped_endpoint_accepts_and_never_answers() {
    let sandbox = Sandbox::new();
    let mut endpoint = Endpoint::start(&sandbox, sandbox.socket());
    endpoint.process().sigstop();
    let silence = endpoint.healthz().expect_err("the endpoint is stopped");
    assert!(silence.contains("timed out"), "{silence}");
    endpoint.process().sigcont();
    until("the endpoint answers again", PATIENCE, || endpoint.healthz());
}

#[test]
fn sandboxes_share_no_address() {
    let sandboxes: Vec<_> = (0..20).map(|_| Sandbox::new()).collect();
    let mut addresses: Vec<_> = sandboxes.iter().flat_map(|sandbox| [sandbox.ip(), sandbox.another_ip()]).collect();
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses.len(), 40);
}

#[test]
#[should_panic(expected = "./tests/run")]
fn missing_program_fails_and_names_the_remedy() {
    tests::find_program("no-such-program");
}
