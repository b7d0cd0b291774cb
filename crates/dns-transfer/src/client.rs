//! A server that zones are taken from.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dns_zone::{Owner, Serial, SetChange, Zone};

use crate::axfr::Assembly;
use crate::conversation::Conversation;
use crate::delta::{self, DeltaError};
use crate::error::{Fault, Operation, TransferError};
use crate::ixfr::{Difference, Reader, Told};
use crate::message::{Asked, ixfr_query, query, soa_answer};
use crate::soa::Soa;
use crate::tsig::TsigKey;

/// How long and how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For the connection, and for each message.
    pub idle: Duration,
    /// For the whole, what the caller does between messages included.
    pub whole: Duration,
    /// How many records are taken, which bounds the memory.
    pub records_max: usize,
}

impl Default for Limits {
    /// A message takes a server milliseconds; ten seconds are a server that has stopped. A million records take a slow one
    /// minutes. Ten million are more than the largest zones that anyone copies to an API.
    fn default() -> Self {
        Self { idle: Duration::from_secs(10), whole: Duration::from_mins(30), records_max: 10_000_000 }
    }
}

/// A server, with the key that it wants.
#[derive(Clone, Debug)]
pub struct Client {
    server: SocketAddr,
    key: Option<TsigKey>,
    limits: Limits,
}

/// What an IXFR came to.
#[derive(Debug)]
pub enum IxfrOutcome {
    /// Nothing is newer. The server's serial, which may be older than ours.
    Current(Serial),
    /// The zone was changed in place, by these sets.
    Changed(Vec<SetChange>),
    /// The server has no differences any more and sent the whole zone; ours is as before.
    Whole(Zone),
}

/// What came of asking for what has changed.
#[derive(Debug)]
pub enum Fetched {
    /// Nothing is newer. The server's serial, which may be older than ours.
    Current(Serial),
    /// These steps lead to what the server has.
    Differences(Differences),
    /// The server has no differences any more and sent the whole zone.
    Whole(Zone),
}

/// What has changed at a server since a serial, verified, and not yet made true anywhere.
#[derive(Debug)]
pub struct Differences {
    server: SocketAddr,
    records: usize,
    steps: Vec<Difference>,
}

impl Differences {
    /// Makes them true in the zone that they were asked for, and says which sets that changed, in canonical order.
    ///
    /// # Errors
    /// [`Fault::Delta`] if the zone is not the one that the server made them from; it is as before.
    pub fn apply_to(self, zone: &mut Zone) -> Result<Vec<SetChange>, TransferError> {
        let Self { server, records, steps } = self;
        let apex = zone.apex().clone();
        let failed = |error: DeltaError| TransferError {
            operation: Operation::Ixfr,
            server,
            zone: apex.clone(),
            records,
            fault: error.into(),
        };
        delta::apply(zone, steps).map_err(failed)
    }
}

impl Client {
    /// A client of one server. Without a key nothing is signed, and nothing that comes can be believed more than the network.
    pub fn new(server: SocketAddr, key: Option<TsigKey>, limits: Limits) -> Self {
        Self { server, key, limits }
    }

    /// Whom it asks.
    pub fn server(&self) -> SocketAddr {
        self.server
    }

    /// What it signs with.
    pub fn key(&self) -> Option<&TsigKey> {
        self.key.as_ref()
    }

    /// Asks for the zone's SOA.
    ///
    /// # Errors
    /// [`TransferError`].
    pub async fn soa(&self, apex: &Owner) -> Result<Soa, TransferError> {
        let asked = asked(Operation::Soa, apex);
        let failed = |fault| self.failed(Operation::Soa, apex, 0, fault);
        let wire = query(asked.id, Operation::Soa, apex);
        let mut conversation = self.start(asked, wire).await.map_err(failed)?;
        let answer = conversation.next().await.map_err(failed)?;
        soa_answer(&answer, apex).map_err(failed)
    }

    /// Begins to take the whole zone.
    ///
    /// # Errors
    /// [`TransferError`].
    pub async fn start_axfr(&self, apex: &Owner) -> Result<Axfr, TransferError> {
        let asked = asked(Operation::Axfr, apex);
        let wire = query(asked.id, Operation::Axfr, apex);
        let started = self.start(asked, wire).await;
        let conversation = started.map_err(|fault| self.failed(Operation::Axfr, apex, 0, fault))?;
        let assembly = Assembly::new(apex.clone(), self.limits.records_max);
        Ok(Axfr(Box::new(Underway { client: self.clone(), apex: apex.clone(), conversation, assembly })))
    }

    /// Takes the whole zone.
    ///
    /// # Errors
    /// [`TransferError`].
    pub async fn axfr(&self, apex: &Owner) -> Result<Zone, TransferError> {
        let mut axfr = self.start_axfr(apex).await?;
        loop {
            match axfr.step().await? {
                AxfrStep::More(more) => axfr = more,
                AxfrStep::Whole(zone) => return Ok(zone),
            }
        }
    }

    /// Takes what has changed since the zone as it is here, and changes it in place.
    ///
    /// # Errors
    /// [`TransferError`]; the zone is as before. [`Fault::is_worth_axfr`] says whether the whole zone may still come.
    pub async fn ixfr(&self, zone: &mut Zone) -> Result<IxfrOutcome, TransferError> {
        Ok(match self.fetch(zone).await? {
            Fetched::Current(serial) => IxfrOutcome::Current(serial),
            Fetched::Differences(differences) => IxfrOutcome::Changed(differences.apply_to(zone)?),
            Fetched::Whole(zone) => IxfrOutcome::Whole(zone),
        })
    }

    /// Takes what has changed since the zone as it is here, which may be in use by others meanwhile; only its SOA is looked at.
    ///
    /// # Errors
    /// [`TransferError`], as with [`ixfr`](Self::ixfr).
    pub async fn fetch(&self, zone: &Zone) -> Result<Fetched, TransferError> {
        let mut records = 0;
        let fetched = self.try_fetch(zone, &mut records).await;
        fetched.map_err(|fault| self.failed(Operation::Ixfr, zone.apex(), records, fault))
    }

    async fn try_fetch(&self, zone: &Zone, records: &mut usize) -> Result<Fetched, Fault> {
        let asked = asked(Operation::Ixfr, zone.apex());
        let known = zone.serial().ok_or(Fault::NothingKnown)?;
        let wire = ixfr_query(asked.id, zone).ok_or(Fault::NothingKnown)?;
        let mut conversation = self.start(asked, wire).await?;
        let mut reader = Reader::new(zone.apex().clone(), known, self.limits.records_max);
        loop {
            let message = conversation.next().await?;
            let taken = reader.take(&message);
            *records = reader.records();
            if taken? {
                break;
            }
        }
        conversation.finish()?;
        Ok(match reader.finish()? {
            Told::Current(serial) => Fetched::Current(serial),
            Told::Differences(steps) => {
                Fetched::Differences(Differences { server: self.server, records: *records, steps })
            }
            Told::Whole(zone) => Fetched::Whole(zone),
        })
    }

    async fn start(&self, asked: Asked, wire: Vec<u8>) -> Result<Conversation, Fault> {
        let (wire, sequence) = match &self.key {
            Some(key) => {
                let (wire, sequence) = key.sign(wire, now_secs());
                (wire, Some(sequence))
            }
            None => (wire, None),
        };
        Conversation::start(self.server, asked, &wire, sequence, self.limits).await
    }

    fn failed(&self, operation: Operation, zone: &Owner, records: usize, fault: Fault) -> TransferError {
        TransferError { operation, server: self.server, zone: zone.clone(), records, fault }
    }
}

/// A zone on its way. Dropped, it ends the connection, and nothing is left.
#[derive(Debug)]
pub struct Axfr(Box<Underway>);

#[derive(Debug)]
struct Underway {
    client: Client,
    apex: Owner,
    conversation: Conversation,
    assembly: Assembly,
}

/// What one message of an AXFR came to.
#[derive(Debug)]
pub enum AxfrStep {
    /// There is more to come.
    More(Axfr),
    /// It was the last one.
    Whole(Zone),
}

impl Axfr {
    /// How many records have come.
    pub fn records(&self) -> usize {
        self.0.assembly.records()
    }

    /// Reads one message. The caller may take its time between: the server waits. There is no way to a zone but its end.
    ///
    /// # Errors
    /// [`TransferError`].
    pub async fn step(mut self) -> Result<AxfrStep, TransferError> {
        match self.0.read().await {
            Ok(false) => Ok(AxfrStep::More(self)),
            Ok(true) => {
                let Underway { client, apex, conversation, assembly } = *self.0;
                let records = assembly.records();
                let zone = conversation.finish().and_then(|()| assembly.finish());
                zone.map(AxfrStep::Whole).map_err(|fault| client.failed(Operation::Axfr, &apex, records, fault))
            }
            Err(fault) => Err(self.0.client.failed(Operation::Axfr, &self.0.apex, self.records(), fault)),
        }
    }
}

impl Underway {
    async fn read(&mut self) -> Result<bool, Fault> {
        let message = self.conversation.next().await?;
        self.assembly.take(&message)
    }
}

fn asked(operation: Operation, apex: &Owner) -> Asked {
    Asked { id: fastrand::u16(..), operation, apex: apex.clone() }
}

/// The one place where this crate looks at a clock of the day: TSIG signs by it.
pub(crate) fn now_secs() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

#[cfg(test)]
mod tests;
