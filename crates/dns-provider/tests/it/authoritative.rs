//! What verification makes of the answers of authoritative servers.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use dns_core::fence::text::FenceText;
use dns_core::rrset::{Alias, GuardedType, Rrset, RrsetKey, Rrsets, Ttl, Weighted, canonical_name};
use dns_provider::authoritative::{AskError, Content, Expected, Served, Targets, ask, servers, serves};
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, NS, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use crate::script::{Script, answer_to};

const WITHIN: Duration = Duration::from_millis(500);

type Zone = BTreeMap<(&'static str, RecordType), Vec<RData>>;

fn name(text: &str) -> Name {
    canonical_name(text).expect("name")
}

fn a(last: u8) -> RData {
    RData::A(A([192, 0, 2, last].into()))
}

fn ns(target: &str) -> RData {
    RData::NS(NS(name(target)))
}

fn fence(text: &str) -> RData {
    RData::TXT(TXT::new(vec![text.to_owned()]))
}

fn answer(request: &Message, zone: &Zone) -> Message {
    let (asked, rtype) = (request.queries[0].name().clone(), request.queries[0].query_type());
    let text = asked.to_ascii();
    let found = zone.iter().find(|((owner, held), _)| text.trim_end_matches('.') == *owner && *held == rtype);
    let mut answer = answer_to(request, if found.is_some() { ResponseCode::NoError } else { ResponseCode::NXDomain });
    let values = found.map(|(_, values)| values.clone()).unwrap_or_default();
    answer.answers.extend(values.into_iter().map(|data| Record::from_rdata(asked.clone(), 60, data)));
    answer
}

async fn serving(zone: Zone) -> Script {
    Script::udp(move |request| answer(request, &zone)).await
}

fn moved() -> Zone {
    Zone::from([
        (("_checkout._failover.example.com", RecordType::TXT), vec![fence("rev=2;")]),
        (("api.example.com", RecordType::A), vec![a(2)]),
    ])
}

async fn round(server: SocketAddr) -> Served {
    round_within(server, WITHIN).await
}

async fn round_within(server: SocketAddr, within: Duration) -> Served {
    let key = RrsetKey::new(&name("api.example.com"), GuardedType::A);
    let rrset = Rrset::new(key.clone(), Ttl::from_secs(60).expect("ttl"), [a(2)]).expect("rrset");
    let absent = BTreeSet::from([RrsetKey::new(&name("api.example.com"), GuardedType::Aaaa)]);
    round_for(server, &Rrsets::from([(key, rrset)]), &absent, &Targets::default(), within).await
}

async fn round_for(
    server: SocketAddr,
    rrsets: &Rrsets,
    absent: &BTreeSet<RrsetKey>,
    targets: &Targets,
    within: Duration,
) -> Served {
    let expected = Expected {
        zone: &name("example.com"),
        rrsets,
        absent,
        fence_name: &name("_checkout._failover.example.com"),
        fence: Some(&FenceText::from_strings(vec!["rev=2;".to_owned()])),
        targets,
    };
    serves(server, &expected, within).await
}

fn old(served: Served) -> String {
    let Served::Old { answered } = served else { panic!("old: {served:?}") };
    answered
}

#[tokio::test]
async fn server_with_fence_and_records_serves_the_new() {
    assert_eq!(round(serving(moved()).await.address).await, Served::New);
}

#[tokio::test]
async fn server_that_differs_anywhere_serves_the_old_and_says_what() {
    let mut zone = moved();
    zone.insert(("_checkout._failover.example.com", RecordType::TXT), vec![fence("rev=1;")]);
    assert!(old(round(serving(zone).await.address).await).contains("rev=1;"));
    let mut zone = moved();
    zone.insert(("api.example.com", RecordType::A), vec![a(1), a(2)]);
    assert_eq!(old(round(serving(zone).await.address).await), "api.example.com. 60 A 192.0.2.1, 192.0.2.2");
    let mut zone = moved();
    zone.insert(("api.example.com", RecordType::AAAA), vec![RData::AAAA(AAAA([0; 16].into()))]);
    assert!(old(round(serving(zone).await.address).await).contains("AAAA ::"));
    let mut zone = moved();
    zone.remove(&("api.example.com", RecordType::A));
    assert_eq!(old(round(serving(zone).await.address).await), "api.example.com. A is absent");
}

#[tokio::test]
async fn answer_that_is_drawn_by_weight_is_one_of_those_that_can_be_drawn() {
    let key = RrsetKey::new(&name("api.example.com"), GuardedType::A);
    let one = |identifier: &str, last| {
        let set = Rrset::new(key.clone(), Ttl::from_secs(60).expect("ttl"), [a(last)]).expect("rrset");
        Weighted { identifier: identifier.to_owned(), weight: 50, set }
    };
    let drawn = Rrset::weighted_of(key.clone(), [one("prod", 1), one("dr", 2)]).expect("rrset");
    let rrsets = Rrsets::from([(key.clone(), drawn)]);
    for (answered, good) in [(vec![a(1)], true), (vec![a(2)], true), (vec![a(3)], false), (vec![a(1), a(2)], false)] {
        let mut zone = moved();
        zone.insert(("api.example.com", RecordType::A), answered.clone());
        let script = serving(zone).await;
        let served = round_for(script.address, &rrsets, &BTreeSet::new(), &Targets::default(), WITHIN).await;
        assert_eq!(served == Served::New, good, "{answered:?}: {served:?}");
    }
    let mut zone = moved();
    zone.remove(&("api.example.com", RecordType::A));
    let script = serving(zone).await;
    let served = round_for(script.address, &rrsets, &BTreeSet::new(), &Targets::default(), WITHIN).await;
    assert_eq!(old(served), "api.example.com. A is absent");
}

#[tokio::test]
async fn server_without_authority_or_answer_counts_for_nothing() {
    let lame = Script::udp(|request| {
        let mut answer = answer(request, &moved());
        answer.metadata.authoritative = false;
        answer
    })
    .await;
    assert!(matches!(round(lame.address).await, Served::Silent { reason, .. } if reason.contains("no AA bit")));
    let refusing = Script::udp(|request| answer_to(request, ResponseCode::Refused)).await;
    let refused = ask(refusing.address, &name("example.com"), RecordType::NS, WITHIN).await;
    assert!(matches!(refused, Err(AskError::Lame { .. })), "{refused:?}");
    // Bound and never read.
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    let silence = round(silent.local_addr().expect("an address")).await;
    assert!(matches!(silence, Served::Silent { .. }), "{silence:?}");
}

#[tokio::test]
async fn server_far_away_has_time_for_each_question() {
    let zone = moved();
    let far = Script::udp_from_afar(WITHIN / 2, move |request| Some(answer(request, &zone))).await;
    assert_eq!(round(far.address).await, Served::New, "three questions take longer than one may");
}

#[tokio::test]
async fn server_that_loses_a_packet_after_the_fence_was_heard() {
    let zone = moved();
    let is_fence = |request: &Message| request.queries[0].query_type() == RecordType::TXT;
    let lossy =
        Script::udp_from_afar(Duration::ZERO, move |request| is_fence(request).then(|| answer(request, &zone))).await;
    assert!(matches!(round_within(lossy.address, WITHIN / 5).await, Served::Silent { heard: true, .. }));
    let silent = Script::udp_from_afar(Duration::ZERO, |_| None).await;
    assert!(matches!(round_within(silent.address, WITHIN / 5).await, Served::Silent { heard: false, .. }));
}

#[tokio::test]
async fn answer_to_another_question_is_no_answer() {
    let script = Script::udp(|request| {
        let mut answer = answer(request, &moved());
        answer.queries[0].set_name(name("www.example.com"));
        answer
    })
    .await;
    let outcome = ask(script.address, &name("api.example.com"), RecordType::A, WITHIN).await;
    assert!(matches!(outcome, Err(AskError::Silent { .. })), "{outcome:?}");
}

#[tokio::test]
async fn configured_servers_are_taken_as_they_are() {
    let configured: [SocketAddr; 1] = [SocketAddr::from(([192, 0, 2, 53], 5353))];
    let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
    let found = servers(nobody, &name("example.com"), &configured, &[], WITHIN).await.expect("servers");
    assert_eq!((found.addresses.into_iter().collect::<Vec<_>>(), found.unresolved), (configured.to_vec(), vec![]));
}

#[tokio::test]
async fn servers_come_from_the_zone_then_from_the_resolver_and_none_is_dropped() {
    let zone = Zone::from([
        (("example.com", RecordType::NS), vec![ns("ns1.example.com"), ns("ns2.example.com"), ns("ns.example.net")]),
        (("ns1.example.com", RecordType::A), vec![a(1)]),
    ]);
    let primary = serving(zone).await;
    let alone = servers(primary.address, &name("example.com"), &[], &[], WITHIN).await.expect("servers");
    assert_eq!(alone.addresses, BTreeSet::from([SocketAddr::from(([192, 0, 2, 1], 53))]));
    let names: Vec<String> = alone.unresolved.iter().map(|server| server.name.to_string()).collect();
    assert_eq!(names, ["ns2.example.com.", "ns.example.net."]);

    let resolver = serving(Zone::from([(("ns.example.net", RecordType::A), vec![a(9)])])).await;
    let resolvers = [resolver.address];
    let found = servers(primary.address, &name("example.com"), &[], &resolvers, WITHIN).await.expect("servers");
    assert!(found.addresses.contains(&SocketAddr::from(([192, 0, 2, 9], 53))), "{found:?}");
    assert_eq!(found.unresolved.len(), 1);
}

#[tokio::test]
async fn content_holds_every_record_of_the_set() {
    let script = serving(Zone::from([(("api.example.com", RecordType::A), vec![a(1), a(2)])])).await;
    let content = ask(script.address, &name("API.example.com"), RecordType::A, WITHIN).await.expect("content");
    assert_eq!(content, Content::Records { ttl_secs: 60, values: vec![a(1), a(2)] });
    let absent = ask(script.address, &name("www.example.com"), RecordType::A, WITHIN).await.expect("content");
    assert_eq!(absent, Content::Absent);
}

/// `api` as an alias of a load balancer, beside nothing.
fn aliased() -> Rrsets {
    let key = RrsetKey::new(&name("api.example.com"), GuardedType::A);
    let alias = Alias::new(&name("lb.example.net"), "Z32O12XQLNTSW2").expect("an alias");
    Rrsets::from([(key.clone(), Rrset::alias_of(key, alias).expect("an address record"))])
}

/// A resolver whose load balancer tells another address each time.
async fn rotating(first: u8, second: u8) -> Script {
    let mut told = 0;
    Script::udp(move |request| {
        let is_a = request.queries[0].query_type() == RecordType::A;
        told += u8::from(is_a);
        let address = if told % 2 == 1 { first } else { second };
        answer(request, &Zone::from([(("lb.example.net", RecordType::A), vec![a(address)])]))
    })
    .await
}

#[tokio::test]
async fn alias_is_served_if_every_address_is_the_load_balancers() {
    let server = serving(moved()).await;
    let resolver = rotating(1, 2).await;
    let targets = Targets::new(&[resolver.address]);
    let first = round_for(server.address, &aliased(), &BTreeSet::new(), &targets, WITHIN).await;
    assert!(old(first).contains("192.0.2.2 is no address of lb.example.net."), "the load balancer told another one");
    let mut last = None;
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        last = Some(round_for(server.address, &aliased(), &BTreeSet::new(), &targets, WITHIN).await);
        if last == Some(Served::New) {
            break;
        }
    }
    assert_eq!(last, Some(Served::New), "what was told before still counts");
}

#[tokio::test]
async fn alias_without_an_answer_or_with_a_strangers_is_not_served() {
    let mut zone = moved();
    zone.remove(&("api.example.com", RecordType::A));
    let empty = serving(zone).await;
    let resolver = rotating(1, 1).await;
    let targets = Targets::new(&[resolver.address]);
    let answered = old(round_for(empty.address, &aliased(), &BTreeSet::new(), &targets, WITHIN).await);
    assert!(answered.contains("is absent"), "{answered}");
    let before = resolver.requests();
    let full = serving(moved()).await;
    for _ in 0..3 {
        let answered = old(round_for(full.address, &aliased(), &BTreeSet::new(), &targets, WITHIN).await);
        assert!(answered.contains("is no address of"), "{answered}");
    }
    assert_eq!(resolver.requests() - before, 2, "A and AAAA once: rounds that follow at once ask no resolver");
    let blind = round_for(full.address, &aliased(), &BTreeSet::new(), &Targets::default(), WITHIN).await;
    assert_eq!(blind, Served::New, "without a resolver an answer is all that can be asked for");
}

#[tokio::test]
async fn proxied_record_is_not_asked_for_and_named_as_not_observable() {
    let key = RrsetKey::new(&name("api.example.com"), GuardedType::A);
    let set = Rrset::new(key.clone(), Ttl::from_secs(1).expect("ttl"), [a(77)]).expect("rrset").proxied();
    let rrsets = Rrsets::from([(key.clone(), set)]);
    let mut zone = moved();
    // The proxy answers with both families, whatever is written.
    zone.insert(("api.example.com", RecordType::AAAA), vec![RData::AAAA(AAAA([0; 16].into()))]);
    let server = serving(zone).await;
    let absent = BTreeSet::from([RrsetKey::new(key.name(), GuardedType::Aaaa)]);
    let targets = Targets::default();
    assert_eq!(round_for(server.address, &rrsets, &absent, &targets, WITHIN).await, Served::New);
    assert_eq!(server.requests(), 1, "the fence alone");
    let fence = FenceText::from_strings(vec!["rev=3;".to_owned()]);
    let (zone, fence_name) = (name("example.com"), name("_checkout._failover.example.com"));
    let expected = Expected {
        zone: &zone,
        rrsets: &rrsets,
        absent: &absent,
        fence_name: &fence_name,
        fence: Some(&fence),
        targets: &targets,
    };
    assert!(old(serves(server.address, &expected, WITHIN).await).contains("rev=2;"), "the fence counts");
    let named: Vec<_> = expected.unobservable().into_iter().map(|(key, _)| key.clone()).collect();
    assert_eq!(named, [key]);
}
