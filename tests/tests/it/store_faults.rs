//! The store fails: a full disk, a lock, damage. Nothing is decided without it, everyone is told in words, no process
//! ends and is started again and again, and when the store is back the controller goes on by itself.

mod damage;
mod full_disk;
mod locked;
mod one_service;

use serde_json::Value;
use tests::{PATIENCE, Region, World, until};

/// How the log begins its one line about a store that does not work.
const TOLD: &str = "the store does not work";

/// Waits until everything that people and alerts look at says that the store does not work, and why.
///
/// # Panics
///
/// When something does not within [`PATIENCE`].
fn until_told(world: &World, words: &str) {
    let store = world.store().file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    until(&format!("/readyz says `{words}`"), PATIENCE, || {
        let answer = world.controller.get("/readyz").map_err(|error| (0, error))?;
        let says = answer.status == 503 && answer.body.contains(words) && answer.body.contains(&store);
        if says { Ok(()) } else { Err((answer.status, answer.body)) }
    });
    assert_eq!(world.controller.get("/healthz").expect("it answers").status, 200, "it must not be started again");
    until(&format!("the status pages for `{words}`"), PATIENCE, || {
        let (_, out, err) = world.admin(&["status"]);
        let headline = out.lines().next().unwrap_or_default().to_owned();
        if headline.starts_with("PAGE: ") && headline.contains(words) { Ok(()) } else { Err(out + &err) }
    });
    world.until_metric("failover_controller_store_up 0");
    world.until_metric("failover_controller_page{service=\"checkout\"} 1");
}

/// Waits until nothing says so any more.
///
/// # Panics
///
/// When something does after [`PATIENCE`].
fn until_over(world: &mut World) {
    world.controller.until_ready();
    world.until_metric("failover_controller_store_up 1");
    let (_, out, _) = world.admin(&["status", "--output", "json"]);
    let status: Value = serde_json::from_str(&out).unwrap_or_default();
    assert_eq!(status["storeError"], Value::Null, "{out}");
}

/// How often the log has told of a store that does not work.
fn tellings(world: &World) -> usize {
    world.controller.log().lines().filter(|line| line.contains(TOLD)).count()
}

/// Waits until the store was tried this many times more.
fn until_tried(world: &World, more: u64) {
    let failures = || {
        let metrics = world.metrics();
        let line = metrics.lines().find_map(|line| line.strip_prefix("failover_controller_store_failures_total "));
        line.and_then(|count| count.parse::<u64>().ok()).unwrap_or_default()
    };
    let before = failures();
    until("the store was tried again", PATIENCE, || {
        let now = failures();
        if now >= before + more { Ok(()) } else { Err((before, now)) }
    });
}

/// The service was moved once, and history tells all of it.
fn until_moved_once(world: &World, before: crate::crash::aftermath::Before, watch: tests::world::Watch) {
    world.until_moved_whole(Region::Dr);
    world.until_state("cooling down");
    world.until_served(Region::Dr);
    let decisions = crate::crash::aftermath::aftermath(world, before, &watch.end(), &[Region::Prod, Region::Dr]);
    let applied = decisions.iter().filter(|decision| decision.end == "applied").count();
    assert_eq!(applied, 1, "{decisions:#?}");
}
