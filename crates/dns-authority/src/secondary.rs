//! A secondary that serves what the primary served a while ago, as with slow transfers. It answers queries only.
//!
//! It follows within the process: every version of the zone is handed over when it is published and served once it is
//! old enough, looked at when someone asks. Nothing sleeps, so the lag is exact.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hickory_proto::op::{OpCode, ResponseCode};
use tokio_util::sync::CancellationToken;

use crate::listener::{Bound, Service};
use crate::message::{self, Transport};
use crate::primary::Primary;
use crate::responder::{self, Request};
use crate::tsig::UpdateKey;
use crate::zone::{Answer, Zone};

/// How many versions may be on their way. When more are, the newest on its way is skipped in favour of a newer one, as
/// a transfer of several changes does.
const VERSIONS_ON_THE_WAY_MAX: usize = 1024;

/// A handle on a running secondary; clones are the same secondary.
#[derive(Clone)]
pub struct Secondary {
    follower: Arc<Follower>,
    address: SocketAddr,
}

impl Secondary {
    /// Takes an address, UDP and TCP. Port 0 takes one that is free for both.
    ///
    /// # Errors
    /// What the system says, with the address.
    pub fn bind(address: SocketAddr) -> io::Result<Bound> {
        Bound::bind(address)
    }

    pub(crate) fn start(bound: Bound, primary: &Primary, lag: Duration, stop: &CancellationToken) -> io::Result<Self> {
        let follower = primary.follow(|zone, key| Arc::new(Follower::new(zone, key, lag)));
        let address = bound.local_addr();
        bound.spawn(Arc::clone(&follower), stop)?;
        Ok(Self { follower, address })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The zone that it serves now.
    pub fn zone(&self) -> Arc<Zone> {
        self.follower.zone()
    }
}

/// What follows a primary.
pub(crate) struct Follower {
    key: UpdateKey,
    versions: Mutex<Versions>,
}

impl Follower {
    fn new(zone: Arc<Zone>, key: UpdateKey, lag: Duration) -> Self {
        Self { key, versions: Mutex::new(Versions::new(zone, lag)) }
    }

    /// Takes a version that the primary serves from `now` on.
    pub(crate) fn transfer(&self, now: Instant, zone: Arc<Zone>) {
        self.lock().push(now, zone);
    }

    fn zone(&self) -> Arc<Zone> {
        self.lock().at(Instant::now())
    }

    /// The versions. A panic cannot leave them half changed: each change is one push or one pop.
    fn lock(&self) -> MutexGuard<'_, Versions> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service for Follower {
    async fn answer(&self, wire: Vec<u8>, transport: Transport) -> Option<Vec<u8>> {
        let header = message::header(&wire)?;
        match header.op_code {
            OpCode::Query => Some(responder::query(&self.zone(), &wire, header, transport, &self.key)),
            // Updates are not forwarded (RFC 2136 §6.1).
            OpCode::Update => Some(match Request::open(&wire, header, transport, &self.key) {
                Ok(request) => request.reply(Answer::refusal(ResponseCode::Refused)),
                Err(rejected) => rejected.reply,
            }),
            _ => Some(message::bare(header, ResponseCode::NotImp)),
        }
    }
}

/// The version that is served, and those on their way with the time of their arrival, oldest first.
struct Versions {
    lag: Duration,
    served: Arc<Zone>,
    on_the_way: VecDeque<(Instant, Arc<Zone>)>,
}

impl Versions {
    fn new(zone: Arc<Zone>, lag: Duration) -> Self {
        Self { lag, served: zone, on_the_way: VecDeque::new() }
    }

    fn push(&mut self, now: Instant, zone: Arc<Zone>) {
        self.at(now);
        if self.on_the_way.len() == VERSIONS_ON_THE_WAY_MAX {
            self.on_the_way.pop_back();
        }
        self.on_the_way.push_back((now + self.lag, zone));
    }

    fn at(&mut self, now: Instant) -> Arc<Zone> {
        while let Some((_, zone)) = self.on_the_way.pop_front_if(|(arrival, _)| *arrival <= now) {
            self.served = zone;
        }
        Arc::clone(&self.served)
    }
}

#[cfg(test)]
mod tests;
