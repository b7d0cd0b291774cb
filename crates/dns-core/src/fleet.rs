//! All services at once, as far as one of them depends on the others before it leaves a region without an order.
//!
//! One service that fails is a fault of that service. Some that fail together may be a fault near the vantage points, a bad
//! deployment or a broken dependency, and to move them all would make it worse: beyond a *blast radius* a person is asked.
//! Nearly all of a region failing is the loss of that region: then everything leaves without asking, one first, and then in
//! *waves*, each only when the one before has been seen to arrive.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::companion::Companions;
use crate::fence::DecisionId;
use crate::identifier::RegionName;
use crate::judgement::{Health, Judgement};
use crate::kernel::Rule;
use crate::machine::memory::Failover;
use crate::saga::Saga;
use crate::share::Share;
use crate::shared::Shared;
use crate::time::Timestamp;
use crate::write::{Initiative, PlannedWrite, WriteKind};

/// How many services may leave a region without an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlastRadius {
    /// So many within `per`, at the most.
    pub services: usize,
    /// And no more than this share of those that were there.
    pub share: Share,
    /// The time that they are counted over.
    pub per: Duration,
    /// If at least this share of a region's services fails, the region is lost, and the bounds above give way to waves.
    pub region_loss: Share,
}

impl Default for BlastRadius {
    fn default() -> Self {
        let share = |percent| Share::try_from(percent).expect("invariant: a share that is written here is one");
        Self { services: 10, share: share(50), per: Duration::from_mins(10), region_loss: share(60) }
    }
}

/// Each wave is so many times as large as all before it.
const WAVE_GROWTH: usize = 10;

/// Moves that have not arrived, in a hundred, from which on nothing more follows: the way out is broken, too.
const FAILED_PERCENT_MAX: usize = 10;

/// How far a service has come that leaves a region without an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Progress {
    /// It was decided, or applied, and is not seen to be served yet.
    UnderWay,
    /// It is served.
    Arrived,
    /// It is written, and not every authoritative server serves it in time.
    Failed,
}

/// The last time that a service left a region without an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Departure {
    /// The decision.
    pub decision: DecisionId,
    /// The region that it left.
    pub from: RegionName,
    /// When.
    pub at: Timestamp,
    /// How far it has come.
    pub progress: Progress,
}

impl Departure {
    /// Of a write, if it is one that nobody has ordered and that decides.
    pub(crate) fn of(write: &PlannedWrite) -> Option<Self> {
        let is_one = write.kind == WriteKind::Failover && write.initiative == Initiative::Automatic && !write.aligns();
        // A drill is no loss of the region, whatever the others do.
        let is_one = is_one && write.drill.is_none();
        let from = write.from.clone().filter(|_| is_one)?;
        Some(Self { decision: write.id.clone(), from, at: write.decided, progress: Progress::UnderWay })
    }
}

/// What one service adds to the fleet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    /// The region that it is in.
    pub(crate) region: Option<RegionName>,
    /// Whether a quorum sees that region failing for it.
    pub(crate) failing: bool,
    /// The region that it has left lately, and how far it has come.
    pub(crate) left: Option<(RegionName, Progress)>,
    /// Whether a quorum sees that one healthy again: then it is no sign that the region is lost.
    pub(crate) recovered: bool,
    /// Whether it was told that it waits for an order, as the others keep it from leaving.
    pub(crate) told: bool,
}

impl Presence {
    /// Of a service as it is now.
    pub fn of(saga: &Saga, radius: &BlastRadius, now: Timestamp) -> Self {
        let Some(machine) = saga.machine(saga.teller(now)) else { return Self::default() };
        let memory = machine.memory();
        let region = memory.active().cloned();
        let failing = region
            .as_ref()
            .is_some_and(|region| memory.judgement().is_some_and(|judgement| fails_for_real(judgement, region)));
        let departures = saga.machines().filter_map(|(_, machine)| machine.memory().leaving_or_left());
        let last = departures.max_by_key(|departure| departure.at);
        let counts = |departure: &Departure| now.since(departure.at) < radius.per;
        let left = last.filter(counts).map(|departure| (departure.from, departure.progress));
        let recovered = memory.judgement().is_some_and(|judgement| has_recovered(judgement, left.as_ref()));
        let told = memory.hold().is_some_and(|hold| hold.told.contains(&Rule::BlastRadius));
        Self { region, failing, left, recovered, told }
    }

    /// Whether a quorum sees that region failing for it.
    pub fn is_failing(&self) -> bool {
        self.failing
    }

    /// The region that it is in.
    pub fn region(&self) -> Option<&RegionName> {
        self.region.as_ref()
    }

    /// Whether it has left a region lately.
    pub fn has_left(&self) -> bool {
        self.left.is_some()
    }

    /// The same, failing or not as another has it that knows a newer judgement.
    #[must_use]
    pub fn judged_as(self, newer: &Self) -> Self {
        let failing = if self.region == newer.region { newer.failing } else { self.failing };
        let from = |presence: &Self| presence.left.as_ref().map(|(from, _)| from.clone());
        let recovered = if from(&self) == from(newer) { newer.recovered } else { self.recovered };
        Self { failing, recovered, ..self }
    }

    /// The same by a newer judgement.
    #[must_use]
    pub fn judged(self, judgement: &Judgement) -> Self {
        let fails = |region: &RegionName| fails_for_real(judgement, region);
        let failing = self.region.as_ref().is_some_and(fails);
        let recovered = has_recovered(judgement, self.left.as_ref());
        Self { failing, recovered, ..self }
    }
}

/// What a drill injects is no failure of the region.
fn fails_for_real(judgement: &Judgement, region: &RegionName) -> bool {
    judgement.drill.is_none() && judgement.health(region) == Health::Failing
}

/// Checks that fail and recover in turn take one service after the other out of a region that is fine.
fn has_recovered(judgement: &Judgement, left: Option<&(RegionName, Progress)>) -> bool {
    left.is_some_and(|(from, _)| judgement.health(from) == Health::Healthy)
}

impl Failover {
    /// The move that nobody ordered and that is open, or else the last one.
    pub(crate) fn leaving_or_left(&self) -> Option<Departure> {
        let open = self.open().and_then(|open| Departure::of(&open.write));
        open.or_else(|| self.departure().cloned())
    }
}

/// What the services of one region do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Departures {
    /// Those that are there, and those that have left lately.
    services: usize,
    /// Those of them that fail there, or are gone and not seen healthy there again.
    failing: usize,
    under_way: usize,
    arrived: usize,
    failed: usize,
    /// Those that were told to wait for an order.
    told: usize,
}

/// Counts of all services, by region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fleet {
    radius: BlastRadius,
    /// Shared, as all of it: each step takes a copy.
    regions: Shared<BTreeMap<RegionName, Departures>>,
    /// What evacuations by order keep services out of.
    evacuated: Arc<Evacuated>,
    /// The others that a service moves with or that rules bind it to, if there are any.
    companions: Option<Arc<Companions>>,
}

/// What evacuations by order keep services out of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Evacuated {
    /// The regions that are being evacuated, each with a sentence about it.
    regions: BTreeMap<RegionName, String>,
    /// Why it is not known of which regions that is so.
    unknown: Option<String>,
}

/// Why a service may not leave now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// It will, when the wave before it has arrived.
    UntilItsWave(String),
    /// A person has to look.
    UntilOrdered(String),
}

impl Fleet {
    /// Of nobody.
    pub fn new(radius: BlastRadius) -> Self {
        Self { radius, regions: Shared::default(), evacuated: Arc::default(), companions: None }
    }

    /// The same, as it is shown to a service that has companions.
    #[must_use]
    pub fn with_companions(self, companions: Option<Arc<Companions>>) -> Self {
        Self { companions, ..self }
    }

    /// The companions of the service that it is shown to.
    pub fn companions(&self) -> Option<&Companions> {
        self.companions.as_deref()
    }

    /// The bounds.
    pub fn radius(&self) -> &BlastRadius {
        &self.radius
    }

    /// Notes which regions are being evacuated by order, each with a sentence about it.
    pub fn set_evacuated(&mut self, regions: BTreeMap<RegionName, String>) {
        if self.evacuated.regions != regions {
            Arc::make_mut(&mut self.evacuated).regions = regions;
        }
    }

    /// Notes why it is not known which regions are being evacuated, or that it is.
    pub fn set_evacuations_unknown(&mut self, why: Option<String>) {
        if self.evacuated.unknown != why {
            Arc::make_mut(&mut self.evacuated).unknown = why;
        }
    }

    /// Why it is not known which regions are being evacuated; `None` if it is.
    pub fn evacuations_unknown(&self) -> Option<&str> {
        self.evacuated.unknown.as_deref()
    }

    /// What is to be said of the evacuation of a region; `None` if nobody has ordered one.
    pub fn evacuation_of(&self, region: &RegionName) -> Option<&str> {
        self.evacuated.regions.get(region).map(String::as_str)
    }

    /// Takes a service in.
    pub fn count(&mut self, presence: &Presence) {
        self.change(presence, |count| *count += 1);
    }

    /// Takes a service out that was taken in just so.
    pub fn discount(&mut self, presence: &Presence) {
        self.change(presence, |count| *count = count.saturating_sub(1));
    }

    fn change(&mut self, presence: &Presence, change: impl Fn(&mut usize)) {
        let stays =
            presence.region.iter().filter(|region| presence.left.as_ref().is_none_or(|(from, _)| from != *region));
        for region in stays {
            let departures = self.regions.entry(region.clone()).or_default();
            change(&mut departures.services);
            if presence.failing {
                change(&mut departures.failing);
            }
            if presence.told {
                change(&mut departures.told);
            }
        }
        let Some((from, progress)) = &presence.left else { return };
        let departures = self.regions.entry(from.clone()).or_default();
        change(&mut departures.services);
        // One that has left was seen failing, and counts until it is seen well again. One that has decided to and is still
        // there is judged like all others: unknown is never down.
        let is_still_there = presence.region.as_ref() == Some(from);
        let is_failing = if is_still_there { presence.failing } else { !presence.recovered };
        if is_failing {
            change(&mut departures.failing);
        }
        change(match progress {
            Progress::UnderWay => &mut departures.under_way,
            Progress::Arrived => &mut departures.arrived,
            Progress::Failed => &mut departures.failed,
        });
    }

    /// Whether a service was told already that a person has to look at the region.
    pub fn has_told(&self, from: &RegionName) -> bool {
        self.regions.get(from).is_some_and(|departures| departures.told > 0)
    }

    /// Whether one more service, which is not counted here and fails in a region, may leave that region without an order.
    ///
    /// # Errors
    /// [`Withheld`], with figures.
    pub fn admit(&self, from: &RegionName) -> Result<(), Withheld> {
        let departures = self.regions.get(from).copied().unwrap_or_default();
        let (services, failing) = (departures.services + 1, departures.failing + 1);
        let radius = &self.radius;
        let begun = departures.under_way + departures.arrived + departures.failed;
        let free = radius.services.min(radius.share.of(services));
        if begun < free {
            return Ok(());
        }
        let minutes = radius.per.as_secs().div_ceil(60);
        let figures = format!(
            "{failing} of {services} services fail in `{from}`, {begun} have begun to leave within {minutes} min"
        );
        if failing < radius.region_loss.of(services) {
            let bounds = format!("at most {free} leave without an order while fewer than {} fail", radius.region_loss);
            return Err(Withheld::UntilOrdered(format!("{figures}; {bounds}")));
        }
        if are_too_many(departures.failed, begun) {
            let text = format!("{figures}, and {} of these did not arrive; order it by hand", departures.failed);
            return Err(Withheld::UntilOrdered(text));
        }
        let settled = departures.arrived + departures.failed;
        if begun < wave_end(settled, usize::MAX) {
            return Ok(());
        }
        let text =
            format!("{figures}; the next ones follow when the {} on their way have arrived", departures.under_way);
        Err(Withheld::UntilItsWave(text))
    }

    /// The same for a service that is counted here.
    ///
    /// # Errors
    /// As [`admit`](Self::admit).
    pub fn admit_counted(&self, from: &RegionName, presence: &Presence) -> Result<(), Withheld> {
        // All of its kind ask as long as they wait: to copy the counts of the other regions would be most of the answer.
        let here = self.regions.get(from).map(|departures| (from.clone(), *departures));
        let regions = here.into_iter().collect();
        let mut others =
            Self { radius: self.radius, regions, evacuated: Arc::clone(&self.evacuated), companions: None };
        others.discount(presence);
        others.admit(from)
    }
}

/// Whether so many of those that have begun did not arrive that nothing more may follow.
pub(crate) fn are_too_many(failed: usize, begun: usize) -> bool {
    failed * 100 > begun * FAILED_PERCENT_MAX
}

/// How many may have begun when so many have settled: one, then ten more, then a hundred more, and never more than
/// `size_max` at once.
pub(crate) fn wave_end(settled: usize, size_max: usize) -> usize {
    let (mut end, mut size) = (1, 1);
    while end <= settled {
        size = size_max.min(size * WAVE_GROWTH).max(1);
        end += size;
    }
    end
}

#[cfg(test)]
mod tests;
