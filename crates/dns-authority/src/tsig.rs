//! TSIG at the server's side (RFC 8945 §5.2, §5.3): checks a request, and seals its answer accordingly.
//!
//! The checks go in the RFC's order: key, MAC, time, truncation. Key and MAC faults are answered unsigned, since nothing
//! proves who asks; time and truncation faults are answered signed, so that the client can believe what it hears about
//! its clock. Time comes in as an argument.
//!
//! It keeps no memory of the times seen (RFC 8945 §5.2.3 allows one): clients in parallel would shut each other out.

use std::fmt;

use hickory_proto::ProtoError;
use hickory_proto::op::Message;
use hickory_proto::rr::rdata::TSIG;
use hickory_proto::rr::rdata::tsig::{TsigAlgorithm, TsigError, make_tsig_record, signed_bitmessage_to_buf};
use hickory_proto::rr::{Name, TSigner};
use subtle::ConstantTimeEq;

/// The validity of an answer's signature in seconds: what RFC 8945 §10 recommends.
const ANSWER_FUDGE_SECS: u16 = 300;

/// The shortest MAC that is a truncated one and no malformed one (RFC 8945 §5.2.2.1).
const MAC_BYTES_MIN: usize = 10;

/// The algorithms that every current client knows (RFC 8945 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// hmac-sha256
    HmacSha256,
    /// hmac-sha384
    HmacSha384,
    /// hmac-sha512
    HmacSha512,
}

/// The key that updates are signed with.
#[derive(Clone)]
pub struct UpdateKey {
    signer: TSigner,
}

impl UpdateKey {
    /// A key; `secret` is the decoded one.
    pub fn new(name: &Name, algorithm: KeyAlgorithm, secret: Vec<u8>) -> Self {
        let algorithm = match algorithm {
            KeyAlgorithm::HmacSha256 => TsigAlgorithm::HmacSha256,
            KeyAlgorithm::HmacSha384 => TsigAlgorithm::HmacSha384,
            KeyAlgorithm::HmacSha512 => TsigAlgorithm::HmacSha512,
        };
        let signer = TSigner::new(secret, algorithm, name.to_lowercase(), ANSWER_FUDGE_SECS)
            .expect("invariant: the three algorithms are supported");
        Self { signer }
    }

    /// Its name.
    pub fn name(&self) -> &Name {
        self.signer.signer_name()
    }

    /// Checks the signature of `message`, decoded from `wire`, at `now_secs` since 1970.
    pub(crate) fn check(&self, wire: &[u8], message: &Message, now_secs: u64) -> Checked {
        let Some(record) = message.signature() else { return Checked::Unsigned };
        let seal = |error| Seal::Unsigned { name: record.name.clone(), tsig: stub(&record.data, now_secs, error) };
        // Names compare without case, hickory-proto's algorithms with it.
        let same_algorithm = record.data.algorithm.to_name() == self.signer.algorithm().to_name();
        if record.name != *self.name() || !same_algorithm {
            return Checked::Bad { error: TsigError::BadKey, seal: seal(TsigError::BadKey) };
        }
        let Ok((signed, _)) = signed_bitmessage_to_buf(wire, None, true) else { return Checked::Malformed };
        let expected = self.signer.sign(&signed).expect("invariant: the three algorithms are supported");
        let mac = &record.data.mac;
        if mac.len() > expected.len() || mac.len() < MAC_BYTES_MIN.max(expected.len() / 2) {
            return Checked::Malformed;
        }
        if !bool::from(expected[..mac.len()].ct_eq(mac)) {
            return Checked::Bad { error: TsigError::BadSig, seal: seal(TsigError::BadSig) };
        }
        self.check_policy(&record.data, expected.len(), now_secs)
    }

    /// What is wrong with a request that does come from a holder of the key, if anything.
    fn check_policy(&self, request: &TSIG, mac_bytes: usize, now_secs: u64) -> Checked {
        let signed = |signed_at_secs, error, other| Seal::Signed {
            signer: self.signer.clone(),
            request_mac: request.mac.clone(),
            signed_at_secs,
            error,
            other,
        };
        if request.time.abs_diff(now_secs) > u64::from(request.fudge) {
            // The client's own time, so that it can check this answer, and ours in 48 bits (RFC 8945 §5.2.3).
            let seal = signed(request.time, Some(TsigError::BadTime), now_secs.to_be_bytes()[2..].to_vec());
            return Checked::Bad { error: TsigError::BadTime, seal };
        }
        if request.mac.len() < mac_bytes {
            let seal = signed(now_secs, Some(TsigError::BadTrunc), Vec::new());
            return Checked::Bad { error: TsigError::BadTrunc, seal };
        }
        Checked::Good { seal: signed(now_secs, None, Vec::new()) }
    }
}

impl fmt::Debug for UpdateKey {
    /// Leaves out the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpdateKey").field("name", self.name()).finish_non_exhaustive()
    }
}

/// How a request is signed, with the seal that its answer gets.
pub(crate) enum Checked {
    /// Not at all.
    Unsigned,
    /// With the key, in time.
    Good {
        /// Signs the answer.
        seal: Seal,
    },
    /// Wrongly: NOTAUTH with this error.
    Bad {
        /// What is wrong.
        error: TsigError,
        /// Carries the error, signed where RFC 8945 §5.3.2 says so.
        seal: Seal,
    },
    /// The TSIG record itself breaks a rule: FORMERR.
    Malformed,
}

/// What is put at the end of an answer.
pub(crate) enum Seal {
    /// Nothing: the request was not signed.
    None,
    /// A TSIG record without a MAC.
    Unsigned {
        /// The request's key name.
        name: Name,
        /// With the error.
        tsig: TSIG,
    },
    /// A signature that covers the request's.
    Signed {
        /// Our key.
        signer: TSigner,
        /// The request's MAC.
        request_mac: Vec<u8>,
        /// Seconds since 1970.
        signed_at_secs: u64,
        /// What is wrong with the request.
        error: Option<TsigError>,
        /// Our time with BADTIME.
        other: Vec<u8>,
    },
}

impl Seal {
    /// Seals a message in its final form, in place of an earlier seal.
    pub(crate) fn attach(&self, message: &mut Message) -> Result<(), ProtoError> {
        message.take_signature();
        let record = match self {
            Self::None => return Ok(()),
            Self::Unsigned { name, tsig } => make_tsig_record(name.clone(), tsig.clone()),
            Self::Signed { signer, request_mac, signed_at_secs, error, other } => {
                let (algorithm, id) = (signer.algorithm().clone(), message.metadata.id);
                let fudge = signer.fudge();
                let tsig = TSIG::new(algorithm, *signed_at_secs, fudge, Vec::new(), id, *error, other.clone());
                let signed = signer.encode_response_tbs(request_mac, &message.to_vec()?, &tsig)?;
                let mac = signer.sign(&signed).expect("invariant: the three algorithms are supported");
                make_tsig_record(signer.signer_name().clone(), tsig.set_mac(mac))
            }
        };
        message.set_signature(Box::new(record));
        Ok(())
    }
}

/// The request's TSIG as an error, without a MAC.
fn stub(request: &TSIG, now_secs: u64, error: TsigError) -> TSIG {
    let (algorithm, id) = (request.algorithm.clone(), request.oid);
    TSIG::new(algorithm, now_secs, request.fudge, Vec::new(), id, Some(error), Vec::new())
}

#[cfg(test)]
mod tests;
