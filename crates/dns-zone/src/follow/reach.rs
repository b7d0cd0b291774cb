//! How far changes reach: which other sets may come out otherwise because of them.
//!
//! A difference is judged by itself, by who holds its set, and by what it needs of others. So these belong together, and if one of
//! them changed, all are judged again:
//!
//! - a fence and all that it guards, by its texts in both zones: they move in one step or not at all, and what a source's fence
//!   vouches for are all its records;
//! - all sets at a name where a CNAME stands, in either zone: it stands beside nothing;
//! - a delegation or DNAME that the target lacks, and all that stands at its name or below: it comes only if it hides nothing
//!   that is held, and if it does not come, nothing below it goes;
//! - one that changed, and all below it: what hinged on it may do so no longer.

use std::collections::{BTreeMap, BTreeSet};

use domain::base::Rtype;

use crate::hinge::is_cut;
use crate::owner::Owner;
use crate::record_set::SetKey;
use crate::zone::Zone;

pub(super) struct Reach<'a> {
    zones: [&'a Zone; 2],
    /// The fences' groups that a set is in.
    groups: BTreeMap<&'a SetKey, Vec<&'a BTreeSet<SetKey>>>,
    news: &'a BTreeSet<SetKey>,
    found: BTreeSet<SetKey>,
    /// Found, and not yet asked what belongs to them.
    open: Vec<SetKey>,
}

impl<'a> Reach<'a> {
    /// All sets that belong together with what is new or still open, these among them.
    pub(super) fn of(
        source: &'a Zone,
        target: &'a Zone,
        fences: &'a [BTreeSet<SetKey>],
        news: &'a BTreeSet<SetKey>,
        open: &BTreeSet<SetKey>,
    ) -> BTreeSet<SetKey> {
        let mut groups: BTreeMap<&SetKey, Vec<&BTreeSet<SetKey>>> = BTreeMap::new();
        for group in fences {
            for key in group {
                groups.entry(key).or_default().push(group);
            }
        }
        let found: BTreeSet<SetKey> = news.union(open).cloned().collect();
        let open = found.iter().cloned().collect();
        let mut reach = Self { zones: [source, target], groups, news, found, open };
        while let Some(key) = reach.open.pop() {
            reach.add(reach.under_same_fence(&key));
            reach.add(reach.beside_cname(&key));
            reach.add(reach.cuts_above(&key));
            reach.add(reach.below_cut(&key));
        }
        reach.found
    }

    fn add(&mut self, keys: Vec<SetKey>) {
        for key in keys {
            if self.found.insert(key.clone()) {
                self.open.push(key);
            }
        }
    }

    fn under_same_fence(&self, key: &SetKey) -> Vec<SetKey> {
        self.groups.get(key).into_iter().flatten().flat_map(|group| group.iter().cloned()).collect()
    }

    fn beside_cname(&self, key: &SetKey) -> Vec<SetKey> {
        let cname = SetKey::new(key.owner.clone(), Rtype::CNAME);
        if !self.found.contains(&cname) && self.zones.iter().all(|zone| zone.get(&cname).is_none()) {
            return Vec::new();
        }
        self.zones.iter().flat_map(|zone| zone.at(&key.owner)).map(|(key, _)| key.clone()).collect()
    }

    /// The cuts at or above a set that only the source has.
    fn cuts_above(&self, key: &SetKey) -> Vec<SetKey> {
        let apex = self.zones[1].apex();
        let names = std::iter::successors(Some(key.owner.clone()), Owner::parent).take_while(|name| name.is_in(apex));
        let cuts = names.flat_map(|name| [Rtype::NS, Rtype::DNAME].map(|rtype| SetKey::new(name.clone(), rtype)));
        cuts.filter(|cut| is_cut(cut, apex) && self.would_come(cut)).collect()
    }

    fn below_cut(&self, key: &SetKey) -> Vec<SetKey> {
        if !is_cut(key, self.zones[1].apex()) || !(self.news.contains(key) || self.would_come(key)) {
            return Vec::new();
        }
        self.zones.iter().flat_map(|zone| zone.under(&key.owner)).map(|(key, _)| key.clone()).collect()
    }

    fn would_come(&self, key: &SetKey) -> bool {
        let [source, target] = self.zones;
        source.get(key).is_some() && target.get(key).is_none()
    }
}
