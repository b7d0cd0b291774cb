//! RRsets that a service guards: their keys, TTLs and values, in one canonical form.
//!
//! An answer that the provider makes itself, an alias or its proxy's, is part of the set: another one is another set.
//!
//! Values are sorted by their wire form and unique, names are lower case and fully qualified, so equality of
//! two [`Rrset`]s is equality of what a resolver would see (RFC 9499 §5; order is no meaning, RFC 2181 §5).

mod alias;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use hickory_proto::rr::rdata::{A, AAAA, CNAME};
use hickory_proto::rr::{Name, RData, RecordType};
use hickory_proto::serialize::binary::BinEncodable;
use serde::{Deserialize, Serialize};

pub use self::alias::Alias;
use crate::digest::Digest;

/// Why a record cannot be guarded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RrsetError {
    /// RFC 2181 §8 bounds a TTL at 2³¹ − 1; zero would defeat every cache and is a mistake in a failover.
    #[error("TTL {0} is outside 1 to {max} seconds", max = Ttl::MAX_SECS)]
    Ttl(u64),
    /// A type that this version does not move.
    #[error("type {0} cannot be guarded; A, AAAA and CNAME can")]
    Type(String),
    /// The text is no value of that type.
    #[error("`{text}` is no {expected}")]
    Value {
        /// What was given.
        text: String,
        /// What would have been right.
        expected: &'static str,
    },
    /// An RRset without values does not exist.
    #[error("an RRset needs at least one value")]
    Empty,
    /// RFC 2181 §10.1: one canonical name.
    #[error("a CNAME has exactly one value, {0} were given")]
    ManyCnames(usize),
    /// The text is no domain name.
    #[error("`{0}` is no domain name")]
    Name(String),
}

/// A time to live in whole seconds, 1 to 2³¹ − 1 (RFC 2181 §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Ttl(u32);

impl Ttl {
    /// The largest TTL of RFC 2181 §8.
    pub const MAX_SECS: u64 = 0x7fff_ffff;

    /// Takes a TTL in seconds.
    ///
    /// # Errors
    /// [`RrsetError::Ttl`] outside 1 to 2³¹ − 1.
    pub fn from_secs(secs: u64) -> Result<Self, RrsetError> {
        match u32::try_from(secs) {
            Ok(small) if secs > 0 && secs <= Self::MAX_SECS => Ok(Self(small)),
            _ => Err(RrsetError::Ttl(secs)),
        }
    }

    /// Seconds.
    pub fn as_secs(self) -> u32 {
        self.0
    }
}

impl TryFrom<u64> for Ttl {
    type Error = RrsetError;
    fn try_from(secs: u64) -> Result<Self, Self::Error> {
        Self::from_secs(secs)
    }
}

impl From<Ttl> for u64 {
    fn from(ttl: Ttl) -> Self {
        u64::from(ttl.0)
    }
}

/// The types that a flip moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum GuardedType {
    /// IPv4 address (RFC 1035 §3.4.1).
    A,
    /// IPv6 address (RFC 3596).
    Aaaa,
    /// Canonical name (RFC 1035 §3.3.1).
    Cname,
}

impl GuardedType {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::A, Self::Aaaa, Self::Cname];

    /// The type as hickory knows it.
    pub fn record_type(self) -> RecordType {
        match self {
            Self::A => RecordType::A,
            Self::Aaaa => RecordType::AAAA,
            Self::Cname => RecordType::CNAME,
        }
    }

    /// The types that must not stand beside this one at a name, or the server skips the update silently
    /// (RFC 2136 §3.4.2.2).
    pub fn conflicting(self) -> &'static [Self] {
        match self {
            Self::A | Self::Aaaa => &[Self::Cname],
            Self::Cname => &[Self::A, Self::Aaaa],
        }
    }

    /// Reads one value in presentation form. A CNAME target is taken as fully qualified.
    ///
    /// # Errors
    /// [`RrsetError::Value`] with what was expected.
    pub fn parse_value(self, text: &str) -> Result<RData, RrsetError> {
        let wrong = |expected| RrsetError::Value { text: text.to_owned(), expected };
        match self {
            Self::A => Ok(RData::A(A(text.parse::<Ipv4Addr>().map_err(|_| wrong("IPv4 address"))?))),
            Self::Aaaa => Ok(RData::AAAA(AAAA(text.parse::<Ipv6Addr>().map_err(|_| wrong("IPv6 address"))?))),
            Self::Cname => {
                let target = canonical_name(text).map_err(|_| wrong("host name"))?;
                Ok(RData::CNAME(CNAME(target)))
            }
        }
    }
}

impl fmt::Display for GuardedType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
        })
    }
}

impl FromStr for GuardedType {
    type Err = RrsetError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|candidate| candidate.to_string().eq_ignore_ascii_case(text))
            .ok_or_else(|| RrsetError::Type(text.to_owned()))
    }
}

impl TryFrom<String> for GuardedType {
    type Error = RrsetError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<GuardedType> for String {
    fn from(rtype: GuardedType) -> Self {
        rtype.to_string()
    }
}

/// Reads a domain name, lower-cased and fully qualified.
///
/// # Errors
/// [`RrsetError::Name`] if it is none.
pub fn canonical_name(text: &str) -> Result<Name, RrsetError> {
    let bad = || RrsetError::Name(text.to_owned());
    if text.is_empty() {
        return Err(bad());
    }
    // from_ascii keeps underscores and wildcards; from_utf8 would refuse some of them as IDNA. It is for names of other
    // scripts, as people write them and as names are shown (RFC 5890).
    let parse = if text.is_ascii() { Name::from_ascii(text) } else { Name::from_utf8(text) };
    let mut name = parse.map_err(|_| bad())?.to_lowercase();
    name.set_fqdn(true);
    Ok(name)
}

/// What identifies an RRset in a zone: owner name and type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RrsetKey {
    #[serde(with = "name_text")]
    name: Name,
    #[serde(rename = "type")]
    rtype: GuardedType,
}

impl RrsetKey {
    /// Pairs a name with a type; the name is lower-cased and made fully qualified.
    pub fn new(name: &Name, rtype: GuardedType) -> Self {
        let mut name = name.to_lowercase();
        name.set_fqdn(true);
        Self { name, rtype }
    }

    /// The owner name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The type.
    pub fn rtype(&self) -> GuardedType {
        self.rtype
    }
}

impl Ord for RrsetKey {
    /// Canonical DNS order of names (RFC 4034 §6.1), then type.
    fn cmp(&self, other: &Self) -> Ordering {
        self.name.cmp(&other.name).then(self.rtype.cmp(&other.rtype))
    }
}

impl PartialOrd for RrsetKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for RrsetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.rtype)
    }
}

/// Values with a TTL under one key, or an alias; never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RrsetText", into = "RrsetText")]
pub struct Rrset {
    key: RrsetKey,
    ttl: Ttl,
    /// Empty exactly if there is an alias.
    values: Vec<RData>,
    alias: Option<Alias>,
    proxied: bool,
}

impl Rrset {
    /// Builds an RRset in canonical form.
    ///
    /// # Errors
    /// [`RrsetError::Empty`] without values, [`RrsetError::ManyCnames`], [`RrsetError::Type`] if a value is not
    /// of the key's type.
    pub fn new(key: RrsetKey, ttl: Ttl, values: impl IntoIterator<Item = RData>) -> Result<Self, RrsetError> {
        let mut wires: BTreeMap<Vec<u8>, RData> = BTreeMap::new();
        for value in values {
            if value.record_type() != key.rtype.record_type() {
                return Err(RrsetError::Type(value.record_type().to_string()));
            }
            let value = match value {
                RData::CNAME(CNAME(target)) => {
                    let mut target = target.to_lowercase();
                    target.set_fqdn(true);
                    RData::CNAME(CNAME(target))
                }
                other => other,
            };
            wires.insert(wire(&value), value);
        }
        if wires.is_empty() {
            return Err(RrsetError::Empty);
        }
        if key.rtype == GuardedType::Cname && wires.len() > 1 {
            return Err(RrsetError::ManyCnames(wires.len()));
        }
        Ok(Self { key, ttl, values: wires.into_values().collect(), alias: None, proxied: false })
    }

    /// An alias under `key`.
    ///
    /// # Errors
    /// [`RrsetError::Type`] unless the key's type is an address's.
    pub fn alias_of(key: RrsetKey, alias: Alias) -> Result<Self, RrsetError> {
        if key.rtype == GuardedType::Cname {
            return Err(RrsetError::Type("alias under CNAME".to_owned()));
        }
        let ttl = Ttl::from_secs(Alias::TTL_SECS).expect("invariant: the constant is a valid TTL");
        Ok(Self { key, ttl, values: Vec::new(), alias: Some(alias), proxied: false })
    }

    /// The same set behind the provider's proxy, which answers with addresses of its own. How long those may be kept is the
    /// provider's choice, which it writes as a TTL of 1.
    #[must_use]
    pub fn proxied(self) -> Self {
        Self { proxied: true, ttl: Ttl(1), ..self }
    }

    /// Name and type.
    pub fn key(&self) -> &RrsetKey {
        &self.key
    }

    /// Time to live.
    pub fn ttl(&self) -> Ttl {
        self.ttl
    }

    /// The load balancer that the provider answers with, instead of values.
    pub fn alias(&self) -> Option<&Alias> {
        self.alias.as_ref()
    }

    /// Whether the provider's proxy stands in front of it.
    pub fn is_proxied(&self) -> bool {
        self.proxied
    }

    /// The values in canonical order; none if it is an alias.
    pub fn values(&self) -> &[RData] {
        &self.values
    }

    /// Whether the other set has the same values, whatever its TTL.
    pub fn same_values(&self, other: &Self) -> bool {
        let Self { key, ttl: _, values, alias, proxied } = self;
        (key, values, alias, proxied) == (&other.key, &other.values, &other.alias, &other.proxied)
    }
}

impl fmt::Display for Rrset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.key.name, self.ttl.as_secs(), self.key.rtype)?;
        if let Some(alias) = &self.alias {
            write!(f, " {alias}")?;
        }
        self.values
            .iter()
            .enumerate()
            .try_for_each(|(index, value)| write!(f, "{} {value}", if index == 0 { "" } else { "," }))?;
        if self.proxied { f.write_str(" (proxied)") } else { Ok(()) }
    }
}

/// RRsets by key. A key that is absent has no RRset.
pub type Rrsets = BTreeMap<RrsetKey, Rrset>;

/// The digest over names, types, TTLs and sorted values that a fence carries.
pub fn records_digest(rrsets: &Rrsets) -> Digest {
    let mut fields: Vec<Vec<u8>> = Vec::new();
    for (key, rrset) in rrsets {
        fields.push(key.name.to_string().into_bytes());
        fields.push(key.rtype.to_string().into_bytes());
        fields.push(rrset.ttl.as_secs().to_be_bytes().to_vec());
        fields.push((rrset.values.len() as u64).to_be_bytes().to_vec());
        fields.extend(rrset.values.iter().map(wire));
        // Not for plain sets: their digests are in the zones already.
        fields.extend(rrset.alias.iter().map(|alias| alias.to_string().into_bytes()));
        fields.extend(rrset.proxied.then(|| b"proxied".to_vec()));
    }
    Digest::over(fields.iter().map(Vec::as_slice))
}

fn wire(value: &RData) -> Vec<u8> {
    value.to_bytes().expect("invariant: A, AAAA and CNAME data always encode")
}

/// The persisted and displayed form of an [`Rrset`].
#[derive(Serialize, Deserialize)]
struct RrsetText {
    #[serde(flatten)]
    key: RrsetKey,
    ttl: Ttl,
    values: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alias: Option<Alias>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    proxied: bool,
}

impl From<Rrset> for RrsetText {
    fn from(Rrset { key, ttl, values, alias, proxied }: Rrset) -> Self {
        Self { key, ttl, values: values.iter().map(ToString::to_string).collect(), alias, proxied }
    }
}

impl TryFrom<RrsetText> for Rrset {
    type Error = RrsetError;
    fn try_from(RrsetText { key, ttl, values, alias, proxied }: RrsetText) -> Result<Self, Self::Error> {
        let plain = if let Some(alias) = alias {
            Self::alias_of(key, alias)?
        } else {
            let values: Result<Vec<_>, _> = values.iter().map(|text| key.rtype.parse_value(text)).collect();
            Self::new(key, ttl, values?)?
        };
        Ok(if proxied { plain.proxied() } else { plain })
    }
}

/// Serialises a [`Name`] as its presentation form (`serde(with)`).
pub mod name_text {
    use hickory_proto::rr::Name;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes the fully qualified presentation form.
    ///
    /// # Errors
    /// Whatever the serializer returns.
    pub fn serialize<S: Serializer>(name: &Name, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&name.to_ascii())
    }

    /// Reads a name, canonical.
    ///
    /// # Errors
    /// If the text is no domain name.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Name, D::Error> {
        let text = String::deserialize(deserializer)?;
        super::canonical_name(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
