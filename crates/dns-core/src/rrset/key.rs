//! What RRsets are told apart by: canonical owner names and types.

use std::cmp::Ordering;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;

use hickory_proto::rr::rdata::{A, AAAA, CNAME};
use hickory_proto::rr::{Name, RData, RecordType};
use serde::{Deserialize, Serialize};

use super::RrsetError;

/// What identifies an RRset in a zone: owner name and type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RrsetKey {
    /// Shared, since keys are copied into many small maps, which have room for eleven of them.
    #[serde(with = "name_text")]
    name: Arc<Name>,
    #[serde(rename = "type")]
    rtype: GuardedType,
}

impl RrsetKey {
    /// Pairs a name with a type; the name is lower-cased and made fully qualified.
    pub fn new(name: &Name, rtype: GuardedType) -> Self {
        let mut name = name.to_lowercase();
        name.set_fqdn(true);
        Self { name: Arc::new(name), rtype }
    }

    /// The keys of the types that must not stand beside this one at its name, see [`GuardedType::conflicting`].
    pub fn conflicting(&self) -> impl Iterator<Item = Self> {
        self.rtype.conflicting().iter().map(|rtype| Self { name: Arc::clone(&self.name), rtype: *rtype })
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
        // Most keys that meet are copies of one configured key, and to compare names label by label is slow.
        let names = if Arc::ptr_eq(&self.name, &other.name) { Ordering::Equal } else { self.name.cmp(&other.name) };
        names.then(self.rtype.cmp(&other.rtype))
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

    /// The type's mnemonic.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
        }
    }

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
        f.pad(self.as_str())
    }
}

impl FromStr for GuardedType {
    type Err = RrsetError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|candidate| candidate.as_str().eq_ignore_ascii_case(text))
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
    pub fn deserialize<'de, D: Deserializer<'de>, N: From<Name>>(deserializer: D) -> Result<N, D::Error> {
        let text = String::deserialize(deserializer)?;
        super::canonical_name(&text).map(N::from).map_err(D::Error::custom)
    }
}
