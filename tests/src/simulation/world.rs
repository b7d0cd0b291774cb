//! A world and its clock: what is due next happens next, until the history ends or something is wrong.

use std::sync::Arc;

use dns_core::fleet::Fleet;

use super::Ms;
use super::chance::Purpose;
use super::controller::{Controller, Life};
use super::guard::Guard;
use super::happening::{Injection, Verb, Word};
use super::ledger::Ledger;
pub(super) use super::queue::{Ending, Occurrence, Queue};
use super::setting::{Configuration, REVISIONS, Setting};
use super::story::{Story, Violation};
use super::tally::Tally;
use super::watch::Watch;
use super::zone::Zone;

/// Steps of one history, at the most: many times what the busiest takes. More are a world that never comes to rest.
const OCCURRENCES_MAX: u64 = 5_000_000;

/// One vantage point.
pub(super) struct Vantage {
    /// By region and endpoint.
    pub(super) watches: Vec<Vec<Watch>>,
    /// By region: how many cuts lie between.
    pub(super) cuts: Vec<u32>,
    pub(super) blind: u32,
    pub(super) silent: u32,
    pub(super) configuration: usize,
}

/// A world.
pub(super) struct World<'a> {
    pub(super) setting: Setting,
    pub(super) script: &'a [Injection],
    pub(super) span: Ms,
    /// The guard that is removed, to see what happens without it.
    pub(super) without: Option<Guard>,
    pub(super) now: Ms,
    queue: Queue,
    taken: u64,
    pub(super) configurations: Vec<Configuration>,
    /// The newest configuration that was rolled out.
    pub(super) newest: usize,
    /// By region: how many outages there are now; and by endpoint.
    pub(super) regions_down: Vec<u32>,
    pub(super) endpoints_down: Vec<Vec<u32>>,
    /// By region: what its gate says; and what the hook says.
    pub(super) gates_say: Vec<Word>,
    pub(super) hook_says: Word,
    /// By controller: all other services, if there are any.
    pub(super) fleets: Option<Vec<Arc<Fleet>>>,
    /// Moves that were let go without an order: of which controllers, and from where.
    pub(super) departing: Vec<(usize, usize)>,
    /// Whether what befalls all services is counted elsewhere.
    pub(super) follows: bool,
    pub(super) vantages: Vec<Vantage>,
    pub(super) controllers: Vec<Controller>,
    pub(super) zones: Vec<Zone>,
    pub(super) ledger: Ledger,
    pub(super) tally: Tally,
    pub(super) story: Option<Story>,
    pub(super) violation: Option<Violation>,
    pub(super) finished: bool,
    pub(super) nonce: u128,
    pub(super) serial: u64,
}

impl<'a> World<'a> {
    pub(super) fn new(setting: Setting, script: &'a [Injection], span: Ms, without: Option<Guard>) -> Self {
        let configurations: Vec<Configuration> =
            (0..REVISIONS).map(|revision| setting.configuration(revision)).collect();
        let service = &configurations[0].service;
        let controllers = (0..setting.controllers).map(|number| Controller::new(number, service, setting.vantages));
        let zones = configurations[0].plans.iter().map(|plans| Zone::new(plans[0].clone()));
        let mut world = Self {
            controllers: controllers.collect(),
            zones: zones.collect(),
            vantages: Vec::new(),
            regions_down: vec![0; setting.regions],
            endpoints_down: vec![vec![0; setting.endpoints]; setting.regions],
            gates_say: vec![Word::Yes; setting.regions],
            hook_says: Word::Yes,
            fleets: None,
            departing: Vec::new(),
            follows: false,
            ledger: Ledger::new(setting.controllers, setting.places, setting.vantages),
            configurations,
            newest: 0,
            now: 0,
            queue: Queue::default(),
            taken: 0,
            tally: Tally::default(),
            story: None,
            violation: None,
            finished: false,
            nonce: 0,
            serial: 0,
            setting,
            script,
            span,
            without,
        };
        world.begin();
        world
    }

    fn begin(&mut self) {
        self.vantages = (0..self.setting.vantages).map(|rank| self.vantage(rank)).collect();
        for vantage in 0..self.setting.vantages {
            self.plan_probes(vantage);
        }
        for controller in 0..self.setting.controllers {
            self.start(controller);
            // Adopted by the first; the others follow, and are armed when they have found the fence.
            let (verb, at) = if controller == 0 { (Verb::Adopt, 300_000) } else { (Verb::Resume, 900_000) };
            self.plan(at, Occurrence::Commanded { controller, verb, overriding: false });
        }
        for (entry, injection) in self.script.iter().enumerate() {
            self.plan(injection.at, Occurrence::Injected(entry));
        }
        self.plan(self.span, Occurrence::Calm(0));
    }

    fn vantage(&self, rank: usize) -> Vantage {
        let Setting { interval, fall, rise, regions, endpoints, chance, .. } = self.setting;
        let watch = |region: usize, endpoint: usize| {
            let whose = (rank * regions + region) * endpoints + endpoint;
            let phase = chance.dice(Purpose::Phase, whose, 0).between(0, interval - 1);
            Watch::begin(interval, phase, fall, rise, 0)
        };
        let of_region = |region| (0..endpoints).map(|endpoint| watch(region, endpoint)).collect();
        let watches = (0..regions).map(of_region).collect();
        Vantage { watches, cuts: vec![0; regions], blind: 0, silent: 0, configuration: 0 }
    }

    /// Lets the world go on until it ends or something is wrong.
    pub(super) fn run(&mut self) {
        while self.is_going_on() && self.go_on_one() {}
        self.count();
    }

    pub(super) fn is_going_on(&self) -> bool {
        self.violation.is_none() && !self.finished
    }

    /// When something happens next.
    pub(super) fn next_at(&self) -> Option<Ms> {
        self.queue.next_at()
    }

    /// Lets the next thing happen. False if there is none.
    pub(super) fn go_on_one(&mut self) -> bool {
        let Some((at, occurrence)) = self.queue.take() else { return false };
        self.now = at;
        self.tally.steps += 1;
        self.let_happen(occurrence);
        self.taken += 1;
        if self.taken > OCCURRENCES_MAX {
            self.violate(super::invariants::Invariant::Settles, "the history never comes to an end".to_owned());
        }
        true
    }

    /// Counts the history, which has ended.
    pub(super) fn count(&mut self) {
        self.tally.histories += 1;
        self.tally.simulated_ms += self.now;
    }

    /// Plans something.
    pub(super) fn plan(&mut self, at: Ms, occurrence: Occurrence) {
        self.queue.plan(at.max(self.now), occurrence);
    }

    fn let_happen(&mut self, occurrence: Occurrence) {
        if let Some(controller) = occurrence.controller() {
            match self.controllers[controller].life {
                Life::Runs => {}
                Life::Stopped { until, .. } => return self.put_off(controller, until, occurrence),
                // Nothing of a dead process happens; its store and the script go on.
                Life::Dead { until } => {
                    if matches!(occurrence, Occurrence::Commanded { .. }) {
                        self.plan(until + 1_000, occurrence);
                    }
                    return;
                }
            }
        }
        match occurrence {
            Occurrence::Injected(entry) => self.strike(entry),
            Occurrence::Ended(ending) => self.end(&ending),
            Occurrence::Probed { vantage, region, endpoint } => self.probed(vantage, region, endpoint),
            Occurrence::Connected { controller, incarnation, vantage } => {
                if self.controllers[controller].incarnation == incarnation {
                    self.connect(controller, vantage);
                }
            }
            Occurrence::Judged { controller } => self.judge(controller),
            Occurrence::Read { controller, place } => self.read(controller, place),
            Occurrence::WasRead { controller, incarnation, place, version, view } => {
                if self.controllers[controller].incarnation == incarnation {
                    self.was_read(controller, place, version, view);
                }
            }
            Occurrence::Wrote { controller, incarnation, place, serial, turn, phase } => {
                if self.controllers[controller].incarnation == incarnation {
                    self.go_on(controller, place, serial, turn, phase);
                }
            }
            Occurrence::Arrived(message) => self.arrive(&message),
            Occurrence::Verified { controller, incarnation, decision } => {
                if self.controllers[controller].incarnation == incarnation {
                    self.verify(controller, decision);
                }
            }
            Occurrence::Awake { controller, incarnation } => self.wake(controller, incarnation),
            Occurrence::Commanded { controller, verb, overriding } => self.command(controller, verb, overriding),
            Occurrence::Reloads { controller, configuration } => self.reload(controller, configuration),
            Occurrence::Relearns { vantage, configuration } => self.relearn(vantage, configuration),
            Occurrence::Calm(part) => self.calm(part),
        }
    }

    /// A stopped process finds everything when it goes on, in the order in which it came.
    fn put_off(&mut self, controller: usize, until: Ms, occurrence: Occurrence) {
        match &occurrence {
            Occurrence::Judged { .. } => self.controllers[controller].due = Some(until),
            Occurrence::Read { place, .. } => self.controllers[controller].reads_at[*place] = Some(until),
            _other => {}
        }
        self.plan(until, occurrence);
    }

    /// Begins the story with what kind of world it is.
    pub(super) fn tell_setting(&mut self) {
        let Setting { controllers, places, regions, endpoints, vantages, quorum, interval, fall, rise, .. } =
            self.setting;
        let leeway = self.setting.leeway.clone();
        self.tell(|| {
            format!(
                "{controllers} controllers, {places} zones, {regions} regions of {endpoints} endpoints, quorum {quorum} of \
                 {vantages} vantage points, probes every {interval} ms, fall {fall}, rise {rise}\n{leeway:?}"
            )
        });
    }

    /// Adds a line to the story, if one is told.
    pub(super) fn tell(&mut self, line: impl FnOnce() -> String) {
        if let Some(story) = &mut self.story {
            story.add(self.now, line());
        }
    }
}
