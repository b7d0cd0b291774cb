//! What became of a write: looks at the zone, burns what may still be on its way, and goes on when it is known.

use dns_core::change::{ChangeSet, Guard as Required};
use dns_core::machine::event::{Event, WriteOutcome};
use dns_core::write::PlannedWrite;
use dns_core::zone::{FoundFence, ZoneView};

use super::Ms;
use super::chance::Purpose;
use super::guard::Guard;
use super::happening::Fate;
use super::world::{Occurrence, World};
use super::writing::{PAUSE_MIN, Phase, dead_at};
use super::zone::{Message, Sender, Unreadable};

/// The longest pause between two looks.
const PAUSE_MAX: Ms = 5_000;

/// The pause between two looks where nothing is burned: what nothing ends is looked at for the rest of a history.
const UNBURNED: Ms = 3_600_000;

/// What a zone says of a write.
enum Sighting {
    Ours(Box<ZoneView>),
    Other(Box<ZoneView>),
}

impl World<'_> {
    fn sight(&self, controller: usize, place: usize) -> Result<Sighting, Unreadable> {
        let view = Box::new(self.look(controller, place)?);
        let row = self.controllers[controller].outbox[place].as_ref();
        let write = &row.expect("invariant: the task of a row runs while it is there").write;
        let ours = match &view.fence {
            FoundFence::Present { text, .. } => {
                *text == write.change.fence || view.parsed_fence().is_some_and(|fence| write.is_carried_by(&fence))
            }
            FoundFence::Absent | FoundFence::Unreadable { .. } => false,
        };
        Ok(if ours { Sighting::Ours(view) } else { Sighting::Other(view) })
    }

    pub(super) fn read_back(&mut self, controller: usize, place: usize) {
        match self.sight(controller, place) {
            Ok(Sighting::Ours(view)) => self.settle(controller, place, WriteOutcome::Applied(view)),
            Ok(Sighting::Other(view)) => {
                let row = self.row(controller, place);
                if !shows_what_was_before(&row.write, &view) {
                    let text = "the provider accepted it, but another fence is in the zone".to_owned();
                    return self.settle(controller, place, WriteOutcome::Conflicted(text));
                }
                row.looks = row.looks.saturating_sub(1);
                row.dead_at = row.permit.map(|(signed, _)| dead_at(signed));
                let phase = if row.looks == 0 { Phase::Resolve } else { Phase::ReadBack };
                self.go_on_later(controller, place, phase);
            }
            Err(unreadable) => self.go_on_when_readable(controller, place, Phase::ReadBack, unreadable),
        }
    }

    pub(super) fn look_after_conflict(&mut self, controller: usize, place: usize, why: String) {
        match self.sight(controller, place) {
            Ok(Sighting::Ours(view)) => self.settle(controller, place, WriteOutcome::Applied(view)),
            Ok(Sighting::Other(_)) => self.settle(controller, place, WriteOutcome::Conflicted(why)),
            Err(unreadable) => {
                self.go_on_when_readable(controller, place, Phase::LookAfterConflict(why), unreadable);
            }
        }
    }

    pub(super) fn look_after_throttling(&mut self, controller: usize, place: usize) {
        let outcome = match self.sight(controller, place) {
            Ok(Sighting::Ours(view)) => WriteOutcome::Applied(view),
            Ok(Sighting::Other(_)) | Err(_) => WriteOutcome::Unreachable("throttled".to_owned()),
        };
        self.settle(controller, place, outcome);
    }

    /// Looks and burns until the write has an end.
    pub(super) fn resolve(&mut self, controller: usize, place: usize) {
        self.note_uncertain(controller, place);
        let Some(row) = &self.controllers[controller].outbox[place] else { return };
        let (required, dead_at) = (row.write.change.guard.clone(), row.dead_at);
        match self.sight(controller, place) {
            Ok(Sighting::Ours(view)) => self.settle(controller, place, WriteOutcome::Applied(view)),
            Err(unreadable) => self.go_on_when_readable(controller, place, Phase::Resolve, unreadable),
            Ok(Sighting::Other(view)) => match (&required, &view.fence) {
                (Required::Exactly { text: required, .. }, FoundFence::Present { text, .. }) if required == text => {
                    if self.without == Some(Guard::Burning) {
                        return self.go_on_after(controller, place, Phase::Resolve, UNBURNED);
                    }
                    self.burn(controller, place, &view);
                    self.go_on_later(controller, place, Phase::Resolve);
                }
                _ if row.write.is_outrun_by(&view) => {
                    let text = "the fence that it requires is gone".to_owned();
                    self.settle(controller, place, WriteOutcome::Burned(text));
                }
                (Required::Exactly { .. } | Required::Absent, _) => {
                    let clock = self.controllers[controller].wall(self.now);
                    if dead_at.is_none_or(|dead_at| clock > dead_at) {
                        let text = "its signature is too old for the server to take".to_owned();
                        return self.settle(controller, place, WriteOutcome::Burned(text));
                    }
                    self.go_on_later(controller, place, Phase::Resolve);
                }
            },
        }
    }

    /// Sends the same records under a fence with a higher rev and a new id.
    fn burn(&mut self, controller: usize, place: usize, view: &ZoneView) {
        let Some(fence) = view.parsed_fence() else { return };
        let keys = fence.rrs.iter().filter(|key| view.asked.contains(key)).cloned().collect();
        let records = fence.guarded(&view.rrsets);
        self.nonce += 1;
        let rev = self.row(controller, place).write.burning_rev(&fence);
        let known = &self.controllers[controller];
        let (clock, signed) = (known.wall(self.now), known.wall(self.now));
        let (incarnation, configuration, store_epoch) = (known.incarnation, known.configuration, known.store_epoch);
        let burned = dns_core::fence::Fence {
            rev,
            write: dns_core::fence::WriteId::at(clock, self.nonce),
            by: known.actor.clone(),
            ..fence
        };
        let Ok(change) = ChangeSet::plan(view, &keys, &records, &burned) else { return };
        let mut dice = self.setting.chance.dice(Purpose::Answer, 50 + controller * 2 + place, self.now);
        let way = match self.fate(controller, place) {
            None | Some(Fate::AnswerLost | Fate::Throttled { applied: true }) => dice.between(1, 60),
            Some(Fate::Delayed(by)) => by,
            Some(Fate::Lost | Fate::Refused | Fate::Denied | Fate::Throttled { applied: false }) => return,
        };
        let serial = self.row(controller, place).serial;
        let sender = Sender { controller, incarnation, serial, turn: 0, burns: true, configuration, store_epoch };
        let message = Message { place, change, signed, granted: self.now, sender, deed: None, answer: None };
        self.plan(self.now + way, Occurrence::Arrived(Box::new(message)));
    }

    fn note_uncertain(&mut self, controller: usize, place: usize) {
        let decision = self.row(controller, place).write.id.clone();
        self.step(controller, None, &Event::WriteUncertain { decision, reason: "no answer".to_owned() });
    }

    fn go_on_later(&mut self, controller: usize, place: usize, phase: Phase) {
        let row = self.row(controller, place);
        let wait = row.pause.clamp(PAUSE_MIN, PAUSE_MAX);
        row.pause = wait * 2;
        self.go_on_after(controller, place, phase, wait);
    }

    /// Looks that would fail like the last are not made one by one.
    fn go_on_when_readable(&mut self, controller: usize, place: usize, phase: Phase, unreadable: Unreadable) {
        self.note_uncertain(controller, place);
        if self.controllers[controller].outbox[place].is_none() {
            return;
        }
        let mut dice = self.setting.chance.dice(Purpose::Look, controller * 2 + place, self.now);
        let wait = unreadable.until.saturating_sub(self.now) + dice.between(PAUSE_MIN, PAUSE_MAX);
        self.go_on_after(controller, place, phase, wait);
    }
}

/// Whether the fence is the one that the write was to replace, or an older one still.
fn shows_what_was_before(write: &PlannedWrite, view: &ZoneView) -> bool {
    if view.parsed_fence().is_some_and(|found| found.order() < write.fence.order()) {
        return true;
    }
    match (&write.change.guard, &view.fence) {
        (Required::Exactly { text: required, .. }, FoundFence::Present { text, .. }) => required == text,
        (Required::Absent, FoundFence::Absent) => true,
        (Required::Exactly { .. } | Required::Absent, _) => false,
    }
}
