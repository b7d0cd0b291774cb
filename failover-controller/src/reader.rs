//! Reads each service's fence and records: regularly, and at once when asked.
//!
//! A request to read carries no data and many of them are one: what matters is that a read *begins* after the
//! request. One reader per place of a service, so a provider that hangs holds up only its own services.
//!
//! All readers begin together, and each reads at once. After that they are spread over the interval, and drift apart.

use std::sync::Arc;
use std::time::Duration;

use dns_core::identifier::ServiceName;
use dns_core::service::{Everywhere, Place, Service};
use dns_core::write::WriteStage;
use dns_core::zone::{ReadRequest, ZoneView};
use dns_provider::port::{Provider, ProviderError, Urgency};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::engine::handle::{Engine, Message};
use crate::engine::snapshot::Shown;

/// The shortest time between two reads that fail: a provider in trouble is not flooded by urgent requests.
const FAILED_PAUSE: Duration = Duration::from_millis(500);

/// The longest time between the first two reads that fail, doubled each time up to the usual one: a short outage is over
/// within seconds, and a long one must not be as busy as an incident.
const FAILED_EVERY: Duration = Duration::from_secs(1);

/// By how much of the interval a read may come early, by chance: readers that a common cause has put in step fall out of
/// it again.
const EARLY: f64 = 0.1;

/// How often a place is read.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    /// In quiet times.
    pub(crate) every: Duration,
    /// Shared with the other readers of the provider, if only so many reads may be under way.
    pub(crate) places: Option<Arc<Semaphore>>,
}

/// When the next read is due.
#[derive(Debug, Default)]
struct Rhythm {
    has_read: bool,
    failed_in_a_row: u32,
}

impl Rhythm {
    /// How long until the next read, if nobody asks; `share` is random, from 0 to 1.
    fn pause(&mut self, failed: bool, every: Duration, share: f64) -> Duration {
        if failed {
            let doubled = FAILED_EVERY.saturating_mul(1_u32.checked_shl(self.failed_in_a_row).unwrap_or(u32::MAX));
            self.failed_in_a_row += 1;
            return every.min(doubled).mul_f64(1.0 - share / 2.0);
        }
        self.failed_in_a_row = 0;
        if std::mem::replace(&mut self.has_read, true) {
            every.mul_f64(1.0 - EARLY * share)
        } else {
            every.mul_f64(share)
        }
    }
}

/// How soon after a write was seen under way it is looked again whether it still is.
const WRITTEN_PAUSE: Duration = Duration::from_secs(1);

/// The same once a read was asked for: as soon as what the engine knows is published.
const ASKED_PAUSE: Duration = Duration::from_millis(50);

/// Asks for reads.
#[derive(Clone, Default)]
pub(crate) struct ReadNow {
    /// By the services' names, in order.
    readers: Arc<[Readers]>,
}

/// The readers of one service, by the rank of the place.
struct Readers {
    service: Everywhere,
    asked: Box<[Notify]>,
}

impl ReadNow {
    /// For these services.
    pub(crate) fn new<'a>(services: impl IntoIterator<Item = &'a Everywhere>) -> Self {
        let readers = |service: &Everywhere| Readers {
            service: service.clone(),
            asked: service.projections().iter().map(|_| Notify::new()).collect(),
        };
        let mut all: Vec<Readers> = services.into_iter().map(readers).collect();
        all.sort_by(|one, other| one.name().cmp(other.name()));
        Self { readers: all.into() }
    }

    /// Asks for a read at a place that begins from now on.
    pub(crate) fn ask(&self, service: &ServiceName, place: &Place) {
        self.at(service, place).into_iter().for_each(Notify::notify_one);
    }

    /// Asks for a read at every place of a service.
    pub(crate) fn ask_everywhere(&self, service: &Everywhere) {
        let readers = self.of(&service.lead().name);
        readers.into_iter().flat_map(|readers| &readers.asked).for_each(Notify::notify_one);
    }

    fn at(&self, service: &ServiceName, place: &Place) -> Option<&Notify> {
        let Readers { service, asked } = self.of(service)?;
        let is_there = |here: &Arc<Service>| here.provider == place.provider && *here.zone == place.zone;
        asked.get(service.projections().iter().position(is_there)?)
    }

    fn of(&self, service: &ServiceName) -> Option<&Readers> {
        let rank = self.readers.binary_search_by(|readers| readers.name().cmp(service)).ok()?;
        self.readers.get(rank)
    }
}

impl Readers {
    fn name(&self) -> &ServiceName {
        &self.service.lead().name
    }
}

/// Reads a service's zone at one place until cancelled.
pub(crate) async fn run(
    service: Arc<Service>,
    provider: Arc<dyn Provider>,
    pace: Pace,
    read_now: ReadNow,
    engine: Engine,
    stop: CancellationToken,
) {
    let request = ReadRequest::for_service(&service);
    let nobody = Notify::new();
    let asked = read_now.at(&service.name, &service.place()).unwrap_or(&nobody);
    let mut rhythm = Rhythm::default();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = until_written(&engine, &service, asked) => {}
        }
        let read = tokio::select! {
            () = stop.cancelled() => return,
            read = read(provider.as_ref(), &request, pace.places.as_deref()) => read,
        };
        let failed = read.is_err();
        if let Err(error) = &read {
            tracing::debug!(service = %service.name, error = %error, "zone read failed");
            metrics::counter!("failover_controller_zone_read_failures_total", "service" => service.name.to_string())
                .increment(1);
        }
        if engine.tell(Message::Zone(service.name.clone(), service.place(), read.map(Box::new))).await.is_err() {
            return;
        }
        if failed && stopped_within(FAILED_PAUSE, &stop).await {
            return;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = asked.notified() => {}
            // A request that was made before a read that failed is answered by the next one.
            () = tokio::time::sleep(rhythm.pause(failed, pace.every, fastrand::f64())) => {}
        }
    }
}

/// Waits while a write is under way: nobody would listen, since the executor finds out what becomes of it, and its look at
/// the zone counts. Who asks for a read meanwhile may know more than what was published.
async fn until_written(engine: &Engine, service: &Service, asked: &Notify) {
    let mut pause = WRITTEN_PAUSE;
    while is_being_written(engine, service) {
        tokio::select! {
            () = asked.notified() => pause = ASKED_PAUSE,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Whether a write was sent there and is not settled. By what was published last: at worst a read is made for nothing, or
/// comes a moment later.
fn is_being_written(engine: &Engine, service: &Service) -> bool {
    let Some(snapshot) = engine.snapshot() else { return false };
    let Some(view) = snapshot.services.get(&service.name).and_then(Shown::awake) else { return false };
    let mut open = view.here().filter_map(|here| here.memory.open());
    open.any(|open| open.stage == WriteStage::Sent && open.write.place() == service.place())
}

async fn read(
    provider: &dyn Provider,
    request: &ReadRequest,
    places: Option<&Semaphore>,
) -> Result<ZoneView, ProviderError> {
    let _place = match places {
        Some(places) => Some(places.acquire().await.expect("invariant: nobody closes it")),
        None => None,
    };
    provider.read(request, Urgency::Watch).await
}

async fn stopped_within(pause: Duration, stop: &CancellationToken) -> bool {
    tokio::time::timeout(pause, stop.cancelled()).await.is_ok()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;
    use dns_core::change::ChangeSet;
    use dns_provider::port::{Capabilities, Permit, Progress, Receipt, ZoneFacts};
    use hickory_proto::rr::Name;

    use super::*;
    use crate::engine::handle::Inbox;

    const EVERY: Duration = Duration::from_mins(1);

    #[test]
    fn the_second_read_comes_at_any_time_of_the_interval_and_later_ones_a_little_early() {
        for share in [0.0, 0.25, 1.0] {
            let mut rhythm = Rhythm::default();
            assert_eq!(rhythm.pause(false, EVERY, share), EVERY.mul_f64(share));
            let later = rhythm.pause(false, EVERY, share);
            assert!((EVERY.mul_f64(1.0 - EARLY)..=EVERY).contains(&later), "{later:?}");
        }
    }

    #[test]
    fn reads_that_fail_come_at_once_and_then_ever_more_seldom() {
        let mut rhythm = Rhythm::default();
        let pauses: Vec<u64> = (0..100).map(|_| rhythm.pause(true, EVERY, 0.0).as_secs()).collect();
        assert_eq!(pauses[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(pauses[99], 60);
        assert_eq!(rhythm.pause(true, EVERY, 1.0), EVERY / 2, "never much sooner");
        rhythm.pause(false, EVERY, 1.0);
        assert_eq!(rhythm.pause(true, EVERY, 0.0), FAILED_EVERY, "the next outage is another one");
        assert_eq!(rhythm.pause(true, FAILED_EVERY / 10, 0.0), FAILED_EVERY / 10, "never longer than the interval");
    }

    /// A provider whose reads end when the test says so.
    struct Slow {
        begun: AtomicUsize,
        begins: Notify,
        /// Without places until the test adds some.
        let_go: Semaphore,
    }

    impl Default for Slow {
        fn default() -> Self {
            Self { begun: AtomicUsize::new(0), begins: Notify::new(), let_go: Semaphore::new(0) }
        }
    }

    #[async_trait]
    impl Provider for Slow {
        fn capabilities(&self) -> Capabilities {
            panic!("a reader asks for none")
        }

        async fn read(&self, _request: &ReadRequest, _urgency: Urgency) -> Result<ZoneView, ProviderError> {
            self.begun.fetch_add(1, Ordering::SeqCst);
            self.begins.notify_one();
            self.let_go.acquire().await.expect("open").forget();
            Err(ProviderError::Transient { subject: "a server".to_owned(), reason: "it is slow".to_owned() })
        }

        async fn apply(&self, _change: &ChangeSet, _permit: &Permit) -> Result<Receipt, ProviderError> {
            panic!("a reader writes nothing")
        }

        async fn status(&self, _receipt: &Receipt) -> Result<Progress, ProviderError> {
            panic!("a reader wrote nothing")
        }

        async fn zone(&self, _zone: &Name) -> Result<ZoneFacts, ProviderError> {
            panic!("a reader asks for no zone")
        }
    }

    /// Starts readers of the provider and waits until as many reads have begun.
    async fn begun(
        slow: &Arc<Slow>,
        readers: usize,
        places: Option<usize>,
        expected: usize,
    ) -> (Inbox, CancellationToken) {
        let (engine, messages, _publish) = Engine::channel();
        let (stop, service) = (CancellationToken::new(), crate::verifier::tests::service("192.0.2.1"));
        let pace = Pace { every: EVERY, places: places.map(|places| Arc::new(Semaphore::new(places))) };
        for _ in 0..readers {
            let provider = Arc::clone(slow) as Arc<dyn Provider>;
            let (read_now, engine) = (ReadNow::default(), engine.clone());
            tokio::spawn(run(Arc::clone(&service), provider, pace.clone(), read_now, engine, stop.clone()));
        }
        let all = async {
            while slow.begun.load(Ordering::SeqCst) < expected {
                slow.begins.notified().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), all).await.expect("they begin at once");
        (messages, stop)
    }

    #[tokio::test]
    async fn only_so_many_reads_of_a_provider_are_under_way() {
        let slow = Arc::<Slow>::default();
        let (mut messages, stop) = begun(&slow, 20, Some(2), 2).await;
        // Whoever could begin has had its turns.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(slow.begun.load(Ordering::SeqCst), 2);
        for read in 1..=18 {
            slow.let_go.add_permits(1);
            let told = tokio::time::timeout(Duration::from_secs(10), messages.recv()).await.expect("in time");
            assert!(matches!(told, Some(Message::Zone(..))));
            while slow.begun.load(Ordering::SeqCst) < read + 2 {
                slow.begins.notified().await;
            }
            assert_eq!(slow.begun.load(Ordering::SeqCst), read + 2, "one for one");
        }
        stop.cancel();
    }

    #[tokio::test]
    async fn reads_that_are_answered_together_all_begin_together() {
        let slow = Arc::<Slow>::default();
        let (_messages, stop) = begun(&slow, 200, None, 200).await;
        stop.cancel();
    }
}
