//! Carries out what the outbox holds: takes a permit, sends once, reads back, and settles.
//!
//! One scan of the outbox serves a fresh decision, a restart and a retry. A write that may have been sent and is not
//! known to have ended is never sent again: it is found in the zone, or made impossible ([`resolve`]).

mod resolve;
mod send;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dns_core::fence::DecisionId;
use dns_core::identifier::{Actor, ProviderName};
use dns_core::service::Service;
use dns_core::write::WriteStage;
use dns_service::clock::Clock;
use dns_service::exit::one_line;
use dns_store::port::{OpenWrite, Store};
use tokio::sync::Notify;
use tokio::task::{self, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::engine::handle::Engine;
use crate::providers::ProviderInUse;

/// How often the outbox is scanned without a wake-up: a wake-up that got lost costs a second, not a flip.
const SCAN_EVERY: Duration = Duration::from_secs(1);

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
    /// Every service, by name.
    pub(crate) services: Arc<BTreeMap<dns_core::identifier::ServiceName, Arc<Service>>>,
}

impl Executor {
    /// Drains the outbox until cancelled, then waits for what is under way. The caller bounds that wait; what is left
    /// then is found again by the next process.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut writes = Writes::default();
        while !stop.is_cancelled() {
            self.start_what_is_open(&mut writes, &stop).await;
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.outbox.notified() => {}
                () = tokio::time::sleep(SCAN_EVERY) => {}
                true = writes.next_end(), if !writes.is_empty() => {}
            }
        }
        while writes.next_end().await {}
    }

    async fn start_what_is_open(&self, writes: &mut Writes, stop: &CancellationToken) {
        // The store remembers why it could not be read, and the engine says it.
        let Ok(open) = self.store.open_writes().await else { return };
        // Before the engine has loaded anything, nobody could give a permit or take a settlement.
        let Some(snapshot) = self.engine.snapshot() else { return };
        for OpenWrite { write, stage } in open {
            // Absence from the configuration deletes nothing: such a row waits until its service is back. So does one of
            // a service whose state cannot be read.
            let is_guarded = self.services.contains_key(&write.service) && !snapshot.unloaded.contains(&write.service);
            if !is_guarded || writes.has(&write.id) {
                continue;
            }
            let (executor, stop) = (self.clone(), stop.clone());
            writes.start(write.id.clone(), async move { executor.carry_out(write, stage, stop).await });
        }
    }

    async fn carry_out(&self, write: dns_core::write::PlannedWrite, stage: WriteStage, stop: CancellationToken) {
        let Some(service) = self.services.get(&write.service).map(Arc::clone) else { return };
        let provider = self.providers.get(&service.provider);
        let provider = provider.expect("invariant: a validated service names a configured provider");
        let job = send::Job { executor: self, service: &service, provider, write: &write, stop: &stop };
        match stage {
            WriteStage::Pending => job.send().await,
            WriteStage::Sent => job.resolve("the process that sent it ended before it knew", None).await,
        }
    }
}

/// The writes under way, each in a task of its own. Bounded by the services: each has one open write at the most.
#[derive(Default)]
struct Writes {
    tasks: JoinSet<()>,
    /// Whose task is whose: one that panics can't say it.
    decisions: BTreeMap<task::Id, DecisionId>,
}

impl Writes {
    fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    fn has(&self, decision: &DecisionId) -> bool {
        self.decisions.values().any(|known| known == decision)
    }

    fn start(&mut self, decision: DecisionId, write: impl Future<Output = ()> + Send + 'static) {
        let task = self.tasks.spawn(write);
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
