//! Watches the zones of an API in quiet times by asking their authoritative servers, which costs no call of the API.
//!
//! Calls are counted per account, and ten thousand services that are read once a minute are more than any account may do.
//! So a read in quiet times asks one authoritative server, another one each time, whether it serves what the API said
//! last: then nothing has changed and that is the answer. Whenever an answer differs, or no server answers, and in any case
//! every [`API_EVERY`], the API is read. What decides is therefore never DNS: it only says whether to ask.
//!
//! Invariants: reads for a write always go to the API. What was read before a write is forgotten with it, or a server that
//! has not followed yet would confirm it; and a listing of the API that lags behind a write is not remembered for the same
//! reason: who doubts what it saw looks again, and has to reach the API.
//!
//! Servers are asked from here. Where only vantage points reach them, nothing is wrapped in this: the API is read instead.
//!
//! What DNS does not show is seen with the next read of the API: a proxied record and a CNAME at the apex, of which only
//! the fence tells (its write id changes with each of our writes); a TTL that became lower; the addresses of an alias, of
//! which is only seen whether they are the load balancer's.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use dns_core::change::{ChangeSet, Guard};
use dns_core::rrset::RrsetKey;
use dns_core::zone::{FoundFence, ReadRequest, ZoneView};
use hickory_proto::rr::Name;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::authoritative::{Discovery, Expected, Served, Targets, serves};
use crate::port::{Capabilities, Permit, Progress, Provider, ProviderError, Receipt, Urgency, ZoneFacts};

/// How long the answers of authoritative servers stand in for the API.
pub const API_EVERY: Duration = Duration::from_mins(10);

/// How long one question may take: longer than any way around the world.
const QUESTION: Duration = Duration::from_secs(1);

/// How many servers are asked until one answers. If a second one is silent as well, it is the network from here.
const SERVERS_MAX: usize = 2;

/// How many services are asked for over DNS at once: each has a socket of its own, and a process may open few.
const LOOKS_MAX: usize = 64;

/// An API whose zones are watched over DNS.
pub struct Watched {
    inner: Arc<dyn Provider>,
    discovery: Arc<Discovery>,
    /// By the fence's name.
    fences: Mutex<BTreeMap<Name, Known>>,
    /// Which server is asked next.
    turn: AtomicUsize,
    looks: Semaphore,
}

/// What is known of one fence.
#[derive(Default)]
struct Known {
    look: Option<Look>,
    /// Counts the beginnings and ends of its writes: a read that saw one of them is not remembered. Those of other fences
    /// are none of its business: while many services move, no read would ever be remembered.
    writes: u64,
    /// What the last write replaced that may have been carried out: whoever sees it sees what was before.
    replaced: Option<Guard>,
}

impl Known {
    /// Whether a fence is what the last write replaced.
    fn is_from_before(&self, fence: &FoundFence) -> bool {
        match (&self.replaced, fence) {
            (Some(Guard::Exactly { text: before, .. }), FoundFence::Present { text, .. }) => before == text,
            (Some(Guard::Absent), FoundFence::Absent) => true,
            (Some(_) | None, _) => false,
        }
    }
}

/// What the API said last.
#[derive(Clone)]
struct Look {
    keys: BTreeSet<RrsetKey>,
    view: ZoneView,
    read: Instant,
}

impl Watched {
    /// Watches the zones of `inner` on the servers that `discovery` finds.
    pub fn new(inner: Arc<dyn Provider>, discovery: Arc<Discovery>) -> Self {
        Self { inner, discovery, fences: Mutex::default(), turn: AtomicUsize::new(0), looks: Semaphore::new(LOOKS_MAX) }
    }

    /// What the API said, if a server still serves exactly that.
    async fn unchanged(&self, request: &ReadRequest) -> Option<ZoneView> {
        let _place = self.looks.acquire().await.ok()?;
        let look = self.lock().get(&request.fence_name)?.look.clone()?;
        if look.keys != request.keys || look.read.elapsed() >= API_EVERY || is_drawn_by_weight(&look.view) {
            return None;
        }
        let fence = match &look.view.fence {
            FoundFence::Absent => None,
            FoundFence::Present { text, .. } => Some(text),
            FoundFence::Unreadable { .. } => return None,
        };
        let absent = look.view.asked.iter().filter(|key| !look.view.rrsets.contains_key(key)).cloned().collect();
        let targets = Targets::new(self.discovery.resolvers());
        let expected = Expected {
            zone: &look.view.zone,
            rrsets: &look.view.rrsets,
            absent: &absent,
            fence_name: &look.view.fence_name,
            fence,
            targets: &targets,
        };
        for server in self.next_servers(&request.zone).await {
            match serves(server, &expected, QUESTION).await {
                Served::New => return Some(look.view),
                Served::Old { answered } => {
                    tracing::debug!(zone = %request.zone, %server, answered, "differs from what the API said");
                    return None;
                }
                Served::Silent { .. } => {}
            }
        }
        None
    }

    /// Others than the last time, so that each is asked sooner or later.
    async fn next_servers(&self, zone: &Name) -> Vec<SocketAddr> {
        let found = self.discovery.servers(self.inner.as_ref(), zone, QUESTION).await;
        let all: Vec<SocketAddr> = found.map(|servers| servers.addresses.into_iter().collect()).unwrap_or_default();
        let from = self.turn.fetch_add(1, Ordering::Relaxed) % all.len().max(1);
        all.iter().cycle().skip(from).take(SERVERS_MAX.min(all.len())).copied().collect()
    }

    async fn read_api(&self, request: &ReadRequest, urgency: Urgency) -> Result<ZoneView, ProviderError> {
        let writes = self.lock().entry(request.fence_name.clone()).or_default().writes;
        let view = self.inner.read(request, urgency).await?;
        let look = Look { keys: request.keys.clone(), view: view.clone(), read: Instant::now() };
        let mut fences = self.lock();
        let known = fences.entry(request.fence_name.clone()).or_default();
        if known.writes == writes && !known.is_from_before(&look.view.fence) {
            known.look = Some(look);
        }
        Ok(view)
    }

    /// Counted under the lock: a read either sees it or is forgotten.
    fn forget(&self, fence_name: &Name) {
        let mut fences = self.lock();
        let known = fences.entry(fence_name.clone()).or_default();
        known.writes += 1;
        known.look = None;
    }

    /// Notes what a write replaces, and gives what the one before it did.
    fn replace(&self, fence_name: &Name, guard: Option<Guard>) -> Option<Guard> {
        std::mem::replace(&mut self.lock().entry(fence_name.clone()).or_default().replaced, guard)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Name, Known>> {
        self.fences.lock().expect("invariant: nothing panics while it holds this lock")
    }
}

/// Answers that are drawn by weight say nothing about the weights. Services have them for minutes, so the API can be asked.
fn is_drawn_by_weight(view: &ZoneView) -> bool {
    view.rrsets.values().any(|set| !set.weighted().is_empty())
}

/// Then the fence is what it was, and will be for as long as nobody writes. Whoever counts calls may count one that was
/// carried out, so being throttled is not certain; nor is a conflict, which may be with oneself.
fn is_certain_to_have_changed_nothing(applied: &Result<Receipt, ProviderError>) -> bool {
    match applied {
        Err(ProviderError::Transient { .. } | ProviderError::Denied { .. } | ProviderError::Invalid { .. }) => true,
        Ok(_)
        | Err(
            ProviderError::Throttled { .. } | ProviderError::Conflict { .. } | ProviderError::OutcomeUnknown { .. },
        ) => false,
    }
}

/// Forgets when it is dropped, so that a write that is abandoned is forgotten as well.
struct Writing<'a> {
    watched: &'a Watched,
    fence_name: &'a Name,
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.watched.forget(self.fence_name);
    }
}

#[async_trait]
impl Provider for Watched {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn read(&self, request: &ReadRequest, urgency: Urgency) -> Result<ZoneView, ProviderError> {
        match urgency {
            Urgency::Flip => {}
            Urgency::Watch => {
                // On its own: who waits for the API must not hold the room for a question over DNS, and many wait.
                if let Some(view) = Box::pin(self.unchanged(request)).await {
                    return Ok(view);
                }
            }
        }
        self.read_api(request, urgency).await
    }

    async fn apply(&self, change: &ChangeSet, permit: &Permit) -> Result<Receipt, ProviderError> {
        self.forget(&change.fence_name);
        let _writing = Writing { watched: self, fence_name: &change.fence_name };
        let before = self.replace(&change.fence_name, Some(change.guard.clone()));
        let applied = self.inner.apply(change, permit).await;
        if is_certain_to_have_changed_nothing(&applied) {
            self.replace(&change.fence_name, before);
        }
        applied
    }

    async fn status(&self, receipt: &Receipt) -> Result<Progress, ProviderError> {
        self.inner.status(receipt).await
    }

    async fn zone(&self, zone: &Name) -> Result<ZoneFacts, ProviderError> {
        self.inner.zone(zone).await
    }
}
