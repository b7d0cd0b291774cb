//! The fence: the TXT record that guards a service's records in one zone at one provider.
//!
//! It says who may change the records next: whoever can name it exactly as it stands. Fences are ordered by
//! ([`Epoch`], [`Rev`]), which only go up. The text form lives in [`text`]; what a found fence means for a
//! controller is decided in [`crate::standing`].

pub mod text;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use crate::blend::Blend;
use crate::digest::Digest;
use crate::dwell::Dwell;
use crate::identifier::{Actor, Installation, ProviderName, RegionName, ServiceName};
use crate::rrset::{RrsetKey, Rrsets, records_digest};
use crate::time::Timestamp;

/// The TTL that fences are written with, in seconds. Nobody caches a fence for long, and prerequisites ignore it.
pub const FENCE_TTL_SECS: u64 = 60;

/// The longest reason that a fence carries, in bytes before encoding; longer ones are cut, and so are those that
/// encoding makes too long for a string of a TXT record.
pub const REASON_BYTES_MAX: usize = 60;

macro_rules! counter {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(u64);

        impl $name {
            /// The largest value that is read from a fence: 2⁵³, so that JSON readers keep it whole and counting
            /// on can never overflow.
            pub const READ_MAX: u64 = 1 << 53;

            /// From a number.
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// The number.
            pub const fn get(self) -> u64 {
                self.0
            }

            /// One further.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

counter!(
    /// Counts the moves of a service.
    Epoch
);
counter!(
    /// Counts the writes of a fence.
    Rev
);

/// A text is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is 1 to 64 lower-case letters and digits")]
pub struct IdError;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// An id that sorts by time: 48 bits of milliseconds, then 80 of `nonce`, as hexadecimal digits. Lower
            /// case only, since PowerDNS compares TXT prerequisites without case.
            pub fn at(now: Timestamp, nonce: u128) -> Self {
                let number = (u128::from(now.as_millis()) << 80) | (nonce & ((1 << 80) - 1));
                let mut digits = [0; 32];
                HEXLOWER.encode_mut(&number.to_be_bytes(), &mut digits);
                Self(str::from_utf8(&digits).expect("invariant: hexadecimal digits are ASCII").into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
                if text.is_empty() || text.len() > 64 || !text.bytes().all(allowed) {
                    return Err(IdError);
                }
                Ok(Self(text.into()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.as_str().to_owned()
            }
        }
    };
}

id!(
    /// Names one write of a fence: finding it in the zone is the proof that the write arrived.
    WriteId
);
id!(
    /// Names a decision and, in the fence, the plan that carried it out.
    DecisionId
);
id!(
    /// Names an evacuation of a region that somebody has ordered.
    EvacuationId
);
id!(
    /// Names a drill.
    DrillId
);

impl WriteId {
    /// When it was made, by the clock of whoever made it; none of an id of another form.
    pub fn made(&self) -> Option<Timestamp> {
        let millis = self.as_str().get(..12).filter(|_| self.as_str().len() == 32)?;
        u64::from_str_radix(millis, 16).ok().map(Timestamp::from_millis)
    }
}

/// A block on every automatic write of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pause {
    /// Who paused.
    pub by: Actor,
    /// When it ends by itself; `None` means when someone resumes. Whole seconds.
    pub until: Option<Timestamp>,
    /// Why.
    pub reason: String,
}

/// A block on failback only, set by a manual failover.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pin {
    /// Who moved the service by hand.
    pub by: Actor,
    /// Why.
    pub reason: String,
}

/// The content of a fence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fence {
    /// The installation that owns it.
    pub install: Installation,
    /// The service.
    pub id: ServiceName,
    /// The provider, as the configuration names it.
    pub provider: ProviderName,
    /// Counts moves.
    pub epoch: Epoch,
    /// Counts fence writes.
    pub rev: Rev,
    /// This write.
    pub write: WriteId,
    /// The move that led here.
    pub plan: DecisionId,
    /// The region that the records belong to; `None` in a tombstone.
    pub active: Option<RegionName>,
    /// While the service comes back in steps: which part of the answers the other region gives already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blend: Option<Box<Blend>>,
    /// When the service was released, which makes this fence a tombstone. Whole seconds.
    pub released: Option<Timestamp>,
    /// When the service last moved. Whole seconds.
    pub moved: Timestamp,
    /// Which controller wrote.
    pub by: Actor,
    /// The configuration's revision, 0 without one.
    pub cfg: u64,
    /// A pin.
    pub pin: Option<Pin>,
    /// A pause.
    pub pause: Option<Pause>,
    /// How often in a row the service has left its preferred region without an order, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dwell: Option<Dwell>,
    /// The guarded RRsets that exist.
    pub rrs: BTreeSet<RrsetKey>,
    /// Digest over the guarded RRsets.
    pub digest: Digest,
    /// Pairs of a later version, kept as they were read.
    pub unknown: Vec<(String, String)>,
}

impl Fence {
    /// What fences are ordered by.
    pub fn order(&self) -> (Epoch, Rev) {
        (self.epoch, self.rev)
    }

    /// Whether the records that a zone serves are the ones this fence guards.
    pub fn guards(&self, served: &Rrsets) -> bool {
        records_digest(&self.guarded(served)) == self.digest
    }

    /// The part of what a zone serves that this fence speaks of.
    pub fn guarded(&self, served: &Rrsets) -> Rrsets {
        served.iter().filter(|(key, _)| self.rrs.contains(key)).map(|(key, set)| (key.clone(), set.clone())).collect()
    }

    /// Whether it is of a later decision than another fence, or of a later step of the same one. Revs say nothing about
    /// that among several places, each of which counts its own.
    pub fn is_ahead_of(&self, other: &Self) -> bool {
        let same = self.epoch == other.epoch && self.plan == other.plan;
        self.epoch > other.epoch || (same && self.is_further_than(other))
    }

    /// Between fences of one decision: before the first step the service is where it comes from, and after the last one
    /// where it comes back to.
    fn is_further_than(&self, other: &Self) -> bool {
        match (&self.blend, &other.blend) {
            (Some(own), Some(theirs)) => own.share() > theirs.share(),
            (Some(own), None) => other.active.as_ref() == Some(own.from()),
            (None, Some(theirs)) => self.active.as_ref() == Some(theirs.to()),
            (None, None) => false,
        }
    }

    /// Whether this is the tombstone of a released service.
    pub fn is_tombstone(&self) -> bool {
        self.released.is_some()
    }
}
