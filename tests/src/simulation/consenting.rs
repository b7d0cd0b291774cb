//! Who is asked beside the probes: the gates of regions, all the time, and a hook before a move.
//!
//! A gate that goes on saying the same is not asked question by question: the answers that a controller has had up to a
//! moment follow from what the gate has said since.

use std::time::Duration;

use dns_core::gate::{Answer, GateEvidence};
use dns_core::kernel::Rule;
use dns_core::machine::event::Event;
use dns_core::write::PlannedWrite;

use super::Ms;
use super::chance::Purpose;
use super::guard::Guard;
use super::happening::Word;
use super::setting::{GATE_EVERY, GATE_WITHIN, Setting, Silence};
use super::world::{Occurrence, World};
use super::writing::Phase;

/// How long a hook may take.
const HOOK_TIMEOUT: Ms = 2_000;
/// When a hook is asked again whose veto could not be told.
const HOOK_AGAIN: Ms = 1_000;

/// What a gate has said to a controller, as the simulation itself reckons with it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Heeded {
    /// When it was last asked.
    asked: Option<Ms>,
    /// When it was last asked and said yes, unless it has said no since.
    yes: Option<Ms>,
}

impl World<'_> {
    /// A process that begins, or has stood still, knows nothing of gates and asks them at once.
    pub(super) fn ask_gates_anew(&mut self, controller: usize) {
        let mut dice = self.setting.chance.dice(Purpose::Gate, controller, self.now);
        let known = &mut self.controllers[controller];
        known.gates.clear();
        known.heeded.fill(Heeded::default());
        known.asks_from = self.now + dice.between(10, 240);
        if self.setting.leeway.is_gated() {
            let at = known.asks_from;
            self.plan(at, Occurrence::Judged { controller });
        }
    }

    /// Takes in what gates have said up to now.
    pub(super) fn hear_gates(&mut self, controller: usize) {
        if !self.setting.leeway.is_gated() {
            return;
        }
        let Some(asked) = self.last_question(controller) else { return };
        for region in (0..self.setting.regions).filter(|region| self.setting.leeway.gated[*region]) {
            let word = self.gates_say[region];
            let key = Setting::gate_key(region);
            let known = &mut self.controllers[controller];
            let heeded = &mut known.heeded[region];
            if heeded.asked == Some(asked) {
                continue;
            }
            heeded.asked = Some(asked);
            let answer = match word {
                Word::Yes => {
                    heeded.yes = Some(asked);
                    Answer::Yes("lagSeconds 3".to_owned())
                }
                Word::No => {
                    heeded.yes = None;
                    Answer::No("lagSeconds 312, at most 30".to_owned())
                }
                Word::Silence => Answer::Silent("no answer within 2000 ms".to_owned()),
            };
            let at = known.clock(asked);
            let before = known.gates.remove(&key);
            let within = Duration::from_millis(GATE_WITHIN);
            known.gates.insert(key, GateEvidence::after(before, within, at, answer));
        }
    }

    /// The last question that a controller has asked.
    fn last_question(&self, controller: usize) -> Option<Ms> {
        let passed = self.now.checked_sub(self.controllers[controller].asks_from)?;
        Some(self.now - passed % GATE_EVERY)
    }

    /// A gate says something else from now on.
    pub(super) fn gate_says(&mut self, region: usize, word: Word) {
        for controller in 0..self.controllers.len() {
            self.hear_gates(controller);
        }
        self.gates_say[region] = word;
        for controller in 0..self.controllers.len() {
            let asked = self.last_question(controller).unwrap_or(self.now);
            self.plan(asked + GATE_EVERY, Occurrence::Judged { controller });
            // A yes that is followed by silence counts for a while.
            self.plan(asked + GATE_WITHIN + 1, Occurrence::Judged { controller });
        }
    }

    /// Whether the gate of a region has said yes to a controller lately, and not no since.
    pub(super) fn is_gate_open(&self, controller: usize, region: usize) -> bool {
        let yes = self.controllers[controller].heeded[region].yes;
        !self.setting.leeway.gated[region] || yes.is_some_and(|yes| self.now <= yes + GATE_WITHIN)
    }

    /// Before the permit of a move the hook is asked.
    pub(super) fn ask_hook(&mut self, controller: usize, place: usize, write: &PlannedWrite) {
        let Some(silence) = self.setting.leeway.hook.filter(|_| is_asked_about(write)) else {
            return self.go_on_after(controller, place, Phase::Permit, 0);
        };
        let mut dice = self.setting.chance.dice(Purpose::Hook, controller * 2 + place, self.now);
        let (agreed, wait) = match self.hook_says {
            Word::Yes => (true, dice.between(5, 400)),
            Word::No => (false, dice.between(5, 400)),
            Word::Silence => (silence == Silence::Consent, HOOK_TIMEOUT),
        };
        self.go_on_after(controller, place, Phase::HookSaid { agreed }, wait);
    }

    /// The hook has answered, or was silent for too long.
    pub(super) fn hook_said(&mut self, controller: usize, place: usize, agreed: bool) {
        let Some(row) = &self.controllers[controller].outbox[place] else { return };
        let decision = row.write.id.clone();
        if agreed {
            self.ledger.vetoed.remove(&decision);
            return self.go_on_after(controller, place, Phase::Permit, 0);
        }
        self.ledger.vetoed.insert(decision.clone());
        if self.without == Some(Guard::HooksAgreed) {
            return self.go_on_after(controller, place, Phase::Permit, 0);
        }
        self.controllers[controller].write_failed_at = Some(self.now);
        let reason = "vetoed by hook desk: not now".to_owned();
        self.step(controller, None, &Event::HookVetoed { decision, reason });
        // What could not be told is told with the next asking; what was told has no row any more.
        self.go_on_after(controller, place, Phase::Hook, HOOK_AGAIN);
    }
}

/// Only moves that decide, and only if nobody has taken it upon them to move without.
fn is_asked_about(write: &PlannedWrite) -> bool {
    write.kind.moves() && !write.aligns() && !write.overrides.contains(&Rule::HooksAgreed)
}
