//! Probing a region from this machine, with the probes that the vantage points use.
//!
//! It is one point of view and says so little: that the region can be reached from here, a few times in a row. It is what
//! there is when nobody can be asked.

use std::sync::Arc;
use std::time::Duration;

use dns_api::by_hand::ProbedEndpoint;
use dns_core::evidence::EndpointKey;
use dns_core::service::{Endpoint, Region, Service, endpoint_digest};
use dns_monitor::coverage::{GuardedNames, Target};
use dns_monitor::probe::{Outcome, Prober, add_up};
use dns_monitor::resolve::HostResolver;
use dns_service::config::Config;
use futures_util::future::join_all;

/// So many good runs in a row are enough, whatever the policy asks of vantage points that have all day.
const RUNS_IN_A_ROW_MAX: u32 = 10;

/// So many runs are made beyond those that are needed, for one that is lost on the way.
const RUNS_MORE: u32 = 3;

/// The longest pause between two runs: someone is waiting.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Why a region is not known to be healthy; `None` if every endpoint was good often enough.
pub fn doubt(region: &Region, probed: &[ProbedEndpoint]) -> Option<String> {
    let bad: Vec<String> = probed
        .iter()
        .filter(|probed| !probed.is_healthy())
        .map(|probed| {
            let ProbedEndpoint { endpoint, good_in_a_row, wanted, failure } = probed;
            let why = failure.as_ref().map(|failure| format!(" ({failure})")).unwrap_or_default();
            format!("{endpoint} was good {good_in_a_row} times in a row, wanted {wanted}{why}")
        })
        .collect();
    if probed.is_empty() {
        return Some(format!("region `{}` has no endpoint", region.name));
    }
    (!bad.is_empty()).then(|| format!("region `{}` was not seen healthy from here: {}", region.name, bad.join("; ")))
}

/// Probes every endpoint of a region, all at once, each until it was good often enough or cannot be any more.
pub async fn probe(config: &Config, service: &Service, region: &Region) -> Vec<ProbedEndpoint> {
    let servers: Vec<_> = config.resolvers.values().flatten().copied().collect();
    let resolver = match HostResolver::new(&servers, GuardedNames::of(config)) {
        Ok(resolver) => Arc::new(resolver),
        Err(error) => {
            let failure = Some(format!("the configured resolvers cannot be used: {error}"));
            let wanted = wanted(service);
            let unseen = |endpoint: &Endpoint| ProbedEndpoint {
                endpoint: endpoint.to_string(),
                good_in_a_row: 0,
                wanted,
                failure: failure.clone(),
            };
            return region.endpoints.iter().map(unseen).collect();
        }
    };
    let probers =
        region.endpoints.iter().map(|endpoint| Prober::new(target(service, region, endpoint), resolver.clone()));
    let probers: Vec<Prober> = probers.collect();
    join_all(probers.iter().map(|prober| until_known(prober, wanted(service)))).await
}

fn wanted(service: &Service) -> u32 {
    service.policy.detection.rise.clamp(1, RUNS_IN_A_ROW_MAX)
}

fn target(service: &Service, region: &Region, endpoint: &Endpoint) -> Target {
    let policy = &service.policy;
    Target {
        key: EndpointKey { service: service.name.clone(), region: region.name.clone(), endpoint: endpoint.to_string() },
        spec: endpoint_digest(endpoint, &region.probes, policy.detection),
        endpoint: endpoint.clone(),
        probes: region.probes.clone(),
        interval: policy.interval,
        timeout: policy.timeout,
        detection: policy.detection,
        position: (0, 1),
    }
}

async fn until_known(prober: &Prober, wanted: u32) -> ProbedEndpoint {
    let endpoint = prober.target().endpoint.to_string();
    let pause = prober.target().interval.min(PAUSE_MAX);
    let (mut good_in_a_row, mut failure) = (0, None);
    let runs = wanted + RUNS_MORE;
    for run in 1..=runs {
        match add_up(&prober.run().await) {
            Outcome::Good { .. } => good_in_a_row += 1,
            Outcome::Bad { error, .. } => (good_in_a_row, failure) = (0, Some(error)),
            Outcome::Void { reason } => (good_in_a_row, failure) = (0, Some(format!("not known: {reason}"))),
        }
        let hopeless = good_in_a_row + (runs - run) < wanted;
        if good_in_a_row == wanted || hopeless {
            break;
        }
        tokio::time::sleep(pause).await;
    }
    ProbedEndpoint { endpoint, good_in_a_row, wanted, failure }
}
