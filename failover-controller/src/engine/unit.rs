//! One service in the engine: its machine, the generation that the store holds, and one step at a time.

use std::sync::Arc;
use std::time::Duration;

use dns_core::fence::DecisionId;
use dns_core::history::HistoryEntry;
use dns_core::identifier::ServiceName;
use dns_core::machine::effect::{Effect, Step};
use dns_core::machine::event::{Delivery, Event};
use dns_core::machine::{Machine, State, Surroundings};
use dns_core::service::Service;
use dns_core::time::Timestamp;
use dns_service::exit::one_line;
use dns_service::failpoint::{self, Failpoint};
use dns_store::port::{Commit, Generation, HistoryTrouble, OutboxChange, StoreError, StoredState};

use super::Parts;
use super::snapshot::{ServiceView, VerificationView};
use crate::verifier::Verification;

/// Why a step was not made. Nothing of it happened.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotStepped {
    /// Its state is not loaded: try again later.
    #[error("the state of service {0} is not loaded; it is tried again")]
    NotLoaded(ServiceName),
    /// The store did not take the commit.
    #[error(transparent)]
    Refused(#[from] StoreError),
    /// The store has failed in this turn, and was not asked again.
    #[error("{0}")]
    Shut(String),
}

/// One service.
pub(super) struct Unit {
    service: Arc<Service>,
    permit: Duration,
    machine: Machine,
    generation: Generation,
    /// What the store holds, to see whether a step changed anything that is kept.
    envelope: String,
    entered: Timestamp,
    read: Option<Timestamp>,
    verification: Option<VerificationView>,
    /// What the verification under way has seen so far; for people only, nothing is decided by it.
    delivered: Option<(DecisionId, Vec<Delivery>)>,
}

impl Unit {
    pub(super) fn load(
        service: Arc<Service>,
        permit: Duration,
        stored: Option<StoredState>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let (machine, generation, envelope) = match stored {
            None => {
                let machine = Machine::new();
                let envelope = machine.to_envelope();
                (machine, Generation::default(), envelope)
            }
            Some(StoredState { generation, envelope }) => {
                let corrupt = |error: dns_core::machine::envelope::EnvelopeError| StoreError::Corrupt {
                    subject: format!("state of service {}", service.name),
                    reason: one_line(&error),
                };
                (Machine::from_envelope(&envelope).map_err(corrupt)?, generation, envelope)
            }
        };
        Ok(Self {
            service,
            permit,
            machine,
            generation,
            envelope,
            entered: now,
            read: None,
            verification: None,
            delivered: None,
        })
    }

    pub(super) fn service(&self) -> &Arc<Service> {
        &self.service
    }

    pub(super) fn permit_length(&self) -> Duration {
        self.permit
    }

    /// Steps a copy, commits it, and only then keeps it. A step that changes nothing that is kept costs no commit, and is
    /// made even if the store is `shut`.
    pub(super) async fn step(&mut self, event: &Event, parts: &Parts, shut: Option<&str>) -> Result<Step, NotStepped> {
        let mut next = self.machine.clone();
        let around = Surroundings {
            service: Arc::clone(&self.service),
            actor: parts.actor.clone(),
            now: parts.clock.now(),
            nonce: fastrand::u128(..),
        };
        let now = around.now;
        let step = next.step(event, around);
        let envelope = next.to_envelope();
        if envelope != self.envelope || !step.effects.is_empty() {
            if let Some(why) = shut {
                return Err(NotStepped::Shut(why.to_owned()));
            }
            let commit = self.commit(&envelope, &step.effects);
            if !commit.outbox.is_empty() {
                failpoint::reach(Failpoint::BeforeCommit);
            }
            self.generation = parts.store.commit(&commit).await?;
            if !commit.outbox.is_empty() {
                failpoint::reach(Failpoint::AfterCommit);
            }
            self.envelope = envelope;
        }
        if next.state() != self.machine.state() {
            self.entered = now;
            self.note_transition(self.machine.state(), next.state(), parts);
        }
        self.machine = next;
        step.effects.iter().for_each(note_effect);
        Ok(step)
    }

    /// Commits what the store holds already.
    pub(super) async fn commit_unchanged(&mut self, parts: &Parts) -> Result<(), StoreError> {
        self.generation = parts.store.commit(&self.commit(&self.envelope, &[])).await?;
        Ok(())
    }

    fn commit(&self, envelope: &str, effects: &[Effect]) -> Commit {
        let outbox = effects.iter().filter_map(|effect| match effect {
            Effect::Enqueue(write) => Some(OutboxChange::Add(write.clone())),
            Effect::MarkSent(decision) => Some(OutboxChange::MarkSent(decision.clone())),
            Effect::Dequeue(decision) => Some(OutboxChange::Remove(decision.clone())),
            Effect::Record(_) | Effect::ReadZone | Effect::Verify(_) => None,
        });
        let history = effects.iter().filter_map(|effect| match effect {
            Effect::Record(entry) => Some(entry.clone()),
            Effect::Enqueue(_) | Effect::MarkSent(_) | Effect::Dequeue(_) | Effect::ReadZone | Effect::Verify(_) => {
                None
            }
        });
        Commit {
            service: self.service.name.clone(),
            expected: self.generation,
            envelope: envelope.to_owned(),
            outbox: outbox.collect(),
            history: history.collect(),
        }
    }

    fn note_transition(&self, old: State, new: State, parts: &Parts) {
        let epoch = self.machine.memory().held().map(|fence| fence.epoch.get());
        tracing::info!(service = %self.service.name, old = old.as_str(), new = new.as_str(), epoch, "state changed");
        if new == (State::Suspected {}) {
            // A plan made from a fresh look at the zone meets fewer conflicts.
            parts.read_now.ask(&self.service.name);
        }
    }

    pub(super) fn note_read(&mut self, now: Timestamp) {
        self.read = Some(now);
    }

    pub(super) fn note_delivery(&mut self, decision: DecisionId, delivery: Delivery) {
        match &mut self.delivered {
            Some((known, deliveries)) if *known == decision => deliveries.push(delivery),
            _ => self.delivered = Some((decision, vec![delivery])),
        }
    }

    pub(super) fn note_deliveries(&mut self, decision: &DecisionId, deliveries: &[Delivery]) {
        self.verification =
            Some(VerificationView { decision: decision.clone(), running: false, deliveries: deliveries.to_vec() });
    }

    /// What the newest write should be seen as on every authoritative server.
    pub(super) fn verification(&self) -> Option<Verification> {
        let held = self.machine.memory().held()?;
        let view = self.machine.memory().view()?;
        Some(Verification {
            service: Arc::clone(&self.service),
            fence: held.to_text(&self.service.zone).ok()?,
            expected: held.guarded(&view.rrsets),
            absent: self.service.keys().into_iter().filter(|key| !held.rrs.contains(key)).collect(),
        })
    }

    /// A verification that a former process did not finish: of the newest write, whose answer is the answer to the
    /// move before it as well. Its records come from the configuration, since the zone has not been read yet.
    pub(super) fn unfinished_verification(&self) -> Option<(DecisionId, Verification)> {
        self.machine.memory().being_verified()?;
        let held = self.machine.memory().held()?;
        let decision = held.write.as_str().parse().ok()?;
        Some((decision, Verification::from_configuration(&self.service, held)?))
    }

    /// Of the newest write, whose fence stands on top of the moved records.
    fn delivered_so_far(&self) -> Vec<Delivery> {
        let newest = self.machine.memory().held().map(|held| held.write.as_str());
        let of_newest = self.delivered.as_ref().filter(|(decision, _)| newest == Some(decision.as_str()));
        of_newest.map(|(_, deliveries)| deliveries.clone()).unwrap_or_default()
    }

    pub(super) fn view(&self, trouble: Option<&str>, history: Option<&HistoryTrouble>) -> ServiceView {
        let memory = self.machine.memory();
        let running = memory.being_verified().map(|decision| VerificationView {
            decision: decision.clone(),
            running: true,
            deliveries: self.delivered_so_far(),
        });
        ServiceView {
            service: Arc::clone(&self.service),
            state: self.machine.state(),
            entered: self.entered,
            memory: memory.clone(),
            read: self.read,
            verification: running.or_else(|| self.verification.clone()),
            fault: trouble.map(str::to_owned),
            history: history.cloned(),
        }
    }
}

fn note_effect(effect: &Effect) {
    if let Effect::Record(HistoryEntry { service, kind, decision, summary, page, .. }) = effect {
        let decision = decision.as_ref().map(DecisionId::as_str);
        metrics::counter!("failover_controller_history_rows_total", "service" => service.to_string(), "kind" => kind.as_str())
            .increment(1);
        if *page {
            // A move takes milliseconds: a gauge would fall between two scrapes.
            metrics::counter!("failover_controller_pages_total", "service" => service.to_string()).increment(1);
            tracing::warn!(%service, %kind, decision, summary, page, "history");
        } else {
            tracing::info!(%service, %kind, decision, summary, page, "history");
        }
    }
}
