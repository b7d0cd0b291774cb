//! What one vantage point probes: every endpoint of every service whose policy selects it.

use std::collections::BTreeSet;
use std::time::Duration;

use dns_core::digest::Digest;
use dns_core::evidence::EndpointKey;
use dns_core::identifier::VantageName;
use dns_core::policy::Detection;
use dns_core::probe::Probes;
use dns_core::service::{Endpoint, Everywhere, Region, Service, endpoint_digest};
use dns_service::config::Config;
use hickory_proto::rr::Name;

/// One endpoint, how it is probed and judged.
#[derive(Clone, Debug)]
pub struct Target {
    /// What evidence calls it.
    pub key: EndpointKey,
    /// Digest of all that makes evidence of it comparable.
    pub spec: Digest,
    /// Where it is.
    pub endpoint: Endpoint,
    /// What is asked there.
    pub probes: Probes,
    /// Time between two runs.
    pub interval: Duration,
    /// How long a run may take.
    pub timeout: Duration,
    /// How outcomes become a verdict.
    pub detection: Detection,
    /// This vantage point's position among those of the policy, and their number.
    pub position: (usize, usize),
}

/// Everything that one vantage point probes.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// The vantage point.
    pub vantage: VantageName,
    /// The endpoints, ordered by key.
    pub targets: Vec<Target>,
    /// Digest over all keys and specifications.
    pub digest: Digest,
}

impl Coverage {
    /// The part of the configuration that a vantage point covers.
    pub fn of(config: &Config, vantage: &VantageName) -> Self {
        let mut targets: Vec<Target> = config
            .services
            .iter()
            .map(Everywhere::lead)
            .filter(|service| service.policy.vantage_points.contains(vantage))
            .flat_map(|service| service.regions.iter().flat_map(|region| targets(service, region, vantage)))
            .collect();
        targets.sort_by(|one, other| one.key.cmp(&other.key));
        let digest = digest(&targets);
        Self { vantage: vantage.clone(), targets, digest }
    }

    /// The longest time between two runs of an endpoint; zero without endpoints.
    pub fn interval_max(&self) -> Duration {
        self.targets.iter().map(|target| target.interval).max().unwrap_or_default()
    }

    /// The shortest time between two runs of an endpoint.
    pub fn interval_min(&self) -> Option<Duration> {
        self.targets.iter().map(|target| target.interval).min()
    }
}

/// The names that flips move. Nothing that is probed may be found through them: a probe of a region would follow the
/// record to another one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuardedNames(BTreeSet<Name>);

impl GuardedNames {
    /// Those of every service, covered or not.
    pub fn of(config: &Config) -> Self {
        let records = config.services.iter().flat_map(Everywhere::projections).flat_map(|service| &service.records);
        Self(records.map(|record| record.key.name().clone()).collect())
    }

    /// The guarded name that answers for `name`: itself, or a wildcard above it. Whether something closer hides the
    /// wildcard (RFC 4592 §2.2.1) cannot be seen from here, so it counts.
    pub fn guarding(&self, name: &Name) -> Option<&Name> {
        let matches =
            |guarded: &&Name| **guarded == *name || (guarded.is_wildcard() && guarded.base_name().zone_of(name));
        self.0.iter().find(matches)
    }
}

impl FromIterator<Name> for GuardedNames {
    fn from_iter<I: IntoIterator<Item = Name>>(names: I) -> Self {
        Self(names.into_iter().collect())
    }
}

fn targets(service: &Service, region: &Region, vantage: &VantageName) -> Vec<Target> {
    let policy = &service.policy;
    let position = policy.vantage_points.iter().position(|name| name == vantage).unwrap_or(0);
    let target = |endpoint: &Endpoint| Target {
        key: EndpointKey { service: service.name.clone(), region: region.name.clone(), endpoint: endpoint.to_string() },
        spec: endpoint_digest(endpoint, &region.probes, policy.detection),
        endpoint: endpoint.clone(),
        probes: region.probes.clone(),
        interval: policy.interval,
        timeout: policy.timeout,
        detection: policy.detection,
        position: (position, policy.vantage_points.len()),
    };
    region.endpoints.iter().map(target).collect()
}

fn digest(targets: &[Target]) -> Digest {
    let texts: Vec<String> = targets
        .iter()
        .flat_map(|target| {
            let EndpointKey { service, region, endpoint } = &target.key;
            [service.to_string(), region.to_string(), endpoint.clone(), target.spec.to_string()]
        })
        .collect();
    Digest::over(texts.iter().map(String::as_bytes))
}

#[cfg(test)]
mod tests {
    use dns_core::rrset::canonical_name;

    use super::*;

    fn name(text: &str) -> Name {
        canonical_name(text).expect("a name")
    }

    #[test]
    fn a_guarded_wildcard_guards_what_lies_below_it() {
        let guarded: GuardedNames = [name("api.example.com"), name("*.shop.example.com")].into_iter().collect();
        assert_eq!(guarded.guarding(&name("API.example.com")), Some(&name("api.example.com")));
        assert_eq!(guarded.guarding(&name("a.b.shop.example.com")), Some(&name("*.shop.example.com")));
        assert_eq!(guarded.guarding(&name("lb.example.com")), None);
        assert_eq!(guarded.guarding(&name("example.com")), None);
    }
}
