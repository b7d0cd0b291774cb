//! The TSIG record at the end of a message (RFC 8945 §4.2).

use aws_lc_rs::hmac;
use dns_zone::{Owner, Rtype};
use domain::base::iana::Class;
use domain::base::record::RecordHeader;
use domain::base::wire::ParseError;
use domain::base::{Message, ParsedName};
use domain::dep::octseq::Parser;
use domain::rdata::Tsig as WireTsig;

/// Where the count of additional records stands in the header (RFC 1035 §4.1.1).
const ADDITIONAL_COUNT_AT: std::ops::Range<usize> = 10..12;

/// A message whose TSIG record cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its TSIG record cannot be read: {0}")]
pub struct Malformed(pub(super) String);

impl From<ParseError> for Malformed {
    fn from(error: ParseError) -> Self {
        Self(error.to_string())
    }
}

/// The content of a TSIG record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tsig {
    pub(super) key: Owner,
    pub(super) algorithm: Owner,
    pub(super) time_secs: u64,
    pub(super) fudge_secs: u16,
    pub(super) mac: Vec<u8>,
    pub(super) original_id: u16,
    pub(super) error: u16,
    pub(super) other: Vec<u8>,
}

/// Which of its fields a MAC covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Digested {
    /// The variables (RFC 8945 §4.3.3).
    Everything,
    /// The timers, in all messages of a sequence after the first (RFC 8945 §5.3.1).
    Timers,
}

impl Tsig {
    /// Adds the fields to what a MAC covers.
    pub(super) fn digest(&self, what: Digested, context: &mut hmac::Context) {
        match what {
            Digested::Everything => {
                context.update(&self.key.to_wire());
                context.update(&Class::ANY.to_int().to_be_bytes());
                context.update(&0_u32.to_be_bytes());
                context.update(&self.algorithm.to_wire());
                self.digest_timers(context);
                context.update(&self.error.to_be_bytes());
                context.update(&length(&self.other));
                context.update(&self.other);
            }
            Digested::Timers => self.digest_timers(context),
        }
    }

    fn digest_timers(&self, context: &mut hmac::Context) {
        context.update(&time48(self.time_secs));
        context.update(&self.fudge_secs.to_be_bytes());
    }
}

/// Seconds since 1970 in 48 bits.
pub(super) fn time48(secs: u64) -> [u8; 6] {
    let [_, _, time @ ..] = secs.to_be_bytes();
    time
}

fn length(octets: &[u8]) -> [u8; 2] {
    u16::try_from(octets.len()).expect("invariant: it was read from or is put into one record").to_be_bytes()
}

/// Puts a TSIG record at the end of a message. Its names are never compressed (RFC 8945 §4.2).
pub(super) fn append(message: &mut Vec<u8>, tsig: &Tsig) {
    let Tsig { key, algorithm, time_secs, fudge_secs, mac, original_id, error, other } = tsig;
    let data = [
        &*algorithm.to_wire(),
        &time48(*time_secs),
        &fudge_secs.to_be_bytes(),
        &length(mac),
        mac,
        &original_id.to_be_bytes(),
        &error.to_be_bytes(),
        &length(other),
        other,
    ]
    .concat();
    message.extend(key.to_wire());
    message.extend(Rtype::TSIG.to_int().to_be_bytes());
    message.extend(Class::ANY.to_int().to_be_bytes());
    message.extend([0; 4]);
    message.extend(length(&data));
    message.extend(data);
    let count = additional_count(message).wrapping_add(1);
    message[ADDITIONAL_COUNT_AT].copy_from_slice(&count.to_be_bytes());
}

/// Takes the TSIG record off a message, so that the message is again what was signed: the id and the count as before.
pub(super) fn take(message: &mut Vec<u8>) -> Result<Option<Tsig>, Malformed> {
    let Some((at, tsig)) = find(message)? else { return Ok(None) };
    message.truncate(at);
    let count = additional_count(message).wrapping_sub(1);
    message[ADDITIONAL_COUNT_AT].copy_from_slice(&count.to_be_bytes());
    message[..2].copy_from_slice(&tsig.original_id.to_be_bytes());
    Ok(Some(tsig))
}

fn additional_count(message: &[u8]) -> u16 {
    message[ADDITIONAL_COUNT_AT].try_into().map_or(0, u16::from_be_bytes)
}

/// The TSIG record with its place. It is the last one (RFC 8945 §5.1); one in another place is a fault.
pub(super) fn find(message: &[u8]) -> Result<Option<(usize, Tsig)>, Malformed> {
    let message =
        Message::from_slice(message).map_err(|_| Malformed("the message is shorter than a header".to_owned()))?;
    let count = message.header_counts().arcount();
    let mut parser = Parser::from_ref(message.as_slice());
    parser.advance(message.additional()?.pos()).map_err(ParseError::from)?;
    let mut found = None;
    for number in 1..=count {
        let at = parser.pos();
        let header = RecordHeader::parse_ref(&mut parser)?;
        let mut data = parser.parse_parser(usize::from(header.rdlen())).map_err(ParseError::from)?;
        if header.rtype() != Rtype::TSIG {
            continue;
        }
        if number != count || header.class() != Class::ANY || data_follows(&parser) {
            return Err(Malformed("it is not the last record, or not of class ANY".to_owned()));
        }
        found = Some((at, read(Owner::of(header.owner()), &mut data)?));
    }
    Ok(found)
}

fn data_follows(parser: &Parser<'_, [u8]>) -> bool {
    parser.remaining() > 0
}

fn read(key: Owner, data: &mut Parser<'_, [u8]>) -> Result<Tsig, Malformed> {
    let wire = WireTsig::<&[u8], ParsedName<&[u8]>>::parse(data)?;
    if data.remaining() > 0 {
        return Err(Malformed("octets follow its fields".to_owned()));
    }
    Ok(Tsig {
        key,
        algorithm: Owner::of(wire.algorithm()),
        time_secs: wire.time_signed().into(),
        fudge_secs: wire.fudge(),
        mac: wire.mac_slice().to_vec(),
        original_id: wire.original_id(),
        error: wire.error().to_int(),
        other: wire.other().to_vec(),
    })
}
