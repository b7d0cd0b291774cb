//! A region is left by order: one service first, then waves, through a crash, a stop and a hold, and back again.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::{Kind, PATIENCE, Plan, World, until};

/// Beside the world's own service.
const OTHERS: usize = 11;
const ALL: usize = OTHERS + 1;

fn names() -> Vec<String> {
    let others = (1..=OTHERS).map(|number| format!("observed-{number}"));
    std::iter::once("checkout".to_owned()).chain(others).collect()
}

/// Nothing fails here, and a machine that has no time must not look as if something did: each vantage point makes two
/// dozen probes a second.
const PATIENT: &str = "interval: 1s, timeout: 1s, detection: { fall: 10, rise: 1 }, quorum: 2, readyFor: 1s, cooldown: 10m, \
                       verifyWithin: 20s";

/// A dozen services in prod, adopted, with dr proven.
fn installation() -> World {
    let plan = Plan { observers: OTHERS, policy: PATIENT.to_owned(), ..Plan::on(Kind::Knot) };
    let mut world = World::start(&plan);
    world.reconfigure(|text| text.replace("mode: observe", "mode: active"));
    for name in &names()[1..] {
        until(&format!("{name} is adopted"), PATIENCE, || {
            let (code, out, err) = world.admin(&["adopt", name, "--reason", "armed"]);
            if code == 0 { Ok(()) } else { Err((code, out, err)) }
        });
    }
    until("everything could move", PATIENCE, || {
        let told = json(&world, &["region", "evacuate", "prod", "--reason", "a look", "--preview"]);
        if told["moving"] == ALL { Ok(()) } else { Err(told) }
    });
    world
}

fn json(world: &World, args: &[&str]) -> Value {
    let (_, out, _) = world.admin(&[args, &["--output", "json"]].concat());
    serde_json::from_str(&out).unwrap_or_default()
}

fn show(world: &World) -> Value {
    json(world, &["region", "show", "prod"])
}

fn until_shown(world: &World, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    until(what, PATIENCE, || {
        let told = show(world);
        if is_so(&told) { Ok(told) } else { Err(told) }
    })
}

fn count(told: &Value, key: &str) -> usize {
    told[key].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or(usize::MAX)
}

/// How many services are in a region by what the controller read last.
fn there(world: &World, region: &str) -> usize {
    let told = json(world, &["region", "list"]);
    let found = told["regions"].as_array().into_iter().flatten().find(|one| one["name"] == region);
    found.map_or(usize::MAX, |one| count(one, "active"))
}

/// The services whose moves out of a region are in the zone, in order, with how each row is called.
fn told(world: &World, from: &str) -> Vec<(String, String)> {
    let page = json(world, &["history", "--after", "0", "--limit", "1000"]);
    let rows = page["rows"].as_array().cloned().unwrap_or_default();
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let begins =
        |row: &&Value| row["kind"] == "decided" && row["details"]["from"] == from && row["details"]["to"] != from;
    let moves: BTreeSet<String> = rows.iter().filter(begins).map(|row| text(row, "decision")).collect();
    let tells = |row: &&Value| {
        moves.contains(&text(row, "decision")) && ["applied", "verified"].iter().any(|kind| row["kind"] == *kind)
    };
    rows.iter().filter(tells).map(|row| (text(row, "service"), text(row, "kind"))).collect()
}

fn applied(world: &World, from: &str) -> Vec<String> {
    told(world, from).into_iter().filter(|(_, kind)| kind == "applied").map(|(service, _)| service).collect()
}

#[test]
fn everything_leaves_once_though_the_controller_is_killed_on_the_way() {
    let mut world = installation();
    until("a preview tells of all in waves", PATIENCE, || {
        let (code, out, err) = world.admin(&["region", "evacuate", "prod", "--reason", "a look", "--preview"]);
        let all = out.contains("12 would move, 0 be held, 0 stay") && out.contains("3 waves");
        if code == 0 && all { Ok(()) } else { Err((code, out, err)) }
    });
    assert_eq!(applied(&world, "prod"), Vec::<String>::new(), "a preview moves nothing");
    let (code, _, err) = world.admin(&["region", "evacuate", "prod", "--reason", "power"]);
    assert!(code == 2 && err.contains("--yes"), "nobody can be asked: {code} {err}");

    let order = ["region", "evacuate", "prod", "--to", "dr", "--reason", "power", "--wave-max", "3", "--yes"];
    let (code, out, err) = world.admin(&order);
    assert_eq!(code, 0, "{out}{err}");
    until_shown(&world, "somebody is served", |told| count(told, "served") >= 1 && count(told, "served") <= ALL);
    world.controller.process().kill9();
    world.controller.restart();
    // There is one already, and nothing has stopped it; or it has ended, and nobody is left.
    for refused in [&order[..], &["region", "resume", "prod", "--reason", "is it running?"]] {
        until("it is refused", PATIENCE, || {
            let (code, out, err) = world.admin(refused);
            if code == 3 { Ok(()) } else { Err((code, out, err)) }
        });
    }

    let told_at_last = until_shown(&world, "it is over", |told| told["stage"] == "ended");
    assert_eq!(count(&told_at_last, "served"), ALL, "{told_at_last}");
    assert_eq!((there(&world, "dr"), there(&world, "prod")), (ALL, 0));
    let moved = applied(&world, "prod");
    let distinct: BTreeSet<&String> = moved.iter().collect();
    assert_eq!((moved.len(), distinct.len()), (ALL, ALL), "each once: {moved:?}");
    let rows = told(&world, "prod");
    assert_eq!((rows[0].1.as_str(), rows[1].1.as_str()), ("applied", "verified"), "one before all others: {rows:?}");
    assert_eq!(rows[0].0, rows[1].0, "{rows:?}");
    assert!(world.fence_value("pin").contains("oncall"), "{}", world.fence());
    let story = world.history().iter().any(|row| row["summary"].to_string().contains("evacuation of `prod`"));
    assert!(story, "history names it");
}

#[test]
fn stops_goes_on_holds_what_is_paused_and_comes_back() {
    let mut world = installation();
    // Nothing is answered: the first one stays on its way until the operator has stopped it.
    world.auth.primary().sigstop();
    let (code, out, err) = world.admin(&["region", "evacuate", "prod", "--reason", "power", "--yes"]);
    assert_eq!(code, 0, "{out}{err}");
    let (code, out, err) = world.admin(&["region", "stop", "prod", "--reason", "not yet"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("stopped by oncall"), "{out}");
    world.auth.primary().sigcont();
    until_shown(&world, "what was on its way has ended", |told| count(told, "moving") == 0);
    assert!(applied(&world, "prod").len() <= 1, "nothing more has begun");

    let (code, out, err) = world.admin(&["pause", "observed-3", "--reason", "a disk is being changed"]);
    assert_eq!(code, 0, "{out}{err}");
    let (code, out, err) = world.admin(&["region", "resume", "prod", "--reason", "now", "--wait"]);
    assert_eq!(code, 3, "one is held: {out}{err}");
    assert!(out.contains("observed-3") && out.contains("notPaused"), "{out}");
    let told = show(&world);
    assert_eq!((count(&told, "served"), count(&told, "heldCount"), &told["page"]), (ALL - 1, 1, &Value::Bool(true)));
    world.until_status_says("PAGE evacuation of prod stopped");
    world.until_metric("failover_controller_evacuation_stopped{region=\"prod\"} 1");
    let (code, _, err) = world.admin(&["failback", "checkout", "--reason", "too early"]);
    assert!(code == 3 && err.contains("regionEvacuated"), "nothing comes in meanwhile: {code} {err}");

    let (code, out, err) = world.admin(&["resume", "observed-3", "--reason", "changed"]);
    assert_eq!(code, 0, "{out}{err}");
    let (code, out, err) = world.admin(&["region", "resume", "prod", "--reason", "the last one", "--wait"]);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!((there(&world, "dr"), there(&world, "prod")), (ALL, 0));
    let back = ["region", "return", "prod", "--reason", "power is back", "--override", "cooledDown", "--wait"];
    let (code, out, err) = world.admin(&back);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!((there(&world, "dr"), there(&world, "prod")), (0, ALL));
    assert_eq!(world.fence_value("pin"), "", "whoever returns is unpinned: {}", world.fence());
}
