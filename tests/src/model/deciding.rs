//! What a controller decides: a mirror of `dns_core::machine::{wishes, siblings, fencing, permit}` for a service of two
//! places, without operators' orders, changed configurations and releases.
//!
//! What it leaves out of them: time. A failed write makes its place unreachable until the next look instead of for a
//! while, and a decision never grows too old by itself: asking for its permit anew is the same.

use dns_core::fence::{Epoch, Rev};

use super::guard::{Guard, Guards};
use super::standing::{Standing, standing};
use super::violation::Violation;
use super::world::{Content, Controller, Fence, Id, Kind, Open, PLACES, Region, Stage, Stand, World, Write};

/// How often the places of a controller are asked in turn within one step, as in `dns_core::saga`.
const ROUNDS_MAX: usize = 4;

/// A write that is wanted, before it is planned.
#[derive(Clone, Copy)]
struct Wish {
    kind: Kind,
    to: Region,
    from: Region,
    /// The decision of another place that is taken over.
    identity: Option<Fence>,
    aligns: bool,
}

impl Stand {
    pub(super) fn standing(&self) -> Standing {
        standing(self.held, self.view)
    }

    fn own_epoch(&self) -> Epoch {
        self.held.map(|held| held.epoch).unwrap_or_default()
    }

    fn is_uncertain(&self) -> bool {
        self.open.is_some_and(|open| open.stage == Stage::Uncertain)
    }

    /// A decision that is being carried out here, as the other place sees it.
    fn decision_under_way(&self) -> Option<Fence> {
        let open = self.open.filter(|open| matches!(open.write.kind, Kind::Move | Kind::Repair))?;
        Some(open.write.fence)
    }

    fn is_fit(&self) -> bool {
        if self.is_uncertain() || self.unreachable {
            return false;
        }
        match self.standing() {
            Standing::Held | Standing::Newer => true,
            Standing::Unread => self.held.is_some(),
            Standing::Unadopted | Standing::Lost | Standing::Foreign => false,
        }
    }

    /// Where this place has brought the service; a move whose answer was lost counts as made.
    fn course(&self) -> Option<Fence> {
        let uncertain = self.decision_under_way().filter(|_| self.is_uncertain());
        match (self.held, uncertain) {
            (Some(held), Some(open)) => Some(if open.epoch > held.epoch { open } else { held }),
            (held, open) => held.or(open),
        }
    }
}

impl Controller {
    fn sibling(&self, rank: usize) -> &Stand {
        &self.stands[PLACES - 1 - rank]
    }

    fn is_anchor(&self, rank: usize) -> bool {
        let other_is_fit = self.sibling(rank).is_fit();
        if self.stands[rank].is_fit() { rank == 0 || !other_is_fit } else { rank == 0 && !other_is_fit }
    }

    fn wishes(&self, rank: usize, guards: Guards) -> Vec<Wish> {
        let stand = &self.stands[rank];
        if stand.standing() == Standing::Lost {
            return self.restoring(rank).into_iter().collect();
        }
        if self.is_overtaking_elsewhere(rank) {
            return Vec::new();
        }
        let aligning = self.aligning(rank).filter(|_| guards.has(Guard::RolledForward));
        let mending = self.mending_a_split(rank).filter(|_| guards.has(Guard::SplitMended));
        let may_leave = self.moves_left > 0 || !guards.has(Guard::BoundedMoves);
        self.leaving(rank).filter(|_| may_leave).into_iter().chain(aligning).chain(mending).collect()
    }

    fn is_overtaking_elsewhere(&self, rank: usize) -> bool {
        let (own, sibling) = (&self.stands[rank], self.sibling(rank));
        let settled = own.own_epoch().max(sibling.own_epoch());
        !sibling.is_uncertain() && sibling.decision_under_way().is_some_and(|fence| fence.epoch > settled)
    }

    fn service_active(&self, rank: usize) -> Option<Region> {
        let own = &self.stands[rank];
        let ahead = self.sibling(rank).course().filter(|course| course.epoch > own.own_epoch());
        ahead.or(own.held).map(|fence| fence.active)
    }

    fn leaving(&self, rank: usize) -> Option<Wish> {
        let from = self.service_active(rank)?;
        let leaves = self.judged.fails(from) && self.is_anchor(rank);
        leaves.then_some(Wish { kind: Kind::Move, to: from.other(), from, identity: None, aligns: false })
    }

    fn aligning(&self, rank: usize) -> Option<Wish> {
        let stand = &self.stands[rank];
        let own = stand.held.filter(|_| stand.standing() == Standing::Held)?;
        let course = self.sibling(rank).course().filter(|course| course.epoch > own.epoch)?;
        let identity = Some(course);
        Some(if own.active == course.active {
            Wish { kind: Kind::Annotate, to: course.active, from: own.active, identity, aligns: false }
        } else {
            Wish { kind: Kind::Move, to: course.active, from: own.active, identity, aligns: true }
        })
    }

    fn mending_a_split(&self, rank: usize) -> Option<Wish> {
        let stand = &self.stands[rank];
        let own = stand.held.filter(|_| stand.standing() == Standing::Held)?;
        let split = self.sibling(rank).held.is_some_and(|held| held.epoch == own.epoch && held.plan != own.plan);
        let newer = self.sibling(rank).course().is_some_and(|course| course.epoch > own.epoch);
        let mends = split && !newer && self.is_anchor(rank);
        mends.then_some(Wish { kind: Kind::Repair, to: own.active, from: own.active, identity: None, aligns: false })
    }

    fn restoring(&self, rank: usize) -> Option<Wish> {
        let (own, sibling) = (&self.stands[rank], self.sibling(rank));
        if sibling.doubt.is_some() && !sibling.unreachable {
            return None;
        }
        let serving = own.view?.records;
        let repair = Wish { kind: Kind::Repair, to: serving, from: serving, identity: None, aligns: false };
        let sound = sibling.course().filter(|_| sibling.standing() != Standing::Lost);
        match sound.filter(|course| course.epoch >= own.own_epoch()) {
            Some(course) if serving != course.active => {
                let (to, identity) = (course.active, Some(course));
                Some(Wish { kind: Kind::Move, to, from: serving, identity, aligns: true })
            }
            Some(course) => Some(Wish { identity: Some(course), ..repair }),
            None => {
                let other_goes_first = rank > 0 && sibling.standing() == Standing::Lost && !sibling.unreachable;
                (!other_goes_first).then_some(repair)
            }
        }
    }

    /// The rules of the kernel that the model knows, for a write at one place.
    fn kernel_agrees(&self, rank: usize, kind: Kind, aligns: bool, from: Region, to: Region) -> bool {
        let stand = &self.stands[rank];
        let judged_so = kind != Kind::Move || aligns || self.judged.fails(from);
        let proven = kind != Kind::Move || self.judged.proves(to);
        let armed = !self.paused || kind == Kind::Annotate;
        let standing = match stand.standing() {
            Standing::Held | Standing::Newer => true,
            Standing::Lost => kind == Kind::Repair || aligns,
            Standing::Unread | Standing::Unadopted | Standing::Foreign => false,
        };
        judged_so && proven && armed && standing && !stand.unreachable
    }

    /// Whether another place has gone on to a newer or another decision than this write's.
    fn is_overtaken(&self, rank: usize, write: &Write) -> bool {
        if write.fence.epoch <= self.stands[rank].own_epoch() {
            return false;
        }
        let course = self.sibling(rank).course();
        course.is_some_and(|course| {
            course.epoch > write.fence.epoch || (course.epoch == write.fence.epoch && course.plan != write.fence.plan)
        })
    }

    /// The fence that a write would leave behind: above everything known.
    fn next_fence(&self, rank: usize, wish: &Wish, guards: Guards, id: Id) -> Fence {
        let (stand, sibling) = (&self.stands[rank], self.sibling(rank));
        let in_zone = stand.view.and_then(|view| view.fence);
        let held = stand.held.filter(|_| guards.has(Guard::AboveAllKnown));
        let known = || [held, in_zone].into_iter().flatten();
        let epoch = known().map(|fence| fence.epoch).max().unwrap_or_default();
        let rev = Rev::next(known().map(|fence| fence.rev).max().unwrap_or_default());
        let found_elsewhere = sibling.view.and_then(|view| view.fence).filter(|_| sibling.standing() == Standing::Lost);
        let elsewhere = [sibling.held, found_elsewhere, sibling.decision_under_way()].into_iter().flatten();
        let elsewhere = elsewhere.map(|fence| fence.epoch).max().filter(|_| guards.has(Guard::AboveAllKnown));
        let taken_over = wish.identity.filter(|identity| identity.epoch >= epoch);
        let (epoch, plan) = match (taken_over, wish.kind, stand.held) {
            (Some(identity), _, _) => identity.identity(),
            (None, Kind::Annotate | Kind::Burn, Some(held)) => (epoch, held.plan),
            (None, _, _) => (epoch.max(elsewhere.unwrap_or_default()).next(), id),
        };
        Fence { epoch, rev, plan, write: id, active: wish.to }
    }

    fn plan(&self, rank: usize, wish: &Wish, guards: Guards, id: Id) -> Option<Write> {
        let requires = self.stands[rank].view?;
        if !self.kernel_agrees(rank, wish.kind, wish.aligns, wish.from, wish.to) {
            return None;
        }
        let fence = self.next_fence(rank, wish, guards, id);
        let faulty = self.fault_of(rank, wish.from, requires, &fence);
        Some(Write { kind: wish.kind, aligns: wish.aligns, requires, from: wish.from, fence, faulty })
    }

    /// What an onlooker has against a write, by what its planner knew and not by how it decided.
    fn fault_of(&self, rank: usize, from: Region, requires: Content, fence: &Fence) -> Option<Violation> {
        let (stand, sibling) = (&self.stands[rank], self.sibling(rank));
        let known = [stand.held, requires.fence].into_iter().flatten().map(|known| known.order()).max();
        if known.is_some_and(|known| fence.order() <= known) {
            return Some(Violation::StartedAnew);
        }
        let moves = fence.active != requires.records;
        let follows = sibling.course().is_some_and(|course| course.identity() == fence.identity());
        let leaves = self.judged.fails(from) && from != fence.active;
        (moves && !follows && !leaves).then_some(Violation::RolledBack)
    }
}

impl World {
    /// Lets a controller look for what it wants to write, at every place, until nothing changes any more.
    pub(super) fn pursue(&mut self, number: usize, guards: Guards) {
        for _ in 0..ROUNDS_MAX {
            let opened = (0..PLACES).filter(|rank| self.pursue_at(number, *rank, guards)).count();
            if opened == 0 {
                return;
            }
        }
    }

    fn pursue_at(&mut self, number: usize, rank: usize, guards: Guards) -> bool {
        let controller = &self.controllers[number];
        if controller.stands[rank].open.is_some() {
            return false;
        }
        let wishes = controller.wishes(rank, guards);
        if wishes.is_empty() {
            return false;
        }
        let id = self.fresh_id();
        let controller = &mut self.controllers[number];
        let planned = wishes.iter().find_map(|wish| controller.plan(rank, wish, guards, id));
        controller.stands[rank].open = planned.map(|write| Open { write, stage: Stage::Pending, sent: false });
        planned.is_some()
    }

    /// Answers a request for a permit; without one the decision ends.
    pub(super) fn answer_permit(&mut self, number: usize, rank: usize, guards: Guards) {
        let controller = &mut self.controllers[number];
        let Some(open) = controller.stands[rank].open else { return };
        let Write { kind, aligns, from, fence, .. } = open.write;
        let agrees = controller.kernel_agrees(rank, kind, aligns, from, fence.active)
            && !controller.is_overtaken(rank, &open.write);
        if agrees || !guards.has(Guard::KernelAgain) {
            if kind == Kind::Move && controller.judged.fails(fence.active) {
                self.broken.note(Violation::IntoFailing);
            }
            let open = Open { stage: Stage::InHand { late: false }, ..open };
            self.controllers[number].stands[rank].open = Some(open);
        } else {
            controller.stands[rank].open = None;
            self.pursue(number, guards);
        }
    }

    /// What must never happen and would, without its guard: the other place is brought back to where this one still is.
    pub(super) fn roll_back_the_other(&mut self, number: usize, rank: usize, guards: Guards) {
        let other = PLACES - 1 - rank;
        let controller = &self.controllers[number];
        let (own, moved) = (controller.stands[rank].held, controller.stands[other]);
        let (Some(own), Some(held), Some(requires)) = (own, moved.held, moved.view) else { return };
        if moved.open.is_some() || held.epoch <= own.epoch || held.active == own.active {
            return;
        }
        let id = self.fresh_id();
        let (to, from) = (own.active, held.active);
        let wish = Wish { kind: Kind::Move, to, from, identity: None, aligns: true };
        let controller = &mut self.controllers[number];
        let fence = controller.next_fence(other, &wish, guards, id);
        let faulty = controller.fault_of(other, from, requires, &fence);
        let write = Write { kind: Kind::Move, aligns: true, requires, from, fence, faulty };
        // As if it had been decided with its permit: no rule speaks for it.
        controller.stands[other].open = Some(Open { write, stage: Stage::InHand { late: false }, sent: false });
    }
}
