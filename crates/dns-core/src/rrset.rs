//! RRsets that a service guards: their keys, TTLs and values, in one canonical form.
//!
//! An answer that the provider makes itself, an alias or its proxy's, is part of the set: another one is another set.
//!
//! Values are sorted by their wire form and unique, names are lower case and fully qualified, so equality of
//! two [`Rrset`]s is equality of what a resolver would see (RFC 9499 §5; order is no meaning, RFC 2181 §5).

mod alias;
mod key;
mod ttl;

use std::collections::BTreeMap;
use std::fmt;

use hickory_proto::rr::RData;
use hickory_proto::rr::rdata::CNAME;
use hickory_proto::serialize::binary::BinEncodable;
use serde::{Deserialize, Serialize};

pub use self::alias::Alias;
pub use self::key::{GuardedType, RrsetKey, canonical_name, name_text};
pub use self::ttl::Ttl;
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

/// Values with a TTL under one key, or an alias; never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RrsetText", into = "RrsetText")]
pub struct Rrset {
    key: RrsetKey,
    ttl: Ttl,
    /// Empty exactly if there is an alias.
    values: Vec<RData>,
    alias: Option<Box<Alias>>,
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
            if value.record_type() != key.rtype().record_type() {
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
        if key.rtype() == GuardedType::Cname && wires.len() > 1 {
            return Err(RrsetError::ManyCnames(wires.len()));
        }
        Ok(Self { key, ttl, values: wires.into_values().collect(), alias: None, proxied: false })
    }

    /// An alias under `key`.
    ///
    /// # Errors
    /// [`RrsetError::Type`] unless the key's type is an address's.
    pub fn alias_of(key: RrsetKey, alias: Alias) -> Result<Self, RrsetError> {
        if key.rtype() == GuardedType::Cname {
            return Err(RrsetError::Type("alias under CNAME".to_owned()));
        }
        let ttl = Ttl::from_secs(Alias::TTL_SECS).expect("invariant: the constant is a valid TTL");
        Ok(Self { key, ttl, values: Vec::new(), alias: Some(Box::new(alias)), proxied: false })
    }

    /// The same set behind the provider's proxy, which answers with addresses of its own. How long those may be kept is the
    /// provider's choice, which it writes as a TTL of 1.
    #[must_use]
    pub fn proxied(self) -> Self {
        Self { proxied: true, ttl: Ttl::AUTOMATIC, ..self }
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
        self.alias.as_deref()
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
        write!(f, "{} {} {}", self.key.name(), self.ttl.as_secs(), self.key.rtype())?;
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
        fields.push(key.name().to_string().into_bytes());
        fields.push(key.rtype().to_string().into_bytes());
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
        Self {
            key,
            ttl,
            values: values.iter().map(ToString::to_string).collect(),
            alias: alias.map(|alias| *alias),
            proxied,
        }
    }
}

impl TryFrom<RrsetText> for Rrset {
    type Error = RrsetError;
    fn try_from(RrsetText { key, ttl, values, alias, proxied }: RrsetText) -> Result<Self, Self::Error> {
        let plain = if let Some(alias) = alias {
            Self::alias_of(key, alias)?
        } else {
            let values: Result<Vec<_>, _> = values.iter().map(|text| key.rtype().parse_value(text)).collect();
            Self::new(key, ttl, values?)?
        };
        Ok(if proxied { plain.proxied() } else { plain })
    }
}

#[cfg(test)]
mod tests;
