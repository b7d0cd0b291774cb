//! Tests of [`super`], on resolvers that keep what a test says.

use std::sync::Mutex;

use dns_core::fence::text::FenceText;
use dns_core::fence::{Epoch, Rev, WriteId};
use dns_core::rrset::{Rrsets, records_digest};
use hickory_proto::op::Message;
use hickory_proto::rr::Record;
use hickory_proto::rr::rdata::{A, SOA};
use tokio::net::UdpSocket;

use super::*;
use crate::verifier::tests::service;

const OLD: [u8; 4] = [192, 0, 2, 10];
const NEW: [u8; 4] = [198, 51, 100, 10];

/// What a server answers to any question: an address with a TTL.
type Answers = Arc<Mutex<([u8; 4], u32)>>;

async fn resolver(answers: &Answers) -> SocketAddr {
    let answers = Arc::clone(answers);
    serve(move |request, message| {
        assert!(request.metadata.recursion_desired, "a resolver is asked to resolve");
        let (address, ttl) = *answers.lock().expect("unpoisoned");
        let name = request.queries[0].name().clone();
        message.answers.push(Record::from_rdata(name, ttl, RData::A(A(address.into()))));
    })
    .await
}

async fn serve(answer: impl Fn(&Message, &mut Message) + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    let address = socket.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        while let Ok((length, client)) = socket.recv_from(&mut buffer).await {
            let request = Message::from_vec(&buffer[..length]).expect("a message");
            let mut message = Message::response(request.metadata.id, request.metadata.op_code);
            message.queries.clone_from(&request.queries);
            answer(&request, &mut message);
            socket.send_to(&message.to_vec().expect("bytes"), client).await.expect("sent");
        }
    });
    address
}

/// A move that was made so long ago, to [`NEW`].
fn verification(age: Duration, plan: u128) -> Verification {
    let service = service("198.51.100.10");
    let expected: Rrsets = service.render(service.preferred()).expect("renders");
    let now = Clock::start().wall();
    let moved = Timestamp::from_secs(now.before(age).as_secs());
    let fence = Fence {
        install: service.installation.clone(),
        id: service.name.clone(),
        provider: service.provider.clone(),
        epoch: Epoch::new(1),
        rev: Rev::new(1),
        write: WriteId::at(now, plan),
        plan: DecisionId::at(moved, plan),
        active: Some(service.preferred().clone()),
        blend: None,
        released: None,
        moved,
        by: "controller".parse().expect("a name"),
        cfg: 0,
        pin: None,
        pause: None,
        dwell: None,
        rrs: expected.keys().cloned().collect(),
        digest: records_digest(&expected),
        unknown: Vec::new(),
    };
    let fence: FenceText = fence.to_text(&service.zone).expect("fits");
    Verification { service, fence, expected, absent: std::collections::BTreeSet::default(), moves: true }
}

struct World {
    panel: Panel,
    messages: crate::engine::handle::Inbox,
    drains: Drains,
    stop: CancellationToken,
}

type Message_ = crate::engine::handle::Message;

impl World {
    fn start(resolvers: &[SocketAddr]) -> Self {
        let (engine, messages, _publish) = Engine::channel();
        let panel = Panel { resolvers: resolvers.into(), clock: Clock::start(), engine, asides: Asides::default() };
        let (drains, requests) = Drains::channel();
        let stop = CancellationToken::new();
        tokio::spawn(run(requests, panel.clone(), stop.clone()));
        Self { panel, messages, drains, stop }
    }

    fn drained(&self) -> Option<Drained> {
        let service = service("198.51.100.10");
        self.panel.asides.of(&service.name, service.mode, &service.place()).drain
    }

    async fn until(&self, wanted: impl Fn(&Drained) -> bool) -> Drained {
        let reached = async {
            loop {
                if let Some(drained) = self.drained().filter(&wanted) {
                    return drained;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let reached = tokio::time::timeout(Duration::from_secs(20), reached).await;
        reached.unwrap_or_else(|_| panic!("{:?}", self.drained()))
    }

    async fn row(&mut self) -> HistoryEntry {
        let message = tokio::time::timeout(Duration::from_secs(20), self.messages.recv()).await;
        let Ok(Some(Message_::Recorded(entry))) = message else { panic!("no row") };
        *entry
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[tokio::test]
async fn counts_who_has_followed_and_tells_how_long_the_others_may_take() {
    let (first, second) = (Answers::new(Mutex::new((NEW, 60))), Answers::new(Mutex::new((OLD, 41))));
    let mut world = World::start(&[resolver(&first).await, resolver(&second).await]);
    world.drains.begin(verification(Duration::ZERO, 1), None);
    let halfway = world.until(|drained| drained.running).await;
    assert_eq!(halfway.describe(), "drained 1 of 2 resolvers, the rest within 42 s");

    *second.lock().expect("unpoisoned") = (NEW, 60);
    let whole = world.until(|drained| !drained.running).await;
    assert_eq!((whole.served(), whole.estimate()), (2, None));
    let row = world.row().await;
    assert_eq!((row.kind, &row.decision), (HistoryKind::Drained, &Some(whole.plan)));
    assert!(row.summary.starts_with("drained 2 of 2 resolvers after ") && !row.page, "{row:?}");
}

#[tokio::test]
async fn ends_when_the_old_ttl_has_run_out_and_names_who_ignores_it() {
    let stubborn = Answers::new(Mutex::new((OLD, 3600)));
    let at = resolver(&stubborn).await;
    let mut world = World::start(&[at]);
    // The records' TTL is 60 s: two seconds of it and the slack are left.
    world.drains.begin(verification(Duration::from_mins(1), 1), None);
    let running = world.until(|drained| drained.running).await;
    assert!(running.rest <= SLACK, "{running:?}");
    let row = world.row().await;
    let told = format!("although the old TTL has run out: {at} answers api.example.com. A 192.0.2.10");
    assert!(row.summary.contains(&told), "{row:?}");
    assert!(!world.drained().expect("published").running);
}

#[tokio::test]
async fn samples_nothing_that_has_run_out_already_and_a_move_only_once() {
    let answers = Answers::new(Mutex::new((NEW, 60)));
    let mut world = World::start(&[resolver(&answers).await]);
    world.drains.begin(verification(Duration::from_mins(10), 1), None);
    world.drains.begin(verification(Duration::ZERO, 2), None);
    let first = world.row().await;
    assert_eq!(first.decision.map(|plan| plan.to_string()), world.drained().map(|drained| drained.plan.to_string()));
    // A small write on top of the move has its plan; another move has another.
    world.drains.begin(verification(Duration::ZERO, 2), None);
    world.drains.begin(verification(Duration::ZERO, 3), None);
    let second = world.row().await;
    assert!(second.decision.is_some_and(|plan| plan.as_str().ends_with('3')), "the repeated one was not sampled");
}

#[tokio::test]
async fn nothing_is_sampled_without_a_panel_or_of_a_proxys_answers() {
    let world = World::start(&[]);
    let drain = |verification| Drain { verification, source: None };
    assert!(Move::of(drain(verification(Duration::ZERO, 1)), &world.panel).is_none());
    let world = World::start(&[SocketAddr::from(([192, 0, 2, 53], 53))]);
    let mut proxied = verification(Duration::ZERO, 1);
    assert!(Move::of(drain(proxied.clone()), &world.panel).is_some());
    proxied.expected = proxied.expected.into_iter().map(|(key, set)| (key, set.proxied())).collect();
    assert!(Move::of(drain(proxied), &world.panel).is_none());
}

#[tokio::test]
async fn a_record_that_was_not_there_may_be_missed_for_as_long_as_the_soa_says() {
    let zone = (*service("198.51.100.10").zone).clone();
    let soa = |minimum| {
        let (zone, owner) = (zone.clone(), zone.clone());
        serve(move |_, message| {
            message.metadata.authoritative = true;
            let data = RData::SOA(SOA::new(zone.clone(), zone.clone(), 1, 3600, 600, 604_800, minimum));
            message.answers.push(Record::from_rdata(owner.clone(), 900, data));
        })
    };
    // RFC 2308 §5: the lesser of the minimum and the SOA's own TTL.
    let source = |server| Source { server, outlook: Outlook::Here };
    assert_eq!(absence_lifetime(&source(soa(300).await), &zone).await, Duration::from_mins(5));
    assert_eq!(absence_lifetime(&source(soa(86_400).await), &zone).await, Duration::from_mins(15));
    let silent = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    let nobody = silent.local_addr().expect("an address");
    assert_eq!(absence_lifetime(&source(nobody), &zone).await, ABSENCE_DEFAULT);
}
