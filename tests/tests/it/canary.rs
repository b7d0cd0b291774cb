//! The canary on a real server: written, served everywhere, and a page as soon as the zone takes no writes.

use tests::auth::query_at;
use tests::{Kind, PATIENCE, Plan, World, until};

const CANARY: &str = "_canary._failover.example.test";

/// A world that writes one each second.
fn start(plan: &Plan) -> World {
    let mut world = World::start(plan);
    world.reconfigure(|text| text.replace("canary: { every: off }", "canary: { every: 1s }"));
    world
}

fn rev(world: &World) -> Option<u64> {
    let text = world.auth.query(CANARY, "TXT").concat();
    let (_, rest) = text.split_once(";rev=")?;
    rest.split(';').next()?.parse().ok()
}

fn value(world: &World, metric: &str) -> f64 {
    let metrics = world.metrics();
    let line = metrics.lines().find(|line| line.starts_with(&format!("{metric}{{")));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_default()
}

#[test]
fn canary_is_rewritten_and_served_by_every_server_without_touching_the_service() {
    let world = start(&Plan::on(Kind::Knot));
    let fence = world.fence();
    until("the canary is written again", PATIENCE, || rev(&world).filter(|rev| *rev >= 3).ok_or(rev(&world)));
    until("every server serves one", PATIENCE, || {
        let served: Vec<_> =
            world.auth.addresses().into_iter().map(|at| query_at(at, CANARY, "TXT").concat()).collect();
        if served.iter().all(|text| text.contains("id=canary;provider=main;")) { Ok(()) } else { Err(served) }
    });
    until("its success is a metric", PATIENCE, || {
        let at = value(&world, "failover_controller_canary_last_success_timestamp_seconds");
        if at > 1_700_000_000.0 { Ok(()) } else { Err(at) }
    });
    assert_eq!(world.fence(), fence, "it is beside the service's fence");
    assert!(value(&world, "failover_controller_canary_failures_total") < 1.0);
}

#[test]
fn frozen_zone_pages_before_the_day_of_a_failover_and_only_while_it_is_frozen() {
    let world = start(&Plan::on(Kind::Knot));
    until("the first canary", PATIENCE, || rev(&world).ok_or("none"));
    world.auth.freeze();
    let summary = until("a page", PATIENCE, || {
        let summary = world.service()["summary"].clone();
        if summary["page"] == true { Ok(summary) } else { Err(summary) }
    });
    assert!(summary["attention"].to_string().contains("the canary of zone example.test. did not arrive"), "{summary}");
    let (_, status, _) = world.admin(&["status"]);
    assert!(status.contains("canary") && status.contains("PAGE"), "{status}");
    assert!(value(&world, "failover_controller_canary_failures_total") >= 1.0);

    world.auth.thaw();
    until("the page ends by itself", PATIENCE, || {
        let summary = world.service()["summary"].clone();
        if summary["page"] == false { Ok(()) } else { Err(summary) }
    });
}

#[test]
fn service_that_only_observes_gets_no_canary() {
    let world = start(&Plan { mode: "observe", armed: false, ..Plan::on(Kind::Knot) });
    until("the controller reads the zone", PATIENCE, || {
        let reads = world.service()["readAgeMs"].clone();
        if reads.is_u64() { Ok(()) } else { Err(reads) }
    });
    let metrics = world.metrics();
    assert!(!metrics.contains("failover_controller_canary_failures_total{"), "nobody is to be written one for");
    assert_eq!(rev(&world), None);
}
