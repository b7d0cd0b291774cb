//! Which installation's synchronisation owns what in a zone: one TXT RRset at `_dns-sync.<zone>`, a claim in each value.
//!
//! ```text
//! v=dnssync1;install=acme;own=zone;
//! v=dnssync1;install=beta;own=below:dev;
//! v=dnssync1;install=beta;own=name:shop;types=a,aaaa;
//! v=dnssync1;install=mail;own=name:@;types=txt;part=value:v=spf1;
//! ```
//!
//! A claim is over the whole zone, over a name and all below it, or over one name, and may be bound to types and to a part of each
//! set ([`Part`]). Names are relative to the zone, `@` is the zone itself. So the manifest of a hundred thousand records is as short as what people
//! agreed on, where a marker beside every record would double the zone. The narrowest claim decides; two installations
//! may not make equally narrow ones that overlap. Whatever nobody claims is free.
//!
//! Since all claims stand in one RRset, a transfer is one change of one set, which a target makes whole or not at all. A
//! zone's manifest speaks of that zone at that target: it is never copied from a source.

mod claim;
mod part;
mod text;

use std::collections::BTreeMap;

use dns_core::identifier::Installation;
use domain::base::Rtype;

pub use self::claim::{Claim, ClaimError, Extent};
pub(crate) use self::part::Field;
pub use self::part::{Beginning, FieldKind, Part, UnknownPart};
use crate::change::SetChange;
use crate::owner::Owner;
use crate::record_set::{RecordSet, SetKey, Ttl};
use crate::txt::text_of;
use crate::zone::Zone;

const LABEL: &[u8] = b"_dns-sync";
/// Nobody caches a manifest for long.
const TTL_SECS: u32 = 60;

/// Why a manifest can't be used, or not be changed so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// A value that is no claim.
    #[error("the ownership manifest of {zone} holds `{text}`, which is no claim; mend it by hand")]
    Claim {
        /// The zone.
        zone: Owner,
        /// The value.
        text: String,
    },
    /// Two owners of one thing.
    #[error(
        "the installations `{one}` and `{other}` claim the same part of {zone} (`{claim}`); transfer or release one of \
         the claims"
    )]
    Overlap {
        /// The zone.
        zone: Owner,
        /// Who was there first.
        one: Installation,
        /// The other.
        other: Installation,
        /// The claim of the first.
        claim: String,
    },
    /// A claim that isn't there can't be released.
    #[error("installation `{install}` does not claim `{claim}` in {zone}; it claims: {known}")]
    NotClaimed {
        /// The zone.
        zone: Owner,
        /// Who.
        install: Installation,
        /// What.
        claim: String,
        /// What it does claim.
        known: String,
    },
    /// Who claims nothing has nothing to give.
    #[error("installation `{install}` claims nothing in {zone}, so there is nothing to transfer")]
    NothingToTransfer {
        /// The zone.
        zone: Owner,
        /// Who.
        install: Installation,
    },
    /// The zone's own name is too long.
    #[error("the name of {zone} is too long for a manifest below it")]
    NoRoom {
        /// The zone.
        zone: Owner,
    },
}

/// All claims of a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    apex: Owner,
    claims: BTreeMap<Claim, Installation>,
}

impl Manifest {
    /// Where a zone's manifest stands; none if its name leaves no room.
    pub fn key_in(apex: &Owner) -> Option<SetKey> {
        apex.child(LABEL).ok().map(|owner| SetKey::new(owner, Rtype::TXT))
    }

    /// Reads the manifest of a zone; one that isn't there claims nothing.
    ///
    /// # Errors
    /// [`ManifestError`]: then nobody knows whose anything is.
    pub fn read(zone: &Zone) -> Result<Self, ManifestError> {
        let apex = zone.apex();
        let mut manifest = Self { apex: apex.clone(), claims: BTreeMap::new() };
        let set = Self::key_in(apex).and_then(|key| zone.get(&key));
        for value in set.map_or(&[][..], RecordSet::values) {
            let text = text_of(value).unwrap_or_else(|| format!("{value:?}"));
            let read = text::read(&text, apex);
            let (install, claim) = read.ok_or_else(|| ManifestError::Claim { zone: apex.clone(), text })?;
            manifest.claim(install, claim)?;
        }
        Ok(manifest)
    }

    /// All claims, the wider before the narrower, each with whose it is.
    pub fn claims(&self) -> impl Iterator<Item = (&Claim, &Installation)> {
        self.claims.iter()
    }

    /// Adds a claim.
    ///
    /// # Errors
    /// [`ManifestError::Overlap`]; the manifest is as before.
    pub fn claim(&mut self, install: Installation, claim: Claim) -> Result<(), ManifestError> {
        let other = self.claims.iter().find(|(known, by)| **by != install && known.overlaps(&claim));
        if let Some((known, one)) = other {
            let (zone, claim) = (self.apex.clone(), known.text_in(&self.apex));
            return Err(ManifestError::Overlap { zone, one: one.clone(), other: install, claim });
        }
        self.claims.insert(claim, install);
        Ok(())
    }

    /// The claims of others that a new one would decide instead of, in part: it is narrower.
    pub fn narrowed_by(&self, install: &Installation, claim: &Claim) -> impl Iterator<Item = (&Claim, &Installation)> {
        self.claims.iter().filter(move |(known, by)| *by != install && claim.narrows(known))
    }

    /// Gives up a claim; what it was about is whose the next wider claim says.
    ///
    /// # Errors
    /// [`ManifestError::NotClaimed`] if it isn't there just so, or is another's; the manifest is as before.
    pub fn release(&mut self, install: &Installation, claim: &Claim) -> Result<(), ManifestError> {
        if self.claims.get(claim) == Some(install) {
            self.claims.remove(claim);
            return Ok(());
        }
        let own = self.claims.iter().filter(|(_, by)| *by == install);
        let known: Vec<String> = own.map(|(claim, _)| format!("`{}`", claim.text_in(&self.apex))).collect();
        Err(ManifestError::NotClaimed {
            zone: self.apex.clone(),
            install: install.clone(),
            claim: claim.text_in(&self.apex),
            known: if known.is_empty() { "nothing".to_owned() } else { known.join(", ") },
        })
    }

    /// Gives all claims of one installation to another.
    ///
    /// # Errors
    /// [`ManifestError::NothingToTransfer`].
    pub fn transfer(&mut self, from: &Installation, to: &Installation) -> Result<(), ManifestError> {
        let mut given = false;
        for install in self.claims.values_mut().filter(|install| *install == from) {
            install.clone_from(to);
            given = true;
        }
        if given {
            return Ok(());
        }
        Err(ManifestError::NothingToTransfer { zone: self.apex.clone(), install: from.clone() })
    }

    /// Whose a field of a set is; nobody's if nobody claims it.
    pub(crate) fn owner_of(&self, key: &SetKey, field: Field<'_>) -> Option<&Installation> {
        let covering = self.claims.iter().filter(|(claim, _)| claim.covers(key, field));
        covering.max_by_key(|(claim, _)| claim.rank()).map(|(_, install)| install)
    }

    /// The one change that makes a zone's manifest this one; none if it is. The last claim takes the set with it.
    ///
    /// # Errors
    /// [`ManifestError::NoRoom`].
    pub fn change_in(&self, zone: &Zone) -> Result<Option<SetChange>, ManifestError> {
        let key = Self::key_in(&self.apex).ok_or_else(|| ManifestError::NoRoom { zone: self.apex.clone() })?;
        let before = zone.get(&key).cloned();
        let ttl = Ttl::from_secs(TTL_SECS).expect("invariant: the constant is a valid TTL");
        let after = RecordSet::new(ttl, self.claims().map(|(claim, install)| text::value(claim, install, &self.apex)));
        Ok((before != after).then_some(SetChange { key, before, after }))
    }
}

#[cfg(test)]
mod tests;
