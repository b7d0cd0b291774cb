//! Watches every authoritative server all the time: whether the guarded records are ever a mixture of two regions.
//!
//! The records are several RRsets and are asked for one by one, so a move may fall in between. The serial tells: it is
//! asked for before and after, and only answers between two equal serials are one state of the zone (every UPDATE
//! raises it, RFC 2136 §3.6).

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RData, RecordType};

use super::{FENCE_NAME, Host, RECORDS, Region, Snapshot, World, ZONE};
use crate::{PATIENCE, until};

/// Between two rounds: a mixture that resolvers could pick up would last longer, and the tests share two cores.
const PAUSE: Duration = Duration::from_millis(15);

/// A server on loopback that needs longer is stopped or gone.
const ANSWER_WITHIN: Duration = Duration::from_millis(500);

/// The largest answer: there is no EDNS in the questions.
const ANSWER_BYTES_MAX: usize = 512;

/// How many mixtures are kept, to be shown.
const MIXTURES_MAX: usize = 3;

/// A watch that goes on until it is ended.
#[derive(Debug)]
pub struct Watch {
    over: Arc<AtomicBool>,
    mixed: Arc<AtomicBool>,
    thread: Option<JoinHandle<Vec<Seen>>>,
}

/// What one server was seen to serve.
#[derive(Debug)]
struct Seen {
    server: SocketAddr,
    /// Each region once for each time that it was moved to.
    regions: Vec<Region>,
    mixtures: Vec<String>,
}

struct Eye {
    socket: UdpSocket,
    seen: Seen,
}

impl<H: Host> World<H> {
    /// Begins to watch all authoritative servers.
    ///
    /// # Panics
    ///
    /// When there is no socket.
    pub fn watch(&self) -> Watch {
        let (over, mixed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let mut eyes: Vec<Eye> = self.auth.servers().into_iter().map(Eye::at).collect();
        let thread = thread::spawn({
            let (over, mixed) = (Arc::clone(&over), Arc::clone(&mixed));
            move || {
                while !over.load(Ordering::Relaxed) {
                    eyes.iter_mut().for_each(Eye::look);
                    mixed.fetch_or(eyes.iter().any(|eye| !eye.seen.mixtures.is_empty()), Ordering::Relaxed);
                    thread::sleep(PAUSE);
                }
                eyes.into_iter().map(|eye| eye.seen).collect()
            }
        });
        Watch { over, mixed, thread: Some(thread) }
    }
}

impl Snapshot {
    /// What one server serves, in one state of the zone.
    ///
    /// # Panics
    ///
    /// When the server does not answer, or never rests, within [`PATIENCE`].
    pub fn over_dns(server: SocketAddr) -> Self {
        let eye = Eye::at(server);
        until("the zone is seen in one state", PATIENCE, || {
            let seen = eye.ask_in_one_state(|eye| Some((eye.ask_records()?, eye.ask(FENCE_NAME, RecordType::TXT)?)));
            seen.map(|(records, fence)| Self::new(records, &fence)).ok_or("changing, or no answer")
        })
    }
}

impl Watch {
    /// Whether records of two regions were served together until now.
    pub fn has_seen_a_mixture(&self) -> bool {
        self.mixed.load(Ordering::Relaxed)
    }

    /// Ends it and says which regions the primary served, each once for each time that it was moved to.
    ///
    /// # Panics
    ///
    /// When records of two regions were served together, or a server was never seen to serve anything.
    pub fn end(mut self) -> Vec<Region> {
        self.over.store(true, Ordering::Relaxed);
        let thread = self.thread.take().expect("invariant: a watch is ended once");
        let seen = thread.join().expect("the watch goes on until it is ended");
        for Seen { server, regions, mixtures } in &seen {
            assert!(mixtures.is_empty(), "{server} served a mixture: {mixtures:#?}");
            assert!(!regions.is_empty(), "{server} was never seen to serve a region");
        }
        seen.into_iter().next().map(|primary| primary.regions).expect("invariant: there is a primary")
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // The test is failing already; a panic of the thread has been printed.
            drop(thread.join());
        }
    }
}

impl Eye {
    fn at(server: SocketAddr) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket on loopback");
        socket.set_read_timeout(Some(ANSWER_WITHIN)).expect("a timeout");
        socket.connect(server).expect("an address on loopback");
        Self { socket, seen: Seen { server, regions: Vec::new(), mixtures: Vec::new() } }
    }

    /// One look; what is no single state of the zone is nothing.
    fn look(&mut self) {
        let Some(answers) = self.ask_in_one_state(Self::ask_records) else { return };
        match region_of(&answers) {
            Some(region) if self.seen.regions.last() == Some(&region) => {}
            Some(region) => self.seen.regions.push(region),
            None if self.seen.mixtures.len() < MIXTURES_MAX => self.seen.mixtures.push(format!("{answers:?}")),
            None => {}
        }
    }

    fn ask_records(&self) -> Option<Vec<Vec<String>>> {
        RECORDS
            .iter()
            .map(|(name, rtype, ..)| self.ask(name, rtype.parse().expect("invariant: a known type")))
            .collect()
    }

    /// What was asked between two equal serials.
    fn ask_in_one_state<T>(&self, ask: impl Fn(&Self) -> Option<T>) -> Option<T> {
        let before = self.ask(ZONE, RecordType::SOA)?;
        let answers = ask(self)?;
        (self.ask(ZONE, RecordType::SOA)? == before).then_some(answers)
    }

    /// The values of one RRset, or the serial; `None` without an answer.
    fn ask(&self, name: &str, rtype: RecordType) -> Option<Vec<String>> {
        let mut question = Message::new(Message::query().metadata.id, MessageType::Query, OpCode::Query);
        let name = Name::from_ascii(format!("{name}.")).expect("invariant: a name");
        question.add_query(Query::query(name, rtype));
        self.socket.send(&question.to_vec().expect("invariant: a query has a wire form")).ok()?;
        let mut buffer = [0; ANSWER_BYTES_MAX];
        loop {
            let length = self.socket.recv(&mut buffer).ok()?;
            let answer = Message::from_vec(&buffer[..length]).ok()?;
            // A late answer to an earlier question is none to this one.
            if answer.metadata.id == question.metadata.id {
                return Some(answer.answers.iter().filter(|record| record.record_type() == rtype).map(value).collect());
            }
        }
    }
}

fn value(record: &hickory_proto::rr::Record) -> String {
    match &record.data {
        RData::SOA(soa) => soa.serial.to_string(),
        RData::TXT(txt) => txt.txt_data.iter().map(|text| String::from_utf8_lossy(text)).collect(),
        other => other.to_string(),
    }
}

fn region_of(answers: &[Vec<String>]) -> Option<Region> {
    let is = |region: Region| {
        RECORDS.iter().zip(answers).all(|((.., prod, dr), values)| {
            let expected = if region == Region::Prod { prod } else { dr };
            values == &[(*expected).to_owned()]
        })
    };
    [Region::Prod, Region::Dr].into_iter().find(|region| is(*region))
}
