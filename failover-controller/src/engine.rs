//! The engine: the one task that owns the state of every service.
//!
//! Everything else sends it messages and watches what it publishes. Each message becomes an event of the pure core;
//! the new state, the outbox and the history of one step are committed in one transaction, and only then do the
//! effects take place. A commit that fails leaves the old state standing, as if the event had not come.
//!
//! It runs without a store, too, and then decides nothing and says why ([`loading`], [`trouble`]).

pub(crate) mod evidence;
pub(crate) mod handle;
mod loading;
pub(crate) mod snapshot;
mod trouble;
mod unit;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dns_core::fence::DecisionId;
use dns_core::identifier::{Actor, ServiceName, VantageName};
use dns_core::judgement::judge;
use dns_core::machine::command::Order;
use dns_core::machine::effect::{Effect, PermitAnswer, Step};
use dns_core::machine::event::Event;
use dns_core::service::Service;
use dns_core::time::Timestamp;
use dns_provider::port::{Permit, ProviderError};
use dns_service::clock::Clock;
use dns_service::exit::one_line;
use dns_service::failpoint::{self, Failpoint};
use dns_store::port::{Store, StoreError};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::reader::ReadNow;
use crate::verifier::Verifications;
use evidence::{Due, Witnesses};
use handle::{Message, OrderAnswer};
use loading::Waiting;
use snapshot::Snapshot;
use trouble::Trouble;
use unit::{NotStepped, Unit};

/// The pause between two looks at the time: judgements grow stale, pauses end, decisions expire.
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
    /// The services whose state is not loaded.
    waiting: BTreeMap<ServiceName, Waiting>,
    witnesses: Witnesses,
    trouble: Trouble,
    /// Which opening of the store everything was loaded from.
    incarnation: u64,
    last_turn: Turn,
}

/// When the loop last turned, by both clocks.
#[derive(Clone, Copy)]
struct Turn {
    now: Timestamp,
    wall: Timestamp,
}

/// Runs until cancelled. Services are loaded as soon as the store has them.
pub(crate) async fn run(
    parts: Parts,
    mut messages: mpsc::Receiver<Message>,
    publish: watch::Sender<Arc<Snapshot>>,
    stop: CancellationToken,
) {
    let mut owner = Owner::new(parts);
    let mut ticks = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            // Before messages: however many there are, time passes and what is known is published.
            _ = ticks.tick() => {
                owner.turn().await;
                // Counted from the end: after a turn that the store held up the next would be due at once, and messages
                // would never have theirs.
                ticks.reset();
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
        owner.publish(&publish);
    }
}

impl Owner {
    fn new(parts: Parts) -> Self {
        let (now, wall) = (parts.clock.now(), parts.clock.wall());
        Self {
            units: BTreeMap::new(),
            waiting: loading::all(&parts.services, now),
            witnesses: Witnesses::new(&parts.vantage_points, &parts.services),
            trouble: Trouble::default(),
            incarnation: parts.store.incarnation(),
            last_turn: Turn { now, wall },
            parts,
        }
    }

    /// What is due with time alone.
    async fn turn(&mut self) {
        self.note_turn();
        let failures = self.trouble.failures();
        self.trouble.reopen();
        self.notice_another_file().await;
        self.load_waiting().await;
        self.try_store_again().await;
        self.judge_all().await;
        if self.trouble.failures() == failures {
            self.trouble.end();
        }
        self.trouble.tell(self.parts.store.trouble());
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
                // Only a commit is an answer that ends the executor's part.
                let _gone = reply.send(stepped.map(drop).map_err(|error| one_line(&error)));
            }
            Message::Delivered(service, decision, delivery) => {
                if let Some(unit) = self.units.get_mut(&service) {
                    unit.note_delivery(decision, delivery);
                }
            }
            Message::Verified(service, decision, deliveries, reply) => {
                let event = Event::Verified { decision: decision.clone(), deliveries: deliveries.clone() };
                let stepped = self.step(&service, event).await;
                // An answer that nobody waits for any more says nothing of what is served now.
                let wanted = matches!(&stepped, Ok(step) if step.refusal.is_none());
                if let Some(unit) = self.units.get_mut(&service).filter(|_| wanted) {
                    unit.note_deliveries(&decision, &deliveries);
                }
                let _gone = reply.send(stepped.map(drop).map_err(|error| one_line(&error)));
            }
        }
    }

    async fn order(&mut self, service: &ServiceName, order: Order) -> OrderAnswer {
        if let Some(waiting) = self.waiting.get(service) {
            let own = waiting.reason().map(str::to_owned);
            let why = own.or_else(|| self.trouble.text(self.parts.store.trouble()));
            return OrderAnswer::StoreFailed(why.unwrap_or_else(|| "its state is being loaded".to_owned()));
        }
        if !self.units.contains_key(service) {
            return OrderAnswer::NoService;
        }
        tracing::info!(%service, command = ?order.command, by = %order.by, "order");
        match self.step(service, Event::Commanded(order)).await {
            Err(error) => OrderAnswer::StoreFailed(one_line(&error)),
            Ok(step) => match step.refusal {
                Some(refusal) => OrderAnswer::Refused(refusal),
                None => OrderAnswer::Taken(step.decision),
            },
        }
    }

    async fn permit(&mut self, service: &ServiceName, decision: DecisionId) -> Result<Permit, String> {
        // Before the judgement and the commit: a process that is stopped or starved from here on signs with this time,
        // and the server's own clock refuses it.
        let granted = self.parts.clock.wall();
        // The newest evidence, not that of the last tick.
        self.judge_one(service).await;
        let length = self.units.get(service).map(Unit::permit_length).ok_or("its state is not loaded")?;
        match self.step(service, Event::PermitAsked { decision }).await {
            Ok(step) => match step.permit {
                Some(PermitAnswer::Granted) => Ok(Permit { granted, length }),
                Some(PermitAnswer::Refused(why)) => Err(why),
                None => Err("the decision has ended".to_owned()),
            },
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

    /// One step of one service: commit, then carry out.
    async fn step(&mut self, name: &ServiceName, event: Event) -> Result<Step, NotStepped> {
        let Some(unit) = self.units.get_mut(name) else { return Err(NotStepped::NotLoaded(name.clone())) };
        let stepped = unit.step(&event, &self.parts, self.trouble.shut()).await;
        match stepped {
            Ok(step) => {
                self.carry_out(name, &step.effects);
                Ok(step)
            }
            Err(NotStepped::Refused(error)) => {
                self.take_in(&error).await;
                Err(error.into())
            }
            Err(error @ (NotStepped::NotLoaded(_) | NotStepped::Shut(_))) => Err(error),
        }
    }

    /// What follows from a commit that was refused, whoever tried it.
    async fn take_in(&mut self, error: &StoreError) {
        self.trouble.note(error);
        if matches!(error, StoreError::Stale { .. }) {
            self.load_anew().await;
        }
    }

    /// A store that failed is tried with a commit that changes nothing: quiet services would not show that it is back.
    async fn try_store_again(&mut self) {
        let failing = self.trouble.is_failing() && self.trouble.shut().is_none();
        let Some(unit) = self.units.values_mut().next().filter(|_| failing) else { return };
        if let Err(error) = unit.commit_unchanged(&self.parts).await {
            self.take_in(&error).await;
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

    fn publish(&self, to: &watch::Sender<Arc<Snapshot>>) {
        let snapshot = Arc::new(self.snapshot());
        let is_open = || snapshot.services.values().any(|view| view.memory.open().is_some());
        failpoint::reach_if(Failpoint::Publishing, is_open);
        to.send_replace(snapshot);
    }

    fn snapshot(&self) -> Snapshot {
        let now = self.parts.clock.now();
        let trouble = self.trouble.text(self.parts.store.trouble());
        let history = self.parts.store.history_trouble();
        let loaded =
            self.units.iter().map(|(name, unit)| (name.clone(), unit.view(trouble.as_deref(), history.as_ref())));
        let waiting = self
            .waiting
            .iter()
            .map(|(name, waiting)| (name.clone(), waiting.view(trouble.as_deref(), history.as_ref())));
        Snapshot {
            at: now,
            actor: Some(self.parts.actor.clone()),
            services: loaded.chain(waiting).collect(),
            unloaded: self.waiting.keys().cloned().collect(),
            witnesses: self.witnesses.reports(now),
            store_error: trouble,
            published: Some(Instant::now()),
            stall: None,
        }
    }
}

#[cfg(test)]
mod tests;
