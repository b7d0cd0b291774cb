//! Plans: what would make a target's zone equal to the source's, written down before anything is done.
//!
//! A plan is a [`Proposal`] bound to what it was made from: the source's serial, digests of both zones, and a time after which it
//! is too old. [`Plan::check`] says whether all of that still holds. Its JSON is flat, so it has a proposal's fields as its own.
//!
//! What is not [content](crate::content()) is no part of the digests, nor is the SOA, which changes with every write.

use std::collections::BTreeSet;
use std::time::Duration;

use dns_core::digest::{Digest, Fields};
use dns_core::identifier::ProviderName;
use dns_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::content::is_compared;
use crate::left_alone::{LeftAlone, Why};
use crate::limit::{Exceeded, Force, Tally};
use crate::lossy::Adjustment;
use crate::order::Step;
use crate::owner::Owner;
use crate::proposal::{Proposal, Refusal, Settings, Stops};
use crate::record_set::SetKey;
use crate::serial::Serial;
use crate::zone::Zone;

/// The form of plans that this code writes and reads.
const VERSION: u32 = 1;

/// What is to be done to one zone at one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    version: u32,
    /// The zone.
    pub zone: Owner,
    /// Where it is changed.
    pub target: ProviderName,
    /// The source's serial, if it has an SOA.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_serial: Option<Serial>,
    /// The source as it was read: not every change of it comes with a serial.
    pub source_digest: Digest,
    /// The target as it was read.
    pub target_digest: Digest,
    /// When it was made.
    pub made: Timestamp,
    /// From when on it is too old.
    pub expires: Timestamp,
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
    #[serde(with = "crate::record_set::keys_text")]
    pub stray_markers: Vec<SetKey>,
    /// What stops it.
    pub refusals: Vec<Refusal>,
}

/// Why a plan may not be applied any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Outdated {
    /// Too old.
    #[error("the plan for {zone} at `{target}` expired at {expires}; make a new one")]
    Expired {
        /// The zone.
        zone: Owner,
        /// The target.
        target: ProviderName,
        /// When.
        expires: Timestamp,
    },
    /// The target is not what it was.
    #[error("the zone {zone} at `{target}` has changed since the plan was made; make a new one")]
    Target {
        /// The zone.
        zone: Owner,
        /// The target.
        target: ProviderName,
    },
    /// The source is not what it was.
    #[error("the source of {zone} has changed since the plan was made ({}); make a new one", serials(*then, *now))]
    Source {
        /// The zone.
        zone: Owner,
        /// Its serial then.
        then: Option<Serial>,
        /// Its serial now.
        now: Option<Serial>,
    },
}

fn serials(then: Option<Serial>, now: Option<Serial>) -> String {
    let shown = |serial: Option<Serial>| serial.map_or_else(|| "none".to_owned(), |serial| serial.to_string());
    if then == now {
        return format!("its serial is {} as before", shown(now));
    }
    format!("serial {} then, {} now", shown(then), shown(now))
}

/// A text is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanTextError {
    /// It can't be read.
    #[error("the text is no plan")]
    Json(#[from] serde_json::Error),
    /// Another form.
    #[error("the plan has version {0}, this program reads {VERSION}; make a new one")]
    Version(u32),
}

/// Makes a plan.
pub fn plan(source: &Zone, target: &Zone, settings: &Settings) -> Plan {
    let Proposal { tally, steps, left_alone, adjusted, exceeded, stray_markers, refusals } =
        Proposal::of(source, target, settings);
    Plan {
        version: VERSION,
        zone: target.apex().clone(),
        target: settings.target.clone(),
        source_serial: source.serial(),
        source_digest: zone_digest(source),
        target_digest: zone_digest(target),
        made: settings.made,
        expires: settings.made + settings.valid_for,
        tally,
        steps,
        left_alone,
        adjusted,
        exceeded,
        stray_markers,
        refusals,
    }
}

/// What a plan binds itself to: all sets of a zone but its SOA and what its signer makes.
pub fn zone_digest(zone: &Zone) -> Digest {
    let mut fields = Fields::default();
    for (key, set) in zone.sets().filter(|(key, _)| is_compared(key, zone.apex())) {
        fields.add(&key.owner.to_wire());
        fields.add(&key.rtype.to_int().to_be_bytes());
        fields.add(&set.ttl().as_secs().to_be_bytes());
        fields.add(&(set.values().len() as u64).to_be_bytes());
        set.values().iter().for_each(|value| fields.add(value.as_wire()));
    }
    fields.digest()
}

impl Plan {
    /// Whether what it was made from is still so; a plan that undoes another one has no source.
    ///
    /// # Errors
    /// [`Outdated`], the first.
    pub fn check(&self, target_digest: Digest, source: Option<&Zone>, now: Timestamp) -> Result<(), Outdated> {
        let (zone, target) = (self.zone.clone(), self.target.clone());
        if now >= self.expires {
            return Err(Outdated::Expired { zone, target, expires: self.expires });
        }
        if target_digest != self.target_digest {
            return Err(Outdated::Target { zone, target });
        }
        let Some(source) = source else { return Ok(()) };
        if source.serial() != self.source_serial || zone_digest(source) != self.source_digest {
            return Err(Outdated::Source { zone, then: self.source_serial, now: source.serial() });
        }
        Ok(())
    }

    /// What stops it, in words, when an operator has lifted some of it by name; nothing means that it may be applied.
    pub fn stopped_by(&self, forced: &BTreeSet<Force>) -> Vec<String> {
        Stops { exceeded: &self.exceeded, stray_markers: &self.stray_markers, refusals: &self.refusals }.told(forced)
    }

    /// Whether it neither changes anything nor is stopped.
    pub fn is_quiet(&self) -> bool {
        self.steps.is_empty() && self.stopped_by(&BTreeSet::new()).is_empty()
    }

    /// What undoes it, for the target as it is afterwards. Fences only go forward: what moved with one stays.
    #[must_use]
    pub fn inverse(&self, target_digest: Digest, made: Timestamp, valid_for: Duration) -> Self {
        let (stay, back): (Vec<&Step>, Vec<&Step>) = self.steps.iter().rev().partition(|step| step.service.is_some());
        let steps: Vec<Step> = back.into_iter().map(Step::inverse).collect();
        let left_alone = stay.into_iter().flat_map(|step| {
            let why = step.service.clone().map(|service| Why::OnlyForward { service });
            step.changes
                .iter()
                .zip(std::iter::repeat(why))
                .filter_map(|(change, why)| why.map(|why| LeftAlone { set: change.key.clone(), why }))
        });
        let Tally { existing, creates, updates: _, deletes } = self.tally;
        let existing = (existing + creates).saturating_sub(deletes);
        Self {
            target_digest,
            made,
            expires: made + valid_for,
            tally: Tally::of(existing, steps.iter().flat_map(|step| &step.changes)),
            left_alone: left_alone.collect(),
            adjusted: Vec::new(),
            exceeded: Vec::new(),
            stray_markers: Vec::new(),
            refusals: Vec::new(),
            steps,
            ..self.clone()
        }
    }

    /// The plan as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("invariant: a plan's maps have text as keys")
    }

    /// Reads a plan.
    ///
    /// # Errors
    /// [`PlanTextError`].
    pub fn from_json(text: &str) -> Result<Self, PlanTextError> {
        let Versioned { version } = serde_json::from_str(text)?;
        if version != VERSION {
            return Err(PlanTextError::Version(version));
        }
        Ok(serde_json::from_str(text)?)
    }
}

/// The version alone, so that a plan of another form is told from one that is broken.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

#[cfg(test)]
mod tests;
