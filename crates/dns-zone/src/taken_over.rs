//! What somebody has taken over since steps were planned.
//!
//! Steps are planned from what says who holds what, and sent for minutes. Whoever takes a set over in between does not change
//! the set, so that no condition on it notices. Here the guards as they were are compared with those that stand now. What has
//! not changed was judged when the steps were planned; what has changed holds all that it guards, as it was and as it is, until
//! somebody plans again. The source is not asked.

use std::collections::BTreeSet;

use domain::base::Rtype;

use crate::change::SetChange;
use crate::guard_names::GuardNames;
use crate::guarded::{Fences, keys_of};
use crate::hold::Holds;
use crate::manifest::{Field, Manifest};
use crate::order::Step;
use crate::owner::Owner;
use crate::record_set::{RecordSet, SetKey};
use crate::zone::Zone;

/// What says in a target who holds what.
#[derive(Clone, Debug)]
pub struct Guards {
    /// Fences and manifest, and nothing else.
    zone: Zone,
    /// Names of guards where something stands that is no record set.
    unseen: BTreeSet<Owner>,
}

/// A step would touch what somebody has taken over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what stands at {by} has changed, so {set} may be held by somebody else now")]
pub struct TakenOver {
    /// What it would touch.
    pub set: SetKey,
    /// Where that is said.
    pub by: Owner,
}

impl Guards {
    /// Those of a target. `not_plain` are the names where it holds what is no record set.
    pub fn of<'o>(target: &Zone, not_plain: impl IntoIterator<Item = &'o Owner>) -> Self {
        let names = GuardNames::of(target.apex());
        let mut zone = Zone::new(target.apex().clone());
        for (key, set) in names.fences().into_iter().chain(names.manifest()).flat_map(|top| target.under(top)) {
            if names.contains(&key.owner) {
                put(&mut zone, key, Some(set));
            }
        }
        let unseen = not_plain.into_iter().filter(|owner| names.contains(owner)).cloned().collect();
        Self { zone, unseen }
    }

    /// Takes note of what was written with these steps: a fence that is pushed is nobody else's.
    pub fn wrote<'s>(&mut self, steps: impl IntoIterator<Item = &'s Step>) {
        let names = GuardNames::of(self.zone.apex());
        for change in steps.into_iter().flat_map(|step| &step.changes).filter(|one| names.contains(&one.key.owner)) {
            put(&mut self.zone, &change.key, change.after.as_ref());
        }
    }

    /// The first of these steps that would touch what is held by others now, in `target`.
    ///
    /// # Errors
    /// [`TakenOver`].
    pub fn still_allow<'s>(
        &self,
        steps: impl IntoIterator<Item = &'s Step>,
        now: &Self,
        target: &Zone,
    ) -> Result<(), TakenOver> {
        let news = Changed::between(self, now, target);
        let mut changes = steps.into_iter().flat_map(|step| &step.changes);
        changes.try_for_each(|change| match news.against(change) {
            Some(by) => Err(TakenOver { set: change.key.clone(), by }),
            None => Ok(()),
        })
    }
}

fn put(zone: &mut Zone, key: &SetKey, set: Option<&RecordSet>) {
    match set {
        Some(set) => drop(zone.put(key.clone(), set.clone()).expect("invariant: guards are in their zone")),
        None => drop(zone.remove(key)),
    }
}

/// Guards that have changed.
struct Changed<'a> {
    /// One that cannot be read holds everything.
    unreadable: Option<Owner>,
    holds: Holds<'a, Owner>,
    /// What each manifest said, the earlier one first.
    manifests: Option<[Manifest; 2]>,
    manifest: Option<Owner>,
}

impl<'a> Changed<'a> {
    fn between(before: &Guards, now: &Guards, target: &'a Zone) -> Self {
        let unreadable = now.unseen.difference(&before.unseen).next().cloned();
        let mut changed = Self { unreadable, holds: Holds::new(target), manifests: None, manifest: None };
        changed.read_fences(&before.zone, &now.zone);
        changed.read_manifests(&before.zone, &now.zone);
        changed
    }

    fn read_fences(&mut self, before: &Zone, now: &Zone) {
        let Some(fences) = Fences::of(now.apex()) else { return };
        for owner in fences.names(before).union(&fences.names(now)) {
            let key = SetKey::new(owner.clone(), Rtype::TXT);
            if is_same(&key, before, now) {
                continue;
            }
            let [was, is] = [before, now].map(|zone| fences.at(owner, zone));
            if let Some(Err(_)) = is {
                self.unreadable.get_or_insert_with(|| owner.clone());
            }
            for fence in [was, is].into_iter().flatten().flatten() {
                for key in keys_of(&fence) {
                    self.holds.hold(key, owner.clone());
                }
            }
            self.holds.hold(key, owner.clone());
        }
    }

    fn read_manifests(&mut self, before: &Zone, now: &Zone) {
        let Some(key) = Manifest::key_in(now.apex()).filter(|key| !is_same(key, before, now)) else { return };
        match (Manifest::read(before), Manifest::read(now)) {
            (Ok(was), Ok(is)) => self.manifests = Some([was, is]),
            (Err(_), _) | (_, Err(_)) => {
                self.unreadable.get_or_insert_with(|| key.owner.clone());
            }
        }
        self.manifest = Some(key.owner);
    }

    /// Where it is said that somebody else may hold what a change touches.
    fn against(&self, change: &SetChange) -> Option<Owner> {
        let values = [&change.before, &change.after].into_iter().flatten().flat_map(RecordSet::values);
        let mut fields = values.map(Field::Value).chain([Field::Ttl]);
        let claimed = self.manifests.as_ref().is_some_and(|[was, is]| {
            fields.any(|field| was.owner_of(&change.key, field) != is.owner_of(&change.key, field))
        });
        let by_manifest = self.manifest.clone().filter(|_| claimed);
        self.unreadable.clone().or_else(|| self.holds.against(change).cloned()).or(by_manifest)
    }
}

/// A provider may keep another TTL than it was told.
fn is_same(key: &SetKey, before: &Zone, now: &Zone) -> bool {
    before.get(key).map(RecordSet::values) == now.get(key).map(RecordSet::values)
}

#[cfg(test)]
mod tests;
