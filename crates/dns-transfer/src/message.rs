//! Queries as they are sent, and the records of an answer's messages, one after the other.

use dns_zone::{Owner, Rdata, Rtype, SetKey, Ttl, Zone};
use domain::base::iana::{Class, Opcode, Rcode};
use domain::base::message_builder::MessageBuilder;
use domain::base::record::RecordHeader;
use domain::base::wire::ParseError;
use domain::base::{Message, ParsedName, Record as WireRecord};
use domain::dep::octseq::Parser;

use crate::error::{Fault, Operation};
use crate::soa::Soa;

/// One record of a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) key: SetKey,
    pub(crate) ttl: Ttl,
    pub(crate) value: Rdata,
}

impl Record {
    /// Its fields, if it is the SOA of the zone.
    pub(crate) fn soa_of(&self, apex: &Owner) -> Option<Soa> {
        (self.key.rtype == Rtype::SOA && self.key.owner == *apex).then(|| Soa::of(&self.value)).flatten()
    }
}

/// A question for a zone.
pub(crate) fn query(id: u16, operation: Operation, apex: &Owner) -> Vec<u8> {
    question(id, operation, apex).finish()
}

/// The question for what has changed since the zone as it is (RFC 1995 §3); none without its SOA.
pub(crate) fn ixfr_query(id: u16, zone: &Zone) -> Option<Vec<u8>> {
    let apex = zone.apex();
    let set = zone.get(&SetKey::new(apex.clone(), Rtype::SOA))?;
    let [soa] = set.values() else { return None };
    let ttl = domain::base::Ttl::from_secs(set.ttl().as_secs());
    let record = WireRecord::new(apex.to_name(), Class::IN, ttl, soa.to_data(Rtype::SOA));
    let mut authority = question(id, Operation::Ixfr, apex).authority();
    authority.push(record).expect("invariant: a vector takes one record");
    Some(authority.finish())
}

fn question(id: u16, operation: Operation, apex: &Owner) -> domain::base::message_builder::QuestionBuilder<Vec<u8>> {
    let mut builder = MessageBuilder::new_vec();
    builder.header_mut().set_id(id);
    let mut question = builder.question();
    question.push((apex.to_name(), operation.qtype())).expect("invariant: a vector takes one question");
    question
}

/// What an answer has to answer.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) id: u16,
    pub(crate) operation: Operation,
    pub(crate) apex: Owner,
}

impl Asked {
    /// Whether this is an answer at all, and to this query. To be asked before its signature, and before [`check`](Self::check).
    pub(crate) fn check_id(&self, wire: &[u8]) -> Result<(), Fault> {
        let message = read(wire)?;
        let came = message.header().id();
        if came != self.id {
            return Err(Fault::OtherId { asked: self.id, came });
        }
        if !message.header().qr() || message.header().opcode() != Opcode::QUERY {
            return Err(Fault::Malformed("it is no response to a query".to_owned()));
        }
        Ok(())
    }

    /// Whether the server does what was asked. An error code is told whoever it comes from: nothing is believed with it.
    pub(crate) fn check_rcode(wire: &[u8]) -> Result<(), Fault> {
        match read(wire)?.header().rcode() {
            Rcode::NOERROR => Ok(()),
            rcode => Err(Fault::Rcode { rcode }),
        }
    }

    /// Whether the question is ours. Only the first message has to repeat it (RFC 5936 §2.2.2).
    pub(crate) fn check(&self, wire: &[u8], is_first: bool) -> Result<(), Fault> {
        let message = read(wire)?;
        if message.header().tc() {
            return Err(Fault::Malformed("it is truncated, over TCP".to_owned()));
        }
        let questions = message.header_counts().qdcount();
        if questions == 0 && !is_first {
            return Ok(());
        }
        if questions != 1 {
            return Err(Fault::OtherQuestion(format!("it has {questions} questions")));
        }
        let question = message.sole_question().map_err(unreadable)?;
        let (owner, qtype) = (Owner::of(question.qname()), question.qtype());
        if owner != self.apex || qtype != self.operation.qtype() || question.qclass() != Class::IN {
            return Err(Fault::OtherQuestion(format!("{owner} {} {qtype}", question.qclass())));
        }
        Ok(())
    }
}

/// The records of a message's answer section, read one by one.
pub(crate) struct Answers<'a> {
    parser: Parser<'a, [u8]>,
    left: u16,
}

impl<'a> Answers<'a> {
    pub(crate) fn of(wire: &'a [u8]) -> Result<Self, Fault> {
        let message = read(wire)?;
        let answers = message.answer().map_err(unreadable)?;
        let mut parser = Parser::from_ref(wire);
        parser.advance(answers.pos()).map_err(|error| unreadable(error.into()))?;
        Ok(Self { parser, left: message.header_counts().ancount() })
    }

    fn record(&mut self) -> Result<Record, Fault> {
        let header = RecordHeader::<ParsedName<&[u8]>>::parse_ref(&mut self.parser).map_err(unreadable)?;
        let length = usize::from(header.rdlen());
        let mut data = self.parser.parse_parser(length).map_err(|error| unreadable(error.into()))?;
        let (owner, rtype, class) = (Owner::of(header.owner()), header.rtype(), header.class());
        if class != Class::IN {
            return Err(Fault::OtherClass { owner, rtype, class });
        }
        let value = match Rdata::from_message(rtype, &mut data) {
            Ok(value) => value,
            Err(error) => return Err(Fault::Rdata { owner, error }),
        };
        Ok(Record { key: SetKey::new(owner, rtype), ttl: Ttl::received(header.ttl().as_secs()), value })
    }
}

impl Iterator for Answers<'_> {
    type Item = Result<Record, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let record = self.record();
        if record.is_err() {
            self.left = 0;
        }
        Some(record)
    }
}

fn read(wire: &[u8]) -> Result<&Message<[u8]>, Fault> {
    Message::from_slice(wire).map_err(|_| Fault::Malformed(format!("{} octets are no header", wire.len())))
}

fn unreadable(error: ParseError) -> Fault {
    Fault::Malformed(error.to_string())
}

/// The SOA in the answer to an SOA query.
pub(crate) fn soa_answer(wire: &[u8], apex: &Owner) -> Result<Soa, Fault> {
    let record = Answers::of(wire)?.next().ok_or(Fault::EmptyMessage)??;
    record.soa_of(apex).ok_or_else(|| Fault::NoSoaFirst(record.key.to_string()))
}

#[cfg(test)]
mod tests;
