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
    pub(super) proven: bool,
}

/// What one vantage point's word counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Failing,
    Healthy { ready: bool },
    Nothing,
}

impl World<'_> {
    /// What a controller was told of each region, counted anew.
    pub(super) fn heard(&self, controller: usize) -> Vec<Heard> {
        let configuration = &self.configurations[self.controllers[controller].configuration];
        let quorum = self.setting.quorum;
        let of_region = |region: usize| {
            let counts: Vec<(usize, usize, usize)> = (0..configuration.endpoints[region].len())
                .map(|endpoint| {
                    let words: Vec<Word> = (0..self.setting.vantages)
                        .map(|vantage| self.word(controller, vantage, region, endpoint))
                        .collect();
                    let count = |wanted: fn(&Word) -> bool| words.iter().filter(|word| wanted(word)).count();
                    (
                        count(|word| *word == Word::Failing),
                        count(|word| matches!(word, Word::Healthy { .. })),
                        count(|word| *word == Word::Healthy { ready: true }),
                    )
                })
                .collect();
            let fails = |(failing, healthy, _): &(usize, usize, usize)| *failing >= quorum && *healthy < quorum;
            let proves = |(failing, _, ready): &(usize, usize, usize)| *ready >= quorum && *failing < quorum;
            Heard { failing: counts.iter().all(fails), proven: counts.iter().all(proves) }
        };
        (0..self.setting.regions).map(of_region).collect()
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
        let seen = endpoints.get(key).filter(|seen| seen.spec == *spec && !silent && *sight == Sight::Sighted);
        let ready_for = configuration.service.lead().policy.ready_for;
        match seen {
            None | Some(EndpointEvidence { verdict: Verdict::Undecided, .. }) => Word::Nothing,
            Some(EndpointEvidence { verdict: Verdict::Failing, .. }) => Word::Failing,
            Some(EndpointEvidence { verdict: Verdict::Healthy, since, contradicting, .. }) => {
                Word::Healthy { ready: *contradicting == 0 && clock.since(*since) >= ready_for }
            }
        }
    }

    fn silent_for(&self, controller: usize, vantage: usize) -> Duration {
        let at = self.ledger.silent_since[controller][vantage];
        at.map_or(Duration::ZERO, |at| Duration::from_millis(self.now - at))
    }

    /// Whether every endpoint of a region failed a quorum of vantage points lately: for whatever reason, but in truth.
    pub(super) fn failed_in_truth(&self, region: usize) -> bool {
        let horizon: Ms = u64::from(self.setting.rise + 2) * self.setting.interval + 5_000;
        let failed = |vantage: usize, endpoint: usize| {
            let mut watch = self.vantages[vantage].watches[region][endpoint].clone();
            watch.advance(self.now);
            watch.last_bad().is_some_and(|at| self.now - at <= horizon)
        };
        let by_quorum = |endpoint: usize| {
            (0..self.setting.vantages).filter(|vantage| failed(*vantage, endpoint)).count() >= self.setting.quorum
        };
        (0..self.setting.endpoints).all(by_quorum)
    }
}
