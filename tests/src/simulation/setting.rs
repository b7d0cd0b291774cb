//! The world that a seed has: how many controllers, places, regions and vantage points, how it is watched, and the
//! configurations that it will have one after the other.

mod leeway;

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::LazyLock;
use std::time::Duration;

use dns_core::digest::Digest;
use dns_core::evidence::EndpointKey;
use dns_core::gate::{GateKey, GateSpec, HttpGate};
use dns_core::identifier::{RegionName, ServiceName, VantageName};
use dns_core::policy::{CERTIFICATE_WARNING, Detection, GuardDemand, OnForeignChange, Policy, STANDBY_UNREADY_FOR};
use dns_core::probe::{ProbeSpec, TcpProbe};
use dns_core::rrset::{GuardedType, RrsetKey, Rrsets, Ttl, canonical_name};
use dns_core::service::{Endpoint, Everywhere, Mode, Record, RecordValues, Region, Service, endpoint_digest};

use super::Ms;
use super::chance::{Chance, Purpose};
pub(super) use leeway::{Leeway, Silence};

/// Names, as many as any world has.
pub(super) const VANTAGES: [&str; 5] = ["fra1", "lon1", "nyc1", "sin1", "syd1"];
const REGIONS: [&str; 3] = ["prod", "dr", "third"];
const PROVIDERS: [&str; 2] = ["main", "second"];

/// Configurations of one history, at the most: a rolling change every two months.
pub(super) const REVISIONS: usize = 6;

/// The sizes of a world.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) chance: Chance,
    pub(super) controllers: usize,
    pub(super) places: usize,
    pub(super) regions: usize,
    pub(super) endpoints: usize,
    pub(super) vantages: usize,
    pub(super) quorum: usize,
    pub(super) interval: Ms,
    pub(super) fall: u32,
    pub(super) rise: u32,
    /// How often a reader looks at a zone without being asked.
    pub(super) read_every: Ms,
    pub(super) leeway: Leeway,
}

/// The time between two questions to a gate, and how long a yes counts.
pub(super) const GATE_EVERY: Ms = 10_000;
pub(super) const GATE_WITHIN: Ms = 35_000;

/// One configuration with what it renders.
#[derive(Clone, Debug)]
pub(super) struct Configuration {
    pub(super) service: Everywhere,
    /// By place, then by region.
    pub(super) plans: Vec<Vec<Rrsets>>,
    /// By region, then by endpoint: how evidence names it, and what of.
    pub(super) endpoints: Vec<Vec<(EndpointKey, Digest)>>,
}

impl Setting {
    /// The world of a seed; faults will go on for `span`.
    pub(super) fn of(seed: u64, span: Ms) -> Self {
        let chance = Chance::of(seed);
        let mut dice = chance.dice(Purpose::Setting, 0, 0);
        let vantages = dice.pick(&[3, 3, 3, 4, 5]);
        let regions = dice.pick(&[2, 2, 2, 3]);
        Self {
            chance,
            controllers: dice.pick(&[1, 1, 1, 2, 2, 2, 3]),
            places: dice.pick(&[1, 1, 2]),
            regions,
            endpoints: dice.pick(&[1, 1, 1, 1, 1, 1, 2, 2, 2, 4]),
            leeway: Leeway::draw(&mut chance.dice(Purpose::Setting, 1, 0), regions, vantages, span),
            vantages,
            quorum: if vantages == 5 { dice.pick(&[2, 3]) } else { 2 },
            interval: dice.pick(&[5_000, 5_000, 10_000, 1_000]),
            fall: dice.pick(&[2, 3, 3]).try_into().expect("invariant: a small number"),
            rise: dice.pick(&[2, 3, 5]).try_into().expect("invariant: a small number"),
            read_every: dice.pick(&[15_000, 30_000, 60_000]),
        }
    }

    pub(super) fn vantage(rank: usize) -> &'static VantageName {
        static NAMES: LazyLock<Vec<VantageName>> = LazyLock::new(|| names(&VANTAGES));
        &NAMES[rank]
    }

    pub(super) fn region(rank: usize) -> &'static RegionName {
        static NAMES: LazyLock<Vec<RegionName>> = LazyLock::new(|| names(&REGIONS));
        &NAMES[rank]
    }

    /// What is configured with a revision, from 0 on.
    pub(super) fn configuration(&self, revision: usize) -> Configuration {
        let projections = PROVIDERS.iter().take(self.places).map(|provider| self.service(provider, revision));
        let service = Everywhere::new(projections).expect("invariant: at least one place");
        let plan = |projection: &Service, region: &Region| {
            projection.render(&region.name).expect("invariant: every region renders")
        };
        let plans =
            service.projections().iter().map(|one| one.regions.iter().map(|region| plan(one, region)).collect());
        let lead = service.lead();
        let named = |region: &Region, endpoint: &Endpoint| {
            let key =
                EndpointKey { service: lead.name.clone(), region: region.name.clone(), endpoint: endpoint.to_string() };
            (key, endpoint_digest(endpoint, &region.probes, lead.policy.detection))
        };
        let of_region = |region: &Region| region.endpoints.iter().map(|endpoint| named(region, endpoint)).collect();
        Configuration { plans: plans.collect(), endpoints: lead.regions.iter().map(of_region).collect(), service }
    }

    fn service(&self, provider: &str, revision: usize) -> Service {
        Service {
            name: service_name(),
            installation: "acme".parse().expect("invariant: a name"),
            mode: Mode::Active,
            zone: canonical_name("example.com").expect("invariant: a name").into(),
            provider: provider.parse().expect("invariant: a name"),
            policy: self.policy().into(),
            records: self.records(revision).into(),
            regions: (0..self.regions).map(|rank| self.served_from(rank, revision)).collect(),
            windows: self.leeway.windows(),
            revision: u64::try_from(revision).unwrap_or_default() + 1,
        }
    }

    fn policy(&self) -> Policy {
        let interval = Duration::from_millis(self.interval);
        Policy {
            interval,
            timeout: interval / 2,
            detection: Detection { fall: self.fall, rise: self.rise },
            quorum: self.quorum,
            capacity: self.leeway.capacity,
            vantage_points: (0..self.vantages).map(|rank| Self::vantage(rank).clone()).collect(),
            ready_for: Duration::from_mins(2),
            cooldown: self.leeway.cooldown,
            failback: self.leeway.failback.clone(),
            on_standby_failure: self.leeway.on_standby_failure,
            failover_budget: self.leeway.budget,
            dwell: dns_core::dwell::DwellPolicy::default(),
            overrides: dns_core::overriding::OverrideTerm::default(),
            approval: dns_core::approval::ApprovalPolicy::default(),
            on_foreign_change: OnForeignChange::Hold,
            guard: GuardDemand::Any,
            standby_unready_for: STANDBY_UNREADY_FOR,
            certificate_warning: CERTIFICATE_WARNING,
            recovery_time_objective: None,
            verify_within: Duration::from_secs(30),
        }
    }

    /// Every revision has other TTLs, so that every one renders other records.
    fn records(&self, revision: usize) -> Vec<Record> {
        let ttl = u64::try_from(revision).unwrap_or_default() + 60;
        let record = |owner: &str, rtype, values| Record {
            key: RrsetKey::new(&canonical_name(owner).expect("invariant: a name"), rtype),
            ttl: Ttl::from_secs(ttl).expect("invariant: a TTL"),
            values,
            proxied: false,
            absent_in: BTreeSet::new(),
        };
        let target = |rank| (Self::region(rank).clone(), vec![format!("lb-{}.example.net.", REGIONS[rank])]);
        vec![
            record("api.example.com", GuardedType::A, RecordValues::Endpoints),
            record(
                "www.example.com",
                GuardedType::Cname,
                RecordValues::Explicit((0..self.regions).map(target).collect::<BTreeMap<_, _>>().into()),
            ),
        ]
    }

    /// Every second revision has new addresses for all regions but the first.
    fn served_from(&self, rank: usize, revision: usize) -> Region {
        let host = if rank == 0 { 10 } else { 10 + revision / 2 * 10 };
        let address = |number: usize| {
            let text = format!("192.0.{}.{}", rank + 2, host + number);
            Endpoint::Address(text.parse().expect("invariant: an address"))
        };
        Region {
            name: Self::region(rank).clone(),
            endpoints: (0..self.endpoints).map(address).collect(),
            probes: vec![ProbeSpec::Tcp(TcpProbe { port: 443 })].into(),
            gates: self.leeway.gated[rank].then(gate).into_iter().collect(),
            inside: self.leeway.inside[rank]
                .iter()
                .map(|vantage| Self::vantage(*vantage).clone())
                .collect::<BTreeSet<_>>()
                .into(),
        }
    }

    /// The gate of a region, as a controller's book names it.
    pub(super) fn gate_key(region: usize) -> GateKey {
        GateKey { service: service_name(), region: Self::region(region).clone(), gate: gate().name }
    }
}

fn service_name() -> ServiceName {
    "checkout".parse().expect("invariant: a name")
}

fn gate() -> GateSpec {
    let http = HttpGate {
        url: "https://replication.example.net/lag".to_owned(),
        timeout: Duration::from_secs(2),
        token_file: None,
        max: BTreeMap::new(),
        min: BTreeMap::new(),
    };
    let (every, within) = (Duration::from_millis(GATE_EVERY), Duration::from_millis(GATE_WITHIN));
    GateSpec { name: "replication".parse().expect("invariant: a name"), http, every, within }
}

/// Names are made once: they are looked up with every word that is heard.
fn names<T: FromStr>(texts: &[&str]) -> Vec<T> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}
