//! Services that move together, on a real server: in order, by one decision, through a crash in the middle; and pauses of
//! a group and of everything.

use serde_json::Value;
use tests::{Kind, PATIENCE, Plan, Region, World, until};

/// In the group's order: the one that fails is in the middle.
const SHOP: [&str; 3] = ["observed-1", "checkout", "observed-2"];

/// Three services in prod, adopted and in one group. Only `checkout` fails when prod dies.
fn installation() -> World {
    let mut world = World::start(&Plan { observers: 2, ..Plan::on(Kind::Knot) });
    let (prod, dr) = (world.prod.address().ip().to_string(), world.dr.address().ip().to_string());
    let bound = |text: &str| {
        let at = text.find("  - name: observed-1").expect("they are configured");
        let others = text[at..].replace(&format!("address: {prod} "), &format!("address: {dr} "));
        let group = format!("groups: [ {{ name: shop, services: [{}] }} ]\n", SHOP.join(", "));
        (text[..at].to_owned() + &others).replace("mode: observe", "mode: active") + &group
    };
    (0..world.monitors.len()).for_each(|number| world.reconfigure_monitor(number, bound));
    world.reconfigure(bound);
    for name in [SHOP[0], SHOP[2]] {
        until(&format!("{name} is adopted"), PATIENCE, || {
            let told = world.admin(&["adopt", name, "--reason", "armed"]);
            if told.0 == 0 { Ok(()) } else { Err(told) }
        });
    }
    until_at_rest(&world);
    world
}

fn until_at_rest(world: &World) {
    for name in SHOP {
        until(&format!("{name} is at rest on prod, and could go to dr"), PATIENCE, || {
            let service = show(world, name);
            let calm = service["standing"] == "held"
                && service["open"].is_null()
                && service["verification"]["running"] != true;
            let steady = service["summary"]["state"] == "steady on the preferred region";
            let regions = service["summary"]["regions"].as_array().cloned().unwrap_or_default();
            let proven = regions.len() == 2 && regions.iter().all(|region| region["proven"] == true);
            if calm && steady && proven { Ok(()) } else { Err(service) }
        });
    }
}

fn read(world: &World, args: &[&str]) -> Value {
    let (_, out, _) = world.admin(&[args, &["--output", "json"]].concat());
    serde_json::from_str(&out).unwrap_or_default()
}

fn show(world: &World, name: &str) -> Value {
    read(world, &["service", "show", name])
}

fn group(world: &World) -> Value {
    read(world, &["group", "status", "shop"])["groups"][0].clone()
}

/// The rows of all moves to dr, oldest first.
fn moves(world: &World) -> Vec<Value> {
    let page = read(world, &["history", "--after", "0", "--limit", "1000"]);
    let rows = page["rows"].as_array().cloned().unwrap_or_default();
    let begins = |row: &&Value| row["kind"] == "decided" && row["details"]["to"] == "dr";
    let decisions: Vec<Value> = rows.iter().filter(begins).map(|row| row["decision"].clone()).collect();
    rows.into_iter().filter(|row| !row["decision"].is_null() && decisions.contains(&row["decision"])).collect()
}

#[test]
fn a_group_leaves_by_one_decision_in_order_and_a_crash_in_the_middle_changes_nothing() {
    let mut world = installation();
    let (code, _, refused) = world.admin(&["failover", "checkout", "--to", "dr", "--reason", "alone"]);
    assert_eq!(code, 3, "{refused}");
    assert!(refused.contains("groupTogether") && refused.contains("group `shop`"), "{refused}");

    // The second move that is verified is that of the second member: the first has arrived, the third has not begun.
    world.controller.restart_with_failpoints(Some("during-verification=2*kill"));
    until_at_rest(&world);
    world.prod.process().kill9();
    world.controller.process().wait(PATIENCE);
    world.controller.restart_with_failpoints(None);
    until("all of the group is in dr", PATIENCE, || {
        let group = group(&world);
        let arrived = group["members"].as_array().is_some_and(|all| all.iter().all(|one| one["arrived"] == true));
        if group["active"] == "dr" && arrived { Ok(()) } else { Err(group) }
    });
    world.until_served(Region::Dr);

    let rows = moves(&world);
    let of = |kind: &str| rows.iter().filter(|row| row["kind"] == kind).cloned().collect::<Vec<_>>();
    let names = |rows: &[Value]| {
        rows.iter().map(|row| row["service"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let applied = of("applied");
    assert_eq!(names(&applied), SHOP, "each once, in the group's order: {rows:#?}");
    let decided: Vec<Value> =
        of("decided").into_iter().filter(|row| applied.iter().any(|one| one["decision"] == row["decision"])).collect();
    let decision = &decided[0]["decision"];
    assert!(decided.iter().all(|row| row["details"]["group"]["decision"] == *decision), "one decision: {decided:#?}");
    let position = |kind: &str, name: &str| {
        let found = rows.iter().find(|row| row["kind"] == kind && row["service"] == name);
        found.and_then(|row| row["position"].as_u64()).unwrap_or_else(|| panic!("{kind} of {name}: {rows:#?}"))
    };
    for pair in SHOP.windows(2) {
        assert!(position("verified", pair[0]) < position("decided", pair[1]), "{} has not arrived: {rows:#?}", pair[0]);
    }
    let story = read(&world, &["explain", applied[2]["decision"].as_str().unwrap_or_default()]).to_string();
    assert!(story.contains("with group `shop` by its decision") && story.contains("`checkout` fails there"), "{story}");
}

/// An order for all three, which all of them take.
fn bulk(world: &World, args: &[&str]) -> Value {
    let told = read(world, args);
    assert_eq!((&told["accepted"], &told["refused"]), (&Value::from(3), &Value::from(0)), "{told}");
    told
}

#[test]
fn pauses_of_a_group_and_of_everything_bind_all_and_leave_those_of_others_alone() {
    let mut world = installation();
    let (code, out, err) = world.admin(&["pause", "observed-2", "--reason", "migration"]);
    assert_eq!(code, 0, "{out}{err}");
    let told = bulk(&world, &["pause", "--all", "--reason", "storm"]);
    assert!(told.to_string().contains("paused already, and left so: by oncall until resumed: migration"), "{told}");
    world.until_status_says("with all services: storm");
    until("the fence follows", PATIENCE, || {
        let fence = world.fence();
        if tests::world::fence_value(&fence, "pause").contains("storm") { Ok(()) } else { Err(fence) }
    });

    let told = bulk(&world, &["resume", "--group", "shop", "--reason", "not the group's"]);
    assert!(told.to_string().contains("left paused, which is not the group's pause"), "{told}");
    assert!(
        show(&world, "checkout")["pause"].as_str().is_some_and(|pause| pause.contains("storm")),
        "everything stays"
    );
    bulk(&world, &["resume", "--all", "--reason", "over"]);
    for name in SHOP {
        assert!(show(&world, name)["pause"].is_null(), "{name}");
    }
    bulk(&world, &["pause", "--group", "shop", "--reason", "release", "--for", "1h"]);
    world.prod.process().kill9();
    world.until_status_says("with group `shop`: release");
    until("the first of the group holds, and says why", PATIENCE, || {
        let held = group(&world)["members"][0]["held"].clone();
        if held.as_str().is_some_and(|held| held.starts_with("groupReady") || held.starts_with("notPaused")) {
            Ok(())
        } else {
            Err(held)
        }
    });
    assert_eq!(world.served(), Some(Region::Prod));
    let (code, out, err) = world.admin(&["group", "resume", "shop", "--reason", "released"]);
    assert_eq!(code, 0, "{out}{err}");
    world.until_served(Region::Dr);
}

#[test]
fn an_ordered_move_of_a_group_is_followed_until_all_of_it_is_served() {
    let world = installation();
    let told = read(&world, &["group", "failover", "shop", "--to", "dr", "--reason", "power", "--wait"]);
    assert_eq!((&told["status"], &told["group"]["active"]), (&Value::from("done"), &Value::from("dr")), "{told}");
    assert_eq!(world.served(), Some(Region::Dr), "nothing is left to wait for");
    let (code, out, err) = world.admin(&["group", "failover", "shop", "--to", "dr", "--reason", "power", "--wait"]);
    assert_eq!(code, 3, "all of it is there: {out}{err}");
}
