//! What an executor does with a write of the outbox: ask the hook, permit, send once, settle. What becomes of a write is found
//! out in [`super::resolving`]. The phases are those of `failover-controller`'s executor; between any two of them the process
//! can be stopped or die.

use std::time::Duration;

use dns_core::machine::effect::PermitAnswer;
use dns_core::machine::event::{Event, WriteOutcome};
use dns_core::time::Timestamp;
use dns_core::write::WriteStage;

use super::Ms;
use super::chance::Purpose;
use super::controller::Row;
use super::guard::{Guard, removal};
use super::happening::{Fate, Step};
use super::world::{Occurrence, World};
use super::zone::{Deed, Message, Sender};

/// How long a permit lasts, and how far a provider's clock may be from a signature: architecture §3.
pub(super) const PERMIT: Ms = 10_000;
/// Looks at a zone that still shows what was before an accepted write.
const LOOKS: u32 = 4;
/// The shortest pause between two looks.
pub(super) const PAUSE_MIN: Ms = 100;

/// Where the task of a write is.
#[derive(Debug)]
pub(super) enum Phase {
    Hook,
    HookSaid {
        agreed: bool,
    },
    Permit,
    Send,
    Answered(Answer),
    TimedOut,
    ReadBack,
    /// It was refused because the zone had changed.
    LookAfterConflict(String),
    LookAfterThrottling,
    Resolve,
    /// The store did not take the settlement yet.
    Settle(Box<WriteOutcome>),
}

/// What a provider answered.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Accepted,
    Conflict(String),
    Denied(String),
    /// Nothing was sent.
    Unreachable(String),
    Throttled,
}

/// From when on no provider takes a message any more that was signed at `signed`, the rounding of TSIG time included.
pub(super) fn dead_at(signed: Timestamp) -> Timestamp {
    signed + Duration::from_millis(2 * PERMIT) + Duration::from_secs(2)
}

impl World<'_> {
    /// Plans how a write's task goes on; what was planned before is void.
    pub(super) fn go_on_after(&mut self, controller: usize, place: usize, phase: Phase, wait: Ms) {
        let incarnation = self.controllers[controller].incarnation;
        let Some(row) = &mut self.controllers[controller].outbox[place] else { return };
        row.turn += 1;
        let (serial, turn) = (row.serial, row.turn);
        self.plan(self.now + wait, Occurrence::Wrote { controller, incarnation, place, serial, turn, phase });
    }

    pub(super) fn row(&mut self, controller: usize, place: usize) -> &mut Row {
        self.controllers[controller].outbox[place]
            .as_mut()
            .expect("invariant: the task of a row runs while it is there")
    }

    pub(super) fn go_on(&mut self, controller: usize, place: usize, serial: u64, turn: u64, phase: Phase) {
        if self.controllers[controller].row(place, serial).is_none_or(|row| row.turn != turn) {
            return;
        }
        let step = match phase {
            Phase::Permit => Some(Step::Permit),
            Phase::Send => Some(Step::Send),
            Phase::Answered(_) | Phase::TimedOut => Some(Step::Answer),
            Phase::ReadBack | Phase::LookAfterConflict(_) | Phase::LookAfterThrottling => Some(Step::ReadBack),
            Phase::Resolve => Some(Step::Resolve),
            Phase::Hook | Phase::HookSaid { .. } | Phase::Settle(_) => None,
        };
        if step.is_some_and(|step| self.is_trapped(controller, step)) {
            let incarnation = self.controllers[controller].incarnation;
            return self.plan(self.now, Occurrence::Wrote { controller, incarnation, place, serial, turn, phase });
        }
        self.row(controller, place).turn += 1;
        match phase {
            Phase::Hook => {
                let write = self.row(controller, place).write.clone();
                self.ask_hook(controller, place, &write);
            }
            Phase::HookSaid { agreed } => self.hook_said(controller, place, agreed),
            Phase::Permit => self.ask_permit(controller, place),
            Phase::Send => self.send(controller, place),
            Phase::Answered(answer) => self.answered(controller, place, answer),
            Phase::TimedOut => self.timed_out(controller, place),
            Phase::ReadBack => self.read_back(controller, place),
            Phase::LookAfterConflict(why) => self.look_after_conflict(controller, place, why),
            Phase::LookAfterThrottling => self.look_after_throttling(controller, place),
            Phase::Resolve => self.resolve(controller, place),
            Phase::Settle(outcome) => self.settle(controller, place, *outcome),
        }
    }

    fn ask_permit(&mut self, controller: usize, place: usize) {
        let decision = self.row(controller, place).write.id.clone();
        if self.now < self.controllers[controller].store_refuses_until {
            let wait = self.controllers[controller].store_refuses_until - self.now + 500;
            return self.go_on_after(controller, place, Phase::Permit, wait);
        }
        if self.without == Some(Guard::PermitAsked) {
            self.row(controller, place).stage = WriteStage::Sent;
        } else {
            self.judge_afresh(controller);
            let asked = Event::PermitAsked { decision: decision.clone() };
            let answer = self.step(controller, None, &asked).and_then(|step| step.permit);
            if answer != Some(PermitAnswer::Granted) {
                // A refused one has ended; its row is gone.
                return;
            }
        }
        if self.controllers[controller].place_of(&decision) != Some(place) {
            return;
        }
        let permit = (self.controllers[controller].wall(self.now), self.now);
        self.row(controller, place).permit = Some(permit);
        let write = self.row(controller, place).write.clone();
        self.check_permitted(controller, place, &write);
        let mut dice = self.setting.chance.dice(Purpose::Send, controller * 2 + place, self.now);
        self.go_on_after(controller, place, Phase::Send, dice.between(1, 40));
    }

    fn send(&mut self, controller: usize, place: usize) {
        let Some((signed, granted)) = self.row(controller, place).permit else { return };
        let mut dice = self.setting.chance.dice(Purpose::Answer, controller * 2 + place, self.now);
        let change = self.row(controller, place).write.change.clone();
        let (way, back) = (dice.between(1, 120), dice.between(1, 120));
        let (arrives, answer) = match self.fate(controller, place) {
            None | Some(Fate::AnswerLost) => (Some(way), None),
            Some(Fate::Lost) => (None, None),
            Some(Fate::Delayed(by)) => (Some(by), None),
            Some(Fate::Throttled { applied }) => (applied.then_some(1), Some(Answer::Throttled)),
            Some(Fate::Refused) => (None, Some(Answer::Unreachable("connection refused".to_owned()))),
            Some(Fate::Denied) => (None, Some(Answer::Denied("NOTAUTH (BADKEY)".to_owned()))),
        };
        // Nothing is waited for longer than the permit lasts, and a connection can break at once.
        let longest = (granted + PERMIT).saturating_sub(self.now).max(1);
        let breaks = self.ledger.last_fate.is_some() && dice.one_in(2);
        let deadline = if breaks { dice.between(100, 2_000).min(longest) } else { longest };
        self.go_on_after(controller, place, Phase::TimedOut, deadline);
        let (serial, turn) = (self.row(controller, place).serial, self.row(controller, place).turn);
        let known = &self.controllers[controller];
        let (incarnation, configuration, store_epoch) = (known.incarnation, known.configuration, known.store_epoch);
        let sender = Sender { controller, incarnation, serial, turn, burns: false, configuration, store_epoch };
        if let Some(answer) = answer {
            let phase = Phase::Answered(answer);
            self.plan(self.now + 60, Occurrence::Wrote { controller, incarnation, place, serial, turn, phase });
        }
        if let Some(way) = arrives {
            let is_answered = !matches!(self.ledger.last_fate, Some(Fate::AnswerLost | Fate::Throttled { .. }));
            let answer = is_answered.then_some(back);
            let deed = Some(Deed::of(&self.row(controller, place).write));
            let message = Message { place, change, signed, granted, sender, deed, answer };
            self.plan(self.now + way, Occurrence::Arrived(Box::new(message)));
        }
    }

    /// What becomes of the next message, by what was injected and how the provider is.
    pub(super) fn fate(&mut self, controller: usize, place: usize) -> Option<Fate> {
        let mut dice = self.setting.chance.dice(Purpose::Send, 50 + controller * 2 + place, self.now);
        let zone = &mut self.zones[place];
        let down = self.now < zone.down_until.max(self.controllers[controller].cut_off_until[place]);
        let fate = if down {
            Some(if dice.one_in(2) { Fate::Refused } else { Fate::Lost })
        } else if self.now < zone.denies_until {
            Some(Fate::Denied)
        } else if self.now < zone.throttles_until && !dice.one_in(4) {
            Some(Fate::Throttled { applied: dice.one_in(4) })
        } else if let Some((entry, fate)) = zone.fates.pop_front() {
            self.struck(entry);
            Some(fate)
        } else {
            None
        };
        self.ledger.last_fate = fate;
        fate
    }

    /// A message reaches a provider.
    pub(super) fn arrive(&mut self, message: &Message) {
        let Message { place, change: _, signed, granted: _, sender, deed: _, answer } = message;
        let place = *place;
        if self.now < self.zones[place].down_until {
            return self.tally.message("lost at a provider that is down");
        }
        let clock = super::controller::START + Duration::from_millis(self.now);
        let off = clock.since(*signed).max(signed.since(clock));
        let is_dated = off > Duration::from_millis(PERMIT) && self.without != Some(Guard::PermitTime);
        let answered = if is_dated {
            self.tally.message("refused, signed too long ago or by a wrong clock");
            Answer::Denied("NOTAUTH (BADTIME)".to_owned())
        } else {
            self.apply(message)
        };
        if let (Some(back), false) = (answer, sender.burns) {
            let Sender { controller, incarnation, serial, turn, .. } = *sender;
            let phase = Phase::Answered(answered);
            self.plan(self.now + back, Occurrence::Wrote { controller, incarnation, place, serial, turn, phase });
        }
    }

    fn apply(&mut self, message: &Message) -> Answer {
        let place = message.place;
        let before = self.zones[place].content.clone();
        let unguarded = self.without == Some(Guard::FenceCondition);
        let torn = (self.without == Some(Guard::WholeChangeSet)).then(|| removal::torn(&message.change, self.now));
        match self.zones[place].apply(torn.as_ref().unwrap_or(&message.change), unguarded, self.now) {
            Ok(()) => {
                self.tally.message(if message.sender.burns { "burn applied" } else { "applied" });
                self.check_applied(message, &before);
                self.zone_changed(place);
                Answer::Accepted
            }
            Err(why) => {
                self.tally.message("refused, the zone was not as required");
                Answer::Conflict(why)
            }
        }
    }

    fn answered(&mut self, controller: usize, place: usize, answer: Answer) {
        self.row(controller, place).pause = PAUSE_MIN;
        match answer {
            Answer::Accepted => {
                self.row(controller, place).looks = LOOKS;
                self.go_on_after(controller, place, Phase::ReadBack, 5);
            }
            Answer::Conflict(why) => self.go_on_after(controller, place, Phase::LookAfterConflict(why), 5),
            Answer::Throttled => self.go_on_after(controller, place, Phase::LookAfterThrottling, 5),
            Answer::Denied(why) => self.settle(controller, place, WriteOutcome::Denied(why)),
            Answer::Unreachable(why) => self.settle(controller, place, WriteOutcome::Unreachable(why)),
        }
    }

    fn timed_out(&mut self, controller: usize, place: usize) {
        if self.without == Some(Guard::Resolving) {
            return self.settle(controller, place, WriteOutcome::Unreachable("no answer".to_owned()));
        }
        let row = self.row(controller, place);
        row.pause = PAUSE_MIN;
        row.dead_at = row.permit.map(|(signed, _)| dead_at(signed));
        self.resolve(controller, place);
    }

    pub(super) fn settle(&mut self, controller: usize, place: usize, outcome: WriteOutcome) {
        let write = self.row(controller, place).write.clone();
        if !matches!(outcome, WriteOutcome::Applied(_)) {
            self.controllers[controller].write_failed_at = Some(self.now);
        }
        let settled = Event::WriteSettled { decision: write.id.clone(), outcome: outcome.clone() };
        if self.step(controller, None, &settled).is_none() {
            let wait = self.controllers[controller].store_refuses_until.saturating_sub(self.now) + PAUSE_MIN;
            return self.go_on_after(controller, place, Phase::Settle(Box::new(outcome)), wait);
        }
        if let WriteOutcome::Applied(_) = outcome {
            self.note_arrived(controller, place, &write);
        }
    }
}
