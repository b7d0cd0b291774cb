//! Readiness, end to end: gates that are asked over HTTP, standbys that are not ready, certificates that end.

use std::net::SocketAddr;

use serde_json::Value;
use tests::{Authority, Endpoint, Kind, PATIENCE, Plan, Region, World, until};

/// What a replica says that lags behind, and one that doesn't.
const FAR: &str = r#"{"ready": true, "lagSeconds": 312}"#;
const NEAR: &str = r#"{"ready": true, "lagSeconds": 3}"#;

/// A world whose `dr` has a gate that says this.
fn gated(said: &str) -> (World, Endpoint) {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let mut gate = Endpoint::start(&world.sandbox, world.sandbox.socket());
    gate.answer(200, said);
    let url = format!("http://{}/healthz", gate.address());
    let gates = format!(
        "gates: [ {{ name: replication, http: {{ url: \"{url}\", timeout: 300ms, max: {{ lagSeconds: 30 }} }}, \
         every: 300ms, within: 2s }} ]"
    );
    world.reconfigure(|text| {
        let text = text.replace("- { name: dr, endpoints", &format!("- {{ name: dr, {gates}, endpoints"));
        text.replace("fast: { ", "fast: { standbyUnreadyFor: 1s, ")
    });
    world.until_state("steady on the preferred region");
    world.until_proven(Region::Dr);
    (world, gate)
}

fn dr(world: &World) -> Value {
    let regions = world.service()["regions"].as_array().cloned().unwrap_or_default();
    regions.into_iter().find(|region| region["summary"]["name"] == "dr").unwrap_or_default()
}

fn until_gate(world: &World, state: &str) {
    until(&format!("the gate is {state}"), PATIENCE, || {
        let dr = dr(world);
        if dr["gates"][0]["state"] == state { Ok(()) } else { Err(dr) }
    });
}

/// A replica that lags keeps the records where they are, whatever probes see; someone hears of it before and then.
#[test]
fn a_shut_gate_is_told_before_it_matters_holds_the_failover_and_lets_it_go_when_it_opens() {
    let (mut world, mut gate) = gated(FAR);
    until_gate(&world, "closed");
    let unready = world.until_history("standbyUnready");
    assert_eq!(unready["page"], true, "{unready}");
    assert!(unready["summary"].as_str().unwrap_or_default().contains("lagSeconds 312, at most 30"), "{unready}");
    assert_eq!(dr(&world)["summary"]["readyAgeMs"], Value::Null);
    world.until_status_says("dr proven (replication shut)");

    world.prod.process().kill9();
    let held = world.until_history("held");
    let summary = held["summary"].as_str().unwrap_or_default();
    assert!(
        summary.contains("gatesOpen: gate replication of region `dr` says no: lagSeconds 312, at most 30; asked"),
        "{held}"
    );
    assert_eq!(held["page"], true, "{held}");
    world.until_metric("failover_controller_page{service=\"checkout\"} 1");
    assert_eq!(world.served(), Some(Region::Prod));

    gate.answer(200, NEAR);
    world.until_served(Region::Dr);
    let rows = world.history();
    let decided = rows.iter().rfind(|row| row["kind"] == "decided").expect("a decision");
    assert_eq!(decided["details"]["evidence"]["dr"]["gates"][0]["said"], "lagSeconds 3", "{decided}");
    let of_dr = |row: &&Value| row["kind"] == "standbyUnready" && row["details"]["region"] == "dr";
    assert_eq!(world.history().iter().filter(of_dr).count(), 1, "it pages once");
}

/// Not to know is no yes. An operator who knows better says so, and that is written down.
#[test]
fn a_gate_that_hangs_is_unknown_and_an_operator_may_move_past_it() {
    let (world, mut gate) = gated(NEAR);
    until_gate(&world, "open");
    until("dr is ready", PATIENCE, || {
        let dr = dr(&world);
        if dr["summary"]["readyAgeMs"].is_u64() { Ok(()) } else { Err(dr) }
    });
    gate.process().sigstop();
    until_gate(&world, "unknown");
    let order = ["failover", "checkout", "--to", "dr", "--reason", "the replica is fine, its gate is not", "--wait"];
    let (code, out, err) = world.admin(&order);
    assert_eq!(code, 3, "{out}{err}");
    assert!(err.contains("gatesOpen") && err.contains("is unknown: no answer within 300 ms"), "{err}");
    assert_eq!(world.served(), Some(Region::Prod));

    let overriding: Vec<&str> = order.into_iter().chain(["--override", "gatesOpen"]).collect();
    let (code, out, err) = world.admin(&overriding);
    assert_eq!(code, 0, "{out}{err}");
    world.until_served(Region::Dr);
    let rows = world.history();
    let decided = rows.iter().rfind(|row| row["kind"] == "decided").expect("a decision");
    assert_eq!(decided["details"]["overrides"][0], "gatesOpen", "{decided}");
    assert_eq!(decided["details"]["evidence"]["dr"]["gates"][0]["state"], "unknown", "{decided}");
}

/// Told with the days that are left, and on the last one the region is no refuge any more.
#[test]
fn a_certificate_that_ends_is_told_before_and_fails_its_endpoint_after() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let authority = Authority::new(&world.sandbox, "endpoints");
    let address = SocketAddr::new(world.dr.address().ip(), world.sandbox.port());
    let names = ["api.example.test"];
    let certificate = authority.issue_for_hours("dr", &names, 24 * 5);
    let mut endpoint = Endpoint::start_tls(&world.sandbox, address, certificate);
    let probe = format!(
        "{{ https: {{ path: /healthz, host: api.example.test, port: {}, ca: {} }} }}",
        address.port(),
        authority.certificate().display()
    );
    let dr = format!("address: {} }} ], probes: [ ", address.ip());
    let edit = |text: &str| text.replace(&dr, &format!("{dr}{probe}, "));
    for number in 0..world.monitors.len() {
        world.reconfigure_monitor(number, edit);
    }
    world.reconfigure(edit);
    world.until_status_says(&format!("the certificate of {} in `dr` ends in 5 days", address.ip()));
    world.until_proven(Region::Dr);

    authority.issue_for_hours("dr", &names, -1);
    endpoint.restart();
    until("dr fails for its certificate", PATIENCE, || {
        let service = world.service();
        let failing = service["summary"]["regions"][1]["judgement"] == "failing";
        let said = service["regions"][1]["endpoints"].to_string().contains("certificate expired");
        if failing && said { Ok(()) } else { Err(service["regions"][1].clone()) }
    });
}
