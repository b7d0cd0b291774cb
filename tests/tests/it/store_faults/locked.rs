//! Another process has locked the store.

use std::path::Path;

use tests::{Kind, Plan, Process, Program, Region, World};

use super::{tellings, until_moved_once, until_over, until_told, until_tried};
use crate::crash::aftermath::Before;

/// Holds SQLite's own write lock until it is ended.
const EXCLUSIVE: &str = "\
import sqlite3, sys, time
store = sqlite3.connect(sys.argv[1], isolation_level=None)
store.execute('BEGIN EXCLUSIVE')
open(sys.argv[2], 'w').close()
time.sleep(600)
";

/// Holds the lock by which a controller has a store for itself, without being one.
const FLOCK: &str = "\
import fcntl, sys, time
lock = open(sys.argv[1] + '.lock', 'r+')
fcntl.flock(lock, fcntl.LOCK_EX)
open(sys.argv[2], 'w').close()
time.sleep(600)
";

/// The controller has not stood still, and so has distrusted no evidence.
const NO_STALL: &str = "failover_controller_stalls_total 0";

/// Starts a process that holds a lock, and waits until it does.
fn locker(world: &World, script: &str) -> Process {
    let held = world.sandbox.path().join("held");
    let program = Program::installed("python3").label("locker").args(["-c", script]).arg(world.store()).arg(&held);
    let mut locker = world.sandbox.start(program);
    locker.until_ready(tests::PATIENCE, || if Path::new(&held).exists() { Ok(()) } else { Err("not held") });
    locker
}

fn by(locker: &Process) -> String {
    format!("by process {} (python3)", locker.pid())
}

/// A backup that hangs: it is named, and as soon as it ends the failover that is due is made.
#[test]
fn a_lock_on_a_running_store_holds_everything_as_long_as_it_lasts() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let (before, watch) = (Before::of(&world), world.watch());
    let mut locker = locker(&world, EXCLUSIVE);
    world.prod.process().kill9();
    until_told(&world, &format!("it is locked {}", by(&locker)));
    until_tried(&world, 2);
    assert_eq!(world.served_whole(), Region::Prod, "nothing is decided without its commit");
    assert_eq!(tellings(&world), 1, "told once, not with each try");
    locker.kill9();
    until_over(&mut world);
    until_moved_once(&world, before, watch);
}

/// Were each service to wait for the lock by itself, a turn of the engine would take as long as all of them together:
/// nobody would be told, and its own evidence would grow old meanwhile.
#[test]
fn a_lock_that_many_services_meet_is_told_at_once_and_stalls_nothing() {
    let mut world = World::start(&Plan { observers: 11, ..Plan::on(Kind::Knot) });
    let watch = world.watch();
    world.until_metric(NO_STALL);
    let mut locker = locker(&world, EXCLUSIVE);
    world.prod.process().kill9();
    until_told(&world, &format!("it is locked {}", by(&locker)));
    // A try holds up the engine for a second, so it goes on with others in between.
    until_tried(&world, 12);
    let (_, out, err) = world.admin(&["pause", "observed-11", "--reason", "test"]);
    assert!(err.contains("it is locked"), "an order is answered, too: {out}{err}");
    world.until_metric(NO_STALL);
    assert!(world.service()["summary"]["regions"][0]["judgement"] != "unknown", "{}", world.service()["summary"]);
    assert_eq!(world.served_whole(), Region::Prod, "nothing is decided without its commit");
    assert_eq!(tellings(&world), 1, "told once, not with each try");
    locker.kill9();
    until_over(&mut world);
    world.until_moved_whole(Region::Dr);
    world.until_state("cooling down");
    assert_eq!(watch.end(), [Region::Prod, Region::Dr]);
    assert_eq!(world.moves_decided().len(), 1, "{:?}", world.moves_decided());
}

#[test]
fn a_lock_on_the_store_at_the_start_is_waited_for() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let (before, watch) = (Before::of(&world), world.watch());
    world.controller.process().kill9();
    let mut locker = locker(&world, FLOCK);
    world.prod.process().kill9();
    world.controller.spawn_with_failpoints(None);
    until_told(&world, &format!("held {}", by(&locker)));
    until_tried(&world, 8);
    assert_eq!(world.served_whole(), Region::Prod);
    assert_eq!(tellings(&world), 1, "told once, not with each try");
    locker.kill9();
    until_over(&mut world);
    until_moved_once(&world, before, watch);
}

/// By mistake, or as a spare: it says whom it waits for, changes nothing, and takes over.
#[test]
fn a_second_controller_on_the_same_store_waits_and_takes_over() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let (before, watch) = (Before::of(&world), world.watch());
    let first = world.controller.pid();
    let mut second = world.another_controller_on_the_same_store();
    let words =
        format!("another controller uses this store (lock {}.lock, held by process {first}", world.store().display());
    tests::until("the second one says whom it waits for", tests::PATIENCE, || {
        let answer = second.get("/readyz").map_err(|error| (0, error))?;
        if answer.status == 503 && answer.body.contains(&words) { Ok(()) } else { Err((answer.status, answer.body)) }
    });
    world.controller.until_ready();
    world.controller.process().kill9();
    second.until_ready();
    world.controller = second;
    world.prod.process().kill9();
    until_moved_once(&world, before, watch);
}
