//! TSIG (RFC 8945): keys, signed queries and sequences of answers, and requests that others sign.
//!
//! Own code on the one crypto backend of the workspace; docs/adr/0023 says why. The time is an argument.

mod key;
mod record;
mod request;
mod sequence;

pub use self::key::{Algorithm, TsigKey};
pub use self::record::Malformed;
pub(crate) use self::request::{Request, Seal};
pub use self::sequence::Sequence;

/// The validity of a signature in seconds: what RFC 8945 §10 recommends.
const FUDGE_SECS: u16 = 300;

/// What is wrong with the signature of an answer, by what can be done about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TsigFault {
    /// The server does not know the key (RFC 8945 §5.2.1).
    #[error(
        "it does not know the TSIG key {key}, or not with this algorithm (BADKEY): check the key's name and algorithm there"
    )]
    BadKey {
        /// The key's name.
        key: String,
    },
    /// The server computes another signature (RFC 8945 §5.2.2).
    #[error("it finds the signature by the TSIG key {key} wrong (BADSIG): the secret differs from the server's")]
    BadSig {
        /// The key's name.
        key: String,
    },
    /// The clocks differ too much (RFC 8945 §5.2.3).
    #[error("its clock is {} s {} ours (BADTIME): set the clocks", .skew_secs.unsigned_abs(), if *.skew_secs < 0 { "behind" } else { "ahead of" })]
    BadTime {
        /// The server's time minus ours.
        skew_secs: i64,
    },
    /// Another error in the TSIG record.
    #[error("it refuses the signature with TSIG error {code}")]
    Other {
        /// The code (RFC 8945 §3).
        code: u16,
    },
    /// An answer that has to be signed is not: the first and the last, and one of a hundred (RFC 8945 §5.3.1).
    #[error("{0} is not signed: something between us and the server may have made it")]
    Unsigned(&'static str),
    /// It is signed by another key or algorithm than the query.
    #[error("message {message} is signed by {key} with {algorithm}, the query was not")]
    AnotherKey {
        /// Which one, counted from 1.
        message: u32,
        /// The key's name.
        key: String,
        /// The algorithm's name.
        algorithm: String,
    },
    /// The signature is not the one that the key makes.
    #[error(
        "the signature of message {message} is wrong: it, or one before it, was changed, lost or made by somebody else"
    )]
    Wrong {
        /// Which one, counted from 1.
        message: u32,
    },
    /// The TSIG record cannot be read, or stands in a wrong place.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

#[cfg(test)]
mod tests;
