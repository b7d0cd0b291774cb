//! The engine: the one task that owns the state of every service.
//!
//! Everything else sends it messages and watches what it publishes. Each message becomes an event of the pure core;
//! the new state, the outbox and the history of one step are committed in one transaction, and only then do the
//! effects take place. A commit that fails leaves the old state standing, as if the event had not come.

pub(crate) mod evidence;
pub(crate) mod handle;
pub(crate) mod snapshot;
mod unit;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dns_core::fence::DecisionId;
use dns_core::identifier::{Actor, ServiceName, VantageName};
use dns_core::judgement::judge;
use dns_core::machine::command::Order;
use dns_core::machine::effect::{Effect, PermitAnswer};
use dns_core::machine::event::Event;
use dns_core::service::Service;
use dns_core::time::Timestamp;
use dns_provider::port::{Permit, ProviderError};
use dns_service::clock::Clock;
use dns_service::exit::one_line;
use dns_store::port::{Store, StoreError};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::reader::ReadNow;
use crate::verifier::Verifications;
use evidence::{Due, Witnesses};
use handle::{Message, OrderAnswer};
use snapshot::Snapshot;
use unit::Unit;

/// How often the engine looks at the time: judgements grow stale, pauses end, decisions expire.
const TICK: Duration = Duration::from_millis(250);

/// A gap between two turns of the loop after which everything heard before is distrusted: the process was stopped or
/// starved, and what waits in its sockets is old. Eight ticks, so that a slow commit is not taken for a stall.
const STALL: Duration = Duration::from_secs(2);

/// What the engine needs from outside.
pub(crate) struct Parts {
    /// This controller's name.
    pub(crate) actor: Actor,
    /// The clock.
    pub(crate) clock: Clock,
    /// Every service, with how long its provider's permits last.
    pub(crate) services: Vec<(Arc<Service>, Duration)>,
    /// Every vantage point.
    pub(crate) vantage_points: Vec<VantageName>,
    /// The store.
    pub(crate) store: Arc<dyn Store>,
    /// Wakes the executor.
    pub(crate) outbox: Arc<Notify>,
    /// Asks for a read of a service's zone.
    pub(crate) read_now: ReadNow,
    /// Starts verifications.
    pub(crate) verifications: Verifications,
    /// Raised after a stall: subscribers reconnect, and say with what they hear on which side of it they asked.
    pub(crate) distrust: watch::Sender<u64>,
}

/// The engine's own state: whoever has it is the engine.
pub(crate) struct Owner {
    parts: Parts,
    units: BTreeMap<ServiceName, Unit>,
    witnesses: Witnesses,
    store_error: Option<String>,
    last_turn: Turn,
}

/// When the loop last turned, by both clocks.
#[derive(Clone, Copy)]
struct Turn {
    now: Timestamp,
    wall: Timestamp,
}

/// Loads every service's state.
///
/// # Errors
/// [`StoreError`] if a state cannot be loaded; nothing was started.
pub(crate) async fn load(parts: Parts) -> Result<Owner, StoreError> {
    Owner::load(parts).await
}

/// Runs until cancelled.
pub(crate) async fn run(
    mut owner: Owner,
    mut messages: mpsc::Receiver<Message>,
    publish: watch::Sender<Arc<Snapshot>>,
    stop: CancellationToken,
) {
    owner.resume();
    publish.send_replace(Arc::new(owner.snapshot()));
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            // Before messages: however many there are, time passes and what is known is published.
            _ = ticks.tick() => {
                owner.note_turn();
                owner.try_store_again().await;
                owner.judge_all().await;
            }
            Some(message) = messages.recv() => {
                owner.note_turn();
                let heartbeat = matches!(message, Message::Heard(_, _));
                owner.handle(message).await;
                if heartbeat {
                    // The next tick publishes it; a copy of everything for each would be waste.
                    continue;
                }
            }
        }
        publish.send_replace(Arc::new(owner.snapshot()));
    }
}

impl Owner {
    async fn load(parts: Parts) -> Result<Self, StoreError> {
        let mut units = BTreeMap::new();
        let now = parts.clock.now();
        for (service, permit) in &parts.services {
            let stored = parts.store.state(&service.name).await?;
            units.insert(service.name.clone(), Unit::load(Arc::clone(service), *permit, stored, now)?);
        }
        let witnesses = Witnesses::new(&parts.vantage_points, &parts.services);
        let last_turn = Turn { now, wall: parts.clock.wall() };
        Ok(Self { parts, units, witnesses, store_error: None, last_turn })
    }

    /// Takes up what a former process left: open writes are in the outbox, verifications are begun anew.
    fn resume(&self) {
        for unit in self.units.values() {
            self.parts.read_now.ask(&unit.service().name);
            if let Some((decision, verification)) = unit.unfinished_verification() {
                self.parts.verifications.begin(&unit.service().name, decision, verification);
            }
        }
        self.parts.outbox.notify_one();
    }

    /// Notices that the process was stopped or starved, or the machine suspended: then the monotonic clock stood still
    /// and only the wall clock tells.
    fn note_turn(&mut self) {
        let (now, wall) = (self.parts.clock.now(), self.parts.clock.wall());
        let gap = now.since(self.last_turn.now);
        let expected = self.last_turn.wall + gap;
        let jump = wall.since(expected).max(expected.since(wall));
        self.last_turn = Turn { now, wall };
        if gap > STALL || jump > STALL {
            let (gap_ms, jump_ms) = (gap.as_millis(), jump.as_millis());
            tracing::warn!(
                gap_ms,
                jump_ms,
                "stood still, or the clock jumped; all evidence is distrusted until heard anew"
            );
            metrics::counter!("failover_controller_stalls_total").increment(1);
            self.parts.distrust.send_replace(self.witnesses.distrust_all());
        }
    }

    async fn handle(&mut self, message: Message) {
        match message {
            Message::Heard(vantage, heard) => match self.witnesses.take(&vantage, heard) {
                Due::Nothing => {}
                Due::One(service) => self.judge_one(&service).await,
                Due::All => self.judge_all().await,
            },
            Message::Zone(service, Ok(view)) => {
                if let Some(unit) = self.units.get_mut(&service) {
                    unit.note_read(self.parts.clock.now());
                }
                self.note(&service, Event::ZoneRead(*view)).await;
            }
            Message::Zone(service, Err(error)) => {
                let denied = matches!(error, ProviderError::Denied { .. });
                self.note(&service, Event::ZoneUnreadable { reason: error.to_string(), denied }).await;
            }
            Message::Order(service, order, reply) => {
                let answer = self.order(&service, order).await;
                // A caller that has gone away finds the outcome in the history.
                let _gone = reply.send(answer);
            }
            Message::Permit(service, decision, reply) => {
                let answer = self.permit(&service, decision).await;
                let _gone = reply.send(answer);
            }
            Message::Uncertain(service, decision, reason) => {
                self.note(&service, Event::WriteUncertain { decision, reason }).await;
            }
            Message::Settled(service, decision, outcome, reply) => {
                let stepped = self.step(&service, Event::WriteSettled { decision, outcome }).await;
                let _gone = reply.send(stepped.map(|_| ()).map_err(|error| error.to_string()));
            }
            Message::Verified(service, decision, deliveries, reply) => {
                let event = Event::Verified { decision: decision.clone(), deliveries: deliveries.clone() };
                let stepped = self.step(&service, event).await;
                // An answer that nobody waits for any more says nothing of what is served now.
                let wanted = matches!(&stepped, Ok(Some(step)) if step.refusal.is_none());
                if let Some(unit) = self.units.get_mut(&service).filter(|_| wanted) {
                    unit.note_deliveries(&decision, &deliveries);
                }
                let _gone = reply.send(stepped.map(|_| ()).map_err(|error| error.to_string()));
            }
        }
    }

    async fn order(&mut self, service: &ServiceName, order: Order) -> OrderAnswer {
        if !self.units.contains_key(service) {
            return OrderAnswer::NoService;
        }
        tracing::info!(%service, command = ?order.command, by = %order.by, "order");
        match self.step(service, Event::Commanded(order)).await {
            Err(error) => OrderAnswer::StoreFailed(one_line(&error)),
            Ok(Some(step)) => match step.refusal {
                Some(refusal) => OrderAnswer::Refused(refusal),
                None => OrderAnswer::Taken(step.decision),
            },
            Ok(None) => OrderAnswer::NoService,
        }
    }

    async fn permit(&mut self, service: &ServiceName, decision: DecisionId) -> Result<Permit, String> {
        // Before the judgement and the commit: a process that is stopped or starved from here on signs with this time,
        // and the server's own clock refuses it.
        let granted = self.parts.clock.wall();
        // The newest evidence, not that of the last tick.
        self.judge_one(service).await;
        let length = self.units.get(service).map(Unit::permit_length).ok_or("there is no such service")?;
        match self.step(service, Event::PermitAsked { decision }).await {
            Ok(Some(step)) => match step.permit {
                Some(PermitAnswer::Granted) => Ok(Permit { granted, length }),
                Some(PermitAnswer::Refused(why)) => Err(why),
                None => Err("the decision has ended".to_owned()),
            },
            Ok(None) => Err("there is no such service".to_owned()),
            Err(error) => Err(format!("the permit could not be committed: {}", one_line(&error))),
        }
    }

    async fn judge_all(&mut self) {
        let names: Vec<ServiceName> = self.units.keys().cloned().collect();
        for name in names {
            self.judge_one(&name).await;
        }
    }

    async fn judge_one(&mut self, name: &ServiceName) {
        let Some(unit) = self.units.get(name) else { return };
        let judgement = judge(unit.service(), self.witnesses.book(), self.parts.clock.now());
        self.note(name, Event::Judged(judgement)).await;
    }

    /// A step that comes again by itself, with the next tick, read or try, if its commit fails; `step` has logged it.
    async fn note(&mut self, name: &ServiceName, event: Event) {
        let _again = self.step(name, event).await;
    }

    /// One step of one service: commit, then carry out. `None` if there is no such service.
    async fn step(
        &mut self,
        name: &ServiceName,
        event: Event,
    ) -> Result<Option<dns_core::machine::effect::Step>, StoreError> {
        let Some(unit) = self.units.get_mut(name) else { return Ok(None) };
        let stepped = unit.step(&event, &self.parts).await;
        match stepped {
            Ok(step) => {
                self.carry_out(name, &step.effects);
                Ok(Some(step))
            }
            Err(error) => {
                self.note_store_error(name, &error);
                if matches!(error, StoreError::Stale { .. }) {
                    self.reload(name).await;
                }
                Err(error)
            }
        }
    }

    /// The store is ahead of us: what it holds is the truth.
    async fn reload(&mut self, name: &ServiceName) {
        let stored = self.parts.store.state(name).await;
        let Some(unit) = self.units.get_mut(name) else { return };
        let now = self.parts.clock.now();
        match stored.and_then(|stored| Unit::load(Arc::clone(unit.service()), unit.permit_length(), stored, now)) {
            Ok(loaded) => {
                *unit = loaded;
                self.parts.read_now.ask(name);
            }
            Err(error) => tracing::error!(service = %name, error = one_line(&error), "cannot reload"),
        }
    }

    fn note_store_error(&mut self, name: &ServiceName, error: &StoreError) {
        let text = one_line(error);
        if self.store_error.as_deref() != Some(text.as_str()) {
            tracing::error!(service = %name, error = text, "the store took no commit; the step is undone");
        }
        metrics::counter!("failover_controller_store_failures_total").increment(1);
        self.store_error = Some(text);
    }

    /// A store that failed is tried with a commit that changes nothing: quiet services would not show that it is back.
    async fn try_store_again(&mut self) {
        let Some((name, unit)) = self.units.iter_mut().next().filter(|_| self.store_error.is_some()) else { return };
        let name = name.clone();
        match unit.commit_unchanged(&self.parts).await {
            Ok(()) => {
                tracing::info!("the store takes commits again");
                self.store_error = None;
            }
            Err(error) => self.note_store_error(&name, &error),
        }
    }

    /// Effects that are no rows of the store. They carry no data: who is woken reads the store.
    fn carry_out(&self, name: &ServiceName, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Enqueue(_) => self.parts.outbox.notify_one(),
                Effect::ReadZone => self.parts.read_now.ask(name),
                Effect::Verify(decision) => {
                    let verification = self.units.get(name).and_then(Unit::verification);
                    if let Some(verification) = verification {
                        self.parts.verifications.begin(name, decision.clone(), verification);
                    }
                }
                Effect::MarkSent(_) | Effect::Dequeue(_) | Effect::Record(_) => {}
            }
        }
    }

    fn snapshot(&self) -> Snapshot {
        let now = self.parts.clock.now();
        Snapshot {
            at: now,
            actor: Some(self.parts.actor.clone()),
            services: self.units.iter().map(|(name, unit)| (name.clone(), unit.view())).collect(),
            witnesses: self.witnesses.reports(now),
            store_error: self.store_error.clone(),
        }
    }
}
