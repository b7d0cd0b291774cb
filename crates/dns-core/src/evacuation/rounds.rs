//! Which services are asked when. What the kernel refuses is asked again when all others have had their turn: what it
//! waited for may have moved meanwhile, or a person has mended it. Nothing of this is kept: a restart begins a new round.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Next;
use crate::identifier::ServiceName;
use crate::kernel::{Rejection, Rule};
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
    held: BTreeMap<ServiceName, Vec<Rejection>>,
    /// The same of the round before, for those that were not asked again yet.
    before: BTreeMap<ServiceName, Vec<Rejection>>,
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
        self.held.insert(service.clone(), rejections(refusal));
    }

    /// What is held, and why.
    pub fn held(&self) -> impl Iterator<Item = (&ServiceName, &Vec<Rejection>)> {
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
        let mut counts: BTreeMap<Rule, (usize, &ServiceName, &str)> = BTreeMap::new();
        for (service, rejections) in &self.held {
            let Some(first) = rejections.first() else { continue };
            counts.entry(first.rule).or_insert((0, service, &first.reason)).0 += 1;
        }
        let mut sorted: Vec<_> = counts.into_iter().collect();
        sorted.sort_by_key(|(_, (count, ..))| std::cmp::Reverse(*count));
        let each: Vec<String> = sorted
            .iter()
            .take(TOLD_MAX)
            .map(|(rule, (count, service, reason))| format!("{count} by {rule} (`{service}`: {reason})"))
            .collect();
        let more = sorted.len().saturating_sub(TOLD_MAX);
        let more = if more > 0 { format!(", and by {more} more rules") } else { String::new() };
        format!("{} held: {}{more}", self.held.len(), each.join(", "))
    }
}

/// A refusal as rules say it. What no rule says is about where it could go.
pub(super) fn rejections(refusal: Refusal) -> Vec<Rejection> {
    let said = |rule, reason: String| vec![Rejection { rule, reason }];
    match refusal {
        Refusal::Kernel(rejections) => rejections,
        Refusal::Pointless(reason) | Refusal::Invalid(reason) => said(Rule::TargetProven, reason),
        Refusal::Unexpected => said(Rule::OneWrite, "it does not take orders in its state".to_owned()),
    }
}
