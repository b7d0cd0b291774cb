//! What is right by the simulation's own knowledge: a second opinion, made without the core's judgement.

use std::time::Duration;

use dns_core::evidence::{EndpointEvidence, Sight, VantageEvidence, Verdict};

use super::Ms;
use super::setting::Setting;
use super::world::World;

/// What a quorum makes of a region, by what a controller was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) failing: bool,
    pub(super) healthy: bool,
    pub(super) proven: bool,
}

/// What one vantage point's word counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Failing,
    /// With for how long, unless the last run says otherwise.
    Healthy {
        lasts: Option<Duration>,
    },
    Nothing,
}

impl World<'_> {
    /// What a controller was told of each region, counted anew.
    pub(super) fn heard(&self, controller: usize) -> Vec<Heard> {
        (0..self.setting.regions).map(|region| self.heard_of(controller, region)).collect()
    }

    fn heard_of(&self, controller: usize, region: usize) -> Heard {
        let (mut failing, mut healthy, mut proven) = (0, 0, 0);
        let policy = &self.configurations[0].service.lead().policy;
        for endpoint in 0..self.setting.endpoints {
            let words = self.words(controller, region, endpoint);
            let agree = |wanted: &dyn Fn(&Word) -> bool| {
                self.agree(region, words.iter().enumerate().filter(|(_, word)| wanted(word)))
            };
            let fails = agree(&|word| *word == Word::Failing);
            let serves = agree(&|word| matches!(word, Word::Healthy { .. }));
            let ready =
                agree(&|word| matches!(word, Word::Healthy { lasts: Some(lasts) } if *lasts >= policy.ready_for));
            failing += usize::from(fails && !serves);
            healthy += usize::from(serves && !fails);
            proven += usize::from(serves && !fails && ready);
        }
        let (needed, ready_from) = self.needed();
        Heard {
            failing: self.setting.endpoints - failing < needed && healthy < needed,
            healthy: healthy >= needed,
            proven: healthy >= needed && proven >= ready_from,
        }
    }

    /// Whether a quorum of vantage points says so, and one of it stands outside of the region.
    fn agree<'w>(&self, region: usize, saying: impl Iterator<Item = (usize, &'w Word)>) -> bool {
        let saying: Vec<usize> = saying.map(|(vantage, _)| vantage).collect();
        self.is_quorum(region, &saying)
    }

    fn is_quorum(&self, region: usize, vantages: &[usize]) -> bool {
        let inside = &self.setting.leeway.inside[region];
        vantages.len() >= self.setting.quorum && vantages.iter().any(|vantage| !inside.contains(vantage))
    }

    /// How many endpoints must serve for a region not to be left, and how many must be proven for it to be entered.
    fn needed(&self) -> (usize, usize) {
        let share = |percent: u8| (usize::from(percent) * self.setting.endpoints).div_ceil(100);
        let capacity = &self.setting.leeway.capacity;
        let needed = capacity.failing_below.map_or(1, |below| share(below.into()));
        (needed, share(capacity.ready_from.into()).max(needed))
    }

    fn words(&self, controller: usize, region: usize, endpoint: usize) -> Vec<Word> {
        (0..self.setting.vantages).map(|vantage| self.word(controller, vantage, region, endpoint)).collect()
    }

    /// Whether a quorum has said for so long, without taking it back, that enough of a region serves.
    pub(super) fn has_rested(&self, controller: usize, region: usize, length: Duration) -> bool {
        let rested = |endpoint: &usize| {
            let words = self.words(controller, region, *endpoint);
            let long = |word: &Word| matches!(word, Word::Healthy { lasts: Some(lasts) } if *lasts >= length);
            words.iter().filter(|word| long(word)).count() >= self.setting.quorum
        };
        (0..self.setting.endpoints).filter(rested).count() >= self.needed().1
    }

    fn word(&self, controller: usize, vantage: usize, region: usize, endpoint: usize) -> Word {
        let known = &self.controllers[controller];
        let configuration = &self.configurations[known.configuration];
        let (key, spec) = &configuration.endpoints[region][endpoint];
        let clock = known.clock(self.now);
        let Some(said) = known.book.get(Setting::vantage(vantage)) else { return Word::Nothing };
        // With the guard against silence removed the book lies about when something was heard; this does not.
        let silent = !known.hears[vantage] && self.silent_for(controller, vantage) > Duration::from_secs(3);
        let VantageEvidence { sight, endpoints, .. } = said;
        let seen =
            endpoints.get(key.id()).filter(|seen| seen.spec == (*spec).into() && !silent && *sight == Sight::Sighted);
        match seen {
            None | Some(EndpointEvidence { verdict: Verdict::Undecided, .. }) => Word::Nothing,
            Some(EndpointEvidence { verdict: Verdict::Failing, .. }) => Word::Failing,
            Some(EndpointEvidence { verdict: Verdict::Healthy, since, contradicting, .. }) => {
                Word::Healthy { lasts: (contradicting == 0).then(|| clock.since(since)) }
            }
        }
    }

    fn silent_for(&self, controller: usize, vantage: usize) -> Duration {
        let at = self.ledger.silent_since[controller][vantage];
        at.map_or(Duration::ZERO, |at| Duration::from_millis(self.now - at))
    }

    /// Whether too many endpoints of a region failed a quorum of vantage points lately: for whatever reason, but in truth.
    pub(super) fn failed_in_truth(&self, region: usize) -> bool {
        let horizon: Ms = u64::from(self.setting.rise + 2) * self.setting.interval + 5_000;
        let failed = |vantage: usize, endpoint: usize| {
            let mut watch = self.vantages[vantage].watches[region][endpoint].clone();
            watch.advance(self.now);
            watch.last_bad().is_some_and(|at| self.now - at <= horizon)
        };
        let by_quorum = |endpoint: &usize| {
            let seeing: Vec<usize> = (0..self.setting.vantages).filter(|vantage| failed(*vantage, *endpoint)).collect();
            self.is_quorum(region, &seeing)
        };
        self.setting.endpoints - (0..self.setting.endpoints).filter(by_quorum).count() < self.needed().0
    }

    /// Whether enough endpoints of a region serve in truth.
    pub(super) fn serves_in_truth(&self, region: usize) -> bool {
        let up = self.endpoints_down[region].iter().filter(|outages| **outages == 0).count();
        self.regions_down[region] == 0 && up >= self.needed().0
    }
}
