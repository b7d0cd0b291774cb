//! What was written lately, of each zone and of all together: one window, of which each target reserves what it is about to write.
//!
//! Nothing of it is kept on disk: a restart begins with an empty window. What makes that bearable is that a zone's limits for each push and
//! its `shrink` hold from the first push on.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dns_service::clock::Clock;
use dns_zone::{Kind, Limits, Overspent, PairId, Reserved, SetChange, SetKey, Step, Tally, Window};

use super::metering;

/// How far back writes count. Generators run every few minutes and sources are read every minute, so that one that goes wrong
/// shows within it several times over, while people who watch what they do wait no longer than that.
const WINDOW: Duration = Duration::from_hours(1);

/// What all zones at all targets had written lately. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Together {
    window: Arc<Mutex<Window>>,
    clock: Clock,
}

/// One target's part in it.
#[derive(Debug)]
pub(super) struct Part {
    together: Together,
    pair: PairId,
}

impl Together {
    /// Nothing was written yet.
    pub(super) fn new(limits: Limits, clock: Clock) -> Self {
        Self { window: Arc::new(Mutex::new(Window::new(WINDOW, limits))), clock }
    }

    /// One more target, with the limits of its zone.
    pub(super) fn add(&self, limits: Limits) -> Part {
        Part { together: self.clone(), pair: self.lock().add(limits) }
    }

    /// Measures what counts, and how much may.
    pub(super) fn meter(&self) {
        let mut window = self.lock();
        let Tally { existing: _, creates, updates, deletes } = window.lately(self.clock.now());
        let most = window.most();
        drop(window);
        let kinds = [(Kind::Create, creates), (Kind::Update, updates), (Kind::Delete, deletes)];
        for ((kind, count), most) in kinds.into_iter().zip(most) {
            metering::together(kind, count, most);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Window> {
        // What panicked in between had counted too much at the most: nothing is given back before it is known not to be written.
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Part {
    /// How many sets the target has.
    pub(super) fn has_sets(&self, existing: u64) {
        self.together.lock().has_sets(self.pair, existing);
    }

    /// Reserves what is about to be written. What a failover controller moves is not counted: it has limits of its own, and a
    /// generator that has used up these must not keep a service from leaving a region.
    ///
    /// # Errors
    /// The limits that it exceeds.
    pub(super) fn reserve(&self, existing: u64, steps: &[Step]) -> Result<Reserved, Vec<Overspent>> {
        let counted = steps.iter().filter(|step| step.service.is_none());
        let now = self.together.clock.now();
        self.together.lock().reserve(self.pair, existing, counted.flat_map(|step| &step.changes), now)
    }

    /// What became of it: what may have been written counts.
    pub(super) fn settle(&self, reserved: Reserved, written: &[SetChange]) {
        let keys: BTreeSet<&SetKey> = written.iter().map(|change| &change.key).collect();
        let now = self.together.clock.now();
        self.together.lock().settle(reserved, |key| keys.contains(key), now);
    }
}
