//! How writes are carried out: looks, sending, answers, finding out, burning. Looks mirror `dns_core::machine::observe`,
//! the rest mirrors the controller's executor.

use super::guard::{Guard, Guards};
use super::standing::Standing;
use super::violation::Violation;
use super::world::{Content, Fence, Kind, Message, Open, PLACES, Stage, Stand, World, Write};

impl World {
    /// Takes in what a look at a zone shows.
    fn take_in(&mut self, number: usize, rank: usize, content: Content, guards: Guards) {
        let knows_nothing = self.controllers[number].stands.iter().all(|stand| stand.held.is_none());
        let controller = &mut self.controllers[number];
        let stand = &mut controller.stands[rank];
        let seen = Stand { view: Some(content), ..*stand }.standing();
        let known = stand.view == Some(content) && stand.standing() == Standing::Lost;
        let confirmed = known || stand.doubt == Some(content);
        if seen == Standing::Lost && !confirmed {
            stand.doubt = Some(content);
            return;
        }
        stand.doubt = None;
        if seen != Standing::Newer || guards.has(Guard::NewerFollowed) {
            stand.view = Some(content);
        }
        if seen == Standing::Newer && guards.has(Guard::NewerFollowed) {
            stand.held = content.fence;
            // What was not sent yet was made from what is no longer so.
            stand.open = stand.open.filter(|open| open.stage != Stage::Pending);
            controller.paused |= knows_nothing;
        }
    }

    /// One look at a zone. A look between a permit and the end of its write is not taken in.
    pub(super) fn look(&mut self, number: usize, rank: usize, guards: Guards) {
        let zone = self.zones[rank];
        let stand = &mut self.controllers[number].stands[rank];
        stand.unreachable = !zone.reachable;
        let sent = stand.open.is_some_and(|open| open.stage != Stage::Pending);
        if zone.reachable && !sent {
            self.take_in(number, rank, zone.content, guards);
        }
        self.pursue(number, guards);
    }

    /// Sends what has its permit.
    pub(super) fn send(&mut self, number: usize, rank: usize, guards: Guards) {
        let Some(open) = self.controllers[number].stands[rank].open else { return };
        let Stage::InHand { late: outlived } = open.stage else { return };
        if open.sent {
            self.broken.note(Violation::SentTwice);
        }
        if !self.zones[rank].reachable {
            return self.fail(number, rank, guards);
        }
        // What is signed late is young again.
        let message = Message { zone: rank, by: number, write: open.write, late: false, outlived, abandoned: false };
        self.flying.push(message);
        self.controllers[number].stands[rank].open = Some(Open { stage: Stage::Waiting, sent: true, ..open });
    }

    /// The process stood still with a permit in its hand and goes on when it has run out. What it sends then bears the
    /// permit's time and is refused at once.
    pub(super) fn outlive_permit(&mut self, number: usize, rank: usize, guards: Guards) {
        let refused = guards.has(Guard::SignedAtPermit) && guards.has(Guard::ProviderClock);
        let Some(open) = &mut self.controllers[number].stands[rank].open else { return };
        open.sent |= refused;
        open.stage = if refused { Stage::Answered } else { Stage::InHand { late: true } };
    }

    /// A signature gets too old on its way: the provider refuses it when it arrives, whenever that is.
    pub(super) fn outlive_signature(&mut self, index: usize, guards: Guards) {
        let message = &mut self.flying[index];
        (message.late, message.outlived) = (true, true);
        if guards.has(Guard::ProviderClock) {
            self.arrive(index, true, guards);
        }
    }

    /// Nothing was sent: the place is left alone until it can be read again.
    fn fail(&mut self, number: usize, rank: usize, guards: Guards) {
        let stand = &mut self.controllers[number].stands[rank];
        (stand.open, stand.view, stand.unreachable) = (None, None, true);
        if !guards.has(Guard::NoRollBack) {
            self.roll_back_the_other(number, rank, guards);
        }
        self.pursue(number, guards);
    }

    /// A message arrives. Its sender hears of it, if it still listens and the answer is not lost.
    pub(super) fn arrive(&mut self, index: usize, answered: bool, guards: Guards) {
        let message = self.flying.remove(index);
        self.apply(&message, guards);
        let stand = &mut self.controllers[message.by].stands[message.zone];
        let listens = |open: &&mut Open| open.write == message.write && open.stage == Stage::Waiting;
        if let Some(open) = stand.open.as_mut().filter(listens).filter(|_| answered) {
            open.stage = Stage::Answered;
        }
    }

    /// What the provider does with a message.
    fn apply(&mut self, message: &Message, guards: Guards) {
        let Message { zone, write, late, outlived, abandoned, .. } = *message;
        let found = self.zones[zone].content;
        let fits = found == write.requires || !guards.has(Guard::FenceCondition);
        if !fits || (late && guards.has(Guard::ProviderClock)) {
            return;
        }
        let records = if guards.has(Guard::OneChangeSet) { write.fence.active } else { found.records };
        self.zones[zone].content = Content { fence: Some(write.fence), records };
        self.judge(found.fence, &write, self.zones[zone].touched);
        let noted = [
            (outlived, Violation::PermitOutlived),
            (abandoned, Violation::BurnedArrived),
            (records != write.fence.active, Violation::Torn),
        ];
        noted.iter().filter(|(is, _)| *is).for_each(|(_, violation)| self.broken.note(*violation));
    }

    /// What an onlooker has against a write that was applied.
    fn judge(&mut self, replaced: Option<Fence>, write: &Write, touched: bool) {
        if let Some(violation) = write.faulty {
            self.broken.note(violation);
        }
        let Some(replaced) = replaced else { return };
        if write.fence.order() <= replaced.order() {
            self.broken.note(Violation::WentBack);
        }
        if write.fence.epoch == replaced.epoch && write.fence.plan != replaced.plan && !touched {
            self.broken.note(Violation::TwoWriters);
        }
    }

    /// The zone is read back after an answer: our own fence in it is success, whatever the answer was.
    pub(super) fn read_back(&mut self, number: usize, rank: usize, guards: Guards) {
        let zone = self.zones[rank];
        let Some(open) = &mut self.controllers[number].stands[rank].open else { return };
        if !zone.reachable {
            open.stage = Stage::Uncertain;
        } else if is_ours(&open.write, zone.content) {
            self.settle_applied(number, rank, guards);
        } else {
            self.settle_otherwise(number, rank, guards);
        }
    }

    /// Finds out what became of a write, and sees to it that it can no longer arrive.
    pub(super) fn resolve(&mut self, number: usize, rank: usize, guards: Guards) {
        let content = self.zones[rank].content;
        let Some(Open { write, .. }) = self.controllers[number].stands[rank].open else { return };
        if is_ours(&write, content) {
            return self.settle_applied(number, rank, guards);
        }
        let own = |message: &&Message| message.by == number && message.zone == rank && !message.late;
        let alive = self.flying.iter().filter(own).any(|message| message.write == write);
        match (write.requires.fence, content.fence) {
            (Some(required), Some(found)) if required == found && guards.has(Guard::Burning) => {
                self.burn(number, rank, content, found);
            }
            (None, None) if alive && guards.has(Guard::WaitedOut) => {}
            _ => self.settle_otherwise(number, rank, guards),
        }
    }

    /// The same records under a fence with a higher rev. One such message at a time is under way.
    fn burn(&mut self, number: usize, rank: usize, requires: Content, found: Fence) {
        let burns = |message: &Message| {
            (message.by, message.zone, message.write.kind, message.late) == (number, rank, Kind::Burn, false)
        };
        if self.flying.iter().any(burns) {
            return;
        }
        let fence = Fence { rev: found.rev.next(), write: self.fresh_id(), ..found };
        let write = Write { kind: Kind::Burn, aligns: false, requires, from: requires.records, fence, faulty: None };
        self.flying.push(Message { zone: rank, by: number, write, late: false, outlived: false, abandoned: false });
    }

    fn settle_applied(&mut self, number: usize, rank: usize, guards: Guards) {
        let content = self.zones[rank].content;
        let controller = &mut self.controllers[number];
        let stand = &mut controller.stands[rank];
        let Some(Open { write, .. }) = stand.open.take() else { return };
        (stand.held, stand.view) = (Some(write.fence), None);
        let decided = write.kind == Kind::Move && !write.aligns;
        controller.moves_left = controller.moves_left.saturating_sub(u8::from(decided));
        self.take_in(number, rank, content, guards);
        self.pursue(number, guards);
    }

    /// It is not in the zone and can no longer arrive, as far as its controller can know.
    fn settle_otherwise(&mut self, number: usize, rank: usize, guards: Guards) {
        let stand = &mut self.controllers[number].stands[rank];
        let Some(Open { write, .. }) = stand.open.take() else { return };
        stand.view = None;
        let own = |message: &&mut Message| message.by == number && message.zone == rank && message.write == write;
        self.flying.iter_mut().filter(own).for_each(|message| message.abandoned = true);
        self.pursue(number, guards);
    }

    /// The process dies. What was stored stays; a write that has its permit may have been sent.
    pub(super) fn crash(&mut self, number: usize, guards: Guards) {
        let controller = &mut self.controllers[number];
        controller.judged = super::world::Judged::Dark;
        for stand in &mut controller.stands {
            (stand.view, stand.doubt) = (None, None);
            if let Some(open) = stand.open.as_mut().filter(|open| open.stage != Stage::Pending) {
                open.stage = if guards.has(Guard::SentIsStored) { Stage::Uncertain } else { Stage::Pending };
            }
        }
    }

    /// The process dies and its store with it: everything is learnt from the zones.
    pub(super) fn lose_store(&mut self, number: usize) {
        let controller = &mut self.controllers[number];
        let blank = Stand { held: None, open: None, view: None, doubt: None, unreachable: false };
        (controller.judged, controller.stands) = (super::world::Judged::Dark, [blank; PLACES]);
    }

    /// Somebody deletes a fence, or restores a zone as it was in the beginning. A person takes longer than a permit lasts:
    /// what is on its way is too old when it is done.
    pub(super) fn touch(&mut self, rank: usize, content: Content, guards: Guards) {
        let zone = &mut self.zones[rank];
        (zone.content, zone.touched) = (content, true);
        while let Some(index) = self.flying.iter().position(|message| message.zone == rank && !message.late) {
            self.outlive_signature(index, guards);
        }
        for number in 0..self.controllers.len() {
            let open = self.controllers[number].stands[rank].open;
            if open.is_some_and(|open| open.stage == Stage::InHand { late: false }) {
                self.outlive_permit(number, rank, guards);
            }
        }
    }
}

/// Whether a zone shows that a write has arrived: its fence, or a later one of its decision (`PlannedWrite::is_carried_by`).
fn is_ours(write: &Write, content: Content) -> bool {
    let Some(found) = content.fence else { return false };
    let is_of_it = |fence: Fence| fence.identity() == write.fence.identity();
    let later = found.order() > write.fence.order();
    let required_was = write.requires.fence.is_some_and(is_of_it);
    let counts = matches!(write.kind, Kind::Move | Kind::Repair);
    found.write == write.fence.write || (counts && later && is_of_it(found) && !required_was)
}
