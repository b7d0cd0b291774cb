//! The order in which a zone is changed, so that nobody who asks in between finds a hole and no server refuses a step.
//!
//! Make before break: what is new comes first, what is gone last, and what others point at (addresses) comes before and goes
//! after them. Around a delegation that means (RFC 1034 §4.2.1, RFC 4035 §2.4): new glue, the NS set, its DS set, and only
//! then the old glue and what now lies below the cut. Some changes make sense only at once and are one [`Step`]:
//!
//! - a CNAME that comes or goes, with all else at its name (RFC 2181 §10.1),
//! - the NS, DS and DNAME sets of one name: DS is deleted before NS and created after it,
//! - a DNAME that comes or goes, with all changes below its name (RFC 6672 §2.4),
//! - records that a fence guards, with their fence.
//!
//! Inside a step deletes come first. The order depends on nothing but the changes.

use std::collections::{BTreeMap, BTreeSet};

use dns_core::identifier::ServiceName;
use domain::base::Rtype;
use serde::{Deserialize, Serialize};

use crate::change::{Kind, SetChange};
use crate::owner::Owner;
use crate::pointer;
use crate::record_set::{RecordSet, SetKey};
use crate::zone::{Zone, ZoneError};

/// Changes that are made together or not at all; never none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// In the order in which they are made.
    pub changes: Vec<SetChange>,
    /// The service whose fence is among them, or guards them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceName>,
}

impl From<Vec<SetChange>> for Step {
    /// Of no service.
    fn from(changes: Vec<SetChange>) -> Self {
        Self { changes, service: None }
    }
}

impl Step {
    /// The names that it changes.
    pub fn owners(&self) -> impl Iterator<Item = &Owner> {
        self.changes.iter().map(|change| &change.key.owner)
    }

    /// The names that have to be right before it: its own, and those that it points at, as servers, aliases or hosts.
    pub fn needs(&self) -> BTreeSet<Owner> {
        let targets = self.changes.iter().flat_map(|change| pointer::targets(&change.key, change.after.as_ref()));
        self.owners().cloned().chain(targets).collect()
    }

    /// Whether it should not be made after these names could not be made right: it needs one of them, or it takes something away
    /// that one of them may still lead to.
    pub fn is_spoilt_by(&self, spoilt: &BTreeSet<Owner>) -> bool {
        let deletes = self.changes.iter().any(|change| change.kind() == Kind::Delete);
        !spoilt.is_empty() && (deletes || !self.needs().is_disjoint(spoilt))
    }

    /// What undoes it.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let changes = self.changes.iter().rev().map(SetChange::inverse).collect();
        Self { changes, service: self.service.clone() }
    }

    /// Makes it true in a zone.
    ///
    /// # Errors
    /// [`ZoneError::OutOfZone`].
    pub fn apply_to(&self, zone: &mut Zone) -> Result<(), ZoneError> {
        self.changes.iter().try_for_each(|change| change.apply_to(zone))
    }
}

/// Where a step has its place; the first comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Addresses that were not there: the glue of what follows.
    NewAddresses,
    /// Addresses that are others now.
    Addresses,
    /// All else that was not there.
    New,
    /// What becomes something else at its name.
    Exchange,
    /// NS sets: first those that come, then those that change, then those that go.
    Delegation(Kind),
    /// DS sets of delegations that stand.
    Secured,
    /// What frees the name of a server that no delegation needs any more by becoming something else.
    FormerServers,
    /// What is gone.
    Gone,
    /// Addresses that are gone: by now nothing points at them.
    GoneAddresses,
}

/// Puts changes in order. `together` names those that move with a service's fence.
pub fn order(mut changes: Vec<SetChange>, together: &BTreeMap<SetKey, ServiceName>) -> Vec<Step> {
    changes.sort_by(|one, other| one.key.cmp(&other.key));
    let former = former_servers(&changes);
    let mut groups = Groups::new(changes.len());
    join_names(&changes, &mut groups);
    join_below_dnames(&changes, &mut groups);
    join_services(&changes, together, &mut groups);
    let mut members: BTreeMap<usize, Vec<SetChange>> = BTreeMap::new();
    for (index, change) in changes.into_iter().enumerate() {
        members.entry(groups.first_of(index)).or_default().push(change);
    }
    let mut steps: Vec<(Phase, Step)> = members
        .into_values()
        .map(|mut changes| {
            changes.sort_by_key(place_within);
            let service = changes.iter().find_map(|change| together.get(&change.key)).cloned();
            (phase(&changes, &former), Step { changes, service })
        })
        .collect();
    // Stable, so that steps of one phase stay in the order of their names.
    steps.sort_by_key(|(phase, _)| *phase);
    steps.into_iter().map(|(_, step)| step).collect()
}

/// Sets of indices that are joined step by step; each is known by its smallest.
struct Groups(Vec<usize>);

impl Groups {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    fn first_of(&mut self, mut index: usize) -> usize {
        while self.0[index] != index {
            self.0[index] = self.0[self.0[index]];
            index = self.0[index];
        }
        index
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.first_of(one), self.first_of(other));
        self.0[one.max(other)] = one.min(other);
    }

    fn join_all(&mut self, indices: impl IntoIterator<Item = usize>) {
        let mut indices = indices.into_iter();
        let Some(first) = indices.next() else { return };
        indices.for_each(|index| self.join(first, index));
    }
}

/// Changes at one name of which each forbids the others.
fn join_names(changes: &[SetChange], groups: &mut Groups) {
    let mut start = 0;
    for run in changes.chunk_by(|one, other| one.key.owner == other.key.owner) {
        let exchanged = run.iter().any(|one| one.key.rtype == Rtype::CNAME && one.kind() != Kind::Update);
        let is_cut = |one: &SetChange| matches!(one.key.rtype, Rtype::NS | Rtype::DS | Rtype::DNAME);
        let joined = run.iter().enumerate().filter(|(_, one)| exchanged || is_cut(one));
        groups.join_all(joined.map(|(offset, _)| start + offset));
        start += run.len();
    }
}

/// A server may refuse a DNAME with names below it, and those below while it stands.
fn join_below_dnames(changes: &[SetChange], groups: &mut Groups) {
    for (index, dname) in changes.iter().enumerate() {
        if dname.key.rtype != Rtype::DNAME || dname.kind() == Kind::Update {
            continue;
        }
        let below = changes.iter().enumerate().skip(index + 1);
        let below = below.take_while(|(_, other)| other.key.owner.is_in(&dname.key.owner));
        let below = below.filter(|(_, other)| other.key.owner != dname.key.owner).map(|(below, _)| below);
        groups.join_all([index].into_iter().chain(below));
    }
}

fn join_services(changes: &[SetChange], together: &BTreeMap<SetKey, ServiceName>, groups: &mut Groups) {
    let mut by_service: BTreeMap<&ServiceName, Vec<usize>> = BTreeMap::new();
    for (index, change) in changes.iter().enumerate() {
        if let Some(service) = together.get(&change.key) {
            by_service.entry(service).or_default().push(index);
        }
    }
    for indices in by_service.into_values() {
        groups.join_all(indices);
    }
}

/// Deletes first, DS before what it signs; then the rest, DS after it.
fn place_within(change: &SetChange) -> (bool, bool, SetKey) {
    let deletes = change.kind() == Kind::Delete;
    (!deletes, (change.key.rtype == Rtype::DS) != deletes, change.key.clone())
}

fn is_address(change: &SetChange) -> bool {
    matches!(change.key.rtype, Rtype::A | Rtype::AAAA)
}

fn phase(changes: &[SetChange], former: &BTreeSet<Owner>) -> Phase {
    if let Some(delegation) = changes.iter().find(|change| change.key.rtype == Rtype::NS) {
        return Phase::Delegation(delegation.kind());
    }
    let all = |kind| changes.iter().all(|change| change.kind() == kind);
    let addresses = changes.iter().all(is_address);
    let secures = changes.iter().any(|change| change.key.rtype == Rtype::DS && change.after.is_some());
    let frees = |change: &SetChange| is_address(change) && change.after.is_none() && former.contains(&change.key.owner);
    match () {
        () if secures => Phase::Secured,
        () if all(Kind::Create) && addresses => Phase::NewAddresses,
        () if all(Kind::Create) => Phase::New,
        () if all(Kind::Delete) && addresses => Phase::GoneAddresses,
        () if all(Kind::Delete) => Phase::Gone,
        () if addresses => Phase::Addresses,
        () if changes.iter().any(frees) => Phase::FormerServers,
        () => Phase::Exchange,
    }
}

/// The servers that NS sets named before and no changed one names afterwards.
fn former_servers(changes: &[SetChange]) -> BTreeSet<Owner> {
    let of = |side: fn(&SetChange) -> Option<&RecordSet>| -> BTreeSet<Owner> {
        let delegations = changes.iter().filter(|change| change.key.rtype == Rtype::NS);
        delegations.flat_map(|change| pointer::targets(&change.key, side(change))).collect()
    };
    let before = of(|change| change.before.as_ref());
    let after = of(|change| change.after.as_ref());
    before.difference(&after).cloned().collect()
}

#[cfg(test)]
mod tests;
