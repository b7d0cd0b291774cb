//! Tests of [`super`].

use std::cell::Cell;

use dns_core::fence::{Epoch, Rev, WriteId};
use dns_core::policy::{Detection, Failback, OnForeignChange, Policy};
use dns_core::rrset::{GuardedType, Ttl, canonical_name, records_digest};
use dns_core::service::{Endpoint, Mode, Record, RecordValues, Region};
use dns_core::time::Timestamp;

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
        zone: canonical_name("example.com").expect("a name"),
        provider: "main".parse().expect("a name"),
        policy: Policy {
            interval: Duration::from_secs(5),
            timeout: Duration::from_secs(2),
            detection: Detection { fall: 3, rise: 5 },
            quorum: 1,
            vantage_points: ["fra1".parse().expect("a name")].into(),
            ready_for: Duration::from_mins(2),
            cooldown: Duration::from_mins(10),
            failback: Failback::Manual,
            on_foreign_change: OnForeignChange::Hold,
            verify_within: Duration::from_secs(30),
        },
        records: vec![Record { key, ttl, values: RecordValues::Endpoints, proxied: false, absent_in: BTreeSet::new() }],
        regions: vec![Region { name: "prod".parse().expect("a region"), endpoints: vec![address], probes: Vec::new() }],
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
        released: None,
        moved: NOW,
        by: "controller".parse().expect("a name"),
        cfg: 0,
        pin: None,
        pause: None,
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
    let mut running = Running { engine, tasks: JoinSet::new(), by_service: BTreeMap::new() };
    let asked = |number| Asked { decision: DecisionId::at(NOW, number), primary: server(1) };
    let name: ServiceName = "checkout".parse().expect("a name");
    running.begin(name.clone(), asked(1), std::future::pending());
    running.begin(name.clone(), asked(2), async { panic!("a fault in one verification") });
    for _ in 0..2 {
        let ended = running.tasks.join_next().await.expect("two have begun");
        running.end(ended);
    }
    let message = tokio::time::timeout(SILENCE, messages.recv()).await.expect("nobody answers for it");
    let Some(Message::Verified(service, decision, deliveries, reply)) = message else {
        panic!("nobody answers for it");
    };
    assert_eq!((service, decision), (name, asked(2).decision), "the one that still counts");
    assert_eq!(deliveries, [silent("192.0.2.1:53".to_owned(), PANICKED.to_owned())]);
    reply.send(Ok(())).expect("is waited for");
    let told = running.tasks.join_next().await.expect("the answer");
    running.end(told);
    assert!(running.tasks.is_empty() && messages.try_recv().is_err(), "told once");
}
