//! `limits:`: how much a plan may change before somebody has to say so, by the names that `--force` lifts them by.

use dns_core::share::Share;

use crate::config::sync::{BoundConfig, BoundsConfig, LimitsConfig};
use crate::config::tree::{Map, Spot, if_given};

/// All keys. Those of all zones together are known in a zone, too, so that it can be said where they belong.
const KEYS: &[&str] = &[
    "creates",
    "createsShare",
    "updates",
    "updatesShare",
    "deletes",
    "deletesShare",
    "shrink",
    "allCreates",
    "allCreatesShare",
    "allUpdates",
    "allUpdatesShare",
    "allDeletes",
    "allDeletesShare",
];

/// What `sync.limits` says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    /// Of each zone.
    pub(super) zone: LimitsConfig,
    /// Of all zones together.
    pub(super) all: BoundsConfig,
}

/// Reads `sync.limits`.
pub(super) fn read(spot: &Spot<'_>) -> Option<Limits> {
    let map = spot.map(KEYS)?;
    let (zone, all) = (zone(&map), bounds(&map, ["allCreates", "allUpdates", "allDeletes"]));
    Some(Limits { zone: zone?, all: all? })
}

/// Reads the limits of one zone.
pub(super) fn read_of_zone(spot: &Spot<'_>) -> Option<LimitsConfig> {
    let map = spot.map(KEYS)?;
    let is_of_all = |key: &Spot<'_>| key.text().is_some_and(|key| key.starts_with("all"));
    let mut misplaced = map.entries().iter().map(|(key, _)| key).filter(|key| is_of_all(key)).peekable();
    let is_sound = misplaced.peek().is_none();
    misplaced.for_each(|key| key.fault_with_hint("is about all zones together", "write it under `sync.limits`"));
    zone(&map).filter(|_| is_sound)
}

fn zone(map: &Map<'_>) -> Option<LimitsConfig> {
    let bounds = bounds(map, ["creates", "updates", "deletes"]);
    let shrink = if_given(map.optional("shrink"), |spot| share(&spot));
    Some(LimitsConfig { bounds: bounds?, shrink: shrink? })
}

fn bounds(map: &Map<'_>, [creates, updates, deletes]: [&str; 3]) -> Option<BoundsConfig> {
    let (creates, updates, deletes) = (bound(map, creates), bound(map, updates), bound(map, deletes));
    Some(BoundsConfig { creates: creates?, updates: updates?, deletes: deletes? })
}

fn bound(map: &Map<'_>, key: &str) -> Option<BoundConfig> {
    let count = if_given(map.optional(key), |spot| count(&spot));
    let share = if_given(map.optional(&format!("{key}Share")), |spot| share(&spot));
    Some(BoundConfig { count: count?, share: share? })
}

fn count(spot: &Spot<'_>) -> Option<u64> {
    let text = spot.text()?;
    let number = text.parse().ok().filter(|number| *number > 0);
    if number.is_none() {
        let hint = "record sets, such as `100`; left out, it has its default";
        spot.fault_with_hint(format!("`{text}` is not a whole number above zero"), hint);
    }
    number
}

fn share(spot: &Spot<'_>) -> Option<Share> {
    let text = spot.text()?;
    let share = text.parse();
    if share.is_err() {
        let hint = "percent of the record sets that are there, such as `30%`; left out, it has its default";
        spot.fault_with_hint(format!("`{text}` is not a share from 1% to 100%"), hint);
    }
    share.ok()
}
