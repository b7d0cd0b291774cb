//! Which services a vantage point counts for: found by a number in each of them, since to look into the policies of a hundred
//! thousand takes longer than all else that follows when one of hundreds of vantage points speaks.

use std::collections::{BTreeMap, BTreeSet};

use dns_core::identifier::VantageName;

/// A set of vantage points that services count on. Services of one policy have the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct EyesId(u32);

/// All of these sets. They are never forgotten: there are no more than the configuration names.
#[derive(Default)]
pub(super) struct Eyes(BTreeMap<BTreeSet<VantageName>, EyesId>);

/// The sets that one vantage point is in.
pub(super) struct Sets(Vec<bool>);

impl Eyes {
    /// The number of a set, which has one from now on.
    pub(super) fn id(&mut self, set: &BTreeSet<VantageName>) -> EyesId {
        if let Some(known) = self.0.get(set) {
            return *known;
        }
        let next = u32::try_from(self.0.len()).expect("invariant: a configuration file has not so many sets in it");
        self.0.insert(set.clone(), EyesId(next));
        EyesId(next)
    }

    /// Where a vantage point counts.
    pub(super) fn with(&self, vantage: &VantageName) -> Sets {
        let mut counts = vec![false; self.0.len()];
        for (set, EyesId(id)) in &self.0 {
            if let Some(counts) = counts.get_mut(*id as usize) {
                *counts = set.contains(vantage);
            }
        }
        Sets(counts)
    }
}

impl Sets {
    /// Whether a set is one of them.
    pub(super) fn have(&self, EyesId(id): EyesId) -> bool {
        self.0.get(id as usize).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<VantageName> {
        names.iter().map(|name| name.parse().expect("a name")).collect()
    }

    #[test]
    fn a_vantage_point_counts_where_it_is_named() {
        let mut eyes = Eyes::default();
        let ids = [&["a", "b"] as &[&str], &["b"], &["a", "b"], &[]].map(|names| eyes.id(&set(names)));
        assert_eq!(ids[0], ids[2], "the same set has one number");
        let counts = |name: &str| {
            let sets = eyes.with(&name.parse().expect("a name"));
            ids.map(|id| sets.have(id))
        };
        assert_eq!(counts("a"), [true, false, true, false]);
        assert_eq!(counts("b"), [true, true, true, false]);
        assert_eq!(counts("c"), [false; 4]);
    }
}
