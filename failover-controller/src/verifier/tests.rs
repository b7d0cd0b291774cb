//! Tests of [`super`].

use std::cell::Cell;

use dns_core::fence::{Epoch, Rev, WriteId};
use dns_core::policy::{
    Capacity, Detection, Failback, FailoverBudget, GuardDemand, OnForeignChange, OnStandbyFailure, Policy,
};
use dns_core::probe::Probes;
use dns_core::rrset::{GuardedType, Ttl, canonical_name, records_digest};
use dns_core::service::{Endpoint, Mode, Record, RecordValues, Region};
use dns_core::shared::Shared;
use dns_core::time::Timestamp;

use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use dns_core::change::{ChangeSet, Guard};
use dns_core::zone::{ReadRequest, ZoneView};
use dns_provider::authoritative::{AskError, Servers, Unresolved};
use dns_provider::memory::Memory;
use dns_provider::port::{Capabilities, Permit, Progress, Provider, ProviderError, Receipt, Urgency, ZoneFacts};
use hickory_proto::op::Message as Message_;
use hickory_proto::rr::rdata::TXT;
use hickory_proto::rr::{Name, RData};
use tokio::net::UdpSocket;

use super::asking::{PAUSE_MIN, Questions, SILENCE, delivery, find_all};
use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_795_246_200);

fn server(last: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, last], 53))
}

fn found(last: &[u8], missing: &[&str]) -> Servers {
    let name = |text: &&str| canonical_name(text).expect("a name");
    let unresolved = missing.iter().map(|text| Unresolved { name: name(text), reason: "timed out".to_owned() });
    Servers { addresses: last.iter().copied().map(server).collect(), unresolved: unresolved.collect() }
}

fn lost() -> Result<Servers, AskError> {
    Err(AskError::Silent { server: server(1), reason: "timed out".to_owned() })
}

/// Looks that come back one after the other, the last of them for ever.
async fn find(
    looks: &[fn() -> Result<Servers, AskError>],
    within: Duration,
) -> (Result<Vec<Unresolved>, AskError>, Vec<SocketAddr>, usize) {
    let (looked, mut addresses) = (Cell::new(0), BTreeSet::new());
    let look = || {
        let at = looked.replace(looked.get() + 1);
        std::future::ready(looks[at.min(looks.len() - 1)]())
    };
    let missing = find_all(look, within, |server| {
        addresses.insert(server);
    })
    .await;
    (missing, addresses.into_iter().collect(), looked.get())
}

#[tokio::test]
async fn looks_again_after_a_lost_packet() {
    let looks: [fn() -> _; 4] = [lost, || Ok(found(&[1], &["ns2.example.com"])), lost, || Ok(found(&[1, 2], &[]))];
    assert_eq!(find(&looks, SILENCE).await, (Ok(Vec::new()), vec![server(1), server(2)], 4));
}

#[tokio::test]
async fn gives_up_looking_after_a_while_and_keeps_what_it_knows() {
    let (missing, addresses, looked) = find(&[lost], Duration::ZERO).await;
    assert!(missing.is_err() && addresses.is_empty() && looked == 1);
    let some: fn() -> _ = || Ok(found(&[1], &["ns2.example.com"]));
    let (missing, addresses, _) = find(&[some, lost], PAUSE_MIN).await;
    assert_eq!(missing.expect("told once").len(), 1);
    assert_eq!(addresses, [server(1)]);
}

/// `checkout`, with one region that answers with this address.
pub(crate) fn service(address: &str) -> Arc<Service> {
    let key = RrsetKey::new(&canonical_name("api.example.com").expect("a name"), GuardedType::A);
    let ttl = Ttl::from_secs(60).expect("a TTL");
    let address = Endpoint::Address(address.parse().expect("an address"));
    Arc::new(Service {
        name: "checkout".parse().expect("a name"),
        installation: "acme".parse().expect("a name"),
        mode: Mode::Active,
        zone: canonical_name("example.com").expect("a name").into(),
        provider: "main".parse().expect("a name"),
        policy: Policy {
            interval: Duration::from_secs(5),
            timeout: Duration::from_secs(2),
            detection: Detection { fall: 3, rise: 5 },
            quorum: 1,
            capacity: Capacity::default(),
            vantage_points: ["fra1".parse().expect("a name")].into(),
            ready_for: Duration::from_mins(2),
            cooldown: Duration::from_mins(10),
            failback: Failback::Manual,
            on_standby_failure: OnStandbyFailure::Failover,
            failover_budget: FailoverBudget::default(),
            dwell: dns_core::dwell::DwellPolicy::default(),
            overrides: dns_core::overriding::OverrideTerm::default(),
            approval: dns_core::approval::ApprovalPolicy::default(),
            on_foreign_change: OnForeignChange::Hold,
            standby_unready_for: dns_core::policy::STANDBY_UNREADY_FOR,
            certificate_warning: dns_core::policy::CERTIFICATE_WARNING,
            recovery_time_objective: None,
            guard: GuardDemand::Any,
            verify_within: Duration::from_secs(30),
        }
        .into(),
        records: vec![Record { key, ttl, values: RecordValues::Endpoints, proxied: false, absent_in: BTreeSet::new() }]
            .into(),
        regions: vec![Region {
            name: "prod".parse().expect("a region"),
            endpoints: [address].into(),
            probes: Probes::default(),
            inside: Shared::default(),
            gates: Shared::default(),
        }]
        .into(),
        windows: Arc::default(),
        revision: 0,
    })
}

fn fence(service: &Service) -> Fence {
    let rendered = service.render(service.preferred()).expect("renders");
    Fence {
        install: service.installation.clone(),
        id: service.name.clone(),
        provider: service.provider.clone(),
        epoch: Epoch::new(1),
        rev: Rev::new(1),
        write: WriteId::at(NOW, 1),
        plan: DecisionId::at(NOW, 1),
        active: Some(service.preferred().clone()),
        blend: None,
        released: None,
        moved: NOW,
        by: "controller".parse().expect("a name"),
        cfg: 0,
        pin: None,
        pause: None,
        dwell: None,
        rrs: rendered.keys().cloned().collect(),
        digest: records_digest(&rendered),
        unknown: Vec::new(),
    }
}

#[test]
fn a_restart_expects_the_records_of_an_unchanged_configuration() {
    let service = service("192.0.2.10");
    let verification = Verification::from_configuration(&service, &fence(&service)).expect("to be made");
    assert_eq!(verification.expected, service.render(service.preferred()).expect("renders"));
}

#[test]
fn a_restart_expects_the_fence_alone_of_a_changed_configuration_and_of_a_released_service() {
    let before = service("192.0.2.10");
    let changed = service("192.0.2.99");
    let gone = Fence { active: Some("elsewhere".parse().expect("a region")), ..fence(&before) };
    let tombstone = Fence { active: None, released: Some(NOW), ..fence(&before) };
    for (service, fence) in [(&changed, &fence(&before)), (&before, &gone), (&before, &tombstone)] {
        let verification = Verification::from_configuration(service, fence).expect("it never stays unfinished");
        assert!(verification.expected.is_empty() && verification.absent.is_empty(), "{verification:?}");
    }
}

#[tokio::test]
async fn a_server_whose_question_panics_is_told_as_silent_and_not_dropped() {
    let mut questions = Questions::default();
    questions.ask(server(1), async { delivery(server(1), DeliveryOutcome::Served, None, None) });
    questions.ask(server(2), async { panic!("a fault in one question") });
    questions.ask(server(2), async { unreachable!("each is asked once") });
    let mut answers = questions.answers().await;
    answers.sort_by(|one, other| one.server.cmp(&other.server));
    let told: Vec<_> = answers.iter().map(|answer| (answer.server.as_str(), answer.outcome)).collect();
    assert_eq!(told, [("192.0.2.1:53", DeliveryOutcome::Served), ("192.0.2.2:53", DeliveryOutcome::Silent)]);
    assert_eq!(answers[1].detail.as_deref(), Some(PANICKED));
}

#[tokio::test]
async fn a_verification_that_panics_is_answered_for_and_one_that_was_replaced_is_not() {
    let (engine, mut messages, _publish) = Engine::channel();
    let mut running = Running { engine, tasks: JoinSet::new(), of_task: HashMap::new(), by_place: BTreeMap::new() };
    let asked = |number| Asked { decision: DecisionId::at(NOW, number), subject: server(1).to_string() };
    let name: ServiceName = "checkout".parse().expect("a name");
    let of = (name.clone(), service("192.0.2.10").place());
    running.begin(of.clone(), Some(asked(1)), std::future::pending());
    running.begin(of, Some(asked(2)), async { panic!("a fault in one verification") });
    for _ in 0..2 {
        let ended = running.tasks.join_next_with_id().await.expect("two have begun");
        running.end(ended);
    }
    let message = tokio::time::timeout(SILENCE, messages.recv()).await.expect("nobody answers for it");
    let Some(Message::Verified(service, decision, deliveries, reply)) = message else {
        panic!("nobody answers for it");
    };
    assert_eq!((service, decision), (name, asked(2).decision), "the one that still counts");
    assert_eq!(deliveries, [silent("192.0.2.1:53".to_owned(), PANICKED.to_owned())]);
    reply.send(Ok(())).expect("is waited for");
    let told = running.tasks.join_next_with_id().await.expect("the answer");
    running.end(told);
    assert!(running.tasks.is_empty() && messages.try_recv().is_none(), "told once");
    assert!(running.of_task.is_empty() && running.by_place.is_empty(), "and nothing is kept of it");
}

/// A provider that spreads its writes, and says so as often as it is scripted to.
struct Spreading {
    memory: Memory,
    asked: Arc<AtomicU32>,
    complete_at: u32,
}

#[async_trait]
impl Provider for Spreading {
    fn capabilities(&self) -> Capabilities {
        self.memory.capabilities()
    }

    async fn read(&self, request: &ReadRequest, urgency: Urgency) -> Result<ZoneView, ProviderError> {
        self.memory.read(request, urgency).await
    }

    async fn apply(&self, _change: &ChangeSet, _permit: &Permit) -> Result<Receipt, ProviderError> {
        Ok(Receipt::Change("C1".to_owned()))
    }

    async fn status(&self, receipt: &Receipt) -> Result<Progress, ProviderError> {
        assert_eq!(*receipt, Receipt::Change("C1".to_owned()));
        let asked = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(if asked >= self.complete_at { Progress::Complete } else { Progress::Spreading })
    }

    async fn zone(&self, zone: &Name) -> Result<ZoneFacts, ProviderError> {
        self.memory.zone(zone).await
    }
}

/// A verification of records at a provider with one server, which answers every question for the fence.
async fn verified(complete_at: u32, expected: Rrsets, within: Duration) -> (Vec<Delivery>, u32) {
    let service = service("192.0.2.10");
    let text = fence(&service).to_text(&service.zone).expect("fits");
    let answers = text.clone();
    let server = answering(move |request, message| {
        let name = request.queries[0].name().clone();
        let data = RData::TXT(TXT::new(answers.strings().to_vec()));
        message.answers.push(hickory_proto::rr::Record::from_rdata(name, 60, data));
    })
    .await;
    let asked = Arc::<AtomicU32>::default();
    let memory = Memory::new(&service.zone, Vec::new());
    let inner: Arc<dyn Provider> = Arc::new(Spreading { memory, asked: Arc::clone(&asked), complete_at });
    let provider = crate::providers::in_use_for_test(inner, server);
    let wanted = Wanted {
        within,
        ..Verification { service, fence: text, expected, absent: BTreeSet::new(), moves: true }.wanted()
    };
    let change = ChangeSet {
        zone: wanted.zone.clone(),
        fence_name: wanted.fence_name.clone(),
        guard: Guard::Absent,
        requires: Vec::new(),
        deletes: Vec::new(),
        creates: Vec::new(),
        fence_ttl: Ttl::from_secs(60).expect("a TTL"),
        fence: wanted.fence.clone(),
    };
    let permit = Permit { granted: NOW, length: Duration::from_secs(10) };
    provider.adapter.apply(&change, &permit).await.expect("accepted");
    let deliveries = ask_all(&provider, &wanted, Instant::now(), &Unheard).await;
    (deliveries, asked.load(Ordering::SeqCst))
}

async fn answering(answer: impl Fn(&Message_, &mut Message_) + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    let address = socket.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        while let Ok((length, client)) = socket.recv_from(&mut buffer).await {
            let request = Message_::from_vec(&buffer[..length]).expect("a message");
            let mut message = Message_::response(request.metadata.id, request.metadata.op_code);
            message.metadata.authoritative = true;
            message.queries.clone_from(&request.queries);
            answer(&request, &mut message);
            socket.send_to(&message.to_vec().expect("bytes"), client).await.expect("sent");
        }
    });
    address
}

#[tokio::test]
async fn a_write_that_the_provider_still_spreads_has_not_arrived_although_it_is_served() {
    let (deliveries, _) = verified(u32::MAX, Rrsets::new(), Duration::from_millis(50)).await;
    let outcomes: BTreeSet<_> = deliveries.iter().map(|delivery| format!("{:?}", delivery.outcome)).collect();
    assert_eq!(outcomes, BTreeSet::from(["Old".to_owned(), "Served".to_owned()]), "{deliveries:?}");
    assert!(!has_arrived(&deliveries));

    let (deliveries, asked) = verified(2, Rrsets::new(), Duration::from_secs(30)).await;
    assert!(has_arrived(&deliveries) && deliveries.len() == 1, "{deliveries:?}");
    assert_eq!(asked, 2, "it is asked until it is done");
}

#[tokio::test]
async fn a_proxied_record_is_named_as_not_observable_and_never_as_served() {
    let service = service("192.0.2.10");
    let rendered = service.render(service.preferred()).expect("renders");
    let proxied: Rrsets = rendered.into_iter().map(|(key, set)| (key, set.proxied())).collect();
    let (deliveries, _) = verified(1, proxied, Duration::from_secs(5)).await;
    let hidden: Vec<_> =
        deliveries.iter().filter(|delivery| delivery.outcome == DeliveryOutcome::Unobservable).collect();
    assert_eq!(hidden.len(), 1, "{deliveries:?}");
    assert_eq!(hidden[0].server, "api.example.com. A");
    assert!(has_arrived(&deliveries), "the fence is served, and that is all that DNS can tell");
}
