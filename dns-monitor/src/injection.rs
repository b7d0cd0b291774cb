//! What an endpoint would look like if every run had failed since a drill asked for that.
//!
//! It has a detector of its own, which goes on from where the real one stands and takes every run that counts as a bad one,
//! at the moment at which the real run ended. So `fall`, schedule, doubt and blindness act as in an outage, while the real
//! detector goes on seeing what is there: when the injection ends, nothing has to recover.

use std::time::{Duration, Instant};

use dns_core::drill::{DrillId, INJECTION_MAX};

use crate::detector::{Detector, View};
use crate::probe::Outcome;

/// Drills of this monitor at once: more are a mistake, and each costs a report with every run.
pub const INJECTIONS_MAX: usize = 16;

/// An injection at one endpoint.
#[derive(Clone, Debug)]
pub struct Injection {
    /// The drill that asked.
    pub id: DrillId,
    until: Instant,
    detector: Detector,
}

impl Injection {
    /// Begins at an endpoint whose detector stands so.
    pub fn begin(id: DrillId, lasts: Duration, real: &Detector, now: Instant) -> Self {
        Self { id, until: now + lasts.min(INJECTION_MAX), detector: real.clone() }
    }

    /// Moves its end.
    pub fn go_on(&mut self, lasts: Duration, now: Instant) {
        self.until = now + lasts.min(INJECTION_MAX);
    }

    /// Whether its time is over.
    pub fn is_over(&self, now: Instant) -> bool {
        now >= self.until
    }

    /// Takes a run that has ended: one that says nothing says nothing here either.
    pub fn observe(&mut self, outcome: &Outcome, now: Instant) {
        match outcome {
            Outcome::Void { .. } => self.detector.observe(outcome, now),
            Outcome::Good { latency, .. } | Outcome::Bad { latency, .. } => {
                let error = format!("counted as failed for drill {}", self.id);
                self.detector.observe(&Outcome::Bad { error, latency: *latency }, now);
            }
        }
    }

    /// Takes back what was seen in doubtful time.
    pub fn doubt(&mut self, from: Instant, now: Instant) {
        self.detector.doubt(from, now);
    }

    /// Lets the verdict lapse if nothing has counted for too long.
    pub fn lapse(&mut self, now: Instant) {
        self.detector.lapse(now);
    }

    /// What there is to say.
    pub fn view(&self) -> InjectedView {
        InjectedView { id: self.id.clone(), view: self.detector.view() }
    }
}

/// What there is to say about an endpoint for a drill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InjectedView {
    /// The drill.
    pub id: DrillId,
    /// As if every run had failed.
    pub view: View,
}
