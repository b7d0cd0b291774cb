//! What is kept of one of the two zones.

use std::collections::{BTreeMap, BTreeSet};

use crate::change::SetChange;
use crate::content::{content, is_content};
use crate::guarded::Fences;
use crate::marker::{KnownMarkers, MarkerForms};
use crate::record_set::{RecordSet, SetKey};
use crate::zone::Zone;

/// What is kept of a zone between proposals.
#[derive(Clone, Debug, Default)]
pub(super) struct Side {
    /// What changed since the last proposal, as it was then.
    was: BTreeMap<SetKey, Option<RecordSet>>,
    /// How many sets of content the zone had then.
    pub(super) size: u64,
    /// The markers that it had then.
    pub(super) markers: KnownMarkers,
}

impl Side {
    /// Reads a zone whole.
    pub(super) fn read(zone: &Zone, forms: &MarkerForms) -> Self {
        Self { was: BTreeMap::new(), size: content(zone), markers: KnownMarkers::read(zone, forms) }
    }

    /// Takes note of changes. Of several of one set the first tells what it was.
    pub(super) fn note(&mut self, changes: &[SetChange]) {
        for change in changes {
            self.was.entry(change.key.clone()).or_insert_with(|| change.before.clone());
        }
    }

    /// Whether anything changed since the last proposal.
    pub(super) fn has_news(&self) -> bool {
        !self.was.is_empty()
    }

    /// Whether a set changed since the last proposal.
    pub(super) fn has_changed(&self, key: &SetKey) -> bool {
        self.was.contains_key(key)
    }

    /// Brings up to date what is kept. The sets that changed, and those that a marker or fence among them held before: they may
    /// be free now. What is held now is judged again anyway if it is still open.
    pub(super) fn take_news(&mut self, zone: &Zone, forms: &MarkerForms, fences: Option<&Fences>) -> BTreeSet<SetKey> {
        let mut news = BTreeSet::new();
        for (key, was) in std::mem::take(&mut self.was) {
            if is_content(&key, zone.apex()) {
                self.size = (self.size + u64::from(zone.get(&key).is_some())).saturating_sub(u64::from(was.is_some()));
            }
            news.extend(self.markers.renew(&key, zone, forms));
            let guarded = fences.zip(was.as_ref()).map(|(fences, was)| fences.guarded_by(&key, was));
            news.extend(guarded.into_iter().flatten());
            news.insert(key);
        }
        news
    }
}
