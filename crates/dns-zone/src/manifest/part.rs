//! Parts of record sets that have owners of their own: the TTL, the values, or the values whose text begins so.
//!
//! DNS knows no smaller unit than a set (RFC 2181 §5), but people share sets: the TXT of an apex has the SPF of one team and the
//! proofs of ownership of others, and one team may say how long answers live while another says what they are.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::rdata::Rdata;
use crate::txt::strings_of;

/// What of a set a claim is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// All of it.
    Whole,
    /// How long answers may be kept.
    Ttl,
    /// Its values.
    Values,
    /// The values of a TXT set whose text begins so.
    ValuesFrom(Beginning),
}

/// The beginning of a text; never empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Beginning(String);

impl Beginning {
    /// Takes a text that isn't empty.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        (!text.is_empty()).then_some(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What has one owner, and no parts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Field<'a> {
    /// The TTL.
    Ttl,
    /// One value.
    Value(&'a Rdata),
}

/// A kind of field, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FieldKind {
    /// The TTL.
    Ttl,
    /// Values.
    Values,
}

impl Part {
    /// Whether it is about a field. The strings of a TXT are one text: where one ends means nothing to those who read it.
    pub(super) fn covers(&self, field: Field<'_>) -> bool {
        match (self, field) {
            (Self::Whole, _) | (Self::Ttl, Field::Ttl) | (Self::Values, Field::Value(_)) => true,
            (Self::Ttl, Field::Value(_)) | (Self::Values | Self::ValuesFrom(_), Field::Ttl) => false,
            (Self::ValuesFrom(beginning), Field::Value(value)) => {
                strings_of(value).concat().starts_with(beginning.0.as_bytes())
            }
        }
    }

    /// How narrow: the whole, then a kind of field, then the longest beginning.
    pub(super) fn rank(&self) -> usize {
        match self {
            Self::Whole => 0,
            Self::Ttl | Self::Values => 1,
            Self::ValuesFrom(beginning) => 1 + beginning.0.len(),
        }
    }

    /// Whether two parts have a field in common.
    pub(super) fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Whole, _)
            | (_, Self::Whole)
            | (Self::Ttl, Self::Ttl)
            | (Self::Values, Self::Values | Self::ValuesFrom(_))
            | (Self::ValuesFrom(_), Self::Values) => true,
            (Self::Ttl, Self::Values | Self::ValuesFrom(_)) | (Self::Values | Self::ValuesFrom(_), Self::Ttl) => false,
            (Self::ValuesFrom(one), Self::ValuesFrom(other)) => {
                one.0.starts_with(&other.0) || other.0.starts_with(&one.0)
            }
        }
    }
}

/// A text that is no part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no part of a record set; what is: ttl, values, value:BEGINNING")]
pub struct UnknownPart(String);

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("whole"),
            Self::Ttl => f.write_str("ttl"),
            Self::Values => f.write_str("values"),
            Self::ValuesFrom(Beginning(text)) => write!(f, "value:{text}"),
        }
    }
}

impl FromStr for Part {
    type Err = UnknownPart;

    /// Reads `ttl`, `values` or `value:BEGINNING`. The whole is what stands where no part is named.
    fn from_str(text: &str) -> Result<Self, UnknownPart> {
        match text {
            "ttl" => Ok(Self::Ttl),
            "values" => Ok(Self::Values),
            text => {
                let beginning = text.strip_prefix("value:").and_then(Beginning::new);
                beginning.map(Self::ValuesFrom).ok_or_else(|| UnknownPart(text.to_owned()))
            }
        }
    }
}
