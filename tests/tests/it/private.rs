//! `verify: private`: servers that only vantage points inside their network reach are asked by way of these, and by nobody
//! else. The servers would answer everybody here, so what is counted before them tells who was sent.

use serde_json::Value;
use tests::route53::Operation;
use tests::world::Walled;
use tests::{Hearing, Kind, PATIENCE, Plan, Region, World, until};

/// A world with so many of three vantage points inside.
fn plan(inside: usize) -> Plan {
    let ordinary = Plan::on(Kind::Knot);
    let provider = format!("{}, verify: private, verifyFrom: {{ side: inside }}", ordinary.provider);
    Plan { inside, provider, ..ordinary }
}

fn start(inside: usize) -> World<Walled> {
    World::start_at(&plan(inside), Walled::start)
}

/// What the verification of the newest move came to, once it has ended.
fn outcome_of_move(world: &World<Walled>) -> Value {
    until("the verification of the move has ended", PATIENCE, || {
        let rows = world.history();
        let decided = rows.iter().rev().find(|row| row["kind"] == "decided").ok_or_else(|| world.history_kinds())?;
        let ended = |row: &&Value| {
            row["decision"] == decided["decision"] && (row["kind"] == "verified" || row["kind"] == "unverified")
        };
        rows.iter().find(ended).cloned().ok_or_else(|| world.history_kinds())
    })
}

/// How many questions each monitor has asked for the controller.
fn relayed(world: &World<Walled>) -> Vec<usize> {
    let asked = |line: &str| {
        let counted = line.strip_prefix("dns_monitor_asked_total{")?;
        if counted.contains("refused") { None } else { counted.rsplit(' ').next()?.parse::<usize>().ok() }
    };
    world.monitors.iter().map(|monitor| monitor.metrics().lines().filter_map(asked).sum()).collect()
}

/// Waits until no question is under way, and holds that each one came by way of a monitor.
fn all_were_relayed(world: &World<Walled>) -> Vec<usize> {
    until("every question came by way of a monitor", PATIENCE, || {
        let (relayed, came) = (relayed(world), world.auth.front.questions());
        if relayed.iter().sum::<usize>() == came { Ok(relayed) } else { Err((relayed, came)) }
    })
}

fn only_server(row: &Value) -> Value {
    let servers = row["details"]["servers"].as_array().cloned().unwrap_or_default();
    assert_eq!(servers.len(), 1, "{row}");
    servers[0].clone()
}

#[test]
fn failover_is_verified_by_way_of_a_vantage_point_inside_and_says_from_where() {
    let mut world = start(2);
    world.prod.process().kill9();
    world.until_served(Region::Dr);
    let row = outcome_of_move(&world);
    assert_eq!((&row["kind"], &row["page"]), (&"verified".into(), &false.into()), "{row}");
    let server = only_server(&row);
    assert_eq!(server["server"], world.auth.front.address().to_string());
    assert_eq!((&server["outcome"], &server["detail"]), (&"served".into(), &"seen from v0".into()), "{row}");
    let (code, shown, err) = world.admin(&["service", "show", "checkout"]);
    assert_eq!(code, 0, "{err}");
    assert!(shown.contains("seen from v0"), "{shown}");

    let counts = all_were_relayed(&world);
    assert!(counts[0] > 0 && counts[1..] == [0, 0], "who is answered asks alone, and v2 is outside: {counts:?}");
    // In quiet times the API is read, and nobody asks the servers.
    let reads = || world.auth.zone.fake.requests(Operation::ListResourceRecordSets);
    let before = reads();
    until("the API is read again", PATIENCE, || if reads() >= before + 3 { Ok(()) } else { Err(reads()) });
    assert_eq!(all_were_relayed(&world), counts);
}

#[test]
fn another_vantage_point_inside_asks_when_the_first_cannot() {
    let mut world = start(2);
    world.monitors[0].process().kill9();
    world.prod.process().kill9();
    world.until_served(Region::Dr);
    let server = only_server(&outcome_of_move(&world));
    assert_eq!((&server["outcome"], &server["detail"]), (&"served".into(), &"seen from v1".into()), "{server}");
}

#[test]
fn failover_that_nobody_inside_can_look_at_is_silent_and_pages_although_it_is_served() {
    let mut world = start(1);
    world.monitors[0].process().kill9();
    let before = world.auth.front.questions();
    world.prod.process().kill9();
    world.until_served(Region::Dr);
    let row = outcome_of_move(&world);
    assert_eq!((&row["kind"], &row["page"]), (&"unverified".into(), &true.into()), "{row}");
    let server = only_server(&row);
    assert_eq!(server["outcome"], "silent", "{row}");
    let why = format!("does not answer (v0: {} was not asked: it cannot be reached", world.auth.front.address());
    assert!(row["summary"].as_str().is_some_and(|summary| summary.contains(&why)), "{row}");
    assert_eq!(world.auth.front.questions(), before, "the server would have answered whoever had asked");
}

#[test]
fn vantage_points_that_take_no_questions_are_named_with_what_they_say() {
    let mut world = World::start_at(&Plan { hearing: Hearing::Proxied, ..plan(1) }, Walled::start);
    // Same length, as announced lengths must still hold; nothing of evidence holds these words.
    world.proxies[0].falsify("\"answered\"", "\"answerad\"");
    world.prod.process().kill9();
    world.until_served(Region::Dr);
    let row = outcome_of_move(&world);
    assert_eq!((&row["kind"], &row["page"]), (&"unverified".into(), &true.into()), "{row}");
    let detail = only_server(&row)["detail"].as_str().unwrap_or_default().to_owned();
    assert!(detail.starts_with("v0: ") && detail.contains("its answer cannot be used"), "{detail}");
}

#[test]
fn canary_arrives_by_way_of_a_vantage_point_inside() {
    let mut world = start(1);
    world.reconfigure(|text| text.replace("canary: { every: off }", "canary: { every: 1s }"));
    until("a canary has arrived", PATIENCE, || {
        let metrics = world.metrics();
        let success = "failover_controller_canary_last_success_timestamp_seconds{";
        let arrived = metrics.lines().filter_map(|line| line.strip_prefix(success)?.rsplit(' ').next()?.parse().ok());
        if arrived.into_iter().any(|at: f64| at > 1_700_000_000.0) { Ok(()) } else { Err(metrics) }
    });
    let counts = all_were_relayed(&world);
    assert!(counts[0] > 0, "{counts:?}");
}
