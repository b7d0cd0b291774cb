//! Which services are asked when. What the kernel refuses is asked again when all others have had their turn: what it
//! waited for may have moved meanwhile, or a person has mended it. Nothing of this is kept: a restart begins a new round.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Next;
use super::objection::{Ground, Objection, objections};
use crate::identifier::ServiceName;
use crate::machine::effect::Refusal;
use crate::time::Timestamp;

/// Rounds in a row in which nothing moves, before a person is asked.
const IDLE_ROUNDS_MAX: u32 = 3;

/// The pause before a round after one in which nothing moved: vantage points are heard and zones are read in less.
const NEXT_ROUND: Duration = Duration::from_secs(5);

/// How long a service is waited for of which not enough is known to ask the kernel. Then it is asked all the same, and the
/// kernel says what is missing.
const KNOWN_WITHIN: Duration = Duration::from_secs(15);

/// Reasons that are told in one sentence. All of them are in the evacuation's own report.
const TOLD_MAX: usize = 3;

/// The rounds of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rounds {
    began: Timestamp,
    /// What the kernel has refused in this round.
    held: BTreeMap<ServiceName, Vec<Objection>>,
    /// The same of the round before, for those that were not asked again yet.
    before: BTreeMap<ServiceName, Vec<Objection>>,
    has_moved: bool,
    idle: u32,
    next: Option<Timestamp>,
}

impl Rounds {
    /// The first one begins.
    pub fn begin(now: Timestamp) -> Self {
        Self { began: now, held: BTreeMap::new(), before: BTreeMap::new(), has_moved: false, idle: 0, next: None }
    }

    /// Notes that a service has begun.
    pub fn note_begun(&mut self, service: &ServiceName) {
        self.before.remove(service);
        self.has_moved = true;
    }

    /// Notes that the kernel refused a service.
    pub fn note_refused(&mut self, service: &ServiceName, refusal: Refusal) {
        self.before.remove(service);
        self.held.insert(service.clone(), objections(refusal));
    }

    /// What is held, and why.
    pub fn held(&self) -> impl Iterator<Item = (&ServiceName, &Vec<Objection>)> {
        self.before.iter().chain(&self.held)
    }

    /// Those that are to be asked now, in order.
    pub(super) fn candidates(&self, waiting: &BTreeMap<ServiceName, bool>, now: Timestamp) -> Vec<ServiceName> {
        let patient = now.since(self.began) < KNOWN_WITHIN;
        let asked = waiting.iter().filter(|(_, ready)| **ready || !patient);
        asked.map(|(service, _)| service).filter(|service| !self.held.contains_key(*service)).cloned().collect()
    }

    /// Nobody is left to be asked, and some wait.
    pub(super) fn end_of_round(&mut self, waiting: &BTreeMap<ServiceName, bool>, now: Timestamp) -> Next {
        if waiting.keys().any(|service| !self.held.contains_key(service)) {
            return Next::Wait;
        }
        if self.has_moved {
            self.turn_over();
            self.idle = 0;
            return Next::Wait;
        }
        if self.idle + 1 >= IDLE_ROUNDS_MAX {
            return Next::Stop(self.words());
        }
        match self.next {
            None => self.next = Some(now + NEXT_ROUND),
            // A clock that was set back must not stretch the pause.
            Some(next) if now >= next || next > now + NEXT_ROUND => {
                self.turn_over();
                self.idle += 1;
            }
            Some(_) => {}
        }
        Next::Wait
    }

    fn turn_over(&mut self) {
        self.before = std::mem::take(&mut self.held);
        (self.has_moved, self.next) = (false, None);
    }

    fn words(&self) -> String {
        let mut counts: BTreeMap<Ground, (usize, &ServiceName, &str)> = BTreeMap::new();
        for (service, objections) in &self.held {
            let Some(first) = objections.first() else { continue };
            counts.entry(first.ground).or_insert((0, service, &first.reason)).0 += 1;
        }
        let mut sorted: Vec<_> = counts.into_iter().collect();
        sorted.sort_by_key(|(_, (count, ..))| std::cmp::Reverse(*count));
        let each: Vec<String> = sorted
            .iter()
            .take(TOLD_MAX)
            .map(|(ground, (count, service, reason))| format!("{count} by {ground} (`{service}`: {reason})"))
            .collect();
        let more = sorted.len().saturating_sub(TOLD_MAX);
        let more = if more > 0 { format!(", and by {more} more") } else { String::new() };
        format!("{} held: {}{more}", self.held.len(), each.join(", "))
    }
}
