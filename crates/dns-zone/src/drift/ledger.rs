//! What is remembered of own writes, and how listings are judged by it.

use std::collections::BTreeMap;
use std::time::Duration;

use dns_core::time::Timestamp;
use domain::base::Rtype;

use super::spelling::is_spelled_alike;
use super::{Drift, Drifted, Next, Patience, REPAIRS_MAX, Repair};
use crate::change::{SetChange, difference};
use crate::content::is_signers;
use crate::left_alone::Why;
use crate::proposal::{Proposal, Settings};
use crate::record_set::{RecordSet, SetKey};
use crate::zone::Zone;

/// How the first listing that no longer showed what was before a write showed its set.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    NotYet,
    AsWritten,
    Otherwise(RecordSet),
}

/// The last write of a set.
#[derive(Clone, Debug)]
struct Written {
    before: Option<RecordSet>,
    after: Option<RecordSet>,
    at: Timestamp,
    seen: Seen,
    /// How the same value came back after the write before this one, if that was never seen as written.
    came_back: Option<RecordSet>,
    /// How many times the same value was written before.
    repairs: u32,
}

/// The target's form of what was written.
#[derive(Clone, Debug)]
struct Form {
    written: RecordSet,
    kept: RecordSet,
}

/// A difference that the last listing had too.
#[derive(Clone, Debug)]
struct Found {
    listed: Option<RecordSet>,
    drift: Drift,
    since: Timestamp,
}

/// The own writes at one target, as far back as they matter.
///
/// A set that has been forgotten may differ as foreign only, and its repairs are counted anew. Forms that a target gave to sets are
/// kept as long as the sets are believed to be as written.
#[derive(Clone, Debug)]
pub struct Ledger {
    age_max: Duration,
    count_max: usize,
    writes: BTreeMap<SetKey, Written>,
    forms: BTreeMap<SetKey, Form>,
    found: BTreeMap<SetKey, Found>,
}

impl Ledger {
    /// Remembers nothing yet, and never writes older than `age_max` or more than `count_max`. What is written within the grace should
    /// fit in, or it is taken for foreign while it lags.
    pub fn new(age_max: Duration, count_max: usize) -> Self {
        Self { age_max, count_max, writes: BTreeMap::new(), forms: BTreeMap::new(), found: BTreeMap::new() }
    }

    /// Remembers writes that the target has taken.
    pub fn wrote(&mut self, changes: &[SetChange], now: Timestamp) {
        for SetChange { key, before, after } in changes {
            let again = self.writes.remove(key).filter(|last| last.after == *after);
            let repairs = again.as_ref().map_or(0, |last| last.repairs.saturating_add(1));
            let came_back = again.and_then(|last| match last.seen {
                Seen::NotYet => last.came_back,
                Seen::AsWritten => None,
                Seen::Otherwise(set) => Some(set),
            });
            let (before, after) = (before.clone(), after.clone());
            let written = Written { before, after, at: now, seen: Seen::NotYet, came_back, repairs };
            self.writes.insert(key.clone(), written);
        }
        self.forget(now);
    }

    /// Takes note that nothing differs: what differs from now on is new, also where it is what differed before.
    pub fn nothing_differs(&mut self) {
        self.found.clear();
    }

    /// What differs between what the target is believed to hold and what was listed, in canonical order. SOA and what signers make are
    /// not looked at.
    pub fn compare(
        &mut self,
        believed: &Zone,
        listed: &Zone,
        settings: &Settings,
        patience: Patience,
        now: Timestamp,
    ) -> Vec<Drifted> {
        self.forget(now);
        self.forms.retain(|key, form| believed.get(key) == Some(&form.written));
        for (key, written) in &mut self.writes {
            if listed.get(key) == written.after.as_ref() {
                written.seen = Seen::AsWritten;
            }
        }
        let mut left = left_alone(believed, listed, settings);
        let mut last = std::mem::take(&mut self.found);
        let differences = difference(believed, listed).into_iter().filter(|change| self.differs(change));
        let differences: Vec<SetChange> = differences.collect();
        let mut drifted = Vec::new();
        for change in differences {
            let drift = match left.remove(&change.key) {
                Some(why) => Drift::LeftAlone(why),
                None => self.judge(&change, patience.grace, now),
            };
            let same = |found: &Found| found.listed == change.after && found.drift == drift;
            let since = last.remove(&change.key).filter(same).map(|found| found.since.min(now));
            drifted.push(self.tell(change, drift, since, patience.repair, now));
        }
        drifted
    }

    /// Puts in the place of the forms that the target gave to sets what was written, so that nobody plans to write it again.
    pub fn read_as_written(&self, listed: &mut Zone) {
        for (key, Form { written, kept }) in &self.forms {
            if listed.get(key) == Some(kept) {
                listed.put(key.clone(), written.clone()).expect("invariant: the set stands in the zone");
            }
        }
    }

    fn differs(&self, change: &SetChange) -> bool {
        let form = self.forms.get(&change.key);
        let is_form = form.is_some_and(|form| Some(&form.kept) == change.after.as_ref());
        !is_form && !is_signers(change.key.rtype) && change.key.rtype != Rtype::SOA
    }

    fn judge(&mut self, change: &SetChange, grace: Duration, now: Timestamp) -> Drift {
        let SetChange { key, before: believed, after: listed } = change;
        let Some(written) = self.writes.get_mut(key).filter(|written| written.after == *believed) else {
            return Drift::Foreign;
        };
        let is_unseen = written.seen != Seen::AsWritten;
        let is_as_before = written.before == *listed;
        if is_as_before && is_unseen && now.since(written.at) <= grace {
            return Drift::Lag;
        }
        // What is missing is no form of anything.
        if let (Some(set), Some(kept)) = (believed, listed) {
            if is_unseen && written.came_back.as_ref() == Some(kept) {
                self.forms.insert(key.clone(), Form { written: set.clone(), kept: kept.clone() });
                return Drift::Normalised;
            }
            if written.seen == Seen::NotYet && (!is_as_before || is_spelled_alike(key.rtype, set, kept)) {
                written.seen = Seen::Otherwise(kept.clone());
            }
        }
        if is_as_before { Drift::Reverted } else { Drift::Foreign }
    }

    fn tell(
        &mut self,
        change: SetChange,
        drift: Drift,
        since: Option<Timestamp>,
        repair: Repair,
        now: Timestamp,
    ) -> Drifted {
        let (is_new, since) = (since.is_none(), since.unwrap_or(now));
        let written = self.writes.get(&change.key).filter(|written| written.after == change.before);
        let is_fought = written.is_some_and(|written| written.repairs >= REPAIRS_MAX);
        let next = match (&drift, repair) {
            (Drift::LeftAlone(_), _) => Next::Believe,
            (Drift::Normalised, _) => Next::Nothing,
            (Drift::Lag, _) => Next::Wait,
            (Drift::Reverted | Drift::Foreign, _) if is_fought => Next::Hold,
            (Drift::Reverted | Drift::Foreign, Repair::Never) => Next::Keep,
            (Drift::Reverted | Drift::Foreign, Repair::After(wait)) if now.since(since) < wait => Next::Wait,
            (Drift::Reverted | Drift::Foreign, Repair::After(_)) => Next::Repair,
        };
        let found = Found { listed: change.after.clone(), drift: drift.clone(), since };
        self.found.insert(change.key.clone(), found);
        Drifted { change, drift, since, is_new, next }
    }

    /// Forgets what is too old or too much, the oldest first. A clock that was set back makes a write as young as can be, so that no
    /// grace lasts until the clock has come round again.
    fn forget(&mut self, now: Timestamp) {
        let age_max = self.age_max;
        self.writes.retain(|_, written| {
            written.at = written.at.min(now);
            now.since(written.at) <= age_max
        });
        let surplus = self.writes.len().saturating_sub(self.count_max);
        if surplus > 0 {
            let mut oldest: Vec<(Timestamp, SetKey)> =
                self.writes.iter().map(|(key, written)| (written.at, key.clone())).collect();
            oldest.sort_unstable();
            for (_, key) in oldest.into_iter().take(surplus) {
                self.writes.remove(&key);
            }
        }
    }
}

/// What would be left alone if the target were made again as it is believed to be. What is left in part would be changed for the rest.
fn left_alone(believed: &Zone, listed: &Zone, settings: &Settings) -> BTreeMap<SetKey, Why> {
    let Proposal { steps, left_alone, .. } = Proposal::of(believed, listed, settings);
    let mut left: BTreeMap<SetKey, Why> = left_alone.into_iter().map(|one| (one.set, one.why)).collect();
    for change in steps.iter().flat_map(|step| &step.changes) {
        left.remove(&change.key);
    }
    left
}
