//! A whole zone from the messages of an AXFR (RFC 5936 §2.2).
//!
//! It begins and ends with the same SOA, and only its end makes a [`Zone`] of it: whatever stops the messages before, nothing is
//! left that could be taken for a zone.

use dns_zone::{Owner, Rtype, Zone};

use crate::error::Fault;
use crate::message::{Answers, Record};
use crate::soa::Soa;

/// A zone of which the end has not come yet.
#[derive(Debug)]
pub(crate) struct Assembly {
    zone: Zone,
    /// The record that it began with, and what it says.
    first: Option<(Record, Soa)>,
    records: usize,
    records_max: usize,
    is_whole: bool,
}

impl Assembly {
    pub(crate) fn new(apex: Owner, records_max: usize) -> Self {
        Self { zone: Zone::new(apex), first: None, records: 0, records_max, is_whole: false }
    }

    /// How many records have come, the last SOA among them.
    pub(crate) fn records(&self) -> usize {
        self.records
    }

    /// Takes the next message; whether it was the last one.
    pub(crate) fn take(&mut self, wire: &[u8]) -> Result<bool, Fault> {
        let mut answers = Answers::of(wire)?.peekable();
        if answers.peek().is_none() {
            return Err(Fault::EmptyMessage);
        }
        for record in answers {
            self.take_record(record?)?;
        }
        Ok(self.is_whole)
    }

    /// Whether its end has come.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Takes the next record.
    pub(crate) fn take_record(&mut self, record: Record) -> Result<(), Fault> {
        if self.is_whole {
            return Err(Fault::AfterEnd);
        }
        if self.records >= self.records_max {
            return Err(Fault::TooMany { max: self.records_max });
        }
        let Some((first, soa)) = &self.first else { return self.begin(record) };
        if record.key.rtype == Rtype::SOA {
            if record != *first {
                let other = Soa::of(&record.value).map_or(soa.serial, |soa| soa.serial);
                return Err(Fault::OtherSoa { first: soa.serial, owner: record.key.owner, other });
            }
            self.is_whole = true;
        } else {
            let Record { key, ttl, value } = record;
            // A record that comes twice is one record.
            self.zone.insert(key, ttl, value)?;
        }
        self.records += 1;
        Ok(())
    }

    fn begin(&mut self, record: Record) -> Result<(), Fault> {
        let Some(soa) = record.soa_of(self.zone.apex()) else {
            return Err(Fault::NoSoaFirst(record.key.to_string()));
        };
        self.zone.insert(record.key.clone(), record.ttl, record.value.clone())?;
        self.first = Some((record, soa));
        self.records = 1;
        Ok(())
    }

    /// The zone, once the last message was taken.
    pub(crate) fn finish(self) -> Result<Zone, Fault> {
        if !self.is_whole {
            return Err(Fault::Cut);
        }
        // RFC 5936 asks for no more than the SOA, but no zone lives without its NS records: this is a server's fault.
        if self.zone.sets().len() < 2 {
            return Err(Fault::EmptyZone);
        }
        Ok(self.zone)
    }
}

#[cfg(test)]
mod tests;
