//! How a proposal is made of differences: each is judged by itself, then by what it needs of others.

use std::collections::{BTreeMap, BTreeSet};

use dns_core::identifier::ServiceName;
use domain::base::Rtype;

use super::{Proposal, Refusal, Settings};
use crate::change::SetChange;
use crate::content::{Protected, content, is_signers};
use crate::guard_names::GuardNames;
use crate::guarded::Guarded;
use crate::hinge;
use crate::left_alone::{LeftAlone, Why};
use crate::limit::{Exceeded, Scope, Tally};
use crate::lossy::Adjustment;
use crate::manifest::Manifest;
use crate::marker::Markers;
use crate::order::order;
use crate::owner::Owner;
use crate::record_set::SetKey;
use crate::share::Share;
use crate::zone::Zone;

/// How many sets of content both zones have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) source: u64,
    pub(crate) target: u64,
}

/// What is known of two zones beside their differences.
pub(crate) struct Survey<'a> {
    pub(crate) target: &'a Zone,
    pub(crate) guarded: Guarded<'a>,
    pub(crate) markers: Markers<'a>,
    pub(crate) sizes: Sizes,
    /// Why the target's zone cannot be made, if it is to be.
    pub(crate) unmade: Option<Refusal>,
    /// What the target has refused.
    pub(crate) refused: &'a BTreeSet<SetKey>,
    /// What somebody else has changed there, and what waits for it.
    pub(crate) held: &'a BTreeSet<SetKey>,
}

/// A proposal, and what is missing in it.
pub(crate) struct Made {
    pub(crate) proposal: Proposal,
    /// What refuses it because the target cannot hold it.
    pub(crate) unfit: Vec<SetKey>,
    /// What signers make of what was looked at.
    pub(crate) signers: Option<LeftAlone>,
}

impl<'a> Survey<'a> {
    /// Reads two zones whole.
    pub(crate) fn of(
        source: &Zone,
        target: &'a Zone,
        settings: &Settings,
        [refused, held]: [&'a BTreeSet<SetKey>; 2],
    ) -> Survey<'a> {
        Self {
            target,
            guarded: Guarded::read(source, target, &settings.target),
            markers: Markers::read(source, target, &settings.markers),
            sizes: Sizes { source: content(source), target: content(target) },
            unmade: unmade(source, target, settings),
            refused,
            held,
        }
    }

    /// Makes a proposal of differences, which are in canonical order.
    pub(crate) fn propose(self, differences: Vec<SetChange>, settings: &Settings) -> Made {
        let Self { target, guarded, markers, sizes, unmade, refused, held } = self;
        let manifest = Manifest::read(target);
        let draft = Draft {
            apex: target.apex(),
            settings,
            guarded: &guarded,
            manifest: manifest.as_ref().ok(),
            markers: &markers,
            refused,
            held,
            sorted: Sorted::default(),
        };
        let Sorted { mut changes, mut left_alone, adjusted, unfit, signers } = draft.sort(differences);
        let (unfit, mut refusals): (Vec<SetKey>, Vec<Refusal>) = unfit.into_iter().unzip();
        // Of a set that is left in part, the rest comes.
        let stays = |key: &SetKey| changes.binary_search_by(|change| change.key.cmp(key)).is_err();
        let left: Vec<SetKey> = left_alone.iter().map(|one| one.set.clone()).filter(stays).collect();
        let hinged = hinge::take_out(&mut changes, &left, target, is_signers);
        left_alone.extend(hinged.into_iter().map(|(set, on)| LeftAlone { set, why: Why::Hinges { on } }));
        keep_together(&mut changes, &mut left_alone, &guarded.together);
        refusals.extend(unmade);
        refusals.extend(unseen(settings, target.apex()));
        refusals.extend(unfollowed(settings, &changes));
        refusals.extend(guarded.unreadable.iter().map(|fence| Refusal(fence.to_string())));
        refusals.extend(manifest.err().map(|error| Refusal(error.to_string())));
        if sizes.source == 0 {
            let empty = format!("the source of {} is empty; that is never synchronised", target.apex());
            refusals.push(Refusal(empty));
        }
        let tally = Tally::of(sizes.target, &changes);
        let steps = order(changes, &guarded.together);
        let proposal = Proposal {
            tally,
            exceeded: exceeded(&Tally::of_own(sizes.target, &steps), sizes, settings),
            steps,
            left_alone,
            adjusted,
            stray_markers: markers.stray,
            refusals,
        };
        Made { proposal, unfit, signers: signers.map(|(set, sets)| LeftAlone { set, why: Why::Signer { sets } }) }
    }
}

/// A zone that is not there yet is made with the SOA and NS of its source, which not every source has.
pub(crate) fn unmade(source: &Zone, target: &Zone, settings: &Settings) -> Option<Refusal> {
    let apex = target.apex();
    let lacks = |zone: &Zone, rtype| zone.get(&SetKey::new(apex.clone(), rtype)).is_none();
    let is_made = settings.protected == Protected::Nothing && lacks(target, Rtype::SOA);
    let missing: Vec<&str> = [(Rtype::SOA, "SOA"), (Rtype::NS, "NS")]
        .into_iter()
        .filter_map(|(rtype, text)| lacks(source, rtype).then_some(text))
        .collect();
    let missing = missing.join(" and ");
    let target = &settings.target;
    let text =
        || format!("`{target}` has no zone {apex} yet, and the source no {missing} to make it with; make it first");
    (is_made && !missing.is_empty()).then(|| Refusal(text()))
}

fn exceeded(tally: &Tally, sizes: Sizes, settings: &Settings) -> Vec<Exceeded> {
    let known = settings.source_sets_known.unwrap_or(sizes.target);
    let shrunk = Exceeded::by_shrinking(sizes.source, known, &settings.limits);
    tally.exceeding(Scope::Zone, &settings.limits).into_iter().chain(shrunk).collect()
}

/// A fence or manifest that is there and cannot be told as a record set: what it guards is not known.
fn unseen<'s>(settings: &'s Settings, apex: &Owner) -> impl Iterator<Item = Refusal> + use<'s> {
    let names = GuardNames::of(apex);
    let told = settings.not_plain.iter().filter(move |(owner, _)| names.contains(owner));
    told.map(|(owner, what)| Refusal(format!("{owner} says who holds what, and cannot be read: {what}")))
}

/// What is written would reach the primary alone, and nobody would see why.
fn unfollowed(settings: &Settings, changes: &[SetChange]) -> Option<Refusal> {
    let moves_itself = changes.iter().any(|change| change.key.rtype == Rtype::SOA);
    let reason = settings.serial_stays.clone().filter(|_| !changes.is_empty() && !moves_itself);
    reason.map(Refusal)
}

/// Where differences end up.
#[derive(Default)]
struct Sorted {
    changes: Vec<SetChange>,
    left_alone: Vec<LeftAlone>,
    adjusted: Vec<Adjustment>,
    unfit: Vec<(SetKey, Refusal)>,
    /// The first set that a signer makes, and how many there are: a signed zone has more of them than of all others.
    signers: Option<(SetKey, u64)>,
}

struct Draft<'a> {
    apex: &'a Owner,
    settings: &'a Settings,
    guarded: &'a Guarded<'a>,
    /// None if it can't be read, which refuses the proposal.
    manifest: Option<&'a Manifest>,
    markers: &'a Markers<'a>,
    refused: &'a BTreeSet<SetKey>,
    held: &'a BTreeSet<SetKey>,
    sorted: Sorted,
}

impl Draft<'_> {
    /// Why nothing of a set is planned, whatever differs.
    fn reserved(&self, key: &SetKey) -> Option<Why> {
        if self.settings.protected.covers(key, self.apex) {
            return Some(Why::Protected);
        }
        if let Some(what) = self.settings.not_plain.get(&key.owner) {
            return Some(Why::NotPlain { what: what.clone() });
        }
        (Manifest::key_in(self.apex).as_ref() == Some(key)).then_some(Why::Manifest)
    }

    fn against(&self, change: &SetChange) -> Option<Why> {
        let owned = || self.markers.against(change).map(|by| Why::Owned { by: by.clone() });
        let refused = || self.refused.contains(&change.key).then_some(Why::Refused);
        let held = || self.held.contains(&change.key).then_some(Why::Held);
        self.guarded.against(change).map(Why::Guarded).or_else(owned).or_else(refused).or_else(held)
    }

    fn sort(mut self, differences: Vec<SetChange>) -> Sorted {
        for change in differences {
            self.take(change);
        }
        self.sorted
    }

    fn take(&mut self, change: SetChange) {
        if is_signers(change.key.rtype) {
            self.sorted.signers.get_or_insert((change.key, 0)).1 += 1;
            return;
        }
        if let Some(why) = self.reserved(&change.key) {
            return self.leave(&change.key, why);
        }
        let share = self.manifest.map_or(Share::Ours, |manifest| manifest.share(&change, &self.settings.install));
        match share {
            Share::Ours => self.take_ours(change),
            Share::Theirs(by) => self.leave(&change.key, Why::Claimed { by }),
            Share::Split { after, left } => {
                // A set that moves with a fence stays whole if any of it does: [`keep_together`] sees what is left.
                for (by, part) in left {
                    self.leave(&change.key, Why::ClaimedPart { by, part });
                }
                if after != change.before {
                    self.take_ours(SetChange { after, ..change });
                }
            }
        }
    }

    fn leave(&mut self, set: &SetKey, why: Why) {
        self.sorted.left_alone.push(LeftAlone { set: set.clone(), why });
    }

    /// Takes a change of which nothing is another installation's.
    fn take_ours(&mut self, mut change: SetChange) {
        if let Some(why) = self.against(&change) {
            return self.leave(&change.key, why);
        }
        if let Some(after) = &change.after {
            match self.settings.traits.fit(self.apex, &change.key, after, self.settings.ttl_policy) {
                Ok((after, adjustment)) => {
                    change.after = Some(after);
                    self.sorted.adjusted.extend(adjustment);
                }
                Err(lossy) => {
                    let refusal = Refusal(format!("{}: {lossy}", change.key));
                    return self.sorted.unfit.push((change.key, refusal));
                }
            }
        }
        // Once adjusted, it may be what the target has already.
        if change.before != change.after {
            self.sorted.changes.push(change);
        }
    }
}

/// A fence never moves without its records, nor they without it.
fn keep_together(
    changes: &mut Vec<SetChange>,
    left_alone: &mut Vec<LeftAlone>,
    together: &BTreeMap<SetKey, ServiceName>,
) {
    let apart: BTreeSet<&ServiceName> = left_alone.iter().filter_map(|one| together.get(&one.set)).collect();
    let stays = |change: &mut SetChange| together.get(&change.key).is_some_and(|service| apart.contains(service));
    let stay: Vec<SetChange> = changes.extract_if(.., stays).collect();
    left_alone.extend(stay.into_iter().map(|change| {
        let service = together[&change.key].clone();
        LeftAlone { set: change.key, why: Why::Apart { service } }
    }));
}

#[cfg(test)]
mod tests;
