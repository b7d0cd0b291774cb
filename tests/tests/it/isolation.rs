//! Vantage points that are cut off, stopped, blind, outdated or lying: the service stays where it is until those that
//! are left can prove something, and whoever asks is told who cannot see and why.

use std::time::{Duration, Instant};

use dns_core::evidence::STALE_AFTER;
use tests::{Hearing, Kind, PATIENCE, Plan, Region, World, until};

const STEADY: &str = "steady on the preferred region";

/// Slower than other worlds: what must not happen here is a move, so no probe may fail because the machine is busy.
fn calm() -> Plan {
    let ordinary = Plan::on(Kind::Knot);
    let policy = ordinary.policy.replace("interval: 250ms, timeout: 200ms", "interval: 500ms, timeout: 500ms");
    assert_ne!(policy, ordinary.policy);
    Plan { policy, ..ordinary }
}

fn proxied() -> Plan {
    Plan { hearing: Hearing::Proxied, ..calm() }
}

/// Looks that nothing was decided and nothing written since `fence` was read.
fn assert_unmoved(world: &World, fence: &str) {
    assert_eq!(world.moves_decided(), [""; 0], "{:?}", world.history());
    assert_eq!(world.fence(), fence);
    assert_eq!(world.served(), Some(Region::Prod));
}

#[test]
fn one_vantage_point_cut_off_moves_nothing_and_the_others_still_do() {
    let mut world = World::start(&proxied());
    let fence = world.fence();
    world.proxies[0].cut();
    let reason = world.until_sight(0, "silent");
    assert!(reason.contains("cannot hear vantage point v0"), "{reason}");
    world.until_vote(0, Region::Prod, "silent");
    world.until_state(STEADY);
    world.until_status_says("checkout is steady, but 1 of 3 vantage points are blind or not heard");
    assert_unmoved(&world, &fence);

    world.prod.process().kill9();
    world.until_served(Region::Dr);
    assert_eq!(world.moves_decided(), ["failover"]);
}

#[test]
fn a_vantage_point_that_hangs_is_as_silent_as_one_that_is_cut_off() {
    let world = World::start(&proxied());
    let fence = world.fence();
    world.proxies[1].hold();
    let reason = world.until_sight(1, "silent");
    assert!(reason.contains("v1 said nothing for 3 s"), "{reason}");
    world.proxies[1].open();
    world.until_sight(1, "sighted");
    world.until_vote(1, Region::Prod, "healthy");
    assert_unmoved(&world, &fence);
}

/// What a monitor saw before it was stopped, and the runs that wake late, count for nothing.
#[test]
fn a_stopped_vantage_point_comes_back_blind_and_then_sees_again() {
    let mut world = World::start(&calm());
    let fence = world.fence();
    world.monitors[2].process().sigstop();
    world.until_sight(2, "silent");
    world.until_vote(2, Region::Dr, "silent");
    world.until_state(STEADY);
    world.monitors[2].process().sigcont();
    world.until_sight(2, "sighted");
    world.until_vote(2, Region::Prod, "healthy");
    let log = world.monitors[2].process().log();
    let blind = log.find("vantage point is blind").unwrap_or_else(|| panic!("it noticed no stall: {log}"));
    assert!(log[blind..].contains("this process stood still for"), "{log}");
    assert!(log[blind..].contains("vantage point sees again"), "{log}");
    assert_unmoved(&world, &fence);
}

/// Whether it lies or its own network is broken: it sees every endpoint failing, and it is one of three.
#[test]
fn one_vantage_point_that_sees_everything_failing_moves_nothing_and_pages_nobody() {
    let mut world = World::start(&proxied());
    let fence = world.fence();
    world.proxies[0].falsify(r#""verdict":"healthy""#, r#""verdict":"failing""#);
    world.until_vote(0, Region::Prod, "failing");
    world.until_vote(0, Region::Dr, "failing");
    world.until_state("suspected");
    world.until_judged(Region::Prod, "healthy");
    world.until_judged(Region::Dr, "healthy");
    world.until_vote(1, Region::Prod, "healthy");
    world.until_vote(2, Region::Prod, "healthy");
    assert!(!world.pages(), "{}", world.service());
    assert_unmoved(&world, &fence);

    // It cannot keep a quorum from moving either.
    world.prod.process().kill9();
    world.until_served(Region::Dr);
}

#[test]
fn one_vantage_point_that_sees_everything_healthy_proves_no_dead_region() {
    let mut world = World::start(&proxied());
    let fence = world.fence();
    world.proxies[0].falsify(r#""verdict":"failing""#, r#""verdict":"healthy""#);
    world.dr.process().kill9();
    world.until_judged(Region::Dr, "failing");
    world.prod.process().kill9();
    let held = world.until_history("held");
    assert!(held["details"].to_string().contains("allRegionsFailing"), "{held}");
    world.until_vote(0, Region::Dr, "healthy");
    assert_unmoved(&world, &fence);
}

#[test]
fn with_all_vantage_points_cut_off_nobody_knows_and_nothing_moves() {
    let mut world = World::start(&proxied());
    let fence = world.fence();
    world.proxies.iter().for_each(tests::Proxy::cut);
    world.until_state("unknown");
    world.prod.process().kill9();
    (0..3).for_each(|number| {
        world.until_seen(number, Region::Prod, "failing");
        world.until_sight(number, "silent");
    });
    world.until_judged(Region::Prod, "unknown");
    world.until_judged(Region::Dr, "unknown");
    world.until_status_says("nobody knows how region `prod` is");
    world.until_status_says("3 of 3 vantage points are blind or not heard");
    assert_unmoved(&world, &fence);

    world.proxies.iter().for_each(tests::Proxy::open);
    world.until_served(Region::Dr);
    assert_eq!(world.moves_decided(), ["failover"]);
}

/// The control target dies, so every vantage point doubts its own network and says nothing about endpoints.
#[test]
fn with_all_vantage_points_blind_nothing_moves_until_one_quorum_sees_again() {
    let mut world = World::start(&Plan { controlled: true, ..calm() });
    let fence = world.fence();
    world.control.as_mut().expect("the plan has a control target").process().kill9();
    for number in 0..3 {
        let reason = world.until_sight(number, "blind");
        assert!(reason.contains("control targets failing"), "{reason}");
    }
    world.until_state("unknown");
    world.prod.process().kill9();
    until_probed_in_vain(&world);
    world.until_vote(0, Region::Prod, "blind");
    world.until_judged(Region::Prod, "unknown");
    assert_unmoved(&world, &fence);

    world.control.as_mut().expect("the plan has a control target").restart();
    world.until_served(Region::Dr);
    assert_eq!(world.moves_decided(), ["failover"]);
}

/// Waits until every monitor has probed the dead prod more often than its `fall`.
fn until_probed_in_vain(world: &World) {
    const BAD: &str = r#"dns_monitor_probes_total{service="checkout",region="prod",kind="http",outcome="bad"} "#;
    for monitor in &world.monitors {
        until("prod was probed in vain", PATIENCE, || {
            let metrics = monitor.metrics();
            let count = metrics.lines().find_map(|line| line.strip_prefix(BAD)).and_then(|count| count.parse().ok());
            if count.is_some_and(|count: u64| count > 4) { Ok(()) } else { Err(metrics) }
        });
    }
}

/// Two of three still probe dr as it was configured before: what they say is not about this dr.
#[test]
fn vantage_points_with_an_old_configuration_do_not_prove_what_they_do_not_cover() {
    let mut world = World::start(&calm());
    let fence = world.fence();
    let dr = world.dr.address().ip().to_string();
    for number in [1, 2] {
        // The last mention of dr's address is its endpoint; the probe asks for less than it does now.
        world.reconfigure_monitor(number, |text| {
            let (before, endpoint) = text.rsplit_once(&dr).expect("dr has an endpoint");
            format!("{before}{dr}{}", endpoint.replacen("path: /healthz", "status: [404], path: /old", 1))
        });
        world.until_vote(number, Region::Dr, "notCovered");
        world.until_vote(number, Region::Prod, "healthy");
    }
    world.until_judged(Region::Dr, "unknown");
    world.prod.process().kill9();
    world.until_judged(Region::Prod, "failing");
    let held = world.until_history("held");
    assert!(held["details"].to_string().contains("targetProven"), "{held}");
    assert!(held["details"].to_string().contains("not covering it"), "{held}");
    assert!(world.pages());
    assert_unmoved(&world, &fence);

    world.reconfigure_monitor(1, |text| text.replace("status: [404], path: /old", "path: /healthz"));
    world.until_served(Region::Dr);
}

/// What waited in the sockets of a stopped controller says "prod is failing"; by then it is not true any more.
#[test]
fn a_controller_that_stood_still_believes_nobody_until_it_hears_anew() {
    let mut world = World::start(&calm());
    let fence = world.fence();
    let stopped = Instant::now();
    world.controller.process().sigstop();
    world.prod.process().kill9();
    (0..3).for_each(|number| world.until_seen(number, Region::Prod, "failing"));
    world.prod.restart();
    (0..3).for_each(|number| world.until_seen(number, Region::Prod, "healthy"));
    world.monitors[2].process().kill9();
    let long = STALE_AFTER + Duration::from_millis(500);
    until("it stood still for longer than evidence lasts", PATIENCE, || {
        if stopped.elapsed() > long { Ok(()) } else { Err(stopped.elapsed()) }
    });
    world.controller.process().sigcont();
    until("it knew nothing after the stall", PATIENCE, || {
        let rows = world.history();
        let lost = rows.iter().any(|row| row["kind"] == "stateChanged" && row["details"]["to"] == "unknown");
        if lost { Ok(()) } else { Err(rows) }
    });
    world.until_sight(2, "silent");
    world.until_state(STEADY);
    assert_unmoved(&world, &fence);

    world.prod.process().kill9();
    world.until_served(Region::Dr);
    assert_eq!(world.moves_decided(), ["failover"]);
}

#[test]
fn a_monitor_that_starts_again_begins_with_what_it_sees_now() {
    let mut world = World::start(&calm());
    let fence = world.fence();
    let age = |world: &World| world.vote(1, Region::Prod)["ageMs"].as_u64();
    let killed = Instant::now();
    let before = age(&world).expect("v1 sees prod healthy");
    world.monitors[1].process().kill9();
    world.monitors[1].restart();
    // Its opinion is younger than the kill: what its former life said is forgotten.
    until("v1 has an opinion of its own again", PATIENCE, || match age(&world) {
        Some(age) if u128::from(age) < killed.elapsed().as_millis() => Ok(()),
        other => Err((other, before)),
    });
    world.until_sight(1, "sighted");
    world.until_vote(1, Region::Prod, "healthy");
    world.until_state(STEADY);
    assert_unmoved(&world, &fence);
}
