//! The TSIG keys of one primary, and which of them is in use while one takes the place of the other.
//!
//! A rotation has a time in which only one of two keys works: the server has the new one already, or not yet. Reads find
//! out which, since a question does no harm twice. A write is signed with the key that a read was last answered under, and
//! is never sent again with the other one: a refused write only makes the next read begin with the other key.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hickory_proto::rr::Name;
use tracing::warn;

use super::key::TsigKey;

/// One key, or two during a rotation.
#[derive(Clone, Debug)]
pub struct TsigKeys {
    first: TsigKey,
    second: Option<TsigKey>,
}

impl TsigKeys {
    /// The key in use and, during a rotation, the one that takes or took its place.
    pub fn new(first: TsigKey, second: Option<TsigKey>) -> Self {
        Self { first, second }
    }
}

impl From<TsigKey> for TsigKeys {
    fn from(first: TsigKey) -> Self {
        Self::new(first, None)
    }
}

/// Which key; the second is never named where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    First,
    Second,
}

impl Which {
    fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }

    fn load(cell: &AtomicUsize) -> Self {
        if cell.load(Ordering::Relaxed) == 0 { Self::First } else { Self::Second }
    }

    fn index(self) -> usize {
        match self {
            Self::First => 0,
            Self::Second => 1,
        }
    }
}

/// The keys, shared by all that talks to the primary.
#[derive(Debug)]
pub(super) struct Keyring {
    keys: TsigKeys,
    /// What the last answered read was signed with.
    proven: AtomicUsize,
    /// What the next read begins with.
    preferred: AtomicUsize,
}

impl Keyring {
    pub(super) fn new(keys: TsigKeys) -> Arc<Self> {
        Arc::new(Self { keys, proven: AtomicUsize::new(0), preferred: AtomicUsize::new(0) })
    }

    pub(super) fn key(&self, which: Which) -> &TsigKey {
        let TsigKeys { first, second } = &self.keys;
        match which {
            Which::First => first,
            Which::Second => second.as_ref().unwrap_or(first),
        }
    }

    /// For writes: the key that a read was last answered under, and before any read the first one.
    pub(super) fn proven(&self) -> Which {
        Which::load(&self.proven)
    }

    /// For reads: the key to begin with.
    pub(super) fn preferred(&self) -> Which {
        Which::load(&self.preferred)
    }

    /// The key to try after this one was refused.
    pub(super) fn other(&self, refused: Which) -> Option<Which> {
        self.keys.second.is_some().then(|| refused.other())
    }

    /// A read was answered under this key.
    pub(super) fn prove(&self, subject: &str, which: Which) {
        self.preferred.store(which.index(), Ordering::Relaxed);
        let before = self.proven.swap(which.index(), Ordering::Relaxed);
        if before != which.index() {
            let (key, refused) = (self.key(which).name(), self.key(which.other()).name());
            warn!(subject, %key, %refused, "another TSIG key is in use");
        }
    }

    /// A write was refused under this key; nothing was written.
    pub(super) fn doubt(&self, which: Which) {
        if let Some(other) = self.other(which) {
            self.preferred.store(other.index(), Ordering::Relaxed);
        }
    }

    /// How many octets a signature adds to a message, by whichever key.
    pub(super) fn signature_octets(&self) -> usize {
        let TsigKeys { first, second } = &self.keys;
        second.iter().map(TsigKey::signature_octets).fold(first.signature_octets(), usize::max)
    }

    /// The name of the key in use.
    pub(super) fn name_in_use(&self) -> &Name {
        self.key(self.proven()).name()
    }
}
