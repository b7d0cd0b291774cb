//! From outcomes to a verdict: `rise` good or `fall` bad runs in a row, per endpoint. Pure; time comes in.
//!
//! Void runs say nothing: they neither lengthen nor break a row. When nothing has counted for [`GAP_INTERVALS`] the
//! verdict *lapses*: it is reported as undecided, because an old "healthy" proves nothing across a gap. The first run
//! after the gap brings "healthy" back, but as young as that run, and rows start anew. An old "failing" never comes back: it
//! would make a quorum with one other vantage point whose path is cut, over an endpoint that has recovered meanwhile. What
//! was seen just before the vantage point began to doubt itself is taken back ([`Detector::doubt`]).

use std::time::{Duration, Instant};

use dns_core::evidence::Verdict;
use dns_core::policy::Detection;

use crate::probe::Outcome;
use crate::sight::STALL_MIN;

/// After how many intervals without a counting run a verdict lapses: one lost run is no gap, and a run may end a
/// whole interval later than the one before.
pub const GAP_INTERVALS: u32 = 3;

/// With very short intervals, what is no stall of the process is no gap either.
pub const GAP_MIN: Duration = STALL_MIN;

/// Turns the outcomes of one endpoint into a verdict.
#[derive(Clone, Debug)]
pub struct Detector {
    detection: Detection,
    gap: Duration,
    verdict: Verdict,
    since: Instant,
    row: Row,
    counted: Instant,
    lapsed: Option<Instant>,
    bad: Option<String>,
    void: Option<String>,
}

/// Equal outcomes in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    None,
    Good(u32),
    Bad(u32),
}

/// What there is to say about an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The verdict.
    pub verdict: Verdict,
    /// Since when.
    pub since: Instant,
    /// Runs in a row that contradict it.
    pub contradicting: u32,
    /// What the last bad run said, or why no run counts, if there is something to explain.
    pub error: Option<String>,
}

impl View {
    /// Whether subscribers must hear of the step from `before` to this.
    pub fn differs(&self, before: &Self) -> bool {
        self.verdict != before.verdict || self.contradicting != before.contradicting || self.since != before.since
    }
}

impl Detector {
    /// Knows nothing yet.
    pub fn new(detection: Detection, interval: Duration, now: Instant) -> Self {
        Self {
            detection,
            gap: (interval * GAP_INTERVALS).max(GAP_MIN),
            verdict: Verdict::Undecided,
            since: now,
            row: Row::None,
            counted: now,
            lapsed: None,
            bad: None,
            void: None,
        }
    }

    /// Takes the outcome of a run that ended at `now`.
    pub fn observe(&mut self, outcome: &Outcome, now: Instant) {
        self.lapse(now);
        match outcome {
            Outcome::Void { reason } => {
                self.void = Some(reason.clone());
                return;
            }
            Outcome::Good { .. } => self.row = self.row.good(),
            Outcome::Bad { error, .. } => {
                self.row = self.row.bad();
                self.bad = Some(error.clone());
            }
        }
        if self.lapsed.take().is_some() {
            self.since = now;
            if self.verdict == Verdict::Failing {
                self.verdict = Verdict::Undecided;
            }
        }
        self.counted = now;
        self.void = None;
        self.decide(now);
    }

    /// Lets the verdict lapse if nothing has counted for too long.
    pub fn lapse(&mut self, now: Instant) {
        if self.lapsed.is_none() && now.saturating_duration_since(self.counted) > self.gap {
            self.lapsed = Some(now);
            self.row = Row::None;
        }
    }

    /// Takes back what was seen since `from`: rows, and a verdict that was formed in that time.
    pub fn doubt(&mut self, from: Instant, now: Instant) {
        if self.since >= from {
            self.verdict = Verdict::Undecided;
            self.since = now;
        }
        self.row = Row::None;
        self.lapsed.get_or_insert(now);
    }

    /// What there is to say now.
    pub fn view(&self) -> View {
        if let Some(lapsed) = self.lapsed {
            let error = self.void.clone();
            return View { verdict: Verdict::Undecided, since: lapsed, contradicting: 0, error };
        }
        let contradicting = match (self.verdict, self.row) {
            (Verdict::Healthy, Row::Bad(count)) | (Verdict::Failing, Row::Good(count)) => count,
            (Verdict::Healthy | Verdict::Failing | Verdict::Undecided, Row::None | Row::Good(_) | Row::Bad(_)) => 0,
        };
        let error = match self.verdict {
            Verdict::Healthy if contradicting == 0 => None,
            Verdict::Undecided => self.bad.clone().or_else(|| self.void.clone()),
            Verdict::Healthy | Verdict::Failing => self.bad.clone(),
        };
        View { verdict: self.verdict, since: self.since, contradicting, error }
    }

    fn decide(&mut self, now: Instant) {
        let verdict = match self.row {
            Row::Good(count) if count >= self.detection.rise => Verdict::Healthy,
            Row::Bad(count) if count >= self.detection.fall => Verdict::Failing,
            Row::None | Row::Good(_) | Row::Bad(_) => self.verdict,
        };
        if verdict != self.verdict {
            self.verdict = verdict;
            self.since = now;
        }
        if verdict == Verdict::Healthy && matches!(self.row, Row::Good(_)) {
            self.bad = None;
        }
    }
}

impl Row {
    fn good(self) -> Self {
        match self {
            Self::Good(count) => Self::Good(count.saturating_add(1)),
            Self::None | Self::Bad(_) => Self::Good(1),
        }
    }

    fn bad(self) -> Self {
        match self {
            Self::Bad(count) => Self::Bad(count.saturating_add(1)),
            Self::None | Self::Good(_) => Self::Bad(1),
        }
    }
}

#[cfg(test)]
mod tests;
