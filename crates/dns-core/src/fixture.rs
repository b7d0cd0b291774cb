//! What the tests of this crate share: a service in two regions, a zone that obeys change sets, judgements by a word.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::rr::Name;

use crate::change::{ChangeSet, Guard, Requirement};
use crate::fence::text::FenceText;
use crate::fence::{DecisionId, Epoch, FENCE_TTL_SECS, Fence, Rev, WriteId};
use crate::identifier::{RegionName, VantageName};
use crate::judgement::{EndpointJudgement, Health, Judgement, RegionJudgement, Vote};
use crate::policy::{
    Capacity, Detection, Failback, FailoverBudget, GuardDemand, OnForeignChange, OnStandbyFailure, Policy,
};
use crate::probe::{ProbeSpec, TcpProbe};
use crate::rrset::{GuardedType, Rrset, RrsetKey, Rrsets, Ttl, canonical_name, records_digest};
use crate::service::{Endpoint, Mode, Record, RecordValues, Region, Service};
use crate::time::Timestamp;
use crate::zone::{FoundFence, ReadRequest, ZoneView};

/// When the tests begin.
pub(crate) const START: Timestamp = Timestamp::from_secs(1_795_246_200);
pub(crate) const COOLDOWN: Duration = Duration::from_mins(10);
pub(crate) const READY_FOR: Duration = Duration::from_mins(2);

pub(crate) fn name(text: &str) -> Name {
    canonical_name(text).expect("a name")
}

pub(crate) fn region(text: &str) -> RegionName {
    text.parse().expect("a region")
}

pub(crate) fn ttl(secs: u64) -> Ttl {
    Ttl::from_secs(secs).expect("a TTL")
}

pub(crate) fn key(owner: &str, rtype: GuardedType) -> RrsetKey {
    RrsetKey::new(&name(owner), rtype)
}

pub(crate) fn rrset(owner: &str, rtype: GuardedType, secs: u64, values: &[&str]) -> Rrset {
    let values = values.iter().map(|text| rtype.parse_value(text).expect("a value"));
    Rrset::new(key(owner, rtype), ttl(secs), values).expect("an RRset")
}

pub(crate) fn record(owner: &str, rtype: GuardedType, values: RecordValues) -> Record {
    Record { key: key(owner, rtype), ttl: ttl(60), values, proxied: false, absent_in: BTreeSet::new() }
}

pub(crate) fn explicit(by_region: &[(&str, &str)]) -> RecordValues {
    let values = by_region.iter().map(|(name, value)| (region(name), vec![(*value).to_owned()]));
    RecordValues::Explicit(values.collect::<BTreeMap<_, _>>().into())
}

pub(crate) fn address(text: &str) -> Endpoint {
    Endpoint::Address(text.parse().expect("an address"))
}

pub(crate) fn place(name: &str, endpoints: &[&str]) -> Region {
    Region {
        name: region(name),
        endpoints: endpoints.iter().map(|text| address(text)).collect(),
        probes: vec![ProbeSpec::Tcp(TcpProbe { port: 443 })].into(),
        inside: BTreeSet::new().into(),
        gates: Vec::new().into(),
    }
}

/// `checkout` in `prod` and `dr`, active: A, AAAA and CNAME, judged by two of three vantage points.
pub(crate) fn service() -> Service {
    let vantage = |text: &str| text.parse::<VantageName>().expect("a name");
    Service {
        name: "checkout".parse().expect("a name"),
        installation: "acme".parse().expect("a name"),
        mode: Mode::Active,
        zone: name("example.com").into(),
        provider: "main".parse().expect("a name"),
        policy: Policy {
            interval: Duration::from_secs(5),
            timeout: Duration::from_secs(2),
            detection: Detection { fall: 3, rise: 5 },
            quorum: 2,
            capacity: Capacity::default(),
            vantage_points: ["fra1", "lon1", "nyc1"].map(vantage).into(),
            ready_for: READY_FOR,
            cooldown: COOLDOWN,
            failback: Failback::Manual,
            on_standby_failure: OnStandbyFailure::Failover,
            failover_budget: FailoverBudget::default(),
            dwell: crate::dwell::DwellPolicy::default(),
            overrides: crate::overriding::OverrideTerm::default(),
            approval: crate::approval::ApprovalPolicy::default(),
            on_foreign_change: OnForeignChange::Hold,
            guard: GuardDemand::Any,
            standby_unready_for: crate::policy::STANDBY_UNREADY_FOR,
            certificate_warning: crate::policy::CERTIFICATE_WARNING,
            recovery_time_objective: None,
            verify_within: Duration::from_secs(30),
        }
        .into(),
        records: vec![
            record("api.example.com", GuardedType::A, RecordValues::Endpoints),
            record("api.example.com", GuardedType::Aaaa, RecordValues::Endpoints),
            record(
                "www.example.com",
                GuardedType::Cname,
                explicit(&[("prod", "lb-prod.example.net."), ("dr", "lb-dr.example.net.")]),
            ),
        ]
        .into(),
        regions: vec![
            place("prod", &["192.0.2.10", "2001:db8:1::10"]),
            place("dr", &["198.51.100.10", "2001:db8:2::10"]),
        ]
        .into(),
        windows: Arc::default(),
        revision: 0,
    }
}

/// A fence of [`service`] that guards what a region renders.
pub(crate) fn fence(service: &Service, active: &str, epoch: u64, rev: u64) -> Fence {
    let rendered = service.render(&region(active)).expect("renders");
    Fence {
        install: service.installation.clone(),
        id: service.name.clone(),
        provider: service.provider.clone(),
        epoch: Epoch::new(epoch),
        rev: Rev::new(rev),
        write: WriteId::at(START, u128::from(rev)),
        plan: DecisionId::at(START, u128::from(epoch)),
        active: Some(region(active)),
        blend: None,
        released: None,
        moved: Timestamp::from_secs(START.as_secs() - 86_400),
        by: "controller-2".parse().expect("a name"),
        cfg: 0,
        pin: None,
        pause: None,
        dwell: None,
        rrs: rendered.keys().cloned().collect(),
        digest: records_digest(&rendered),
        unknown: Vec::new(),
    }
}

pub(crate) fn tombstone(service: &Service, epoch: u64, rev: u64) -> Fence {
    Fence { active: None, released: Some(START), ..fence(service, "prod", epoch, rev) }
}

/// A zone as a provider with exact conditions keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Zone {
    pub(crate) fence: Option<FenceText>,
    pub(crate) rrsets: Rrsets,
}

impl Zone {
    /// The records of a region, without a fence.
    pub(crate) fn serving(service: &Service, name: &str) -> Self {
        Self { fence: None, rrsets: service.render(&region(name)).expect("renders") }
    }

    pub(crate) fn with_fence(mut self, fence: &Fence) -> Self {
        self.fence = Some(fence.to_text(&name("example.com")).expect("fits"));
        self
    }

    pub(crate) fn put(&mut self, set: Rrset) {
        self.rrsets.insert(set.key().clone(), set);
    }

    pub(crate) fn fence_found(&self) -> Option<Fence> {
        self.fence.as_ref().map(|text| Fence::parse(text, &name("example.com")).expect("a fence"))
    }

    /// One look, as a reader takes it: the service's keys, those of the fence, and the types that conflict with them.
    pub(crate) fn view(&self, service: &Service) -> ZoneView {
        let ReadRequest { zone, fence_name, keys } = ReadRequest::for_service(service);
        let parsed = self.fence.as_ref().and_then(|text| Fence::parse(text, &zone).ok());
        let named = keys.into_iter().chain(parsed.into_iter().flat_map(|fence| fence.rrs));
        let asked: BTreeSet<RrsetKey> = named
            .flat_map(|key| {
                let beside = key.rtype().conflicting().iter().map(|rtype| RrsetKey::new(key.name(), *rtype));
                beside.collect::<Vec<_>>().into_iter().chain([key])
            })
            .collect();
        let found = self
            .fence
            .clone()
            .map_or(FoundFence::Absent, |text| FoundFence::Present { ttl: ttl(FENCE_TTL_SECS), text });
        let rrsets = self.rrsets.iter().filter(|(key, _)| asked.contains(key));
        let rrsets = rrsets.map(|(key, set)| (key.clone(), set.clone())).collect();
        ZoneView { zone, fence_name, fence: found, asked, rrsets }
    }

    /// Applies a change set as RFC 2136 says: all conditions, or nothing; they ignore TTLs.
    pub(crate) fn apply(&mut self, change: &ChangeSet) -> Result<(), String> {
        self.check(change)?;
        for set in &change.deletes {
            self.rrsets.remove(set.key());
        }
        for set in &change.creates {
            self.put(set.clone());
        }
        self.fence = Some(change.fence.clone());
        Ok(())
    }

    pub(crate) fn check(&self, change: &ChangeSet) -> Result<(), String> {
        let guarded = match &change.guard {
            Guard::Absent => self.fence.is_none(),
            Guard::Exactly { text, .. } => self.fence.as_ref() == Some(text),
        };
        if !guarded {
            return Err("the fence is another".to_owned());
        }
        let kept = |requirement: &&Requirement| match requirement {
            Requirement::Exactly(set) => self.rrsets.get(set.key()).is_some_and(|found| found.same_values(set)),
            Requirement::Absent(key) => !self.rrsets.contains_key(key),
        };
        match change.requires.iter().find(|requirement| !kept(requirement)) {
            Some(broken) => Err(format!("{broken:?}")),
            None => Ok(()),
        }
    }
}

/// A region's judgement by a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Healthy for the ready-time.
    Proven,
    /// Healthy, not for long.
    Healthy,
    /// Healthy and proven by a quorum, failing for one vantage point.
    Suspected,
    /// Failing for a quorum.
    Failing,
    /// Not known.
    Unknown,
}

impl Seen {
    pub(crate) const ALL: [Self; 5] = [Self::Proven, Self::Healthy, Self::Suspected, Self::Failing, Self::Unknown];

    fn judged(self) -> RegionJudgement {
        let good = || Vote::Healthy { since: START, contradicting: 0, error: None };
        let bad = || Vote::Failing { since: START, error: Some("timed out".to_owned()) };
        let silent = || Vote::Silent { since: None };
        let (health, proven, votes) = match self {
            Self::Proven => (Health::Healthy, true, [good(), good(), good()]),
            Self::Healthy => (Health::Healthy, false, [good(), good(), good()]),
            Self::Suspected => (Health::Healthy, true, [good(), good(), bad()]),
            Self::Failing => (Health::Failing, false, [bad(), bad(), good()]),
            Self::Unknown => (Health::Unknown, false, [good(), silent(), silent()]),
        };
        let vantages = ["fra1", "lon1", "nyc1"].map(|text| text.parse().expect("a name"));
        let votes: BTreeMap<VantageName, Vote> = vantages.into_iter().zip(votes).collect();
        let endpoint = EndpointJudgement {
            endpoint: "192.0.2.10".to_owned(),
            health,
            proven,
            insiders_only: false,
            votes,
            certificate: None,
        };
        RegionJudgement { health, proven, healthy_min: 1, proven_min: 1, endpoints: vec![endpoint], gates: Vec::new() }
    }
}

/// What is seen of `prod` and `dr`.
pub(crate) fn judgement(prod: Seen, dr: Seen) -> Judgement {
    Judgement { regions: [(region("prod"), prod.judged()), (region("dr"), dr.judged())].into(), drill: None }
}
