//! Carries out what the outbox holds: takes a permit, sends once, reads back, and settles.
//!
//! One scan of the outbox serves a fresh decision, a restart and a retry. A write that may have been sent and is not
//! known to have ended is never sent again: it is found in the zone, or made impossible ([`resolve`]).

mod resolve;
mod send;

use std::collections::{BTreeMap, BTreeSet};
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
use tokio::task::JoinSet;
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
        // Bounded by the services: each has one open write at the most.
        let mut under_way = BTreeSet::new();
        let mut tasks = JoinSet::new();
        while !stop.is_cancelled() {
            self.start_what_is_open(&mut under_way, &mut tasks, &stop).await;
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.outbox.notified() => {}
                () = tokio::time::sleep(SCAN_EVERY) => {}
                Some(done) = tasks.join_next(), if !tasks.is_empty() => finish(&mut under_way, done),
            }
        }
        while let Some(done) = tasks.join_next().await {
            finish(&mut under_way, done);
        }
    }

    async fn start_what_is_open(
        &self,
        under_way: &mut BTreeSet<DecisionId>,
        tasks: &mut JoinSet<DecisionId>,
        stop: &CancellationToken,
    ) {
        // The store remembers why it could not be read, and the engine says it.
        let Ok(open) = self.store.open_writes().await else { return };
        // Before the engine has loaded anything, nobody could give a permit or take a settlement.
        let Some(snapshot) = self.engine.snapshot() else { return };
        for OpenWrite { write, stage } in open {
            // Absence from the configuration deletes nothing: such a row waits until its service is back. So does one of
            // a service whose state cannot be read.
            let is_guarded = self.services.contains_key(&write.service) && !snapshot.unloaded.contains(&write.service);
            if !is_guarded || !under_way.insert(write.id.clone()) {
                continue;
            }
            let (executor, stop) = (self.clone(), stop.clone());
            tasks.spawn(async move {
                let id = write.id.clone();
                executor.carry_out(write, stage, stop).await;
                id
            });
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

fn finish(under_way: &mut BTreeSet<DecisionId>, done: Result<DecisionId, tokio::task::JoinError>) {
    match done {
        Ok(id) => {
            under_way.remove(&id);
        }
        Err(error) => {
            // Its row stays in the outbox; without the id, all are looked at anew, and permits are given once.
            tracing::error!(error = one_line(&error), "a write's task ended abnormally");
            under_way.clear();
        }
    }
}
