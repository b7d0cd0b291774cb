//! Many services of one region: all of them leave by themselves, one first, and of a part somebody is asked.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::{Kind, PATIENCE, Plan, Region, World, until};

/// Beside the world's own service.
const OTHERS: usize = 5;

fn names() -> Vec<String> {
    let others = (1..=OTHERS).map(|number| format!("observed-{number}"));
    std::iter::once("checkout".to_owned()).chain(others).collect()
}

/// Six services in prod, adopted, with a radius that lets nobody go for free.
fn installation() -> World {
    let mut world = World::start(&Plan { observers: OTHERS, ..Plan::on(Kind::Knot) });
    let radius = "blastRadius: { services: 0, share: 10%, regionLoss: 80% }\n";
    world.reconfigure(|text| format!("{}{radius}", text.replace("mode: observe", "mode: active")));
    for name in &names()[1..] {
        until(&format!("{name} is adopted"), PATIENCE, || {
            let (code, out, err) = world.admin(&["adopt", name, "--reason", "armed"]);
            if code == 0 { Ok(()) } else { Err((code, out, err)) }
        });
    }
    for name in names() {
        until(&format!("{name} is at rest on prod, and could go to dr"), PATIENCE, || {
            let service = show(&world, &name);
            let calm = service["standing"] == "held" && service["open"].is_null();
            let steady = service["summary"]["state"] == "steady on the preferred region";
            let regions = service["summary"]["regions"].as_array().cloned().unwrap_or_default();
            let proven = regions.len() == 2 && regions.iter().all(|region| region["proven"] == true);
            if calm && steady && proven { Ok(()) } else { Err(service) }
        });
    }
    world
}

fn show(world: &World, name: &str) -> Value {
    let (_, out, _) = world.admin(&["service", "show", name, "--output", "json"]);
    serde_json::from_str(&out).unwrap_or_default()
}

/// What history tells of moves that nobody ordered and that were sent, as (service, kind): when each was in the zone and
/// when it was verified.
fn told(world: &World) -> Vec<(String, String)> {
    let (_, out, _) = world.admin(&["history", "--after", "0", "--limit", "1000", "--output", "json"]);
    let page: Value = serde_json::from_str(&out).unwrap_or_default();
    let rows = page["rows"].as_array().cloned().unwrap_or_default();
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let begins = |row: &&Value| row["kind"] == "decided" && text(row, "summary").starts_with("failover from `prod`");
    let moves: BTreeSet<String> = rows.iter().filter(begins).map(|row| text(row, "decision")).collect();
    let tells = |row: &&Value| {
        moves.contains(&text(row, "decision")) && ["applied", "verified"].iter().any(|kind| row["kind"] == *kind)
    };
    rows.iter().filter(tells).map(|row| (text(row, "service"), text(row, "kind"))).collect()
}

#[test]
fn lost_region_is_left_by_one_and_by_the_others_when_that_one_has_arrived() {
    let mut world = installation();
    world.prod.process().kill9();
    for name in names() {
        until(&format!("{name} is in dr"), PATIENCE, || {
            let service = show(&world, &name);
            if service["summary"]["active"] == "dr" { Ok(()) } else { Err(service["summary"].clone()) }
        });
    }
    let told = told(&world);
    let first = told.first().cloned().expect("somebody moved");
    assert_eq!(first.1, "applied", "{told:?}");
    assert_eq!(told.get(1), Some(&(first.0, "verified".to_owned())), "nobody before it has arrived: {told:?}");
    let applied = told.iter().filter(|(_, kind)| kind == "applied").count();
    assert_eq!(applied, names().len(), "each once: {told:?}");
}

#[test]
fn part_of_a_region_waits_until_its_extent_has_shown_and_moves_by_hand() {
    let mut world = installation();
    // The others' endpoints live on.
    let (prod, dr) = (world.prod.address().ip().to_string(), world.dr.address().ip().to_string());
    let elsewhere = |text: &str| {
        let at = text.find("  - name: observed-1").expect("they are configured");
        text[..at].to_owned() + &text[at..].replace(&format!("address: {prod} "), &format!("address: {dr} "))
    };
    (0..world.monitors.len()).for_each(|number| world.reconfigure_monitor(number, elsewhere));
    world.reconfigure(elsewhere);
    world.until_proven(Region::Dr);
    world.prod.process().kill9();
    world.until_status_says("it waits its turn");
    assert_eq!(told(&world), [], "one of six is a part, and nobody may leave for free");
    let (code, out, err) = world.admin(&["failover", "checkout", "--to", "dr", "--reason", "we know of it"]);
    assert_eq!(code, 0, "{out}{err}");
    world.until_served(Region::Dr);
}
