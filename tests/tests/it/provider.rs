//! The contract of a provider, on every real primary: what it writes, what it refuses and what it reads.
//!
//! Each test runs on Knot, BIND and `PowerDNS`. A difference between the servers belongs into the adapter, so no test
//! asks which one it talks to, except where a server cannot do a thing at all.

mod notify;
mod reads;
mod refusals;
mod writes;

use std::collections::BTreeSet;
use std::future::Future;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::BASE64;
use dns_core::change::ChangeSet;
use dns_core::fence::{Epoch, Fence, Rev};
use dns_core::identifier::RegionName;
use dns_core::rrset::{GuardedType, Rrset, RrsetKey, Rrsets, Ttl, canonical_name, records_digest};
use dns_core::time::Timestamp;
use dns_core::zone::{ReadRequest, ZoneView};
use dns_provider::port::{Permit, Provider, ProviderError, Receipt, Urgency};
use dns_provider::rfc2136::{Rfc2136, TsigAlgorithm, TsigKey};
use hickory_proto::rr::Name;
use tests::auth::Algorithm;
use tests::{AuthServer, Key, Kind, Setup};

/// The names that the tests move. `www` is written in mixed case: nobody's zone file is canonical.
const ZONE: &str = "\
$ORIGIN example.test.
$TTL 60
@ SOA ns1 hostmaster 1 3600 600 604800 30
@ NS ns1
ns1 A 127.0.0.1
@ A 192.0.2.1
api A 192.0.2.1
api A 192.0.2.2
api AAAA 2001:db8::1
WWW CNAME LB-Prod.Example.NET.
*.w A 192.0.2.1
*.lent A 192.0.2.7
own.lent A 192.0.2.7
deep.lent A 192.0.2.7
*.deep.lent A 192.0.2.7
";

/// Long enough for a loaded machine, short enough for a test that waits for it to run out.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The default permit.
const PERMIT: Duration = Duration::from_secs(10);

/// One primary with one zone, and the adapter under test.
struct Rig {
    server: AuthServer,
    provider: Rfc2136,
    runtime: tokio::runtime::Runtime,
}

impl Rig {
    fn start(kind: Kind) -> Self {
        Self::start_with(kind, Setup::new("example.test", ZONE).secondaries(0))
    }

    fn start_with(kind: Kind, setup: Setup) -> Self {
        let server = AuthServer::start(kind, setup);
        let provider = provider(&server, server.key());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { server, provider, runtime }
    }

    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    fn try_read(&self, keys: &[RrsetKey]) -> Result<ZoneView, ProviderError> {
        self.wait(self.provider.read(&request(keys), Urgency::Watch))
    }

    fn read(&self, keys: &[RrsetKey]) -> ZoneView {
        self.try_read(keys).expect("the zone is read")
    }

    fn apply(&self, change: &ChangeSet) -> Result<Receipt, ProviderError> {
        self.wait(self.provider.apply(change, &permit()))
    }

    /// Reads, and takes what is there under a fence.
    fn adopt(&self, keys: &[RrsetKey]) -> ZoneView {
        let view = self.read(keys);
        let target = view.rrsets.clone();
        self.apply(&plan(&view, &target, 1)).expect("adopted");
        self.read(keys)
    }
}

fn provider(server: &AuthServer, key: &Key) -> Rfc2136 {
    let algorithm = match key.algorithm() {
        Algorithm::HmacSha256 => TsigAlgorithm::HmacSha256,
        Algorithm::HmacSha384 => TsigAlgorithm::HmacSha384,
        Algorithm::HmacSha512 => TsigAlgorithm::HmacSha512,
    };
    let secret = BASE64.decode(key.secret().as_bytes()).expect("base64");
    Rfc2136::new(server.address(), TsigKey::new(&name(key.name()), algorithm, secret), TIMEOUT, PERMIT)
}

fn name(text: &str) -> Name {
    canonical_name(text).expect("a name")
}

fn key(owner: &str, rtype: GuardedType) -> RrsetKey {
    RrsetKey::new(&name(owner), rtype)
}

fn rrset(owner: &str, rtype: GuardedType, values: &[&str]) -> Rrset {
    let values = values.iter().map(|text| rtype.parse_value(text).expect("a value"));
    Rrset::new(key(owner, rtype), Ttl::from_secs(60).expect("a TTL"), values).expect("an RRset")
}

fn rrsets(list: impl IntoIterator<Item = Rrset>) -> Rrsets {
    list.into_iter().map(|rrset| (rrset.key().clone(), rrset)).collect()
}

/// Every kind of record that a service may have.
fn all_keys() -> Vec<RrsetKey> {
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
fn all_moved() -> Rrsets {
    use GuardedType::{A, Aaaa, Cname};
    rrsets([
        rrset("example.test", A, &["198.51.100.1"]),
        rrset("api.example.test", A, &["198.51.100.1", "198.51.100.2", "198.51.100.3"]),
        rrset("api.example.test", Aaaa, &["2001:db8:ffff::1"]),
        rrset("www.example.test", Cname, &["lb-dr.example.net"]),
        rrset("*.w.example.test", A, &["198.51.100.1"]),
    ])
}

fn api() -> RrsetKey {
    key("api.example.test", GuardedType::A)
}

fn api_moved() -> Rrsets {
    rrsets([rrset("api.example.test", GuardedType::A, &["198.51.100.1"])])
}

fn request(keys: &[RrsetKey]) -> ReadRequest {
    ReadRequest {
        zone: name("example.test"),
        fence_name: name("_checkout._failover.example.test"),
        keys: keys.iter().cloned().collect(),
    }
}

/// The step from a view to `target`, which also holds the keys that the step is responsible for.
fn plan(view: &ZoneView, target: &Rrsets, epoch: u64) -> ChangeSet {
    let keys: BTreeSet<RrsetKey> = view.rrsets.keys().chain(target.keys()).cloned().collect();
    ChangeSet::plan(view, &keys, target, &fence(target, epoch)).expect("a plan")
}

fn fence(rrsets: &Rrsets, epoch: u64) -> Fence {
    Fence {
        install: "acme".parse().expect("a name"),
        id: "checkout".parse().expect("a name"),
        provider: "main".parse().expect("a name"),
        epoch: Epoch::new(epoch),
        rev: Rev::new(epoch),
        write: format!("write{epoch}").parse().expect("an id"),
        plan: format!("plan{epoch}").parse().expect("an id"),
        active: Some(RegionName::new("prod").expect("a name")),
        released: None,
        moved: Timestamp::from_secs(1_795_246_200),
        by: "controller-1".parse().expect("a name"),
        cfg: 0,
        pin: None,
        pause: None,
        rrs: rrsets.keys().cloned().collect(),
        digest: records_digest(rrsets),
        unknown: vec![],
    }
}

fn permit() -> Permit {
    permit_of_age(Duration::ZERO)
}

fn permit_of_age(age: Duration) -> Permit {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    Permit { granted: Timestamp::from_secs(now).before(age), length: PERMIT }
}

/// One test for each kind of server, so that a failure names it.
macro_rules! on_every_primary {
    ($($behaviour:ident),+ $(,)?) => {
        crate::provider::on_every_primary!(@ knot, Knot; $($behaviour),+);
        crate::provider::on_every_primary!(@ bind, Bind; $($behaviour),+);
        crate::provider::on_every_primary!(@ powerdns, PowerDns; $($behaviour),+);
    };
    (@ $module:ident, $kind:ident; $($behaviour:ident),+) => {
        mod $module {
            $(
                #[test]
                fn $behaviour() {
                    super::$behaviour(tests::Kind::$kind);
                }
            )+
        }
    };
}

use on_every_primary;
