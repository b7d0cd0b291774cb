//! What an engine does around a saga: one step, one commit, and then its effects. And how processes begin, stop and end.

use std::sync::Arc;

use dns_core::history::HistoryEntry;
use dns_core::machine::effect::Effect;
use dns_core::machine::event::{Delivery, DeliveryOutcome, Event};
use dns_core::saga::{Around, PlacedEffect, SagaStep};
use dns_core::service::{Everywhere, Service};
use dns_core::write::{Initiative, PlannedWrite, WriteStage};

use super::Ms;
use super::chance::Purpose;
use super::controller::{Life, Row};
use super::guard::Guard;
use super::happening::{Happening, Step, Store};
use super::world::{Occurrence, World};
use super::writing::Phase;

/// After a longer stop a process distrusts all evidence until it has heard it anew.
const STALL: Ms = 2_000;

impl World<'_> {
    /// One step of a controller's saga, of one place or of all. `None` if the store did not take it: then nothing happened.
    pub(super) fn step(&mut self, controller: usize, place: Option<usize>, event: &Event) -> Option<SagaStep> {
        self.nonce += 100;
        self.tally.saga_steps += 1;
        let known = &self.controllers[controller];
        let service = self.service_of(controller);
        let at = place.map(|place| service.projections()[place].place());
        let around = Around {
            service,
            actor: known.actor.clone(),
            now: known.clock(self.now),
            nonce: self.nonce,
            fleet: Arc::default(),
        };
        let refuses = self.now < known.store_refuses_until;
        let known = &mut self.controllers[controller];
        let before = refuses.then(|| known.saga.clone());
        let step = match &at {
            Some(place) => known.saga.step_at(place, event, &around),
            None => known.saga.step(event, &around),
        };
        if let Some(before) = before {
            known.saga = before;
            return None;
        }
        for placed in &step.effects {
            self.carry_out(controller, placed);
        }
        self.check_controller(controller);
        self.plan_next_look(controller);
        Some(step)
    }

    /// The service as a controller has it configured.
    pub(super) fn service_of(&self, controller: usize) -> Everywhere {
        let service = &self.configurations[self.controllers[controller].configuration].service;
        if self.without != Some(Guard::ConfigurationOrder) {
            return service.clone();
        }
        let newest = self.configurations[self.newest].service.lead().revision;
        let pretending = service.projections().iter().map(|one| Service { revision: newest, ..Service::clone(one) });
        Everywhere::new(pretending).expect("invariant: a service has at least one place")
    }

    /// The service as a controller sees it at a place.
    pub(super) fn projection(&self, controller: usize, place: usize) -> Arc<Service> {
        Arc::clone(&self.configurations[self.controllers[controller].configuration].service.projections()[place])
    }

    fn carry_out(&mut self, controller: usize, PlacedEffect { place, effect }: &PlacedEffect) {
        let projections = self.configurations[0].service.projections();
        let place = projections.iter().position(|one| one.provider == place.provider);
        let place = place.expect("invariant: effects are of places that are configured");
        match effect {
            Effect::Enqueue(write) => self.enqueue(controller, place, write),
            Effect::MarkSent(decision) => {
                let row = self.controllers[controller].outbox[place].as_mut().filter(|row| row.write.id == *decision);
                row.expect("invariant: what is marked is in the outbox").stage = WriteStage::Sent;
            }
            Effect::Dequeue(_) => {
                self.controllers[controller].outbox[place] = None;
                self.read_at(controller, place, self.now + 1_000);
            }
            Effect::Record(row) => self.note(controller, row),
            Effect::ReadZone => {
                let wait = self.setting.chance.dice(Purpose::Read, controller * 2 + place, self.now).between(1, 60);
                self.read_at(controller, place, self.now + wait);
            }
            Effect::Verify(decision) => {
                let mut dice = self.setting.chance.dice(Purpose::Verify, controller * 2 + place, self.now);
                let at = self.now + dice.between(200, 20_000);
                let (incarnation, decision) = (self.controllers[controller].incarnation, decision.clone());
                self.plan(at, Occurrence::Verified { controller, incarnation, decision });
            }
        }
    }

    fn enqueue(&mut self, controller: usize, place: usize, write: &PlannedWrite) {
        let who = match write.initiative {
            Initiative::Automatic => "automatic",
            Initiative::Manual { .. } => "by hand",
        };
        let follows = if write.aligns() { ", following" } else { "" };
        *self.tally.decisions.entry(format!("{} {who}{follows}", write.kind.as_str())).or_default() += 1;
        self.serial += 1;
        let row = Row::new(write.clone(), WriteStage::Pending, self.serial);
        self.controllers[controller].outbox[place] = Some(row);
        let mut dice = self.setting.chance.dice(Purpose::Decide, controller * 2 + place, self.now);
        let wait = if dice.one_in(20) { dice.spread(1_000, 30_000) } else { dice.between(5, 300) };
        self.go_on_after(controller, place, Phase::Permit, wait);
    }

    fn note(&mut self, controller: usize, row: &HistoryEntry) {
        *self.tally.history.entry(row.kind.as_str()).or_default() += 1;
        self.tell(|| format!("  controller-{} {}: {}", controller + 1, row.kind, row.summary));
    }

    pub(super) fn verify(&mut self, controller: usize, decision: dns_core::fence::DecisionId) {
        let mut dice = self.setting.chance.dice(Purpose::Verify, controller, self.now);
        let outcome = match dice.below(12) {
            0 => DeliveryOutcome::Old,
            1 => DeliveryOutcome::Silent,
            _ => DeliveryOutcome::Served,
        };
        let server = "ns1.example.net:53".to_owned();
        let deliveries = vec![Delivery { server, outcome, took: None, detail: None }];
        if self.step(controller, None, &Event::Verified { decision: decision.clone(), deliveries }).is_none() {
            let incarnation = self.controllers[controller].incarnation;
            self.plan(self.now + 5_000, Occurrence::Verified { controller, incarnation, decision });
        }
    }

    /// A process begins: with what the store holds, and nothing else.
    pub(super) fn start(&mut self, controller: usize) {
        let clock = self.controllers[controller].wall(self.now);
        let known = &mut self.controllers[controller];
        known.life = Life::Runs;
        known.skew_at_start = known.skew;
        known.book.clear();
        known.hears.fill(false);
        (known.due, known.forced, known.failing_since) = (None, None, None);
        known.reads_at.fill(None);
        known.saw.fill(None);
        for vantage in 0..self.setting.vantages {
            self.plan_connection(controller, vantage);
        }
        for place in 0..self.setting.places {
            self.read_at(controller, place, self.now + 100);
            self.take_up(controller, place, clock);
        }
        self.plan(self.now + 250, Occurrence::Judged { controller });
    }

    /// What a former process left: writes in the outbox, verifications.
    fn take_up(&mut self, controller: usize, place: usize, clock: dns_core::time::Timestamp) {
        let known = &mut self.controllers[controller];
        let incarnation = known.incarnation;
        if let Some(row) = &mut known.outbox[place] {
            (row.permit, row.dead_at) = (None, None);
            let phase = match row.stage {
                WriteStage::Pending => Phase::Permit,
                WriteStage::Sent => {
                    row.dead_at = Some(super::writing::dead_at(clock));
                    Phase::Resolve
                }
            };
            self.go_on_after(controller, place, phase, 200);
        }
        let known = &self.controllers[controller];
        let unfinished = known.saga.machines().nth(place).and_then(|(_, machine)| {
            machine.memory().being_verified()?;
            machine.memory().held()?.write.as_str().parse().ok()
        });
        if let Some(decision) = unfinished {
            self.plan(self.now + 3_000, Occurrence::Verified { controller, incarnation, decision });
        }
    }

    /// A stopped process goes on, or a dead one begins again.
    pub(super) fn wake(&mut self, controller: usize, incarnation: u64) {
        if self.controllers[controller].incarnation != incarnation {
            return;
        }
        match self.controllers[controller].life {
            Life::Dead { .. } => {
                self.tell(|| format!("controller-{} begins", controller + 1));
                self.start(controller);
            }
            Life::Stopped { since, until } if until <= self.now => {
                self.controllers[controller].life = Life::Runs;
                self.tell(|| format!("controller-{} goes on", controller + 1));
                self.hear_after_stop(controller, self.now - since > STALL);
            }
            Life::Runs | Life::Stopped { .. } => {}
        }
    }

    fn hear_after_stop(&mut self, controller: usize, distrusts: bool) {
        if distrusts {
            self.controllers[controller].book.clear();
        }
        for vantage in 0..self.setting.vantages {
            if distrusts {
                self.controllers[controller].hears[vantage] = false;
                self.plan_connection(controller, vantage);
            } else if self.controllers[controller].hears[vantage] {
                self.hear_all(controller, vantage);
            }
        }
        self.judge(controller);
    }

    /// A process stops or dies, for as long as it was said.
    pub(super) fn strike_process(&mut self, controller: usize, what: &Happening) {
        let now = self.now;
        match what {
            Happening::Stopped { lasts, .. } if self.controllers[controller].runs() => {
                self.controllers[controller].life = Life::Stopped { since: now, until: now + lasts };
            }
            Happening::Crashed { lasts, store, .. } => {
                self.controllers[controller].incarnation += 1;
                self.controllers[controller].life = Life::Dead { until: now + lasts };
                self.strike_store(controller, *store);
            }
            _already_down => return,
        }
        let (incarnation, Life::Stopped { until, .. } | Life::Dead { until }) =
            (self.controllers[controller].incarnation, self.controllers[controller].life)
        else {
            return;
        };
        self.plan(until, Occurrence::Awake { controller, incarnation });
    }

    fn strike_store(&mut self, controller: usize, store: Store) {
        let service = self.configurations[self.controllers[controller].configuration].service.clone();
        let backup = self.controllers[controller].backup.clone();
        let mut serial = self.serial;
        let mut next = || {
            serial += 1;
            serial
        };
        match store {
            Store::Kept => self.controllers[controller].reload(&service),
            Store::Older if backup.is_some() => {
                self.controllers[controller].set_store_back(backup, &service, &mut next);
            }
            // There is no backup: the store begins empty.
            Store::Older | Store::Empty => self.controllers[controller].set_store_back(None, &service, &mut next),
        }
        self.serial = serial;
        if store != Store::Kept {
            self.ledger.forget_controller(controller);
        }
    }

    /// Whether a trap is set for this step of a controller's write; then it strikes.
    pub(super) fn is_trapped(&mut self, controller: usize, step: Step) -> bool {
        let traps = &mut self.controllers[controller].traps;
        let Some(rank) = traps.iter().position(|(_, at, _)| *at == step) else { return false };
        let Some((entry, _, what)) = traps.remove(rank) else { return false };
        self.struck(entry);
        self.strike_process(controller, &what);
        true
    }

    /// A controller begins anew with another configuration.
    pub(super) fn reload(&mut self, controller: usize, configuration: usize) {
        if self.controllers[controller].configuration >= configuration {
            return;
        }
        self.controllers[controller].configuration = configuration;
        if matches!(self.controllers[controller].life, Life::Dead { .. }) {
            let service = self.configurations[configuration].service.clone();
            return self.controllers[controller].reload(&service);
        }
        let what = Happening::Crashed { controller, at: None, lasts: 1_500, store: Store::Kept };
        self.strike_process(controller, &what);
    }
}
