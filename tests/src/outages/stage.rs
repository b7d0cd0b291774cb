//! The stage: the services of a timeline, and the clock that drives them a second at a time. Each controller counts all of
//! its services, as the engine does: what one of them may do without an order depends on the others.

use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use dns_core::fleet::{BlastRadius, Fleet, Presence};
use dns_core::machine::command::Command;
use dns_core::time::Timestamp;

use super::crowd::told_once;
use super::part::Part;
use super::provider::Clock;
use super::story::{Story, Telling};
use super::timeline::{Line, Timeline};

/// When every timeline begins.
const START: Timestamp = Timestamp::from_secs(1_795_246_200);

/// How long the services have been adopted and healthy by then: longer than ready-time and cooldown.
const BEFORE: Duration = Duration::from_hours(1);

/// Turns that adopting takes: read, order, write, verify, and the other controllers' looks.
const SETTLING_TURNS: u64 = 15;

/// Everything that a timeline plays on.
pub struct Stage {
    names: Vec<String>,
    parts: Vec<Part>,
    radius: BlastRadius,
    /// By controller: all services.
    fleets: Vec<Fleet>,
    /// By controller and service: as what it is counted.
    present: Vec<Vec<Presence>>,
    clock: Clock,
    now: Timestamp,
    story: Story,
}

impl Stage {
    /// The services have been adopted in `prod` everywhere, every controller knows them, and all is well.
    ///
    /// # Errors
    /// If one cannot be adopted.
    pub fn new(timeline: &Timeline) -> Result<Self> {
        let clock = Clock::default();
        let now = START.before(BEFORE);
        let names = timeline.services.clone();
        let part = |name: &String| Part::new(timeline, name, &clock, now.before(BEFORE));
        let parts: Vec<Part> = names.iter().map(part).collect();
        let controllers = timeline.controllers.len();
        let radius = BlastRadius::default();
        let fleets = vec![Fleet::new(radius); controllers];
        let present = vec![vec![Presence::default(); parts.len()]; controllers];
        let mut stage = Self { names, parts, radius, fleets, present, clock, now, story: Story::default() };
        stage.adopt()?;
        Ok(stage)
    }

    fn adopt(&mut self) -> Result<()> {
        self.turns(SETTLING_TURNS);
        self.order_all(0, &Command::Adopt).context("adopting")?;
        self.turns(SETTLING_TURNS);
        for number in 1..self.fleets.len() {
            self.order_all(number, &Command::Resume).context("arming")?;
        }
        self.turns(SETTLING_TURNS);
        self.now = START;
        self.turn();
        Ok(())
    }

    fn order_all(&mut self, number: usize, command: &Command) -> Result<()> {
        let now = self.now;
        self.parts.iter_mut().try_for_each(|part| part.order(number, command.clone(), "set up", &[], now))
    }

    /// Plays a timeline to its end.
    ///
    /// # Errors
    /// The first line that cannot be played.
    pub fn play(&mut self, timeline: &Timeline) -> Result<()> {
        let mut lines = timeline.lines.iter().peekable();
        self.tell(Part::begin);
        for second in 0..=timeline.length.as_secs() {
            let at = Duration::from_secs(second);
            self.now = START + at;
            while let Some(line) = lines.next_if(|line| line.at <= at) {
                self.story.happened(at, &line.text);
                self.happen(line).with_context(|| format!("`{}`", line.text))?;
                self.tell(Part::take_news);
            }
            self.turn();
            self.tell(|part| part.tell(at));
        }
        self.story.end(timeline.length);
        self.tell(|part| part.tell_the_end(timeline.length));
        Ok(())
    }

    /// What followed.
    pub fn into_story(self) -> String {
        self.story.into_text()
    }

    fn happen(&mut self, line: &Line) -> Result<()> {
        let (at, now) = (self.now.since(START), self.now);
        let meant = self.names.iter().zip(&mut self.parts).filter(|(name, _)| line.of.includes(name));
        let mut meant = meant.peekable();
        ensure!(meant.peek().is_some(), "there is no such service");
        meant.try_for_each(|(_, part)| part.happen(&line.event, at, now))
    }

    fn turns(&mut self, count: u64) {
        for _ in 0..count {
            self.turn();
            self.now = self.now + Duration::from_secs(1);
        }
    }

    fn turn(&mut self) {
        self.clock.store(self.now.as_millis(), Ordering::Relaxed);
        for (service, part) in self.parts.iter_mut().enumerate() {
            for (controller, fleet) in self.fleets.iter_mut().enumerate() {
                let counted = &mut self.present[controller][service];
                fleet.discount(counted);
                part.turn(controller, fleet.clone(), self.now);
                *counted = part.presence(controller, &self.radius, self.now);
                fleet.count(counted);
            }
        }
    }

    fn tell(&mut self, what: impl Fn(&mut Part) -> Vec<Telling>) {
        let all = self.parts.iter_mut().map(what).collect();
        for telling in told_once(&self.names, all) {
            self.story.tell(&telling);
        }
    }
}
