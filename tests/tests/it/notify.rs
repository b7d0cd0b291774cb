//! `notify` in the configuration: a failover tells the secondary, whoever else does.

use tests::{Kind, PATIENCE, Plan, Region, World, until};

/// What the controller counts of NOTIFYs that the secondary did not take.
fn failures(world: &World) -> String {
    let metrics = world.metrics();
    let found = metrics.lines().find(|line| line.starts_with("failover_controller_notify_failures_total{"));
    found.unwrap_or_else(|| panic!("no count of failures in {metrics}")).to_owned()
}

/// The primary's own NOTIFY names the new serial, ours does not, so Knot's log tells one from the other.
fn told_by_us(world: &mut World) -> bool {
    let log = world.auth.secondary(0).log();
    log.lines().any(|line| line.contains("] notify, incoming") && line.ends_with("serial none"))
}

#[test]
fn failover_tells_the_configured_secondary() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    assert!(!told_by_us(&mut world), "nothing was configured when the service was adopted");
    let secondary = world.auth.addresses()[1];
    world.reconfigure(|text| text.replace("rfc2136: { ", &format!("rfc2136: {{ notify: [\"{secondary}\"], ")));
    world.until_proven(Region::Dr);

    world.prod.process().kill9();
    world.until_served(Region::Dr);
    world.until_history("verified");
    let log = world.auth.secondary(0).log();
    assert!(told_by_us(&mut world), "{log}");
    assert!(failures(&world).ends_with(" 0"), "{}", failures(&world));
}

#[test]
fn failover_succeeds_although_a_notified_server_takes_none() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let nobody = world.sandbox.socket();
    world.reconfigure(|text| text.replace("rfc2136: { ", &format!("rfc2136: {{ notify: [\"{nobody}\"], ")));
    world.until_proven(Region::Dr);

    world.prod.process().kill9();
    world.until_served(Region::Dr);
    world.until_history("verified");
    until("the failure is counted", PATIENCE, || {
        let counted = failures(&world);
        if counted.contains(&nobody.to_string()) && !counted.ends_with(" 0") { Ok(()) } else { Err(counted) }
    });
    let log = world.controller.log();
    assert!(log.contains("secondary was not notified of a write") && log.contains(&nobody.to_string()), "{log}");
}
