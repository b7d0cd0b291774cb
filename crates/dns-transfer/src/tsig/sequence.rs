//! The answers to one signed query, message after message (RFC 8945 §5.3.1).
//!
//! The first message is signed as any answer is. Each signature after it covers the one before, all messages since, and its own
//! timers, so that none can be changed, lost or moved. Up to 99 messages in a row may be unsigned; the last one never is, which
//! is for the reader to ask, by [`Sequence::finish`], since only it knows which one is the last.
//!
//! The time of an answer's signature is not compared with a clock: the chain begins at this very query, so no older answer can
//! stand in it, and a slow reader must not lose what waited in its buffers. The reader bounds the time of the whole.

use aws_lc_rs::hmac;
use domain::base::iana::TsigRcode;

use super::TsigFault;
use super::key::{TsigKey, is_made_by};
use super::record::{Digested, Tsig, find, take};

/// How many messages in a row may be unsigned (RFC 8945 §5.3.1).
const UNSIGNED_MAX: u32 = 99;

/// What verifies the answers to one query.
#[derive(Debug)]
pub struct Sequence {
    key: TsigKey,
    signed_at_secs: u64,
    /// What the next signature covers so far.
    context: hmac::Context,
    messages: u32,
    unsigned: u32,
}

impl Sequence {
    pub(super) fn new(key: TsigKey, query_mac: &[u8], signed_at_secs: u64) -> Self {
        let context = key.context_after(query_mac);
        Self { key, signed_at_secs, context, messages: 0, unsigned: 0 }
    }

    /// What the server says is wrong with the query's signature. To be asked before [`verify`](Self::verify): BADKEY and BADSIG
    /// come unsigned (RFC 8945 §5.3.2). Nothing is believed of it but that it is an error.
    ///
    /// # Errors
    /// [`TsigFault`].
    pub fn refusal(&self, message: &[u8]) -> Result<(), TsigFault> {
        let Some((_, tsig)) = find(message)? else { return Ok(()) };
        let key = || self.key.name().to_string();
        Err(match TsigRcode::from_int(tsig.error) {
            TsigRcode::NOERROR => return Ok(()),
            TsigRcode::BADKEY => TsigFault::BadKey { key: key() },
            TsigRcode::BADSIG => TsigFault::BadSig { key: key() },
            TsigRcode::BADTIME => TsigFault::BadTime { skew_secs: self.skew_secs(&tsig) },
            other => TsigFault::Other { code: other.to_int() },
        })
    }

    /// The server's time stands in the other data, 48 bits (RFC 8945 §5.2.3).
    fn skew_secs(&self, tsig: &Tsig) -> i64 {
        let theirs = match tsig.other.len() {
            6 => tsig.other.iter().fold(0, |time, octet| (time << 8) | u64::from(*octet)),
            _ => tsig.time_secs,
        };
        theirs.checked_signed_diff(self.signed_at_secs).unwrap_or(i64::MAX)
    }

    /// Takes the next message, and its TSIG record off it.
    ///
    /// # Errors
    /// [`TsigFault`]; then nothing of the sequence may be believed.
    pub fn verify(&mut self, message: &mut Vec<u8>) -> Result<(), TsigFault> {
        self.messages += 1;
        let Some(tsig) = take(message)? else { return self.unsigned(message) };
        let number = self.messages;
        if !self.key.is_named_by(&tsig) {
            let (key, algorithm) = (tsig.key.to_string(), tsig.algorithm.to_string());
            return Err(TsigFault::AnotherKey { message: number, key, algorithm });
        }
        self.context.update(message);
        tsig.digest(if number == 1 { Digested::Everything } else { Digested::Timers }, &mut self.context);
        let covered = std::mem::replace(&mut self.context, self.key.context_after(&tsig.mac));
        if !is_made_by(covered, &tsig.mac) {
            return Err(TsigFault::Wrong { message: number });
        }
        self.unsigned = 0;
        Ok(())
    }

    fn unsigned(&mut self, message: &[u8]) -> Result<(), TsigFault> {
        self.unsigned += 1;
        if self.messages == 1 {
            return Err(TsigFault::Unsigned("the first message"));
        }
        if self.unsigned > UNSIGNED_MAX {
            return Err(TsigFault::Unsigned("the hundredth message in a row"));
        }
        self.context.update(message);
        Ok(())
    }

    /// Whether what was taken so far may be believed: its last message was signed.
    ///
    /// # Errors
    /// [`TsigFault::Unsigned`].
    pub fn finish(&self) -> Result<(), TsigFault> {
        if self.messages == 0 || self.unsigned > 0 {
            return Err(TsigFault::Unsigned("the last message"));
        }
        Ok(())
    }
}
