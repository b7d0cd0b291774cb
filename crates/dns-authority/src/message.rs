//! From the bytes of a request to the message, and from the answer's message to bytes that fit. Pure.
//!
//! An answer repeats the question as it came, case included (RFC 1035 §4.1.2), and OPT and TSIG if they came. What does not
//! fit is cut to the question with TC, never in the middle of an RRset.

use hickory_proto::ProtoError;
use hickory_proto::op::{Edns, Header, Message, MessageType, Metadata, OpCode, ResponseCode};
use hickory_proto::serialize::binary::{BinDecodable as _, BinDecoder};
use tracing::warn;

use crate::tsig::Seal;
use crate::zone::Answer;

/// The longest UDP answer to a client without EDNS (RFC 1035 §4.2.1).
const PLAIN_UDP_BYTES_MAX: u16 = 512;

/// The longest UDP answer that we offer: it passes every common network without fragments (the DNS flag day of 2020).
const EDNS_UDP_BYTES_MAX: u16 = 1232;

/// The longest message over TCP (RFC 1035 §4.2.2).
const TCP_BYTES_MAX: u16 = u16::MAX;

/// The TC bit in the third byte of a header (RFC 1035 §4.1.1).
const TRUNCATED: u8 = 0b10;

/// How a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Udp,
    Tcp,
}

/// The header of a request; `None` for what deserves no answer: too short for a header, or an answer itself, which
/// two servers could send to and fro for ever.
pub(crate) fn header(wire: &[u8]) -> Option<Metadata> {
    let header = Header::read(&mut BinDecoder::new(wire)).ok()?;
    (header.metadata.message_type == MessageType::Query).then_some(header.metadata)
}

/// The whole request, if its operation needs it decoded. The error is the rcode of the answer.
pub(crate) fn decode(wire: &[u8]) -> Result<Message, ResponseCode> {
    let message = Message::from_vec(wire).map_err(|_| ResponseCode::FormErr)?;
    // Two questions have no defined answer (RFC 9619); an UPDATE's zone section is checked by its own rules.
    if message.metadata.op_code == OpCode::Query && message.queries.len() != 1 {
        return Err(ResponseCode::FormErr);
    }
    Ok(message)
}

/// What is said of a request that was not understood: its header turned around.
pub(crate) fn bare(request: Metadata, rcode: ResponseCode) -> Vec<u8> {
    let mut message = Message::new(request.id, MessageType::Response, request.op_code);
    message.metadata = Metadata::response_from_request(&request);
    message.metadata.response_code = rcode;
    message.to_vec().expect("invariant: a header has a wire form")
}

/// Whether a request speaks a version of EDNS that we don't (RFC 6891 §6.1.3).
pub(crate) fn is_of_later_edns(request: &Message) -> bool {
    request.edns.as_ref().is_some_and(|edns| edns.version() > 0)
}

/// The answer's bytes.
pub(crate) fn encode(request: &Message, transport: Transport, answer: Answer, seal: &Seal) -> Vec<u8> {
    let limit = bytes_max(request, transport);
    fitting(response(request, answer), limit, seal).unwrap_or_else(|error| {
        warn!(%error, id = request.metadata.id, "answer has no wire form");
        bare(request.metadata, ResponseCode::ServFail)
    })
}

fn response(request: &Message, answer: Answer) -> Message {
    let Answer { rcode, authoritative, answers, authorities, additionals } = answer;
    let mut message = Message::new(request.metadata.id, MessageType::Response, request.metadata.op_code);
    message.metadata = Metadata::response_from_request(&request.metadata);
    message.metadata.response_code = rcode;
    message.metadata.authoritative = authoritative;
    message.queries.clone_from(&request.queries);
    (message.answers, message.authorities, message.additionals) = (answers, authorities, additionals);
    message.edns = request.edns.as_ref().map(|edns| {
        let mut ours = Edns::new();
        // The DO bit is repeated although there are no signatures (RFC 3225 §3).
        ours.set_max_payload(EDNS_UDP_BYTES_MAX).set_version(0).set_dnssec_ok(edns.flags().dnssec_ok);
        ours
    });
    message
}

fn bytes_max(request: &Message, transport: Transport) -> u16 {
    match (transport, &request.edns) {
        (Transport::Tcp, _) => TCP_BYTES_MAX,
        (Transport::Udp, None) => PLAIN_UDP_BYTES_MAX,
        (Transport::Udp, Some(edns)) => edns.max_payload().clamp(PLAIN_UDP_BYTES_MAX, EDNS_UDP_BYTES_MAX),
    }
}

fn fitting(mut message: Message, bytes_max: u16, seal: &Seal) -> Result<Vec<u8>, ProtoError> {
    seal.attach(&mut message)?;
    let wire = message.to_vec()?;
    // The encoder leaves out what exceeds 64 KiB and says so by the bit only.
    if wire.len() <= usize::from(bytes_max) && wire[2] & TRUNCATED == 0 {
        return Ok(wire);
    }
    let mut message = message.truncate();
    seal.attach(&mut message)?;
    message.to_vec()
}

#[cfg(test)]
mod tests;
