//! Carries out what the outbox holds: asks the hooks of a move, takes a permit, sends once, reads back, and settles.
//!
//! One scan of the outbox serves a fresh decision, a restart and a retry. A write that may have been sent and is not
//! known to have ended is never sent again: it is found in the zone, or made impossible ([`resolve`]).

mod resolve;
mod send;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use dns_core::fence::DecisionId;
use dns_core::identifier::{Actor, ProviderName, ServiceName};
use dns_core::service::{Everywhere, Service};
use dns_core::write::{PlannedWrite, WriteStage};
use dns_service::clock::Clock;
use dns_service::exit::one_line;
use dns_store::port::{OpenWrite, OpenWrites, Position, Store};
use tokio::sync::Notify;
use tokio::task::{self, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::engine::handle::Engine;
use crate::hooks::Hooks;
use crate::providers::ProviderInUse;

/// How often the outbox is scanned without a wake-up: a wake-up that got lost costs a second, not a flip.
const SCAN_EVERY: Duration = Duration::from_secs(1);

/// How soon after a scan the next one may begin: of many decisions one scan finds several.
const SCAN_GAP: Duration = Duration::from_millis(5);

/// How often the rows are scanned that are known already: one may have been left behind, by a task that ended without a
/// settlement or because its service was not loaded.
const SCAN_ALL_EVERY: Duration = Duration::from_secs(2);

/// What every write needs.
#[derive(Clone)]
pub(crate) struct Executor {
    /// This controller's name, for the fences of burns.
    pub(crate) actor: Actor,
    /// The clock.
    pub(crate) clock: Clock,
    /// The engine.
    pub(crate) engine: Engine,
    /// The store that holds the outbox.
    pub(crate) store: Arc<dyn Store>,
    /// Wakes the executor.
    pub(crate) outbox: Arc<Notify>,
    /// Every provider.
    pub(crate) providers: Arc<BTreeMap<ProviderName, ProviderInUse>>,
    /// Who is asked before a move.
    pub(crate) hooks: Arc<Hooks>,
    /// Every service, by name.
    pub(crate) services: Arc<BTreeMap<ServiceName, Everywhere>>,
}

impl Executor {
    /// Drains the outbox until cancelled, then waits for what is under way. The caller bounds that wait; what is left
    /// then is found again by the next process.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let (mut writes, mut scan) = (Writes::default(), Scan::default());
        while !stop.is_cancelled() {
            self.start_what_is_open(&mut writes, &mut scan, &stop).await;
            tokio::join!(self.until_news(&mut writes, &stop), tokio::time::sleep(SCAN_GAP));
        }
        while writes.next_end().await {}
    }

    /// Waits for a reason to scan. The end of a write is none by itself: what follows from it is a decision of its own.
    async fn until_news(&self, writes: &mut Writes, stop: &CancellationToken) {
        let due = Instant::now() + SCAN_EVERY;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.outbox.notified() => return,
                () = tokio::time::sleep_until(due) => return,
                true = writes.next_end(), if !writes.is_empty() => {}
            }
        }
    }

    async fn start_what_is_open(&self, writes: &mut Writes, scan: &mut Scan, stop: &CancellationToken) {
        // Before the engine has loaded anything, nobody could give a permit or take a settlement.
        let Some(snapshot) = self.engine.snapshot() else { return };
        let from = scan.begin(self.store.incarnation());
        // The store remembers why it could not be read, and the engine says it.
        let Ok(OpenWrites { writes: open, newest }) = self.store.open_writes_after(from).await else { return };
        scan.from = newest;
        for OpenWrite { write, stage } in open {
            // Absence from the configuration deletes nothing: such a row waits until its service and its place are back.
            // So does one of a service whose state cannot be read.
            let is_guarded = self.service_of(&write).is_some() && !snapshot.unloaded.contains(&write.service);
            if !is_guarded || writes.has(&write.id) {
                continue;
            }
            let (executor, stop) = (self.clone(), stop.clone());
            writes.start(write.id.clone(), async move { executor.carry_out(write, stage, stop).await });
        }
    }

    /// The service as the place of a write sees it.
    fn service_of(&self, write: &PlannedWrite) -> Option<&Arc<Service>> {
        self.services.get(&write.service)?.at(&write.place())
    }

    async fn carry_out(&self, write: PlannedWrite, stage: WriteStage, stop: CancellationToken) {
        let Some(service) = self.service_of(&write) else { return };
        let provider = self.providers.get(&service.provider);
        let provider = provider.expect("invariant: a validated service names a configured provider");
        let job = send::Job { executor: self, service, provider, write: &write, stop: &stop };
        match stage {
            WriteStage::Pending => job.send().await,
            WriteStage::Sent => job.resolve("the process that sent it ended before it knew", None).await,
        }
    }
}

/// Which rows the next scan reads. A scan of all rows each time would read thousands of writes that are under way, to find
/// one that is new.
#[derive(Default)]
struct Scan {
    /// The newest row that is known.
    from: Position,
    /// When all rows were read last.
    all: Option<Instant>,
    /// Of which opening of the store the rows are.
    incarnation: u64,
}

impl Scan {
    /// Where the scan begins.
    fn begin(&mut self, incarnation: u64) -> Position {
        let is_due = self.all.is_none_or(|all| all.elapsed() >= SCAN_ALL_EVERY);
        if is_due || self.incarnation != incarnation {
            *self = Self { from: Position::default(), all: Some(Instant::now()), incarnation };
        }
        self.from
    }
}

/// The writes under way, each in a task of its own, so that one that hangs holds up no other. Bounded by the places of
/// the services: each has one open write at the most.
#[derive(Default)]
struct Writes {
    tasks: JoinSet<()>,
    /// Whose task is whose: one that panics can't say it.
    decisions: BTreeMap<task::Id, DecisionId>,
    /// The same by decision.
    under_way: BTreeSet<DecisionId>,
}

impl Writes {
    fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    fn has(&self, decision: &DecisionId) -> bool {
        self.under_way.contains(decision)
    }

    fn start(&mut self, decision: DecisionId, write: impl Future<Output = ()> + Send + 'static) {
        let task = self.tasks.spawn(write);
        self.under_way.insert(decision.clone());
        self.decisions.insert(task.id(), decision);
    }

    /// Waits for the end of one. False if there is none. Cancel safe.
    async fn next_end(&mut self) -> bool {
        let (task, failed) = match self.tasks.join_next_with_id().await {
            None => return false,
            Some(Ok((task, ()))) => (task, None),
            Some(Err(error)) => (error.id(), Some(error)),
        };
        let decision = self.decisions.remove(&task);
        if let Some(decision) = &decision {
            self.under_way.remove(decision);
        }
        if let (Some(error), Some(decision)) = (failed, decision) {
            // Its row stays in the outbox, so the next scan finds out what became of it. The others go on: started
            // beside themselves they would be burned by their own second tasks.
            tracing::error!(%decision, error = one_line(&error), "a write's task ended abnormally");
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use dns_core::time::Timestamp;

    use super::*;

    #[tokio::test]
    async fn a_write_that_panics_leaves_the_others_under_way() {
        let id = |number| DecisionId::at(Timestamp::from_secs(1_795_246_200), number);
        let (faulty, patient) = (id(1), id(2));
        let mut writes = Writes::default();
        let end = Arc::new(Notify::new());
        writes.start(faulty.clone(), async { panic!("a fault in one write") });
        writes.start(patient.clone(), {
            let end = Arc::clone(&end);
            async move { end.notified().await }
        });
        assert!(writes.next_end().await);
        assert!(!writes.has(&faulty), "it can be taken up again");
        assert!(writes.has(&patient), "it is not to be started a second time");
        end.notify_one();
        assert!(writes.next_end().await);
        assert!(!writes.has(&patient) && !writes.next_end().await);
    }
}
