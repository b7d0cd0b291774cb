//! What has changed, from the messages of an IXFR (RFC 1995 §4).
//!
//! ```text
//!            SOA new = known ────────────────────────────────────────────▶ current
//!  SOA new ─┬─ SOA known ── deletions ── SOA next ── additions ─┬─ SOA new ─▶ differences
//!           │                   ▲                               │
//!           │                   └──────────── SOA next ◀────────┘
//!           └─ any other record: the whole zone, as by AXFR ────────────▶ whole
//! ```

use dns_zone::{Owner, Rtype, Serial, Zone, ZoneError};

use crate::axfr::Assembly;
use crate::error::Fault;
use crate::message::{Answers, Record};

/// One step from a serial to a newer one, the SOA records included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) deleted: Vec<Record>,
    pub(crate) added: Vec<Record>,
}

/// What the server says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Nothing is newer. Its serial may be older.
    Current(Serial),
    /// These steps lead to the newest, in their order.
    Differences(Vec<Difference>),
    /// It has no differences, and this is the zone.
    Whole(Zone),
}

/// Where in the picture above it is.
#[derive(Debug)]
enum State {
    Start,
    /// The first SOA has come; what comes next tells the form.
    Newest,
    Whole(Box<Assembly>),
    Deleting,
    Adding,
    /// Nothing is newer, and nothing may follow.
    Current,
    /// The last SOA has come, and nothing may follow.
    Done,
}

/// The reader of one answer.
#[derive(Debug)]
pub(crate) struct Reader {
    apex: Owner,
    known: Serial,
    state: State,
    /// The first record, with its serial.
    newest: Option<(Record, Serial)>,
    /// The serial that the sequences have come to.
    at: Serial,
    differences: Vec<Difference>,
    records: usize,
    records_max: usize,
}

impl Reader {
    pub(crate) fn new(apex: Owner, known: Serial, records_max: usize) -> Self {
        let state = State::Start;
        Self { apex, known, state, newest: None, at: known, differences: Vec::new(), records: 0, records_max }
    }

    /// How many records have come.
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
        Ok(match &self.state {
            State::Current | State::Done => true,
            State::Whole(assembly) => assembly.is_whole(),
            State::Start | State::Newest | State::Deleting | State::Adding => false,
        })
    }

    fn take_record(&mut self, record: Record) -> Result<(), Fault> {
        if self.records >= self.records_max {
            return Err(Fault::TooMany { max: self.records_max });
        }
        let state = match std::mem::replace(&mut self.state, State::Start) {
            State::Start => self.begin(record),
            State::Newest => self.choose_form(record),
            State::Whole(mut assembly) => assembly.take_record(record).map(|()| State::Whole(assembly)),
            State::Deleting => self.delete(record),
            State::Adding => self.add(record),
            State::Current | State::Done => Err(Fault::AfterEnd),
        };
        self.state = state?;
        self.records += 1;
        Ok(())
    }

    fn begin(&mut self, record: Record) -> Result<State, Fault> {
        let Some(soa) = record.soa_of(&self.apex) else { return Err(Fault::NoSoaFirst(record.key.to_string())) };
        self.newest = Some((record, soa.serial));
        // A server that has nothing newer answers with its SOA alone (RFC 1995 §2).
        Ok(if soa.serial.is_newer_than(self.known) { State::Newest } else { State::Current })
    }

    fn choose_form(&mut self, record: Record) -> Result<State, Fault> {
        let (newest, newest_serial) = self.newest();
        match self.soa(&record)? {
            Some(serial) if serial == self.known => {
                self.differences.push(Difference { deleted: vec![record], added: Vec::new() });
                Ok(State::Deleting)
            }
            Some(serial) if serial != newest_serial => Err(self.broken("they begin", serial)),
            Some(_) | None => {
                let mut assembly = Assembly::new(self.apex.clone(), self.records_max);
                assembly.take_record(newest)?;
                assembly.take_record(record)?;
                Ok(State::Whole(Box::new(assembly)))
            }
        }
    }

    fn delete(&mut self, record: Record) -> Result<State, Fault> {
        let Some(serial) = self.soa(&record)? else {
            self.inside(&record)?;
            self.difference().deleted.push(record);
            return Ok(State::Deleting);
        };
        if !serial.is_newer_than(self.at) || serial.is_newer_than(self.newest().1) {
            return Err(self.broken("the next step leads", serial));
        }
        self.at = serial;
        self.difference().added.push(record);
        Ok(State::Adding)
    }

    fn add(&mut self, record: Record) -> Result<State, Fault> {
        let Some(serial) = self.soa(&record)? else {
            self.inside(&record)?;
            self.difference().added.push(record);
            return Ok(State::Adding);
        };
        let (newest, newest_serial) = self.newest();
        if serial != self.at {
            return Err(self.broken("the next step begins", serial));
        }
        if serial == newest_serial {
            if record != newest {
                return Err(Fault::OtherSoa { first: newest_serial, owner: record.key.owner, other: serial });
            }
            return Ok(State::Done);
        }
        self.differences.push(Difference { deleted: vec![record], added: Vec::new() });
        Ok(State::Deleting)
    }

    /// The serial, if it is the zone's SOA; no other SOA may come.
    fn soa(&self, record: &Record) -> Result<Option<Serial>, Fault> {
        if record.key.rtype != Rtype::SOA {
            return Ok(None);
        }
        let (_, first) = self.newest();
        match record.soa_of(&self.apex) {
            Some(soa) => Ok(Some(soa.serial)),
            None => Err(Fault::OtherSoa { first, owner: record.key.owner.clone(), other: first }),
        }
    }

    fn inside(&self, record: &Record) -> Result<(), Fault> {
        let owner = &record.key.owner;
        if owner.is_in(&self.apex) {
            return Ok(());
        }
        Err(ZoneError::OutOfZone { owner: owner.clone(), apex: self.apex.clone() }.into())
    }

    fn broken(&self, what: &str, serial: Serial) -> Fault {
        let newest = self.newest().1;
        Fault::Sequence(format!("{what} at serial {serial}; they have come to {} of {newest}", self.at))
    }

    fn newest(&self) -> (Record, Serial) {
        self.newest.clone().expect("invariant: it is there after the first record")
    }

    fn difference(&mut self) -> &mut Difference {
        self.differences.last_mut().expect("invariant: one is pushed before its records are")
    }

    /// What was told, once the last message was taken.
    pub(crate) fn finish(self) -> Result<Told, Fault> {
        match self.state {
            State::Current => Ok(Told::Current(self.newest().1)),
            State::Done => Ok(Told::Differences(self.differences)),
            State::Whole(assembly) => Ok(Told::Whole(assembly.finish()?)),
            State::Start | State::Newest | State::Deleting | State::Adding => Err(Fault::Cut),
        }
    }
}

#[cfg(test)]
mod tests;
