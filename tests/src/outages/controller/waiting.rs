//! How a service waits for the others, how it is counted among them, and what is said of its standing still.

use std::time::Duration;

use dns_core::explain::standstill::{Scene, why_not};
use dns_core::fleet::{BlastRadius, Presence, Withheld};
use dns_core::judgement::{Health, Judgement};
use dns_core::machine::Machine;
use dns_core::time::Timestamp;

use super::Controller;

/// How long it takes until it has shown whether a part of a region fails or all of it, as in the engine.
const PART_OR_ALL: Duration = Duration::from_secs(30);

/// A service that would leave its region, and is kept from it by the others.
pub(super) struct Wait {
    since: Timestamp,
    judgement: Judgement,
    /// Nothing is told of it yet.
    quietly: bool,
}

impl Controller {
    /// Whether the others keep it from leaving and nothing is told of that, as the engine finds before it steps a service: it
    /// waits for its wave, or it shows only now whether more than a part of its region fails.
    pub(super) fn waits_its_turn(&mut self, judgement: &Judgement, now: Timestamp) -> bool {
        let active = self.saga.machine(self.saga.teller(now)).and_then(|machine| machine.memory().active());
        let fails = active.filter(|active| judgement.health(active) == Health::Failing && self.outbox.is_empty());
        let since = self.waits.as_ref().map_or(now, |wait| wait.since);
        let quietly = match fails.map(|active| self.others.admit(active)) {
            None | Some(Ok(())) => {
                self.waits = None;
                return false;
            }
            Some(Err(Withheld::UntilItsWave(_))) => true,
            Some(Err(Withheld::UntilOrdered(_))) => now.since(since) < PART_OR_ALL,
        };
        self.waits = Some(Wait { since, judgement: judgement.clone(), quietly });
        quietly
    }

    /// Notes since when it is in its state.
    pub(super) fn note_state(&mut self, now: Timestamp) {
        let state = self.saga.machine(self.saga.teller(now)).map(Machine::state);
        let known = self.entered.map(|(state, _)| state);
        if let Some(state) = state.filter(|state| Some(*state) != known) {
            self.entered = Some((state, now));
        }
    }

    /// As what it is counted.
    pub fn presence(&self, radius: &BlastRadius, now: Timestamp) -> Presence {
        let presence = Presence::of(&self.saga, radius, now);
        match &self.waits {
            Some(wait) => presence.judged(&wait.judgement),
            None => presence,
        }
    }

    /// Why nothing happens, in the sentences that an operator who asks is given.
    pub fn explain(&self, now: Timestamp) -> impl Iterator<Item = String> {
        let around = self.around_of(now, 0);
        let waits_its_turn = self.waits.as_ref().is_some_and(|wait| wait.quietly);
        let entered = self.entered.map_or(now, |(_, at)| at);
        let scene = Scene { saga: &self.saga, around: &around, entered, fault: None, waits_its_turn };
        why_not(&scene).sentences.into_iter().map(|sentence| sentence.text)
    }
}
