//! Following: what would make a target equal to its source, told again and again from what has changed since.
//!
//! A daemon keeps one [`Follower`] for each pair of source and target. It proposes what a comparison of the whole zones would,
//! but looks only at what may have come out otherwise since its last proposal: sets that changed in either zone, sets that
//! were proposed and are not done yet, and what these decide about. It keeps the ownership markers and the sizes of both zones;
//! fences and the manifest are read each time, since they stand where they are found at once. So a change of ten sets in a
//! million costs ten sets, the fences and the markers. It walks below a delegation or DNAME that comes or goes, whatever
//! stands there; and over everything at first, when asked to, and when the manifest or the settings change.
//!
//! What it must be told is every change of either zone, once that is true there; what it is never told goes unseen until the next
//! comparison of everything.

mod reach;
mod side;

use std::collections::{BTreeMap, BTreeSet};

use self::reach::Reach;
use self::side::Side;
use crate::change::{SetChange, difference};
use crate::guarded::{Fences, Guarded};
use crate::manifest::Manifest;
use crate::marker::Markers;
use crate::order::Step;
use crate::owner::Owner;
use crate::pointer;
use crate::proposal::{Made, Proposal, Settings, Sizes, Survey, unmade};
use crate::record_set::SetKey;
use crate::zone::Zone;

/// What is kept of one pair of source and target between proposals.
#[derive(Clone, Debug, Default)]
pub struct Follower {
    source: Side,
    target: Side,
    /// Proposed or refused last time, so they differ.
    open: BTreeSet<SetKey>,
    refused: BTreeSet<SetKey>,
    /// The other sets of a refused set's step, which were never at fault by themselves.
    refused_with: BTreeMap<SetKey, Vec<SetKey>>,
    held: BTreeSet<SetKey>,
    /// How the last proposal was made; none if the next one compares everything.
    settings: Option<Settings>,
}

impl Follower {
    /// Knows nothing yet: its first proposal compares everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes note of changes of the source; the source that is passed next has them.
    pub fn source_changed(&mut self, changes: &[SetChange]) {
        for change in changes {
            self.free(&change.key);
            self.held.remove(&change.key);
        }
        if self.settings.is_some() {
            self.source.note(changes);
        }
    }

    /// Takes note of changes of the target, made by its owner or somebody else; the target that is passed next has them.
    pub fn target_changed(&mut self, changes: &[SetChange]) {
        if self.settings.is_some() {
            self.target.note(changes);
        }
    }

    /// Lets the next proposal compare everything, as if it were the first. What is held stays so.
    pub fn compare_all(&mut self) {
        *self = Self { held: std::mem::take(&mut self.held), ..Self::new() };
    }

    /// Leaves a set as somebody else has made it at the target, whatever the source has, until it is let go or the source changes it.
    pub fn hold(&mut self, key: SetKey) {
        self.held.insert(key);
    }

    /// Whether it is left so.
    pub fn holds(&self, key: &SetKey) -> bool {
        self.held.contains(key)
    }

    /// The names that what is left so leads to. Taken away, they would leave it leading nowhere.
    pub fn held_leads_to(&self, target: &Zone) -> BTreeSet<Owner> {
        self.held.iter().flat_map(|key| pointer::targets(key, target.get(key))).collect()
    }

    /// Ends that.
    pub fn let_go(&mut self, key: &SetKey) {
        if self.held.remove(key) {
            self.open.insert(key.clone());
        }
    }

    /// Takes note of a step that was proposed and that the target has refused: its sets are left alone, and what hinges on them too,
    /// until the source changes one of them, the target has them all the same, they shall be tried again, or everything is compared.
    pub fn set_aside(&mut self, step: &Step) {
        let keys: Vec<SetKey> = step.changes.iter().map(|change| change.key.clone()).collect();
        for key in &keys {
            let others = keys.iter().filter(|other| *other != key).cloned().collect();
            self.refused_with.insert(key.clone(), others);
        }
        self.refused.extend(keys);
    }

    /// Lets the next proposal have what was refused.
    pub fn try_again(&mut self) {
        self.refused_with.clear();
        self.open.append(&mut self.refused);
    }

    /// A set is another one than the target has refused, and so is its whole step.
    fn free(&mut self, key: &SetKey) {
        for one in self.refused_with.remove(key).into_iter().flatten().chain([key.clone()]) {
            self.refused_with.remove(&one);
            if self.refused.remove(&one) {
                self.open.insert(one);
            }
        }
    }

    /// What the target has refused. What is taken away after that may be what a refused set still leads to
    /// ([`Step::is_spoilt_by`](crate::Step::is_spoilt_by)).
    pub fn refused(&self) -> &BTreeSet<SetKey> {
        &self.refused
    }

    /// Whether the source has changed since the last proposal was made.
    pub fn source_has_news(&self) -> bool {
        self.source.has_news()
    }

    /// How many sets the source had that the last proposal was made from.
    pub fn source_sets(&self) -> u64 {
        self.source.size
    }

    /// Whether a proposal would have no steps for sure. If not, only a proposal tells.
    pub fn is_settled(&self) -> bool {
        self.settings.is_some() && self.open.is_empty() && !self.source.has_news() && !self.target.has_news()
    }

    /// What would make the target equal to the source: but for what the target refused, the steps, their tally and all that stops
    /// them are those of [`Proposal::of`]. Of what it leaves alone or adjusts, it names what it looked at.
    pub fn propose(&mut self, source: &Zone, target: &Zone, settings: &Settings) -> Proposal {
        let guarded = Guarded::read(source, target, &settings.target);
        let differences = if self.must_compare_all(target, settings) {
            self.read_whole(source, target, settings);
            difference(target, source)
        } else {
            self.take_news(source, target, settings, &guarded)
        };
        let survey = Survey {
            target,
            guarded,
            markers: Markers::of(&self.source.markers, &self.target.markers, target),
            sizes: Sizes { source: self.source.size, target: self.target.size },
            unmade: unmade(source, target, settings),
            refused: &self.refused,
            held: &self.held,
        };
        let Made { proposal, unfit, signers: _ } = survey.propose(differences, settings);
        let changes = proposal.steps.iter().flat_map(|step| &step.changes);
        self.open = changes.map(|change| change.key.clone()).chain(unfit).collect();
        proposal
    }

    fn must_compare_all(&self, target: &Zone, settings: &Settings) -> bool {
        let alike = self.settings.as_ref().is_some_and(|last| judge_alike(last, settings));
        let manifest = Manifest::key_in(target.apex());
        !alike || manifest.is_some_and(|key| self.target.has_changed(&key))
    }

    fn read_whole(&mut self, source: &Zone, target: &Zone, settings: &Settings) {
        self.source = Side::read(source, &settings.markers);
        self.target = Side::read(target, &settings.markers);
        self.refused.clear();
        self.refused_with.clear();
        self.settings = Some(settings.clone());
    }

    /// The differences among all sets that may come out otherwise than last time, in canonical order.
    fn take_news(
        &mut self,
        source: &Zone,
        target: &Zone,
        settings: &Settings,
        guarded: &Guarded<'_>,
    ) -> Vec<SetChange> {
        let fences = Fences::of(target.apex());
        let mut news = self.source.take_news(source, &settings.markers, fences.as_ref());
        news.extend(self.target.take_news(target, &settings.markers, fences.as_ref()));
        let manifest = Manifest::read(target).ok();
        // What only others may change differs for as long as they like.
        let differs = |key: &SetKey| {
            let change =
                SetChange { key: key.clone(), before: target.get(key).cloned(), after: source.get(key).cloned() };
            let allowed = manifest.as_ref().map(|manifest| manifest.allowed(&change, &settings.install));
            allowed.as_ref().unwrap_or(&change.after) != &change.before
        };
        self.refused.retain(differs);
        self.refused_with.retain(|key, _| self.refused.contains(key));
        self.held.retain(differs);
        let reached = Reach::of(source, target, &guarded.groups, &news, &self.open);
        let between = |key: SetKey| {
            let (before, after) = (target.get(&key), source.get(&key));
            (before != after).then(|| SetChange { before: before.cloned(), after: after.cloned(), key })
        };
        reached.into_iter().filter_map(between).collect()
    }
}

/// Whether the same difference is judged in the same way. Bounds, times and what stops all judge no single one.
fn judge_alike(one: &Settings, other: &Settings) -> bool {
    let Settings {
        target,
        traits,
        ttl_policy,
        protected,
        install,
        markers,
        not_plain,
        limits: _,
        serial_stays: _,
        source_sets_known: _,
        made: _,
        valid_for: _,
    } = one;
    *target == other.target
        && *traits == other.traits
        && *ttl_policy == other.ttl_policy
        && *protected == other.protected
        && *install == other.install
        && *markers == other.markers
        && *not_plain == other.not_plain
}

#[cfg(test)]
mod tests;
