//! What somebody else has changed at a target: told at once, undone later or never, as the configuration says.
//!
//! Only what would be undone is judged: a change that the source makes too, or that plans leave alone, is no drift.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dns_core::time::Timestamp;
use dns_zone::{Drifted, Follower, Ledger, Next, Patience, RecordSet, Repair, SetChange, SetKey, Settings, Step, Zone};

/// How long a provider may go on showing what was before a write.
const GRACE: Duration = Duration::from_mins(1);

/// How far back own writes are remembered: long enough that a job of somebody else that runs every hour is seen to undo them.
const AGE_MAX: Duration = Duration::from_hours(24);

/// And how many.
const COUNT_MAX: usize = 10_000;

/// What is known of one target's drift.
pub(super) struct Drifting {
    ledger: Ledger,
    patience: Patience,
    /// What should stand where somebody else has changed something.
    believed: BTreeMap<SetKey, Option<RecordSet>>,
    /// Those of them that are left as they are for now.
    held: BTreeSet<SetKey>,
    /// What was written, and not read since.
    unread: BTreeSet<SetKey>,
    /// What was written and read since, but not judged.
    unseen: BTreeSet<SetKey>,
}

impl Drifting {
    /// Nothing is known yet.
    pub(super) fn new(repair: Repair) -> Self {
        Self {
            ledger: Ledger::new(AGE_MAX, COUNT_MAX),
            patience: Patience { grace: GRACE, repair },
            believed: BTreeMap::new(),
            held: BTreeSet::new(),
            unread: BTreeSet::new(),
            unseen: BTreeSet::new(),
        }
    }

    /// Takes note of what others have changed.
    pub(super) fn seen<'c>(&mut self, changes: impl IntoIterator<Item = &'c SetChange>) {
        for change in changes {
            self.believed.entry(change.key.clone()).or_insert_with(|| change.before.clone());
        }
    }

    /// Takes note that all of the target was read.
    pub(super) fn was_read(&mut self) {
        self.unseen.append(&mut self.unread);
    }

    /// Takes note of what was written.
    pub(super) fn wrote(&mut self, changes: &[SetChange], now: Timestamp) {
        for change in changes {
            self.believed.remove(&change.key);
            self.held.remove(&change.key);
            self.unread.insert(change.key.clone());
        }
        self.ledger.wrote(changes, now);
    }

    /// Judges what would be undone: what must wait is held, what has waited long enough is let go. Says what was judged;
    /// afterwards something else may be proposed than `steps`.
    pub(super) fn judge(
        &mut self,
        steps: &[Step],
        target: &Zone,
        follower: &mut Follower,
        settings: &Settings,
        now: Timestamp,
    ) -> Vec<Drifted> {
        let proposed: BTreeMap<&SetKey, &Option<RecordSet>> =
            steps.iter().flat_map(|step| &step.changes).map(|change| (&change.key, &change.after)).collect();
        self.held.retain(|key| follower.holds(key));
        // What is neither proposed nor held is as the source has it, or nobody's business; what is proposed otherwise than it was
        // is the source's own change.
        let held = &self.held;
        self.believed.retain(|key, believed| held.contains(key) || proposed.get(key) == Some(&&*believed));
        if self.believed.is_empty() && self.unseen.is_empty() {
            return Vec::new();
        }
        let [believed, listed] = self.both(target);
        let judged = self.ledger.compare(&believed, &listed, settings, self.patience, now);
        for Drifted { change, next, .. } in &judged {
            match next {
                Next::Believe | Next::Repair => {
                    self.held.remove(&change.key);
                    follower.let_go(&change.key);
                }
                Next::Nothing | Next::Wait | Next::Keep | Next::Hold => {
                    self.held.insert(change.key.clone());
                    follower.hold(change.key.clone());
                }
            }
        }
        judged
    }

    /// What should stand in the target, and what does, as far as anything is to be learnt of it.
    fn both(&mut self, target: &Zone) -> [Zone; 2] {
        let mut both = [Zone::new(target.apex().clone()), Zone::new(target.apex().clone())];
        let keys: BTreeSet<SetKey> = self.believed.keys().cloned().chain(std::mem::take(&mut self.unseen)).collect();
        for key in keys {
            let listed = target.get(&key);
            let believed = self.believed.get(&key).map_or(listed, Option::as_ref);
            for (zone, set) in both.iter_mut().zip([believed, listed]) {
                if let Some(set) = set {
                    zone.put(key.clone(), set.clone()).expect("invariant: it is a set of the same zone");
                }
            }
        }
        both
    }
}
