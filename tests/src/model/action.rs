//! What can happen next, and what comes of it.

use stateright::{Model, Property};

use super::Protocol;
use super::settings::Evidence;
use super::violation::Violation;
use super::world::{BEGINNING, Content, Judged, PLACES, Region, Stage, World};

/// No story of the settings that are checked writes more often. What does would never end.
const REV_MAX: u64 = 24;

/// One thing that happens. Numbers are of controllers, places and messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// A controller's evidence turns bad.
    Turn(usize, Judged),
    /// A controller's evidence is good again.
    Heal(usize),
    /// A person arms a controller again whose store was empty.
    Resume(usize),
    /// A controller looks at a zone.
    Look(usize, usize),
    /// It asks for a permit.
    Permit(usize, usize),
    /// It sends.
    Send(usize, usize),
    /// A permit runs out before it is used.
    PermitRunsOut(usize, usize),
    /// A signature gets too old on its way.
    SignatureRunsOut(usize),
    /// A message arrives and is answered.
    Arrive(usize),
    /// A message arrives and its answer is lost.
    ArriveUnanswered(usize),
    /// A message is lost.
    Vanish(usize),
    /// No answer has come.
    Despair(usize, usize),
    /// The zone is read back after an answer.
    ReadBack(usize, usize),
    /// What became of a write is found out, and it is burned.
    Resolve(usize, usize),
    /// A controller dies and starts again.
    Crash(usize),
    /// A controller dies, and its store with it.
    LoseStore(usize),
    /// A provider goes down.
    GoDown(usize),
    /// A provider comes back.
    ComeBack(usize),
    /// Somebody deletes a fence.
    DeleteFence(usize),
    /// Somebody restores a zone from the first backup.
    Restore(usize),
}

impl Action {
    /// Whether it comes by itself, or once all is well again. What is left are faults, and nobody may count on a fault.
    pub fn is_fair(self, world: &World) -> bool {
        match self {
            Self::Heal(_)
            | Self::Resume(_)
            | Self::Look(..)
            | Self::Permit(..)
            | Self::Send(..)
            | Self::PermitRunsOut(..)
            | Self::SignatureRunsOut(_)
            | Self::Arrive(_)
            | Self::ReadBack(..)
            | Self::Resolve(..)
            | Self::ComeBack(_) => true,
            Self::Despair(number, rank) => !is_under_way(world, number, rank),
            Self::Turn(..)
            | Self::ArriveUnanswered(_)
            | Self::Vanish(_)
            | Self::Crash(_)
            | Self::LoseStore(_)
            | Self::GoDown(_)
            | Self::DeleteFence(_)
            | Self::Restore(_) => false,
        }
    }
}

/// Whether the message of a place's open write may still arrive.
fn is_under_way(world: &World, number: usize, rank: usize) -> bool {
    let Some(open) = world.controllers[number].stands[rank].open else { return false };
    world.flying.iter().any(|message| (message.by, message.zone) == (number, rank) && message.write == open.write)
}

impl Model for Protocol {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::beginning(&self.settings)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        // What comes after something that must never be is of no interest.
        if world.broken.is_any() {
            return;
        }
        for number in 0..world.controllers.len() {
            of_controller(world, number, self.settings.evidence, actions);
            (0..PLACES).for_each(|rank| of_stand(world, number, rank, actions));
        }
        for (index, message) in world.flying.iter().enumerate() {
            of_message(world, index, message.late, message.zone, actions);
        }
        (0..PLACES).for_each(|rank| of_zone(world, rank, actions));
    }

    fn next_state(&self, last: &World, action: Action) -> Option<World> {
        let mut world = last.clone();
        self.happen(&mut world, action);
        let endless = world.zones.iter().filter_map(|zone| zone.content.fence).any(|fence| fence.rev.get() > REV_MAX);
        if endless {
            world.broken.note(Violation::Endless);
        }
        world.tidy(self.guards);
        (world != *last).then_some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            property(Violation::TwoWriters, |_, world| !world.broken.has(Violation::TwoWriters)),
            property(Violation::WentBack, |_, world| !world.broken.has(Violation::WentBack)),
            property(Violation::StartedAnew, |_, world| !world.broken.has(Violation::StartedAnew)),
            property(Violation::PermitOutlived, |_, world| !world.broken.has(Violation::PermitOutlived)),
            property(Violation::SentTwice, |_, world| !world.broken.has(Violation::SentTwice)),
            property(Violation::Torn, |_, world| !world.broken.has(Violation::Torn)),
            property(Violation::BurnedArrived, |_, world| !world.broken.has(Violation::BurnedArrived)),
            property(Violation::RolledBack, |_, world| !world.broken.has(Violation::RolledBack)),
            property(Violation::IntoFailing, |_, world| !world.broken.has(Violation::IntoFailing)),
            property(Violation::Endless, |_, world| !world.broken.has(Violation::Endless)),
        ]
    }
}

fn property(violation: Violation, holds: fn(&Protocol, &World) -> bool) -> Property<Protocol> {
    Property::always(violation.property(), holds)
}

fn of_controller(world: &World, number: usize, evidence: Evidence, actions: &mut Vec<Action>) {
    let controller = &world.controllers[number];
    if controller.judged != Judged::Well {
        actions.push(Action::Heal(number));
    }
    if controller.paused {
        actions.push(Action::Resume(number));
    }
    if world.left.turns > 0 {
        let bad = match evidence {
            Evidence::Agrees => &[Judged::Fails(Region::Prod)][..],
            Evidence::Contradicts => &[Judged::Fails(Region::Prod), Judged::Fails(Region::Dr)],
        };
        let news = bad.iter().copied().filter(|judged| controller.judged != *judged);
        actions.extend(news.map(|judged| Action::Turn(number, judged)));
    }
    if world.left.crashes > 0 {
        actions.push(Action::Crash(number));
    }
    // A store that is lost while a fence is missing too needs a person to adopt the service, who is not modelled.
    if world.left.empty_stores > 0 && world.zones.iter().all(|zone| zone.content.fence.is_some()) {
        actions.push(Action::LoseStore(number));
    }
}

fn of_stand(world: &World, number: usize, rank: usize, actions: &mut Vec<Action>) {
    actions.push(Action::Look(number, rank));
    let Some(open) = world.controllers[number].stands[rank].open else { return };
    match open.stage {
        Stage::Pending => actions.push(Action::Permit(number, rank)),
        Stage::InHand { late } => {
            actions.push(Action::Send(number, rank));
            if !late {
                actions.push(Action::PermitRunsOut(number, rank));
            }
        }
        Stage::Waiting => {
            if world.left.losses > 0 || !is_under_way(world, number, rank) {
                actions.push(Action::Despair(number, rank));
            }
        }
        Stage::Answered => actions.push(Action::ReadBack(number, rank)),
        Stage::Uncertain => {
            if world.zones[rank].reachable {
                actions.push(Action::Resolve(number, rank));
            }
        }
    }
}

fn of_message(world: &World, index: usize, late: bool, zone: usize, actions: &mut Vec<Action>) {
    if world.zones[zone].reachable {
        actions.push(Action::Arrive(index));
    }
    if !late {
        actions.push(Action::SignatureRunsOut(index));
    }
    if world.left.losses > 0 {
        actions.push(Action::Vanish(index));
        if world.zones[zone].reachable {
            actions.push(Action::ArriveUnanswered(index));
        }
    }
}

fn of_zone(world: &World, rank: usize, actions: &mut Vec<Action>) {
    let zone = world.zones[rank];
    if !zone.reachable {
        actions.push(Action::ComeBack(rank));
    } else if world.left.outages > 0 {
        actions.push(Action::GoDown(rank));
    }
    // Whoever never knew the fence cannot know that it is missing: that, too, needs a person to adopt.
    let known = world.controllers.iter().all(|controller| controller.stands[rank].held.is_some());
    if world.left.deletions > 0 && known && zone.content.fence.is_some() {
        actions.push(Action::DeleteFence(rank));
    }
    if world.left.restores > 0 && zone.content != BEGINNING {
        actions.push(Action::Restore(rank));
    }
}

impl Protocol {
    fn happen(&self, world: &mut World, action: Action) {
        let guards = self.guards;
        match action {
            Action::Turn(number, judged) => {
                world.left.turns -= 1;
                world.controllers[number].judged = judged;
                world.pursue(number, guards);
            }
            Action::Heal(number) => {
                world.controllers[number].judged = Judged::Well;
                world.pursue(number, guards);
            }
            Action::Resume(number) => {
                world.controllers[number].paused = false;
                world.pursue(number, guards);
            }
            Action::Look(number, rank) => world.look(number, rank, guards),
            Action::Permit(number, rank) => world.answer_permit(number, rank, guards),
            Action::Send(number, rank) => world.send(number, rank, guards),
            Action::ReadBack(number, rank) => world.read_back(number, rank, guards),
            Action::Resolve(number, rank) => world.resolve(number, rank, guards),
            Action::Despair(number, rank) => {
                world.left.losses -= u8::from(is_under_way(world, number, rank));
                set_stage(world, number, rank, Stage::Uncertain);
                world.pursue(number, guards);
            }
            Action::PermitRunsOut(number, rank) => world.outlive_permit(number, rank, guards),
            Action::SignatureRunsOut(_) | Action::Arrive(_) | Action::ArriveUnanswered(_) | Action::Vanish(_) => {
                self.travel(world, action);
            }
            Action::Crash(_)
            | Action::LoseStore(_)
            | Action::GoDown(_)
            | Action::ComeBack(_)
            | Action::DeleteFence(_)
            | Action::Restore(_) => self.strike(world, action),
        }
    }

    /// What becomes of messages.
    fn travel(&self, world: &mut World, action: Action) {
        match action {
            Action::SignatureRunsOut(index) => world.outlive_signature(index, self.guards),
            Action::Arrive(index) => world.arrive(index, true, self.guards),
            Action::ArriveUnanswered(index) => {
                world.left.losses -= 1;
                world.arrive(index, false, self.guards);
            }
            Action::Vanish(index) => {
                world.left.losses -= 1;
                world.flying.remove(index);
            }
            _ => unreachable!("invariant: only what concerns messages comes here"),
        }
    }

    /// What befalls processes, providers and zones.
    fn strike(&self, world: &mut World, action: Action) {
        match action {
            Action::Crash(number) => {
                world.left.crashes -= 1;
                world.crash(number, self.guards);
            }
            Action::LoseStore(number) => {
                world.left.empty_stores -= 1;
                world.lose_store(number);
            }
            Action::GoDown(rank) => {
                world.left.outages -= 1;
                world.zones[rank].reachable = false;
            }
            Action::ComeBack(rank) => world.zones[rank].reachable = true,
            Action::DeleteFence(rank) => {
                world.left.deletions -= 1;
                let records = world.zones[rank].content.records;
                world.touch(rank, Content { fence: None, records }, self.guards);
            }
            Action::Restore(rank) => {
                world.left.restores -= 1;
                world.touch(rank, BEGINNING, self.guards);
            }
            _ => unreachable!("invariant: only strokes of fate come here"),
        }
    }
}

fn set_stage(world: &mut World, number: usize, rank: usize, stage: Stage) {
    if let Some(open) = &mut world.controllers[number].stands[rank].open {
        open.stage = stage;
    }
}
