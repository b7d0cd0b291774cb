//! Which installation's synchronisation owns what in a zone: one TXT RRset at `_dns-sync.<zone>`, a claim in each value.
//!
//! ```text
//! v=dnssync1;install=acme;own=zone;
//! v=dnssync1;install=beta;own=below:dev;
//! v=dnssync1;install=beta;own=name:shop;types=a,aaaa;
//! ```
//!
//! A claim is over the whole zone, over a name and all below it, or over one name; the last two may be bound to types. Names are
//! relative to the zone, `@` is the zone itself. So the manifest of a hundred thousand records is as short as what people
//! agreed on, where a marker beside every record would double the zone. The narrowest claim decides; two installations
//! may not make equally narrow ones that overlap. Whatever nobody claims is free.
//!
//! Since all claims stand in one RRset, a transfer is one change of one set, which a target makes whole or not at all. A
//! zone's manifest speaks of that zone at that target: it is never copied from a source.

use std::collections::{BTreeMap, BTreeSet};

use dns_core::identifier::Installation;
use domain::base::Rtype;

use crate::change::SetChange;
use crate::owner::Owner;
use crate::rdata::Rdata;
use crate::record_set::{RecordSet, SetKey, Ttl};
use crate::txt::text_of;
use crate::zone::Zone;

const LABEL: &[u8] = b"_dns-sync";
const VERSION: &str = "dnssync1";
/// Nobody caches a manifest for long.
const TTL_SECS: u32 = 60;

/// A part of a zone; the narrower sorts after the wider.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// All of it.
    Zone,
    /// A name and all below it.
    Below(Owner),
    /// One name.
    Name(Owner),
}

/// What an installation owns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// Where.
    pub extent: Extent,
    /// Which types; none named means all.
    pub types: BTreeSet<Rtype>,
}

impl Claim {
    fn covers(&self, key: &SetKey) -> bool {
        let here = match &self.extent {
            Extent::Zone => true,
            Extent::Below(owner) => key.owner.is_in(owner),
            Extent::Name(owner) => key.owner == *owner,
        };
        here && (self.types.is_empty() || self.types.contains(&key.rtype))
    }

    /// How narrow: a name, then the deepest subtree, then the zone; named types before all.
    fn rank(&self) -> (usize, bool) {
        let depth = match &self.extent {
            Extent::Zone => 0,
            Extent::Below(owner) => 1 + owner.labels_from_root().len(),
            Extent::Name(_) => usize::MAX,
        };
        (depth, !self.types.is_empty())
    }

    fn overlaps(&self, other: &Self) -> bool {
        let types = self.types.is_empty() || other.types.is_empty() || !self.types.is_disjoint(&other.types);
        self.extent == other.extent && self.rank() == other.rank() && types
    }
}

/// Why a manifest can't be used.
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
    #[error("the installations `{one}` and `{other}` claim the same part of {zone}; transfer one of the claims")]
    Overlap {
        /// The zone.
        zone: Owner,
        /// One of them.
        one: Installation,
        /// The other.
        other: Installation,
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
            let read = read_claim(&text, apex);
            let (install, claim) = read.ok_or_else(|| ManifestError::Claim { zone: apex.clone(), text })?;
            manifest.claim(install, claim)?;
        }
        Ok(manifest)
    }

    /// Adds a claim.
    ///
    /// # Errors
    /// [`ManifestError::Overlap`]; the manifest is as before.
    pub fn claim(&mut self, install: Installation, claim: Claim) -> Result<(), ManifestError> {
        let other = self.claims.iter().find(|(known, by)| **by != install && known.overlaps(&claim));
        if let Some((_, other)) = other {
            return Err(ManifestError::Overlap { zone: self.apex.clone(), one: other.clone(), other: install });
        }
        self.claims.insert(claim, install);
        Ok(())
    }

    /// Gives all claims of one installation to another.
    pub fn transfer(&mut self, from: &Installation, to: &Installation) {
        self.claims.values_mut().filter(|install| *install == from).for_each(|install| *install = to.clone());
    }

    /// Whose a set is; nobody's if nobody claims it.
    pub fn owner_of(&self, key: &SetKey) -> Option<&Installation> {
        let covering = self.claims.iter().filter(|(claim, _)| claim.covers(key));
        covering.max_by_key(|(claim, _)| claim.rank()).map(|(_, install)| install)
    }

    /// The one change that makes a zone's manifest this one; none if it is.
    pub fn change_in(&self, zone: &Zone) -> Option<SetChange> {
        let key = Self::key_in(&self.apex)?;
        let before = zone.get(&key).cloned();
        let ttl = Ttl::from_secs(TTL_SECS).expect("invariant: the constant is a valid TTL");
        let texts = self.claims.iter().map(|(claim, install)| value_of(&claim_text(claim, install, &self.apex)));
        let after = RecordSet::new(ttl, texts);
        (before != after).then_some(SetChange { key, before, after })
    }
}

fn claim_text(claim: &Claim, install: &Installation, apex: &Owner) -> String {
    let own = match &claim.extent {
        Extent::Zone => "zone".to_owned(),
        Extent::Below(owner) => format!("below:{}", owner.relative_to(apex)),
        Extent::Name(owner) => format!("name:{}", owner.relative_to(apex)),
    };
    let types: Vec<String> = claim.types.iter().map(|rtype| rtype.to_string().to_ascii_lowercase()).collect();
    let types = if types.is_empty() { String::new() } else { format!("types={};", types.join(",")) };
    format!("v={VERSION};install={install};own={own};{types}")
}

/// Reads what [`claim_text`] writes. A semicolon in a name is escaped, so that it ends no pair.
fn read_claim(text: &str, apex: &Owner) -> Option<(Installation, Claim)> {
    let rest = text.strip_prefix("v=")?.strip_prefix(VERSION)?.strip_prefix(";install=")?;
    let (install, rest) = rest.split_once(";own=")?;
    let (own, types) = match rest.strip_suffix(';')?.rsplit_once(";types=") {
        Some((own, types)) => (own, types.split(',').map(|one| one.parse().ok()).collect::<Option<_>>()?),
        None => (rest.strip_suffix(';')?, BTreeSet::new()),
    };
    let name = |text: &str| match text {
        "@" => Some(apex.clone()),
        relative => format!("{relative}.{apex}").parse().ok(),
    };
    let extent = match own.split_once(':') {
        None if own == "zone" => Extent::Zone,
        Some(("below", text)) => Extent::Below(name(text)?),
        Some(("name", text)) => Extent::Name(name(text)?),
        Some(_) | None => return None,
    };
    Some((install.parse().ok()?, Claim { extent, types }))
}

/// A TXT value; texts longer than a string take several.
fn value_of(text: &str) -> Rdata {
    let part =
        |part: &[u8]| [&[u8::try_from(part.len()).expect("invariant: a part has at most 255 octets")], part].concat();
    let wire: Vec<u8> = text.as_bytes().chunks(255).flat_map(part).collect();
    Rdata::from_wire(Rtype::TXT, &wire).expect("invariant: strings with their lengths are a TXT")
}

#[cfg(test)]
mod tests;
