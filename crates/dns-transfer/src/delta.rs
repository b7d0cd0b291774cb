//! Differences put into a zone: all of them or none, at the cost of what they change.
//!
//! Strictly: what is deleted has to be there with this TTL, what is added must not. TTLs of signatures are not looked at: each has
//! the one of what it covers (RFC 4034 §3), and its value tells it. Where it is otherwise, the zone here is not
//! the one that the server made the differences from, and only a whole transfer helps. Several steps become one change of each
//! set; what they undo themselves is none.

use std::collections::{BTreeMap, BTreeSet};

use dns_zone::{Rdata, RecordSet, SetChange, SetKey, Ttl, Zone};

use crate::ixfr::Difference;
use crate::message::Record;

/// Why differences don't fit a zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeltaError {
    /// What is to be deleted is not there.
    #[error("{key} {value:?} with TTL {ttl} is to be deleted and not there")]
    NotThere {
        /// The set.
        key: SetKey,
        /// The TTL to be deleted.
        ttl: Ttl,
        /// The value to be deleted.
        value: Rdata,
    },
    /// What is to be added is there.
    #[error("{key} {value:?} is to be added and there already")]
    AlreadyThere {
        /// The set.
        key: SetKey,
        /// The value to be added.
        value: Rdata,
    },
    /// One RRset has one TTL (RFC 2181 §5.2).
    #[error("{key} is to be added with TTL {}, beside values with TTL {}", ttls[1], ttls[0])]
    Ttls {
        /// The set.
        key: SetKey,
        /// The one there and the one to be added.
        ttls: [Ttl; 2],
    },
}

/// A set while steps change it. The TTL means nothing without values.
struct Draft {
    ttl: Ttl,
    values: BTreeSet<Rdata>,
}

/// Puts the steps into the zone, in their order, and says what that changed, in canonical order.
///
/// # Errors
/// [`DeltaError`]; the zone is as before.
pub(crate) fn apply(zone: &mut Zone, steps: Vec<Difference>) -> Result<Vec<SetChange>, DeltaError> {
    let mut drafts = BTreeMap::new();
    for Difference { deleted, added } in steps {
        deleted.into_iter().try_for_each(|record| draft(&mut drafts, zone, &record.key).delete(record))?;
        added.into_iter().try_for_each(|record| draft(&mut drafts, zone, &record.key).add(record))?;
    }
    Ok(drafts.into_iter().filter_map(|(key, draft)| commit(zone, key, draft)).collect())
}

fn draft<'a>(drafts: &'a mut BTreeMap<SetKey, Draft>, zone: &Zone, key: &SetKey) -> &'a mut Draft {
    drafts.entry(key.clone()).or_insert_with(|| Draft::of(zone.get(key)))
}

fn commit(zone: &mut Zone, key: SetKey, draft: Draft) -> Option<SetChange> {
    let after = RecordSet::new(key.ttl_of(draft.ttl, &draft.values), draft.values);
    if zone.get(&key) == after.as_ref() {
        return None;
    }
    let before = match &after {
        Some(set) => {
            zone.put(key.clone(), set.clone()).expect("invariant: the reader took nothing from outside the zone")
        }
        None => zone.remove(&key),
    };
    Some(SetChange { key, before, after })
}

impl Draft {
    fn of(set: Option<&RecordSet>) -> Self {
        match set {
            Some(set) => Self { ttl: set.ttl(), values: set.values().iter().cloned().collect() },
            None => Self { ttl: Ttl::received(0), values: BTreeSet::new() },
        }
    }

    fn delete(&mut self, record: Record) -> Result<(), DeltaError> {
        let Record { key, ttl, value } = record;
        if (key.has_one_ttl() && ttl != self.ttl) || !self.values.remove(&value) {
            return Err(DeltaError::NotThere { key, ttl, value });
        }
        Ok(())
    }

    fn add(&mut self, record: Record) -> Result<(), DeltaError> {
        let Record { key, ttl, value } = record;
        if self.values.contains(&value) {
            return Err(DeltaError::AlreadyThere { key, value });
        }
        if self.values.is_empty() {
            self.ttl = ttl;
        }
        if key.has_one_ttl() && self.ttl != ttl {
            return Err(DeltaError::Ttls { key, ttls: [self.ttl, ttl] });
        }
        self.values.insert(value);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
