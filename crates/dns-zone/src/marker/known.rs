//! The markers of one zone, so that a zone that is followed is not read whole for them each time.

use std::collections::{BTreeMap, BTreeSet};

use domain::base::Rtype;

use super::{Manager, MarkerForms};
use crate::record_set::SetKey;
use crate::zone::Zone;

/// One marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marker {
    pub(super) manager: Manager,
    /// What it may own.
    pub(super) owned: BTreeSet<SetKey>,
}

/// All markers of a zone, by where they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KnownMarkers(BTreeMap<SetKey, Marker>);

impl KnownMarkers {
    /// Reads a zone whole.
    pub(crate) fn read(zone: &Zone, forms: &MarkerForms) -> Self {
        let texts = zone.sets().filter(|(key, _)| key.rtype == Rtype::TXT);
        let read = texts.filter_map(|(key, set)| Some((key.clone(), forms.read(key, set, zone.apex())?)));
        Self(read.collect())
    }

    /// Reads one set again; what it owned before.
    pub(crate) fn renew(&mut self, key: &SetKey, zone: &Zone, forms: &MarkerForms) -> BTreeSet<SetKey> {
        let before = self.0.remove(key);
        let set = zone.get(key).filter(|_| key.rtype == Rtype::TXT);
        if let Some(now) = set.and_then(|set| forms.read(key, set, zone.apex())) {
            self.0.insert(key.clone(), now);
        }
        before.map_or(BTreeSet::new(), |marker| marker.owned)
    }

    /// In the order of where they stand.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&SetKey, &Marker)> {
        self.0.iter()
    }
}
