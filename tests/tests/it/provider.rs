//! The contract of a provider: what it reads, what it writes, what it refuses, whatever it is.
//!
//! Each test runs on every subject: Knot, BIND and `PowerDNS` by DNS UPDATE, `PowerDNS` by its API, the strict fakes of Route
//! 53 and Cloudflare, and the zone in memory. A difference between them is explained by [`Provider::capabilities`] and by
//! nothing else, so no test asks which one it talks to. What exists in DNS UPDATE alone stands in [`update`], what someone
//! else's stand-in can judge in [`stand_in`].

mod abilities;
mod reads;
mod refusals;
mod stand_in;
mod starts;
pub(crate) mod subject;
mod update;
mod writes;

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dns_core::change::ChangeSet;
use dns_core::fence::{Epoch, Fence, Rev};
use dns_core::identifier::RegionName;
use dns_core::rrset::{GuardedType, Rrset, RrsetKey, Rrsets, Ttl, canonical_name, records_digest};
use dns_core::time::Timestamp;
use dns_core::zone::{ReadRequest, ZoneView};
use dns_provider::port::{Permit, Provider, ProviderError, Receipt, Urgency};
use hickory_proto::rr::Name;

use self::subject::Subject;

/// Every subject's zone.
pub(crate) const ZONE: &str = "example.test";

/// Where the fence is.
pub(crate) const FENCE: &str = "_checkout._failover.example.test";

/// What the zone holds at first: owner, type and values, all with a TTL of 60. `WWW` is written in mixed case: nobody's zone
/// file is canonical.
pub(crate) const CONTENT: [(&str, &str, &[&str]); 10] = [
    ("example.test", "A", &["192.0.2.1"]),
    ("api.example.test", "A", &["192.0.2.1", "192.0.2.2"]),
    ("api.example.test", "AAAA", &["2001:db8::1"]),
    ("WWW.example.test", "CNAME", &["LB-Prod.Example.NET."]),
    ("*.w.example.test", "A", &["192.0.2.1"]),
    ("*.lent.example.test", "A", &["192.0.2.7"]),
    ("own.lent.example.test", "A", &["192.0.2.7"]),
    ("deep.lent.example.test", "A", &["192.0.2.7"]),
    ("*.deep.lent.example.test", "A", &["192.0.2.7"]),
    ("legacy.example.test", "A", &["192.0.2.3"]),
];

/// Long enough for a loaded machine, short enough for a test that waits for it to run out.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(3);

/// The default permit.
pub(crate) const PERMIT: Duration = Duration::from_secs(10);

/// A subject, a client of it, and where the client runs.
pub(crate) struct Rig<S> {
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) runtime: tokio::runtime::Runtime,
    pub(crate) subject: S,
}

impl<S: Subject> Rig<S> {
    pub(crate) fn of(subject: S) -> Self {
        let provider = subject.provider();
        // Several workers: what one client waits for, another one does.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        Self { provider, runtime: runtime.expect("a runtime"), subject }
    }

    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    pub(crate) fn try_read(&self, keys: &[RrsetKey]) -> Result<ZoneView, ProviderError> {
        self.wait(self.provider.read(&request(keys), Urgency::Flip))
    }

    pub(crate) fn read(&self, keys: &[RrsetKey]) -> ZoneView {
        self.try_read(keys).expect("the zone is read")
    }

    pub(crate) fn apply(&self, change: &ChangeSet) -> Result<Receipt, ProviderError> {
        self.wait(self.provider.apply(change, &permit()))
    }

    /// Reads, and takes what is there under a fence.
    pub(crate) fn adopt(&self, keys: &[RrsetKey]) -> ZoneView {
        let view = self.read(keys);
        let target = view.rrsets.clone();
        self.apply(&plan(&view, &target, 1)).expect("adopted");
        self.read(keys)
    }
}

pub(crate) fn name(text: &str) -> Name {
    canonical_name(text).expect("a name")
}

pub(crate) fn key(owner: &str, rtype: GuardedType) -> RrsetKey {
    RrsetKey::new(&name(owner), rtype)
}

pub(crate) fn rrset(owner: &str, rtype: GuardedType, values: &[&str]) -> Rrset {
    let values = values.iter().map(|text| rtype.parse_value(text).expect("a value"));
    Rrset::new(key(owner, rtype), Ttl::from_secs(60).expect("a TTL"), values).expect("an RRset")
}

pub(crate) fn rrsets(list: impl IntoIterator<Item = Rrset>) -> Rrsets {
    list.into_iter().map(|rrset| (rrset.key().clone(), rrset)).collect()
}

/// Every kind of record that a service may have.
pub(crate) fn all_keys() -> Vec<RrsetKey> {
    use GuardedType::{A, Aaaa, Cname};
    vec![
        key("example.test", A),
        key("api.example.test", A),
        key("api.example.test", Aaaa),
        key("www.example.test", Cname),
        key("*.w.example.test", A),
    ]
}

/// What they move to.
pub(crate) fn all_moved() -> Rrsets {
    use GuardedType::{A, Aaaa, Cname};
    rrsets([
        rrset("example.test", A, &["198.51.100.1"]),
        rrset("api.example.test", A, &["198.51.100.1", "198.51.100.2", "198.51.100.3"]),
        rrset("api.example.test", Aaaa, &["2001:db8:ffff::1"]),
        rrset("www.example.test", Cname, &["lb-dr.example.net"]),
        rrset("*.w.example.test", A, &["198.51.100.1"]),
    ])
}

pub(crate) fn api() -> RrsetKey {
    key("api.example.test", GuardedType::A)
}

pub(crate) fn api_moved() -> Rrsets {
    rrsets([rrset("api.example.test", GuardedType::A, &["198.51.100.1"])])
}

pub(crate) fn request(keys: &[RrsetKey]) -> ReadRequest {
    ReadRequest { zone: name(ZONE), fence_name: name(FENCE), keys: keys.iter().cloned().collect() }
}

/// The step from a view to `target`, which also holds the keys that the step is responsible for.
pub(crate) fn plan(view: &ZoneView, target: &Rrsets, epoch: u64) -> ChangeSet {
    let keys: BTreeSet<RrsetKey> = view.rrsets.keys().chain(target.keys()).cloned().collect();
    ChangeSet::plan(view, &keys, target, &fence(target, epoch)).expect("a plan")
}

/// The fence of the `epoch`th move, which is also its write and its plan.
pub(crate) fn fence(rrsets: &Rrsets, epoch: u64) -> Fence {
    Fence {
        install: "acme".parse().expect("a name"),
        id: "checkout".parse().expect("a name"),
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

pub(crate) fn assert_conflict(outcome: &Result<Receipt, ProviderError>) {
    assert!(matches!(outcome, Err(ProviderError::Conflict { .. })), "{outcome:?}");
}

/// Why it was denied.
pub(crate) fn denied<T: std::fmt::Debug>(outcome: Result<T, ProviderError>) -> String {
    match outcome {
        Err(ProviderError::Denied { reason, .. }) => reason,
        other => panic!("not denied: {other:?}"),
    }
}

/// Which record is invalid.
pub(crate) fn invalid(outcome: Result<Receipt, ProviderError>) -> String {
    match outcome {
        Err(ProviderError::Invalid { record, .. }) => record,
        other => panic!("not invalid: {other:?}"),
    }
}

pub(crate) fn permit() -> Permit {
    permit_of_age(Duration::ZERO)
}

pub(crate) fn permit_of_age(age: Duration) -> Permit {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    Permit { granted: Timestamp::from_secs(now).before(age), length: PERMIT }
}

/// One test for each subject, so that a failure names it.
macro_rules! on_every_subject {
    ($($behaviour:ident),+ $(,)?) => {
        crate::provider::on_every_subject!(@ memory; $($behaviour),+);
        crate::provider::on_every_remote!($($behaviour),+);
    };
    (@ $subject:ident; $($behaviour:ident),+) => {
        mod $subject {
            $(
                #[test]
                fn $behaviour() {
                    super::$behaviour(&crate::provider::Rig::of(crate::provider::subject::$subject()));
                }
            )+
        }
    };
}

/// On every subject that is reached over a network, with a credential.
macro_rules! on_every_remote {
    ($($behaviour:ident),+ $(,)?) => {
        crate::provider::on_every_subject!(@ knot; $($behaviour),+);
        crate::provider::on_every_subject!(@ bind; $($behaviour),+);
        crate::provider::on_every_subject!(@ powerdns; $($behaviour),+);
        crate::provider::on_every_subject!(@ powerdns_api; $($behaviour),+);
        crate::provider::on_every_subject!(@ route53; $($behaviour),+);
        crate::provider::on_every_subject!(@ cloudflare; $($behaviour),+);
    };
}

pub(crate) use {on_every_remote, on_every_subject};
