//! SIGTERM ends a daemon in order: exit code 0, nothing left to fold into the store, and the next start goes on.

use std::time::Duration;

use tests::{Kind, Plan, Region, World};

/// The grace period of a drain, and some.
const DRAINED: Duration = Duration::from_secs(25);

#[test]
fn daemons_drain_on_sigterm_and_go_on_where_they_were() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let epoch = world.fence_number("epoch");
    world.controller.process().terminate();
    let status = world.controller.process().wait(DRAINED);
    assert!(status.success(), "{status}: {}", world.controller.process().log());
    let wal = world.sandbox.path().join("state.db-wal");
    let left = std::fs::metadata(&wal).map_or(0, |file| file.len());
    assert_eq!(left, 0, "a copy of the store's file alone is a whole backup");

    let monitor = world.monitors.first_mut().expect("three monitors");
    monitor.process().terminate();
    let status = monitor.process().wait(DRAINED);
    assert!(status.success(), "{status}: {}", monitor.process().log());

    world.controller.restart();
    world.until_state("steady on the preferred region");
    world.until_proven(Region::Dr);
    world.prod.process().kill9();
    world.until_served(Region::Dr);
    assert_eq!(world.fence_number("epoch"), epoch + 1);
}
