//! What an evacuation asks of each provider, and the least time that takes by the calls that may be made. It is a bound
//! from below: a wave also waits until the one before it is served.

use std::collections::BTreeMap;
use std::time::Duration;

use dns_api::evacuation::ProviderEffort;
use dns_core::identifier::{ProviderName, RegionName};
use dns_core::service::{Everywhere, Service};

use crate::providers::allowance::{Allowance, Weight};

/// What all moves together weigh at each provider.
#[derive(Default)]
pub(super) struct Effort {
    providers: BTreeMap<ProviderName, (usize, Weight)>,
    moves: usize,
}

impl Effort {
    /// Takes a move in: a write at each of the service's places.
    pub(super) fn count(&mut self, service: &Everywhere, from: &RegionName, to: Option<&RegionName>) {
        self.moves += 1;
        for place in service.projections() {
            let (writes, weight) = self.providers.entry(place.provider.clone()).or_default();
            *writes += 1;
            *weight += of_move(place, from, to);
        }
    }

    /// What that is in waves, each of which is as heavy as its share of all.
    pub(super) fn of_waves(
        &self,
        waves: &[usize],
        allowances: &BTreeMap<ProviderName, Allowance>,
    ) -> Vec<ProviderEffort> {
        let effort = |(provider, (writes, weight)): (&ProviderName, &(usize, Weight))| {
            let allowance = allowances.get(provider).copied().unwrap_or_default();
            let mean = weight.mean(*writes);
            let in_wave = |size: &usize| (size * writes).div_ceil(self.moves.max(1));
            let calls: Option<usize> = waves.iter().map(|size| allowance.calls(in_wave(size), mean)).sum();
            let least: Duration = waves.iter().map(|size| allowance.least(in_wave(size), mean)).sum();
            ProviderEffort {
                provider: provider.to_string(),
                writes: *writes,
                calls,
                least_ms: u64::try_from(least.as_millis()).unwrap_or(u64::MAX),
            }
        };
        self.providers.iter().map(effort).collect()
    }
}

/// Old and new records, and the fence before and after.
fn of_move(service: &Service, from: &RegionName, to: Option<&RegionName>) -> Weight {
    let regions = [Some(from), to].into_iter().flatten();
    let sets =
        regions.filter_map(|region| service.render(region).ok()).flat_map(std::collections::BTreeMap::into_values);
    sets.map(|set| Weight::of_set(&set)).fold(Weight::FENCES, |sum, set| sum + set)
}
