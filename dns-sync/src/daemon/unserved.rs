//! What was written and is not known to be served: every authoritative server of a target is asked for every changed set until it
//! answers with what was written last.
//!
//! A set that is written again takes the place of what was waited for, so that as much waits as the zone holds at the most.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dns_zone::{Owner, SetChange, SetKey};
use futures_util::stream::{self, StreamExt as _};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::metering;
use super::signs::TargetSign;
use crate::place::Place;
use crate::served::{AT_ONCE, EVERY, TOLD_MAX, WITHIN, ask};

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
        self.0.wake.notify_one();
    }

    /// The sets that wait.
    #[cfg(test)]
    pub(super) fn keys(&self) -> Vec<SetKey> {
        self.lock().keys().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SetKey, Waiting>> {
        // Single inserts and removals: whole at every point at which a holder could have panicked.
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks until `stop`.
    pub(super) async fn run(self, zone: Owner, target: Place, sign: TargetSign, stop: CancellationToken) {
        stop.run_until_cancelled(async {
            loop {
                let open = self.round(&zone, &target).await;
                sign.unserved(open.len());
                let pause = if open.iter().all(|one| one.told) { LATE_EVERY } else { EVERY };
                if open.is_empty() {
                    self.0.wake.notified().await;
                } else {
                    // What is written meanwhile is asked for at once.
                    drop(tokio::time::timeout(pause, self.0.wake.notified()).await);
                }
            }
        })
        .await;
    }

    /// Asks every server once for what it did not serve yet; what is still open.
    async fn round(&self, zone: &Owner, target: &Place) -> Vec<Waiting> {
        let answers = self.questions().into_iter().map(|(server, change)| async move {
            let late = ask(server, &change, target.timeout).await.err();
            (server, change, late)
        });
        let answers: Vec<_> = stream::iter(answers).buffer_unordered(AT_ONCE).collect().await;
        for (server, change, late) in &answers {
            if late.is_none() {
                self.served(zone, target, *server, change);
            }
        }
        let late = answers.iter().filter_map(|(server, change, why)| Some((*server, change, why.as_ref()?)));
        self.tell_late(zone, target, late);
        self.lock().values().cloned().collect()
    }

    fn questions(&self) -> Vec<(SocketAddr, SetChange)> {
        let waiting = self.lock();
        let all = waiting.values().flat_map(|one| one.servers.iter().map(|server| (*server, one.change.clone())));
        all.collect()
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
            info!(%zone, target = %target.name, set = %change.key, "served at last, after {} s", after.as_secs());
        }
    }

    /// Says once of each change that it takes too long.
    fn tell_late<'c>(
        &self,
        zone: &Owner,
        target: &Place,
        late: impl Iterator<Item = (SocketAddr, &'c SetChange, &'c String)>,
    ) {
        let mut waiting = self.lock();
        let mut told = 0;
        for (server, change, why) in late {
            let Some(one) = waiting.get_mut(&change.key) else { continue };
            if one.told || one.since.elapsed() < WITHIN {
                continue;
            }
            one.told = true;
            told += 1;
            if told <= TOLD_MAX {
                warn!(%zone, target = %target.name, set = %change.key, %server, "written, and not served: {why}");
            }
        }
        if told > TOLD_MAX {
            warn!(%zone, target = %target.name, "and {} more sets are not served", told - TOLD_MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{key, zone};

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
}
