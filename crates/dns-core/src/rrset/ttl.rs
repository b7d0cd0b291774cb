//! Times to live.

use serde::{Deserialize, Serialize};

use super::RrsetError;

/// A time to live in whole seconds, 1 to 2³¹ − 1 (RFC 2181 §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Ttl(u32);

impl Ttl {
    /// The largest TTL of RFC 2181 §8.
    pub const MAX_SECS: u64 = 0x7fff_ffff;

    /// What a provider writes that chooses the TTL itself.
    pub(super) const AUTOMATIC: Self = Self(1);

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
