//! The Route 53 adapter against the strict stand-in: what it writes, what it refuses, and how many calls that costs.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dns_core::change::ChangeSet;
use dns_core::fence::{Epoch, Fence, Rev};
use dns_core::identifier::RegionName;
use dns_core::rrset::{Alias, GuardedType, Rrset, RrsetKey, Rrsets, Ttl, Weighted, canonical_name, records_digest};
use dns_core::time::Timestamp;
use dns_core::zone::{FoundFence, ReadRequest, ZoneView};
use dns_provider::budget::Budget;
use dns_provider::port::{Permit, Progress, Provider, ProviderError, Receipt, Urgency};
use dns_provider::route53::{Credentials, Route53, Settings, SharedCredentialsProvider};
use hickory_proto::rr::Name;
use tests::route53::{Failure, Fake, Fault, Gate, Kind, Operation, RecordSet, Routing, Setup};

/// A page of the API holds no more.
const PAGE: usize = 300;

/// Limits of a batch.
const RECORDS_MAX: usize = 1_000;
const CHARACTERS_MAX: usize = 32_000;

struct Rig {
    fake: Fake,
    zone: String,
    provider: Arc<Route53>,
    runtime: tokio::runtime::Runtime,
}

impl Rig {
    fn start() -> Self {
        let setup = Setup { sets_per_zone_max: 100_000, ..Setup::default() };
        let credential = setup.credentials[0].clone();
        let fake = Fake::start(setup);
        let zone = fake.zone("example.test");
        let credentials = Credentials::new(credential.key_id, credential.secret, None, None, "test");
        let settings = Settings {
            zones: BTreeMap::from([(name("example.test"), zone.clone())]),
            endpoint_url: Some(fake.url()),
            region: None,
            credentials: Some(SharedCredentialsProvider::new(credentials)),
            timeout: Duration::from_secs(30),
            budget: Arc::new(Budget::new(Duration::from_micros(1), NonZeroU32::new(1_000).expect("not zero"))),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { fake, zone, provider: Arc::new(Route53::new(settings)), runtime }
    }

    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    fn put(&self, owner: &str, rtype: &str, value: &str) {
        self.fake.put(&self.zone, RecordSet::new(owner, rtype, 60, &[value]));
    }

    fn values(&self, owner: &str, rtype: &str) -> Vec<String> {
        self.fake.record(&self.zone, owner, rtype).map(|set| set.values().to_vec()).unwrap_or_default()
    }

    fn try_read(&self, service: &Service) -> Result<ZoneView, ProviderError> {
        self.wait(self.provider.read(&service.request(), Urgency::Flip))
    }

    fn read(&self, service: &Service) -> ZoneView {
        self.try_read(service).expect("read")
    }

    fn apply(&self, change: &ChangeSet) -> Result<Receipt, ProviderError> {
        self.wait(self.provider.apply(change, &permit()))
    }

    /// Reads, and takes what is there under a fence.
    fn adopt(&self, service: &Service) -> ZoneView {
        let view = self.read(service);
        self.apply(&service.plan(&view, &view.rrsets, 1)).expect("adopted");
        self.read(service)
    }

    /// All at once, in order.
    fn read_all(&self, services: &[Service]) -> Vec<ZoneView> {
        let read = |service: &Service| {
            let (provider, request) = (Arc::clone(&self.provider), service.request());
            async move { provider.read(&request, Urgency::Flip).await }
        };
        self.all(services.iter().map(read)).into_iter().map(|view| view.expect("read")).collect()
    }

    fn apply_all(&self, changes: Vec<ChangeSet>) -> Vec<Result<Receipt, ProviderError>> {
        let apply = |change: ChangeSet| {
            let provider = Arc::clone(&self.provider);
            async move { provider.apply(&change, &permit()).await }
        };
        self.all(changes.into_iter().map(apply))
    }

    fn all<T: Send + 'static>(
        &self,
        futures: impl Iterator<Item = impl Future<Output = T> + Send + 'static>,
    ) -> Vec<T> {
        self.wait(async {
            let tasks: Vec<_> = futures.map(tokio::spawn).collect();
            let mut results = Vec::new();
            for task in tasks {
                results.push(task.await.expect("no panic"));
            }
            results
        })
    }

    fn calls(&self, operation: Operation) -> usize {
        self.fake.requests(operation)
    }
}

/// A service with its records.
struct Service {
    id: String,
    keys: Vec<RrsetKey>,
}

impl Service {
    fn new(id: &str, keys: &[(&str, GuardedType)]) -> Self {
        let keys = keys.iter().map(|(owner, rtype)| RrsetKey::new(&name(owner), *rtype)).collect();
        Self { id: id.to_owned(), keys }
    }

    /// One with an address of each family.
    fn numbered(index: usize) -> Self {
        let id = format!("s-{index:05}");
        let owner = format!("{id}.example.test");
        Self::new(&id, &[(&owner, GuardedType::A), (&owner, GuardedType::Aaaa)])
    }

    fn fence_name(&self) -> String {
        format!("_{}._failover.example.test", self.id)
    }

    fn request(&self) -> ReadRequest {
        ReadRequest {
            zone: name("example.test"),
            fence_name: name(&self.fence_name()),
            keys: self.keys.iter().cloned().collect(),
        }
    }

    fn plan(&self, view: &ZoneView, target: &Rrsets, epoch: u64) -> ChangeSet {
        let keys: BTreeSet<RrsetKey> = self.keys.iter().cloned().collect();
        ChangeSet::plan(view, &keys, target, &self.fence(target, epoch)).expect("a plan")
    }

    fn fence(&self, rrsets: &Rrsets, epoch: u64) -> Fence {
        Fence {
            install: "acme".parse().expect("a name"),
            id: self.id.parse().expect("a name"),
            provider: "main".parse().expect("a name"),
            epoch: Epoch::new(epoch),
            rev: Rev::new(epoch),
            write: format!("write{epoch}").parse().expect("an id"),
            plan: format!("plan{epoch}").parse().expect("an id"),
            active: Some(RegionName::new("prod").expect("a name")),
            blend: None,
            released: None,
            moved: Timestamp::from_secs(1_795_246_200),
            by: "controller-1".parse().expect("a name"),
            cfg: 0,
            pin: None,
            pause: None,
            dwell: None,
            rrs: rrsets.keys().cloned().collect(),
            digest: records_digest(rrsets),
            unknown: vec![],
        }
    }

    /// Where it moves to.
    fn moved(&self) -> Rrsets {
        let moved = |key: &RrsetKey| match key.rtype() {
            GuardedType::A => rrset(key, "198.51.100.1"),
            GuardedType::Aaaa => rrset(key, "2001:db8:ffff::1"),
            GuardedType::Cname => rrset(key, "lb-dr.example.net"),
        };
        self.keys.iter().map(|key| (key.clone(), moved(key))).collect()
    }
}

fn name(text: &str) -> Name {
    canonical_name(text).expect("a name")
}

fn rrset(key: &RrsetKey, value: &str) -> Rrset {
    let value = key.rtype().parse_value(value).expect("a value");
    Rrset::new(key.clone(), Ttl::from_secs(60).expect("a TTL"), [value]).expect("a set")
}

fn permit() -> Permit {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    // Long enough for a loaded machine.
    Permit { granted: Timestamp::from_secs(now), length: Duration::from_mins(2) }
}

fn api() -> Service {
    Service::new("checkout", &[("api.example.test", GuardedType::A), ("*.w.example.test", GuardedType::A)])
}

/// A zone with the service's records.
fn with_api() -> Rig {
    let rig = Rig::start();
    rig.put("api.example.test", "A", "192.0.2.1");
    rig.put("*.w.example.test", "A", "192.0.2.1");
    rig
}

#[test]
fn adopts_and_flips_and_says_when_it_is_done() {
    let (rig, service) = (with_api(), api());
    rig.fake.set_propagation(Duration::from_hours(1));
    let view = rig.adopt(&service);
    assert!(matches!(view.fence, FoundFence::Present { .. }));
    let receipt = rig.apply(&service.plan(&view, &service.moved(), 2)).expect("flipped");
    assert_eq!(rig.wait(rig.provider.status(&receipt)).expect("known"), Progress::Spreading);
    rig.fake.finish_propagation();
    assert_eq!(rig.wait(rig.provider.status(&receipt)).expect("known"), Progress::Complete);
    let view = rig.read(&service);
    assert_eq!(view.rrsets, service.moved());
    assert_eq!(rig.values("*.w.example.test", "A"), ["198.51.100.1"]);
    let FoundFence::Present { text, .. } = view.fence else { panic!("no fence") };
    assert!(text.to_string().contains("epoch=2;"), "{text}");
}

#[test]
fn a_stale_plan_is_refused_whole() {
    let (rig, service) = (with_api(), api());
    let view = rig.adopt(&service);
    let stale = service.plan(&view, &service.moved(), 2);
    // Another controller burns the fence: records unchanged.
    rig.apply(&service.plan(&view, &view.rrsets, 3)).expect("burned");
    let before = rig.fake.records(&rig.zone);
    assert!(matches!(rig.apply(&stale), Err(ProviderError::Conflict { .. })));
    assert_eq!(rig.fake.records(&rig.zone), before);
}

#[test]
fn two_first_starts_leave_one_fence() {
    let (rig, service) = (with_api(), api());
    let view = rig.read(&service);
    let outcomes = rig.apply_all(vec![service.plan(&view, &view.rrsets, 1), service.plan(&view, &view.rrsets, 2)]);
    let [Ok(_), Err(ProviderError::Conflict { .. })] = outcomes.as_slice() else { panic!("{outcomes:?}") };
}

#[test]
fn a_hand_edit_is_refused_even_where_the_plan_changes_nothing() {
    let (rig, service) = (with_api(), api());
    let view = rig.adopt(&service);
    // Only `api` moves; `*.w` is required to stay.
    let target: Rrsets = view
        .rrsets
        .iter()
        .map(|(key, set)| (key.clone(), set.clone()))
        .chain(service.moved().into_iter().filter(|(key, _)| key.name() == &name("api.example.test")))
        .collect();
    let plan = service.plan(&view, &target, 2);
    rig.fake.put(&rig.zone, RecordSet::new("*.w.example.test", "A", 60, &["203.0.113.9"]));
    assert!(matches!(rig.apply(&plan), Err(ProviderError::Conflict { .. })));
    assert_eq!(rig.values("api.example.test", "A"), ["192.0.2.1"]);
    // A TTL alone as well.
    rig.fake.put(&rig.zone, RecordSet::new("*.w.example.test", "A", 61, &["192.0.2.1"]));
    assert!(matches!(rig.apply(&plan), Err(ProviderError::Conflict { .. })));
    rig.put("*.w.example.test", "A", "192.0.2.1");
    rig.apply(&plan).expect("flipped");
}

#[test]
fn a_write_whose_answer_is_lost_is_unknown_and_whole() {
    let (rig, service) = (with_api(), api());
    let view = rig.adopt(&service);
    let plan = service.plan(&view, &service.moved(), 2);
    rig.fake.inject(Fault::once(Operation::ChangeResourceRecordSets, Kind::CutAfterwards));
    assert!(matches!(rig.apply(&plan), Err(ProviderError::OutcomeUnknown { .. })));
    assert_eq!(rig.read(&service).rrsets, service.moved());
    assert!(matches!(rig.apply(&plan), Err(ProviderError::Conflict { .. })), "it cannot be written twice");
    let answer_broken = service.plan(&rig.read(&service), &view.rrsets, 3);
    rig.fake.inject(Fault::once(Operation::ChangeResourceRecordSets, Kind::Truncated));
    assert!(matches!(rig.apply(&answer_broken), Err(ProviderError::OutcomeUnknown { .. })));
}

#[test]
fn a_page_that_breaks_off_is_read_again() {
    let (rig, service) = (with_api(), api());
    rig.fake.inject(Fault { operation: Operation::ListResourceRecordSets, skip: 1, times: 1, kind: Kind::Truncated });
    assert_eq!(rig.read(&service).rrsets.len(), 2);
    assert_eq!(rig.fake.pending_faults(), 0);
}

#[test]
fn a_busy_zone_is_waited_for() {
    let (rig, service) = (with_api(), api());
    let view = rig.adopt(&service);
    let kind = Kind::Refused(Failure::PriorRequestNotComplete);
    rig.fake.inject(Fault { operation: Operation::ChangeResourceRecordSets, skip: 0, times: 2, kind });
    rig.apply(&service.plan(&view, &service.moved(), 2)).expect("flipped");
    assert_eq!(rig.fake.pending_faults(), 0);
}

#[test]
fn sets_with_a_routing_policy_are_named_and_left_alone() {
    let (rig, service) = (with_api(), api());
    rig.fake.remove(&rig.zone, "api.example.test", "A");
    let routing = Routing::Failover("PRIMARY".to_owned());
    rig.fake.put(&rig.zone, RecordSet::new("api.example.test", "A", 60, &["192.0.2.1"]).routed("blue", routing));
    let Err(ProviderError::Denied { reason, .. }) = rig.try_read(&service) else { panic!("read") };
    assert!(reason.contains("api.example.test. A has a failover set `blue`"), "{reason}");
    assert_eq!(rig.calls(Operation::ChangeResourceRecordSets), 0);
}

#[test]
fn a_share_that_a_hand_has_changed_is_a_conflict() {
    let (rig, service) = (with_api(), api());
    let view = rig.adopt(&service);
    let key = service.keys[0].clone();
    let one = |identifier: &str, weight, value: &str| {
        let value = GuardedType::A.parse_value(value).expect("a value");
        let set = Rrset::new(key.clone(), Ttl::from_secs(60).expect("a TTL"), [value]).expect("a set");
        Weighted { identifier: identifier.to_owned(), weight, set }
    };
    let sets = [one("prod", 10, "192.0.2.1"), one("dr", 90, "198.51.100.1")];
    let shared = Rrset::weighted_of(key.clone(), sets).expect("a set");
    let shared = Rrsets::from([(key.clone(), shared)]);
    rig.apply(&service.plan(&view, &shared, 2)).expect("shared");
    let view = rig.read(&service);
    assert_eq!(view.rrsets, shared);
    let hand = RecordSet::new("api.example.test", "A", 60, &["192.0.2.1"]).routed("prod", Routing::Weighted(200));
    rig.fake.put(&rig.zone, hand);
    assert!(matches!(rig.apply(&service.plan(&view, &service.moved(), 3)), Err(ProviderError::Conflict { .. })));
    let edited = rig.read(&service);
    assert!(edited.rrsets[&key].to_string().contains("200 × prod"), "{:?}", edited.rrsets);
    rig.apply(&service.plan(&edited, &service.moved(), 3)).expect("left wholly, whatever the weights");
}

#[test]
fn an_alias_at_the_apex_moves_between_load_balancers() {
    let rig = Rig::start();
    rig.fake
        .put(&rig.zone, RecordSet::alias("example.test", "A", "Z32O12XQLNTSW2", "lb-prod.eu-west-1.elb.amazonaws.com"));
    let service = Service::new("shop", &[("example.test", GuardedType::A)]);
    let view = rig.adopt(&service);
    let target = Alias::new(&name("lb-dr.eu-central-1.elb.amazonaws.com"), "Z215JYRZR1TBD5").expect("an alias");
    let target = Rrset::alias_of(service.keys[0].clone(), target).expect("a set");
    let target = Rrsets::from([(service.keys[0].clone(), target)]);
    rig.apply(&service.plan(&view, &target, 2)).expect("flipped");
    assert_eq!(rig.read(&service).rrsets, target);
}

#[test]
fn a_cname_in_someone_elses_spelling_moves() {
    let rig = Rig::start();
    rig.put("www.example.test", "CNAME", "LB-Prod.Example.net");
    let service = Service::new("web", &[("www.example.test", GuardedType::Cname)]);
    let view = rig.adopt(&service);
    rig.apply(&service.plan(&view, &service.moved(), 2)).expect("flipped");
    assert_eq!(rig.read(&service).rrsets, service.moved());
}

#[test]
fn wrong_ids_and_rights_are_denied_and_named() {
    let (rig, service) = (with_api(), api());
    rig.fake.deny(Operation::ListResourceRecordSets, &rig.zone);
    let Err(ProviderError::Denied { reason, .. }) = rig.try_read(&service) else { panic!("read") };
    assert!(reason.contains("iam-policy"), "{reason}");
    rig.fake.allow_everything();
    assert_eq!(rig.wait(rig.provider.zone(&name("example.test"))).expect("known").name_servers.len(), 4);
}

/// Puts services into the zone.
fn populated(count: usize) -> (Rig, Vec<Service>) {
    let rig = Rig::start();
    let services: Vec<Service> = (0..count).map(Service::numbered).collect();
    for service in &services {
        rig.put(&format!("{}.example.test", service.id), "A", "192.0.2.1");
        rig.put(&format!("{}.example.test", service.id), "AAAA", "2001:db8::1");
    }
    (rig, services)
}

fn adoptions(services: &[Service], views: &[ZoneView]) -> Vec<ChangeSet> {
    services.iter().zip(views).map(|(service, view)| service.plan(view, &view.rrsets, 1)).collect()
}

#[test]
fn of_many_flips_in_one_batch_only_the_one_that_conflicts_is_refused() {
    let (rig, services) = populated(40);
    let views = rig.read_all(&services);
    let outcomes = rig.apply_all(adoptions(&services, &views));
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let views = rig.read_all(&services);
    rig.put("s-00017.example.test", "A", "203.0.113.9");
    let flips = services.iter().zip(&views).map(|(service, view)| service.plan(view, &service.moved(), 2));
    let before = rig.calls(Operation::ChangeResourceRecordSets);
    let outcomes = rig.apply_all(flips.collect());
    for (index, outcome) in outcomes.iter().enumerate() {
        match outcome {
            Ok(_) => assert_ne!(index, 17),
            Err(ProviderError::Conflict { reason, .. }) => {
                assert_eq!(index, 17, "{reason}");
                assert!(reason.contains("s-00017"), "{reason}");
            }
            Err(other) => panic!("{index}: {other}"),
        }
    }
    let calls = rig.calls(Operation::ChangeResourceRecordSets) - before;
    assert!(calls <= 4, "the batch, the others, and the one that is named: {calls} calls");
    assert_eq!(rig.values("s-00017.example.test", "A"), ["203.0.113.9"]);
    assert_eq!(rig.values("s-00018.example.test", "A"), ["198.51.100.1"]);
}

#[test]
fn an_evacuation_costs_little_more_than_the_least_possible() {
    const SERVICES: usize = 1_000;
    let (rig, services) = populated(SERVICES);
    let views = rig.read_all(&services);
    assert!(rig.apply_all(adoptions(&services, &views)).iter().all(Result::is_ok));

    let before = rig.calls(Operation::ListResourceRecordSets);
    let views = rig.read_all(&services);
    let reads = rig.calls(Operation::ListResourceRecordSets) - before;
    let sets = rig.fake.records(&rig.zone).len();
    let least = sets.div_ceil(PAGE);
    println!("{reads} pages for {sets} sets, at least {least}");
    // One more for each of: the page at which the fences begin, and the one at which the records do.
    assert!(reads <= least + 2, "{reads} pages, at least {least}");

    let done = rig.fake.batches().len();
    let flips = services.iter().zip(&views).map(|(service, view)| service.plan(view, &service.moved(), 2));
    assert!(rig.apply_all(flips.collect()).iter().all(Result::is_ok));
    let batches = &rig.fake.batches()[done..];
    let records: usize = batches.iter().map(|batch| batch.records).sum();
    let characters: usize = batches.iter().map(|batch| batch.characters).sum();
    let least = records.div_ceil(RECORDS_MAX).max(characters.div_ceil(CHARACTERS_MAX));
    println!("{} batches for {records} records and {characters} characters, at least {least}", batches.len());
    assert!(batches.len() * 10 <= least * 11, "{} batches, at least {least}", batches.len());
    assert!(batches.iter().all(|batch| batch.refusal.is_none()));
    for (service, view) in services.iter().zip(rig.read_all(&services)) {
        assert_eq!(view.rrsets, service.moved());
    }
}

#[test]
fn a_read_is_never_answered_from_a_listing_that_began_before_it() {
    let (rig, service) = (with_api(), api());
    let gate = Gate::default();
    // The first read has its fence and waits for its records; meanwhile somebody writes, and then a second read comes.
    let kind = Kind::Stale(1);
    rig.fake.inject(Fault { operation: Operation::ListResourceRecordSets, skip: 1, times: 1, kind });
    let kind = Kind::Gate(gate.clone());
    rig.fake.inject(Fault { operation: Operation::ListResourceRecordSets, skip: 1, times: 1, kind });
    let read = |request: ReadRequest| {
        let provider = Arc::clone(&rig.provider);
        rig.runtime.spawn(async move { provider.read(&request, Urgency::Flip).await })
    };
    let early = read(service.request());
    let closed = gate.clone();
    rig.wait(rig.runtime.spawn_blocking(move || closed.await_calls(1))).expect("it comes");
    rig.put("api.example.test", "A", "203.0.113.9");
    let late = read(service.request());
    rig.wait(tokio::task::yield_now());
    gate.open();
    let seen = |view: ZoneView| view.rrsets[&service.keys[0]].values()[0].to_string();
    assert_eq!(seen(rig.wait(early).expect("no panic").expect("read")), "192.0.2.1");
    assert_eq!(seen(rig.wait(late).expect("no panic").expect("read")), "203.0.113.9");
}
