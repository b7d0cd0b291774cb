//! What exceeds a limit waits: of one push, of what was written lately, and of all zones together.

use tests::{PATIENCE, until};

use super::{Rig, powerdns, route53};

/// What exceeds a limit waits for a person, who does it by hand and by name; the daemon sees that and goes on.
#[test]
fn what_exceeds_a_limit_is_held_until_an_operator_has_done_it() {
    let mut rig = Rig::start(|sandbox| vec![powerdns(sandbox)], "", "checkEvery: 1s");
    let many: Vec<String> =
        (0..40).map(|one| format!("update add extra{one}.example.test. 60 A 192.0.2.{one}")).collect();
    rig.hidden.edit(&many.iter().map(String::as_str).collect::<Vec<_>>());
    rig.start_daemon();
    rig.until_caught_up();
    let gone: Vec<String> = (0..20).map(|one| format!("update delete extra{one}.example.test. A")).collect();
    rig.hidden.edit(&gone.iter().map(String::as_str).collect::<Vec<_>>());
    rig.until_all_are("held");
    let told = rig.target(0)["reasons"].to_string();
    assert!(told.contains("--force deletesShare"), "{told}");
    assert!(
        rig.daemon().metrics().contains(r#"dns_sync_target_state{zone="example.test.",target="power",state="held"} 1"#)
    );
    assert!(rig.daemon().log().contains("held, nothing is written: deletesShare"));
    rig.until_served("extra0.example.test", "A", &["192.0.2.0"]);
    rig.apply(&["deletesShare", "shrink"]);
    rig.until_caught_up();
    rig.until_served("extra0.example.test", "A", &[]);
    rig.is_equal();
}

/// Each target by itself keeps the limits of its zone, both together exceed those of all: the second waits, and is told.
#[test]
fn what_exceeds_the_limits_of_all_zones_together_is_held_until_an_operator_has_done_it() {
    let mut rig = Rig::start(|sandbox| vec![powerdns(sandbox), route53(sandbox)], "", "checkEvery: 1s");
    rig.limit_all("allDeletes: 1");
    rig.start_daemon();
    rig.until_all_are("equal");
    rig.hidden.edit(&["update delete mail.example.test. A", "update delete example.test. MX"]);
    rig.until_all_are("held");
    for number in 0..2 {
        let told = rig.target(number)["reasons"].to_string();
        assert!(told.contains("allDeletes: 2 of 10 record sets of all zones within 60 min, allowed are 1"), "{told}");
    }
    rig.hidden.edit(&["update add example.test. 300 MX 10 mail"]);
    let states = || [0, 1].map(|number| rig.target(number)["state"].to_string());
    until("one goes through and the other waits", PATIENCE, || {
        let mut states = states();
        states.sort();
        if states == ["\"equal\"", "\"held\""] { Ok(()) } else { Err(states) }
    });
    // Measured every second.
    until("it is measured", PATIENCE, || {
        let metrics = rig.daemon.as_ref().expect("it was started").metrics();
        let lines = [r#"dns_sync_recent_changes{kind="delete"} 1"#, r#"dns_sync_recent_changes_max{kind="delete"} 1"#];
        if lines.iter().all(|line| metrics.contains(line)) { Ok(()) } else { Err(metrics) }
    });
    assert!(rig.daemon().log().contains("held, nothing is written: allDeletes"));
    rig.apply(&[]);
    rig.until_all_are("equal");
    rig.is_equal();
}

/// A generator that takes a little every time keeps the limits of each push, and is stopped all the same.
#[test]
fn what_small_pushes_add_up_to_is_held_too() {
    let mut rig = Rig::start(|sandbox| vec![powerdns(sandbox)], "deletes: 2", "checkEvery: 1s");
    let many: Vec<String> =
        (0..60).map(|one| format!("update add extra{one}.example.test. 60 A 192.0.2.{one}")).collect();
    rig.hidden.edit(&many.iter().map(String::as_str).collect::<Vec<_>>());
    rig.apply(&[]);
    rig.start_daemon();
    rig.until_caught_up();
    for one in 0..2 {
        rig.hidden.edit(&[&format!("update delete extra{one}.example.test. A")]);
        rig.until_served(&format!("extra{one}.example.test"), "A", &[]);
    }
    rig.hidden.edit(&["update delete extra2.example.test. A"]);
    rig.until_all_are("held");
    let told = rig.target(0)["reasons"].to_string();
    assert!(told.contains("deletes: 3 of 65 record sets within 60 min, allowed are 2"), "{told}");
    rig.until_served("extra2.example.test", "A", &["192.0.2.2"]);
    // By hand it is one, and nobody has to be asked.
    rig.apply(&[]);
    rig.until_all_are("equal");
    rig.until_served("extra2.example.test", "A", &[]);
}
