//! The race of October 2025: a slow writer checks that its plan is newer, stalls, and writes over a newer plan; a clean-up
//! that thinks the newer one old then deletes what is served.
//!
//! Here plan A has its permit, is sent, and stalls on the way, after everything that its writer itself can check. Plan B is
//! applied, a fenced clean-up removes what B no longer needs, and a clean-up that was planned before B comes late. Then A
//! arrives. Whole controllers that are stopped between permit and send stand at the end, and in [`stale`](crate::stale).

use std::sync::Arc;

use dns_core::change::ChangeSet;
use dns_core::fence::Fence;
use dns_core::rrset::{GuardedType, RrsetKey, Rrsets};
use dns_core::zone::{FoundFence, ZoneView};
use dns_provider::port::{GuardStrength, Provider, ProviderError};
use serde_json::Value;
use tests::{Daemon, Kind, PATIENCE, Plan, Region, World, until};

use crate::provider::subject::Subject;
use crate::provider::{Rig, all_keys, all_moved, assert_conflict, key, on_every_subject, permit, plan, rrset, rrsets};

/// Where plan B moves to.
fn b() -> Rrsets {
    use GuardedType::{A, Aaaa, Cname};
    rrsets([
        rrset("example.test", A, &["203.0.113.1"]),
        rrset("api.example.test", A, &["203.0.113.1", "203.0.113.2"]),
        rrset("api.example.test", Aaaa, &["2001:db8:bbbb::1"]),
        rrset("www.example.test", Cname, &["lb-b.example.net"]),
        rrset("*.w.example.test", A, &["203.0.113.1"]),
        rrset("legacy.example.test", A, &["203.0.113.3"]),
    ])
}

fn legacy() -> RrsetKey {
    key("legacy.example.test", GuardedType::A)
}

/// Everything that the service guards.
fn keys() -> Vec<RrsetKey> {
    [all_keys(), vec![legacy()]].concat()
}

/// What B leaves once it has cleaned up.
fn b_cleaned() -> Rrsets {
    b().into_iter().filter(|(key, _)| *key != legacy()).collect()
}

fn found(view: &ZoneView) -> Fence {
    let FoundFence::Present { text, .. } = &view.fence else { panic!("no fence: {view:?}") };
    Fence::parse(text, &view.zone).expect("a fence of ours")
}

/// Sends plan A and waits until it stalls; then B and its clean-up win. Gives what they left, and what became of A.
fn race<S: Subject>(
    rig: &Rig<S>,
    change: ChangeSet,
    late_cleanup: &ChangeSet,
) -> (ZoneView, Result<(), ProviderError>) {
    let (stalling, mut stall) = rig.subject.stalling();
    let sent: Arc<dyn Provider> = Arc::clone(&stalling);
    let arrival = rig.runtime.spawn(async move { sent.apply(&change, &permit()).await });
    stall.until_held(&rig.runtime);

    let before = rig.read(&keys());
    rig.apply(&plan(&before, &b(), 3)).expect("B moves");
    rig.apply(&plan(&rig.read(&keys()), &b_cleaned(), 4)).expect("B cleans up");
    assert_conflict(&rig.apply(late_cleanup));
    let left = rig.read(&keys());
    assert_eq!((&left.rrsets, found(&left).epoch.get()), (&b_cleaned(), 4));

    stall.let_go();
    let outcome = rig.wait(arrival).expect("joined").map(drop);
    (left, outcome)
}

fn newer_plan_stays_or_the_older_one_is_seen_and_repaired<S: Subject>(rig: &Rig<S>) {
    let stale = rig.adopt(&keys());
    let late_cleanup = plan(&stale, &Rrsets::new(), 2);
    let (left, outcome) = race(rig, plan(&stale, &all_moved(), 2), &late_cleanup);
    let after = rig.read(&keys());
    match rig.provider.capabilities().guard {
        GuardStrength::Atomic | GuardStrength::OwnWriters => {
            assert!(matches!(outcome, Err(ProviderError::Conflict { .. })), "{outcome:?}");
            assert_eq!(after, left, "the zone keeps B, fence and all");
        }
        GuardStrength::Weak => {
            // A won, and everyone who holds B's fence sees that it is an older one, or that the records are not its own.
            let (held, now) = (found(&left), found(&after));
            assert!(now.order() < held.order() || !now.guards(&after.rrsets), "{now:?}, {outcome:?}");
            assert_ne!(after.rrsets, left.rrsets);
            rig.apply(&plan(&after, &b_cleaned(), held.epoch.get() + 1)).expect("repaired above both");
            assert_eq!(rig.read(&keys()).rrsets, b_cleaned());
        }
    }
    assert_eq!(rig.subject.held("api.example.test", "A"), ["203.0.113.1", "203.0.113.2"]);
    assert_eq!(rig.subject.held("www.example.test", "CNAME"), ["lb-b.example.net"]);
    assert!(rig.subject.held("legacy.example.test", "A").is_empty());
}

/// Someone's hand, while a write is on its way: nobody's fence keeps that apart.
fn hand_that_edits_meanwhile_is_overwritten_only_where_the_guard_is_not_atomic<S: Subject>(rig: &Rig<S>) {
    let view = rig.adopt(&all_keys());
    let (stalling, mut stall) = rig.subject.stalling();
    let change = plan(&view, &all_moved(), 2);
    let arrival = rig.runtime.spawn(async move { stalling.apply(&change, &permit()).await });
    stall.until_held(&rig.runtime);
    rig.subject.put("api.example.test", "A", 60, &["192.0.2.99"]);
    let edited = rig.read(&all_keys());
    stall.let_go();
    let outcome = rig.wait(arrival).expect("joined").map(drop);
    let after = rig.read(&all_keys());
    match (rig.provider.capabilities().guard, outcome) {
        (_, Err(ProviderError::Conflict { .. })) => assert_eq!(after, edited, "nothing was written"),
        (GuardStrength::Weak | GuardStrength::OwnWriters, Ok(())) => assert_eq!(after.rrsets, all_moved(), "a mix"),
        (guard, outcome) => panic!("{guard:?}: {outcome:?}, {after:?}"),
    }
    // Whoever reads back sees what it is: records and fence are of one hand, or the fence does not guard them.
    assert_eq!(found(&after).guards(&after.rrsets), after.rrsets == all_moved());
}

on_every_subject!(
    newer_plan_stays_or_the_older_one_is_seen_and_repaired,
    hand_that_edits_meanwhile_is_overwritten_only_where_the_guard_is_not_atomic,
);

/// The same with whole controllers, in whose place a person has cleaned up: one is stopped between permit and send.
#[test]
fn controller_that_was_stopped_with_its_permit_writes_nothing_over_a_move_and_a_release() {
    let plan = Plan { provider: "timeout: 2s, readInterval: 500ms, permit: 60s".to_owned(), ..Plan::on(Kind::Knot) };
    let mut world = World::start(&plan);
    let epoch = world.fence_number("epoch");
    let mut other = world.further_controller("controller-2", ToOwned::to_owned);
    until_summary(&world, &other, "paused", |summary| summary["state"] == "paused");
    admin(&world, &other, &["resume", "checkout", "--reason", "so that it may act"]);
    until_summary(&world, &other, "ready to move to dr", |summary| {
        let is_dr = |region: &Value| region["name"] == "dr" && region["proven"] == true;
        let regions = summary["regions"].as_array();
        summary["state"] == "steady on the preferred region" && regions.is_some_and(|all| all.iter().any(is_dr))
    });
    world.controller.restart_with_failpoints(Some("after-permit=1*stop"));
    world.until_proven(Region::Dr);
    world.until_state("steady on the preferred region");

    other.process().sigstop();
    world.prod.process().kill9();
    world.controller.process().until_stopped();
    other.process().sigcont();
    world.until_moved_whole(Region::Dr);
    admin(&world, &other, &["release", "checkout", "--reason", "cleaned up by hand"]);
    until("the fence is a tombstone", PATIENCE, || {
        if world.fence_value("released").is_empty() { Err(world.fence()) } else { Ok(()) }
    });
    let fence = world.fence();

    world.controller.process().sigcont();
    let conflicted = world.until_history("conflicted");
    assert!(conflicted["summary"].as_str().unwrap_or_default().contains("failover refused"), "{conflicted}");
    until("the late one knows of the release", PATIENCE, || {
        let service = world.service();
        if service["standing"] == "released" { Ok(()) } else { Err(service) }
    });
    assert_eq!((world.fence(), world.served_whole()), (fence, Region::Dr), "the late one wrote nothing");
    assert_eq!(world.fence_number("epoch"), epoch + 1, "one move");
}

fn admin(world: &World, controller: &Daemon, args: &[&str]) {
    let (code, out, err) = world.admin_at(controller, args);
    assert_eq!(code, 0, "{args:?}: {out}{err}");
}

fn until_summary(world: &World, controller: &Daemon, what: &str, is_so: impl Fn(&Value) -> bool) {
    until(&format!("a controller is {what}"), PATIENCE, || {
        let summary = world.service_at(controller)["summary"].clone();
        if is_so(&summary) { Ok(()) } else { Err(summary) }
    });
}
