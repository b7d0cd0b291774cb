//! Metrics that say how things are now. They are set from what the engine publishes, once a second, for the services that
//! have changed: of ten thousand services most have not, and each has some twenty gauges.

use std::sync::Arc;
use std::time::Duration;

use dns_core::judgement::Health;
use dns_core::machine::State;
use tokio_util::sync::CancellationToken;

use crate::api::evacuations::report::in_brief;
use crate::attention::concerns;
use crate::engine::evacuating::EvacuationView;
use crate::engine::handle::Engine;
use crate::engine::snapshot::{ServiceView, Shown, Snapshot};

/// How often gauges are set; scrapes are rarer.
const EVERY: Duration = Duration::from_secs(1);

/// Describes every metric of this program once, and lets counters appear before they first count: the first failure
/// of a process shows in a rate only as a step up from 0.
pub(crate) fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_gauge!("failover_controller_page", "1 if someone should be woken for this service");
    describe_gauge!("failover_controller_service_state", "1 for the state that the service is in");
    describe_gauge!("failover_controller_service_active", "1 for the region whose records are served");
    describe_gauge!("failover_controller_region_health", "1 healthy, 0 failing, -1 unknown, by the quorum");
    describe_gauge!("failover_controller_region_proven", "1 if records may move there");
    describe_gauge!("failover_controller_fence_epoch", "moves of the service, as its fence counts them");
    describe_gauge!("failover_controller_fence_rev", "writes of the fence");
    describe_gauge!(
        "failover_controller_diverging_places",
        "places that are not where the service is by its newest fence"
    );
    describe_gauge!("failover_controller_write_open", "1 while a write is not settled");
    describe_gauge!("failover_controller_vantage_sighted", "1 if the vantage point is heard and sighted");
    describe_gauge!("failover_controller_store_up", "1 if the store took the last commit");
    describe_gauge!(
        "failover_controller_evacuation_services",
        "services of the newest evacuation of a region that are this far"
    );
    describe_gauge!("failover_controller_evacuation_open", "1 while an evacuation of the region is not over");
    describe_gauge!("failover_controller_evacuation_stopped", "1 if it has stopped by itself and a person has to look");
    describe_counter!("failover_controller_history_rows_total", "history rows by kind");
    describe_counter!("failover_controller_pages_total", "history rows that should wake someone");
    describe_counter!("failover_controller_zone_read_failures_total", "zone reads that failed");
    describe_counter!("failover_controller_store_failures_total", "commits that the store did not take");
    describe_counter!("failover_controller_evidence_reconnects_total", "evidence streams that ended");
    describe_counter!("failover_controller_stalls_total", "times that this process was stopped or starved");
    describe_gauge!("failover_controller_drained_ratio", "share of the resolvers sampled that serve the last move");
    describe_gauge!("failover_controller_region_ready", "1 if it is proven and its gates are open");
    crate::gates::describe();
    crate::canary::describe();
    crate::delegation::describe();
    crate::notify::describe();
    describe_histogram!(
        "failover_controller_propagation_seconds",
        metrics::Unit::Seconds,
        "from the read-back of a write to its first answer, per authoritative server"
    );
    metrics::counter!("failover_controller_store_failures_total").absolute(0);
    metrics::counter!("failover_controller_stalls_total").absolute(0);
}

/// Sets gauges until cancelled.
pub(crate) async fn run(engine: Engine, stop: CancellationToken) {
    let mut before: Option<Arc<Snapshot>> = None;
    while tokio::time::timeout(EVERY, stop.cancelled()).await.is_err() {
        if let Some(snapshot) = engine.snapshot() {
            set(&snapshot, before.as_deref());
            before = Some(snapshot);
        }
    }
}

fn set(snapshot: &Snapshot, before: Option<&Snapshot>) {
    for (rank, (name, shown)) in snapshot.services.iter().enumerate() {
        let known = before.and_then(|before| before.services.get_near(rank, name));
        if known.is_none_or(|known| !known.is_shared_with(shown)) {
            set_service(&snapshot.whole(shown), known.map(Shown::state));
        }
    }
    for (name, witness) in &snapshot.witnesses {
        let sighted = witness.fresh && witness.blind.is_none();
        metrics::gauge!("failover_controller_vantage_sighted", "vantage" => name.to_string()).set(flag(sighted));
        metrics::counter!("failover_controller_evidence_reconnects_total", "vantage" => name.to_string()).increment(0);
    }
    // Oldest first, so the newest of a region stands.
    snapshot.evacuations.iter().for_each(set_evacuation);
    metrics::gauge!("failover_controller_store_up").set(flag(snapshot.store_error.is_none()));
}

fn set_evacuation(view: &EvacuationView) {
    let report = in_brief(view);
    let counts = [
        ("waiting", report.waiting),
        ("moving", report.moving),
        ("served", report.served),
        ("unverified", report.unverified),
        ("failed", report.failed),
        ("held", report.held_count),
    ];
    for (state, count) in counts {
        let labels = [("region", report.region.clone()), ("state", state.to_owned())];
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        metrics::gauge!("failover_controller_evacuation_services", &labels).set(f64::from(count));
    }
    let region = report.region;
    let open = view.evacuation.is_open();
    metrics::gauge!("failover_controller_evacuation_open", "region" => region.clone()).set(flag(open));
    metrics::gauge!("failover_controller_evacuation_stopped", "region" => region).set(flag(report.page));
}

/// `left` is the state that it was in before.
fn set_service(view: &ServiceView, left: Option<State>) {
    let service = view.service.name.to_string();
    let memory = &view.memory;
    let page = concerns(view).iter().any(|concern| concern.page);
    metrics::gauge!("failover_controller_page", "service" => service.clone()).set(flag(page));
    let open = view.here().any(|here| here.memory.open().is_some());
    metrics::gauge!("failover_controller_write_open", "service" => service.clone()).set(flag(open));
    let diverging = view.places.iter().filter(|place| place.lag.is_some()).count();
    let diverging = u32::try_from(diverging).unwrap_or(u32::MAX);
    metrics::gauge!("failover_controller_diverging_places", "service" => service.clone()).set(f64::from(diverging));
    metrics::counter!("failover_controller_zone_read_failures_total", "service" => service.clone()).increment(0);
    metrics::counter!("failover_controller_pages_total", "service" => service.clone()).increment(0);
    // States that it was never in have no gauge: ten for each of ten thousand services are tens of megabytes.
    for state in left.into_iter().chain([view.state]) {
        let labels = [("service", service.clone()), ("state", state.as_str().to_owned())];
        metrics::gauge!("failover_controller_service_state", &labels).set(flag(state == view.state));
    }
    for region in &view.service.regions {
        let labels = [("service", service.clone()), ("region", region.name.to_string())];
        let judgement = memory.judgement();
        let health = match judgement.map_or(Health::Unknown, |judgement| judgement.health(&region.name)) {
            Health::Healthy => 1.0,
            Health::Failing => 0.0,
            Health::Unknown => -1.0,
        };
        let proven = judgement.is_some_and(|judgement| judgement.is_proven(&region.name));
        metrics::gauge!("failover_controller_region_health", &labels).set(health);
        metrics::gauge!("failover_controller_region_proven", &labels).set(flag(proven));
        let ready = judgement.and_then(|judgement| judgement.regions.get(&region.name));
        let ready = ready.is_some_and(dns_core::judgement::RegionJudgement::was_ready);
        metrics::gauge!("failover_controller_region_ready", &labels).set(flag(ready));
        let active = memory.active() == Some(&region.name);
        metrics::gauge!("failover_controller_service_active", &labels).set(flag(active));
    }
    if let Some(fence) = memory.held() {
        // Exact up to 2^53, which is also the largest value that is read from a fence.
        #[expect(clippy::cast_precision_loss, reason = "fence counters stay below 2^53")]
        let (epoch, rev) = (fence.epoch.get() as f64, fence.rev.get() as f64);
        metrics::gauge!("failover_controller_fence_epoch", "service" => service.clone()).set(epoch);
        metrics::gauge!("failover_controller_fence_rev", "service" => service).set(rev);
    }
}

fn flag(yes: bool) -> f64 {
    if yes { 1.0 } else { 0.0 }
}
