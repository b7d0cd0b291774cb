//! The main job where a provider is an API, and somebody else's hand in the zone.

use serde_json::Value;
use tests::auth::query_at;
use tests::world::{ByHand, Host};
use tests::{Kind, PATIENCE, Plan, Region, World, until};

use super::on_every_api;

fn plan() -> Plan {
    // The kind is that of a server, which is not started.
    Plan::on(Kind::Knot)
}

fn failback<H: Host>(world: &World<H>, overrides: &[&str]) -> (i32, String, String) {
    let args = ["failback", "checkout", "--reason", "prod is well", "--wait"];
    world.admin(&[&args[..], overrides].concat())
}

fn moves_all_records_when_prod_dies_and_back_by_hand<H: Host>(mut world: World<H>) {
    let (epoch, watch) = (world.fence_number("epoch"), world.watch());
    assert_eq!(world.fence_value("active"), "prod");

    world.prod.process().kill9();
    world.until_served(Region::Dr);
    assert_eq!((world.fence_value("active").as_str(), world.fence_number("epoch")), ("dr", epoch + 1));
    let servers = world.auth.servers();
    for server in &servers {
        assert_eq!(query_at(*server, "unguarded.example.test", "A"), ["203.0.113.1"], "what is not guarded stays");
    }
    let verified = world.until_history("verified");
    let told = verified["details"]["servers"].as_array().cloned().unwrap_or_default();
    assert_eq!(told.len(), servers.len(), "{verified}");
    for server in &servers {
        let served = |one: &Value| one["server"] == server.to_string() && one["outcome"] == "served";
        assert!(told.iter().any(served), "{server}: {verified}");
    }
    world.until_state("cooling down");

    world.prod.restart();
    world.until_proven(Region::Prod);
    let (code, out, err) = failback(&world, &[]);
    assert_eq!(code, 3, "the cooldown holds a failback: {out}{err}");
    assert!(err.contains("cooledDown"), "{err}");
    let (code, out, err) = failback(&world, &["--override", "cooledDown"]);
    assert_eq!(code, 0, "{out}{err}");
    world.until_served(Region::Prod);
    assert_eq!((world.fence_value("active").as_str(), world.fence_number("epoch")), ("prod", epoch + 2));
    world.until_state("steady on the preferred region");
    assert_eq!(watch.end(), [Region::Prod, Region::Dr, Region::Prod]);
    tells_both_moves(&world);
}

/// What an SRE reads the morning after.
fn tells_both_moves<H: Host>(world: &World<H>) {
    let rows = world.history();
    let ends = |kind: &str| {
        let found = rows.iter().filter(|row| row["kind"] == kind);
        found.map(|row| row["summary"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let everywhere = format!("{0} of {0} authoritative servers serve it", world.auth.servers().len());
    for (kind, words) in [
        ("decided", ["region `prod` is failing", "prod is well"]),
        ("applied", ["failover is in the zone: active in `dr`", "failback is in the zone: active in `prod`"]),
        ("verified", [everywhere.as_str(); 2]),
    ] {
        let told = ends(kind);
        for words in words {
            assert!(told.iter().any(|summary| summary.contains(words)), "{kind} does not say `{words}`: {told:?}");
        }
    }
    let (code, status, err) = world.admin(&["status"]);
    assert_eq!(code, 0, "{err}");
    assert!(status.contains("checkout") && status.contains("prod") && !status.contains("PAGE"), "{status}");
}

fn a_hand_edit_is_told_held_and_over_once_it_is_taken_back<H: ByHand>(mut world: World<H>) {
    let fence = world.fence();
    world.auth.put("api.example.test", "A", "203.0.113.9");
    let row = world.until_history("foreignChange");
    assert!(row["summary"].to_string().contains("api.example.test") && row["page"] == true, "{row}");
    world.until_status_says("foreign change, every write is held");
    let (code, out, err) = world.admin(&["failover", "checkout", "--to", "dr", "--reason", "test"]);
    assert_eq!(code, 3, "{out}{err}");
    assert!(err.contains("noForeignChange"), "{err}");

    world.prod.process().kill9();
    until("the failover is held", PATIENCE, || {
        let hold = world.service()["summary"]["hold"].clone();
        if hold["wanted"] == "failover" && hold.to_string().contains("noForeignChange") { Ok(()) } else { Err(hold) }
    });
    assert_eq!((world.served(), world.fence()), (None, fence), "nothing was written");

    world.auth.put("api.example.test", "A", "192.0.2.10");
    world.until_history("foreignChangeEnded");
    world.until_served(Region::Dr);
    world.until_history("verified");
}

on_every_api!(
    moves_all_records_when_prod_dies_and_back_by_hand,
    a_hand_edit_is_told_held_and_over_once_it_is_taken_back,
);
