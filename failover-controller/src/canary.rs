//! A write without consequences, once a day in each zone in use: whether a failover would get through.
//!
//! An expired token, a right that was lost, a frozen zone, a server that no longer transfers: each shows only with a write,
//! and otherwise on the day of a failover. So the fence of the reserved id `canary` is rewritten the way every flip goes:
//! read, required exactly as it was read, under a permit, sent once, read back, and asked for on every authoritative
//! server. It guards no records and moves nothing.
//!
//! It is written only where a service that moves by itself has records. A canary that is young enough, whoever wrote it,
//! is not repeated. What fails because of the moment is tried again a few times; then it pages, until one arrives.
//!
//! A row of the history belongs to a service, so what became of canaries is in metrics, in the log, and in what services
//! of the zone are told to look at.

mod flight;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use dns_core::identifier::{Actor, Installation, ProviderName};
use dns_core::service::{Mode, Place, Service};
use dns_core::time::Timestamp;
use dns_service::clock::Clock;
use tokio_util::sync::CancellationToken;

use self::flight::{Failed, Flight, Flown};
use crate::aside::Asides;
use crate::providers::ProviderInUse;

/// The gauge that an alert compares with now.
const LAST_SUCCESS: &str = "failover_controller_canary_last_success_timestamp_seconds";
/// Canaries that did not arrive.
const FAILURES: &str = "failover_controller_canary_failures_total";

/// How long a new process waits: whoever restarts it during an incident has better use for the provider.
const FIRST_AFTER: Duration = Duration::from_mins(1);
/// How often one is tried before it counts as failed, and the pause in between.
const TRIES: u32 = 3;
const TRY_PAUSE: Duration = Duration::from_secs(10);
/// How long after a failure it is tried again: whoever has mended it wants to see that, and a page is to end by itself.
const AGAIN_AFTER: Duration = Duration::from_mins(5);

/// How long servers have time: secondaries that hear no NOTIFY ask for changes every few minutes at the latest where a
/// failover is to work at all, and Route 53 takes up to one.
pub(crate) const SERVED_WITHIN: Duration = Duration::from_mins(2);

/// What canaries need.
pub(crate) struct Canaries {
    /// How often.
    pub(crate) every: Duration,
    /// How long every server has to serve one.
    pub(crate) served_within: Duration,
    /// The installation that they are written for.
    pub(crate) install: Installation,
    /// This controller.
    pub(crate) actor: Actor,
    /// The clock.
    pub(crate) clock: Clock,
    /// Where people see what failed.
    pub(crate) asides: Asides,
}

/// The places where some service moves by itself.
pub(crate) fn places<'s>(services: impl IntoIterator<Item = &'s Arc<Service>>) -> BTreeSet<Place> {
    let active = services.into_iter().filter(|service| service.mode == Mode::Active);
    active.map(|service| service.place()).collect()
}

/// Describes what is counted.
pub(crate) fn describe() {
    metrics::describe_gauge!(LAST_SUCCESS, "when the newest canary of a zone was written that has arrived");
    metrics::describe_counter!(FAILURES, "canaries that did not arrive");
}

impl Canaries {
    /// Writes canaries in all these places until cancelled.
    pub(crate) async fn run(
        self,
        places: BTreeSet<Place>,
        providers: Arc<BTreeMap<ProviderName, ProviderInUse>>,
        stop: CancellationToken,
    ) {
        let canaries = Arc::new(self);
        let mut tasks = tokio::task::JoinSet::new();
        for place in places {
            let Some(provider) = providers.get(&place.provider).cloned() else { continue };
            failures(&place).absolute(0);
            let canaries = Arc::clone(&canaries);
            tasks.spawn(async move { canaries.keep_flying(place, provider).await });
        }
        stop.cancelled().await;
        tasks.shutdown().await;
    }

    async fn keep_flying(&self, place: Place, provider: ProviderInUse) {
        let mut pause = FIRST_AFTER.min(self.every);
        let mut failed = false;
        loop {
            tokio::time::sleep(pause).await;
            let flown = self.fly(&place, &provider, failed).await;
            failed = flown.is_err();
            pause = match flown {
                Ok(at) => (at + self.every).since(self.clock.wall()),
                Err(_) => AGAIN_AFTER.min(self.every),
            };
        }
    }

    /// One canary with all its tries; when the newest was written that has arrived.
    async fn fly(&self, place: &Place, provider: &ProviderInUse, failed: bool) -> Result<Timestamp, Failed> {
        let flight = Flight { canaries: self, place, provider };
        // After a failure a young one proves nothing: it is the one that did not arrive.
        let fresh_for = if failed { Duration::ZERO } else { self.every };
        let mut tries = 1;
        let flown = loop {
            match flight.fly(fresh_for).await {
                Err(Failed { passing: true, reason }) if tries < TRIES => {
                    tracing::debug!(%place, reason, tries, "a canary did not arrive; it is tried again");
                    tries += 1;
                    tokio::time::sleep(TRY_PAUSE.min(self.every)).await;
                }
                ended => break ended,
            }
        };
        self.note(place, &flown);
        flown.map(|flown| flown.at)
    }

    fn note(&self, place: &Place, flown: &Result<Flown, Failed>) {
        match flown {
            Ok(Flown { at, written }) => {
                // Exact up to 2^53 seconds.
                #[expect(clippy::cast_precision_loss, reason = "points in time stay below 2^53 seconds")]
                last_success(place).set(at.as_secs() as f64);
                self.asides.note_canary(place, None);
                if *written {
                    tracing::info!(%place, "a canary has arrived");
                }
            }
            Err(Failed { reason, .. }) => {
                failures(place).increment(1);
                tracing::error!(%place, reason, "a canary did not arrive; a failover there would fail as well");
                let text = format!(
                    "the canary of zone {} did not arrive, a failover there would fail as well: {reason}",
                    place.zone
                );
                self.asides.note_canary(place, Some(text));
            }
        }
    }
}

fn labels(place: &Place) -> [(&'static str, String); 2] {
    [("provider", place.provider.to_string()), ("zone", place.zone.to_string())]
}

fn failures(place: &Place) -> metrics::Counter {
    metrics::counter!(FAILURES, &labels(place))
}

fn last_success(place: &Place) -> metrics::Gauge {
    metrics::gauge!(LAST_SUCCESS, &labels(place))
}

#[cfg(test)]
mod tests;
