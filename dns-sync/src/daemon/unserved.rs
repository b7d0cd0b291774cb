//! What was written and is not known to be served: every authoritative server of a target is asked for every changed set until it
//! answers with what was written last.
//!
//! A set that is written again takes the place of what was waited for, so that as much waits as the zone holds at the most.
//!
//! In the first minute all of it is asked for, each time after a pause that grows with its age: what is served within moments is found
//! within moments. What takes longer is told, and from then on it has its [turns].

mod turns;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dns_zone::{Owner, SetChange, SetKey};
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use self::turns::Turns;
use super::metering;
use super::signs::TargetSign;
use crate::place::Place;
use crate::served::asking::Asker;
use crate::served::{EVERY, TOLD_MAX, Unseen, WITHIN, ask};

/// Of its age what was written last is asked for again after this part, but not before [`EVERY`].
const PART_OF_AGE: u32 = 8;

/// The changes of one target that wait. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Unserved(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    waiting: Mutex<BTreeMap<SetKey, Waiting>>,
    wake: Notify,
}

#[derive(Clone, Debug)]
struct Waiting {
    change: SetChange,
    /// The servers that did not serve it yet.
    servers: Vec<SocketAddr>,
    /// When it was learnt.
    since: std::time::Instant,
    /// When it was written.
    written_at: Instant,
    /// Whether it was told that this one takes too long.
    told: bool,
}

impl Waiting {
    fn is_open(&self, server: SocketAddr) -> bool {
        self.servers.contains(&server)
    }
}

impl Unserved {
    /// Waits for what was written; `since` is when the oldest of it was learnt. Without servers nobody can be asked.
    pub(super) fn expect(
        &self,
        changes: impl IntoIterator<Item = SetChange>,
        servers: &[SocketAddr],
        since: std::time::Instant,
    ) {
        if servers.is_empty() {
            return;
        }
        let (mut waiting, written_at) = (self.lock(), Instant::now());
        for change in changes {
            let key = change.key.clone();
            waiting.insert(key, Waiting { change, servers: servers.to_vec(), since, written_at, told: false });
        }
        drop(waiting);
        self.0.wake.notify_waiters();
    }

    /// The sets that wait.
    #[cfg(test)]
    pub(super) fn keys(&self) -> Vec<SetKey> {
        self.lock().keys().cloned().collect()
    }

    /// Waits no longer for what a target itself holds otherwise: `changes` are from what was written to what stands there.
    pub(super) fn withdraw<'c>(&self, changes: impl IntoIterator<Item = &'c SetChange>) {
        let mut waiting = self.lock();
        for change in changes {
            if waiting.get(&change.key).is_some_and(|one| one.change.after != change.after) {
                waiting.remove(&change.key);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SetKey, Waiting>> {
        // Single inserts and removals: whole at every point at which a holder could have panicked.
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits no longer for what nobody outside can see any more: a delegation may have come above it.
    pub(super) fn forget(&self, is_seen: impl Fn(&SetKey) -> bool) {
        self.lock().retain(|key, _| is_seen(key));
        self.0.wake.notify_waiters();
    }

    /// Asks until `stop`, each server by itself, so that none waits for another.
    pub(super) async fn run(self, zone: Owner, target: Place, sign: TargetSign, stop: CancellationToken) {
        let within = target.timeout;
        let asks = move |at, change: SetChange| async move { ask(at, &change, within).await };
        let asking = target.servers.iter().map(|server| self.follow(*server, &zone, &target, &sign, &asks));
        // Where there is nobody to ask it rests until the end, as every part of the daemon lasts until then.
        let asked = join_all(asking).then(|_| std::future::pending::<()>());
        stop.run_until_cancelled(asked).await;
    }

    /// Asks one server on and on.
    async fn follow<F: Future<Output = Result<(), Unseen>>>(
        &self,
        server: SocketAddr,
        zone: &Owner,
        target: &Place,
        sign: &TargetSign,
        asks: &impl Fn(SocketAddr, SetChange) -> F,
    ) {
        let (mut asker, mut turns) = (Asker::new(server), Turns::new(Instant::now()));
        loop {
            // What is written from here on is asked for at once.
            let woken = self.0.wake.notified();
            let fresh = self.fresh(server);
            if self.round(&mut asker, &fresh, zone, target, asks).await {
                turns.hurry(Instant::now());
            }
            let late = self.late(server, &mut turns);
            if !late.is_empty() {
                let any_served = self.round(&mut asker, &late, zone, target, asks).await;
                turns.ended(any_served, Instant::now());
            }
            sign.unserved(self.lock().len());
            match self.pause(server, &turns) {
                Some(pause) => drop(tokio::time::timeout(pause, woken).await),
                None => woken.await,
            }
        }
    }

    /// Asks a server once for each of these; whether it serves any.
    async fn round<F: Future<Output = Result<(), Unseen>>>(
        &self,
        asker: &mut Asker,
        open: &[SetChange],
        zone: &Owner,
        target: &Place,
        asks: &impl Fn(SocketAddr, SetChange) -> F,
    ) -> bool {
        let server = asker.server();
        let ask = |at, change: &SetChange| asks(at, change.clone());
        let (mut late, mut any_served) = (Vec::new(), false);
        let told = |change, seen| match seen {
            Ok(()) => {
                any_served = true;
                self.served(zone, target, server, change);
            }
            Err(why) => late.push((change, why)),
        };
        asker.round(open.iter().collect(), &ask, told).await;
        self.tell_late(zone, target, server, &late);
        any_served
    }

    /// What a server is not known to serve, and need not yet.
    fn fresh(&self, server: SocketAddr) -> Vec<SetChange> {
        self.lock().values().filter(|one| one.is_open(server) && !one.told).map(|one| one.change.clone()).collect()
    }

    /// What it should serve long since, as far as it is its turn.
    fn late(&self, server: SocketAddr, turns: &mut Turns) -> Vec<SetChange> {
        let waiting = self.lock();
        let late = waiting.iter().filter(|(_, one)| one.is_open(server) && one.told);
        turns.next(late.collect(), Instant::now()).into_iter().map(|one| one.change.clone()).collect()
    }

    /// Before a server is asked again; none if there is nothing to ask it for.
    fn pause(&self, server: SocketAddr, turns: &Turns) -> Option<Duration> {
        let waiting = self.lock();
        let open = || waiting.values().filter(|one| one.is_open(server));
        let youngest = open().filter(|one| !one.told).map(|one| one.written_at.elapsed()).min();
        let fresh = youngest.map(|age| (age / PART_OF_AGE).max(EVERY));
        let late = open().any(|one| one.told).then(|| turns.due.saturating_duration_since(Instant::now()));
        fresh.into_iter().chain(late).min()
    }

    /// A server serves a change, unless something else was written meanwhile.
    fn served(&self, zone: &Owner, target: &Place, server: SocketAddr, change: &SetChange) {
        let mut waiting = self.lock();
        let Some(one) = waiting.get_mut(&change.key).filter(|one| one.change == *change) else { return };
        one.servers.retain(|other| *other != server);
        if !one.servers.is_empty() {
            return;
        }
        let (after, told) = (one.since.elapsed(), one.told);
        waiting.remove(&change.key);
        drop(waiting);
        metering::served(zone, &target.name, after);
        if told {
            info!(%zone, provider = %target.name, set = %change.key, "served at last, after {} s", after.as_secs());
        }
    }

    /// Says once of each change that it takes too long.
    fn tell_late(&self, zone: &Owner, target: &Place, server: SocketAddr, late: &[(&SetChange, Unseen)]) {
        let mut waiting = self.lock();
        let mut told = 0;
        for (change, why) in late {
            let Some(one) = waiting.get_mut(&change.key) else { continue };
            if one.told || one.written_at.elapsed() < WITHIN {
                continue;
            }
            one.told = true;
            told += 1;
            if told <= TOLD_MAX {
                warn!(%zone, provider = %target.name, set = %change.key, %server, "written, and not served: {why}");
            }
        }
        if told > TOLD_MAX {
            warn!(%zone, provider = %target.name, "and {} more sets are not served", told - TOLD_MAX);
        }
    }
}

#[cfg(test)]
mod tests;
