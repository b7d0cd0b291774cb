//! Endpoints given by host name: resolution, guarded records, several addresses.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use dns_core::digest::Digest;
use dns_core::evidence::EndpointKey;
use dns_core::identifier::{RegionName, ServiceName};
use dns_core::policy::Detection;
use dns_core::probe::{ProbeSpec, TcpProbe};
use dns_core::service::Endpoint;
use dns_monitor::coverage::{GuardedNames, Target};
use dns_monitor::probe::{Outcome, Prober, add_up};
use dns_monitor::resolve::HostResolver;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::{A, CNAME};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use crate::peers::{DnsPeer, PATIENCE, dns_peer, hang, tcp_peer};

fn name(text: &str) -> Name {
    Name::from_ascii(text).expect("a name")
}

/// Answers with addresses of the loopback interface.
fn addresses(mut message: Message, owner: &Name, last: &[u8]) -> Message {
    if message.queries[0].query_type == RecordType::A {
        for last in last {
            let address = RData::A(A(Ipv4Addr::new(127, 0, 0, *last)));
            message.add_answer(Record::from_rdata(owner.clone(), 300, address));
        }
    }
    message
}

fn prober(peer: &DnsPeer, port: u16) -> Prober {
    let guarded: GuardedNames = [name("api.example.com.")].into_iter().collect();
    let resolver = HostResolver::new(&[peer.address], guarded).expect("a resolver");
    let endpoint = Endpoint::Hostname(name("lb.example.net.").into());
    let target = Target {
        key: EndpointKey {
            service: ServiceName::new("checkout").expect("a name"),
            region: RegionName::new("prod").expect("a name"),
            endpoint: endpoint.to_string(),
        },
        spec: Digest::over([]),
        endpoint,
        probes: [ProbeSpec::Tcp(TcpProbe { port })].into(),
        interval: Duration::from_secs(5),
        timeout: PATIENCE,
        detection: Detection { fall: 1, rise: 1 },
        position: (0, 1),
    };
    Prober::new(target, Arc::new(resolver))
}

async fn run(prober: &Prober) -> Outcome {
    add_up(&prober.run().await)
}

#[tokio::test]
async fn any_address_of_the_host_name_that_serves_makes_it_good() {
    let peer = tcp_peer(hang).await;
    let dns = dns_peer(|message, _| Some(addresses(message, &name("lb.example.net."), &[9, 1]))).await;
    let prober = prober(&dns, peer.port());
    assert_eq!(run(&prober).await.as_str(), "good", "127.0.0.9 refuses, 127.0.0.1 serves");
    let asked = dns.asked();
    assert_eq!(run(&prober).await.as_str(), "good");
    assert_eq!(dns.asked(), asked, "the answer is kept for its TTL");
}

#[tokio::test]
async fn a_host_name_none_of_whose_addresses_serves_is_bad() {
    let peer = tcp_peer(hang).await;
    let dns = dns_peer(|message, _| Some(addresses(message, &name("lb.example.net."), &[8, 9]))).await;
    let outcome = run(&prober(&dns, peer.port())).await;
    assert_eq!(outcome.as_str(), "bad");
    let mut parts: Vec<_> = outcome.message().expect("a message").split("; ").collect();
    parts.sort_unstable();
    assert_eq!(parts, ["127.0.0.8: connection refused", "127.0.0.9: connection refused"]);
}

#[tokio::test]
async fn a_chain_through_a_guarded_record_is_never_followed() {
    let peer = tcp_peer(hang).await;
    let dns = dns_peer(|mut message, _| {
        let target = name("api.example.com.");
        let alias = RData::CNAME(CNAME(target.clone()));
        message.add_answer(Record::from_rdata(name("lb.example.net."), 300, alias));
        Some(addresses(message, &target, &[1]))
    })
    .await;
    let outcome = run(&prober(&dns, peer.port())).await;
    assert_eq!(outcome.as_str(), "void");
    let reason = outcome.message().expect("a reason");
    assert!(reason.contains("resolves through the guarded record `api.example.com.`"), "{reason}");
    assert_eq!(peer.accepted(), 0);
}

#[tokio::test]
async fn what_cannot_be_resolved_is_not_down() {
    let peer = tcp_peer(hang).await;
    for code in [ResponseCode::ServFail, ResponseCode::NXDomain] {
        let dns = dns_peer(move |mut message, _| {
            message.metadata.response_code = code;
            Some(message)
        })
        .await;
        let outcome = run(&prober(&dns, peer.port())).await;
        assert_eq!(outcome.as_str(), "void", "{code}: {outcome:?}");
        assert!(outcome.message().expect("a reason").starts_with("cannot resolve `lb.example.net.`"));
    }
}
