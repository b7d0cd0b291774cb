//! Requests that others sign, and the answers to them (RFC 8945 §5.2, §5.3).
//!
//! Key and MAC faults are answered unsigned, since nothing proves who asks; a time fault is answered signed, so that the client
//! can believe what it hears about its clock.

use domain::base::iana::TsigRcode;

use super::key::{TsigKey, is_made_by, seal};
use super::record::{Digested, Malformed, Tsig, append, take, time48};

/// How a request is signed, with what goes under its answer.
#[derive(Debug)]
pub(crate) enum Request {
    /// Not at all.
    Unsigned,
    /// By the key, in time.
    Good(Seal),
    /// Wrongly.
    Bad(Seal),
}

/// What goes under the answer to a signed request.
#[derive(Debug)]
pub(crate) struct Seal {
    tsig: Tsig,
    /// The key to sign with and the request's MAC; none for answers to those that proved nothing.
    signed: Option<(TsigKey, Vec<u8>)>,
}

impl Request {
    /// Checks a request against the keys that may sign it, of which there are two while they are exchanged, and takes its TSIG record
    /// off it.
    pub(crate) fn check(keys: &[TsigKey], message: &mut Vec<u8>, now_secs: u64) -> Result<Self, Malformed> {
        let Some(tsig) = take(message)? else { return Ok(Self::Unsigned) };
        let unproven = |error: TsigRcode| {
            let tsig = Tsig { error: error.to_int(), mac: Vec::new(), other: Vec::new(), ..tsig.clone() };
            Ok(Self::Bad(Seal { tsig, signed: None }))
        };
        // Two keys may have one name: a secret that is exchanged in place.
        let mut named = keys.iter().filter(|key| key.is_named_by(&tsig)).peekable();
        if named.peek().is_none() {
            return unproven(TsigRcode::BADKEY);
        }
        let has_signed = |key: &&TsigKey| {
            let mut covered = key.context();
            covered.update(message);
            tsig.digest(Digested::Everything, &mut covered);
            is_made_by(covered, &tsig.mac)
        };
        let Some(key) = named.find(has_signed) else { return unproven(TsigRcode::BADSIG) };
        let mut answer = key.unsigned(now_secs, message);
        let signed = Some((key.clone(), tsig.mac));
        if tsig.time_secs.abs_diff(now_secs) <= u64::from(tsig.fudge_secs) {
            return Ok(Self::Good(Seal { tsig: answer, signed }));
        }
        // The client's own time, so that it can check this answer, and ours beside it (RFC 8945 §5.2.3).
        answer.time_secs = tsig.time_secs;
        answer.error = TsigRcode::BADTIME.to_int();
        answer.other = time48(now_secs).to_vec();
        Ok(Self::Bad(Seal { tsig: answer, signed }))
    }
}

impl Seal {
    /// Puts it at the end of the answer.
    pub(crate) fn attach(self, answer: &mut Vec<u8>) {
        match self.signed {
            None => append(answer, &self.tsig),
            Some((key, request_mac)) => {
                let context = key.context_after(&request_mac);
                seal(answer, self.tsig, context);
            }
        }
    }
}
