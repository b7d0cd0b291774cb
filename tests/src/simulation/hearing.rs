//! What vantage points see, what controllers hear of it, and what they make of it.

use std::time::Duration;

use dns_core::digest::Digest;
use dns_core::evidence::{EndpointEvidence, STALE_AFTER, Sight, Sightings, VantageEvidence};
use dns_core::fleet::Withheld;
use dns_core::gate::GateJudgement;
use dns_core::judgement::{Health, Judgement, RegionJudgement, judge};
use dns_core::machine::Machine;
use dns_core::machine::event::Event;

use super::Ms;
use super::chance::{Purpose, millis};
use super::controller::Wait;
use super::guard::Guard;
use super::setting::Setting;
use super::world::{Occurrence, World};

/// The time between two judgements of a service that waits for its turn.
const WAITING_AGAIN: Ms = 1_000;
/// How long it takes until it has shown whether a part of a region fails or all of it.
const PART_OR_ALL: Ms = 30_000;

impl World<'_> {
    /// Plans the next runs of a vantage point that may be news.
    pub(super) fn plan_probes(&mut self, vantage: usize) {
        for (region, endpoint) in self.endpoints() {
            self.plan_probe(vantage, region, endpoint);
        }
    }

    fn plan_probe(&mut self, vantage: usize, region: usize, endpoint: usize) {
        if let Some(at) = self.vantages[vantage].watches[region][endpoint].next_news() {
            self.plan(at, Occurrence::Probed { vantage, region, endpoint });
        }
    }

    pub(super) fn endpoints(&self) -> Vec<(usize, usize)> {
        let endpoints = self.setting.endpoints;
        (0..self.setting.regions).flat_map(|region| (0..endpoints).map(move |endpoint| (region, endpoint))).collect()
    }

    /// Whether an endpoint answers a vantage point.
    pub(super) fn answers(&self, vantage: usize, region: usize, endpoint: usize) -> bool {
        self.regions_down[region] == 0
            && self.endpoints_down[region][endpoint] == 0
            && self.vantages[vantage].cuts[region] == 0
    }

    /// Something between vantage points and a region has changed.
    pub(super) fn reach_anew(&mut self, region: usize) {
        for vantage in 0..self.setting.vantages {
            for endpoint in 0..self.setting.endpoints {
                let answers = self.answers(vantage, region, endpoint);
                let now = self.now;
                self.vantages[vantage].watches[region][endpoint].answers(answers, now);
                self.plan_probe(vantage, region, endpoint);
            }
        }
    }

    /// A run was made that may be news.
    pub(super) fn probed(&mut self, vantage: usize, region: usize, endpoint: usize) {
        let now = self.now;
        let watch = &mut self.vantages[vantage].watches[region][endpoint];
        let before = watch.opinion();
        watch.advance(now);
        let after = watch.opinion();
        // Several plans may lie in the queue; only one of them goes on.
        if watch.next_news().is_some_and(|next| next > now) || before != after {
            self.plan_probe(vantage, region, endpoint);
        }
        if before != after {
            self.tell(|| {
                let (name, region) = (Setting::vantage(vantage), Setting::region(region));
                format!(
                    "{name} sees {region}/{endpoint} {:?}{}",
                    after.verdict,
                    if after.contradicted { ", contradicted" } else { "" }
                )
            });
            self.spread(vantage, Some((region, endpoint)));
        }
    }

    /// Everyone who hears a vantage point takes in what it says: of one endpoint, or of all.
    pub(super) fn spread(&mut self, vantage: usize, of: Option<(usize, usize)>) {
        for controller in 0..self.controllers.len() {
            if self.controllers[controller].hears[vantage] && self.controllers[controller].runs() {
                match of {
                    Some((region, endpoint)) => self.hear(controller, vantage, region, endpoint),
                    None => self.hear_all(controller, vantage),
                }
                self.judge(controller);
            }
        }
    }

    fn hear(&mut self, controller: usize, vantage: usize, region: usize, endpoint: usize) {
        let watched = &self.vantages[vantage];
        let (key, spec) = &self.configurations[watched.configuration].endpoints[region][endpoint];
        let opinion = watched.watches[region][endpoint].opinion();
        let clock = self.controllers[controller].clock(self.now);
        let evidence = EndpointEvidence {
            spec: (*spec).into(),
            verdict: opinion.verdict,
            since: clock.before(Duration::from_millis(self.now.saturating_sub(opinion.since))),
            contradicting: u32::from(opinion.contradicted),
            error: None,
            certificate_until: None,
        };
        if let Some(known) = self.controllers[controller].book.get_mut(Setting::vantage(vantage)) {
            known.heard = clock;
            known.endpoints.insert(key.id(), evidence);
        }
    }

    /// A snapshot: what was heard before counts no more.
    pub(super) fn hear_all(&mut self, controller: usize, vantage: usize) {
        let clock = self.controllers[controller].clock(self.now);
        let sight = if self.vantages[vantage].blind > 0 {
            Sight::Blind { reason: "its control targets fail".to_owned(), since: clock }
        } else {
            Sight::Sighted
        };
        let config = Digest::over([self.vantages[vantage].configuration.to_be_bytes().as_slice()]);
        let evidence = VantageEvidence { heard: clock, sight, config, endpoints: Sightings::default() };
        self.controllers[controller].book.insert(Setting::vantage(vantage).clone(), evidence);
        for (region, endpoint) in self.endpoints() {
            self.hear(controller, vantage, region, endpoint);
        }
    }

    /// A subscription begins, if nothing is in its way.
    pub(super) fn connect(&mut self, controller: usize, vantage: usize) {
        if self.vantages[vantage].silent > 0 || self.controllers[controller].partitions[vantage] > 0 {
            return;
        }
        self.controllers[controller].hears[vantage] = true;
        self.hear_all(controller, vantage);
        self.judge(controller);
    }

    pub(super) fn plan_connection(&mut self, controller: usize, vantage: usize) {
        let incarnation = self.controllers[controller].incarnation;
        let mut dice = self.setting.chance.dice(Purpose::Reconnect, controller * 8 + vantage, self.now);
        let at = self.now + dice.between(50, 1_500);
        self.plan(at, Occurrence::Connected { controller, incarnation, vantage });
    }

    /// A subscription ends. What was heard counts until it is stale.
    pub(super) fn disconnect(&mut self, controller: usize, vantage: usize) {
        let clock = self.controllers[controller].clock(self.now);
        let known = &mut self.controllers[controller];
        if std::mem::replace(&mut known.hears[vantage], false)
            && let Some(evidence) = known.book.get_mut(Setting::vantage(vantage))
        {
            evidence.heard = clock;
            self.ledger.silent_since[controller][vantage] = Some(self.now);
            self.plan(self.now + millis(STALE_AFTER) + 1, Occurrence::Judged { controller });
        }
    }

    /// What heartbeats would have refreshed until now.
    fn refresh(&mut self, controller: usize) {
        let clock = self.controllers[controller].clock(self.now);
        let never_stale = self.without == Some(Guard::Staleness);
        let known = &mut self.controllers[controller];
        for (vantage, hears) in known.hears.iter().enumerate() {
            if (*hears || never_stale)
                && let Some(evidence) = known.book.get_mut(Setting::vantage(vantage))
            {
                evidence.heard = clock;
            }
        }
    }

    /// What a controller makes of what it has heard.
    fn judgement(&mut self, controller: usize) -> Judgement {
        self.refresh(controller);
        self.hear_gates(controller);
        let known = &self.controllers[controller];
        let lead = self.configurations[known.configuration].service.lead();
        let clock = known.clock(self.now);
        let mut judgement = judge(lead, &known.book, clock).with_gates(lead, &known.gates, clock);
        if let Some(guard) = self.without {
            guard.distort(&mut judgement);
        }
        judgement
    }

    /// Judges, and steps the saga if that is news or its time has come.
    pub(super) fn judge(&mut self, controller: usize) {
        let known = &self.controllers[controller];
        if !known.runs() {
            return;
        }
        if self.now < known.store_refuses_until {
            let at = known.store_refuses_until;
            return self.judge_at(controller, at);
        }
        let is_forced = known.forced.is_some_and(|forced| forced <= self.now);
        let judgement = self.judgement(controller);
        if self.waits_its_turn(controller, &judgement) {
            return self.judge_at(controller, self.now + WAITING_AGAIN);
        }
        let known = &self.controllers[controller];
        let same = |(_, machine): (_, &Machine)| {
            machine.memory().judgement().is_some_and(|known| says_the_same(known, &judgement))
        };
        if is_forced || !known.saga.machines().all(same) {
            self.controllers[controller].due = None;
            self.step(controller, None, &Event::Judged(judgement));
        } else if known.due.is_some_and(|due| due <= self.now) {
            self.plan_next_look(controller);
        }
    }

    /// Whether the others keep a service from leaving, as the engine finds before it steps one: it waits for its wave, or it
    /// shows only now whether more than a part of its region fails.
    fn waits_its_turn(&mut self, controller: usize, judgement: &Judgement) -> bool {
        let Some(fleets) = &self.fleets else { return false };
        let known = &self.controllers[controller];
        let teller = known.saga.teller(known.clock(self.now));
        let active = known.saga.machine(teller).and_then(|machine| machine.memory().active());
        let fails = active.filter(|active| judgement.health(active) == Health::Failing);
        let idle = known.saga.machines().all(|(_, machine)| machine.memory().open().is_none());
        let since = known.waits.as_ref().map_or(self.now, |wait| wait.since);
        let waits = fails.filter(|_| idle).is_some_and(|active| match fleets[controller].admit(active) {
            Ok(()) => false,
            Err(Withheld::UntilItsWave(_)) => true,
            Err(Withheld::UntilOrdered(_)) => self.now - since < PART_OR_ALL,
        });
        self.controllers[controller].waits = waits.then(|| Wait { since, judgement: judgement.clone() });
        waits
    }

    /// Judges whatever was known before, as the engine does before it gives a permit.
    pub(super) fn judge_afresh(&mut self, controller: usize) {
        let judgement = self.judgement(controller);
        self.step(controller, None, &Event::Judged(judgement));
    }
}

/// Whether two judgements differ in nothing but when gates were asked last.
fn says_the_same(one: &Judgement, other: &Judgement) -> bool {
    let same_gate = |one: &GateJudgement, other: &GateJudgement| {
        std::mem::discriminant(&one.state) == std::mem::discriminant(&other.state)
    };
    let same_region = |one: &RegionJudgement, other: &RegionJudgement| {
        (one.health, one.proven) == (other.health, other.proven)
            && one.endpoints == other.endpoints
            && one.gates.len() == other.gates.len()
            && one.gates.iter().zip(&other.gates).all(|(one, other)| same_gate(one, other))
    };
    one.regions.len() == other.regions.len()
        && one.regions.values().zip(other.regions.values()).all(|(one, other)| same_region(one, other))
}
