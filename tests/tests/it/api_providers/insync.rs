//! Route 53 accepts a change at once and has it on its servers later: a move counts as arrived when it says so, and the
//! servers show it.

use std::time::Duration;

use tests::route53::{Operation, Setup};
use tests::world::HostedZone;
use tests::{Kind, PATIENCE, Plan, Region, World, until};

/// Longer than any test: what is pending is pending until it is told to be in sync.
const NEVER: Duration = Duration::from_hours(1);

fn start(policy: &str) -> World<HostedZone> {
    let plan = Plan::on(Kind::Knot);
    let plan = Plan { policy: plan.policy.replace("verifyWithin: 20s", policy), ..plan };
    World::start_at(&plan, |sandbox| HostedZone::start(sandbox, Setup::default()))
}

fn order(world: &World<HostedZone>) {
    let (code, out, err) = world.admin(&["failover", "checkout", "--to", "dr", "--reason", "an exercise"]);
    assert_eq!(code, 0, "{out}{err}");
}

fn rows(world: &World<HostedZone>, kind: &str) -> usize {
    world.history_kinds().iter().filter(|found| *found == kind).count()
}

#[test]
fn verified_only_when_it_is_in_sync_and_served() {
    let world = start("verifyWithin: 1m");
    let verified = rows(&world, "verified");
    world.auth.fake.set_propagation(NEVER);
    order(&world);
    until("it is written", PATIENCE, || {
        let held = world.auth.snapshot();
        if held.whole() == Ok(Region::Dr) { Ok(()) } else { Err(held) }
    });
    until("its verification has begun", PATIENCE, || {
        let verification = world.service()["verification"].clone();
        if verification["running"] == true { Ok(()) } else { Err(verification) }
    });
    let asked = world.auth.fake.requests(Operation::GetChange);
    assert_eq!(world.served(), Some(Region::Prod), "the name servers don't have it yet");
    assert_eq!(rows(&world, "verified"), verified, "{:?}", world.history_kinds());
    assert_eq!(world.service()["verification"]["running"], true);

    world.auth.fake.finish_propagation();
    world.until_served(Region::Dr);
    until("it is verified", PATIENCE, || {
        if rows(&world, "verified") > verified { Ok(()) } else { Err(world.history_kinds()) }
    });
    assert!(world.auth.fake.requests(Operation::GetChange) > asked, "Route 53 has said so, too");
    world.until_state("cooling down");
}

#[test]
fn a_change_that_never_gets_in_sync_is_told_and_keeps_nobody_from_moving_on() {
    let world = start("verifyWithin: 3s");
    world.auth.fake.set_propagation(NEVER);
    order(&world);
    let row = world.until_history("unverified");
    let summary = row["summary"].as_str().unwrap_or_default();
    assert!(summary.contains("the provider still spreads the write to its servers"), "{row}");
    assert!(summary.contains(&world.auth.server().to_string()), "{row}");

    world.auth.fake.finish_propagation();
    world.auth.fake.set_propagation(Duration::ZERO);
    world.until_served(Region::Dr);
    let args = ["failback", "checkout", "--reason", "enough", "--override", "cooledDown", "--wait"];
    let (code, out, err) = world.admin(&args);
    assert_eq!(code, 0, "{out}{err}");
    world.until_served(Region::Prod);
}
