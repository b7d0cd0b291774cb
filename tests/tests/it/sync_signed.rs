//! `dns-sync` between zones that their servers sign: what a signer makes neither stops a source or a target from being read,
//! nor is it copied, nor does it count as a change.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::rc::Rc;

use serde_json::Value;
use tests::world::{Host, PowerDnsApi};
use tests::{AuthServer, Daemon, Kind, Launch, PATIENCE, Sandbox, Setup, until, until_eq};

use crate::sync::{BEGINNING, Rig, SOURCE, Shared, ZONE, becomes_its_source, done};

/// A server that has signed the zone. Its apex has signatures of several TTLs: the SOA's and the smaller one of NSEC.
fn signing(sandbox: &Sandbox, kind: Kind, setup: Setup) -> AuthServer {
    let auth = AuthServer::start_in(sandbox, kind, setup.signed().secondaries(0));
    until("the apex has signatures of several TTLs", PATIENCE, || {
        let signatures = signatures(&auth, ZONE);
        let ttls: BTreeSet<Option<&str>> = signatures.iter().map(|record| record.split(' ').nth(1)).collect();
        if ttls.len() > 1 { Ok(()) } else { Err(signatures) }
    });
    auth
}

/// The signatures at a name, all of them: asked for them, a server may answer with some.
fn signatures(auth: &AuthServer, name: &str) -> Vec<String> {
    let mut records = auth.transfer().expect("the zone is transferred");
    records.retain(|record| record.starts_with(&format!("{name}. ")) && record.contains(" IN RRSIG "));
    records
}

/// What a server signs reaches another that does not sign.
fn a_signed_source_reaches(kind: Kind, target: impl FnOnce(&Sandbox) -> Box<dyn Host>) {
    let sandbox = Sandbox::new();
    let source = signing(&sandbox, kind, Setup::new(ZONE, SOURCE));
    let target = target(&sandbox);
    let rig = Rig::between(sandbox, Box::new(source), target);
    becomes_its_source(&rig);
    assert_eq!(rig.serves(ZONE, "DNSKEY"), [""; 0], "keys are not copied");
}

#[test]
fn a_zone_that_knot_signs_reaches_powerdns() {
    a_signed_source_reaches(Kind::Knot, |sandbox| Box::new(PowerDnsApi::start(sandbox)));
}

#[test]
fn a_zone_that_bind_signs_reaches_powerdns() {
    a_signed_source_reaches(Kind::Bind, |sandbox| Box::new(PowerDnsApi::start(sandbox)));
}

#[test]
fn a_zone_that_powerdns_signs_reaches_knot() {
    let setup = || Setup::new(ZONE, BEGINNING);
    a_signed_source_reaches(Kind::PowerDns, |sandbox| Box::new(AuthServer::start_in(sandbox, Kind::Knot, setup())));
}

/// Nothing is left to plan, and what was given is signed by the same keys as before.
fn is_equal_and_signed(rig: &Rig, auth: &AuthServer, keys: &[String]) {
    let again = rig.plan();
    assert!(done(&again).contains("nothing to do"), "{again:?}");
    assert!(again.stdout.contains("record sets that a signer makes are left alone"), "{again:?}");
    assert_eq!(signatures(auth, "api.example.test").len(), 3, "A, AAAA and NSEC");
    assert_eq!(auth.query(ZONE, "DNSKEY"), keys);
}

/// A target that signs, with its keys.
fn signing_target(kind: Kind) -> (Rig, Rc<AuthServer>, Vec<String>) {
    let sandbox = Sandbox::new();
    let auth = Rc::new(signing(&sandbox, kind, Setup::new(ZONE, BEGINNING)));
    let keys = auth.query(ZONE, "DNSKEY");
    (Rig::with(sandbox, Box::new(Shared(Rc::clone(&auth)))), auth, keys)
}

#[test]
fn a_bind_that_signs_becomes_its_source() {
    let (rig, auth, keys) = signing_target(Kind::Bind);
    becomes_its_source(&rig);
    is_equal_and_signed(&rig, &auth, &keys);
}

/// Signers sign anew by themselves every few days: neither is that somebody else's change, nor does it outdate a plan.
#[test]
fn a_plan_for_a_knot_that_signs_holds_though_it_signs_anew() {
    let (rig, auth, keys) = signing_target(Kind::Knot);
    rig.write_source(&SOURCE.replace("turns CNAME api", "turns A 192.0.2.97"));
    done(&rig.plan());
    sign_anew(&auth);
    let applied = rig.apply(&["deletesShare"]);
    assert!(done(&applied).contains("authoritative servers"), "{applied:?}");
    assert_eq!(rig.serves("www.example.test", "CNAME"), ["api.example.test."]);
    is_equal_and_signed(&rig, &auth, &keys);
}

/// To Knot the signature and NSEC of what goes are other data, beside which it leaves out a CNAME without a word (RFC 2136
/// §3.4.2.2). That is told, and the next plan adds it.
#[test]
fn a_cname_in_place_of_an_address_needs_a_second_plan_where_knot_signs() {
    let (rig, auth, keys) = signing_target(Kind::Knot);
    done(&rig.plan());
    let applied = rig.apply(&["deletesShare"]);
    assert_eq!(applied.code, 4, "{applied:?}");
    assert!(applied.stdout.contains("does not hold all that was written; plan again"), "{applied:?}");
    done(&rig.plan());
    done(&rig.apply(&[]));
    assert_eq!(rig.serves("turns.example.test", "CNAME"), ["api.example.test."]);
    is_equal_and_signed(&rig, &auth, &keys);
}

/// Waits until all signatures are others.
fn sign_anew(auth: &AuthServer) {
    let before = signatures(auth, ZONE);
    auth.control(&[&["zone-sign"]]);
    until("the zone is signed anew", PATIENCE, || {
        let after = signatures(auth, ZONE);
        if after.iter().any(|one| before.contains(one)) { Err(after) } else { Ok(()) }
    });
}

/// The source's new signatures come as differences, of several TTLs at one name, and what follows them is carried over. The
/// target's are nobody else's change.
#[test]
fn a_daemon_keeps_zones_equal_that_both_sides_sign_anew() {
    let sandbox = Sandbox::new();
    let notify = sandbox.socket();
    let text = SOURCE.replace("turns CNAME api", "turns A 192.0.2.97");
    let source = Rc::new(signing(&sandbox, Kind::Knot, Setup::new(ZONE, &text).also_notify(notify)));
    // A server's folder is named after its kind and zone.
    let elsewhere = Sandbox::new();
    let target = Rc::new(signing(&elsewhere, Kind::Knot, Setup::new(ZONE, BEGINNING)));
    let rig = Rig::between(sandbox, Box::new(Shared(Rc::clone(&source))), Box::new(Shared(Rc::clone(&target))));
    done(&rig.plan());
    done(&rig.apply(&["deletesShare"]));
    let daemon = start_daemon(&rig, notify);
    until_eq("transfers of the whole source", PATIENCE, &1, || counted(&daemon, "dns_sync_transfers_total", "axfr"));
    sign_anew(&source);
    source.edit(&["update add new.example.test. 60 A 192.0.2.77"]);
    until_eq("new.example.test A", PATIENCE, &["192.0.2.77".to_owned()][..], || rig.serves("new.example.test", "A"));
    let transfers = ["axfr", "failed"].map(|kind| counted(&daemon, "dns_sync_transfers_total", kind));
    assert_eq!(transfers, [1, 0], "differences are enough: {}", daemon.metrics());
    sign_anew(&target);
    // The first may have begun before.
    until_checked(&daemon);
    until_checked(&daemon);
    assert_eq!(counted(&daemon, "dns_sync_drift_total", ""), 0, "{}", daemon.metrics());
}

/// Waits until the target has been read once more.
fn until_checked(daemon: &Daemon) {
    let checked = || {
        let report = daemon.get("/api/v1/sync").expect("it answers").body;
        let report: Value = serde_json::from_str(&report).expect("JSON");
        report["zones"][0]["targets"][0]["checked"].clone()
    };
    let before = checked();
    until("the target is read", PATIENCE, || if checked() == before { Err(&before) } else { Ok(()) });
}

/// The first counter of this name that has a word among its labels.
fn counted(daemon: &Daemon, name: &str, word: &str) -> u64 {
    let metrics = daemon.metrics();
    let line = metrics.lines().find(|line| line.starts_with(name) && line.contains(word));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_default()
}

/// The daemon of a rig, woken by its source.
fn start_daemon(rig: &Rig, notify: SocketAddr) -> Daemon {
    let text = std::fs::read_to_string(&rig.config).expect("the configuration");
    let text =
        format!("{text}  daemon: {{ notify: {{ listen: \"{notify}\", from: [127.0.0.1] }}, checkEvery: 500ms }}\n");
    let config = rig.sandbox.write("daemon.yaml", text);
    let launch = Launch::new("dns-sync").arg("--config").arg(config).arg("daemon").listen(rig.sandbox.socket());
    Daemon::start(&rig.sandbox, launch)
}
