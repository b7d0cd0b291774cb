//! What was written and is not known to be served: every authoritative server of a target is asked for every changed set until it
//! answers with what was written last.
//!
//! A set that is written again takes the place of what was waited for, so that as much waits as the zone holds at the most.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dns_zone::{Owner, SetChange, SetKey};
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::metering;
use super::signs::TargetSign;
use crate::place::Place;
use crate::served::asking::Asker;
use crate::served::{EVERY, TOLD_MAX, Unseen, WITHIN, ask};

/// Between two rounds once it has taken too long: somebody was told, and asking on and on helps nobody.
const LATE_EVERY: Duration = Duration::from_secs(5);

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
    since: Instant,
    /// Whether it was told that this one takes too long.
    told: bool,
}

impl Unserved {
    /// Waits for what was written; `since` is when the oldest of it was learnt. Without servers nobody can be asked.
    pub(super) fn expect(&self, changes: impl IntoIterator<Item = SetChange>, servers: &[SocketAddr], since: Instant) {
        if servers.is_empty() {
            return;
        }
        let mut waiting = self.lock();
        for change in changes {
            let key = change.key.clone();
            waiting.insert(key, Waiting { change, servers: servers.to_vec(), since, told: false });
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
        let asking = target.servers.iter().map(|server| async {
            let mut asker = Asker::new(*server);
            loop {
                // What is written from here on is asked for at once.
                let woken = self.0.wake.notified();
                self.round(&mut asker, &zone, &target).await;
                sign.unserved(self.lock().len());
                match self.pause(*server) {
                    Some(pause) => drop(tokio::time::timeout(pause, woken).await),
                    None => woken.await,
                }
            }
        });
        // Where there is nobody to ask it rests until the end, as every part of the daemon lasts until then.
        let asked = join_all(asking).then(|_| std::future::pending::<()>());
        stop.run_until_cancelled(asked).await;
    }

    /// Asks a server once for what it did not serve yet.
    async fn round(&self, asker: &mut Asker, zone: &Owner, target: &Place) {
        let server = asker.server();
        let open = self.open(server);
        let ask = |at, change| ask(at, change, target.timeout);
        let mut late = Vec::new();
        let told = |change, seen| match seen {
            Ok(()) => self.served(zone, target, server, change),
            Err(why) => late.push((change, why)),
        };
        asker.round(open.iter().collect(), &ask, told).await;
        self.tell_late(zone, target, server, &late);
    }

    /// What a server is not known to serve.
    fn open(&self, server: SocketAddr) -> Vec<SetChange> {
        let waiting = self.lock();
        waiting.values().filter(|one| one.servers.contains(&server)).map(|one| one.change.clone()).collect()
    }

    /// Before a server is asked again; none if there is nothing to ask it for.
    fn pause(&self, server: SocketAddr) -> Option<Duration> {
        let waiting = self.lock();
        let mut open = waiting.values().filter(|one| one.servers.contains(&server)).peekable();
        open.peek()?;
        Some(if open.all(|one| one.told) { LATE_EVERY } else { EVERY })
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
            if one.told || one.since.elapsed() < WITHIN {
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
mod tests {
    use dns_service::clock::Clock;

    use super::*;
    use crate::daemon::signs::Signs;
    use crate::fake::{Fake, apex, key, zone};
    use crate::served::is_seen;

    #[test]
    fn nothing_waits_for_servers_that_nobody_has_named() {
        let key = key("www", dns_zone::Rtype::A);
        let after = zone(&["www A 192.0.2.1"]).get(&key).cloned();
        let change = || SetChange { key: key.clone(), before: None, after: after.clone() };
        let unserved = Unserved::default();
        unserved.expect([change()], &[], Instant::now());
        assert!(unserved.lock().is_empty());
        unserved.expect([change()], &["192.0.2.53:53".parse().expect("an address")], Instant::now());
        assert_eq!(unserved.lock().len(), 1);
    }

    #[test]
    fn what_has_come_to_lie_below_a_delegation_is_waited_for_no_longer() {
        let (traits, before) = (dns_zone::TargetTraits::default(), zone(&["www.sub A 192.0.2.1", "www A 192.0.2.1"]));
        let unserved = Unserved::default();
        let server = "192.0.2.53:53".parse().expect("an address");
        unserved.expect(dns_zone::difference(&zone(&[]), &before), &[server], Instant::now());
        unserved.forget(|key| is_seen(&before, &traits, key));
        assert_eq!(unserved.open(server).len(), 2);
        let cut = zone(&["www.sub A 192.0.2.1", "www A 192.0.2.1", "sub NS ns.example.net."]);
        unserved.forget(|key| is_seen(&cut, &traits, key));
        let open: Vec<SetKey> = unserved.open(server).into_iter().map(|change| change.key).collect();
        assert_eq!(open, [key("www", dns_zone::Rtype::A)]);
    }

    #[tokio::test(start_paused = true)]
    async fn where_nobody_is_asked_it_lasts_until_it_is_told_to_stop() {
        let (place, stop) = (Fake::holding(zone(&[]), 1).place(), CancellationToken::new());
        assert!(place.servers.is_empty());
        let (_, signs) =
            Signs::default().add(&apex(), "a test".to_owned(), std::slice::from_ref(&place.name), Clock::start());
        let running = Unserved::default().run(apex(), place, signs[0].clone(), stop.clone());
        let mut running = std::pin::pin!(running);
        assert!(tokio::time::timeout(Duration::from_hours(1), &mut running).await.is_err());
        stop.cancel();
        running.await;
    }
}
