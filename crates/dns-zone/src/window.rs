//! The limits for one who writes again and again: what was written lately counts, too.
//!
//! Each push of a daemon is small, and keeps the limits by itself. A generator that damages a source a little every minute keeps them
//! all, and so does one that damages all sources at once. So what was written within a window is added up, of each zone at each
//! target and of all of them together, and the push under consideration with it. Whatever may have been written is reserved before
//! it is sent and settled once it is known: what nobody settles counts as written.
//!
//! Sets are counted, not writes: one that is changed every minute counts once. What came within the window and goes again took
//! nothing away that had stood, so only its coming counts: what proves to a certificate authority that a name is ours comes
//! and goes all day. What a failover controller moves counts for nothing here, since it has limits of its own: whoever asks
//! leaves it out.
//!
//! No clock: `now` never goes back.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use dns_core::time::Timestamp;

use crate::change::{Kind, SetChange};
use crate::limit::{Bounds, Exceeded, Force, Limits, Scope, Tally};
use crate::record_set::SetKey;

/// What is too old is forgotten so many times within a window, and whenever something would exceed a limit.
const FORGET_TIMES: u32 = 60;

/// What all zones at all targets had written lately.
#[derive(Debug)]
pub struct Window {
    length: Duration,
    limits: Limits,
    pairs: Vec<Pair>,
    forgotten: Timestamp,
}

/// One zone at one target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairId(usize);

#[derive(Debug)]
struct Pair {
    limits: Limits,
    /// How many sets it has.
    existing: u64,
    touched: BTreeMap<SetKey, Touched>,
    /// How many of them count, some of which may be too old.
    marks: Tally,
}

/// When a set was last changed within the window, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Touched {
    /// It was not there when the window began.
    Came(Timestamp),
    /// It was.
    Changed(Marks),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Marks {
    created: Option<Timestamp>,
    updated: Option<Timestamp>,
    deleted: Option<Timestamp>,
}

/// Changes that count as written until they are settled.
#[derive(Debug)]
#[must_use = "what is not settled counts as written"]
pub struct Reserved {
    pair: PairId,
    sets: Vec<(SetKey, Kind, Option<Touched>)>,
}

/// A limit that a push would exceed together with what was written lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overspent {
    /// The limit, with what counts towards it.
    pub exceeded: Exceeded,
    /// How far back that reaches.
    pub within: Duration,
}

impl fmt::Display for Overspent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Exceeded { limit, found, existing, max } = self.exceeded;
        let (unit, minutes) = (if self.exceeded.is_share() { " %" } else { "" }, self.within.as_secs() / 60);
        let whose = if limit.scope() == Some(Scope::All) { " of all zones" } else { "" };
        write!(
            f,
            "{limit}: {found} of {existing} record sets{whose} within {minutes} min, allowed are {max}{unit}; \
             it goes on when there is room"
        )
    }
}

impl Window {
    /// Nothing was written yet. Of `limits` those of all zones count.
    pub fn new(length: Duration, limits: Limits) -> Self {
        Self { length, limits, pairs: Vec::new(), forgotten: Timestamp::from_millis(0) }
    }

    /// One more zone at one target. Of `limits` those of a zone count.
    pub fn add(&mut self, limits: Limits) -> PairId {
        self.pairs.push(Pair { limits, existing: 0, touched: BTreeMap::new(), marks: Tally::default() });
        PairId(self.pairs.len() - 1)
    }

    /// How many sets a pair has: shares are counted of those that are there.
    pub fn has_sets(&mut self, PairId(pair): PairId, existing: u64) {
        self.pairs[pair].existing = existing;
    }

    /// Reserves what is about to be written to a pair that has so many sets, and of which nothing else is reserved.
    ///
    /// # Errors
    /// The limits that it exceeds together with what was written lately, and adds to; then nothing is reserved.
    pub fn reserve<'c>(
        &mut self,
        pair: PairId,
        existing: u64,
        changes: impl IntoIterator<Item = &'c SetChange> + Clone,
        now: Timestamp,
    ) -> Result<Reserved, Vec<Overspent>> {
        // What goes is counted with what has gone.
        let Tally { deletes, .. } = Tally::of(existing, changes.clone());
        self.has_sets(pair, existing.saturating_sub(deletes));
        self.forget_now_and_then(now);
        let mut before = self.marks(pair);
        let mut reserved = self.mark(pair, changes.clone(), now);
        if !self.exceeding(pair, before).is_empty() {
            self.restore(reserved, now);
            self.forget(now);
            before = self.marks(pair);
            reserved = self.mark(pair, changes, now);
        }
        let exceeded = self.exceeding(pair, before);
        if exceeded.is_empty() {
            return Ok(reserved);
        }
        self.restore(reserved, now);
        self.has_sets(pair, existing);
        Err(exceeded.into_iter().map(|exceeded| Overspent { exceeded, within: self.length }).collect())
    }

    /// What became of what was reserved: what was written counts from now on, and what was not no longer does.
    pub fn settle(&mut self, reserved: Reserved, was_written: impl Fn(&SetKey) -> bool, now: Timestamp) {
        let Reserved { pair, sets } = reserved;
        for (key, kind, before) in sets {
            let after =
                if was_written(&key) { Some(Touched::after(self.live(before, now), kind, now)) } else { before };
            self.put(pair, key, after);
        }
    }

    /// What of all zones counts now; what has just become too old may be among it.
    pub fn lately(&mut self, now: Timestamp) -> Tally {
        self.forget_now_and_then(now);
        self.counted()
    }

    fn counted(&self) -> Tally {
        self.pairs.iter().map(Pair::counted).sum()
    }

    /// The most that may count of each kind of all zones, where there is a bound: creates, updates, deletes.
    pub fn most(&self) -> [Option<u64>; 3] {
        let Bounds { creates, updates, deletes } = self.limits.all;
        let existing = self.counted().existing;
        [creates, updates, deletes].map(|bound| bound.most_of(existing).filter(|_| self.is_bound()))
    }

    /// One pair alone is no "all zones": its own limits say it all.
    fn is_bound(&self) -> bool {
        self.pairs.len() > 1
    }

    /// What counts of a pair, and of all.
    fn marks(&self, PairId(pair): PairId) -> [Tally; 2] {
        [self.pairs[pair].marks, self.pairs.iter().map(|pair| pair.marks).sum()]
    }

    /// The limits that are exceeded by what counts more than `before`: shares shrink with what else is taken away, which is no reason
    /// to hold what adds nothing to them.
    fn exceeding(&self, PairId(pair): PairId, before: [Tally; 2]) -> Vec<Exceeded> {
        let [marks_before, all_before] = before;
        let [marks, all] = self.marks(PairId(pair));
        let pair = &self.pairs[pair];
        let mut exceeding = pair.counted().exceeding(Scope::Zone, &pair.limits);
        exceeding.retain(|one| has_grown(one.limit, marks_before, marks));
        if self.is_bound() {
            let exceeded = self.counted().exceeding(Scope::All, &self.limits).into_iter();
            exceeding.extend(exceeded.filter(|one| has_grown(one.limit, all_before, all)));
        }
        exceeding
    }

    fn mark<'c>(&mut self, pair: PairId, changes: impl IntoIterator<Item = &'c SetChange>, now: Timestamp) -> Reserved {
        let mut sets = Vec::new();
        for change in changes {
            let (key, kind) = (change.key.clone(), change.kind());
            let before = self.pairs[pair.0].touched.get(&key).copied();
            let after = Touched::after(self.live(before, now), kind, now);
            self.put(pair, key.clone(), Some(after));
            sets.push((key, kind, before));
        }
        Reserved { pair, sets }
    }

    fn restore(&mut self, reserved: Reserved, now: Timestamp) {
        self.settle(reserved, |_| false, now);
    }

    /// What of it is not too old.
    fn live(&self, touched: Option<Touched>, now: Timestamp) -> Option<Touched> {
        touched?.within(self.length, now)
    }

    fn put(&mut self, PairId(pair): PairId, key: SetKey, after: Option<Touched>) {
        let Pair { touched, marks, .. } = &mut self.pairs[pair];
        let before = match after {
            Some(after) => touched.insert(key, after),
            None => touched.remove(&key),
        };
        *marks = *marks + tally(after);
        let Tally { existing: _, creates, updates, deletes } = tally(before);
        marks.creates -= creates;
        marks.updates -= updates;
        marks.deletes -= deletes;
    }

    fn forget_now_and_then(&mut self, now: Timestamp) {
        if now.since(self.forgotten) >= self.length / FORGET_TIMES {
            self.forget(now);
        }
    }

    fn forget(&mut self, now: Timestamp) {
        let length = self.length;
        self.forgotten = now;
        for Pair { touched, marks, .. } in &mut self.pairs {
            *marks = Tally::default();
            touched.retain(|_, touched| match touched.within(length, now) {
                Some(live) => {
                    *touched = live;
                    *marks = *marks + tally(Some(live));
                    true
                }
                None => false,
            });
        }
    }
}

impl Pair {
    fn counted(&self) -> Tally {
        // What has gone within the window was there, too.
        Tally { existing: self.existing + self.marks.deletes, ..self.marks }
    }
}

/// Whether more counts towards a limit than before.
fn has_grown(limit: Force, before: Tally, now: Tally) -> bool {
    match limit {
        Force::Changes(_, Kind::Create, _) => now.creates > before.creates,
        Force::Changes(_, Kind::Update, _) => now.updates > before.updates,
        Force::Changes(_, Kind::Delete, _) => now.deletes > before.deletes,
        Force::Shrink | Force::StrayMarkers => true,
    }
}

fn tally(touched: Option<Touched>) -> Tally {
    let marks = match touched {
        Some(Touched::Came(at)) => Marks { created: Some(at), ..Marks::default() },
        Some(Touched::Changed(marks)) => marks,
        None => Marks::default(),
    };
    let count = |mark: Option<Timestamp>| u64::from(mark.is_some());
    let Marks { created, updated, deleted } = marks;
    Tally { existing: 0, creates: count(created), updates: count(updated), deletes: count(deleted) }
}

impl Touched {
    /// A set that was `before` is changed.
    fn after(before: Option<Self>, kind: Kind, now: Timestamp) -> Self {
        let mut marks = match (before, kind) {
            // What comes again within the window did no more than come.
            (None | Some(Self::Came(_)), Kind::Create) => return Self::Came(now),
            (Some(came @ Self::Came(_)), Kind::Update | Kind::Delete) => return came,
            (None, Kind::Update | Kind::Delete) => Marks::default(),
            (Some(Self::Changed(marks)), Kind::Create | Kind::Update | Kind::Delete) => marks,
        };
        match kind {
            Kind::Create => marks.created = Some(now),
            Kind::Update => marks.updated = Some(now),
            Kind::Delete => marks.deleted = Some(now),
        }
        Self::Changed(marks)
    }

    fn within(self, length: Duration, now: Timestamp) -> Option<Self> {
        let live = |at: &Timestamp| now.since(*at) < length;
        match self {
            Self::Came(at) => live(&at).then_some(self),
            Self::Changed(Marks { created, updated, deleted }) => {
                let [created, updated, deleted] = [created, updated, deleted].map(|mark| mark.filter(live));
                let marks = Marks { created, updated, deleted };
                (marks != Marks::default()).then_some(Self::Changed(marks))
            }
        }
    }
}

#[cfg(test)]
mod tests;
