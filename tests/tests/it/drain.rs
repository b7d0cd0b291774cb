//! After a failover the panel's resolvers are sampled until their caches have run out.

use serde_json::Value;
use tests::{Kind, PATIENCE, Plan, Region, Resolver, World, until};

const ZONE: &str = "example.test";

fn drain(world: &World) -> Value {
    world.service()["drains"][0].clone()
}

#[test]
fn failover_is_followed_through_the_caches_of_resolvers() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let primary = world.auth.addresses()[0];
    let fresh = Resolver::start(&world.sandbox, "fresh", ZONE, primary);
    let mut keeping = Resolver::start(&world.sandbox, "keeping", ZONE, primary);
    let panel = format!("drain: {{ resolvers: [\"{}\", \"{}\"] }}\n", fresh.address(), keeping.address());
    world.reconfigure(|text| format!("{text}{panel}"));
    world.until_proven(Region::Dr);
    assert_eq!(keeping.query("api.example.test", "A"), ["192.0.2.10"], "now it is in its cache");

    world.prod.process().kill9();
    world.until_served(Region::Dr);
    let halfway = until("one of two has followed", PATIENCE, || {
        let drain = drain(&world);
        if drain["served"] == 1 && drain["running"] == true { Ok(drain) } else { Err(drain) }
    });
    assert_eq!((&halfway["of"], &halfway["percent"]), (&2.into(), &50.into()), "{halfway}");
    assert!(halfway["restMs"].as_u64().is_some_and(|rest| rest > 0 && rest <= 63_000), "{halfway}");
    assert_eq!(keeping.query("api.example.test", "A"), ["192.0.2.10"], "it still has the old answer");
    let (_, status, _) = world.admin(&["status"]);
    assert!(status.contains("drained 1 of 2 resolvers, the rest within "), "{status}");

    // Waiting for the TTL would prove unbound's arithmetic.
    keeping.restart(ZONE);
    let row = world.until_history("drained");
    assert!(row["summary"].as_str().is_some_and(|text| text.starts_with("drained 2 of 2 resolvers after ")), "{row}");
    assert_eq!(row["decision"], halfway["decision"], "it belongs to the move");
    assert_eq!(drain(&world)["percent"], 100);
    let metrics = world.metrics();
    let ratio = metrics.lines().find(|line| line.starts_with("failover_controller_drained_ratio{"));
    assert!(ratio.is_some_and(|line| line.ends_with(" 1")), "{ratio:?}");
}
