//! Keys.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use dns_zone::Owner;

use super::FUDGE_SECS;
use super::record::{Digested, Tsig, append};
use super::sequence::Sequence;

/// The algorithms that every current server takes (RFC 8945 §6). SHA-1 and MD5 are not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// hmac-sha256
    HmacSha256,
    /// hmac-sha384
    HmacSha384,
    /// hmac-sha512
    HmacSha512,
}

impl Algorithm {
    fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::HmacSha256 => hmac::HMAC_SHA256,
            Self::HmacSha384 => hmac::HMAC_SHA384,
            Self::HmacSha512 => hmac::HMAC_SHA512,
        }
    }

    /// Its name on the wire.
    pub(super) fn name(self) -> Owner {
        let name = match self {
            Self::HmacSha256 => "hmac-sha256.",
            Self::HmacSha384 => "hmac-sha384.",
            Self::HmacSha512 => "hmac-sha512.",
        };
        name.parse().expect("invariant: the three are names")
    }
}

/// A shared secret under a name that the server knows.
#[derive(Clone)]
pub struct TsigKey {
    name: Owner,
    algorithm: Algorithm,
    key: hmac::Key,
}

impl TsigKey {
    /// A key; `secret` is the decoded one.
    pub fn new(name: Owner, algorithm: Algorithm, secret: &[u8]) -> Self {
        Self { name, algorithm, key: hmac::Key::new(algorithm.hmac(), secret) }
    }

    /// Its name.
    pub fn name(&self) -> &Owner {
        &self.name
    }

    /// Signs a query as of `now_secs` since 1970: its final bytes, and what verifies the answers to it.
    pub fn sign(&self, mut query: Vec<u8>, now_secs: u64) -> (Vec<u8>, Sequence) {
        let tsig = self.unsigned(now_secs, &query);
        let mac = seal(&mut query, tsig, self.context());
        (query, Sequence::new(self.clone(), &mac, now_secs))
    }

    /// A TSIG record of this key for a message, before it has a MAC.
    pub(super) fn unsigned(&self, time_secs: u64, message: &[u8]) -> Tsig {
        let original_id = message.first_chunk().map_or(0, |id| u16::from_be_bytes(*id));
        let (key, algorithm) = (self.name.clone(), self.algorithm.name());
        Tsig {
            key,
            algorithm,
            time_secs,
            fudge_secs: FUDGE_SECS,
            mac: Vec::new(),
            original_id,
            error: 0,
            other: Vec::new(),
        }
    }

    pub(super) fn context(&self) -> hmac::Context {
        hmac::Context::with_key(&self.key)
    }

    /// A context that holds the MAC of the message before (RFC 8945 §4.3.1).
    pub(super) fn context_after(&self, mac: &[u8]) -> hmac::Context {
        let mut context = self.context();
        let length = u16::try_from(mac.len()).expect("invariant: a MAC has at most 64 octets");
        context.update(&length.to_be_bytes());
        context.update(mac);
        context
    }

    /// Whether a record names this key and its algorithm.
    pub(super) fn is_named_by(&self, tsig: &Tsig) -> bool {
        tsig.key == self.name && tsig.algorithm == self.algorithm.name()
    }
}

/// Adds a TSIG record to a message, with the MAC over what is in the context already, the message and the record.
pub(super) fn seal(message: &mut Vec<u8>, mut tsig: Tsig, mut context: hmac::Context) -> Vec<u8> {
    context.update(message);
    tsig.digest(Digested::Everything, &mut context);
    tsig.mac = context.sign().as_ref().to_vec();
    append(message, &tsig);
    tsig.mac
}

/// Whether the MAC is the whole one that the context makes. RFC 8945 §5.2.2.1 lets a MAC be cut; none of the servers that we
/// talk to cuts it, so a cut one is a wrong one.
pub(super) fn is_made_by(context: hmac::Context, mac: &[u8]) -> bool {
    verify_slices_are_equal(context.sign().as_ref(), mac).is_ok()
}

impl fmt::Debug for TsigKey {
    /// Leaves out the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, algorithm, key: _ } = self;
        f.debug_struct("TsigKey").field("name", name).field("algorithm", algorithm).finish_non_exhaustive()
    }
}
