//! Answers that a provider draws by weight, as Route 53's weighted record sets do: several sets under one name and type,
//! of which each question is answered with one.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Rrset, RrsetError, RrsetKey};

/// One of the sets that are drawn from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Weighted {
    /// What tells it from the others; ours are called by their regions.
    pub identifier: String,
    /// How often it is drawn, in proportion to the others.
    pub weight: u8,
    /// The answer: a plain set or an alias.
    pub set: Rrset,
}

impl fmt::Display for Weighted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} × {} `{}`", self.weight, self.identifier, self.set)
    }
}

/// Sets in the order of their identifiers, which is their canonical one.
pub(super) fn sorted(key: &RrsetKey, sets: impl IntoIterator<Item = Weighted>) -> Result<Box<[Weighted]>, RrsetError> {
    let mut by_identifier: BTreeMap<String, Weighted> = BTreeMap::new();
    for one in sets {
        if one.set.key() != key || one.set.is_proxied() || !one.set.weighted().is_empty() {
            return Err(RrsetError::Weighted { identifier: one.identifier, why: "it is no plain set of the same key" });
        }
        if let Some(twice) = by_identifier.insert(one.identifier.clone(), one) {
            return Err(RrsetError::Weighted { identifier: twice.identifier, why: "two sets are called so" });
        }
    }
    if by_identifier.is_empty() { Err(RrsetError::Empty) } else { Ok(by_identifier.into_values().collect()) }
}
