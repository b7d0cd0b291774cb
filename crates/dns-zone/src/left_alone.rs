//! Differences that stay, each with its reason: nothing that is left alone is left out in silence.

use std::fmt;

use dns_core::identifier::{Installation, ServiceName};
use serde::{Deserialize, Serialize};

use crate::guarded::Guard;
use crate::manifest::FieldKind;
use crate::marker::Manager;
use crate::record_set::SetKey;

/// Why a difference stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "camelCase")]
pub enum Why {
    /// It is protected at the apex.
    Protected,
    /// It is left to a failover controller.
    Guarded(Guard),
    /// The target's manifest gives it to another installation.
    Claimed {
        /// Which.
        by: Installation,
    },
    /// The target's manifest gives a part of it to another installation; what is not theirs may change all the same.
    ClaimedPart {
        /// Which installation.
        by: Installation,
        /// Which part.
        part: FieldKind,
    },
    /// It is a manifest, which is never copied.
    Manifest,
    /// It belongs to another tool.
    Owned {
        /// Which.
        by: Manager,
    },
    /// Something stands at its name, in source or target, that no record set can tell.
    NotPlain {
        /// What.
        what: String,
    },
    /// It cannot change without another set, which is left alone.
    Hinges {
        /// Which.
        #[serde(with = "crate::record_set::key_text")]
        on: SetKey,
    },
    /// It would have to move with a fence, and some of what moves with it cannot.
    Apart {
        /// Whose fence.
        service: ServiceName,
    },
    /// The target has refused it.
    Refused,
    /// Somebody else has changed it at the target.
    Held,
    /// A signer makes it, as it does others of the zone, which are not listed one by one.
    Signer {
        /// How many differ, this one among them.
        sets: u64,
    },
    /// It moved with a fence, which only goes forward.
    OnlyForward {
        /// Whose fence.
        service: ServiceName,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protected => f.write_str("protected at the apex"),
            Self::Guarded(guard) => guard.fmt(f),
            Self::Claimed { by } => write!(f, "claimed by installation `{by}`"),
            Self::ClaimedPart { by, part: FieldKind::Ttl } => write!(f, "its TTL is claimed by installation `{by}`"),
            Self::ClaimedPart { by, part: FieldKind::Values } => {
                write!(f, "values of it are claimed by installation `{by}`")
            }
            Self::Manifest => f.write_str("a manifest is never copied"),
            Self::Owned { by } => write!(f, "owned by {by}"),
            Self::NotPlain { what } => write!(f, "at its name stands what no record set can tell: {what}"),
            Self::Hinges { on } => write!(f, "it cannot change while {on} stays as it is"),
            Self::Apart { service } => write!(f, "moves only with all that the fence of service `{service}` guards"),
            Self::Refused => f.write_str("the target refused it; it waits until the source changes it"),
            Self::Held => f.write_str("somebody else has changed it there; it waits"),
            Self::Signer { sets } => write!(f, "{sets} record sets that a signer makes"),
            Self::OnlyForward { service } => write!(f, "the fence of service `{service}` only goes forward"),
        }
    }
}

/// A difference that stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeftAlone {
    /// Which set.
    #[serde(with = "crate::record_set::key_text")]
    pub set: SetKey,
    /// Why.
    #[serde(flatten)]
    pub why: Why,
}

impl fmt::Display for LeftAlone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { set, why } = self;
        match why {
            Why::Signer { sets: 1 } => write!(f, "{set}, which a signer makes, is left alone"),
            Why::Signer { sets: _ } => write!(f, "{why} are left alone, {set} among them"),
            Why::ClaimedPart { .. } => write!(f, "{set} is left alone in part: {why}"),
            Why::Protected
            | Why::Guarded(_)
            | Why::Claimed { .. }
            | Why::Manifest
            | Why::Owned { .. }
            | Why::NotPlain { .. }
            | Why::Hinges { .. }
            | Why::Apart { .. }
            | Why::Refused
            | Why::Held
            | Why::OnlyForward { .. } => write!(f, "{set} is left alone: {why}"),
        }
    }
}
