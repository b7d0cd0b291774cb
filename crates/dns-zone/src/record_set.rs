//! Record sets: what stands at one name with one type (RFC 9499 §5, RRset).

use std::fmt;

use domain::base::Rtype;
use serde::{Deserialize, Serialize};

use crate::owner::Owner;
use crate::rdata::Rdata;

/// A time to live, in seconds: 0 to 2³¹ − 1 (RFC 2181 §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Ttl(u32);

impl Ttl {
    /// The longest.
    pub const MAX_SECS: u32 = 0x7fff_ffff;

    /// Takes a number of seconds; none beyond [`MAX_SECS`](Self::MAX_SECS).
    pub fn from_secs(secs: u32) -> Option<Self> {
        (secs <= Self::MAX_SECS).then_some(Self(secs))
    }

    /// As RFC 2181 §8 asks a receiver to read one from a message: what has its highest bit set is zero.
    pub fn received(secs: u32) -> Self {
        Self::from_secs(secs).unwrap_or(Self(0))
    }

    /// In seconds.
    pub fn as_secs(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Ttl {
    type Error = String;

    fn try_from(secs: u32) -> Result<Self, String> {
        Self::from_secs(secs).ok_or_else(|| format!("a TTL of {secs} s exceeds {} s (RFC 2181 §8)", Self::MAX_SECS))
    }
}

impl From<Ttl> for u32 {
    fn from(ttl: Ttl) -> Self {
        ttl.0
    }
}

impl fmt::Display for Ttl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What identifies a record set in a zone; sorts in canonical order of names (RFC 4034 §6.1), then by type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SetKey {
    /// Its name.
    pub owner: Owner,
    /// Its type.
    pub rtype: Rtype,
}

impl SetKey {
    /// Pairs a name with a type.
    pub fn new(owner: Owner, rtype: Rtype) -> Self {
        Self { owner, rtype }
    }

    /// Whether all records under it have one TTL (RFC 2181 §5.2). Each signature has the TTL of what it covers (RFC 4034 §3).
    pub fn has_one_ttl(&self) -> bool {
        self.rtype != Rtype::RRSIG
    }

    /// The TTL of a set under it: as the records state it, but of signatures the least that they sign (RFC 4034 §3.1.4). That is
    /// told by the values alone, so that those that came and went one by one make the same set as those that came at once.
    pub fn ttl_of<'a>(&self, stated: Ttl, values: impl IntoIterator<Item = &'a Rdata>) -> Ttl {
        if self.has_one_ttl() {
            return stated;
        }
        values.into_iter().filter_map(signed_ttl).min().unwrap_or(stated)
    }
}

/// The original TTL that stands in a signature's data.
fn signed_ttl(signature: &Rdata) -> Option<Ttl> {
    let octets = signature.as_wire().get(4..)?.first_chunk()?;
    Some(Ttl::received(u32::from_be_bytes(*octets)))
}

impl fmt::Display for SetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.owner, self.rtype)
    }
}

/// Serialises a key as `name type` (`serde(with)`).
pub(crate) mod key_text {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::SetKey;

    pub(crate) fn serialize<S: Serializer>(key: &SetKey, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(key)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SetKey, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = |why: String| D::Error::custom(format!("`{text}` is no name and type: {why}"));
        let (owner, rtype) = text.rsplit_once(' ').ok_or_else(|| wrong("there is no blank".to_owned()))?;
        let owner = owner.parse().map_err(|error| wrong(format!("{error}")))?;
        let rtype = rtype.parse().map_err(|_| wrong("the type is unknown".to_owned()))?;
        Ok(SetKey::new(owner, rtype))
    }
}

/// Serialises keys as `name type` (`serde(with)`).
pub(crate) mod keys_text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{SetKey, key_text};

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Text(#[serde(with = "key_text")] SetKey);

    pub(crate) fn serialize<S: Serializer>(keys: &[SetKey], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(keys.iter().cloned().map(Text))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SetKey>, D::Error> {
        Ok(Vec::<Text>::deserialize(deserializer)?.into_iter().map(|Text(key)| key).collect())
    }
}

/// Values with one TTL: sorted, each once, never none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecordSet {
    ttl: Ttl,
    values: Box<[Rdata]>,
}

impl RecordSet {
    /// A set of one value.
    pub fn of_one(ttl: Ttl, value: Rdata) -> Self {
        Self { ttl, values: Box::new([value]) }
    }

    /// A set in canonical form; none without values.
    pub fn new(ttl: Ttl, values: impl IntoIterator<Item = Rdata>) -> Option<Self> {
        let mut values: Vec<Rdata> = values.into_iter().collect();
        values.sort_unstable();
        values.dedup();
        (!values.is_empty()).then(|| Self { ttl, values: values.into_boxed_slice() })
    }

    /// The same set with one more value; whether that was new.
    pub fn insert(&mut self, value: Rdata) -> bool {
        match self.values.binary_search(&value) {
            Ok(_) => false,
            Err(at) => {
                let mut values = std::mem::take(&mut self.values).into_vec();
                values.insert(at, value);
                self.values = values.into_boxed_slice();
                true
            }
        }
    }

    /// The same set with one more value and the smaller of both TTLs; whether the value was new.
    pub(crate) fn join(&mut self, ttl: Ttl, value: Rdata) -> bool {
        self.ttl = self.ttl.min(ttl);
        self.insert(value)
    }

    /// How long answers may be kept.
    pub fn ttl(&self) -> Ttl {
        self.ttl
    }

    /// The values, sorted by their octets.
    pub fn values(&self) -> &[Rdata] {
        &self.values
    }

    /// The same values with another TTL.
    #[must_use]
    pub fn with_ttl(&self, ttl: Ttl) -> Self {
        Self { ttl, values: self.values.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Rdata {
        Rdata::from_wire(Rtype::A, &[192, 0, 2, last]).expect("four octets")
    }

    #[test]
    fn order_and_repetition_of_values_mean_nothing() {
        let ttl = Ttl::from_secs(60).expect("a TTL");
        let set = RecordSet::new(ttl, [address(2), address(1), address(2)]).expect("values");
        assert_eq!(Some(&set), RecordSet::new(ttl, [address(1), address(2)]).as_ref());
        assert_eq!(RecordSet::new(ttl, []), None);
        let mut grown = RecordSet::of_one(ttl, address(2));
        assert!(grown.insert(address(1)) && !grown.insert(address(2)));
        assert_eq!(grown, set);
    }

    #[test]
    fn a_ttl_with_its_highest_bit_set_is_refused_where_written_and_zero_where_received() {
        assert_eq!(Ttl::from_secs(0x8000_0000), None);
        assert_eq!(Ttl::received(0x8000_0000), Ttl(0));
        assert_eq!(Ttl::received(Ttl::MAX_SECS).as_secs(), Ttl::MAX_SECS);
    }
}
