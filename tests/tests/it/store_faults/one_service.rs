//! The stored state of one service cannot be read: that one is held, loudly, and the others are guarded.

use std::thread;
use std::time::Duration;

use tests::command::run;
use tests::{Kind, PATIENCE, Plan, Region, World, until};

use super::until_moved_once;
use crate::crash::aftermath::Before;

/// A second service, which only observes; its record is in the zone already.
const BASKET: &str = "  - name: basket
    mode: observe
    zone: example.test
    providers: [main]
    policy: fast
    records:
      - { name: unguarded, type: A, ttl: 60s, values: { prod: [203.0.113.1], dr: [203.0.113.2] } }
    regions:
      - { name: prod, endpoints: [ { address: 127.0.0.1 } ], probes: [ { tcp: { port: 9 } } ] }
      - { name: dr, endpoints: [ { address: 127.0.0.1 } ], probes: [ { tcp: { port: 9 } } ] }
store:";

/// More than two of the executor's scans of the outbox: that nothing happens in them can only be waited for.
const SCANS: Duration = Duration::from_millis(2500);

const PAGES: &str = "failover_controller_page{service=\"basket\"} 1";

fn sqlite(world: &World, sql: &str) {
    run("sqlite3", [world.store().display().to_string().as_str(), sql], "").expect("sqlite3");
}

#[test]
fn one_unreadable_state_holds_its_service_alone() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let (before, watch) = (Before::of(&world), world.watch());
    world.controller.process().kill9();
    sqlite(&world, "INSERT INTO service_state (service, generation, envelope) VALUES ('basket', 7, '{}')");
    world.reconfigure(|text| text.replace("store:", BASKET));

    world.until_metric(PAGES);
    let (_, status, _) = world.admin(&["status"]);
    let headline = status.lines().next().unwrap_or_default();
    assert!(headline.starts_with("PAGE: basket: ") && headline.contains("cannot be read"), "{status}");
    let log = world.controller.log();
    assert_eq!(log.lines().filter(|line| line.contains("a service cannot be guarded")).count(), 1, "{log}");
    let (code, out, err) = world.admin(&["pause", "basket", "--reason", "test"]);
    assert!(code != 0 && err.contains("cannot be read"), "an order says why it is not taken: {code} {out}{err}");

    world.until_proven(Region::Dr);
    world.prod.process().kill9();
    until_moved_once(&world, before, watch);

    // What the words say to do, done, without a restart.
    sqlite(&world, "DELETE FROM service_state WHERE service = 'basket'; DELETE FROM outbox WHERE service = 'basket'");
    until("the service is guarded", PATIENCE, || {
        let metrics = world.metrics();
        if metrics.lines().any(|line| line == PAGES) { Err(metrics) } else { Ok(()) }
    });
    let (code, out, err) = world.admin(&["pause", "basket", "--reason", "test"]);
    assert_eq!(code, 0, "{out}{err}");
}

/// Whether a write that may have been sent has arrived is found out by whoever knows the service; until then nobody
/// burns it, sends it or takes it out of the outbox.
#[test]
fn a_write_under_way_waits_for_the_state_of_its_service() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let (before, watch) = (Before::of(&world), world.watch());
    let fence = world.fence();
    world.controller.restart_with_failpoints(Some("after-permit=kill"));
    world.until_proven(Region::Dr);
    world.until_state("steady on the preferred region");
    world.prod.process().kill9();
    world.controller.process().wait(PATIENCE);
    sqlite(&world, "UPDATE service_state SET envelope = 'torn ' || envelope");
    world.controller.restart_with_failpoints(None);
    world.until_metric("failover_controller_page{service=\"checkout\"} 1");
    // The executor looks into the outbox each second: a look or two go by.
    thread::sleep(SCANS);
    assert_eq!((world.served_whole(), world.fence()), (Region::Prod, fence), "nothing is written for it");

    sqlite(&world, "UPDATE service_state SET envelope = substr(envelope, 6)");
    until_moved_once(&world, before, watch);
}
