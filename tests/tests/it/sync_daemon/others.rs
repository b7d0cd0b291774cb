//! Others write to the target, too: by hand, as a failover controller, or by not taking what they are sent.

use std::rc::Rc;

use serde_json::{Value, json};
use tests::world::{Host, PowerDnsApi};
use tests::{AuthServer, Kind, PATIENCE, Sandbox, Setup, until};

use super::{Rig, ZONE};
use crate::sync::{Shared, fence_text};

/// What a server of DNS UPDATE begins with.
const TARGET: &str = "\
$ORIGIN example.test.
$TTL 60
@ SOA ns1 hostmaster 1 3600 600 604800 30
@ NS ns1
ns1 A 127.0.0.1
";

/// With BIND as a target, which the test changes by hand, too.
fn with_bind(options: &str) -> (Rig, Rc<AuthServer>) {
    let mut target = None;
    let targets = |sandbox: &Sandbox| {
        let bind = Rc::new(AuthServer::start_in(sandbox, Kind::Bind, Setup::new(ZONE, TARGET)));
        target = Some(Rc::clone(&bind));
        let host: Box<dyn Host> = Box::new(Shared(bind));
        vec![("main", host)]
    };
    let rig = Rig::start(targets, "", options);
    (rig, target.expect("it was started"))
}

/// Told at once, so that whoever made it hears of it; undone when it has stood for a while.
#[test]
fn what_somebody_else_changes_is_told_and_undone_later() {
    let (mut rig, target) = with_bind("checkEvery: 500ms, repairAfter: 3s");
    rig.start_daemon();
    rig.until_all_are("equal");
    target.edit(&["update delete mail.example.test. A", "update add mail.example.test. 300 A 192.0.2.111"]);
    target.edit(&["update add stranger.example.test. 300 A 192.0.2.112"]);
    let told = until("it is told", PATIENCE, || {
        let drift = rig.target(0)["drift"].to_string();
        if drift.contains("mail") && drift.contains("stranger") { Ok(drift) } else { Err(drift) }
    });
    assert!(
        told.contains("mail.example.test. A was changed by someone else: 192.0.2.111 in place of 192.0.2.25"),
        "{told}"
    );
    assert!(told.contains("stranger.example.test. A was created by someone else"), "{told}");
    rig.until_served("mail.example.test", "A", &["192.0.2.25"]);
    rig.until_served("stranger.example.test", "A", &[]);
    rig.until_all_are("equal");
    assert_eq!(rig.target(0)["drift"].as_array().map(Vec::len), Some(0), "{}", rig.target(0));
    assert_eq!(rig.counted("dns_sync_drift_total", "main"), 2, "{}", rig.daemon().metrics());
}

/// Whoever leaves an account with a change is named, in the alarm and to whoever asks.
#[test]
fn an_alarm_names_the_account_that_powerdns_has_of_a_change() {
    let mut api = None;
    let targets = |sandbox: &Sandbox| {
        let power = PowerDnsApi::start(sandbox);
        api = Some(power.auth.api().clone());
        let host: Box<dyn Host> = Box::new(power);
        vec![("power", host)]
    };
    let mut rig = Rig::start(targets, "", "checkEvery: 500ms, repairAfter: never");
    rig.start_daemon();
    rig.until_all_are("equal");
    let changed = json!([
        { "name": "mail.example.test.", "type": "A", "ttl": 300, "changetype": "REPLACE",
          "records": [{ "content": "192.0.2.111" }], "comments": [{ "content": "ticket\u{1b}[2J 7", "account": "alice" }] },
        { "name": "api.example.test.", "type": "A", "changetype": "DELETE" },
    ]);
    api.expect("it was started").patch(ZONE, &changed);
    let [gone, mail] = until("both are told of", PATIENCE, || {
        let drift = rig.target(0)["drift"].as_array().cloned().unwrap_or_default();
        let told: Vec<Value> = drift.into_iter().filter(|one| one["attribution"].is_object()).collect();
        <[Value; 2]>::try_from(told)
    });
    let who = &mail["attribution"];
    assert_eq!((&who["by"], &who["note"], &who["basis"]), (&json!("alice"), &json!("ticket [2J 7"), &json!("comment")));
    assert!(who["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{who}");
    assert_eq!(gone["attribution"]["by"], Value::Null);
    let log = rig.daemon().log();
    let line = log.lines().find(|line| line.contains("mail.example.test. A was changed by someone else"));
    assert!(line.is_some_and(|line| line.contains("by alice, with the words")), "{log}");
    let line = log.lines().find(|line| line.contains("api.example.test. A was deleted by someone else"));
    assert!(line.is_some_and(|line| line.contains("look in the server's log")), "{log}");
}

/// Where nothing is undone, the source has the last word all the same.
#[test]
fn what_is_never_undone_is_written_when_the_source_changes_it() {
    let (mut rig, target) = with_bind("checkEvery: 500ms, repairAfter: never");
    rig.start_daemon();
    rig.until_all_are("equal");
    target.edit(&["update delete mail.example.test. A", "update add mail.example.test. 300 A 192.0.2.111"]);
    until("it is told", PATIENCE, || {
        let drift = rig.target(0)["drift"].to_string();
        if drift.contains("repairs are switched off") { Ok(()) } else { Err(drift) }
    });
    rig.zone_set("other", "A", "192.0.2.33");
    rig.until_served("other.example.test", "A", &["192.0.2.33"]);
    rig.until_served("mail.example.test", "A", &["192.0.2.111"]);
    rig.hidden.edit(&["update delete mail.example.test. A", "update add mail.example.test. 300 A 192.0.2.26"]);
    rig.until_served("mail.example.test", "A", &["192.0.2.26"]);
}

/// A controller that adopts a record while the daemon runs has it from then on, whatever the source says, and however long ago the
/// daemon has read the target.
#[test]
fn what_a_controller_takes_over_is_never_written_again() {
    let (mut rig, target) = with_bind("checkEvery: 1h");
    rig.start_daemon();
    rig.until_all_are("equal");
    target.edit(&[&format!("update add _checkout._failover.example.test. 60 TXT {}", fence_text("main"))]);
    rig.hidden.edit(&[
        "update delete api.example.test. A",
        "update add api.example.test. 60 A 192.0.2.66",
        "update add other.example.test. 60 A 192.0.2.67",
    ]);
    rig.until_served("other.example.test", "A", &["192.0.2.67"]);
    rig.until_caught_up();
    rig.until_served("api.example.test", "A", &["192.0.2.1", "192.0.2.2"]);
    assert_eq!(target.query("_checkout._failover.example.test", "TXT").len(), 1);
    // Once it is released, the source has it again.
    target.edit(&["update delete _checkout._failover.example.test. TXT"]);
    rig.zone_set("more", "A", "192.0.2.68");
    rig.until_served("api.example.test", "A", &["192.0.2.66"]);
}

/// What a target refuses is named and waits for the source; everything else goes on, but nothing is deleted that it may need.
#[test]
fn a_refused_record_holds_up_no_other_and_deletes_wait_for_it() {
    let (mut rig, _target) = with_bind("");
    rig.start_daemon();
    rig.until_all_are("equal");
    rig.hidden.edit(&[
        // BIND wants an address of its host, unless it is told otherwise.
        "update add lost.example.test. 300 MX 10 nowhere.example.test.",
        "update add more.example.test. 300 A 192.0.2.44",
        "update delete mail.example.test. A",
    ]);
    rig.until_served("more.example.test", "A", &["192.0.2.44"]);
    rig.until_all_are("refusing");
    let told = rig.target(0)["reasons"].to_string();
    assert!(told.contains("lost.example.test. MX"), "{told}");
    rig.until_served("mail.example.test", "A", &["192.0.2.25"]);
    rig.hidden.edit(&["update delete lost.example.test. MX"]);
    rig.until_served("mail.example.test", "A", &[]);
    rig.until_caught_up();
}

/// The TXT of an apex has what the source says and the proof of another team, which writes by hand: neither undoes the other.
#[test]
fn what_others_write_in_their_part_of_a_set_stays_and_is_no_drift() {
    let (mut rig, target) = with_bind("checkEvery: 300ms, repairAfter: 1s");
    let beta = std::fs::read_to_string(&rig.config).expect("the configuration");
    let beta = rig.sandbox.write("beta.yaml", beta.replace("installation: acme", "installation: beta"));
    let acme = std::mem::replace(&mut rig.config, beta);
    let part = ["--name", "@", "--part", "value:proof="];
    let claim = [["ownership", "claim", "--zone", ZONE, "--target", "main"].as_slice(), &part].concat();
    let claimed = rig.run(&claim);
    assert_eq!(claimed.code, 0, "{claimed:?}");
    rig.config = acme;
    rig.hidden.edit(&["update add example.test. 300 TXT \"v=spf1 -all\""]);
    rig.start_daemon();
    rig.until_served(ZONE, "TXT", &["\"v=spf1 -all\""]);
    target.edit(&["update add example.test. 300 TXT \"proof=1\""]);
    // A stranger beside it is undone, so that the proof has stood as long as strangers may.
    target.edit(&["update add stranger.example.test. 300 A 192.0.2.112"]);
    rig.until_served("stranger.example.test", "A", &[]);
    rig.hidden.edit(&["update delete example.test. TXT", "update add example.test. 300 TXT \"v=spf1 mx -all\""]);
    rig.until_served(ZONE, "TXT", &["\"proof=1\"", "\"v=spf1 mx -all\""]);
    rig.hidden.edit(&["update delete example.test. TXT"]);
    rig.until_served(ZONE, "TXT", &["\"proof=1\""]);
    assert_eq!(rig.counted("dns_sync_drift_total", "main"), 1, "only the stranger: {}", rig.daemon().metrics());
}
