//! What every adapter asks before it sends a batch: whether the provider can hold it, and, where the provider cannot be
//! told the condition itself, whether the zone is as the changes say. Pure.

use std::collections::BTreeSet;

use dns_zone::{Owner, RecordSet, Rtype, SetChange, SetKey, Step, TtlPolicy, Weight};

use super::{Writer, ZoneTarget, ZoneTraits};
use crate::port::ProviderError;

/// Checks a batch before anything of it is sent.
///
/// # Errors
/// [`ProviderError::Invalid`], which names the record.
pub(crate) fn sound(target: &dyn ZoneTarget, zone: &Owner, steps: &[&Step]) -> Result<(), ProviderError> {
    let traits = target.traits();
    let weight = steps.iter().fold(target.envelope(zone), |weight, step| weight + target.weigh(zone, step));
    let fault = fault(&traits, zone, steps).or_else(|| too_large(&traits, zone, weight));
    match fault {
        None => Ok(()),
        Some((record, reason)) => Err(ProviderError::Invalid { subject: traits.subject, record, reason }),
    }
}

/// A record and what is wrong with it.
fn fault(traits: &ZoneTraits, zone: &Owner, steps: &[&Step]) -> Option<(String, String)> {
    let mut known = BTreeSet::new();
    for change in changes(steps) {
        let SetChange { key, before: _, after } = change;
        let why = if !key.owner.is_in(zone) {
            Some("it is outside the zone".to_owned())
        } else if !known.insert(key) {
            Some("a batch changes it twice".to_owned())
        } else if traits.writer(zone, key) == Writer::Provider {
            Some("the provider writes it itself".to_owned())
        } else if after.is_none() && is_needed(zone, key) {
            Some("a zone is never without it".to_owned())
        } else {
            let lossy = |set| traits.holds.fit(zone, key, set, TtlPolicy::Refuse).err();
            after.as_ref().and_then(lossy).map(|lossy| lossy.to_string())
        };
        if let Some(why) = why {
            return Some((key.to_string(), why));
        }
    }
    None
}

/// SOA and NS of the apex (RFC 1034 §4.2.1). A server that is told to remove them does nothing, silently.
fn is_needed(zone: &Owner, key: &SetKey) -> bool {
    key.owner == *zone && matches!(key.rtype, Rtype::SOA | Rtype::NS)
}

fn too_large(traits: &ZoneTraits, zone: &Owner, weight: Weight) -> Option<(String, String)> {
    let why = || (format!("a batch for {zone}"), format!("{weight:?} exceeds {:?}", traits.batch_max));
    (!weight.fits(traits.batch_max)).then(why)
}

/// All changes of a batch.
pub(crate) fn changes<'a>(steps: &[&'a Step]) -> impl Iterator<Item = &'a SetChange> {
    steps.iter().flat_map(|step| &step.changes)
}

/// The keys of a batch, for people.
pub(crate) fn keys(steps: &[&Step]) -> Vec<SetKey> {
    changes(steps).map(|change| change.key.clone()).collect()
}

/// Compares what a batch was made from with what stands there. It proves nothing about the moment in which the write
/// arrives.
///
/// # Errors
/// [`ProviderError::Conflict`] with the first difference; what `standing` says if it cannot tell.
pub(crate) fn compare(
    zone: &Owner,
    steps: &[&Step],
    standing: impl Fn(&SetKey) -> Result<Option<RecordSet>, ProviderError>,
) -> Result<(), ProviderError> {
    for SetChange { key, before, after: _ } in changes(steps) {
        let now = standing(key)?;
        let reason = match (before, &now) {
            (before, now) if before == now => continue,
            (None, _) => format!("{key} was not there"),
            (Some(_), None) => format!("{key} is gone"),
            (Some(_), Some(_)) => format!("{key} is another one now"),
        };
        return Err(ProviderError::Conflict { zone: zone.to_string(), reason });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
