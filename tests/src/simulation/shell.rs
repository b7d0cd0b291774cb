//! What an engine does around a saga: one step, one commit, and then its effects.

use std::sync::Arc;

use dns_core::history::HistoryEntry;
use dns_core::machine::effect::Effect;
use dns_core::machine::event::{Delivery, DeliveryOutcome, Event};
use dns_core::saga::{Around, PlacedEffect, Saga, SagaStep};
use dns_core::service::{Everywhere, Service};
use dns_core::write::{Initiative, PlannedWrite, WriteStage};

use super::chance::Purpose;
use super::controller::Row;
use super::guard::{Guard, removal};
use super::world::{Occurrence, World};
use super::writing::Phase;

impl World<'_> {
    /// One step of a controller's saga, of one place or of all. `None` if the store did not take it: then nothing happened.
    pub(super) fn step(&mut self, controller: usize, place: Option<usize>, event: &Event) -> Option<SagaStep> {
        if self.setting.leeway.is_gated() && may_decide(event) {
            // Gates answer every few seconds, and each answer is judged: nothing is decided by an older one.
            self.judge_afresh(controller);
        }
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
            fleet: self.fleets.as_ref().map(|fleets| Arc::clone(&fleets[controller])).unwrap_or_default(),
        };
        let refuses = self.now < known.store_refuses_until;
        let known = &mut self.controllers[controller];
        let before = refuses.then(|| known.saga.clone());
        let step = match &at {
            Some(place) => known.saga.step_at(place, event, &around),
            None => known.saga.step(event, &around),
        };
        if let Some(before) = before {
            if self.without == Some(Guard::OneCommit) {
                self.check_controller(controller);
            } else {
                known.saga = before;
            }
            return None;
        }
        for placed in &step.effects {
            self.carry_out(controller, placed);
        }
        if self.without == Some(Guard::NotPinned) {
            self.forget_pins(controller);
        }
        self.check_controller(controller);
        self.plan_next_look(controller);
        Some(step)
    }

    /// The service as a controller has it configured.
    pub(super) fn service_of(&self, controller: usize) -> Everywhere {
        let service = &self.configurations[self.controllers[controller].configuration].service;
        let Some(guard) = self.without else { return service.clone() };
        let newest = self.configurations[self.newest].service.lead().revision;
        let without = service.projections().iter().map(|one| guard.loosen(one, newest));
        Everywhere::new(without).expect("invariant: a service has at least one place")
    }

    /// Without pins what operators have moved is like anything else. What was seen is forgotten with them, and seen anew.
    fn forget_pins(&mut self, controller: usize) {
        let service = self.service_of(controller);
        let known = &mut self.controllers[controller];
        if known.saga.machines().any(|(_, machine)| machine.memory().pin().is_some()) {
            let forgetful = removal::without_pins(&known.saga.to_envelope());
            known.saga = Saga::from_envelope(&forgetful, &service).expect("invariant: a pin is no must");
            (0..self.setting.places).for_each(|place| self.read_at(controller, place, self.now + 1));
        }
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
        let write = if self.without == Some(Guard::OwnName) { removal::nameless(write) } else { write.clone() };
        let row = Row::new(write, WriteStage::Pending, self.serial);
        self.controllers[controller].outbox[place] = Some(row);
        let mut dice = self.setting.chance.dice(Purpose::Decide, controller * 2 + place, self.now);
        let wait = if dice.one_in(20) { dice.spread(1_000, 30_000) } else { dice.between(5, 300) };
        self.go_on_after(controller, place, Phase::Hook, wait);
    }

    fn note(&mut self, controller: usize, row: &HistoryEntry) {
        *self.tally.history.entry(row.kind.as_str()).or_default() += 1;
        self.tell(|| format!("  controller-{} {}: {}", controller + 1, row.kind, row.summary));
    }

    pub(super) fn verify(&mut self, controller: usize, decision: dns_core::fence::DecisionId) {
        let mut dice = self.setting.chance.dice(Purpose::Verify, controller, self.now);
        let outcome = match dice.below(12) {
            // In the end, when a convoy has to leave, every server does what it should.
            _ if self.fleets.is_some() && self.now >= self.span => DeliveryOutcome::Served,
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
}

/// Whether a decision may follow by what was judged before. Judgements come before permits anyway.
fn may_decide(event: &Event) -> bool {
    match event {
        Event::ZoneRead(_) | Event::Commanded(_) | Event::WriteSettled { .. } | Event::Verified { .. } => true,
        Event::Judged(_)
        | Event::ZoneUnreadable { .. }
        | Event::SiblingsChanged
        | Event::HookVetoed { .. }
        | Event::PermitAsked { .. }
        | Event::WriteUncertain { .. } => false,
    }
}
