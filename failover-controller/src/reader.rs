//! Reads each service's fence and records: regularly, and at once when asked.
//!
//! A request to read carries no data and many of them are one: what matters is that a read *begins* after the
//! request. One reader per place of a service, so a provider that hangs holds up only its own services.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dns_core::identifier::ServiceName;
use dns_core::service::{Everywhere, Place, Service};
use dns_core::zone::ReadRequest;
use dns_provider::port::{Provider, Urgency};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::engine::handle::{Engine, Message};

/// The shortest time between two reads that fail: a provider in trouble is not flooded by urgent requests.
const FAILED_PAUSE: Duration = Duration::from_millis(500);

/// The longest time between two reads while they fail: a provider that comes back is known within a second.
const FAILED_EVERY: Duration = Duration::from_secs(1);

/// Asks for reads.
#[derive(Clone, Default)]
pub(crate) struct ReadNow {
    readers: Arc<BTreeMap<(ServiceName, Place), Arc<Notify>>>,
}

impl ReadNow {
    /// For these services.
    pub(crate) fn new<'a>(services: impl IntoIterator<Item = &'a Everywhere>) -> Self {
        let places = services.into_iter().flat_map(Everywhere::projections);
        Self { readers: Arc::new(places.map(|service| (key(service), Arc::default())).collect()) }
    }

    /// Asks for a read at a place that begins from now on.
    pub(crate) fn ask(&self, service: &ServiceName, place: &Place) {
        if let Some(reader) = self.readers.get(&(service.clone(), place.clone())) {
            reader.notify_one();
        }
    }

    /// Asks for a read at every place of a service.
    pub(crate) fn ask_everywhere(&self, service: &Everywhere) {
        let places = service.projections().iter();
        places.filter_map(|service| self.readers.get(&key(service))).for_each(|reader| reader.notify_one());
    }

    fn of(&self, service: &Service) -> Arc<Notify> {
        self.readers.get(&key(service)).map(Arc::clone).unwrap_or_default()
    }
}

fn key(service: &Service) -> (ServiceName, Place) {
    (service.name.clone(), service.place())
}

/// Reads a service's zone at one place until cancelled.
pub(crate) async fn run(
    service: Arc<Service>,
    provider: Arc<dyn Provider>,
    every: Duration,
    read_now: ReadNow,
    engine: Engine,
    stop: CancellationToken,
) {
    let request = ReadRequest::for_service(&service);
    let asked = read_now.of(&service);
    loop {
        let read = tokio::select! {
            () = stop.cancelled() => return,
            read = provider.read(&request, Urgency::Watch) => read,
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
            () = tokio::time::sleep(if failed { every.min(FAILED_EVERY) } else { every }) => {}
        }
    }
}

async fn stopped_within(pause: Duration, stop: &CancellationToken) -> bool {
    tokio::time::timeout(pause, stop.cancelled()).await.is_ok()
}
