//! One write from permit to settlement.

use std::sync::Arc;
use std::time::Duration;

use dns_core::change::Guard;
use dns_core::machine::event::WriteOutcome;
use dns_core::service::Service;
use dns_core::write::PlannedWrite;
use dns_core::zone::{FoundFence, ReadRequest, ZoneView};
use dns_provider::port::{Permit, ProviderError, Urgency};
use dns_service::exit::one_line;
use dns_service::failpoint::{self, Failpoint};
use tokio_util::sync::CancellationToken;

use super::Executor;
use crate::engine::handle::Message;
use crate::hooks::Consent;
use crate::providers::ProviderInUse;

/// The first pause between two tries to read or to commit; it doubles up to [`PAUSE_MAX`].
pub(super) const PAUSE_MIN: Duration = Duration::from_millis(100);
/// The longest pause.
pub(super) const PAUSE_MAX: Duration = Duration::from_secs(5);

/// How often a zone is looked at that still shows what was before an accepted write: listings lag by moments.
const LAGGING_LOOKS: u32 = 4;

/// How long a look may take after a write was throttled: other places of the service wait for what becomes of it.
const THROTTLED_LOOK: Duration = Duration::from_secs(2);

/// One write with its surroundings.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) executor: &'a Executor,
    pub(super) service: &'a Arc<Service>,
    pub(super) provider: &'a ProviderInUse,
    pub(super) write: &'a PlannedWrite,
    pub(super) stop: &'a CancellationToken,
}

/// What the zone says of a write.
pub(super) enum Sighting {
    /// The fence carries the write's id, or its plan's.
    Ours(Box<ZoneView>),
    /// It carries another's, or none.
    Other(Box<ZoneView>),
}

impl Job<'_> {
    /// Asks the hooks and for the permit, sends once, and finds out what became of it.
    pub(super) async fn send(self) {
        if !self.is_agreed_to().await {
            return;
        }
        failpoint::reach(Failpoint::BeforePermit);
        // Held from before the permit, which grows old while it waits, to the answer; never while finding out.
        let Ok(place) = self.provider.sending.acquire().await else { return };
        let (service, decision) = (self.write.service.clone(), self.write.id.clone());
        let permit = match self.executor.engine.ask(|reply| Message::Permit(service, decision, reply)).await {
            Ok(Ok(permit)) => permit,
            Ok(Err(why)) => {
                tracing::info!(service = %self.write.service, decision = %self.write.id, why, "no permit");
                // If the end could not be committed its row is still there; the next scan must not find it at once.
                let mut pause = super::SCAN_EVERY;
                self.pause(&mut pause).await;
                return;
            }
            Err(_stopped) => return,
        };
        failpoint::reach(Failpoint::AfterPermit);
        let applied = self.provider.adapter.apply(&self.write.change, &permit).await;
        drop(place);
        failpoint::reach(Failpoint::AfterAnswer);
        match applied {
            Ok(_receipt) => self.read_back(permit).await,
            Err(error) => self.refused(error, permit).await,
        }
    }

    /// Whether no hook says no. A veto ends the decision; what cannot be asked or told now is with the next scan.
    async fn is_agreed_to(self) -> bool {
        let asked = tokio::select! {
            () = self.stop.cancelled() => return false,
            asked = self.executor.hooks.ask(self.write) => asked,
        };
        let mut pause = super::SCAN_EVERY;
        match asked {
            Ok(Consent::Given) => return true,
            Ok(Consent::Vetoed(why)) => {
                tracing::info!(service = %self.write.service, decision = %self.write.id, why, "a hook says no");
                let (service, decision) = (self.write.service.clone(), self.write.id.clone());
                let told = self.executor.engine.ask(|reply| Message::Vetoed(service, decision, why, reply)).await;
                if matches!(told, Ok(Ok(()))) {
                    return false;
                }
            }
            Err(error) => tracing::debug!(decision = %self.write.id, error = one_line(&error), "hooks cannot be asked"),
        }
        self.pause(&mut pause).await;
        false
    }

    /// Accepted does not mean applied: the zone has to show it. What it still shows of before may be a listing that lags
    /// behind; then the write is found out about like any other whose outcome is not known.
    async fn read_back(self, permit: Permit) {
        let mut pause = PAUSE_MIN;
        for _ in 0..LAGGING_LOOKS {
            match self.look_until_seen().await {
                Some(Sighting::Ours(view)) => return self.settle(WriteOutcome::Applied(view)).await,
                Some(Sighting::Other(view)) if !self.shows_what_was_before(&view) => {
                    let text = "the provider accepted it, but another fence is in the zone".to_owned();
                    return self.settle(WriteOutcome::Conflicted(text)).await;
                }
                Some(Sighting::Other(_)) => {}
                None => return self.resolve("the process is stopping", Some(permit)).await,
            }
            if self.pause(&mut pause).await {
                break;
            }
        }
        self.resolve("the provider accepted it, but its fence is not in the zone", Some(permit)).await;
    }

    /// Whether the fence is the one that the write was to replace, or an older one still.
    fn shows_what_was_before(self, view: &ZoneView) -> bool {
        if view.parsed_fence().is_some_and(|found| found.order() < self.write.fence.order()) {
            return true;
        }
        match (&self.write.change.guard, &view.fence) {
            (Guard::Exactly { text: required, .. }, FoundFence::Present { text, .. }) => required == text,
            (Guard::Absent, FoundFence::Absent) => true,
            (Guard::Exactly { .. } | Guard::Absent, _) => false,
        }
    }

    async fn refused(self, error: ProviderError, permit: Permit) {
        let reason = error.to_string();
        match error {
            // Our own id in the fence is success, whatever the answer to this or a repeated message was.
            ProviderError::Conflict { .. } => match self.look_until_seen().await {
                Some(Sighting::Ours(view)) => self.settle(WriteOutcome::Applied(view)).await,
                Some(Sighting::Other(_)) => self.settle(WriteOutcome::Conflicted(reason)).await,
                None => {}
            },
            ProviderError::OutcomeUnknown { .. } => self.resolve(&reason, Some(permit)).await,
            // Whoever counts calls may count one that was carried out. Not to find out in a moment changes nothing: it is
            // found in the zone then, whenever that is read.
            ProviderError::Throttled { .. } => match tokio::time::timeout(THROTTLED_LOOK, self.look()).await {
                Ok(Ok(Sighting::Ours(view))) => self.settle(WriteOutcome::Applied(view)).await,
                Ok(Ok(Sighting::Other(_)) | Err(_)) | Err(_) => self.settle(WriteOutcome::Unreachable(reason)).await,
            },
            ProviderError::Transient { .. } => self.settle(WriteOutcome::Unreachable(reason)).await,
            ProviderError::Denied { .. } | ProviderError::Invalid { .. } => {
                self.settle(WriteOutcome::Denied(reason)).await;
            }
        }
    }

    /// One look at the zone.
    pub(super) async fn look(self) -> Result<Sighting, ProviderError> {
        let view = self.provider.adapter.read(&ReadRequest::for_service(self.service), Urgency::Flip).await?;
        failpoint::reach(Failpoint::DuringReadBack);
        let ours = match &view.fence {
            FoundFence::Present { text, .. } => {
                *text == self.write.change.fence
                    || view.parsed_fence().is_some_and(|fence| self.write.is_carried_by(&fence))
            }
            FoundFence::Absent | FoundFence::Unreadable { .. } => false,
        };
        Ok(if ours { Sighting::Ours(Box::new(view)) } else { Sighting::Other(Box::new(view)) })
    }

    /// Looks until the provider can be read. `None` if the process is asked to stop before.
    async fn look_until_seen(self) -> Option<Sighting> {
        let mut pause = PAUSE_MIN;
        loop {
            match self.look().await {
                Ok(sighting) => return Some(sighting),
                Err(error) => self.note_uncertain(&error.to_string()).await,
            }
            if self.pause(&mut pause).await {
                return None;
            }
        }
    }

    pub(super) async fn note_uncertain(self, reason: &str) {
        let message = Message::Uncertain(self.write.service.clone(), self.write.id.clone(), reason.to_owned());
        // A stopped engine means a stopping process; the row in the outbox stays.
        let _stopping = self.executor.engine.tell(message).await;
    }

    /// Tells the engine until it has committed it.
    pub(super) async fn settle(self, outcome: WriteOutcome) {
        failpoint::reach(Failpoint::BeforeSettle);
        let mut pause = PAUSE_MIN;
        loop {
            let (service, decision, outcome) = (self.write.service.clone(), self.write.id.clone(), outcome.clone());
            let told = self.executor.engine.ask(|reply| Message::Settled(service, decision, outcome, reply)).await;
            match told {
                Ok(Ok(())) | Err(_) => return,
                // The engine tells it once; this is each try.
                Ok(Err(error)) => tracing::debug!(decision = %self.write.id, error, "a settlement was not committed"),
            }
            if self.pause(&mut pause).await {
                return;
            }
        }
    }

    /// Waits a little, longer each time. True if the process is asked to stop.
    pub(super) async fn pause(self, pause: &mut Duration) -> bool {
        let stopping = tokio::time::timeout(*pause, self.stop.cancelled()).await.is_ok();
        *pause = (*pause * 2).min(PAUSE_MAX);
        stopping
    }
}
