//! The primary: one zone that takes signed updates.
//!
//! Invariants: one mutex is held from the first prerequisite to the moment in which the changed zone takes the old one's
//! place, so of two updates with the same condition exactly one succeeds; an update is applied whole or not at all; the
//! signature's time is compared with the clock when the update is judged, not when it arrived.
//!
//! The zone lives in memory and is copied for each update, which suits zones of thousands of records and not of millions.
//! It sends no NOTIFY and gives no transfers.

mod editor;
mod hold;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Instant, SystemTime};

use hickory_proto::op::{Metadata, OpCode, ResponseCode};
use hickory_proto::rr::Name;
use hickory_proto::rr::rdata::tsig::TsigError;
use tokio::sync::{broadcast, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::debug;

pub use self::editor::Editor;
pub use self::hold::HeldUpdate;
use self::hold::Parked;
use crate::listener::{Bound, Service};
use crate::message::{self, Transport};
use crate::responder::{self, Rejected, Request};
use crate::secondary::Follower;
use crate::tsig::UpdateKey;
use crate::update::{self, Changed, FailedPrerequisite, Refusal};
use crate::zone::{Answer, Zone};

/// How many judged updates a slow reader of [`Primary::updates`] may lag behind before it loses the oldest. A whole
/// scenario makes a few dozen.
const UPDATES_SEEN_MAX: usize = 256;

/// An UPDATE that was judged.
#[derive(Clone, Debug)]
pub struct UpdateSeen {
    /// When.
    pub at: SystemTime,
    /// What the client was told.
    pub rcode: ResponseCode,
    /// What is wrong with its signature.
    pub tsig: Option<TsigError>,
    /// Why it was refused, if the signature was not the reason.
    pub refusal: Option<Refusal>,
    /// The owners whose records it changed, the apex for its serial among them; empty if it changed nothing.
    pub changed: Vec<Name>,
    /// The zone's serial afterwards.
    pub serial: u32,
}

impl UpdateSeen {
    /// The prerequisite that the zone did not meet.
    pub fn failed(&self) -> Option<&FailedPrerequisite> {
        match &self.refusal {
            Some(Refusal::Prerequisite(failed)) => Some(failed),
            _ => None,
        }
    }
}

/// A handle on a running primary; clones are the same primary.
#[derive(Clone)]
pub struct Primary {
    shared: Arc<Shared>,
    address: SocketAddr,
}

pub(crate) struct Shared {
    key: UpdateKey,
    state: Mutex<State>,
    holds: Mutex<VecDeque<oneshot::Sender<Parked>>>,
    seen: broadcast::Sender<UpdateSeen>,
}

struct State {
    zone: Arc<Zone>,
    followers: Vec<Weak<Follower>>,
}

impl Primary {
    /// Takes an address, UDP and TCP. Port 0 takes one that is free for both.
    ///
    /// # Errors
    /// What the system says, with the address.
    pub fn bind(address: SocketAddr) -> io::Result<Bound> {
        Bound::bind(address)
    }

    pub(crate) fn start(bound: Bound, zone: Zone, key: UpdateKey, stop: &CancellationToken) -> io::Result<Self> {
        let (seen, _) = broadcast::channel(UPDATES_SEEN_MAX);
        let state = Mutex::new(State { zone: Arc::new(zone), followers: Vec::new() });
        let shared = Arc::new(Shared { key, state, holds: Mutex::default(), seen });
        let address = bound.local_addr();
        bound.spawn(Arc::clone(&shared), stop)?;
        Ok(Self { shared, address })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The zone as it is now.
    pub fn zone(&self) -> Arc<Zone> {
        Arc::clone(&self.shared.lock().zone)
    }

    /// Changes records by hand: past signature and prerequisites, under the same mutex as updates, with a new serial.
    /// `change` must not call this primary again, since it runs with the mutex held. After a panic in it, nothing is
    /// changed.
    pub fn edit<T>(&self, change: impl FnOnce(&mut Editor) -> T) -> T {
        let mut state = self.shared.lock();
        let mut editor = Editor::new(Zone::clone(&state.zone));
        let outcome = change(&mut editor);
        let changed = update::settle(&state.zone, editor.into_zone());
        state.publish(changed);
        outcome
    }

    /// Holds the next UPDATE back as if it were stuck on the network: received, and not looked at until it is released.
    /// A second hold takes the UPDATE after that.
    pub fn hold_next_update(&self) -> HeldUpdate {
        let (slot, arrives) = oneshot::channel();
        self.shared.lock_holds().push_back(slot);
        HeldUpdate::new(Arc::clone(&self.shared), arrives)
    }

    /// Every UPDATE that is judged from now on, in the order of the zone's changes.
    pub fn updates(&self) -> broadcast::Receiver<UpdateSeen> {
        self.shared.seen.subscribe()
    }

    /// Registers a follower that begins with the zone as it is now.
    pub(crate) fn follow(&self, begin: impl FnOnce(Arc<Zone>, UpdateKey) -> Arc<Follower>) -> Arc<Follower> {
        let mut state = self.shared.lock();
        let follower = begin(Arc::clone(&state.zone), self.shared.key.clone());
        state.followers.push(Arc::downgrade(&follower));
        follower
    }
}

impl State {
    fn consider(&mut self, request: &Request) -> UpdateSeen {
        match changed(&self.zone, request) {
            Ok(changed) => {
                let names = changed.names.clone();
                self.publish(changed);
                UpdateSeen { changed: names, ..self.unchanged() }
            }
            Err(refusal) => UpdateSeen { rcode: refusal.rcode(), refusal: Some(refusal), ..self.unchanged() },
        }
    }

    /// An update that was accepted now and changed nothing.
    fn unchanged(&self) -> UpdateSeen {
        UpdateSeen {
            at: SystemTime::now(),
            rcode: ResponseCode::NoError,
            tsig: None,
            refusal: None,
            changed: Vec::new(),
            serial: self.zone.serial(),
        }
    }

    /// Puts a changed zone in the old one's place. No change is no new version, for followers either.
    fn publish(&mut self, changed: Changed) {
        if changed.names.is_empty() {
            return;
        }
        self.zone = Arc::new(changed.zone);
        let now = Instant::now();
        self.followers.retain(|follower| match follower.upgrade() {
            Some(follower) => {
                follower.transfer(now, Arc::clone(&self.zone));
                true
            }
            None => false,
        });
    }
}

impl Shared {
    /// The state. A panic cannot have left it half changed: a zone is made whole before it is published.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_holds(&self) -> MutexGuard<'_, VecDeque<oneshot::Sender<Parked>>> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Judges an UPDATE: its signature, its prerequisites, its changes.
    pub(crate) fn judge(&self, wire: &[u8], header: Metadata, transport: Transport) -> (Vec<u8>, UpdateSeen) {
        let opened = Request::open(wire, header, transport, &self.key);
        let mut state = self.lock();
        let (reply, seen) = match opened {
            Ok(request) => {
                let seen = state.consider(&request);
                (request.reply(Answer::refusal(seen.rcode)), seen)
            }
            Err(Rejected { reply, rcode, tsig }) => (reply, UpdateSeen { rcode, tsig, ..state.unchanged() }),
        };
        debug!(rcode = %seen.rcode, tsig = ?seen.tsig, refusal = ?seen.refusal, serial = seen.serial, "update judged");
        // Within the mutex, so that readers see updates in the order of their serials. Nobody reading is no error.
        let _ = self.seen.send(seen.clone());
        (reply, seen)
    }

    fn take_hold(&self) -> Option<oneshot::Sender<Parked>> {
        self.lock_holds().pop_front()
    }
}

/// What an UPDATE makes of a zone (RFC 2136 §3).
fn changed(zone: &Zone, request: &Request) -> Result<Changed, Refusal> {
    let message = &request.message;
    update::check_zone_section(&message.queries, zone.origin())?;
    if !request.is_signed() {
        return Err(Refusal::NotPermitted("an update must be signed with the server's key"));
    }
    update::judge(zone, &message.answers, &message.authorities)
}

impl Service for Shared {
    async fn answer(&self, wire: Vec<u8>, transport: Transport) -> Option<Vec<u8>> {
        let header = message::header(&wire)?;
        match header.op_code {
            OpCode::Query => {
                let zone = Arc::clone(&self.lock().zone);
                Some(responder::query(&zone, &wire, header, transport, &self.key))
            }
            OpCode::Update => {
                let mut parked = Parked::new(wire, header, transport);
                while let Some(hold) = self.take_hold() {
                    match parked.hand_to(hold) {
                        Ok(reply) => return reply.await.ok(),
                        // That hold was given up before anything arrived.
                        Err(back) => parked = back,
                    }
                }
                Some(self.judge(&parked.wire, header, transport).0)
            }
            _ => Some(message::bare(header, ResponseCode::NotImp)),
        }
    }
}
