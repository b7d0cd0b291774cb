//! What the plans of a run come to together.

use std::collections::BTreeMap;
use std::fmt;

use crate::limit::Tally;
use crate::owner::Owner;
use crate::plan::Plan;

/// How a zone stands, by the plan of it that says most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    Stopped,
    Changes,
    Quiet,
}

impl Standing {
    pub(super) fn of(plan: &Plan) -> Self {
        match (plan.stopped_by(&[].into()).is_empty(), plan.steps.is_empty()) {
            (false, _) => Self::Stopped,
            (true, false) => Self::Changes,
            (true, true) => Self::Quiet,
        }
    }
}

/// How many zones there are, and what is to be done to them at all targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    changes: usize,
    stopped: usize,
    quiet: usize,
    tally: Tally,
}

impl Totals {
    /// Counts each zone once, wherever it goes.
    pub fn of(plans: &[Plan]) -> Self {
        let mut zones: BTreeMap<&Owner, Standing> = BTreeMap::new();
        for plan in plans {
            let standing = Standing::of(plan);
            zones.entry(&plan.zone).and_modify(|most| *most = standing.min(*most)).or_insert(standing);
        }
        let count = |standing| zones.values().filter(|one| **one == standing).count();
        Self {
            changes: count(Standing::Changes),
            stopped: count(Standing::Stopped),
            quiet: count(Standing::Quiet),
            tally: plans.iter().map(|plan| plan.tally).sum(),
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { changes, stopped, quiet, tally } = self;
        let plural = |count: u64, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
        let zones = plural((changes + stopped + quiet) as u64, "zone");
        write!(f, "{zones}: {changes} to change, {quiet} unchanged")?;
        if *stopped > 0 {
            write!(f, ", {stopped} stopped")?;
        }
        let Tally { existing: _, creates, updates, deletes } = *tally;
        let [creates, updates, deletes] =
            [(creates, "create"), (updates, "update"), (deletes, "delete")].map(|(count, word)| plural(count, word));
        write!(f, "; {creates}, {updates}, {deletes}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{settings, zone};
    use crate::plan::plan;

    #[test]
    fn a_zone_counts_once_by_the_target_that_needs_most() {
        let of = |source: &[&str], target: &[&str]| plan(&zone(source), &zone(target), &settings());
        let (equal, changes) = (of(&["a A 1"], &["a A 1"]), of(&["a A 1", "b A 1"], &["a A 2"]));
        let stopped = of(&[], &["a A 1"]);
        let told = |plans: &[&Plan]| Totals::of(&plans.iter().copied().cloned().collect::<Vec<_>>()).to_string();
        assert_eq!(told(&[&equal]), "1 zone: 0 to change, 1 unchanged; 0 creates, 0 updates, 0 deletes");
        assert_eq!(told(&[&equal, &changes]), "1 zone: 1 to change, 0 unchanged; 1 create, 1 update, 0 deletes");
        let mut other = equal.clone();
        other.zone = "other.test.".parse().expect("a name");
        assert_eq!(
            told(&[&stopped, &changes, &other]),
            "2 zones: 0 to change, 1 unchanged, 1 stopped; 1 create, 1 update, 1 delete"
        );
    }
}
