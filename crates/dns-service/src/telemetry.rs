//! Logs and metrics of a process.
//!
//! Logs go to stderr, filtered by `DNS_LOG` (default `info`). Metrics are recorded for `/metrics` on the daemon's
//! one listener; there is no second listener and nothing is pushed.

use std::io::IsTerminal;
use std::sync::LazyLock;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::TryInitError;

/// The environment variable that filters logs, in the syntax of tracing-subscriber's `EnvFilter`.
pub const LOG_VARIABLE: &str = "DNS_LOG";

/// How often histograms are folded: what is recorded between two folds is kept sample by sample.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Upper bounds of every histogram whose name ends in `_seconds`: from a local probe to a slow verification.
const SECONDS_BUCKETS: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Why there are no logs.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("{LOG_VARIABLE} is no log filter; write `info` or `info,dns_monitor=debug`")]
    Filter(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Someone else has set up logging.
    #[error("logging was set up twice")]
    Twice(#[source] TryInitError),
}

/// Starts logging to stderr.
///
/// # Errors
/// [`TelemetryError`].
pub fn init_logs(format: LogFormat) -> Result<(), TelemetryError> {
    let directives = std::env::var(LOG_VARIABLE).unwrap_or_default();
    let directives = if directives.trim().is_empty() { "info" } else { directives.trim() };
    let filter = EnvFilter::try_new(directives).map_err(|error| TelemetryError::Filter(Box::new(error)))?;
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Told on stderr, too: where nobody reads that any more, telling would break whatever logs.
    let logs = logs.log_internal_errors(false);
    let result = match format {
        LogFormat::Text => tracing_subscriber::util::SubscriberInitExt::try_init(
            logs.with_ansi(std::io::stderr().is_terminal()).finish(),
        ),
        LogFormat::Json => {
            tracing_subscriber::util::SubscriberInitExt::try_init(logs.json().flatten_event(true).finish())
        }
    };
    result.map_err(TelemetryError::Twice)
}

/// The metrics of this process.
#[derive(Clone, Debug)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// The one recorder of the process, installed at the first call. Several daemons in one process share it.
    pub fn global() -> Self {
        static GLOBAL: LazyLock<Metrics> = LazyLock::new(|| {
            let recorder = builder().build_recorder();
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::error!("another metrics recorder is installed; /metrics stays empty");
            }
            Metrics(handle)
        });
        GLOBAL.clone()
    }

    /// Everything recorded, in the Prometheus text format.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Folds histograms now and then, so that they do not grow between two scrapes. Runs until `stop`.
    pub async fn keep_up(self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(UPKEEP_INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            self.0.run_upkeep();
        }
    }
}

fn builder() -> PrometheusBuilder {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS_BUCKETS)
        .expect("invariant: there are buckets")
}
