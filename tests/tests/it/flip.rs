//! The main job, end to end: a region dies, its records move, and come back by hand; on every kind of server.

use crate::every_server::on_every_server;
use tests::{Kind, PATIENCE, Plan, Region, World, until};

/// Prod dies by SIGKILL: all records of the service move at once, the fence counts on, every server serves it.
fn moves_all_records_when_prod_dies_and_back_by_hand(kind: Kind) {
    let mut world = World::start(&Plan::on(kind));
    assert_eq!(world.fence_value("active"), "prod");
    let epoch = world.fence_number("epoch");

    world.prod.process().kill9();
    world.until_served(Region::Dr);
    assert_eq!(world.fence_value("active"), "dr");
    assert_eq!(world.fence_number("epoch"), epoch + 1);
    assert_eq!(world.auth.query("unguarded.example.test", "A"), ["203.0.113.1"], "what is not guarded stays");

    let verified = world.until_history("verified");
    let servers = verified["details"]["servers"].as_array().cloned().unwrap_or_default();
    assert_eq!(servers.len(), world.auth.addresses().len(), "{verified}");
    assert!(servers.iter().all(|server| server["outcome"] == "served" && server["tookMs"].is_u64()), "{verified}");
    world.until_state("cooling down");

    world.prod.restart();
    world.until_proven(Region::Prod);
    let (code, out, err) = world.admin(&["failback", "checkout", "--reason", "prod is well", "--wait"]);
    assert_eq!(code, 3, "the cooldown holds a failback: {out}{err}");
    assert!(err.contains("cooledDown"), "{err}");
    assert_eq!(world.served(), Some(Region::Dr));

    let args = ["failback", "checkout", "--reason", "prod is well", "--override", "cooledDown", "--wait"];
    let (code, out, err) = world.admin(&args);
    assert_eq!(code, 0, "{out}{err}");
    world.until_served(Region::Prod);
    assert_eq!(world.fence_value("active"), "prod");
    assert_eq!(world.fence_number("epoch"), epoch + 2);
    world.until_state("steady on the preferred region");
}

/// A failover in the other direction is a failover: the cooldown is for failbacks.
fn leaves_dr_for_a_proven_prod_in_spite_of_the_cooldown(kind: Kind) {
    let mut world = World::start(&Plan::on(kind));
    let args = ["failover", "checkout", "--to", "dr", "--reason", "an exercise", "--wait"];
    let (code, out, err) = world.admin(&args);
    assert_eq!(code, 0, "{out}{err}");
    world.until_served(Region::Dr);
    world.until_state("cooling down");
    assert!(world.fence_value("pin").starts_with("oncall,"), "a manual failover pins: {}", world.fence());

    world.dr.process().kill9();
    world.until_served(Region::Prod);
    let decided = world.history().into_iter().rfind(|row| row["kind"] == "decided").expect("a decision");
    assert_eq!(decided["details"]["kind"], "failover", "{decided}");
    assert_eq!(world.fence_value("active"), "prod");
}

/// Both regions dead: nothing moves, somebody is woken.
fn holds_and_pages_when_both_regions_die(kind: Kind) {
    let mut world = World::start(&Plan::on(kind));
    let fence = world.fence();
    world.dr.process().kill9();
    // One missed probe is enough to prove dr no longer; before that a move there would be right.
    until("dr is no refuge", PATIENCE, || {
        let regions = world.service()["summary"]["regions"].clone();
        let proven = regions
            .as_array()
            .is_some_and(|all| all.iter().any(|found| found["name"] == "dr" && found["proven"] == true));
        if proven { Err(regions) } else { Ok(()) }
    });
    world.prod.process().kill9();
    until("both regions are judged failing", PATIENCE, || {
        let regions = world.service()["summary"]["regions"].clone();
        let failing = regions.as_array().is_some_and(|all| all.iter().all(|region| region["judgement"] == "failing"));
        if failing { Ok(()) } else { Err(regions) }
    });
    let held = until("a hold that names all regions", PATIENCE, || {
        let rows = world.history();
        let found =
            rows.iter().find(|row| row["kind"] == "held" && row["details"].to_string().contains("allRegionsFailing"));
        found.cloned().ok_or(rows)
    });
    assert!(held["summary"].as_str().unwrap_or_default().contains("failover"), "{held}");
    let woken = world.history().iter().any(|row| row["kind"] == "held" && row["page"] == true);
    assert!(woken, "a hold pages once, whichever rule it began with: {:?}", world.history());
    until("the metric pages", PATIENCE, || {
        let metrics = world.metrics();
        if metrics.contains("failover_controller_page{service=\"checkout\"} 1") { Ok(()) } else { Err(metrics) }
    });
    let (_, status, _) = world.admin(&["status"]);
    assert!(status.contains("held"), "{status}");
    assert_eq!(world.served(), Some(Region::Prod), "nothing moved");
    assert_eq!(world.fence(), fence, "nothing was written");
}

on_every_server!(
    moves_all_records_when_prod_dies_and_back_by_hand,
    leaves_dr_for_a_proven_prod_in_spite_of_the_cooldown,
    holds_and_pages_when_both_regions_die,
);

/// A new service observes: it says what it would do and writes nothing.
#[test]
fn an_observing_service_records_and_writes_nothing() {
    let mut world = World::start(&Plan { mode: "observe", armed: false, ..Plan::on(Kind::Knot) });
    world.until_proven(Region::Prod);
    world.until_proven(Region::Dr);
    world.prod.process().kill9();
    let intention = world.until_history("wouldMove");
    assert!(intention["summary"].as_str().unwrap_or_default().contains("dr"), "{intention}");
    let (code, out, err) = world.admin(&["adopt", "checkout", "--reason", "test"]);
    assert_eq!(code, 3, "{out}{err}");
    assert_eq!(world.served(), Some(Region::Prod));
    assert_eq!(world.fence(), "");
}

/// Active alone does not write either: an operator has to adopt.
#[test]
fn an_active_service_waits_for_its_adoption() {
    let mut world = World::start(&Plan { armed: false, ..Plan::on(Kind::Knot) });
    world.until_proven(Region::Dr);
    world.prod.process().kill9();
    let held = world.until_history("held");
    assert!(held["details"].to_string().contains("adopted"), "{held}");
    assert_eq!(world.fence(), "");
    assert_eq!(world.served(), Some(Region::Prod));
}
