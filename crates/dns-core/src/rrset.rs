//! RRsets that a service guards: their keys, TTLs and values, in one canonical form.
//!
//! An answer that the provider makes itself, an alias, its proxy's, or one that it draws by weight, is part of the set:
//! another one is another set.
//!
//! Values are sorted by their wire form and unique, names are lower case and fully qualified, so equality of
//! two [`Rrset`]s is equality of what a resolver would see (RFC 9499 §5; order is no meaning, RFC 2181 §5).

mod alias;
mod key;
mod ttl;
mod weighted;
mod written;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use hickory_proto::rr::RData;
use hickory_proto::rr::rdata::CNAME;
use hickory_proto::serialize::binary::BinEncodable;
use serde::{Deserialize, Serialize};

pub use self::alias::Alias;
pub use self::key::{GuardedType, RrsetKey, canonical_name, name_text};
pub use self::ttl::Ttl;
pub use self::weighted::Weighted;
use crate::digest::{Digest, Fields};

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
    /// Sets of one name and type that cannot be drawn from by weight.
    #[error("the weighted set `{identifier}` cannot stand there: {why}")]
    Weighted {
        /// Which.
        identifier: String,
        /// Why not.
        why: &'static str,
    },
}

/// Values with a TTL under one key, an alias, or several sets that are drawn by weight; never empty.
///
/// Its content is shared: one look at a zone goes through many hands, each of which keeps a part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RrsetText", into = "RrsetText")]
pub struct Rrset(Arc<Content>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Content {
    key: RrsetKey,
    ttl: Ttl,
    /// Empty exactly if there is an alias, or sets that are drawn by weight.
    values: Vec<RData>,
    alias: Option<Alias>,
    proxied: bool,
    weighted: Box<[Weighted]>,
}

impl Content {
    /// Nothing under a key yet.
    fn under(key: RrsetKey, ttl: Ttl) -> Self {
        Self { key, ttl, values: Vec::new(), alias: None, proxied: false, weighted: Box::default() }
    }
}

impl Rrset {
    /// Builds an RRset in canonical form.
    ///
    /// # Errors
    /// [`RrsetError::Empty`] without values, [`RrsetError::ManyCnames`], [`RrsetError::Type`] if a value is not
    /// of the key's type.
    pub fn new(key: RrsetKey, ttl: Ttl, values: impl IntoIterator<Item = RData>) -> Result<Self, RrsetError> {
        let mut canonical = Vec::new();
        for value in values {
            if value.record_type() != key.rtype().record_type() {
                return Err(RrsetError::Type(value.record_type().to_string()));
            }
            canonical.push(match value {
                RData::CNAME(CNAME(target)) => {
                    let mut target = target.to_lowercase();
                    target.set_fqdn(true);
                    RData::CNAME(CNAME(target))
                }
                other => other,
            });
        }
        canonical.sort_by(by_wire);
        canonical.dedup_by(|one, other| by_wire(one, other).is_eq());
        if canonical.is_empty() {
            return Err(RrsetError::Empty);
        }
        if key.rtype() == GuardedType::Cname && canonical.len() > 1 {
            return Err(RrsetError::ManyCnames(canonical.len()));
        }
        Ok(Self(Arc::new(Content { values: canonical, ..Content::under(key, ttl) })))
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
        Ok(Self(Arc::new(Content { alias: Some(alias), ..Content::under(key, ttl) })))
    }

    /// Several sets under `key`, of which the provider draws one for each answer.
    ///
    /// # Errors
    /// [`RrsetError::Empty`] without any, [`RrsetError::Weighted`] if one is no plain set or alias of that key, or two are
    /// called alike.
    pub fn weighted_of(key: RrsetKey, sets: impl IntoIterator<Item = Weighted>) -> Result<Self, RrsetError> {
        let sets = weighted::sorted(&key, sets)?;
        // The longest that any of the answers may be kept.
        let ttl = sets.iter().map(|one| one.set.ttl()).max().ok_or(RrsetError::Empty)?;
        Ok(Self(Arc::new(Content { weighted: sets, ..Content::under(key, ttl) })))
    }

    /// The same set behind the provider's proxy, which answers with addresses of its own. How long those may be kept is the
    /// provider's choice, which it writes as a TTL of 1.
    #[must_use]
    pub fn proxied(self) -> Self {
        Self(Arc::new(Content { proxied: true, ttl: Ttl::AUTOMATIC, ..Arc::unwrap_or_clone(self.0) }))
    }

    /// Name and type.
    pub fn key(&self) -> &RrsetKey {
        &self.0.key
    }

    /// Time to live.
    pub fn ttl(&self) -> Ttl {
        self.0.ttl
    }

    /// The load balancer that the provider answers with, instead of values.
    pub fn alias(&self) -> Option<&Alias> {
        self.0.alias.as_ref()
    }

    /// Whether the provider's proxy stands in front of it.
    pub fn is_proxied(&self) -> bool {
        self.0.proxied
    }

    /// The sets that answers are drawn from by weight, in order; none if there is one answer only.
    pub fn weighted(&self) -> &[Weighted] {
        &self.0.weighted
    }

    /// The values in canonical order; none if it is an alias, or drawn by weight.
    pub fn values(&self) -> &[RData] {
        &self.0.values
    }

    /// Whether the other set has the same values, whatever its TTL.
    pub fn same_values(&self, other: &Self) -> bool {
        let Content { key, ttl: _, values, alias, proxied, weighted: _ } = &*self.0;
        let theirs = &*other.0;
        (key, values, alias, proxied) == (&theirs.key, &theirs.values, &theirs.alias, &theirs.proxied)
            && self.weighted().len() == other.weighted().len()
            && self.weighted().iter().zip(other.weighted()).all(|(one, other)| {
                (&one.identifier, one.weight) == (&other.identifier, other.weight) && one.set.same_values(&other.set)
            })
    }
}

impl fmt::Display for Rrset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.key().name(), self.ttl().as_secs(), self.key().rtype())?;
        if let Some(alias) = self.alias() {
            write!(f, " {alias}")?;
        }
        self.values()
            .iter()
            .enumerate()
            .try_for_each(|(index, value)| write!(f, "{} {value}", if index == 0 { "" } else { "," }))?;
        for (index, one) in self.weighted().iter().enumerate() {
            write!(f, "{} {one}", if index == 0 { " weighted" } else { "," })?;
        }
        if self.is_proxied() { f.write_str(" (proxied)") } else { Ok(()) }
    }
}

/// RRsets by key. A key that is absent has no RRset.
pub type Rrsets = BTreeMap<RrsetKey, Rrset>;

/// The digest over names, types, TTLs and sorted values that a fence carries.
pub fn records_digest(rrsets: &Rrsets) -> Digest {
    let mut fields = Fields::default();
    for rrset in rrsets.values() {
        add_fields(rrset, &mut fields);
    }
    fields.digest()
}

fn add_fields(rrset: &Rrset, fields: &mut Fields) {
    let Content { key, ttl, values, alias, proxied, weighted } = &*rrset.0;
    fields.add(key.name().to_string().as_bytes());
    fields.add(key.rtype().as_str().as_bytes());
    fields.add(&ttl.as_secs().to_be_bytes());
    fields.add(&(values.len() as u64).to_be_bytes());
    for value in values {
        with_wire(value, |wire| fields.add(wire));
    }
    // Not for plain sets: their digests are in the zones already.
    if let Some(alias) = alias {
        fields.add(alias.to_string().as_bytes());
    }
    if *proxied {
        fields.add(b"proxied");
    }
    for Weighted { identifier, weight, set } in weighted {
        fields.add(b"weighted");
        fields.add(identifier.as_bytes());
        fields.add(&[*weight]);
        add_fields(set, fields);
    }
}

/// The order of values: by their wire form.
fn by_wire(one: &RData, other: &RData) -> Ordering {
    with_wire(one, |one| with_wire(other, |other| one.cmp(other)))
}

/// Shows the wire form. That of an address is itself, so it need not be written anywhere.
fn with_wire<T>(value: &RData, look: impl FnOnce(&[u8]) -> T) -> T {
    match value {
        RData::A(address) => look(&address.octets()),
        RData::AAAA(address) => look(&address.octets()),
        other => look(&other.to_bytes().expect("invariant: A, AAAA and CNAME data always encode")),
    }
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
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    weighted: Vec<Weighted>,
}

impl From<Rrset> for RrsetText {
    fn from(Rrset(content): Rrset) -> Self {
        let Content { key, ttl, values, alias, proxied, weighted } = Arc::unwrap_or_clone(content);
        let values = values.iter().map(written::text).collect();
        Self { key, ttl, values, alias, proxied, weighted: weighted.into() }
    }
}

impl TryFrom<RrsetText> for Rrset {
    type Error = RrsetError;
    fn try_from(text: RrsetText) -> Result<Self, Self::Error> {
        let RrsetText { key, ttl, values, alias, proxied, weighted } = text;
        if !weighted.is_empty() {
            return Self::weighted_of(key, weighted);
        }
        let plain = if let Some(alias) = alias {
            Self::alias_of(key, alias)?
        } else {
            let values: Result<Vec<_>, _> = values.iter().map(|text| written::value(key.rtype(), text)).collect();
            Self::new(key, ttl, values?)?
        };
        Ok(if proxied { plain.proxied() } else { plain })
    }
}

#[cfg(test)]
mod tests;
