//! A world and its clock: what is due next happens next, until the history ends or something is wrong.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use dns_core::fence::DecisionId;
use dns_core::zone::ZoneView;

use super::Ms;
use super::chance::Purpose;
use super::controller::{Controller, Life};
use super::guard::Guard;
use super::happening::{Injection, Verb};
use super::ledger::Ledger;
use super::setting::{Configuration, REVISIONS, Setting};
use super::story::{Story, Violation};
use super::tally::Tally;
use super::watch::Watch;
use super::writing::Phase;
use super::zone::{Message, Zone};

/// Steps of one history, at the most: many times what the busiest takes. More are a world that never comes to rest.
const OCCURRENCES_MAX: u64 = 5_000_000;

/// Something that is due.
#[derive(Debug)]
pub(super) enum Occurrence {
    /// An entry of the script.
    Injected(usize),
    /// A state that was injected is over.
    Ended(Ending),
    /// A run of a probe that may be news.
    Probed { vantage: usize, region: usize, endpoint: usize },
    /// A subscription begins anew.
    Connected { controller: usize, incarnation: u64, vantage: usize },
    /// Time alone may change a judgement.
    Judged { controller: usize },
    /// A reader looks at a zone.
    Read { controller: usize, place: usize },
    /// What it saw comes back; the version is that of the zone, unless it was shown an older one.
    WasRead { controller: usize, incarnation: u64, place: usize, version: Option<u64>, view: Option<Box<ZoneView>> },
    /// A write's task goes on.
    Wrote { controller: usize, incarnation: u64, place: usize, serial: u64, turn: u64, phase: Phase },
    /// A message reaches a provider.
    Arrived(Box<Message>),
    /// The authoritative servers were asked.
    Verified { controller: usize, incarnation: u64, decision: DecisionId },
    /// A process goes on, or begins.
    Awake { controller: usize, incarnation: u64 },
    /// An order reaches a controller.
    Commanded { controller: usize, verb: Verb, overriding: bool },
    /// A process takes up another configuration.
    Reloads { controller: usize, configuration: usize },
    /// The same of a vantage point.
    Relearns { vantage: usize, configuration: usize },
    /// A part of the end, when all faults are over.
    Calm(usize),
}

/// What ends by itself.
#[derive(Clone, Debug)]
pub(super) enum Ending {
    Region(usize),
    Endpoint(usize, usize),
    Paths(Vec<usize>, usize),
    Blind(usize),
    Silent(usize),
    Partition(usize, usize),
    Clock(usize),
}

impl Occurrence {
    /// The controller that has to run for it.
    fn controller(&self) -> Option<usize> {
        match self {
            Self::Connected { controller, .. }
            | Self::Judged { controller }
            | Self::Read { controller, .. }
            | Self::WasRead { controller, .. }
            | Self::Wrote { controller, .. }
            | Self::Verified { controller, .. }
            | Self::Commanded { controller, .. } => Some(*controller),
            Self::Injected(_)
            | Self::Ended(_)
            | Self::Probed { .. }
            | Self::Arrived(_)
            | Self::Awake { .. }
            | Self::Reloads { .. }
            | Self::Relearns { .. }
            | Self::Calm(_) => None,
        }
    }
}

/// An occurrence in the queue: the earliest first, and of equals the one that was planned first.
struct Due(Reverse<(Ms, u64)>, Occurrence);

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

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
    queue: BinaryHeap<Due>,
    planned: u64,
    pub(super) configurations: Vec<Configuration>,
    /// The newest configuration that was rolled out.
    pub(super) newest: usize,
    /// By region: how many outages there are now; and by endpoint.
    pub(super) regions_down: Vec<u32>,
    pub(super) endpoints_down: Vec<Vec<u32>>,
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
            ledger: Ledger::new(setting.controllers, setting.places, setting.vantages),
            configurations,
            newest: 0,
            now: 0,
            queue: BinaryHeap::new(),
            planned: 0,
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
        let mut taken = 0;
        while self.violation.is_none() && !self.finished {
            let Some(Due(Reverse((at, _)), occurrence)) = self.queue.pop() else { break };
            self.now = at;
            self.tally.steps += 1;
            self.let_happen(occurrence);
            taken += 1;
            if taken > OCCURRENCES_MAX {
                self.violate(super::invariants::Invariant::Settles, "the history never comes to an end".to_owned());
            }
        }
        self.tally.histories += 1;
        self.tally.simulated_ms += self.now;
    }

    /// Plans something.
    pub(super) fn plan(&mut self, at: Ms, occurrence: Occurrence) {
        self.planned += 1;
        self.queue.push(Due(Reverse((at.max(self.now), self.planned)), occurrence));
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
        self.tell(|| {
            format!(
                "{controllers} controllers, {places} zones, {regions} regions of {endpoints} endpoints, quorum {quorum} of \
                 {vantages} vantage points, probes every {interval} ms, fall {fall}, rise {rise}"
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
