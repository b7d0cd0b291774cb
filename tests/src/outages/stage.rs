//! The stage: providers, controllers and vantage points, and the clock that drives them a second at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use dns_core::digest::Digest;
use dns_core::evidence::{EndpointEvidence, EndpointKey, Sight, VantageEvidence, Verdict};
use dns_core::kernel::Rule;
use dns_core::machine::command::{Command, Order};
use dns_core::machine::effect::Refusal;
use dns_core::service::{Everywhere, endpoint_digest};
use dns_core::standing::Standing;
use dns_core::time::Timestamp;

use super::controller::{Controller, Running, everywhere};
use super::gate::Gates;
use super::provider::{Clock, Provider};
use super::story::Story;
use super::timeline::{Event, Seen, Timeline};

/// When every timeline begins.
const START: Timestamp = Timestamp::from_secs(1_795_246_200);

/// How long the service has been adopted and healthy by then: longer than ready-time and cooldown.
const BEFORE: Duration = Duration::from_hours(1);

/// Turns that adopting takes: read, order, write, verify, and the other controllers' looks.
const SETTLING_TURNS: u64 = 15;

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

/// Everything that a timeline plays on.
pub struct Stage {
    service: Everywhere,
    providers: Vec<Provider>,
    controllers: Vec<Controller>,
    vantages: BTreeMap<String, Vantage>,
    gates: Gates,
    clock: Clock,
    now: Timestamp,
    zones: Vec<String>,
    story: Story,
}

impl Stage {
    /// The service has been adopted in `prod` everywhere, every controller knows it, and all is well.
    ///
    /// # Errors
    /// If it cannot be adopted.
    pub fn new(timeline: &Timeline) -> Result<Self> {
        let service = everywhere(&timeline.providers, &timeline.gates);
        let clock = Clock::default();
        let providers = service.projections().iter().map(|place| Provider::new(place, &clock)).collect();
        let controllers = timeline.controllers.iter().map(|name| Controller::new(name, &service)).collect();
        let now = START.before(BEFORE);
        let healthy = || View { health: Seen::Healthy, since: now.before(BEFORE), error: None };
        let regions = service.lead().regions.iter().map(|region| (region.name.to_string(), healthy()));
        let vantage = Vantage { blind: None, silent: false, regions: regions.collect() };
        let names = service.lead().policy.vantage_points.iter().map(ToString::to_string);
        let vantages = names.map(|name| (name, vantage.clone())).collect();
        let story = Story::default();
        let (gates, zones) = (Gates::of(&timeline.gates), Vec::new());
        let mut stage = Self { service, providers, controllers, vantages, gates, clock, now, zones, story };
        stage.adopt()?;
        Ok(stage)
    }

    fn adopt(&mut self) -> Result<()> {
        self.turns(SETTLING_TURNS);
        self.order(0, Command::Adopt, "set up", &[]).context("adopting")?;
        self.turns(SETTLING_TURNS);
        for number in 1..self.controllers.len() {
            self.order(number, Command::Resume, "set up", &[]).context("arming")?;
        }
        self.turns(SETTLING_TURNS);
        self.now = START;
        self.turns(1);
        self.controllers.iter_mut().for_each(|controller| controller.rows.clear());
        self.zones = self.providers.iter().map(Provider::describe).collect();
        (self.story, self.now) = (Story::default(), START);
        Ok(())
    }

    /// Plays a timeline to its end.
    ///
    /// # Errors
    /// The first line that cannot be played.
    pub fn play(&mut self, timeline: &Timeline) -> Result<()> {
        let mut lines = timeline.lines.iter().peekable();
        for (provider, zone) in self.providers.iter().zip(&self.zones) {
            self.story.zone(Duration::ZERO, &provider.name, zone);
        }
        for second in 0..=timeline.length.as_secs() {
            let at = Duration::from_secs(second);
            self.now = START + at;
            while let Some(line) = lines.next_if(|line| line.at <= at) {
                self.story.happened(at, &line.text);
                self.happen(&line.event).with_context(|| format!("`{}`", line.text))?;
            }
            self.turn();
        }
        self.tell_the_end(timeline.length);
        Ok(())
    }

    /// What followed.
    pub fn into_story(self) -> String {
        self.story.into_text()
    }

    fn turns(&mut self, count: u64) {
        for _ in 0..count {
            self.turn();
            self.now = self.now + Duration::from_secs(1);
        }
    }

    fn turn(&mut self) {
        self.clock.store(self.now.as_millis(), Ordering::Relaxed);
        let heard = self.heartbeats();
        for controller in self.controllers.iter_mut().filter(|one| one.running != Running::Stopped) {
            controller.book.extend(heard.clone());
            self.gates.ask(self.service.lead(), &mut controller.gates, self.now);
            controller.turn(self.now, &mut self.providers);
        }
        self.tell();
    }

    /// What everyone who is heard says now.
    fn heartbeats(&self) -> BTreeMap<dns_core::identifier::VantageName, VantageEvidence> {
        let heard = self.vantages.iter().filter(|(_, vantage)| !vantage.silent);
        let heard = heard.map(|(name, vantage)| (name.parse().expect("a name"), self.evidence_of(vantage)));
        heard.collect()
    }

    fn evidence_of(&self, vantage: &Vantage) -> VantageEvidence {
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
                    spec: endpoint_digest(endpoint, &region.probes, service.policy.detection),
                    verdict: if view.health == Seen::Failing { Verdict::Failing } else { Verdict::Healthy },
                    since: view.since,
                    contradicting: u32::from(view.health == Seen::Wavering),
                    error: view.error.clone(),
                    certificate_until: None,
                };
                (key.into(), evidence)
            })
        });
        VantageEvidence {
            heard: self.now,
            sight: vantage.blind.clone().map_or(Sight::Sighted, |reason| Sight::Blind { reason, since: self.now }),
            config: Digest::over([b"configuration".as_slice()]),
            endpoints: endpoints.collect(),
        }
    }

    fn happen(&mut self, event: &Event) -> Result<()> {
        match event {
            Event::See { vantages, region, health, error } => {
                let since = self.now;
                self.of_vantages(vantages, |vantage| {
                    let view = vantage.regions.get_mut(region).context("no such region")?;
                    // One that wavers has been healthy for as long as before.
                    let same = *health == Seen::Wavering || view.health == *health;
                    *view =
                        View { health: *health, since: if same { view.since } else { since }, error: error.clone() };
                    Ok(())
                })
            }
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
            Event::Order(name, words, reason) => self.order_in_words(name, words, reason),
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

    fn order_in_words(&mut self, name: &str, words: &[String], reason: &str) -> Result<()> {
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
        if let Err(refusal) = self.order(number, command, reason, &overrides) {
            self.story.refused(self.now.since(START), name, &refusal.to_string());
        }
        Ok(())
    }

    fn order(&mut self, number: usize, command: Command, reason: &str, overrides: &[Rule]) -> Result<()> {
        let by = "oncall".parse().expect("a name");
        let order = Order { overrides: overrides.to_vec(), ..Order::new(command, by, reason) };
        match self.controllers[number].order(order, self.now) {
            None => Ok(()),
            Some(Refusal::Kernel(rejections)) => {
                let reasons: Vec<String> =
                    rejections.iter().map(|one| format!("{}: {}", one.rule, one.reason)).collect();
                bail!("{}", reasons.join("; "))
            }
            Some(Refusal::Pointless(why) | Refusal::Invalid(why)) => bail!("{why}"),
            Some(Refusal::Unexpected) => bail!("nobody expects this order now"),
        }
    }

    /// Tells what is new: rows, and what zones hold.
    fn tell(&mut self) {
        let at = self.now.since(START);
        for controller in &mut self.controllers {
            for row in std::mem::take(&mut controller.rows) {
                self.story.row(at, &controller.name, &row);
            }
        }
        for (provider, known) in self.providers.iter().zip(&mut self.zones) {
            let zone = provider.describe();
            if zone != *known {
                self.story.zone(at, &provider.name, &zone);
                *known = zone;
            }
        }
    }

    fn tell_the_end(&mut self, at: Duration) {
        self.story.end(at);
        for (provider, zone) in self.providers.iter().zip(&self.zones) {
            self.story.zone(at, &provider.name, zone);
        }
        for controller in &self.controllers {
            for (place, machine) in controller.saga().machines() {
                let memory = machine.memory();
                let hold = memory.hold().map(|hold| {
                    let to = hold.to.as_ref().map(|to| format!(" to `{to}`")).unwrap_or_default();
                    (format!("{}{to}", hold.wanted.as_str()), hold.rejections.as_slice())
                });
                let label = self.service.label(place);
                let standing = match memory.standing() {
                    Standing::Foreign { why } => format!("foreign: {why}"),
                    other => other.as_str().to_owned(),
                };
                let state = format!("{}; the fence is {standing}", machine.state().as_str());
                self.story.stands(&controller.name, &label, &state, hold);
            }
        }
    }
}
