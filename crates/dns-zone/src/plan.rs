//! Plans: what would make a target's zone equal to the source's, written down before anything is done.
//!
//! A plan is bound to what it was made from: the source's serial, a digest of the target, and a time after which it is too
//! old. [`Plan::check`] says whether all of that still holds. Nothing that it leaves alone is left out in silence.
//!
//! What makes signatures (RRSIG, NSEC, DNSKEY and their like) belongs to the signer of each side: it is neither planned, nor
//! counted, nor part of the digest. The same goes for the SOA in the digest, which changes with every write.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use dns_core::digest::{Digest, Fields};
use dns_core::identifier::{Installation, ProviderName, ServiceName};
use dns_core::time::Timestamp;
use domain::base::Rtype;
use serde::{Deserialize, Serialize};

use crate::change::{SetChange, difference};
use crate::guarded::{self, Guard, Guarded};
use crate::hinge;
use crate::limit::{Exceeded, Force, Limits, Scope, Tally};
use crate::lossy::{Adjustment, TargetTraits, TtlPolicy};
use crate::manifest::Manifest;
use crate::marker::{Manager, MarkerForms, Markers};
use crate::order::{Step, order};
use crate::owner::Owner;
use crate::record_set::SetKey;
use crate::serial::Serial;
use crate::zone::Zone;

/// The form of plans that this code writes and reads.
const VERSION: u32 = 1;

/// What stays at the apex of a zone, whatever the source says: it is how the target itself serves the zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protected {
    /// SOA and NS.
    #[default]
    SoaAndNs,
    /// SOA; the NS set is planned.
    Soa,
    /// Nothing.
    Nothing,
}

impl Protected {
    fn covers(self, key: &SetKey, apex: &Owner) -> bool {
        let types: &[Rtype] = match self {
            Self::SoaAndNs => &[Rtype::SOA, Rtype::NS],
            Self::Soa => &[Rtype::SOA],
            Self::Nothing => &[],
        };
        key.owner == *apex && types.contains(&key.rtype)
    }
}

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
    /// How many sets the source had when it was last read; none if it never was.
    pub source_sets_known: Option<u64>,
    /// Now.
    pub made: Timestamp,
    /// How long the plan may be applied.
    pub valid_for: Duration,
}

/// Why a difference stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "camelCase")]
pub enum Why {
    /// It is protected at the apex.
    Protected,
    /// It is left to a failover controller.
    Guarded(Guard),
    /// The target's manifest gives it to another installation.
    Claimed {
        /// Which.
        by: Installation,
    },
    /// It is a manifest, which is never copied.
    Manifest,
    /// It belongs to another tool.
    Owned {
        /// Which.
        by: Manager,
    },
    /// Something stands at its name, in source or target, that no record set can tell.
    NotPlain {
        /// What.
        what: String,
    },
    /// It cannot change without another set, which is left alone.
    Hinges {
        /// Which.
        #[serde(with = "crate::record_set::key_text")]
        on: SetKey,
    },
    /// It would have to move with a fence, and some of what moves with it cannot.
    Apart {
        /// Whose fence.
        service: ServiceName,
    },
    /// It moved with a fence, which only goes forward.
    OnlyForward {
        /// Whose fence.
        service: ServiceName,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protected => f.write_str("protected at the apex"),
            Self::Guarded(guard) => guard.fmt(f),
            Self::Claimed { by } => write!(f, "claimed by installation `{by}`"),
            Self::Manifest => f.write_str("a manifest is never copied"),
            Self::Owned { by } => write!(f, "owned by {by}"),
            Self::NotPlain { what } => write!(f, "at its name stands what no record set can tell: {what}"),
            Self::Hinges { on } => write!(f, "it cannot change while {on} stays as it is"),
            Self::Apart { service } => write!(f, "moves only with all that the fence of service `{service}` guards"),
            Self::OnlyForward { service } => write!(f, "the fence of service `{service}` only goes forward"),
        }
    }
}

/// A difference that stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeftAlone {
    /// Which set.
    #[serde(with = "crate::record_set::key_text")]
    pub set: SetKey,
    /// Why.
    #[serde(flatten)]
    pub why: Why,
}

/// Something that stops a plan and that nobody lifts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Refusal(String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

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
pub enum Drift {
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
    let guarded = Guarded::read(source, target, &settings.target);
    let markers = Markers::read(source, target, &settings.markers);
    let manifest = Manifest::read(target);
    let mut draft = Draft {
        apex: target.apex(),
        settings,
        guarded: &guarded,
        manifest: manifest.as_ref().ok(),
        markers: &markers,
        sorted: Sorted::default(),
    };
    for change in difference(target, source) {
        draft.take(change);
    }
    let Sorted { mut changes, mut left_alone, adjusted, mut refusals } = draft.sorted;
    let left: Vec<SetKey> = left_alone.iter().map(|one| one.set.clone()).collect();
    let hinged = hinge::take_out(&mut changes, &left, target, is_signers);
    left_alone.extend(hinged.into_iter().map(|(set, on)| LeftAlone { set, why: Why::Hinges { on } }));
    keep_together(&mut changes, &mut left_alone, &guarded.together);
    refusals.extend(unseen(settings, target.apex()));
    refusals.extend(guarded.unreadable.iter().map(|fence| Refusal(fence.to_string())));
    refusals.extend(manifest.err().map(|error| Refusal(error.to_string())));
    let (found, existing) = (content(source), content(target));
    if found == 0 {
        refusals.push(Refusal(format!("the source of {} is empty; that is never synchronised", source.apex())));
    }
    let tally = Tally::of(existing, &changes);
    let mut exceeded = tally.exceeding(Scope::Zone, &settings.limits);
    exceeded.extend(Exceeded::by_shrinking(found, settings.source_sets_known.unwrap_or(existing), &settings.limits));
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
        steps: order(changes, &guarded.together),
        left_alone,
        adjusted,
        exceeded,
        stray_markers: markers.stray,
        refusals,
    }
}

/// A fence or manifest that is there and cannot be told as a record set: what it guards is not known.
fn unseen<'s>(settings: &'s Settings, apex: &'s Owner) -> impl Iterator<Item = Refusal> + 's {
    let manifest = Manifest::key_in(apex).map(|key| key.owner);
    let place = guarded::fences_of(apex);
    settings.not_plain.iter().filter_map(move |(owner, what)| {
        let tells = manifest.as_ref() == Some(owner) || place.as_ref().is_some_and(|place| owner.is_in(place));
        tells.then(|| Refusal(format!("{owner} says who holds what, and cannot be read: {what}")))
    })
}

/// Where differences end up.
#[derive(Default)]
struct Sorted {
    changes: Vec<SetChange>,
    left_alone: Vec<LeftAlone>,
    adjusted: Vec<Adjustment>,
    refusals: Vec<Refusal>,
}

struct Draft<'a> {
    apex: &'a Owner,
    settings: &'a Settings,
    guarded: &'a Guarded<'a>,
    /// None if it can't be read, which refuses the plan.
    manifest: Option<&'a Manifest>,
    markers: &'a Markers<'a>,
    sorted: Sorted,
}

impl Draft<'_> {
    fn against(&self, change: &SetChange) -> Option<Why> {
        if self.settings.protected.covers(&change.key, self.apex) {
            return Some(Why::Protected);
        }
        if let Some(what) = self.settings.not_plain.get(&change.key.owner) {
            return Some(Why::NotPlain { what: what.clone() });
        }
        if Manifest::key_in(self.apex).as_ref() == Some(&change.key) {
            return Some(Why::Manifest);
        }
        let claimed = self.manifest.and_then(|manifest| manifest.owner_of(&change.key));
        if let Some(by) = claimed.filter(|by| **by != self.settings.install) {
            return Some(Why::Claimed { by: by.clone() });
        }
        let owned = || self.markers.against(change).map(|by| Why::Owned { by: by.clone() });
        self.guarded.against(change).map(Why::Guarded).or_else(owned)
    }

    fn take(&mut self, mut change: SetChange) {
        if is_signers(change.key.rtype) {
            return;
        }
        if let Some(why) = self.against(&change) {
            return self.sorted.left_alone.push(LeftAlone { set: change.key, why });
        }
        if let Some(after) = &change.after {
            match self.settings.traits.fit(self.apex, &change.key, after, self.settings.ttl_policy) {
                Ok((after, adjustment)) => {
                    change.after = Some(after);
                    self.sorted.adjusted.extend(adjustment);
                }
                Err(lossy) => return self.sorted.refusals.push(Refusal(lossy.to_string())),
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

/// What BIND notes at the apex while it signs (its manual, `sig-signing-type`).
const SIGNING_STATE: Rtype = Rtype::from_int(65_534);

/// Types that a signer makes, and digests over the zone: every side has its own.
fn is_signers(rtype: Rtype) -> bool {
    matches!(
        rtype,
        Rtype::RRSIG
            | Rtype::NSEC
            | Rtype::NSEC3
            | Rtype::NSEC3PARAM
            | Rtype::DNSKEY
            | Rtype::CDS
            | Rtype::CDNSKEY
            | Rtype::ZONEMD
    ) || rtype == SIGNING_STATE
}

/// How many sets a zone holds that plans are about: without what every zone has, and what its signer makes.
pub fn content(zone: &Zone) -> u64 {
    let is_content = |key: &SetKey| !is_signers(key.rtype) && !Protected::SoaAndNs.covers(key, zone.apex());
    zone.sets().filter(|(key, _)| is_content(key)).count() as u64
}

/// What a plan binds itself to: all sets of a zone but its SOA and what its signer makes.
pub fn zone_digest(zone: &Zone) -> Digest {
    let mut fields = Fields::default();
    let soa = |key: &SetKey| Protected::Soa.covers(key, zone.apex());
    for (key, set) in zone.sets().filter(|(key, _)| !is_signers(key.rtype) && !soa(key)) {
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
    /// [`Drift`], the first.
    pub fn check(&self, target_digest: Digest, source: Option<&Zone>, now: Timestamp) -> Result<(), Drift> {
        let (zone, target) = (self.zone.clone(), self.target.clone());
        if now >= self.expires {
            return Err(Drift::Expired { zone, target, expires: self.expires });
        }
        if target_digest != self.target_digest {
            return Err(Drift::Target { zone, target });
        }
        let Some(source) = source else { return Ok(()) };
        if source.serial() != self.source_serial || zone_digest(source) != self.source_digest {
            return Err(Drift::Source { zone, then: self.source_serial, now: source.serial() });
        }
        Ok(())
    }

    /// What stops it, in words, when an operator has lifted some of it by name; nothing means that it may be applied.
    pub fn stopped_by(&self, forced: &BTreeSet<Force>) -> Vec<String> {
        let limits = self.exceeded.iter().filter(|one| !forced.contains(&one.limit)).map(Exceeded::to_string);
        let stray = self.stray_markers.iter().filter(|_| !forced.contains(&Force::StrayMarkers)).map(stray_text);
        self.refusals.iter().map(Refusal::to_string).chain(limits).chain(stray).collect()
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

fn stray_text(marker: &SetKey) -> String {
    let force = Force::StrayMarkers;
    format!("the ownership marker {marker} leads to no record; give its prefix, or if it is left over: --force {force}")
}

/// The version alone, so that a plan of another form is told from one that is broken.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

#[cfg(test)]
mod tests;
