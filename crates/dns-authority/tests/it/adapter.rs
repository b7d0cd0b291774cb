//! The product's own DNS UPDATE adapter on the embedded primary: what holds on Knot, BIND and `PowerDNS` holds here.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dns_authority::KeyAlgorithm;
use dns_core::change::ChangeSet;
use dns_core::fence::{Epoch, Fence, Rev};
use dns_core::identifier::RegionName;
use dns_core::rrset::{GuardedType, Rrset, RrsetKey, Rrsets, Ttl, records_digest};
use dns_core::time::Timestamp;
use dns_core::zone::{FoundFence, ReadRequest, ZoneView};
use dns_provider::port::{Permit, Provider, ProviderError, Receipt, Urgency};
use dns_provider::rfc2136::{Rfc2136, TsigAlgorithm, TsigKey};

use crate::rig::{KEY_NAME, PATIENCE, Rig, SECRET, name};

const PERMIT: Duration = Duration::from_secs(10);

struct Adapter {
    rig: Rig,
    provider: Rfc2136,
}

impl Adapter {
    fn start() -> Self {
        let rig = Rig::start();
        let provider = provider(&rig, KEY_NAME, TsigAlgorithm::HmacSha256, SECRET);
        Self { rig, provider }
    }

    async fn read(&self, keys: &[RrsetKey]) -> ZoneView {
        self.provider.read(&request(keys), Urgency::Flip).await.expect("read")
    }

    async fn apply(&self, change: &ChangeSet) -> Result<Receipt, ProviderError> {
        self.provider.apply(change, &permit_of_age(Duration::ZERO)).await
    }

    /// Reads, and takes what is there under a fence.
    async fn adopt(&self, keys: &[RrsetKey]) -> ZoneView {
        let view = self.read(keys).await;
        self.apply(&plan(&view, &view.rrsets, 1)).await.expect("adopted");
        self.read(keys).await
    }
}

fn provider(rig: &Rig, key: &str, algorithm: TsigAlgorithm, secret: &[u8]) -> Rfc2136 {
    Rfc2136::new(rig.primary.local_addr(), TsigKey::new(&name(key), algorithm, secret.to_vec()), PATIENCE, PERMIT)
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

fn all_keys() -> Vec<RrsetKey> {
    use GuardedType::{A, Aaaa, Cname};
    vec![
        key("example.test.", A),
        key("api.example.test.", A),
        key("api.example.test.", Aaaa),
        key("www.example.test.", Cname),
        key("*.w.example.test.", A),
    ]
}

fn all_moved() -> Rrsets {
    use GuardedType::{A, Aaaa, Cname};
    rrsets([
        rrset("example.test.", A, &["198.51.100.1"]),
        rrset("api.example.test.", A, &["198.51.100.1", "198.51.100.2", "198.51.100.3"]),
        rrset("api.example.test.", Aaaa, &["2001:db8:ffff::1"]),
        rrset("www.example.test.", Cname, &["lb-dr.example.net."]),
        rrset("*.w.example.test.", A, &["198.51.100.1"]),
    ])
}

fn request(keys: &[RrsetKey]) -> ReadRequest {
    ReadRequest {
        zone: name("example.test."),
        fence_name: name("_checkout._failover.example.test."),
        keys: keys.iter().cloned().collect(),
    }
}

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

fn permit_of_age(age: Duration) -> Permit {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    Permit { granted: Timestamp::from_secs(now).before(age), length: PERMIT }
}

fn assert_conflict(outcome: &Result<Receipt, ProviderError>) {
    assert!(matches!(outcome, Err(ProviderError::Conflict { .. })), "{outcome:?}");
}

#[track_caller]
fn assert_denied<T: std::fmt::Debug>(outcome: Result<T, ProviderError>, word: &str) {
    let Err(ProviderError::Denied { reason, .. }) = outcome else { panic!("not denied: {outcome:?}") };
    assert!(reason.contains(word), "{reason}");
}

#[tokio::test]
async fn adopts_once() {
    let adapter = Adapter::start();
    let before = adapter.read(&all_keys()).await;
    assert_eq!((before.fence.clone(), before.rrsets.len()), (FoundFence::Absent, 5));
    let after = adapter.adopt(&all_keys()).await;
    assert_eq!(after.rrsets, before.rrsets);
    let FoundFence::Present { text, .. } = &after.fence else { panic!("no fence") };
    assert_eq!(Fence::parse(text, &after.zone).expect("a fence"), fence(&before.rrsets, 1));
    assert_conflict(&adapter.apply(&plan(&before, &before.rrsets, 1)).await);
}

#[tokio::test]
async fn flips_all_records_at_once() {
    let adapter = Adapter::start();
    let view = adapter.adopt(&all_keys()).await;
    adapter.apply(&plan(&view, &all_moved(), 2)).await.expect("moved");
    assert_eq!(adapter.read(&all_keys()).await.rrsets, all_moved());
    assert_eq!(adapter.rig.dig(&["+short", "any.w.example.test", "A"]).await, "198.51.100.1\n");
}

#[tokio::test]
async fn stale_writer_conflicts_whole() {
    let adapter = Adapter::start();
    let stale = adapter.adopt(&all_keys()).await;
    adapter.apply(&plan(&stale, &stale.rrsets, 2)).await.expect("annotated");
    let now = adapter.read(&all_keys()).await;
    assert_conflict(&adapter.apply(&plan(&stale, &all_moved(), 2)).await);
    assert_eq!(adapter.read(&all_keys()).await, now, "nothing changed");
}

#[tokio::test]
async fn hand_edit_conflicts() {
    let adapter = Adapter::start();
    let view = adapter.adopt(&all_keys()).await;
    adapter.rig.primary.edit(|editor| editor.add("api 60 A 192.0.2.99")).expect("added");
    assert_conflict(&adapter.apply(&plan(&view, &all_moved(), 2)).await);
    let fence_name = name("_checkout._failover.example.test.");
    let view = adapter.read(&all_keys()).await;
    adapter.rig.primary.edit(|editor| editor.remove_name(&fence_name));
    assert_conflict(&adapter.apply(&plan(&view, &all_moved(), 2)).await);
    assert_eq!(adapter.read(&all_keys()).await.fence, FoundFence::Absent);
}

#[tokio::test]
async fn record_that_a_wildcard_lends_is_absent() {
    let adapter = Adapter::start();
    let (lent, own) = (key("ghost.lent.example.test.", GuardedType::A), key("own.lent.example.test.", GuardedType::A));
    let view = adapter.read(&[lent.clone(), own.clone()]).await;
    assert_eq!(view.rrsets.keys().collect::<Vec<_>>(), [&own]);
    let made = rrset("ghost.lent.example.test.", GuardedType::A, &["192.0.2.7"]);
    let target: Rrsets = view.rrsets.clone().into_iter().chain([(lent, made)]).collect();
    adapter.apply(&plan(&view, &target, 1)).await.expect("created");
}

#[tokio::test]
async fn old_permit_is_denied_with_the_skew() {
    let adapter = Adapter::start();
    let view = adapter.adopt(&all_keys()).await;
    let change = plan(&view, &all_moved(), 2);
    let late = adapter.provider.apply(&change, &permit_of_age(Duration::from_mins(10))).await;
    let Err(ProviderError::Denied { reason, .. }) = late else { panic!("not denied: {late:?}") };
    assert!(reason.contains("BADTIME"), "{reason}");
    assert!(["600 s ahead", "601 s ahead", "602 s ahead"].iter().any(|skew| reason.contains(skew)), "{reason}");
    adapter.apply(&change).await.expect("the same change with a fresh permit");
}

#[tokio::test]
async fn strangers_are_denied_by_name() {
    let adapter = Adapter::start();
    let view = adapter.adopt(&all_keys()).await;
    for (key, secret, error) in [("stranger.", SECRET, "BADKEY"), (KEY_NAME, &b"another"[..], "BADSIG")] {
        let stranger = provider(&adapter.rig, key, TsigAlgorithm::HmacSha256, secret);
        let write = stranger.apply(&plan(&view, &all_moved(), 2), &permit_of_age(Duration::ZERO)).await;
        assert_denied(write, error);
        assert_denied(stranger.read(&request(&all_keys()), Urgency::Watch).await, error);
    }
    assert_eq!(adapter.read(&all_keys()).await, view, "nothing changed");
}

#[tokio::test]
async fn takes_every_algorithm() {
    for (ours, theirs) in [
        (KeyAlgorithm::HmacSha256, TsigAlgorithm::HmacSha256),
        (KeyAlgorithm::HmacSha384, TsigAlgorithm::HmacSha384),
        (KeyAlgorithm::HmacSha512, TsigAlgorithm::HmacSha512),
    ] {
        let rig = Rig::start_with(ours);
        let provider = provider(&rig, KEY_NAME, theirs, SECRET);
        Adapter { rig, provider }.adopt(&all_keys()).await;
    }
}
