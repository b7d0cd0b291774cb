//! The TSIG key (RFC 8945): signs messages at a given time and says how far an answer can be trusted.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dns_wire::Answer;
use hickory_proto::ProtoError;
use hickory_proto::op::Message;
use hickory_proto::rr::rdata::TSIG;
use hickory_proto::rr::rdata::tsig::{TsigAlgorithm as WireAlgorithm, make_tsig_record, message_tbs};
use hickory_proto::rr::{Name, Record, TSigner};
use hickory_proto::serialize::binary::{BinEncodable, BinEncoder, NameEncoding};

/// The TC bit in the third byte of a header (RFC 1035 §4.1.1).
const TRUNCATED: u8 = 0b10;

/// Where a header counts the additional records (RFC 1035 §4.1.1).
const ADDITIONAL_COUNT: std::ops::Range<usize> = 10..12;

/// Octets of a TSIG record beside its name and its MAC: type, class, TTL and length, 10; the name of the algorithm, which is
/// as long for each of ours, 13; time, fudge, length of the MAC, id, error and length of other data, 16 (RFC 8945 §4.2).
const SIGNATURE_OCTETS: usize = 39;

const TOO_LONG: &str = "the message would exceed 65535 bytes; it holds too many records";

/// The algorithms that every current server takes (RFC 8945 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TsigAlgorithm {
    /// hmac-sha256
    HmacSha256,
    /// hmac-sha384
    HmacSha384,
    /// hmac-sha512
    HmacSha512,
}

/// A shared secret under a name that the server knows.
#[derive(Clone)]
pub struct TsigKey {
    name: Name,
    algorithm: TsigAlgorithm,
    secret: Vec<u8>,
}

impl TsigKey {
    /// A key; `secret` is the decoded one.
    pub fn new(name: &Name, algorithm: TsigAlgorithm, secret: Vec<u8>) -> Self {
        let mut name = name.to_lowercase();
        name.set_fqdn(true);
        Self { name, algorithm, secret }
    }

    /// Its name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Signs a message as of `at_secs` since 1970, valid `fudge` before and after in whole seconds. The error is a
    /// reason why the message has no wire form.
    pub(super) fn sign(&self, message: &Message, at_secs: u64, fudge: Duration) -> Result<Signed, String> {
        let wire = message.to_vec().map_err(|error| error.to_string())?;
        // The encoder leaves out what does not fit 64 KiB and only sets a bit.
        if wire.get(2).is_some_and(|flags| flags & TRUNCATED != 0) {
            return Err(TOO_LONG.to_owned());
        }
        self.sign_wire(wire, at_secs, fudge)
    }

    /// The same for a message in its final octets.
    pub(super) fn sign_wire(&self, mut wire: Vec<u8>, at_secs: u64, fudge: Duration) -> Result<Signed, String> {
        let signer = self.signer(fudge);
        let id = wire.first_chunk().map_or(0, |id| u16::from_be_bytes(*id));
        let (algorithm, name) = (signer.algorithm().clone(), signer.signer_name().clone());
        let blank = TSIG::new(algorithm, at_secs, signer.fudge(), Vec::new(), id, None, Vec::new());
        let covered = message_tbs(&Encoded(&wire), &blank, &name).map_err(|error| error.to_string())?;
        let mac = signer.sign(&covered).map_err(|error| error.to_string())?;
        append(&mut wire, &make_tsig_record(name, blank.set_mac(mac.clone())))?;
        if wire.len() > usize::from(u16::MAX) {
            return Err(TOO_LONG.to_owned());
        }
        Ok(Signed { wire, mac, signer, at_secs })
    }

    /// How many octets a signature adds to a message (RFC 8945 §4.2).
    pub(super) fn signature_octets(&self) -> usize {
        let mac = match self.algorithm {
            TsigAlgorithm::HmacSha256 => 32,
            TsigAlgorithm::HmacSha384 => 48,
            TsigAlgorithm::HmacSha512 => 64,
        };
        let name: usize = self.name.iter().map(|label| label.len() + 1).sum::<usize>() + 1;
        name + SIGNATURE_OCTETS + mac
    }

    /// As [`sign`](Self::sign), by the clock: for what needs no permit.
    pub(super) fn sign_now(&self, message: &Message, fudge: Duration) -> Result<Signed, String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        self.sign(message, now.as_secs(), fudge)
    }

    fn signer(&self, fudge: Duration) -> TSigner {
        let algorithm = match self.algorithm {
            TsigAlgorithm::HmacSha256 => WireAlgorithm::HmacSha256,
            TsigAlgorithm::HmacSha384 => WireAlgorithm::HmacSha384,
            TsigAlgorithm::HmacSha512 => WireAlgorithm::HmacSha512,
        };
        let fudge = u16::try_from(fudge.as_secs()).unwrap_or(u16::MAX);
        TSigner::new(self.secret.clone(), algorithm, self.name.clone(), fudge)
            .expect("invariant: the three algorithms are supported")
    }
}

impl fmt::Debug for TsigKey {
    /// Leaves out the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, algorithm, secret: _ } = self;
        f.debug_struct("TsigKey").field("name", name).field("algorithm", algorithm).finish_non_exhaustive()
    }
}

/// A message in its final bytes, and what its answer is checked with.
pub(super) struct Signed {
    wire: Vec<u8>,
    mac: Vec<u8>,
    signer: TSigner,
    at_secs: u64,
}

/// A message that is encoded already.
struct Encoded<'a>(&'a [u8]);

impl BinEncodable for Encoded<'_> {
    fn emit(&self, encoder: &mut BinEncoder<'_>) -> Result<(), ProtoError> {
        encoder.emit_vec(self.0)
    }
}

/// Adds the signature as the last additional record. Its names are not compressed (RFC 8945 §4.2).
fn append(wire: &mut Vec<u8>, signature: &Record<TSIG>) -> Result<(), String> {
    let mut octets = Vec::new();
    let mut encoder = BinEncoder::new(&mut octets);
    encoder.set_name_encoding(NameEncoding::Uncompressed);
    signature.emit(&mut encoder).map_err(|error| error.to_string())?;
    let count: &mut [u8; 2] =
        wire.get_mut(ADDITIONAL_COUNT).and_then(|count| count.try_into().ok()).ok_or("it has no header")?;
    *count = (u16::from_be_bytes(*count) + 1).to_be_bytes();
    wire.extend(octets);
    Ok(())
}

/// How far an answer can be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// The server signed it, for this request, with our key.
    Signed,
    /// Anyone could have made it.
    Unsigned {
        /// What is missing or wrong.
        reason: String,
    },
}

/// An answer's trust, with the time that the request was signed at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verified {
    /// How far it can be trusted.
    pub(super) trust: Trust,
    /// Seconds since 1970.
    pub(super) signed_at_secs: u64,
}

impl Signed {
    /// The bytes to send.
    pub(super) fn wire(&self) -> &[u8] {
        &self.wire
    }

    /// Checks the answer's signature. Its time is not compared with a clock: the signature covers this very request's,
    /// so it cannot be an older answer (RFC 8945 §5.3).
    pub(super) fn verify(&self, answer: &Answer) -> Verified {
        let trust = match answer.message.signature() {
            None => Trust::Unsigned { reason: "the answer is not signed".to_owned() },
            // BADKEY and BADSIG come with an empty signature (RFC 8945 §5.2).
            Some(record) if record.data.mac.is_empty() => {
                Trust::Unsigned { reason: "the answer's signature is empty".to_owned() }
            }
            Some(_) => match self.signer.verify_message_byte(&answer.wire, Some(&self.mac), true) {
                Ok(_) => Trust::Signed,
                Err(error) => Trust::Unsigned { reason: format!("the answer's signature is wrong ({error})") },
            },
        };
        Verified { trust, signed_at_secs: self.at_secs }
    }
}
