//! Evacuation of a region by order: every service that is there moves, whatever probes see.
//!
//! One goes first. The next ones follow in waves of the same sizes as those of a lost region ([`crate::fleet`]), each when
//! the one before is served, and none once more than a tenth of those that have begun did not arrive. Each move is an
//! operator's order to that service and passes the kernel. What the kernel refuses is held, named and asked again when the
//! others have moved ([`rounds`]).
//!
//! What is kept of an evacuation is what was ordered and whether it goes on, and nothing about services: what has begun and
//! arrived stands in each service's own state ([`Passage`]). So after a restart it goes on in the wave in which it ended,
//! and nothing moves twice.
//!
//! A *return* is the same the other way: it brings back what one evacuation has moved.

pub mod forecast;
mod objection;
mod passage;
pub mod rounds;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fence::EvacuationId;
use crate::fleet::{are_too_many, wave_end};
use crate::identifier::{Actor, RegionName, ServiceName};
use crate::kernel::Rule;
use crate::machine::command::{Command, Order};
use crate::time::Timestamp;
pub use objection::{Ground, Objection};
pub use passage::{Arrival, Errand, Passage, Stand, TRIES_MAX};
use rounds::Rounds;

/// Services that are named in one sentence. The others are found when these are mended.
const NAMED_MAX: usize = 5;

/// What was ordered, and whether it goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evacuation {
    /// Its id.
    pub id: EvacuationId,
    /// The region that is left; of a return, the one that is returned to.
    pub region: RegionName,
    /// Where everything goes; without it each service goes to its first region that is ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<RegionName>,
    /// Of a return: the evacuation that is undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<EvacuationId>,
    /// Who ordered it.
    pub by: Actor,
    /// Why.
    pub reason: String,
    /// Rules that are overridden for every service.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<Rule>,
    /// The largest wave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wave_max: Option<usize>,
    /// When it was ordered.
    pub started: Timestamp,
    /// The service whose history tells of it: an evacuation is nobody's own.
    pub herald: ServiceName,
    /// How many services were to move when it was ordered.
    pub services: usize,
    /// Counts how often it was started: what failed before it was resumed does not stop it again.
    pub run: u32,
    /// Whether it goes on.
    pub stage: Stage,
    /// How far it had come when it stopped or ended. Services go on, and their states tell only of the newest evacuation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Tally>,
}

/// Whether an evacuation goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "is")]
pub enum Stage {
    /// Services are moved.
    Running {
        /// Since when.
        since: Timestamp,
    },
    /// Nothing more is decided; moves that are under way end.
    Stopped {
        /// Since when.
        since: Timestamp,
        /// Who stopped it; `None` if it did so by itself.
        by: Option<Actor>,
        /// Why.
        why: String,
    },
    /// It is over.
    Ended {
        /// Since when.
        since: Timestamp,
        /// Who ended it before it was done; `None` if it was done.
        by: Option<Actor>,
    },
}

impl Stage {
    /// The stage in a word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Running { .. } => "running",
            Self::Stopped { .. } => "stopped",
            Self::Ended { .. } => "ended",
        }
    }

    /// Since when it is in this stage.
    pub fn since(&self) -> Timestamp {
        match self {
            Self::Running { since } | Self::Stopped { since, .. } | Self::Ended { since, .. } => *since,
        }
    }
}

/// How many services are how far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// They have not begun.
    pub waiting: usize,
    /// Decided or written, and not seen to be served yet.
    pub under_way: usize,
    /// Served.
    pub arrived: usize,
    /// Written, and not every authoritative server served it in time.
    pub unserved: usize,
    /// Tried as often as is sensible, and not written.
    pub stuck: usize,
    /// Those of the last two that have failed since it was last started.
    pub failed_now: usize,
}

impl Tally {
    /// Takes one in.
    pub fn count(&mut self, stand: &Stand) {
        match stand {
            Stand::Waiting { .. } => self.waiting += 1,
            Stand::UnderWay => self.under_way += 1,
            Stand::Arrived => self.arrived += 1,
            Stand::Unserved { now } => {
                self.unserved += 1;
                self.failed_now += usize::from(*now);
            }
            Stand::Stuck => {
                self.stuck += 1;
                self.failed_now += 1;
            }
        }
    }

    /// All that it concerns.
    pub fn all(&self) -> usize {
        self.waiting + self.begun()
    }

    /// Those that have begun.
    pub fn begun(&self) -> usize {
        self.under_way + self.settled()
    }

    fn settled(&self) -> usize {
        self.arrived + self.unserved + self.stuck
    }
}

/// Every service that an evacuation concerns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Muster {
    tally: Tally,
    /// Those that have not begun, in order, with whether they can be asked.
    waiting: BTreeMap<ServiceName, bool>,
    /// Those that may be in the region: their stored states cannot be read, and so nobody knows.
    unread: Vec<ServiceName>,
}

impl Muster {
    /// Takes a service in.
    pub fn count(&mut self, service: &ServiceName, stand: &Stand) {
        self.tally.count(stand);
        if let Stand::Waiting { ready } = stand {
            self.waiting.insert(service.clone(), *ready);
        }
    }

    /// Takes in a service that may be in the region, and whose stored state cannot be read.
    pub fn count_unread(&mut self, service: &ServiceName) {
        self.unread.push(service.clone());
    }

    /// Which services may be left behind because their stored states cannot be read; `None` if there is none.
    pub fn left_unread(&self) -> Option<String> {
        let first = self.unread.iter().take(NAMED_MAX).map(|service| format!("`{service}`")).collect::<Vec<_>>();
        let more = self.unread.len().saturating_sub(NAMED_MAX);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let all = format!("{}{more}", first.join(", "));
        (!self.unread.is_empty()).then(|| format!("the stored state of {all} cannot be read, so nobody has moved it"))
    }

    /// The first one that has not begun.
    pub fn first(&self) -> Option<&ServiceName> {
        self.waiting.keys().next()
    }

    /// How many are how far.
    pub fn tally(&self) -> Tally {
        self.tally
    }
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing before something has changed, or time has passed.
    Wait,
    /// So many of these services begin, the first ones that the kernel lets.
    Begin {
        /// In this order.
        services: Vec<ServiceName>,
        /// How many.
        at_most: usize,
    },
    /// It stops by itself, and a person has to look.
    Stop(String),
    /// All have moved.
    End,
}

impl Evacuation {
    /// Whether it is not over: then nothing moves into the region by itself, and no other one of the region begins.
    pub fn is_open(&self) -> bool {
        !matches!(self.stage, Stage::Ended { .. })
    }

    /// Whether services are moved.
    pub fn is_running(&self) -> bool {
        matches!(self.stage, Stage::Running { .. })
    }

    /// Whether it brings services back.
    pub fn is_return(&self) -> bool {
        self.undoes.is_some()
    }

    /// Why nothing moves into the region; `None` if something may.
    pub fn bars(&self) -> Option<String> {
        let Self { region, id, by, reason, .. } = self;
        let bars = self.is_open() && !self.is_return();
        bars.then(|| format!("`{region}` is being evacuated by `{by}` ({id}): {reason}"))
    }

    /// Whether a service in this region has gone where it should.
    fn is_behind(&self, active: Option<&RegionName>) -> bool {
        active.is_some_and(|active| (*active == self.region) == self.is_return())
    }

    /// What is ordered of a service.
    pub fn order(&self) -> Order {
        let Self { id, region, by, reason, overrides, .. } = self;
        let to = if self.is_return() { Some(region.clone()) } else { self.to.clone() };
        let word = if self.is_return() { "return to" } else { "evacuation of" };
        let command = Command::Evacuate { to, errand: Errand { evacuation: id.clone(), run: self.run } };
        let reason = format!("{word} `{region}` ({id}): {reason}");
        Order { overrides: overrides.clone(), ..Order::new(command, by.clone(), reason) }
    }

    /// Decides what follows.
    pub fn next(&self, muster: &Muster, rounds: &mut Rounds, now: Timestamp) -> Next {
        if !self.is_running() {
            return Next::Wait;
        }
        let tally = muster.tally;
        if are_too_many(tally.failed_now, tally.begun()) {
            let text = format!("{} of {} that have begun did not arrive", tally.failed_now, tally.begun());
            return Next::Stop(text);
        }
        let services = rounds.candidates(&muster.waiting, now);
        let at_most = wave_end(tally.settled(), self.wave_max.unwrap_or(usize::MAX)).saturating_sub(tally.begun());
        match (services.is_empty(), at_most) {
            (false, 0) => Next::Wait,
            (false, at_most) => Next::Begin { services, at_most },
            // What they wait for may be those that are on their way.
            (true, _) if tally.under_way > 0 => Next::Wait,
            (true, _) if tally.waiting > 0 => rounds.end_of_round(&muster.waiting, now),
            (true, _) if tally.stuck > 0 => Next::Stop(format!("{} could not be written", tally.stuck)),
            (true, _) => muster.left_unread().map_or(Next::End, Next::Stop),
        }
    }

    /// Stops it.
    pub fn stop(&mut self, by: Option<Actor>, why: String, now: Timestamp) {
        self.stage = Stage::Stopped { since: now, by, why };
    }

    /// Goes on, and forgives what has failed.
    pub fn resume(&mut self, now: Timestamp) {
        self.run = self.run.saturating_add(1);
        self.stage = Stage::Running { since: now };
    }

    /// Ends it.
    pub fn end(&mut self, by: Option<Actor>, now: Timestamp) {
        self.stage = Stage::Ended { since: now, by };
    }
}

/// The sizes of the waves in which so many services move, if all arrive.
pub fn wave_sizes(services: usize, wave_max: Option<usize>) -> Vec<usize> {
    let mut sizes = Vec::new();
    let mut begun = 0;
    while begun < services {
        let end = wave_end(begun, wave_max.unwrap_or(usize::MAX)).min(services);
        sizes.push(end - begun);
        begun = end;
    }
    sizes
}

#[cfg(test)]
mod tests;
