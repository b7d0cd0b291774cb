//! Watching an API's zone over DNS: what is seen, and what it costs.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use dns_core::change::{ChangeSet, Guard};
use dns_core::fence::text::FenceText;
use dns_core::rrset::{GuardedType, Rrset, RrsetKey, Ttl, Weighted, canonical_name};
use dns_core::time::Timestamp;
use dns_core::zone::{FoundFence, ReadRequest, ZoneView};
use dns_provider::authoritative::Discovery;
use dns_provider::memory::{Call, Fault, Memory};
use dns_provider::port::{Capabilities, Permit, Progress, Provider, ProviderError, Receipt, Urgency, ZoneFacts};
use dns_provider::watched::{API_EVERY, Watched};
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::{A, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use crate::script::{Script, answer_to};

/// An API that counts its reads.
struct Counted {
    memory: Memory,
    reads: Arc<AtomicUsize>,
    lagging: Lagging,
}

/// What the next read shows, instead of what is there.
type Lagging = Arc<Mutex<Option<ZoneView>>>;

#[async_trait]
impl Provider for Counted {
    fn capabilities(&self) -> Capabilities {
        self.memory.capabilities()
    }

    async fn read(&self, request: &ReadRequest, urgency: Urgency) -> Result<ZoneView, ProviderError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        let lagging = self.lagging.lock().expect("unpoisoned").take();
        match lagging {
            Some(view) => Ok(view),
            None => self.memory.read(request, urgency).await,
        }
    }

    async fn apply(&self, change: &ChangeSet, permit: &Permit) -> Result<Receipt, ProviderError> {
        self.memory.apply(change, permit).await
    }

    async fn status(&self, receipt: &Receipt) -> Result<Progress, ProviderError> {
        self.memory.status(receipt).await
    }

    async fn zone(&self, zone: &Name) -> Result<ZoneFacts, ProviderError> {
        self.memory.zone(zone).await
    }
}

fn name(text: &str) -> Name {
    canonical_name(text).expect("a name")
}

fn ttl() -> Ttl {
    Ttl::from_secs(60).expect("a TTL")
}

fn fence(rev: u32) -> FenceText {
    FenceText::from_strings(vec![format!("rev={rev};")])
}

fn api(last: u8) -> Rrset {
    let key = RrsetKey::new(&name("api.example.com"), GuardedType::A);
    Rrset::new(key, ttl(), [RData::A(A([192, 0, 2, last].into()))]).expect("an RRset")
}

fn request() -> ReadRequest {
    ReadRequest {
        zone: name("example.com"),
        fence_name: name("_checkout._failover.example.com"),
        keys: BTreeSet::from([api(1).key().clone()]),
    }
}

/// What the servers serve: whose fence, and which address.
type Serving = Arc<Mutex<(u32, u8)>>;

async fn server(serving: &Serving) -> Script {
    let serving = Arc::clone(serving);
    Script::udp(move |request| answer(request, *serving.lock().expect("unpoisoned"))).await
}

fn answer(request: &Message, (rev, last): (u32, u8)) -> Message {
    let (asked, rtype) = (request.queries[0].name().clone(), request.queries[0].query_type());
    let mut answer = answer_to(request, ResponseCode::NoError);
    let data = match rtype {
        RecordType::TXT => Some(RData::TXT(TXT::new(fence(rev).strings().to_vec()))),
        RecordType::A if asked == name("api.example.com") => Some(RData::A(A([192, 0, 2, last].into()))),
        _ => None,
    };
    answer.answers.extend(data.map(|data| Record::from_rdata(asked, 60, data)));
    answer
}

struct World {
    memory: Memory,
    reads: Arc<AtomicUsize>,
    lagging: Lagging,
    serving: Serving,
    watched: Arc<Watched>,
}

impl World {
    /// An API and servers that agree.
    async fn start() -> Self {
        let serving = Serving::new(Mutex::new((1, 1)));
        let servers = [server(&serving).await.address, server(&serving).await.address];
        Self::on(serving, &servers)
    }

    fn on(serving: Serving, servers: &[SocketAddr]) -> Self {
        let memory = Memory::new(&name("example.com"), Vec::new());
        memory.put(api(1));
        memory.put_texts(&request().fence_name, ttl(), vec![fence(1)]);
        let reads = Arc::<AtomicUsize>::default();
        let lagging = Lagging::default();
        let api = Counted { memory: memory.clone(), reads: Arc::clone(&reads), lagging: Arc::clone(&lagging) };
        let discovery = Arc::new(Discovery::new(servers.to_vec(), None, Vec::new()));
        Self { memory, reads, lagging, serving, watched: Arc::new(Watched::new(Arc::new(api), discovery)) }
    }

    /// What a look in quiet times sees, and how many calls of the API there were by then.
    async fn look(&self) -> (ZoneView, usize) {
        let view = self.watched.read(&request(), Urgency::Watch).await.expect("a view");
        (view, self.reads.load(Ordering::SeqCst))
    }

    async fn flip(&self) {
        let permit = Permit { granted: Timestamp::from_secs(1), length: Duration::from_secs(10) };
        self.watched.apply(&flip(), &permit).await.expect("the conditions hold");
    }
}

fn flip() -> ChangeSet {
    ChangeSet {
        zone: name("example.com"),
        fence_name: request().fence_name,
        guard: Guard::Exactly { ttl: ttl(), text: fence(1) },
        requires: vec![dns_core::change::Requirement::Exactly(api(1))],
        deletes: vec![api(1)],
        creates: vec![api(2)],
        fence_ttl: ttl(),
        fence: fence(2),
    }
}

fn seen(view: &ZoneView) -> (String, String) {
    let FoundFence::Present { text, .. } = &view.fence else { panic!("a fence: {view:?}") };
    (text.to_string(), view.rrsets.values().map(ToString::to_string).collect())
}

#[tokio::test]
async fn quiet_zone_costs_one_call_of_the_api_each_ten_minutes() {
    let world = World::start().await;
    let (first, calls) = world.look().await;
    assert_eq!(calls, 1);
    for _ in 0..5 {
        assert_eq!(world.look().await, (first.clone(), 1));
    }
    tokio::time::pause();
    tokio::time::advance(API_EVERY).await;
    tokio::time::resume();
    assert_eq!(world.look().await, (first, 2));
}

#[tokio::test]
async fn answers_that_are_drawn_by_weight_are_read_from_the_api() {
    let world = World::start().await;
    let one = |identifier: &str, last| Weighted { identifier: identifier.to_owned(), weight: 50, set: api(last) };
    world.memory.put(Rrset::weighted_of(api(1).key().clone(), [one("prod", 1), one("dr", 2)]).expect("a set"));
    assert_eq!(world.look().await.1, 1);
    assert_eq!(world.look().await.1, 2, "any of them could have been served under other weights");
}

#[tokio::test]
async fn hand_edit_is_seen_through_any_server() {
    let world = World::start().await;
    world.look().await;
    world.memory.put(api(9));
    world.serving.lock().expect("unpoisoned").1 = 9;
    let (view, calls) = world.look().await;
    assert!(seen(&view).1.contains("192.0.2.9"), "{view:?}");
    assert_eq!(calls, 2);
    assert_eq!(world.look().await, (view, 2), "once it is known it is quiet again");
}

#[tokio::test]
async fn fence_that_differs_is_read_from_the_api() {
    let world = World::start().await;
    world.look().await;
    world.memory.put_texts(&request().fence_name, ttl(), vec![fence(7)]);
    world.serving.lock().expect("unpoisoned").0 = 7;
    let (view, calls) = world.look().await;
    assert!(seen(&view).0.contains("rev=7") && calls == 2, "{view:?}");
}

#[tokio::test]
async fn servers_that_have_not_followed_a_write_confirm_nothing() {
    let world = World::start().await;
    world.look().await;
    world.flip().await;
    // They still serve what was read before it.
    let (view, calls) = world.look().await;
    assert!(seen(&view).0.contains("rev=2") && calls == 2, "{view:?}");
}

#[tokio::test]
async fn listing_that_lags_behind_a_write_is_confirmed_by_no_server_that_does_so_too() {
    let world = World::start().await;
    let (before, _) = world.look().await;
    world.flip().await;
    *world.lagging.lock().expect("unpoisoned") = Some(before.clone());
    assert_eq!(world.look().await, (before, 2), "the API itself lags");
    // The second look is the one that settles the doubt.
    let (view, calls) = world.look().await;
    assert!(seen(&view).0.contains("rev=2") && calls == 3, "{view:?}");
    *world.serving.lock().expect("unpoisoned") = (2, 2);
    assert_eq!(world.look().await, (view, 3), "and then it is quiet");
}

#[tokio::test]
async fn write_that_was_not_made_leaves_the_zone_as_quiet_as_it_was() {
    let world = World::start().await;
    let permit = Permit { granted: Timestamp::from_secs(1), length: Duration::from_secs(10) };
    world.memory.fail_next(Call::Apply, Fault::Transient);
    world.watched.apply(&flip(), &permit).await.expect_err("it cannot be reached");
    let (view, calls) = world.look().await;
    assert!(seen(&view).0.contains("rev=1") && calls == 1, "{view:?}");
    assert_eq!(world.look().await, (view, 1));
}

#[tokio::test]
async fn read_during_a_write_is_not_remembered() {
    let world = World::start().await;
    let hold = world.memory.hold_next_apply();
    // The write is polled first, so it has begun and waits when the zone is read.
    let ((), before) = tokio::join!(world.flip(), async {
        let (before, calls) = world.look().await;
        assert_eq!(calls, 1);
        drop(hold);
        before
    });
    assert!(seen(&before).0.contains("rev=1"), "the write waited: {before:?}");
    let (view, calls) = world.look().await;
    assert!(seen(&view).0.contains("rev=2") && calls == 2, "{view:?}");
}

/// While a region is evacuated some fence is always being written.
#[tokio::test]
async fn read_is_remembered_while_other_fences_are_written() {
    let world = World::start().await;
    let hold = world.memory.hold_next_apply();
    let mut other = flip();
    other.fence_name = name("_other._failover.example.com");
    let permit = Permit { granted: Timestamp::from_secs(1), length: Duration::from_secs(10) };
    tokio::join!(
        async {
            assert_eq!(world.look().await.1, 1);
            drop(hold);
        },
        // What becomes of it is of no interest here: its fence does not exist.
        async { drop(world.watched.apply(&other, &permit).await) }
    );
    assert_eq!(world.look().await.1, 1, "it was remembered");
}

#[tokio::test]
async fn api_is_read_while_no_server_answers_and_for_every_write() {
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    let world = World::on(Serving::default(), &[silent.local_addr().expect("an address")]);
    world.look().await;
    assert_eq!(world.look().await.1, 2);

    let world = World::start().await;
    world.look().await;
    world.watched.read(&request(), Urgency::Flip).await.expect("a view");
    assert_eq!(world.reads.load(Ordering::SeqCst), 2, "a plan is never made from an answer in DNS");
}
