//! Several services of the same regions at once: what one of them may do without an order depends on all others.
//!
//! Each service is a world of its own, with probes at times of its own and writes that fail by themselves; regions, vantage
//! points and controllers are the same for all, so what befalls these befalls every world at the same moment. The worlds take
//! turns in the order of time, and each controller counts all of its services as the engine does.

use std::sync::Arc;
use std::time::Duration;

use dns_core::fleet::{BlastRadius, Fleet, Presence, Progress};
use dns_core::identifier::RegionName;
use dns_core::share::Share;
use dns_core::write::{PlannedWrite, WriteKind};

use super::chance::{Chance, Dice, Purpose};
use super::guard::Guard;
use super::happening::{Happening, Injection};
use super::invariants::Invariant;
use super::setting::Setting;
use super::story::Story;
use super::world::World;
use super::zone::Deed;
use super::{Ms, Outcome, Plan};

/// Services of one convoy, at the least and at the most.
const SERVICES: (Ms, Ms) = (2, 40);
/// Every so many histories one is of several services: an eighth of all service-years.
const CONVOY_EVERY: u64 = 80;

/// Several worlds whose services are counted together.
pub(super) struct Convoy<'a> {
    worlds: Vec<World<'a>>,
    radius: BlastRadius,
    /// By controller: all services.
    fleets: Vec<Fleet>,
    /// By controller and service: as what it is counted.
    present: Vec<Vec<Presence>>,
}

/// Whether the history of a seed is one of several services.
pub(super) fn is_one(seed: u64) -> bool {
    seed.is_multiple_of(CONVOY_EVERY)
}

/// What happens to each of the services: all that is shared, and its part of the rest.
fn scripts(all: &[Injection], services: Ms) -> Vec<Vec<Injection>> {
    let of = |service: Ms| {
        // Whose it is follows from its time alone, so that leaving others out changes nothing.
        let its = |injection: &&Injection| match is_shared(&injection.what) {
            Some(true) => true,
            Some(false) => injection.at % services == service,
            None => false,
        };
        all.iter().filter(its).cloned().collect()
    };
    (0..services).map(of).collect()
}

/// Whether it befalls all services, or one of them. What ends a process in the midst of one service's write would have to
/// end it for all: that is left out here.
pub(super) fn is_shared(what: &Happening) -> Option<bool> {
    match what {
        Happening::Stopped { at: Some(_), .. } | Happening::Crashed { at: Some(_), .. } => None,
        Happening::RegionFails { .. }
        | Happening::PathsCut { .. }
        | Happening::Blind { .. }
        | Happening::Silent { .. }
        | Happening::Partition { .. }
        | Happening::Stopped { .. }
        | Happening::Crashed { .. }
        | Happening::ClockSet { .. }
        | Happening::StoreRefuses { .. }
        | Happening::StoreSaved { .. }
        | Happening::Reconfigured
        | Happening::ProviderDown { .. }
        | Happening::TidiedUp => Some(true),
        Happening::EndpointFails { .. }
        | Happening::Lossy { .. }
        | Happening::LossRow { .. }
        | Happening::ProviderDenies { .. }
        | Happening::ProviderThrottles { .. }
        | Happening::ProviderUnreadable { .. }
        | Happening::ReadsLag { .. }
        | Happening::CutOff { .. }
        | Happening::NextWrite { .. }
        | Happening::GateSays { .. }
        | Happening::HookSays { .. }
        | Happening::ZoneSaved { .. }
        | Happening::ZoneRestored { .. }
        | Happening::FenceDeleted { .. }
        | Happening::HandEdited { .. }
        | Happening::Ordered { .. } => Some(false),
    }
}

/// Lives through one history of several services. Each of them counts with its own time.
pub(super) fn live(plan: &Plan, setting: &Setting, script: &[Injection], tells: bool) -> Outcome {
    let mut dice = setting.chance.dice(Purpose::Setting, 2, 0);
    let services = dice.spread(SERVICES.0, SERVICES.1);
    let scripts = scripts(script, services);
    let mut convoy = Convoy::new(plan, setting, &scripts, radius(&mut dice));
    for world in convoy.worlds.iter_mut().filter(|_| tells) {
        world.story = Some(Story::default());
        world.tell_setting();
    }
    convoy.run();
    convoy.into_outcome()
}

fn radius(dice: &mut Dice) -> BlastRadius {
    let share = |percent: u8| Share::try_from(percent).expect("invariant: a share");
    BlastRadius {
        services: dice.pick(&[1, 2, 3, 10]),
        share: share(dice.pick(&[10, 20, 50])),
        per: Duration::from_mins(10),
        region_loss: share(dice.pick(&[60, 80])),
    }
}

impl<'a> Convoy<'a> {
    fn new(plan: &Plan, setting: &Setting, scripts: &'a [Vec<Injection>], radius: BlastRadius) -> Self {
        let world = |(number, script): (usize, &'a Vec<Injection>)| {
            let mut own = setting.clone();
            own.chance = Chance::of(plan.seed ^ (u64::try_from(number).unwrap_or_default() + 1).rotate_left(40));
            let mut world = World::new(own, script, plan.span, plan.without);
            world.follows = number > 0;
            world.fleets = Some((0..setting.controllers).map(|_| Arc::new(Fleet::new(radius))).collect());
            world
        };
        let worlds: Vec<World<'a>> = scripts.iter().enumerate().map(world).collect();
        Self {
            fleets: vec![Fleet::new(radius); setting.controllers],
            present: vec![vec![Presence::default(); worlds.len()]; setting.controllers],
            worlds,
            radius,
        }
    }

    fn run(&mut self) {
        while let Some(next) = self.next() {
            self.tell_of_others(next);
            self.worlds[next].go_on_one();
            self.count_anew(next);
            self.check_departures(next);
            if self.worlds[next].violation.is_some() {
                return;
            }
        }
    }

    /// The service to which something happens next.
    fn next(&self) -> Option<usize> {
        let going = self.worlds.iter().enumerate().filter(|(_, world)| world.is_going_on());
        going.filter_map(|(number, world)| Some((world.next_at()?, number))).min().map(|(_, number)| number)
    }

    /// What every controller knows of all other services.
    fn tell_of_others(&mut self, service: usize) {
        if self.worlds[service].without == Some(Guard::BlastRadius) {
            return;
        }
        for (controller, fleet) in self.fleets.iter().enumerate() {
            let mut others = fleet.clone();
            others.discount(&self.present[controller][service]);
            if let Some(fleets) = &mut self.worlds[service].fleets {
                fleets[controller] = Arc::new(others);
            }
        }
    }

    fn count_anew(&mut self, service: usize) {
        for controller in 0..self.fleets.len() {
            let world = &self.worlds[service];
            let known = &world.controllers[controller];
            let clock = known.clock(world.now);
            let presence = Presence::of(&known.saga, &self.radius, clock);
            let presence = match &known.waits {
                Some(wait) => presence.judged(&wait.judgement),
                None => presence,
            };
            let before = &mut self.present[controller][service];
            if presence != *before {
                self.fleets[controller].discount(before);
                self.fleets[controller].count(&presence);
                *before = presence;
            }
        }
    }

    /// Whoever was let go without an order is held against what the others do.
    fn check_departures(&mut self, service: usize) {
        for (controller, from) in std::mem::take(&mut self.worlds[service].departing) {
            let region = Setting::region(from);
            let others: Vec<Standing> = (0..self.worlds.len())
                .filter(|other| *other != service)
                .map(|other| self.standing(other, controller, from, region))
                .collect();
            let count = |wanted: fn(&Standing) -> bool| others.iter().filter(|one| wanted(one)).count();
            let there = count(|one| one.there || one.left.is_some());
            let failing = count(|one| one.fails || (one.left.is_some() && !one.recovered));
            let (left, on_its_way) =
                (count(|one| one.left.is_some()), count(|one| one.left == Some(Progress::UnderWay)));
            let share = |percent: Share| (usize::from(u8::from(percent)) * (there + 1)).div_ceil(100);
            if left < self.radius.services.min(share(self.radius.share)) {
                continue;
            }
            let figures =
                format!("{left} of {there} others have left {region}, {on_its_way} are on their way, {failing} fail");
            let lost = failing + 1 >= share(self.radius.region_loss);
            let world = &mut self.worlds[service];
            world.require(lost, Invariant::BlastRadiusHolds, || figures.clone());
            // One first, then ten times as many as before each time, and only when all before have settled.
            let settled = left - on_its_way;
            let most = [1, 11, 111].into_iter().find(|end| *end > settled).unwrap_or(usize::MAX);
            world.require(left < most, Invariant::WavesHold, || figures);
        }
    }

    fn standing(&self, service: usize, controller: usize, rank: usize, region: &RegionName) -> Standing {
        let world = &self.worlds[service];
        let known = &world.controllers[controller];
        let clock = known.clock(world.now);
        let departures = known.saga.machines().filter_map(|(_, machine)| machine.memory().departure());
        let last = departures.max_by_key(|departure| departure.at);
        let lately = last.filter(|last| last.from == *region && clock.since(last.at) < self.radius.per);
        let open = known.saga.machines().filter_map(|(_, machine)| machine.memory().open());
        let leaving: Vec<&PlannedWrite> =
            open.map(|open| &open.write).filter(|write| leaves_by_itself(write)).collect();
        // One that is leaving the next region already counts there: another of its places may have decided that.
        let goes_on = last.is_some_and(|last| {
            leaving.iter().any(|write| write.decided >= last.at && write.from.as_ref() != Some(region))
        });
        // Where its records are: one that was released or never adopted has no fence that says so, and counts all the same.
        let teller = known.saga.machine(known.saga.teller(clock));
        let there = teller.and_then(|machine| machine.memory().active()) == Some(region);
        let heard = world.heard(controller)[rank];
        // One that another controller has moved already, while the decision of this one is open.
        let was_leaving = !there && leaving.iter().any(|write| write.from.as_ref() == Some(region));
        Standing {
            there,
            fails: there && heard.failing,
            recovered: heard.healthy,
            left: lately.filter(|_| !goes_on).map(|last| last.progress).or(was_leaving.then_some(Progress::UnderWay)),
        }
    }

    fn into_outcome(mut self) -> Outcome {
        let mut tally = super::Tally::default();
        for world in &mut self.worlds {
            world.count();
            tally.add(&world.tally);
        }
        let failed = self.worlds.iter().position(|world| world.violation.is_some());
        let told = self.worlds.swap_remove(failed.unwrap_or_default());
        Outcome { tally, violation: told.violation, story: told.story }
    }
}

/// Whether a controller has decided, without anyone's order, that the service leaves.
fn leaves_by_itself(write: &PlannedWrite) -> bool {
    let Deed { kind, automatic, aligns, .. } = Deed::of(write);
    kind == WriteKind::Failover && automatic && !aligns
}

/// How another service stands to a region.
struct Standing {
    there: bool,
    fails: bool,
    /// A quorum is heard to see the region healthy for it.
    recovered: bool,
    /// How far it has come since it left the region lately.
    left: Option<Progress>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::DAY;
    use crate::simulation::happening::{Again, Verb};

    #[test]
    fn a_service_that_was_released_still_counts_where_its_records_are() {
        let plan = Plan { seed: 1160, span: 304 * DAY, without: None };
        let release = Happening::Ordered { controller: 2, verb: Verb::Release, overriding: false, again: Again::Once };
        let lost = Happening::RegionFails { region: 0, lasts: 327_422 };
        // The first is of service 0 of seven: its time is a multiple of seven.
        let script = [Injection { at: 26_256_569_605, what: release }, Injection { at: 26_256_853_805, what: lost }];
        let outcome = live(&plan, &Setting::of(plan.seed, plan.span), &script, false);
        assert_eq!(outcome.violation, None);
    }

    #[test]
    fn a_service_that_another_controller_was_faster_to_move_has_left_all_the_same() {
        let plan = Plan { seed: 1_632_595_440, span: 365 * DAY, without: None };
        let lost = Happening::RegionFails { region: 0, lasts: 1_499_308 };
        let script = [Injection { at: 7_098_487_810, what: lost }];
        let outcome = live(&plan, &Setting::of(plan.seed, plan.span), &script, false);
        assert_eq!(outcome.violation, None);
    }

    #[test]
    fn moves_that_are_no_longer_seen_to_be_needed_are_no_sign_that_a_region_is_lost() {
        let plan = Plan { seed: 155_723_840, span: 365 * DAY, without: None };
        // Decided, not yet sent, and then the controller hears nothing for minutes.
        let script = [
            Injection { at: 20_114_782_332, what: Happening::ProviderDown { place: 0, lasts: 746_710 } },
            Injection { at: 20_114_802_795, what: Happening::RegionFails { region: 0, lasts: 846_129 } },
            Injection { at: 20_114_811_776, what: Happening::Stopped { controller: 0, at: None, lasts: 194_659 } },
        ];
        let outcome = live(&plan, &Setting::of(plan.seed, plan.span), &script, false);
        assert_eq!(outcome.violation, None);
    }
}
