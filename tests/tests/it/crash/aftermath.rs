//! What must hold after any crash, whatever was interrupted and however.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::{PATIENCE, Region, World, until};

/// The kinds of rows that end a decision.
const ENDS: [&str; 6] = ["applied", "expired", "burned", "conflicted", "denied", "unreachable"];

/// The fence before the crash; zero without one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    epoch: u64,
    rev: u64,
    rows: usize,
}

impl Before {
    /// Before anything was written.
    pub(crate) const NONE: Self = Self { epoch: 0, rev: 0, rows: 0 };

    pub(crate) fn of(world: &World) -> Self {
        let number = |key| world.fence_value(key).parse().unwrap_or_default();
        Self { epoch: number("epoch"), rev: number("rev"), rows: world.history().len() }
    }
}

/// A decision and how it ended.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) end: String,
    pub(crate) summary: String,
}

impl Decision {
    /// Whether it gives the records or their fence another epoch.
    fn counts(&self) -> bool {
        matches!(self.kind.as_str(), "failover" | "failback" | "adopt")
    }
}

/// Waits until the service rests, and looks that nothing was lost, doubled or mixed. Returns the decisions that were
/// made since `before`, oldest first.
///
/// # Panics
///
/// When something was.
pub(crate) fn aftermath(world: &World, before: Before, seen: &[Region], expected: &[Region]) -> Vec<Decision> {
    until_at_rest(world);
    assert_eq!(seen, expected, "the records were in these regions, one after the other: {:#?}", world.history());
    let rows = world.history();
    let decisions = decisions_in_a_whole_history(&rows);
    let ours: BTreeSet<&str> = rows.iter().skip(before.rows).filter_map(|row| row["decision"].as_str()).collect();
    let since: Vec<Decision> = decisions.into_iter().filter(|decision| ours.contains(decision.id.as_str())).collect();
    the_fence_counted_each_write_once(world, before, &since);
    assert_eq!(outbox(world), "", "nothing is left in the outbox");
    since
}

fn until_at_rest(world: &World) {
    until("the service rests by itself", PATIENCE, || {
        let service = world.service();
        let state = service["summary"]["state"].as_str().unwrap_or_default().to_owned();
        let rests = service["open"].is_null() && service["standing"] != "unread";
        let busy = matches!(state.as_str(), "" | "flipping" | "verifying" | "unknown");
        // The verification of a write that moved nothing is no state of the machine.
        let verifying = service["verification"]["running"] == true;
        if rests && !busy && !verifying { Ok(()) } else { Err(service["summary"].clone()) }
    });
}

/// Every row is there, and every decision has one beginning, one end, and in between what belongs there.
fn decisions_in_a_whole_history(rows: &[Value]) -> Vec<Decision> {
    let positions: Vec<u64> = rows.iter().filter_map(|row| row["position"].as_u64()).collect();
    let whole: Vec<u64> = (1..).take(rows.len()).collect();
    assert_eq!(positions, whole, "history has no holes: {rows:#?}");
    let decided = rows.iter().filter(|row| row["kind"] == "decided");
    let decisions: Vec<Decision> = decided.map(|row| decision(rows, row)).collect();
    let known: BTreeSet<&str> = decisions.iter().map(|decision| decision.id.as_str()).collect();
    let stray = rows.iter().find(|row| row["decision"].as_str().is_some_and(|id| !known.contains(id)));
    assert!(stray.is_none(), "a row of a decision that was never made: {stray:?}");
    assert_eq!(known.len(), decisions.len(), "a decision was made twice: {rows:#?}");
    decisions
}

fn decision(rows: &[Value], decided: &Value) -> Decision {
    let id = decided["decision"].as_str().expect("a decision has an id").to_owned();
    let own: Vec<&Value> = rows.iter().filter(|row| row["decision"] == *id).collect();
    let kinds: Vec<&str> = own.iter().map(|row| row["kind"].as_str().unwrap_or_default()).collect();
    let ends: Vec<usize> = (0..kinds.len()).filter(|at| ENDS.contains(&kinds[*at])).collect();
    let [end] = ends.as_slice() else { panic!("{id} ended {} times: {kinds:?}", ends.len()) };
    let (way, after) = (&kinds[1..*end], &kinds[end + 1..]);
    assert_eq!(kinds.first(), Some(&"decided"), "{id}: {kinds:?}");
    let permits = way.iter().filter(|kind| **kind == "permitted").count();
    let sent = usize::from(kinds[*end] != "expired");
    assert_eq!(permits, sent, "{id} has one permit if it was sent and none if it expired: {kinds:?}");
    assert!(way.iter().all(|kind| matches!(*kind, "permitted" | "outcomeUnknown")), "{id}: {kinds:?}");
    let kind = decided["details"]["kind"].as_str().unwrap_or_default().to_owned();
    let moved = kinds[*end] == "applied" && matches!(kind.as_str(), "failover" | "failback");
    assert!(after.iter().all(|kind| matches!(*kind, "verified" | "unverified")), "{id}: {kinds:?}");
    assert_eq!(moved && after.len() == 1, moved, "the verification of the move {id} is told once: {kinds:?}");
    let summary = own[*end]["summary"].as_str().unwrap_or_default().to_owned();
    Decision { id, kind, end: kinds[*end].to_owned(), summary }
}

/// Each write that arrived has raised the rev by one, each move the epoch, and nothing else has.
fn the_fence_counted_each_write_once(world: &World, before: Before, decisions: &[Decision]) {
    let number = |key| world.fence_value(key).parse::<u64>().unwrap_or_default();
    let applied = || decisions.iter().filter(|decision| decision.end == "applied");
    let moves = applied().filter(|decision| decision.counts()).count() as u64;
    assert_eq!(number("epoch"), before.epoch + moves, "epoch: {} after {decisions:#?}", world.fence());
    // An adoption that was waited out is the one write that is burned without writing.
    let burns = decisions.iter().filter(|decision| decision.end == "burned" && decision.kind != "adopt").count();
    let writes = (applied().count() + burns) as u64;
    assert_eq!(number("rev"), before.rev + writes, "rev: {} after {decisions:#?}", world.fence());
    if let Some(last) = decisions.last().filter(|last| last.end == "applied") {
        assert_eq!(world.fence_value("write"), last.id, "the fence is the last write's: {}", world.fence());
    }
}

/// What the outbox holds, read from a copy: a path through another mount namespace means another file to SQLite.
fn outbox(world: &World) -> String {
    let copy = world.sandbox.path().join("outbox.db");
    for ending in ["", "-wal"] {
        let (from, to) = (format!("{}{ending}", world.store().display()), format!("{}{ending}", copy.display()));
        std::fs::copy(&from, to).unwrap_or_else(|error| panic!("{from}: {error}"));
    }
    let sql = "SELECT id, stage FROM outbox";
    tests::command::run("sqlite3", [copy.display().to_string().as_str(), sql], "").expect("the outbox is read")
}
