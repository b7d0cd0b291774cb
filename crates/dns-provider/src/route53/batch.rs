//! Flips as changes of one batch: what a flip consists of, how many fit, and who is to blame when a batch is refused. Pure.
//!
//! A flip is never split. The conditions of its change set become changes, since Route 53 has no other conditions: what is
//! required to stay is deleted and created anew, identical.

use std::collections::{BTreeSet, VecDeque};

use aws_sdk_route53::types::{AliasTarget, Change, ChangeAction, ResourceRecord, ResourceRecordSet, RrType};
use dns_core::change::{ChangeSet, Guard, Requirement};
use dns_core::rrset::{Rrset, Weighted};
use hickory_proto::rr::Name;

use super::spelling::Spellings;
use super::{text, view};
use crate::mention;

/// `ResourceRecord` elements of a request, an alias counted as one, UPSERT (which we never use) twice (Developer Guide,
/// "Quotas").
pub(super) const RECORDS_MAX: usize = 1_000;

/// Characters of all `Value` elements of a request (ibid.).
pub(super) const CHARACTERS_MAX: usize = 32_000;

/// How large changes are, in the measures that the service limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) records: usize,
    pub(super) characters: usize,
}

impl Size {
    pub(super) fn of(change: &Change) -> Self {
        let values = change.resource_record_set().map(ResourceRecordSet::resource_records).unwrap_or_default();
        // An alias has no values and counts as one.
        let records = values.len().max(1);
        Self { records, characters: values.iter().map(|record| record.value().chars().count()).sum() }
    }

    fn and(self, other: Self) -> Self {
        Self { records: self.records + other.records, characters: self.characters + other.characters }
    }

    /// Whether one request may be that large.
    pub(super) fn fits(self) -> bool {
        self.records <= RECORDS_MAX && self.characters <= CHARACTERS_MAX
    }
}

/// The changes of one change set.
#[derive(Clone, Debug)]
pub(super) struct Flip {
    pub(super) changes: Vec<Change>,
    pub(super) size: Size,
    /// The record sets that it touches, by name and type.
    touched: BTreeSet<(String, String)>,
}

impl Flip {
    /// Deletes come first, so that a CNAME never meets other data.
    pub(super) fn of(change: &ChangeSet, spellings: &Spellings) -> Self {
        let same = unchanged(change);
        let gone = change.deletes.iter().chain(same.iter().copied()).flat_map(|set| as_stored(set, spellings));
        let mut deletes: Vec<Change> = gone.map(|set| of(ChangeAction::Delete, set)).collect();
        if let Guard::Exactly { ttl, text } = &change.guard {
            let stored = spellings.stored((&change.fence_name, &RrType::Txt, ""), vec![text::of_fence(text)]);
            deletes.push(of(ChangeAction::Delete, plain(&change.fence_name, RrType::Txt, ttl.as_secs(), stored)));
        }
        let fence =
            plain(&change.fence_name, RrType::Txt, change.fence_ttl.as_secs(), vec![text::of_fence(&change.fence)]);
        // What stays comes back as it was, spelling included.
        let back = same.iter().flat_map(|set| as_stored(set, spellings));
        let creates = change.creates.iter().flat_map(canonical).chain(back).chain([fence]);
        let creates = creates.map(|set| of(ChangeAction::Create, set));
        let changes: Vec<Change> = deletes.into_iter().chain(creates).collect();
        let size = changes.iter().map(Size::of).fold(Size::default(), Size::and);
        let sets = changes.iter().filter_map(Change::resource_record_set);
        let touched = sets.map(|set| (set.name().to_owned(), set.r#type().as_str().to_owned())).collect();
        Self { changes, size, touched }
    }

    /// Whether the service's message names one of its records. A hint, nothing follows from it.
    fn is_named_by(&self, message: &str) -> bool {
        self.touched.iter().any(|(name, _)| mention::names(message, name))
    }
}

/// What is required to be there and stays as it is: its condition has to become a change.
fn unchanged(change: &ChangeSet) -> Vec<&Rrset> {
    let goes = |set: &Rrset| change.deletes.iter().any(|gone| gone.key() == set.key());
    let exactly = change.requires.iter().filter_map(|requirement| match requirement {
        Requirement::Exactly(set) => Some(set),
        Requirement::Absent(_) => None,
    });
    exactly.filter(|set| !goes(set)).collect()
}

/// As the zone has it.
fn as_stored(set: &Rrset, spellings: &Spellings) -> Vec<ResourceRecordSet> {
    record_sets(set, |one, identifier| {
        let rtype = view::api_type(one.key().rtype());
        spellings.stored((one.key().name(), &rtype, identifier), text::of_values(one))
    })
}

/// As we write it.
fn canonical(set: &Rrset) -> Vec<ResourceRecordSet> {
    record_sets(set, |one, _| text::of_values(one))
}

/// The record sets that make up an answer: one, or each that is drawn by weight.
fn record_sets(set: &Rrset, values: impl Fn(&Rrset, &str) -> Vec<String>) -> Vec<ResourceRecordSet> {
    if set.weighted().is_empty() {
        return vec![record_set(set, values(set, ""))];
    }
    let drawn = set.weighted().iter().map(|Weighted { identifier, weight, set }| {
        let mut one = record_set(set, values(set, identifier));
        (one.set_identifier, one.weight) = (Some(identifier.clone()), Some(i64::from(*weight)));
        one
    });
    drawn.collect()
}

fn record_set(set: &Rrset, values: Vec<String>) -> ResourceRecordSet {
    let (name, rtype) = (set.key().name(), view::api_type(set.key().rtype()));
    let Some(alias) = set.alias() else { return plain(name, rtype, set.ttl().as_secs(), values) };
    let target = AliasTarget::builder()
        .dns_name(text::of_name(alias.target()))
        .hosted_zone_id(alias.zone_id())
        // Health is what the vantage points judge; Route 53 must not answer with something else.
        .evaluate_target_health(false)
        .build();
    let builder = ResourceRecordSet::builder().name(text::of_name(name)).r#type(rtype);
    let built = builder.alias_target(target.expect("invariant: all fields are given")).build();
    built.expect("invariant: name and type are given")
}

/// A simple set.
pub(super) fn plain(name: &Name, rtype: RrType, ttl_secs: u32, values: Vec<String>) -> ResourceRecordSet {
    let records = values
        .into_iter()
        .map(|value| ResourceRecord::builder().value(value).build().expect("invariant: the value is given"));
    let builder = ResourceRecordSet::builder().name(text::of_name(name)).r#type(rtype).ttl(i64::from(ttl_secs));
    builder.set_resource_records(Some(records.collect())).build().expect("invariant: name and type are given")
}

pub(super) fn of(action: ChangeAction, set: ResourceRecordSet) -> Change {
    Change::builder().action(action).resource_record_set(set).build().expect("invariant: all fields are given")
}

/// Takes the flips that share the next batch, in order of arrival: no later one overtakes one that doesn't fit. Flips that
/// touch the same record set never share a batch: both would be refused for the sake of one.
pub(super) fn next<M: AsRef<Flip>>(waiting: &mut VecDeque<M>) -> Vec<M> {
    let mut size = Size::default();
    let mut touched = BTreeSet::new();
    let mut batch = Vec::new();
    while let Some(member) = waiting.front() {
        let flip = member.as_ref();
        let larger = size.and(flip.size);
        let is_alone = batch.is_empty();
        if !is_alone && (!larger.fits() || flip.touched.iter().any(|set| touched.contains(set))) {
            break;
        }
        size = larger;
        touched.extend(flip.touched.iter().cloned());
        batch.extend(waiting.pop_front());
    }
    batch
}

/// Whether the next batch leaves something behind, or has no room for one more like those in it.
pub(super) fn is_full<'a, M: AsRef<Flip> + 'a>(waiting: impl IntoIterator<Item = &'a M>) -> bool {
    let mut size = Size::default();
    waiting.into_iter().any(|member| {
        size = size.and(member.as_ref().size);
        !size.and(member.as_ref().size).fits()
    })
}

/// Splits a refused batch of two or more into two smaller ones: those that the service's message doesn't name, which are
/// probably fine, and those that it names; or, if that tells them not apart, halves.
pub(super) fn split<M: AsRef<Flip>>(mut batch: Vec<M>, message: &str) -> (Vec<M>, Vec<M>) {
    let named = batch.iter().filter(|member| member.as_ref().is_named_by(message)).count();
    if named > 0 && named < batch.len() {
        return batch.into_iter().partition(|member| !member.as_ref().is_named_by(message));
    }
    let second = batch.split_off(batch.len() / 2);
    (batch, second)
}

#[cfg(test)]
mod tests;
