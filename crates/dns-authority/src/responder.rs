//! What primary and secondary do alike with a request: decode it, check its signature, answer a question.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hickory_proto::op::{Message, Metadata, Query, ResponseCode};
use hickory_proto::rr::rdata::tsig::TsigError;
use hickory_proto::rr::{DNSClass, RecordType};

use crate::message::{self, Transport};
use crate::tsig::{Checked, Seal, UpdateKey};
use crate::zone::{Answer, Zone};

/// A request that was understood and that is not wrongly signed.
pub(crate) struct Request {
    pub(crate) message: Message,
    pub(crate) transport: Transport,
    seal: Seal,
}

/// A request that was answered before anything was looked up.
pub(crate) struct Rejected {
    pub(crate) reply: Vec<u8>,
    pub(crate) rcode: ResponseCode,
    pub(crate) tsig: Option<TsigError>,
}

impl Request {
    /// Decodes and checks, by the clock, a request of which only the header was read.
    pub(crate) fn open(wire: &[u8], header: Metadata, transport: Transport, key: &UpdateKey) -> Result<Self, Rejected> {
        let plain = |rcode| Rejected { reply: message::bare(header, rcode), rcode, tsig: None };
        let message = message::decode(wire).map_err(plain)?;
        let reject = |rcode, tsig, seal: &Seal| {
            let reply = message::encode(&message, transport, Answer::refusal(rcode), seal);
            Rejected { reply, rcode, tsig }
        };
        let seal = match key.check(wire, &message, now_secs()) {
            Checked::Unsigned => Seal::None,
            Checked::Good { seal } => seal,
            Checked::Bad { error, seal } => return Err(reject(ResponseCode::NotAuth, Some(error), &seal)),
            Checked::Malformed => return Err(plain(ResponseCode::FormErr)),
        };
        if message::is_of_later_edns(&message) {
            return Err(reject(ResponseCode::BADVERS, None, &seal));
        }
        Ok(Self { message, transport, seal })
    }

    pub(crate) fn is_signed(&self) -> bool {
        matches!(self.seal, Seal::Signed { .. })
    }

    /// The bytes of its answer.
    pub(crate) fn reply(&self, answer: Answer) -> Vec<u8> {
        message::encode(&self.message, self.transport, answer, &self.seal)
    }
}

/// Answers a query.
pub(crate) fn query(zone: &Zone, wire: &[u8], header: Metadata, transport: Transport, key: &UpdateKey) -> Vec<u8> {
    match Request::open(wire, header, transport, key) {
        Ok(request) => request.reply(answer(zone, &request.message)),
        Err(rejected) => rejected.reply,
    }
}

/// Answers a question from a zone. Transfers are refused: what follows the primary does so in this process.
fn answer(zone: &Zone, message: &Message) -> Answer {
    let [query] = message.queries.as_slice() else { return Answer::refusal(ResponseCode::FormErr) };
    if is_transfer(query) || !matches!(query.query_class(), DNSClass::IN | DNSClass::ANY) {
        return Answer::refusal(ResponseCode::Refused);
    }
    zone.lookup(query.name(), query.query_type())
}

fn is_transfer(query: &Query) -> bool {
    matches!(query.query_type(), RecordType::AXFR | RecordType::IXFR)
}

fn now_secs() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}
