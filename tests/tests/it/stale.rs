//! Writers that act on what is no longer so: the servers themselves refuse them, and they read, follow and decide anew.

use serde_json::Value;
use tests::{Daemon, Kind, PATIENCE, Plan, Region, World, until};

use crate::every_server::on_every_server;

/// How often the first controller writes at most until the second one's view is old. The second one looks at the zone
/// by itself only when a probe fails, which a loaded machine may cause.
const WRITES_MAX: usize = 5;

fn until_summary(world: &World, controller: &Daemon, what: &str, is_so: impl Fn(&Value) -> bool) {
    until(what, PATIENCE, || {
        let summary = world.service_at(controller)["summary"].clone();
        if is_so(&summary) { Ok(()) } else { Err(summary) }
    });
}

fn is_proven(summary: &Value, region: Region) -> bool {
    let regions = summary["regions"].as_array().cloned().unwrap_or_default();
    regions.iter().any(|found| found["name"] == region.name() && found["proven"] == true)
}

fn until_history_at(world: &World, controller: &Daemon, kind: &str) -> Value {
    until(&format!("history of the other controller has {kind}"), PATIENCE, || {
        let rows = world.history_at(controller);
        rows.iter().find(|row| row["kind"] == kind).cloned().ok_or(rows)
    })
}

/// A further controller that follows the fence, is resumed by hand, and could move the service.
fn armed(world: &World, edit: impl FnOnce(&str) -> String) -> Daemon {
    let other = world.further_controller("controller-2", edit);
    until_summary(world, &other, "it follows and waits paused", |summary| summary["state"] == "paused");
    let (code, out, err) = world.admin_at(&other, &["resume", "checkout", "--reason", "test"]);
    assert_eq!(code, 0, "{out}{err}");
    until_summary(world, &other, "it is steady with dr proven", |summary| {
        summary["state"] == "steady on the preferred region" && is_proven(summary, Region::Dr)
    });
    other
}

/// Two writes of the fence that leave everything else as it was.
fn write_the_fence_twice(world: &World) {
    let (code, out, err) = world.admin(&["pause", "checkout", "--reason", "so that the fence is written"]);
    assert_eq!(code, 0, "{out}{err}");
    until("the fence says that the service is paused", PATIENCE, || {
        if world.fence_value("pause").is_empty() { Err(world.fence()) } else { Ok(()) }
    });
    let (code, out, err) = world.admin(&["resume", "checkout", "--reason", "so that the fence is written"]);
    assert_eq!(code, 0, "{out}{err}");
    until("the fence says that the service is not paused", PATIENCE, || {
        if world.fence_value("pause").is_empty() { Ok(()) } else { Err(world.fence()) }
    });
}

fn a_writer_with_an_old_fence_is_refused_by_the_server_and_follows(kind: Kind) {
    let world = World::start(&Plan::on(kind));
    let epoch = world.fence_number("epoch");
    let other = armed(&world, |text| text.replace("readInterval: 500ms", "readInterval: 1h"));
    let is_old = || {
        write_the_fence_twice(&world);
        world.service_at(&other)["fence"]["rev"].as_u64() < Some(world.fence_number("rev"))
    };
    assert!((0..WRITES_MAX).any(|_| is_old()), "the second controller reads all the time");
    let fence = world.fence();

    let order = ["failover", "checkout", "--to", "dr", "--reason", "on an old view"];
    let (code, out, err) = world.admin_at(&other, &order);
    assert_eq!(code, 0, "its kernel knows no better: {out}{err}");
    let conflicted = until_history_at(&world, &other, "conflicted");
    assert!(conflicted["summary"].as_str().unwrap_or_default().contains("has changed"), "{conflicted}");
    let current = world.fence_number("rev");
    until("it follows", PATIENCE, || {
        let service = world.service_at(&other);
        if service["fence"]["rev"].as_u64() == Some(current) { Ok(()) } else { Err(service["fence"].clone()) }
    });
    assert_eq!(world.fence(), fence, "the stale writer wrote nothing");
    assert_eq!(world.fence_value("by"), "controller-1");
    assert_eq!(world.served_whole(), Region::Prod);

    let (code, out, err) = world.admin_at(&other, &[&order[..], &["--wait"]].concat());
    assert_eq!(code, 0, "on the new view it may: {out}{err}");
    world.until_served(Region::Dr);
    assert_eq!((world.fence_number("epoch"), world.fence_value("by").as_str()), (epoch + 1, "controller-2"));
    world.until_history("followed");
    world.until_state("cooling down");
    assert_eq!(world.service()["summary"]["active"], "dr");
}

/// In time by the server's clock, but somebody else was faster: the fence alone stands in the way.
fn a_write_that_stalled_within_its_permit_is_refused_by_the_fence(kind: Kind) {
    let plan = Plan { provider: "timeout: 2s, readInterval: 500ms, permit: 60s".to_owned(), ..Plan::on(kind) };
    let mut world = World::start(&plan);
    let epoch = world.fence_number("epoch");
    let mut other = armed(&world, ToOwned::to_owned);
    world.controller.restart_with_failpoints(Some("after-permit=1*stop"));
    world.until_proven(Region::Dr);
    world.until_state("steady on the preferred region");
    other.process().sigstop();
    world.prod.process().kill9();
    world.controller.process().until_stopped();
    other.process().sigcont();
    until("the other controller moves the service", PATIENCE, || {
        if world.served_whole() == Region::Dr { Ok(()) } else { Err(world.service_at(&other)["summary"].clone()) }
    });
    let fence = world.fence();
    assert_eq!(world.fence_value("by"), "controller-2");
    world.controller.process().sigcont();
    let conflicted = world.until_history("conflicted");
    assert!(conflicted["summary"].as_str().unwrap_or_default().contains("failover refused"), "{conflicted}");
    world.until_history("followed");
    world.until_state("cooling down");
    assert_eq!((world.fence(), world.served_whole()), (fence, Region::Dr), "the late one wrote nothing");
    assert_eq!(world.fence_number("epoch"), epoch + 1);
}

fn two_active_controllers_move_a_service_once(kind: Kind) {
    let mut world = World::start(&Plan::on(kind));
    let epoch = world.fence_number("epoch");
    let other = armed(&world, ToOwned::to_owned);
    world.prod.process().kill9();
    world.until_moved_whole(Region::Dr);
    world.until_served(Region::Dr);
    for controller in [&world.controller, &other] {
        until_summary(&world, controller, "it is content with dr", |summary| {
            summary["state"] == "cooling down" && summary["active"] == "dr"
        });
        let fence = world.service_at(controller)["fence"].clone();
        assert_eq!(fence["epoch"].as_u64(), Some(epoch + 1), "{fence}");
    }
    assert_eq!(world.fence_number("epoch"), epoch + 1, "one move: {}", world.fence());
    let moves = |controller: &Daemon| {
        let rows = world.history_at(controller);
        rows.iter().filter(|row| row["kind"] == "applied" && row["summary"].to_string().contains("failover")).count()
    };
    assert_eq!(moves(&world.controller) + moves(&other), 1, "one controller moved it, the other followed");
}

on_every_server!(
    a_writer_with_an_old_fence_is_refused_by_the_server_and_follows,
    a_write_that_stalled_within_its_permit_is_refused_by_the_fence,
    two_active_controllers_move_a_service_once,
);
