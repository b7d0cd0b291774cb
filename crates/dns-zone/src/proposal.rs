//! What would make a target's zone equal to the source's, and what speaks against it.

mod draft;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use dns_core::identifier::{Installation, ProviderName};
use dns_core::time::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use self::draft::{Made, Sizes, Survey, unmade};
use crate::change::difference;
use crate::content::Protected;
use crate::left_alone::LeftAlone;
use crate::limit::{Exceeded, Force, Limits, Tally};
use crate::lossy::{Adjustment, TargetTraits, TtlPolicy};
use crate::marker::MarkerForms;
use crate::order::Step;
use crate::owner::Owner;
use crate::record_set::SetKey;
use crate::zone::Zone;

/// How a plan is made.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The target's name, as the failover controller's configuration has it.
    pub target: ProviderName,
    /// What it can hold.
    pub traits: TargetTraits,
    /// What is done about TTLs that it can't.
    pub ttl_policy: TtlPolicy,
    /// How much may change.
    pub limits: Limits,
    /// What stays at the apex.
    pub protected: Protected,
    /// The installation that plans. What the target's manifest gives to others is left to them.
    pub install: Installation,
    /// Which tools' ownership markers are heeded.
    pub markers: MarkerForms,
    /// What stands at source or target and is no plain record set: an alias, a proxied or weighted set, a disabled record. Nothing
    /// is planned at these names.
    pub not_plain: BTreeMap<Owner, String>,
    /// Why the target's serial stays as it is whatever is written there, and what to do; none if it grows. A proposal
    /// that does not change the SOA itself is refused then: no secondary would ever follow.
    pub serial_stays: Option<String>,
    /// How many sets the source had when it was last read; none if it never was.
    pub source_sets_known: Option<u64>,
    /// Now.
    pub made: Timestamp,
    /// How long the plan may be applied.
    pub valid_for: Duration,
}

/// Something that stops a plan and that nobody lifts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Refusal(pub(crate) String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is to be done to one zone at one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// How many sets it changes.
    pub tally: Tally,
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// What differs and stays.
    pub left_alone: Vec<LeftAlone>,
    /// What the target gets otherwise than the source has it.
    pub adjusted: Vec<Adjustment>,
    /// What stops it unless an operator lifts it by name.
    pub exceeded: Vec<Exceeded>,
    /// Ownership markers that lead to no record, which stop it too unless lifted.
    pub stray_markers: Vec<SetKey>,
    /// What stops it.
    pub refusals: Vec<Refusal>,
}

impl Proposal {
    /// Compares two zones whole.
    pub fn of(source: &Zone, target: &Zone, settings: &Settings) -> Self {
        let none = BTreeSet::new();
        let survey = Survey::of(source, target, settings, [&none, &none]);
        let Made { mut proposal, unfit: _, signers } = survey.propose(difference(target, source), settings);
        proposal.left_alone.extend(signers);
        proposal
    }

    /// What stops it, in words, when an operator has lifted some of it by name; nothing means that it may be applied.
    pub fn stopped_by(&self, forced: &BTreeSet<Force>) -> Vec<String> {
        Stops { exceeded: &self.exceeded, stray_markers: &self.stray_markers, refusals: &self.refusals }.told(forced)
    }
}

/// All that stops a proposal.
pub(crate) struct Stops<'a> {
    pub(crate) exceeded: &'a [Exceeded],
    pub(crate) stray_markers: &'a [SetKey],
    pub(crate) refusals: &'a [Refusal],
}

impl Stops<'_> {
    /// What is not lifted, in words.
    pub(crate) fn told(&self, forced: &BTreeSet<Force>) -> Vec<String> {
        let limits = self.exceeded.iter().filter(|one| !forced.contains(&one.limit)).map(Exceeded::to_string);
        let stray = self.stray_markers.iter().filter(|_| !forced.contains(&Force::StrayMarkers)).map(stray_text);
        self.refusals.iter().map(Refusal::to_string).chain(limits).chain(stray).collect()
    }
}

fn stray_text(marker: &SetKey) -> String {
    let force = Force::StrayMarkers;
    format!("the ownership marker {marker} leads to no record; give its prefix, or if it is left over: --force {force}")
}
