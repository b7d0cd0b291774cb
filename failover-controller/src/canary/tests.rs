//! Tests of [`super`], on a zone in memory and a server that serves what a test says.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use dns_core::fence::text::FenceText;
use dns_core::fence::text::canary::Canary;
use dns_core::fence::{Rev, WriteId};
use dns_core::identifier::ServiceName;
use dns_core::rrset::{Ttl, canonical_name};
use dns_core::zone::{FoundFence, ReadRequest};
use dns_provider::memory::{Call, Fault, Memory};
use dns_provider::port::{Provider as _, Urgency};
use hickory_proto::op::Message;
use hickory_proto::rr::rdata::TXT;
use hickory_proto::rr::{Name, RData, Record};
use tokio::net::UdpSocket;

use super::*;

fn zone() -> Name {
    canonical_name("example.com").expect("a name")
}

fn fence_name() -> Name {
    Canary::name_in(&zone()).expect("fits")
}

/// An authoritative server of a zone in memory, that follows it, or has stopped to.
#[derive(Clone)]
struct Secondary {
    memory: Memory,
    stuck: Arc<AtomicBool>,
    served: Arc<Mutex<Vec<RData>>>,
}

impl Secondary {
    async fn start(memory: &Memory) -> (Self, SocketAddr) {
        let secondary = Self { memory: memory.clone(), stuck: Arc::default(), served: Arc::default() };
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        let address = socket.local_addr().expect("an address");
        let serving = secondary.clone();
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok((length, client)) = socket.recv_from(&mut buffer).await {
                let request = Message::from_vec(&buffer[..length]).expect("a message");
                let answer = serving.answer(&request).await;
                socket.send_to(&answer.to_vec().expect("bytes"), client).await.expect("sent");
            }
        });
        (secondary, address)
    }

    async fn answer(&self, request: &Message) -> Message {
        if !self.stuck.load(Ordering::SeqCst) {
            let texts = text_in(&self.memory).await.into_iter();
            let now = texts.map(|text| RData::TXT(TXT::new(text.strings().to_vec()))).collect();
            *self.served.lock().expect("unpoisoned") = now;
        }
        let mut message = Message::response(request.metadata.id, request.metadata.op_code);
        message.metadata.authoritative = true;
        message.queries.clone_from(&request.queries);
        let served = self.served.lock().expect("unpoisoned").clone();
        message.answers.extend(served.into_iter().map(|data| Record::from_rdata(fence_name(), 60, data)));
        message
    }
}

async fn text_in(memory: &Memory) -> Option<FenceText> {
    let request = ReadRequest { zone: zone(), fence_name: fence_name(), keys: BTreeSet::new() };
    let view = memory.read(&request, Urgency::Watch).await.expect("a view");
    match view.fence {
        FoundFence::Present { text, .. } => Some(text),
        FoundFence::Absent | FoundFence::Unreadable { .. } => None,
    }
}

struct World {
    memory: Memory,
    secondary: Secondary,
    canaries: Canaries,
    provider: ProviderInUse,
    place: Place,
}

impl World {
    async fn start() -> Self {
        let memory = Memory::new(&zone(), Vec::new());
        let (secondary, address) = Secondary::start(&memory).await;
        let canaries = Canaries {
            every: Duration::from_millis(50),
            served_within: Duration::from_secs(2),
            install: "acme".parse().expect("a name"),
            actor: "controller-1".parse().expect("a name"),
            clock: Clock::start(),
            asides: Asides::default(),
        };
        let provider = crate::providers::in_use_for_test(Arc::new(memory.clone()), address);
        let place = Place { provider: "main".parse().expect("a name"), zone: zone() };
        Self { memory, secondary, canaries, provider, place }
    }

    async fn fly(&self, fresh_for: Duration) -> Result<Flown, Failed> {
        let Self { canaries, place, provider, .. } = self;
        Flight { canaries, place, provider }.fly(fresh_for).await
    }

    async fn canary(&self) -> Canary {
        Canary::parse(&text_in(&self.memory).await.expect("a text")).expect("a canary")
    }

    fn put(&self, text: FenceText) {
        self.memory.put_texts(&fence_name(), Ttl::from_secs(60).expect("a TTL"), vec![text]);
    }

    /// What the services of the zone are told to look at.
    fn told(&self, mode: Mode) -> Option<String> {
        let service: ServiceName = "checkout".parse().expect("a name");
        self.canaries.asides.of(&service, mode, &self.place).canary
    }
}

#[tokio::test]
async fn writes_one_where_there_is_none_and_replaces_it_when_it_is_old() {
    let world = World::start().await;
    assert!(world.fly(Duration::from_hours(1)).await.expect("arrives").written);
    let first = world.canary().await;
    assert_eq!((first.rev, first.by.as_str()), (Rev::new(1), "controller-1"));

    let young = world.fly(Duration::from_hours(1)).await.expect("arrived before");
    assert_eq!((young.written, young.at), (false, first.at));
    assert_eq!(world.canary().await, first, "nothing was written");

    assert!(world.fly(Duration::ZERO).await.expect("arrives").written);
    assert_eq!(world.canary().await.rev, Rev::new(2));
}

#[tokio::test]
async fn replaces_another_installations_and_leaves_what_is_no_canary() {
    let world = World::start().await;
    let at = world.canaries.clock.wall();
    let other = Canary {
        install: "other".parse().expect("a name"),
        provider: world.place.provider.clone(),
        rev: Rev::new(41),
        write: WriteId::at(at, 1),
        at,
        by: "controller-9".parse().expect("a name"),
    };
    world.put(other.to_text().expect("fits"));
    assert!(world.fly(Duration::from_hours(1)).await.expect("arrives").written, "theirs proves nothing of our rights");
    assert_eq!((world.canary().await.rev, world.canary().await.install.as_str()), (Rev::new(42), "acme"));

    let hands = FenceText::from_strings(vec!["do not touch".to_owned()]);
    world.put(hands.clone());
    let failed = world.fly(Duration::ZERO).await.expect_err("it is no canary");
    assert!(!failed.passing && failed.reason.contains("which is no canary; delete it"), "{failed:?}");
    assert_eq!(text_in(&world.memory).await, Some(hands), "and left alone");
}

#[tokio::test]
async fn one_of_the_future_is_taken_for_one_of_now() {
    let world = World::start().await;
    world.fly(Duration::ZERO).await.expect("arrives");
    let tomorrow = world.canaries.clock.wall() + Duration::from_hours(24);
    world.put(Canary { at: tomorrow, ..world.canary().await }.to_text().expect("fits"));
    let young = world.fly(Duration::from_hours(1)).await.expect("arrived before");
    assert!(!young.written && young.at <= world.canaries.clock.wall());
}

#[tokio::test]
async fn a_lost_answer_is_success_if_the_zone_holds_it() {
    let world = World::start().await;
    world.memory.fail_next(Call::Apply, Fault::LostAfterApplying);
    assert!(world.fly(Duration::ZERO).await.expect("it is there").written);
    world.memory.fail_next(Call::Apply, Fault::LostBeforeApplying);
    assert!(world.fly(Duration::ZERO).await.expect_err("it is not there").passing);
}

#[tokio::test]
async fn what_fails_because_of_the_moment_is_tried_again_and_a_lost_right_pages_at_once() {
    let world = World::start().await;
    let World { canaries, place, provider, .. } = &world;
    world.memory.fail_next(Call::Apply, Fault::Transient);
    world.memory.fail_next(Call::Read, Fault::Transient);
    canaries.fly(place, provider, false).await.expect("the third time");
    assert_eq!(world.told(Mode::Active), None);

    world.memory.fail_next(Call::Apply, Fault::Denied);
    canaries.fly(place, provider, true).await.expect_err("denied");
    let told = world.told(Mode::Active).expect("a page");
    assert!(told.starts_with("the canary of zone example.com. did not arrive"), "{told}");
    assert_eq!(world.told(Mode::Observe), None, "who does not move loses nothing");

    canaries.fly(place, provider, true).await.expect("mended");
    assert_eq!(world.told(Mode::Active), None, "it ends by itself");
}

#[tokio::test]
async fn after_a_failure_a_young_one_proves_nothing() {
    let world = World::start().await;
    let mut canaries = world.canaries;
    canaries.every = Duration::from_hours(24);
    canaries.fly(&world.place, &world.provider, false).await.expect("arrives");
    let before = text_in(&world.memory).await;
    canaries.fly(&world.place, &world.provider, true).await.expect("arrives");
    assert_ne!(text_in(&world.memory).await, before, "written anew");
}

#[tokio::test]
async fn a_server_that_does_not_follow_is_a_failure() {
    let mut world = World::start().await;
    world.fly(Duration::ZERO).await.expect("arrives");
    world.canaries.served_within = Duration::from_millis(100);
    world.secondary.stuck.store(true, Ordering::SeqCst);
    let failed = world.fly(Duration::ZERO).await.expect_err("it serves the one before");
    assert!(!failed.passing && failed.reason.contains("not on every server"), "{failed:?}");
}

#[tokio::test]
async fn only_places_of_services_that_move_by_themselves_get_one() {
    let service = crate::verifier::tests::service("192.0.2.10");
    let observing = Arc::new(Service { mode: Mode::Observe, ..(*service).clone() });
    assert_eq!(places([&service, &observing]), BTreeSet::from([service.place()]));
    assert_eq!(places([&observing]), BTreeSet::new());
}
