//! The Cloudflare adapter against the strict fake: what ids and batches make of a fence, and what the API alone has.
//! What every provider has in common is in [`provider`](crate::provider).

mod zone;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dns_core::change::ChangeSet;
use dns_core::rrset::{GuardedType, Rrset, RrsetKey, Rrsets, Ttl};
use dns_core::zone::{FoundFence, ReadRequest, ZoneView};
use dns_provider::budget::Budget;
use dns_provider::cloudflare::{Cloudflare, Settings};
use dns_provider::port::{Provider as _, ProviderError, Receipt, Urgency};
use tests::cloudflare::{
    Failure, Fake, Fault, Gate, Kind, NewRecord, Operation, Plan, Record, RecordType, Rights, Scope, Setup, TOKEN,
    Token, ZoneSetup,
};
use tests::{PATIENCE, Sandbox};

use crate::provider::{key, name, permit, plan, rrsets};

const ZONE: &str = "example.com";
const FENCE: &str = "_checkout._failover.example.com";
const BURST: NonZeroU32 = NonZeroU32::new(1000).expect("not zero");

/// An account, the adapter, and where it runs.
struct Rig {
    fake: Fake,
    sandbox: Sandbox,
    provider: Cloudflare,
    runtime: tokio::runtime::Runtime,
}

impl Rig {
    fn start(records: Vec<NewRecord>) -> Self {
        Self::start_on(Plan::Pro, records)
    }

    fn start_on(plan: Plan, records: Vec<NewRecord>) -> Self {
        let fake = Fake::start(Setup::with_zone(ZoneSetup { records, ..ZoneSetup::new(ZONE, plan) }));
        let sandbox = Sandbox::new();
        let token = sandbox.write("token", TOKEN);
        let provider = provider(&fake, token, plan.batch_operations_max());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        Self { fake, sandbox, provider, runtime: runtime.expect("a runtime") }
    }

    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    fn try_read(&self, keys: &[RrsetKey]) -> Result<ZoneView, ProviderError> {
        self.wait(self.provider.read(&request(keys), Urgency::Flip))
    }

    fn read(&self, keys: &[RrsetKey]) -> ZoneView {
        self.try_read(keys).expect("the zone is read")
    }

    fn apply(&self, change: &ChangeSet) -> Result<Receipt, ProviderError> {
        self.wait(self.provider.apply(change, &permit()))
    }

    fn adopt(&self, keys: &[RrsetKey]) -> ZoneView {
        let view = self.read(keys);
        let target = view.rrsets.clone();
        self.apply(&plan(&view, &target, 1)).expect("adopted");
        self.read(keys)
    }

    /// The records at a name: type, content and whether proxied.
    fn held(&self, name: &str) -> Vec<Record> {
        self.fake.records(ZONE).into_iter().filter(|record| record.name == name).collect()
    }

    fn contents(&self, name: &str) -> Vec<String> {
        let mut contents: Vec<String> = self.held(name).into_iter().map(|record| record.content).collect();
        contents.sort();
        contents
    }
}

fn provider(fake: &Fake, token_file: PathBuf, batch_max: usize) -> Cloudflare {
    let settings = Settings {
        zones: BTreeMap::from([(name(ZONE), fake.zone_id(ZONE))]),
        token_file,
        endpoint_url: Some(fake.url().parse().expect("a URL")),
        batch_max,
        timeout: Duration::from_secs(5),
        budget: Arc::new(Budget::new(Duration::from_millis(1), BURST)),
    };
    Cloudflare::new(settings).expect("a client")
}

fn api() -> RrsetKey {
    key("api.example.com", GuardedType::A)
}

fn set(key: &RrsetKey, ttl: u64, values: &[&str]) -> Rrset {
    let values = values.iter().map(|text| key.rtype().parse_value(text).expect("a value"));
    Rrset::new(key.clone(), Ttl::from_secs(ttl).expect("a TTL"), values).expect("an RRset")
}

fn request(keys: &[RrsetKey]) -> ReadRequest {
    ReadRequest { zone: name(ZONE), fence_name: name(FENCE), keys: keys.iter().cloned().collect() }
}

/// `api` with two addresses, `www` beside it, and things that are not ours.
fn content() -> Vec<NewRecord> {
    let mut commented = NewRecord::new("api", RecordType::A, "192.0.2.1", 60);
    commented.comment = Some("ticket 42".to_owned());
    vec![
        commented,
        NewRecord::new("api", RecordType::A, "192.0.2.2", 60),
        NewRecord::new("api", RecordType::Txt, "not ours", 60),
        NewRecord::new("api", RecordType::Mx, "mail.example.com", 60),
        NewRecord::new("www", RecordType::Cname, "lb-prod.example.net", 60),
    ]
}

fn www() -> RrsetKey {
    key("www.example.com", GuardedType::Cname)
}

fn api_moved() -> Rrsets {
    rrsets([set(&api(), 60, &["198.51.100.1"])])
}

fn assert_conflict(outcome: &Result<Receipt, ProviderError>) {
    assert!(matches!(outcome, Err(ProviderError::Conflict { .. })), "{outcome:?}");
}

#[test]
fn every_write_replaces_every_id_also_of_what_stays() {
    let rig = Rig::start(content());
    let view = rig.adopt(&[api(), www()]);
    let before: BTreeSet<String> = rig.fake.records(ZONE).into_iter().map(|record| record.id).collect();
    let target = rrsets([set(&api(), 60, &["198.51.100.1"]), view.rrsets[&www()].clone()]);
    rig.apply(&plan(&view, &target, 2)).expect("moved");

    assert_eq!(rig.read(&[api(), www()]).rrsets, target);
    let kept: BTreeSet<RecordType> =
        rig.fake.records(ZONE).into_iter().filter(|record| before.contains(&record.id)).map(|it| it.rtype).collect();
    assert_eq!(kept, BTreeSet::from([RecordType::Mx, RecordType::Txt]), "and nothing that is not ours");
    let moved = rig.held("api.example.com").into_iter().find(|record| record.rtype == RecordType::A);
    assert_eq!(moved.expect("moved").comment.as_deref(), Some("ticket 42"), "comments outlive the move");
    for batch in rig.fake.batches() {
        assert_eq!(batch.sizes()[1..3], [0, 0], "nothing is edited in place");
    }
}

#[test]
fn a_plan_that_was_overtaken_between_its_read_and_its_batch_fails_whole() {
    let rig = Rig::start(content());
    let view = rig.adopt(&[api(), www()]);
    // The first writer has read the ids and is held up right before its batch.
    let gate = Gate::default();
    rig.fake.inject(Fault::once(Operation::Batch, Kind::Gate(gate.clone())));
    let (stalled, change) = (rig.provider.clone(), plan(&view, &api_and_www("198.51.100.1"), 2));
    let late = rig.runtime.spawn(async move { stalled.apply(&change, &permit()).await });
    gate.await_calls(1);
    // The second one changes nothing but the fence, as someone does who burns the first.
    rig.apply(&plan(&view, &view.rrsets, 3)).expect("overtakes");
    let now = rig.read(&[api(), www()]);
    gate.open();
    assert_conflict(&rig.wait(late).expect("joined"));
    assert_eq!(rig.read(&[api(), www()]), now, "nothing of it arrived");
}

#[test]
fn a_stale_plan_is_a_conflict_before_anything_is_sent() {
    let rig = Rig::start(content());
    let stale = rig.adopt(&[api()]);
    rig.apply(&plan(&stale, &stale.rrsets, 2)).expect("annotated");
    let (now, batches) = (rig.read(&[api()]), rig.fake.requests(Operation::Batch));
    assert_conflict(&rig.apply(&plan(&stale, &api_moved(), 2)));
    assert_eq!((rig.read(&[api()]), rig.fake.requests(Operation::Batch)), (now, batches));
}

fn api_and_www(address: &str) -> Rrsets {
    rrsets([set(&api(), 60, &[address]), set(&www(), 60, &["lb-dr.example.net"])])
}

#[test]
fn of_two_first_adoptions_at_once_one_wins() {
    let rig = Rig::start(content());
    let view = rig.read(&[api()]);
    let gate = Gate::default();
    rig.fake.inject(Fault { operation: Operation::Batch, skip: 0, times: 2, kind: Kind::Gate(gate.clone()) });
    let adopters: Vec<_> = (1..=2)
        .map(|epoch| {
            let (adopter, change) = (rig.provider.clone(), plan(&view, &view.rrsets, epoch));
            rig.runtime.spawn(async move { adopter.apply(&change, &permit()).await })
        })
        .collect();
    gate.await_calls(2);
    gate.open();
    let outcomes: Vec<_> = adopters.into_iter().map(|adopter| rig.wait(adopter).expect("joined")).collect();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    assert!(outcomes.iter().any(|outcome| matches!(outcome, Err(ProviderError::Conflict { .. }))), "{outcomes:?}");
    assert!(matches!(rig.read(&[api()]).fence, FoundFence::Present { .. }), "one fence");
}

#[test]
fn an_edit_by_hand_before_the_batch_is_a_conflict_and_stays() {
    let rig = Rig::start(content());
    let view = rig.adopt(&[api()]);
    rig.fake.add(ZONE, NewRecord::new("api", RecordType::A, "192.0.2.99", 60));
    assert_conflict(&rig.apply(&plan(&view, &api_moved(), 2)));
    let edited = rig.read(&[api()]);
    assert_eq!(edited.rrsets[&api()].values().len(), 3, "the extra record is part of the set");
    assert_eq!(edited.fence, view.fence);
}

#[test]
fn a_refused_batch_changes_nothing_and_names_the_record() {
    let rig = Rig::start(content());
    let view = rig.adopt(&[api()]);
    // The proxy takes no private address.
    let private = rrsets([set(&api(), 1, &["10.0.0.1"]).proxied()]);
    let outcome = rig.apply(&plan(&view, &private, 2));
    assert!(
        matches!(&outcome, Err(ProviderError::Invalid { record, .. }) if record == "api.example.com. A"),
        "{outcome:?}"
    );
    assert_eq!(rig.read(&[api()]), view);
}

#[test]
fn a_record_goes_behind_the_proxy_and_back() {
    let rig = Rig::start(content());
    let view = rig.adopt(&[api()]);
    let proxied = rrsets([set(&api(), 1, &["198.51.100.1"]).proxied()]);
    rig.apply(&plan(&view, &proxied, 2)).expect("moved");
    let behind = rig.read(&[api()]);
    assert_eq!(behind.rrsets, proxied);
    rig.apply(&plan(&behind, &view.rrsets, 3)).expect("moved back");
    assert_eq!(rig.read(&[api()]).rrsets, view.rrsets);
}

#[test]
fn a_host_name_stands_at_the_apex() {
    let apex = key("example.com", GuardedType::Cname);
    let rig = Rig::start(vec![NewRecord::new("@", RecordType::Cname, "lb-prod.example.net", 60)]);
    let view = rig.adopt(std::slice::from_ref(&apex));
    assert_eq!(view.rrsets.len(), 1);
    rig.apply(&plan(&view, &rrsets([set(&apex, 60, &["lb-dr.example.net"])]), 2)).expect("moved");
    assert_eq!(rig.contents("example.com"), ["lb-dr.example.net"]);
}

#[test]
fn a_rolled_token_needs_no_restart_and_one_without_rights_is_named() {
    let rig = Rig::start(content());
    let view = rig.adopt(&[api()]);
    let rolled = "rolled-cloudflare-token-0123456789-abcdefghij";
    rig.fake.set_tokens(vec![Token::everything(rolled)]);
    let outcome = rig.try_read(&[api()]);
    assert!(matches!(outcome, Err(ProviderError::Denied { .. })), "{outcome:?}");
    rig.sandbox.write("token", rolled);
    rig.apply(&plan(&view, &api_moved(), 2)).expect("moved with the new token");

    rig.fake.set_tokens(vec![Token { rights: Rights::Read, scope: Scope::Account, ..Token::everything(rolled) }]);
    let view = rig.read(&[api()]);
    let outcome = rig.apply(&plan(&view, &api_moved(), 3));
    assert!(
        matches!(&outcome, Err(ProviderError::Denied { reason, .. }) if reason.contains("DNS Write")),
        "{outcome:?}"
    );
}

#[test]
fn a_zone_is_known_by_its_id_and_its_name() {
    let rig = Rig::start(content());
    let facts = rig.wait(rig.provider.zone(&name(ZONE))).expect("facts");
    assert_eq!(facts.name_servers.len(), 2, "{facts:?}");
    let settings = Settings {
        zones: BTreeMap::from([(name("example.org"), rig.fake.zone_id(ZONE)), (name(ZONE), "0".repeat(32))]),
        token_file: rig.sandbox.write("token", TOKEN),
        endpoint_url: Some(rig.fake.url().parse().expect("a URL")),
        batch_max: 200,
        timeout: PATIENCE,
        budget: Arc::new(Budget::new(Duration::from_millis(1), BURST)),
    };
    let mistaken = Cloudflare::new(settings).expect("a client");
    for (zone, words) in [("example.org", "is that of zone example.com"), (ZONE, "there is no zone example.com.")] {
        let outcome = rig.wait(mistaken.zone(&name(zone)));
        assert!(matches!(&outcome, Err(ProviderError::Denied { reason, .. }) if reason.contains(words)), "{outcome:?}");
    }
}

#[test]
fn each_fault_of_a_batch_leaves_all_or_nothing_and_says_which_is_possible() {
    let faults: [(Kind, bool); 7] = [
        (Kind::Cut, false),
        (Kind::CutAfterwards, true),
        (Kind::Truncated, true),
        (Kind::Refused(Failure::Error(500)), false),
        (Kind::Refused(Failure::EdgePage(522)), false),
        (Kind::RefusedAfterwards(Failure::Error(500)), true),
        (Kind::RefusedAfterwards(Failure::EdgePage(524)), true),
    ];
    for (kind, is_done) in faults {
        let rig = Rig::start(content());
        let view = rig.adopt(&[api()]);
        rig.fake.inject(Fault::once(Operation::Batch, kind.clone()));
        let outcome = rig.apply(&plan(&view, &api_moved(), 2));
        assert!(matches!(outcome, Err(ProviderError::OutcomeUnknown { .. })), "{kind:?}: {outcome:?}");
        let expected = if is_done { api_moved() } else { view.rrsets.clone() };
        assert_eq!(rig.read(&[api()]).rrsets, expected, "{kind:?}");
        assert_eq!(rig.fake.requests(Operation::Batch), 2, "{kind:?}: sent once, after the adoption");
    }
}

#[test]
fn a_listing_that_is_short_or_stale_writes_nothing() {
    let rig = Rig::start(content());
    let view = rig.adopt(&[api()]);
    let sizes = rig.fake.batches().len();
    rig.fake.inject(Fault { operation: Operation::ListRecords, skip: 0, times: 6, kind: Kind::ShortPage(1) });
    let outcome = rig.apply(&plan(&view, &api_moved(), 2));
    assert!(matches!(outcome, Err(ProviderError::Transient { .. })), "{outcome:?}");
    assert_eq!(rig.fake.batches().len(), sizes);
    rig.fake.heal();

    // A read that does not know the last write offers ids that are gone.
    rig.apply(&plan(&view, &view.rrsets, 2)).expect("annotated");
    let applied = rig.read(&[api()]);
    rig.fake.inject(Fault { operation: Operation::ListRecords, skip: 0, times: 2, kind: Kind::Stale(1) });
    assert_conflict(&rig.apply(&plan(&view, &api_moved(), 3)));
    rig.fake.heal();
    assert_eq!(rig.read(&[api()]), applied);
}

#[test]
fn a_flip_that_fits_no_batch_is_refused_and_never_split() {
    let many: Vec<String> = (1..=100).map(|number| format!("192.0.2.{number}")).collect();
    let records = many.iter().map(|address| NewRecord::new("api", RecordType::A, address, 60)).collect();
    let rig = Rig::start_on(Plan::Free, records);
    let view = rig.read(&[api()]);
    let outcome = rig.apply(&plan(&view, &view.rrsets, 1));
    assert!(
        matches!(&outcome, Err(ProviderError::Invalid { record, reason, .. })
            if record == &format!("{FENCE}.") && reason.contains("201 operations")),
        "{outcome:?}"
    );
    assert_eq!(rig.fake.requests(Operation::Batch), 0);
}

#[test]
fn throttling_is_told_with_its_wait() {
    let rig = Rig::start(content());
    let failure = Failure::Throttled { retry_after_secs: 77 };
    rig.fake.inject(Fault::once(Operation::ListRecords, Kind::Refused(failure)));
    let outcome = rig.try_read(&[api()]);
    assert!(
        matches!(&outcome, Err(ProviderError::Throttled { retry_after, .. }) if retry_after.as_secs() == 77),
        "{outcome:?}"
    );
}
