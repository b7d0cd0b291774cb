//! The part of one service on the stage: its zones, its controllers, and what vantage points see of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use dns_core::digest::Digest;
use dns_core::evidence::{EndpointEvidence, EndpointKey, Sight, VantageEvidence, Verdict};
use dns_core::fleet::{BlastRadius, Fleet, Presence};
use dns_core::identifier::VantageName;
use dns_core::kernel::Rule;
use dns_core::machine::command::{Command, Order};
use dns_core::machine::effect::Refusal;
use dns_core::service::{Everywhere, endpoint_digest};
use dns_core::standing::Standing;
use dns_core::time::Timestamp;

use super::controller::{Controller, Running};
use super::gate::{Gates, gated};
use super::provider::{Clock, Provider};
use super::story::Telling;
use super::timeline::{Event, Seen, Timeline};

/// What a vantage point sees.
#[derive(Clone, Debug)]
struct View {
    health: Seen,
    since: Timestamp,
    error: Option<String>,
}

/// A vantage point.
#[derive(Clone, Debug)]
struct Vantage {
    blind: Option<String>,
    silent: bool,
    regions: BTreeMap<String, View>,
}

/// One service, and everything that only it has.
pub struct Part {
    service: Everywhere,
    providers: Vec<Provider>,
    controllers: Vec<Controller>,
    vantages: BTreeMap<String, Vantage>,
    gates: Gates,
    zones: Vec<String>,
    /// What happened outside of the controllers' turns and was not taken yet.
    news: Vec<Telling>,
}

impl Part {
    /// All is well and has been since a moment, and nobody has adopted it.
    pub fn new(timeline: &Timeline, name: &str, clock: &Clock, since: Timestamp) -> Self {
        let service = everywhere(name, timeline);
        let providers = service.projections().iter().map(|place| Provider::new(place, clock)).collect();
        let controllers = timeline.controllers.iter().map(|name| Controller::new(name, &service)).collect();
        let healthy = || View { health: Seen::Healthy, since, error: None };
        let regions = service.lead().regions.iter().map(|region| (region.name.to_string(), healthy()));
        let vantage = Vantage { blind: None, silent: false, regions: regions.collect() };
        let names = service.lead().policy.vantage_points.iter().map(ToString::to_string);
        let vantages = names.map(|name| (name, vantage.clone())).collect();
        let gates = Gates::of(&timeline.gates);
        Self { service, providers, controllers, vantages, gates, zones: Vec::new(), news: Vec::new() }
    }

    /// Ends the time before the timeline: what was told until now is not told, and zones are told as they are.
    pub fn begin(&mut self) -> Vec<Telling> {
        self.controllers.iter_mut().for_each(|controller| controller.rows.clear());
        self.zones = self.providers.iter().map(Provider::describe).collect();
        self.news.clear();
        self.zones_at(Duration::ZERO)
    }

    fn zones_at(&self, at: Duration) -> Vec<Telling> {
        let zones = self.providers.iter().zip(&self.zones);
        zones.map(|(provider, zone)| Telling::zone(at, &provider.name, zone)).collect()
    }

    /// One turn of one of its controllers, which knows the others.
    pub fn turn(&mut self, number: usize, others: Fleet, now: Timestamp) {
        let heard = self.heartbeats(now);
        let controller = &mut self.controllers[number];
        if controller.running == Running::Stopped {
            return;
        }
        controller.book.extend(heard);
        controller.others = Arc::new(others);
        self.gates.ask(self.service.lead(), &mut controller.gates, now);
        controller.turn(now, &mut self.providers);
    }

    /// As what a controller counts it.
    pub fn presence(&self, number: usize, radius: &BlastRadius, now: Timestamp) -> Presence {
        self.controllers[number].presence(radius, now)
    }

    /// What everyone who is heard says now.
    fn heartbeats(&self, now: Timestamp) -> BTreeMap<VantageName, VantageEvidence> {
        let heard = self.vantages.iter().filter(|(_, vantage)| !vantage.silent);
        let heard = heard.map(|(name, vantage)| (name.parse().expect("a name"), self.evidence_of(vantage, now)));
        heard.collect()
    }

    fn evidence_of(&self, vantage: &Vantage, now: Timestamp) -> VantageEvidence {
        let service = self.service.lead();
        let endpoints = service.regions.iter().flat_map(|region| {
            let view = &vantage.regions[region.name.as_str()];
            region.endpoints.iter().map(move |endpoint| {
                let key = EndpointKey {
                    service: service.name.clone(),
                    region: region.name.clone(),
                    endpoint: endpoint.to_string(),
                };
                let evidence = EndpointEvidence {
                    spec: endpoint_digest(endpoint, &region.probes, service.policy.detection).into(),
                    verdict: if view.health == Seen::Failing { Verdict::Failing } else { Verdict::Healthy },
                    since: view.since,
                    contradicting: u32::from(view.health == Seen::Wavering),
                    error: view.error.clone(),
                    certificate_until: None,
                };
                (key, evidence)
            })
        });
        VantageEvidence {
            heard: now,
            sight: vantage.blind.clone().map_or(Sight::Sighted, |reason| Sight::Blind { reason, since: now }),
            config: Digest::over([b"configuration".as_slice()]),
            endpoints: endpoints.collect(),
        }
    }

    /// Something happens, so long after the beginning.
    ///
    /// # Errors
    /// If it cannot happen here.
    pub fn happen(&mut self, event: &Event, at: Duration, now: Timestamp) -> Result<()> {
        match event {
            Event::See { vantages, region, health, error } => self.of_vantages(vantages, |vantage| {
                let view = vantage.regions.get_mut(region).context("no such region")?;
                // One that wavers has been healthy for as long as before.
                let same = *health == Seen::Wavering || view.health == *health;
                *view = View { health: *health, since: if same { view.since } else { now }, error: error.clone() };
                Ok(())
            }),
            Event::Blind(vantages, why) => self.of_vantages(vantages, |vantage| {
                vantage.blind.clone_from(why);
                Ok(())
            }),
            Event::Silent(vantages, silent) => self.of_vantages(vantages, |vantage| {
                vantage.silent = *silent;
                Ok(())
            }),
            Event::Provider(name, mood, said) => self.provider(name)?.become_so(mood, said),
            Event::Gate(region, word, said) => self.gates.say(region, word, said),
            Event::Hand(name, deed) => self.provider(name)?.touch(deed),
            Event::Controller(name, fate) => self.befall(name, fate),
            Event::Order(name, words, reason) => self.order_in_words(name, words, reason, at, now),
            Event::Explain(name) => {
                let controller = &self.controllers[self.number(name)?];
                self.news.push(Telling::explained(at, name, controller.explain(now)));
                Ok(())
            }
            Event::Note => Ok(()),
        }
    }

    fn of_vantages(&mut self, names: &[String], change: impl Fn(&mut Vantage) -> Result<()>) -> Result<()> {
        let all = names == ["all"];
        let known: BTreeSet<&String> = names.iter().collect();
        ensure!(all || known.iter().all(|name| self.vantages.contains_key(*name)), "no such vantage point");
        let meant = self.vantages.iter_mut().filter(|(name, _)| all || known.contains(name));
        meant.map(|(_, vantage)| vantage).try_for_each(change)
    }

    fn provider(&mut self, name: &str) -> Result<&mut Provider> {
        self.providers.iter_mut().find(|provider| provider.name == name).context("no such provider")
    }

    fn number(&self, name: &str) -> Result<usize> {
        self.controllers.iter().position(|controller| controller.name == name).context("no such controller")
    }

    fn befall(&mut self, name: &str, fate: &str) -> Result<()> {
        let number = self.number(name)?;
        let controller = &mut self.controllers[number];
        match fate {
            "stops" => controller.running = Running::Stopped,
            "stops before sending" => controller.running = Running::StopsBeforeSending,
            "goes on" => {
                // What was heard before it stood still is distrusted until it is heard anew.
                controller.book.clear();
                controller.gates.clear();
                controller.running = Running::Runs;
            }
            "restarts" => controller.restart(),
            _ => bail!("nothing of the kind befalls a controller"),
        }
        Ok(())
    }

    fn order_in_words(
        &mut self,
        name: &str,
        words: &[String],
        reason: &str,
        at: Duration,
        now: Timestamp,
    ) -> Result<()> {
        let number = self.number(name)?;
        let mut words = words.iter().map(String::as_str);
        let command = match words.next().context("an order")? {
            "failover" => Command::Failover { to: words.next().context("a region")?.parse()? },
            "failback" => Command::Failback,
            "pause" => Command::Pause { until: None },
            "resume" => Command::Resume,
            "adopt" => Command::Adopt,
            other => bail!("there is no order `{other}`"),
        };
        let overrides: Vec<Rule> =
            words.filter(|word| *word != "overriding").map(str::parse).collect::<Result<_, _>>()?;
        if let Err(refusal) = self.order(number, command, reason, &overrides, now) {
            self.news.push(Telling::refused(at, name, &refusal.to_string()));
        }
        Ok(())
    }

    /// Gives a controller an order.
    ///
    /// # Errors
    /// Why it was refused.
    pub fn order(
        &mut self,
        number: usize,
        command: Command,
        reason: &str,
        overrides: &[Rule],
        now: Timestamp,
    ) -> Result<()> {
        let by = "oncall".parse().expect("a name");
        let order = Order { overrides: overrides.to_vec(), ..Order::new(command, by, reason) };
        match self.controllers[number].order(order, now) {
            None => Ok(()),
            Some(Refusal::Kernel(rejections)) => {
                let reasons: Vec<String> =
                    rejections.iter().map(|one| format!("{}: {}", one.rule, one.reason)).collect();
                bail!("{}", reasons.join("; "))
            }
            Some(Refusal::Pointless(why) | Refusal::Invalid(why) | Refusal::SecondPerson(why)) => bail!("{why}"),
            Some(Refusal::Unexpected) => bail!("nobody expects this order now"),
        }
    }

    /// What came of the orders that were given, and of what was asked.
    pub fn take_news(&mut self) -> Vec<Telling> {
        std::mem::take(&mut self.news)
    }

    /// What is new: rows, and what zones hold.
    pub fn tell(&mut self, at: Duration) -> Vec<Telling> {
        let mut told = Vec::new();
        for controller in &mut self.controllers {
            let rows = std::mem::take(&mut controller.rows);
            told.extend(rows.iter().map(|row| Telling::row(at, &controller.name, row)));
        }
        for (provider, known) in self.providers.iter().zip(&mut self.zones) {
            let zone = provider.describe();
            if zone != *known {
                told.push(Telling::zone(at, &provider.name, &zone));
                *known = zone;
            }
        }
        told
    }

    /// Where it stands.
    pub fn tell_the_end(&self, at: Duration) -> Vec<Telling> {
        let mut told = self.zones_at(at);
        for controller in &self.controllers {
            for (place, machine) in controller.saga().machines() {
                let memory = machine.memory();
                let hold = memory.hold().map(|hold| {
                    let to = hold.to.as_ref().map(|to| format!(" to `{to}`")).unwrap_or_default();
                    (format!("{}{to}", hold.wanted.as_str()), hold.rejections.as_slice())
                });
                let standing = match memory.standing() {
                    Standing::Foreign { why } => format!("foreign: {why}"),
                    other => other.as_str().to_owned(),
                };
                let state = format!("{}; the fence is {standing}", machine.state().as_str());
                told.push(Telling::stands(&controller.name, &self.service.label(place), &state, hold));
            }
        }
        told
    }
}

/// A service at every provider of a timeline, with gates at some regions. The one that is alone is `checkout` in a zone that
/// others may have names in, too; of many, each has a zone.
fn everywhere(name: &str, timeline: &Timeline) -> Everywhere {
    let zone = if timeline.services.len() == 1 { "example.com.".to_owned() } else { format!("{name}.example.com.") };
    let place = |provider: &String| gated(crate::subject::service(name, &zone, provider), &timeline.gates);
    Everywhere::new(timeline.providers.iter().map(place)).expect("at least one provider")
}
