//! The probes of a region, together: kept once for all regions that are probed alike, with the text that digests are made of.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ProbeSpec;

/// How each endpoint of a region is probed.
///
/// Written as a list. Every endpoint's digest is over that list, and is asked for each time that something is judged: the
/// list is written down once, when it is made, and cannot change.
#[derive(Clone)]
pub struct Probes(Arc<Prepared>);

struct Prepared {
    specs: Box<[ProbeSpec]>,
    json: Box<str>,
}

impl Probes {
    /// The list as JSON, as evidence digests have it.
    pub(crate) fn as_json(&self) -> &str {
        &self.0.json
    }
}

impl Deref for Probes {
    type Target = [ProbeSpec];
    fn deref(&self) -> &[ProbeSpec] {
        &self.0.specs
    }
}

impl From<Vec<ProbeSpec>> for Probes {
    fn from(specs: Vec<ProbeSpec>) -> Self {
        let json = serde_json::to_string(&specs)
            .expect("invariant: probe specifications have only string keys, so they always serialise");
        Self(Arc::new(Prepared { specs: specs.into(), json: json.into() }))
    }
}

impl<const N: usize> From<[ProbeSpec; N]> for Probes {
    fn from(specs: [ProbeSpec; N]) -> Self {
        Self::from(Vec::from(specs))
    }
}

impl Default for Probes {
    fn default() -> Self {
        Self::from(Vec::new())
    }
}

impl PartialEq for Probes {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.as_json() == other.as_json()
    }
}

impl Eq for Probes {}

impl Ord for Probes {
    /// Any order will do, as long as it tells lists apart.
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_json().cmp(other.as_json())
    }
}

impl PartialOrd for Probes {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Probes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.specs.fmt(f)
    }
}

impl Serialize for Probes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.specs.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Probes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::from)
    }
}
