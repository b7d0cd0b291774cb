//! Drills: a service is moved on purpose and comes back, measured; also when the controller is killed meanwhile.

use serde_json::Value;
use tests::http::request;
use tests::world::{SERVICE, World, ZONE};
use tests::{Kind, PATIENCE, Plan, Region, Resolver, until};

/// Longer than any test: whoever has it comes back for another reason.
const LONG: &str = "1h";

/// Monitors take injections from the controller.
fn world() -> World {
    World::start(&Plan { inside: 3, observers: 1, ..Plan::on(Kind::Knot) })
}

fn json(world: &World, args: &[&str]) -> Value {
    let args: Vec<&str> = args.iter().copied().chain(["--output", "json"]).collect();
    let (code, out, err) = world.admin(&args);
    assert_eq!(code, 0, "{args:?}: {out}{err}");
    serde_json::from_str(&out).expect("JSON")
}

fn begin(world: &World, more: &[&str]) -> String {
    let words = ["drill", SERVICE, "--reason", "an exercise", "--yes", "--output", "json"];
    let args: Vec<&str> = words.iter().chain(more).copied().collect();
    let begun = until("a drill begins", PATIENCE, || {
        let (code, out, err) = world.admin(&args);
        // A controller that has just started knows its services before it knows its drills.
        let waits = err.contains("is being loaded");
        assert!(waits || code == 0, "{args:?}: {out}{err}");
        if waits { Err(err) } else { Ok(out) }
    });
    let drill: Value = serde_json::from_str(&begun).expect("JSON");
    drill["id"].as_str().expect("an id").to_owned()
}

fn until_stage(world: &World, id: &str, stage: &str) -> Value {
    until(&format!("the drill is {stage}"), PATIENCE, || {
        let drill = json(world, &["drill", "show", id]);
        if drill["stage"] == stage { Ok(drill) } else { Err(drill) }
    })
}

fn pages(world: &World) -> Vec<Value> {
    world.history().into_iter().filter(|row| row["page"] == true).collect()
}

fn ms(way: &Value, stage: &str) -> u64 {
    way[format!("{stage}Ms")].as_u64().unwrap_or_else(|| panic!("{stage} was not measured: {way}"))
}

#[test]
fn an_injected_failure_moves_the_service_there_and_back_and_every_stage_is_measured() {
    let world = world();
    let epoch = world.fence_number("epoch");
    let args = ["drill", SERVICE, "--stay", "1s", "--reason", "an exercise", "--yes", "--wait"];
    let drill = json(&world, &args);
    assert_eq!((&drill["outcome"], &drill["method"]), (&"completed".into(), &"injected".into()), "{drill}");
    world.until_served(Region::Prod);
    assert_eq!(world.fence_number("epoch"), epoch + 2, "there and back");
    assert_eq!(world.fence_value("pin"), "", "a drill pins nothing");

    let (away, back) = (&drill["away"], &drill["back"]);
    let parts = ["detection", "decision", "write", "propagation"].map(|stage| ms(away, stage));
    assert_eq!(parts.iter().sum::<u64>(), ms(away, "total"), "the stages follow one another: {away}");
    assert!(parts[0] > 0, "`fall` runs take their time: {away}");
    assert!(back["detectionMs"].is_null(), "an order is not detected: {back}");
    assert!(ms(back, "total") >= ms(back, "write"), "{back}");

    assert_eq!(pages(&world), Vec::<Value>::new(), "a drill that goes well wakes nobody");
    let id = drill["id"].as_str().expect("an id");
    let decided: Vec<Value> = world.history().into_iter().filter(|row| row["kind"] == "decided").collect();
    let of_drill = decided.iter().filter(|row| row["details"]["drill"] == id).count();
    assert_eq!(of_drill, 2, "history names it: {decided:#?}");
    let failing = |number: usize| world.monitors[number].metrics().contains("verdict=\"failing\"} 1");
    assert!(!(0..3).any(failing), "nothing was seen failing, and nothing has to recover");
    let rows = json(&world, &["history", "--service", "observed-1", "--after", "0"]);
    assert!(!rows.to_string().contains("wouldMove"), "the other service of the region saw nothing: {rows}");

    let report = json(&world, &["drill", "report", SERVICE]);
    let of_service = &report["services"][0];
    assert_eq!((&of_service["completed"], &of_service["failovers"]), (&1.into(), &0.into()), "{report}");
    assert_eq!(of_service["recovery"]["worstMs"], away["totalMs"], "{report}");
    let (_, text, _) = world.admin(&["drill", "report", SERVICE]);
    assert!(text.contains("detection") && text.contains("completed"), "{text}");
}

/// The last stage of a drill comes after the last authoritative server: resolvers whose caches have to run out.
#[test]
fn the_drain_of_a_drill_is_measured_at_the_resolvers_of_the_panel() {
    let mut world = world();
    let resolver = Resolver::start(&world.sandbox, "panel", ZONE, world.auth.addresses()[0]);
    let panel = format!("drain: {{ resolvers: [\"{}\"] }}\n", resolver.address());
    world.reconfigure(|text| format!("{text}{panel}"));
    world.until_proven(Region::Dr);
    world.until_state("steady on the preferred region");
    let id = begin(&world, &["--stay", LONG]);
    let drill = until("the resolver has followed", PATIENCE, || {
        let drill = json(&world, &["drill", "show", &id]);
        if drill["away"]["drainMs"].is_u64() { Ok(drill) } else { Err(drill) }
    });
    assert_eq!(resolver.query("api.example.test", "A"), ["198.51.100.10"]);
    let away = &drill["away"];
    let parts = ["detection", "decision", "write", "propagation"].map(|stage| ms(away, stage));
    assert_eq!(parts.iter().sum::<u64>(), ms(away, "total"), "recovery ends before resolvers have followed: {away}");
    let drained = world.until_history("drained");
    assert_eq!(drained["decision"], away["decision"], "what resolvers showed is of this move: {drained}");
    let (_, text, _) = world.admin(&["drill", "show", &id]);
    assert!(text.contains("DRAIN"), "{text}");
    json(&world, &["drill", "stop", SERVICE]);
    world.until_served(Region::Prod);
}

#[test]
fn a_drill_survives_the_controller_and_is_stopped_by_the_next_one() {
    let mut world = world();
    let id = begin(&world, &["--stay", LONG]);
    until_stage(&world, &id, "away");
    world.until_status_says("is under way");
    world.controller.process().kill9();
    world.controller.restart();
    world.until_status_says("is under way");
    let (code, out, err) = world.admin(&["drill", SERVICE, "--reason", "another", "--yes"]);
    assert_eq!(code, 3, "the next controller knows of it: {out}{err}");
    assert!(err.contains(&id), "{err}");
    let stopped = json(&world, &["drill", "stop", SERVICE, "--wait"]);
    assert_eq!((&stopped["outcome"], &stopped["id"]), (&"stopped".into(), &id.as_str().into()), "{stopped}");
    world.until_served(Region::Prod);
    assert_eq!(json(&world, &["drill", "list", SERVICE])["drills"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_drill_whose_controller_was_killed_comes_back_by_itself() {
    let mut world = world();
    let id = begin(&world, &["--stay", "3s", "--no-injection"]);
    until_stage(&world, &id, "away");
    world.controller.process().kill9();
    assert_eq!(world.served(), Some(Region::Dr), "nobody brings it back");
    world.controller.restart();
    world.until_served(Region::Prod);
    let ended = until_stage(&world, &id, "ended");
    assert_eq!(ended["outcome"], "completed", "{ended}");
    assert!(ended["away"]["detectionMs"].is_null(), "an order is not detected: {ended}");
}

#[test]
fn a_real_failure_during_a_drill_is_acted_on_and_wakes_someone() {
    let mut world = world();
    let id = begin(&world, &["--stay", LONG]);
    until_stage(&world, &id, "away");
    world.dr.process().kill9();
    world.until_served(Region::Prod);
    let ended = until_stage(&world, &id, "ended");
    assert_eq!(ended["outcome"], "failed", "{ended}");
    assert!(!pages(&world).is_empty());
}

#[test]
fn failures_that_nobody_here_asked_for_are_no_evidence() {
    let mut world = world();
    let token = std::fs::read_to_string(world.sandbox.path().join("evidence.token")).expect("written");
    let body = format!(r#"{{"id":"stranger","service":"{SERVICE}","region":"prod","lastsMs":600000}}"#);
    for monitor in &world.monitors {
        let url = format!("{}/api/v1/drills", monitor.url());
        let refused = request("POST", &url, None, Some(&body)).expect("an answer");
        assert_eq!(refused.status, 401, "not without a token: {refused:?}");
        let answer = request("POST", &url, Some(token.trim()), Some(&body)).expect("an answer");
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    // Far more runs than it takes to be failing come before those that are heard behind them.
    world.dr.process().kill9();
    world.until_judged(Region::Dr, "failing");
    world.dr.restart();
    world.until_proven(Region::Dr);
    world.until_judged(Region::Prod, "healthy");
    assert_eq!(world.moves_decided(), Vec::<String>::new());
    world.prod.process().kill9();
    world.until_served(Region::Dr);
    assert_eq!(world.moves_decided(), ["failover"], "what really fails is left as ever");
    assert!(!pages(&world).is_empty(), "and no drill");
}

#[test]
fn a_drill_waits_for_a_calm_moment() {
    let world = world();
    let refused = |words: &str| {
        let (code, out, err) = world.admin(&["drill", SERVICE, "--reason", "an exercise", "--yes"]);
        assert_eq!(code, 3, "{out}{err}");
        assert!(err.contains(words), "`{words}` is not in {err}");
    };
    let (code, _, err) = world.admin(&["pause", SERVICE, "--reason", "test"]);
    assert_eq!(code, 0, "{err}");
    refused("notPaused");
    let (code, _, err) = world.admin(&["drill", "observed-1", "--reason", "an exercise", "--yes"]);
    assert_eq!(code, 3, "one that observes is not drilled: {err}");
    let (code, _, err) = world.admin(&["drill", "stop", SERVICE]);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("no drill of `checkout` is under way"), "{err}");
    let (code, _, err) = world.admin(&["drill", SERVICE, "--reason", "an exercise"]);
    assert_eq!(code, 3, "nobody has confirmed: {err}");
}
