//! Looks at the control targets: places outside every region whose silence is the vantage point's own fault.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::evidence::Report;
use crate::probe::tcp;
use crate::sight::ControlRound;

/// Control targets are not ours: never more often than that.
pub const INTERVAL_MIN: Duration = Duration::from_secs(1);

/// Never less often: evidence is stale after three seconds, and doubt must not come much later.
pub const INTERVAL_MAX: Duration = Duration::from_secs(5);

/// How long a target may take; more is as good as no network.
const TIMEOUT: Duration = Duration::from_secs(1);

/// How often control targets are looked at: twice per run of the endpoint that is probed most often, so that a cut is
/// noticed before a row of runs has failed because of it.
pub fn interval(shortest: Option<Duration>) -> Duration {
    shortest.map_or(INTERVAL_MAX, |interval| (interval / 2).clamp(INTERVAL_MIN, INTERVAL_MAX))
}

/// Reports a round now and then, until `stop`. Returns at once if there are no targets.
pub async fn watch(targets: Vec<SocketAddr>, every: Duration, reports: mpsc::Sender<Report>, stop: CancellationToken) {
    if targets.is_empty() {
        return;
    }
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        if reports.send(Report::Controls(round(&targets).await)).await.is_err() {
            return;
        }
    }
}

/// Tries every target once, at the same time.
pub async fn round(targets: &[SocketAddr]) -> ControlRound {
    let started = Instant::now();
    let outcomes = join_all(targets.iter().map(|target| tcp::connect(*target, TIMEOUT))).await;
    let failure = |(target, outcome): (&SocketAddr, &crate::probe::Outcome)| {
        outcome.message().map(|message| format!("{target} ({message})"))
    };
    let failures = targets.iter().zip(&outcomes).filter_map(failure).collect();
    ControlRound { started, finished: Instant::now(), targets: targets.len(), failures }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_looked_at_twice_per_run_within_bounds() {
        let seconds = Duration::from_secs;
        assert_eq!(interval(Some(seconds(4))), seconds(2));
        assert_eq!(interval(Some(seconds(1))), INTERVAL_MIN);
        assert_eq!(interval(Some(seconds(60))), INTERVAL_MAX);
        assert_eq!(interval(None), INTERVAL_MAX);
    }
}
