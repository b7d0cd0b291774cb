//! The second person, end to end: an order waits for one over a restart, and both are known wherever the move is told.

use serde_json::Value;
use tests::{Kind, PATIENCE, Plan, Region, World, until};

/// The token of ben.
pub(crate) const BEN: &str = "another-token-for-tests";

/// A world whose policy wants a second person for orders to move, and in which ben is another operator than oncall.
pub(crate) fn demanding(within: &str) -> World {
    let mut world = World::start(&Plan::on(Kind::Knot));
    world.sandbox.write("ben.token", format!("{BEN}\n"));
    let ben = format!("{{ name: ben, role: operator, file: {} }}", token(&world));
    world.reconfigure(|text| {
        let policy = format!("fast: {{ approval: {{ orders: [failover, failback], within: {within} }}, ");
        text.replace("fast: { ", &policy)
            .replace("    - { name: viewer,", &format!("    - {ben}\n    - {{ name: viewer,"))
    });
    world.until_state("steady on the preferred region");
    world.until_proven(Region::Dr);
    world
}

fn token(world: &World) -> String {
    world.sandbox.path().join("ben.token").display().to_string()
}

/// Orders the failover as oncall; what it waits as.
pub(crate) fn order(world: &World) -> String {
    let line = ["failover", "checkout", "--to", "dr", "--reason", "prod is slow", "-o", "json"];
    let (code, out, err) = world.admin(&line);
    assert_eq!(code, 6, "{out}{err}");
    let answer: Value = serde_json::from_str(&out).expect("JSON");
    answer["awaitingApproval"]["approval"].as_str().unwrap_or_else(|| panic!("no approval: {answer}")).to_owned()
}

fn approve(world: &World, id: &str, more: &[&str]) -> (i32, String) {
    let (code, out, err) = world.admin(&[&["approve", id, "--reason", "seen it too"], more].concat());
    (code, out + &err)
}

#[test]
fn an_order_waits_over_a_restart_until_another_person_agrees() {
    let mut world = demanding("15m");
    let epoch = world.fence_number("epoch");
    let id = order(&world);
    world.until_status_says("waits for a second person until");
    let (code, told) = approve(&world, &id, &[]);
    assert_eq!(code, 3, "{told}");
    assert!(told.contains("somebody else must agree"), "{told}");

    world.controller.process().kill9();
    world.controller.restart();
    until("it is listed after the restart", PATIENCE, || {
        let (_, out, err) = world.admin(&["approve", "--list"]);
        if out.contains(&id) && out.contains("anybody but `oncall`") { Ok(()) } else { Err(out + &err) }
    });
    world.until_proven(Region::Dr);
    world.until_state("steady on the preferred region");
    assert_eq!((world.fence_number("epoch"), world.served_whole()), (epoch, Region::Prod), "nothing was decided");

    let ben = token(&world);
    let (code, told) = approve(&world, &id, &["--token-file", &ben]);
    assert_eq!(code, 0, "{told}");
    world.until_moved_whole(Region::Dr);
    assert!(world.fence_value("pin").starts_with("oncall,approved%20by%20ben:%20prod"), "{}", world.fence());
    let (code, told) = approve(&world, &id, &["--token-file", &ben]);
    assert_eq!(code, 3, "{told}");
    assert!(told.contains("nothing waits") && told.contains("`ben` approved"), "{told}");
    assert_eq!(approve(&world, "0000", &[]).0, 1, "an id that nothing waited as");

    let approved = world.until_history("approved");
    let decision = approved["details"]["decision"].as_str().expect("it led to one");
    let (code, told, err) = world.admin(&["explain", decision]);
    assert_eq!(code, 0, "{err}");
    assert!(told.contains("approved by `ben`"), "{told}");
}

#[test]
fn an_order_that_nobody_agrees_to_in_time_lapses_and_the_one_who_waits_is_told() {
    let world = demanding("1s");
    let line = ["failover", "checkout", "--to", "dr", "--reason", "prod is slow", "--wait"];
    let (code, out, err) = world.admin(&line);
    assert_eq!(code, 3, "{out}{err}");
    assert!(err.contains("lapsed: no second person approved it within 1 s"), "{err}");
    assert_eq!(world.served_whole(), Region::Prod);
}

#[test]
fn a_move_by_hand_is_acknowledged_by_another_than_who_tells_of_it() {
    let world = demanding("15m");
    let record = world.sandbox.path().join("record.json").display().to_string();
    let config = world.config.display().to_string();
    let line = ["break-glass", "checkout", "--to", "dr", "--reason", "no controller", "--by", "carl", "--yes"];
    let (code, out, err) = world.admin(&[&line[..], &["--config", &config, "--record", &record]].concat());
    assert_eq!(code, 0, "{out}{err}");
    world.until_history("followed");
    for _ in 0..2 {
        let (code, out, err) = world.admin(&["history", "import", &record]);
        assert_eq!(code, 0, "{out}{err}");
    }
    let asked = world.until_history("approvalAsked");
    assert_eq!(asked["page"], true, "{asked}");
    world.until_status_says("that `carl` made by hand waits for a second person");
    let id = asked["decision"].as_str().expect("an id");
    assert_eq!(approve(&world, id, &[]).0, 3, "who tells of it has no second voice");
    let (code, told) = approve(&world, id, &["--token-file", &token(&world)]);
    assert_eq!(code, 0, "{told}");
    until("nobody waits any more", PATIENCE, || {
        let (_, out, err) = world.admin(&["approve", "--list"]);
        if out.starts_with("nothing waits") { Ok(()) } else { Err(out + &err) }
    });
    assert_eq!(world.history_kinds().iter().filter(|kind| *kind == "approvalAsked").count(), 1, "asked once");
}
