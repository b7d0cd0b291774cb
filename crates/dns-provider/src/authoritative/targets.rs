//! The addresses of load balancers, for comparing what an alias answers with.
//!
//! A load balancer has more addresses than it tells at once, and they change. So the answers of several resolutions at
//! about the same time are taken together, and they are bounded: a provider that serves another load balancer never
//! becomes right by asking on.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use hickory_proto::rr::Name;
use tokio::time::Instant;

use super::resolving::addresses;

/// How often a load balancer's name is resolved in one verification. A load balancer that tells 8 of 64 addresses has
/// told nearly all by then.
const RESOLUTIONS_MAX: u32 = 32;

/// The shortest time between two of them, whoever asks: each tells other addresses at the earliest with the next second.
const RESOLVED_EVERY: Duration = Duration::from_millis(500);

/// What was found out about load balancers in one verification.
#[derive(Debug, Default)]
pub struct Targets {
    resolvers: Vec<SocketAddr>,
    seen: Mutex<BTreeMap<Name, Seen>>,
}

#[derive(Clone, Debug, Default)]
struct Seen {
    addresses: BTreeSet<IpAddr>,
    resolutions: u32,
    last: Option<Instant>,
    failure: Option<String>,
}

impl Targets {
    /// Through these recursive resolvers. Without any, no alias can be compared.
    pub fn new(resolvers: &[SocketAddr]) -> Self {
        Self { resolvers: resolvers.to_vec(), seen: Mutex::default() }
    }

    /// Whether there is anyone to ask.
    pub fn can_resolve(&self) -> bool {
        !self.resolvers.is_empty()
    }

    /// Why these addresses are not all the target's; `None` if they are.
    pub(super) async fn strangers(
        &self,
        target: &Name,
        answered: &BTreeSet<IpAddr>,
        within: Duration,
    ) -> Option<String> {
        self.strange(target, answered)?;
        if self.is_due(target) {
            let resolved = addresses(&self.resolvers, target, within).await;
            self.note(target, resolved);
        }
        self.strange(target, answered)
    }

    fn strange(&self, target: &Name, answered: &BTreeSet<IpAddr>) -> Option<String> {
        let seen = self.lock().get(target).cloned().unwrap_or_default();
        if seen.addresses.is_empty() {
            let why = seen.failure.unwrap_or_else(|| "it is being resolved".to_owned());
            return Some(format!("the addresses of {target} are not known: {why}"));
        }
        let strange: Vec<String> = answered.difference(&seen.addresses).map(ToString::to_string).collect();
        (!strange.is_empty()).then(|| format!("{} is no address of {target}", strange.join(", ")))
    }

    fn is_due(&self, target: &Name) -> bool {
        let mut all = self.lock();
        let seen = all.entry(target.clone()).or_default();
        let due = seen.resolutions < RESOLUTIONS_MAX && seen.last.is_none_or(|last| last.elapsed() >= RESOLVED_EVERY);
        if due {
            seen.resolutions += 1;
            seen.last = Some(Instant::now());
        }
        due
    }

    fn note(&self, target: &Name, resolved: Result<Vec<IpAddr>, String>) {
        let mut all = self.lock();
        let seen = all.entry(target.clone()).or_default();
        match resolved {
            Ok(addresses) => seen.addresses.extend(addresses),
            Err(reason) => seen.failure = Some(reason),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Name, Seen>> {
        self.seen.lock().expect("invariant: nothing panics while it holds this lock")
    }
}
