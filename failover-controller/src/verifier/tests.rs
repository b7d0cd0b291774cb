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

fn service(address: &str) -> Arc<Service> {
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
        records: vec![Record { key, ttl, values: RecordValues::Endpoints, absent_in: BTreeSet::new() }],
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
