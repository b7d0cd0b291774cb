//! Ownership markers of other tools: what they own at the target is left to them.
//!
//! - octoDNS (`OwnershipProcessor`): TXT `*octodns*` at `_owner.<type>.<name>`, at `_owner.<type>` for the apex; `_wildcard`
//!   stands for an asterisk.
//! - external-dns (TXT registry): TXT `heritage=external-dns,external-dns/owner=…,…`. Its place follows from the name of the
//!   record: a prefix or suffix goes to the first label, `%{record_type}` in it is the type, and without that the type and a
//!   hyphen come before the name. Old versions write no type. An asterisk may be replaced.
//!
//! A place can often be read in two ways (`a-www` is the marker of A at `www`, or an old one of `a-www`); then both are left alone,
//! since nobody is harmed by a record too many. A marker that leads to no record in any way was written with another
//! prefix, or is left over: it stops the plan until the prefix is given or an operator lifts it. Markers themselves are
//! never planned, from either side: a copied one would claim records at the target for a tool that doesn't know them.

mod known;

use std::collections::BTreeSet;
use std::fmt;

use domain::base::Rtype;
use serde::{Deserialize, Serialize};

pub(crate) use self::known::{KnownMarkers, Marker};
use crate::change::SetChange;
use crate::hold::Holds;
use crate::owner::Owner;
use crate::record_set::{RecordSet, SetKey};
use crate::txt::text_of;
use crate::zone::Zone;

/// What external-dns replaces by the type.
const TYPE: &str = "%{record_type}";
/// The types that it owns.
const TYPES: [Rtype; 7] = [Rtype::A, Rtype::AAAA, Rtype::CNAME, Rtype::NS, Rtype::MX, Rtype::SRV, Rtype::NAPTR];

/// The forms that are looked for; one that is none isn't, so that records can be taken over from that tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkerForms {
    /// octoDNS's.
    pub octodns: Option<OctoDns>,
    /// external-dns's.
    pub external_dns: Option<ExternalDns>,
}

/// How octoDNS's processor is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OctoDns {
    /// `txt_name`.
    pub name: String,
    /// `txt_value`.
    pub value: String,
}

/// How external-dns is configured, in all installations that share the zone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExternalDns {
    /// Prefixes and suffixes. That there is none is always tried.
    pub affixes: Vec<Affix>,
    /// `--txt-wildcard-replacement`.
    pub wildcard: Option<String>,
}

/// What external-dns adds to the first label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Affix {
    /// `--txt-prefix`.
    Prefix(String),
    /// `--txt-suffix`.
    Suffix(String),
}

impl Default for MarkerForms {
    /// Both tools, as they are without any setting.
    fn default() -> Self {
        let octodns = OctoDns { name: "_owner".to_owned(), value: "*octodns*".to_owned() };
        Self { octodns: Some(octodns), external_dns: Some(ExternalDns::default()) }
    }
}

/// Who owns a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "tool", rename_all = "camelCase")]
pub enum Manager {
    /// octoDNS.
    OctoDns,
    /// external-dns.
    ExternalDns {
        /// `--txt-owner-id`.
        owner: String,
    },
}

impl fmt::Display for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OctoDns => f.write_str("octoDNS"),
            Self::ExternalDns { owner } => write!(f, "external-dns (owner `{owner}`)"),
        }
    }
}

/// What markers say about a plan.
#[derive(Clone, Debug)]
pub struct Markers<'a> {
    holds: Holds<'a, Manager>,
    /// Markers in the target that lead to no record.
    pub stray: Vec<SetKey>,
}

impl<'a> Markers<'a> {
    /// Reads the markers of both zones.
    pub fn read(source: &Zone, target: &'a Zone, forms: &MarkerForms) -> Self {
        Self::of(&KnownMarkers::read(source, forms), &KnownMarkers::read(target, forms), target)
    }

    /// What the markers of two zones say, of which both have been read.
    pub(crate) fn of(source: &KnownMarkers, here: &KnownMarkers, target: &'a Zone) -> Self {
        let mut markers = Self { holds: Holds::new(target), stray: Vec::new() };
        for (key, marker) in source.iter() {
            markers.holds.hold(key.clone(), marker.manager.clone());
        }
        for (key, marker) in here.iter() {
            markers.take(target, key, marker);
        }
        markers
    }

    fn take(&mut self, target: &Zone, key: &SetKey, Marker { manager, owned }: &Marker) {
        if !owned.iter().any(|owned| target.get(owned).is_some()) {
            self.stray.push(key.clone());
        }
        owned.iter().chain([key]).for_each(|key| self.holds.hold(key.clone(), manager.clone()));
    }

    /// Whose a change's set is, if it must not be made.
    pub fn against(&self, change: &SetChange) -> Option<&Manager> {
        self.holds.against(change)
    }
}

impl MarkerForms {
    /// Which marker a TXT set is; none if it is none.
    fn read(&self, key: &SetKey, set: &RecordSet, apex: &Owner) -> Option<Marker> {
        let mut texts = set.values().iter().filter_map(text_of);
        if let Some(form) = &self.octodns
            && texts.clone().any(|text| text == form.value)
            && let Some(owned) = form.owned(&key.owner, apex)
        {
            return Some(Marker { manager: Manager::OctoDns, owned });
        }
        let form = self.external_dns.as_ref()?;
        let owner = texts.find_map(|text| external_owner(&text))?;
        Some(Marker { manager: Manager::ExternalDns { owner }, owned: form.owned(&key.owner, apex) })
    }
}

impl OctoDns {
    fn owned(&self, marker: &Owner, apex: &Owner) -> Option<BTreeSet<SetKey>> {
        let relative = marker.relative_to(apex);
        let rest = relative.strip_prefix(&self.name.to_ascii_lowercase())?.strip_prefix('.')?;
        let (rtype, name) = rest.split_once('.').unwrap_or((rest, ""));
        let owner = named(&name.replace("_wildcard", "*"), apex)?;
        // octoDNS has types of its own, such as ALIAS: what they become at a provider is not known here.
        let types = rtype.parse().map_or(TYPES.to_vec(), |rtype| vec![rtype]);
        Some(types.into_iter().map(|rtype| SetKey::new(owner.clone(), rtype)).collect())
    }
}

/// A name below the apex, which is the empty one.
fn named(relative: &str, apex: &Owner) -> Option<Owner> {
    if relative.is_empty() { Some(apex.clone()) } else { format!("{relative}.{apex}").parse().ok() }
}

/// The owner in a value of external-dns; providers keep its quotes or don't.
fn external_owner(text: &str) -> Option<String> {
    let labels: Vec<&str> = text.trim_matches('"').split(',').collect();
    let owner = labels.iter().find_map(|label| label.strip_prefix("external-dns/owner=")).unwrap_or_default();
    labels.contains(&"heritage=external-dns").then(|| owner.to_owned())
}

impl ExternalDns {
    fn owned(&self, marker: &Owner, apex: &Owner) -> BTreeSet<SetKey> {
        let whole = marker.to_string();
        let whole = whole.trim_end_matches('.');
        let none = Affix::Prefix(String::new());
        let readings = self.affixes.iter().chain([&none]).flat_map(|affix| affix.readings(whole));
        let mut owned = BTreeSet::new();
        for (name, rtype) in readings {
            for owner in self.owners(&name).into_iter().filter(|owner| owner.is_in(apex)) {
                owned.extend(owned_types(rtype).iter().map(|rtype| SetKey::new(owner.clone(), *rtype)));
            }
        }
        owned
    }

    /// The name, and the one with an asterisk if its first label may stand for one.
    fn owners(&self, name: &str) -> Vec<Owner> {
        let (first, rest) = name.split_once('.').unwrap_or((name, ""));
        let is_wildcard = self.wildcard.as_ref().is_some_and(|text| text.eq_ignore_ascii_case(first));
        let wildcard = is_wildcard.then(|| format!("*.{rest}"));
        [Some(name.to_owned()), wildcard].into_iter().flatten().filter_map(|name| name.parse().ok()).collect()
    }
}

/// An old marker doesn't say which type it owns; one of a CNAME may be that of an alias, which is served as addresses.
fn owned_types(rtype: Option<Rtype>) -> &'static [Rtype] {
    match rtype {
        None => &TYPES,
        Some(Rtype::CNAME) => &[Rtype::CNAME, Rtype::A, Rtype::AAAA],
        Some(rtype) => TYPES.iter().position(|one| *one == rtype).map_or(&TYPES, |at| &TYPES[at..=at]),
    }
}

fn mnemonic(rtype: Rtype) -> String {
    rtype.to_string().to_ascii_lowercase()
}

impl Affix {
    /// The names, with their types, whose marker a name may be.
    fn readings(&self, marker: &str) -> Vec<(String, Option<Rtype>)> {
        let template = match self {
            Self::Prefix(text) | Self::Suffix(text) => text.to_ascii_lowercase(),
        };
        let plain = self.stripped(marker, &template.replace(TYPE, ""));
        let mut readings: Vec<(String, Option<Rtype>)> = plain.into_iter().flat_map(with_type).collect();
        if template.contains(TYPE) {
            readings.extend(TYPES.into_iter().filter_map(|rtype| {
                let name = self.stripped(marker, &template.replace(TYPE, &mnemonic(rtype)))?;
                Some((name, Some(rtype)))
            }));
        }
        readings
    }

    /// The name without the affix, which stands before or after its first label.
    fn stripped(&self, marker: &str, affix: &str) -> Option<String> {
        match self {
            Self::Prefix(_) => marker.strip_prefix(affix).filter(|name| !name.is_empty()).map(str::to_owned),
            Self::Suffix(_) => {
                let (first, rest) = marker.split_once(&format!("{affix}."))?;
                (!first.is_empty() && !first.contains('.')).then(|| format!("{first}.{rest}"))
            }
        }
    }
}

/// A name as it stands, and without the type that may stand before it.
fn with_type(name: String) -> Vec<(String, Option<Rtype>)> {
    let typed = TYPES.into_iter().find_map(|rtype| {
        let rest = name.strip_prefix(&mnemonic(rtype))?.strip_prefix('-')?;
        Some((rest.to_owned(), Some(rtype)))
    });
    typed.into_iter().chain([(name, None)]).collect()
}

#[cfg(test)]
mod tests;
