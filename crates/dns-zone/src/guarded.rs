//! What the failover controller holds, by what the zones say.
//!
//! A fence is the TXT record at `_<service>._failover.<zone>` that guards a service's records at one provider
//! ([`dns_core::fence`]). All of that subtree belongs to controllers: nothing in it is ever planned, but for what follows.
//!
//! | the target has | the source has | then |
//! |---|---|---|
//! | a fence that names the target's provider | anything | held: the fence, and every address and CNAME at a name that it guards |
//! | a tombstone that names it | anything | the tombstone alone is left alone; the records are free |
//! | what can't be read | anything | nobody knows what it guards: the plan is refused |
//! | anything else | a fence that names the target's provider | held: the controller restores its fence, nobody else does |
//! | anything else | what can't be read | the plan is refused |
//! | none, or a copy of an earlier one | a fence of another provider | pushed with its records, in one step |
//! | the same one | the same one | the records are repaired, in one step with the fence if that has to change |
//! | a later one, another installation's, or one that names a third provider | a fence of another provider | left alone |
//! | a copy | none | left alone: a fence that is missing is never a release |
//!
//! What is pushed is what the source's fence vouches for: if its digest is not that of the source's records (they were read in
//! the middle of a move, or somebody changed them), fence and records are left alone. A copy is as new as its (epoch, rev); it
//! names the provider that it was copied from, and a fence that names any other is no copy.
//!
//! All three types that a controller moves are held at a guarded name, whichever of them exist: a region may lack an address
//! family, and its absence is an answer too.

mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use dns_core::fence::Fence;
use dns_core::identifier::{ProviderName, RESERVED_SERVICE, ServiceName};
use domain::base::Rtype;
use serde::{Deserialize, Serialize};

pub(crate) use self::text::Fences;
pub(crate) use self::text::keys_of;
use self::text::{Found, lowest_label, vouches};
#[cfg(test)]
pub(crate) use self::text::{hickory_name, rrset};
use crate::change::SetChange;
use crate::hold::Holds;
use crate::owner::Owner;
use crate::record_set::SetKey;
use crate::zone::Zone;

/// Why a set is left to a controller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "guard", rename_all = "camelCase")]
pub enum Guard {
    /// A fence in the target guards it there.
    Held {
        /// Whose.
        service: ServiceName,
    },
    /// The tombstone of a service that was released at the target.
    Released {
        /// Which.
        service: ServiceName,
    },
    /// The source's fence names the target's provider.
    Claimed {
        /// Whose it is.
        service: ServiceName,
    },
    /// The target's copy of the fence is as new as the source's, or newer, and they differ.
    NotNewer {
        /// Whose.
        service: ServiceName,
    },
    /// The fences of target and source belong to two installations.
    TwoInstallations {
        /// Whose.
        service: ServiceName,
    },
    /// The target's fence names another provider than the source's, so it is no copy of that one: a controller may hold it under
    /// a name that this configuration does not know.
    TwoProviders {
        /// Whose.
        service: ServiceName,
    },
    /// The target has a copy of a fence that the source lacks.
    Missing {
        /// Whose.
        service: ServiceName,
    },
    /// The source's records are not those that its fence vouches for.
    Unvouched {
        /// Whose.
        service: ServiceName,
    },
    /// It stands where only fences stand: one that can't be read, a canary, or something else.
    Reserved,
}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held { service } => write!(f, "held by service `{service}`"),
            Self::Released { service } => write!(f, "the tombstone of service `{service}`"),
            Self::Claimed { service } => {
                write!(
                    f,
                    "the source's fence of service `{service}` names this provider; only its controller restores it"
                )
            }
            Self::NotNewer { service } => write!(f, "the target's fence of service `{service}` is as new or newer"),
            Self::TwoInstallations { service } => {
                write!(f, "the fences of service `{service}` in source and target belong to two installations")
            }
            Self::TwoProviders { service } => {
                write!(f, "the fences of service `{service}` in source and target name two providers")
            }
            Self::Missing { service } => write!(f, "the source lacks the fence of service `{service}`"),
            Self::Unvouched { service } => {
                write!(f, "the source's records of service `{service}` are not those of its fence")
            }
            Self::Reserved => f.write_str("the name is reserved for fences"),
        }
    }
}

/// Which of the two zones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Side {
    /// The one that is read.
    Source,
    /// The one that is written.
    Target,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Target => "target",
        })
    }
}

/// A fence that can't be read: nobody knows what it guards.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the fence at {owner} in the {side} cannot be read ({reason}), so what it guards is not known; mend it by its controller"
)]
pub struct UnreadableFence {
    /// Where it stands.
    pub owner: Owner,
    /// In which zone.
    pub side: Side,
    /// What is wrong with it.
    pub reason: String,
}

/// What fences say about a plan.
#[derive(Clone, Debug)]
pub struct Guarded<'a> {
    /// None if the zone's name leaves no room for fences.
    fences: Option<Fences>,
    provider: ProviderName,
    holds: Holds<'a, Guard>,
    /// Sets that are judged together: each fence with all that its texts in both zones guard.
    pub(crate) groups: Vec<BTreeSet<SetKey>>,
    /// What is pushed in one step with a fence.
    pub together: BTreeMap<SetKey, ServiceName>,
    /// What refuses the plan.
    pub unreadable: Vec<UnreadableFence>,
}

impl<'a> Guarded<'a> {
    /// Reads the fences of both zones. `provider` is the target's, as the controller's configuration names it.
    pub fn read(source: &Zone, target: &'a Zone, provider: &ProviderName) -> Self {
        let mut guarded = Self {
            fences: None,
            provider: provider.clone(),
            holds: Holds::new(target),
            groups: Vec::new(),
            together: BTreeMap::new(),
            unreadable: Vec::new(),
        };
        let Some(fences) = Fences::of(target.apex()) else { return guarded };
        for owner in fences.names(source).union(&fences.names(target)) {
            guarded.hold_name(owner);
            if lowest_label(owner) != format!("_{RESERVED_SERVICE}").into_bytes() {
                guarded.judge(owner, [fences.at(owner, target), fences.at(owner, source)], source);
            }
        }
        guarded.fences = Some(fences);
        guarded
    }

    /// A delegation above a fence would hide it, even where nothing else is known of it.
    fn hold_name(&mut self, owner: &Owner) {
        self.holds.hold(SetKey::new(owner.clone(), Rtype::NULL), Guard::Reserved);
    }

    /// Why a change must not be made, if it must not.
    pub fn against(&self, change: &SetChange) -> Option<Guard> {
        if let Some(guard) = self.holds.against(change) {
            return Some(guard.clone());
        }
        let reserved = self.fences.as_ref().is_some_and(|fences| fences.reserve(&change.key.owner));
        (reserved && !self.together.contains_key(&change.key)).then_some(Guard::Reserved)
    }

    fn judge(&mut self, owner: &Owner, [here, there]: [Found; 2], source: &Zone) {
        let readable = || [&here, &there].into_iter().flatten().flatten();
        let guarded = readable().flat_map(keys_of).chain([SetKey::new(owner.clone(), Rtype::TXT)]);
        self.groups.push(guarded.collect());
        match (here, there) {
            (None, None) => {}
            (Some(Err(reason)), _) => self.refuse(owner, Side::Target, reason),
            (Some(Ok(here)), there) if here.provider == self.provider => self.hold_here(owner, &here, there),
            (here, Some(Err(reason))) => {
                let copy = here.and_then(Result::ok);
                if let Some(copy) = copy {
                    self.hold(owner, &copy, |service| Guard::Unvouched { service });
                }
                self.refuse(owner, Side::Source, reason);
            }
            (Some(Ok(copy)), None) => self.hold(owner, &copy, |service| Guard::Missing { service }),
            (here, Some(Ok(there))) => self.weigh(owner, here.and_then(Result::ok).as_ref(), &there, source),
        }
    }

    /// A fence of the target's own provider.
    fn hold_here(&mut self, owner: &Owner, here: &Fence, there: Found) {
        if here.is_tombstone() {
            let service = here.id.clone();
            return self.holds.hold(SetKey::new(owner.clone(), Rtype::TXT), Guard::Released { service });
        }
        self.hold(owner, here, |service| Guard::Held { service });
        // What the source's fence guards beyond it is what the controller will write next.
        if let Some(Ok(there)) = there {
            self.hold(owner, &there, |service| Guard::Held { service });
        }
    }

    /// The source's fence, and a copy of another provider's in the target if there is one.
    fn weigh(&mut self, owner: &Owner, copy: Option<&Fence>, there: &Fence, source: &Zone) {
        let both = || copy.into_iter().chain([there]);
        let guard: fn(ServiceName) -> Guard = if there.provider == self.provider {
            |service| Guard::Claimed { service }
        } else if copy.is_some_and(|copy| copy.install != there.install) {
            |service| Guard::TwoInstallations { service }
        } else if copy.is_some_and(|copy| copy.provider != there.provider) {
            |service| Guard::TwoProviders { service }
        } else if copy.is_some_and(|copy| copy != there && there.order() <= copy.order()) {
            |service| Guard::NotNewer { service }
        } else if !there.is_tombstone() && !vouches(there, source) {
            |service| Guard::Unvouched { service }
        } else {
            self.together.insert(SetKey::new(owner.clone(), Rtype::TXT), there.id.clone());
            return self.together.extend(both().flat_map(keys_of).map(|key| (key, there.id.clone())));
        };
        both().for_each(|fence| self.hold(owner, fence, guard));
    }

    /// Leaves a fence and all that it guards alone.
    fn hold(&mut self, owner: &Owner, fence: &Fence, guard: impl Fn(ServiceName) -> Guard) {
        for key in keys_of(fence).into_iter().chain([SetKey::new(owner.clone(), Rtype::TXT)]) {
            self.holds.hold(key, guard(fence.id.clone()));
        }
    }

    fn refuse(&mut self, owner: &Owner, side: Side, reason: String) {
        self.holds.hold(SetKey::new(owner.clone(), Rtype::TXT), Guard::Reserved);
        self.unreadable.push(UnreadableFence { owner: owner.clone(), side, reason });
    }
}

#[cfg(test)]
mod tests;
