//! Runs the schedule of one endpoint: waits, takes a place among the bounded number of running probes, probes,
//! reports.
//!
//! One task per endpoint, so that a peer that stalls delays nobody else. A run that cannot start within the schedule's
//! tolerance is a late tick: counted, reported, left out.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio::time::{sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::evidence::{Report, Run};
use crate::metering::{self, LateCause};
use crate::probe::{ProbeOutcome, Prober, add_up};
use crate::schedule::{Schedule, Tick};

/// Everything that one endpoint's task needs.
#[derive(Clone, Debug)]
pub struct Runner {
    /// The endpoint's position in the coverage.
    pub index: usize,
    /// What to run.
    pub prober: Arc<Prober>,
    /// When.
    pub schedule: Schedule,
    /// The places of running probes.
    pub places: Places,
    /// Who hears of it.
    pub reports: mpsc::Sender<Report>,
}

/// A bounded number of probes that run at once.
#[derive(Clone, Debug)]
pub struct Places {
    semaphore: Arc<Semaphore>,
    count: usize,
}

impl Places {
    /// So many places, at least one.
    pub fn new(count: usize) -> Self {
        let count = count.clamp(1, Semaphore::MAX_PERMITS);
        Self { semaphore: Arc::new(Semaphore::new(count)), count }
    }

    /// Takes the places of one run, or `None` if there are not enough until `deadline`.
    pub async fn take(&self, probes: usize, deadline: Instant) -> Option<SemaphorePermit<'_>> {
        // A run with more probes than there are places takes them all.
        let wanted = u32::try_from(probes.min(self.count)).unwrap_or(u32::MAX);
        let taken = timeout_at(deadline.into(), self.semaphore.acquire_many(wanted)).await.ok()?;
        Some(taken.expect("invariant: the semaphore is never closed"))
    }
}

impl Runner {
    /// Runs until `stop` or until nobody hears the reports.
    pub async fn drive(self, stop: CancellationToken) {
        let mut tick = self.schedule.first();
        while stop.run_until_cancelled(sleep_until(tick.at.into())).await.is_some() {
            let Some(heard) = stop.run_until_cancelled(self.run(tick)).await else { return };
            if !heard {
                return;
            }
            tick = self.schedule.after(tick.run, Instant::now());
            if tick.missed > 0 {
                self.late(tick.missed, LateCause::Overrun);
            }
        }
    }

    /// One planned run; `false` if nobody hears of it any more.
    async fn run(&self, tick: Tick) -> bool {
        let woken = Instant::now();
        let start_by = tick.at + self.schedule.tolerance();
        if woken > start_by {
            self.late(1, LateCause::Woken);
            let report = Report::LateTick { planned: tick.at, woken };
            return self.reports.send(report).await.is_ok();
        }
        let Some(place) = self.places.take(self.prober.target().probes.len(), start_by).await else {
            self.late(1, LateCause::NoPlace);
            return true;
        };
        let started = Instant::now();
        let outcomes = self.probe().await;
        drop(place);
        let run = Run {
            index: self.index,
            started,
            finished: Instant::now(),
            outcome: add_up(&outcomes),
            certificate: self.prober.certificate(),
        };
        self.reports.send(Report::Run(run)).await.is_ok()
    }

    async fn probe(&self) -> Vec<ProbeOutcome> {
        let flight = metering::in_flight();
        let outcomes = self.prober.run().await;
        drop(flight);
        metering::outcomes(&self.prober.target().key, &outcomes);
        outcomes
    }

    /// Under overload this happens to many endpoints at once: the metric is for people, the log for a closer look.
    fn late(&self, ticks: u64, cause: LateCause) {
        metering::late_ticks(ticks, cause);
        debug!(endpoint = %self.prober.target().key, ticks, ?cause, "late tick");
    }
}
