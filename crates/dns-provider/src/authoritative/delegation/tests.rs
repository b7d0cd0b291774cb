//! Tests of [`super`], on servers on loopback that all listen on one port.

use dns_core::rrset::{Rrset, Ttl};
use hickory_proto::rr::rdata::{A, NS};
use tokio::net::UdpSocket;

use super::*;
use crate::memory::Memory;

const WITHIN: Duration = Duration::from_millis(500);

fn name(text: &str) -> Name {
    Name::from_ascii(text).expect("a name")
}

fn ns(owner: &str, target: &str) -> Record {
    Record::from_rdata(name(owner), 60, RData::NS(NS(name(target))))
}

fn a(owner: &str, ip: [u8; 4]) -> Record {
    Record::from_rdata(name(owner), 60, RData::A(A(ip.into())))
}

/// Serves until the test ends, at the port that the first one got.
async fn serve(ip: [u8; 4], port: u16, answer: impl Fn(&Message, &mut Message) + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind((IpAddr::from(ip), port)).await.expect("a free port");
    let address = socket.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        while let Ok((length, client)) = socket.recv_from(&mut buffer).await {
            let request = Message::from_vec(&buffer[..length]).expect("a message");
            let mut message = Message::response(request.metadata.id, request.metadata.op_code);
            message.queries.clone_from(&request.queries);
            message.metadata.response_code = ResponseCode::NoError;
            answer(&request, &mut message);
            socket.send_to(&message.to_vec().expect("bytes"), client).await.expect("sent");
        }
    });
    address
}

/// A resolver that knows the zone above the next label, where its server is, and these hosts.
async fn resolver(parent_ip: [u8; 4], hosts: &'static [(&'static str, [u8; 4])]) -> SocketAddr {
    serve([127, 0, 0, 1], 0, move |request, answer| {
        let (asked, rtype) = (request.queries[0].name(), request.queries[0].query_type());
        answer.metadata.recursion_available = true;
        let known = [("ns.parent.test.", parent_ip)].into_iter().chain(hosts.iter().copied());
        match rtype {
            // `sub.parent.test` is no zone.
            RecordType::NS if *asked == name("parent.test.") => {
                answer.answers.push(ns("parent.test.", "ns.parent.test."));
            }
            RecordType::A => {
                let found = known.filter(|(owner, _)| name(owner) == *asked);
                answer.answers.extend(found.map(|(owner, ip)| a(owner, ip)));
            }
            _ => {}
        }
    })
    .await
}

struct World {
    resolvers: Vec<SocketAddr>,
    port: u16,
}

/// A parent that says this about `zone.sub.parent.test`.
async fn world(
    last: u8,
    hosts: &'static [(&'static str, [u8; 4])],
    says: impl Fn(&mut Message) + Send + 'static,
) -> World {
    let ip = [127, 0, 77, last];
    let parent = serve(ip, 0, move |_, answer| says(answer)).await;
    World { resolvers: vec![resolver(ip, hosts).await], port: parent.port() }
}

const ZONE: &str = "zone.sub.parent.test.";

async fn ask(world: &World, provider: &[&str]) -> Delegated {
    ask_knowing(world, provider, &[]).await
}

/// With addresses that the provider itself tells.
async fn ask_knowing(world: &World, provider: &[&str], addresses: &[[u8; 4]]) -> Delegated {
    let own = Own {
        names: provider.iter().map(|text| name(text)).collect(),
        addresses: addresses.iter().map(|ip| IpAddr::from(*ip)).collect(),
    };
    delegated_at(&name(ZONE), own, &world.resolvers, WITHIN, world.port).await
}

/// A referral to a server inside the zone, at this address.
fn refer_inside(answer: &mut Message) {
    answer.authorities.push(ns(ZONE, "ns1.zone.sub.parent.test."));
    answer.additionals.push(a("ns1.zone.sub.parent.test.", [192, 0, 2, 1]));
}

fn refer(answer: &mut Message) {
    answer.authorities.push(ns(ZONE, "NS1.there.test."));
    answer.additionals.push(a("ns1.there.test.", [192, 0, 2, 1]));
}

#[tokio::test]
async fn a_referral_to_one_of_the_providers_servers_is_here() {
    let world = world(1, &[], refer).await;
    assert_eq!(ask(&world, &["ns9.there.test.", "ns1.there.test."]).await, Delegated::Here);
}

#[tokio::test]
async fn a_referral_to_none_of_them_is_elsewhere() {
    let world = world(2, &[("ns1.here.test.", [192, 0, 2, 99])], refer).await;
    let elsewhere = Delegated::Elsewhere { parent: [name("ns1.there.test.")].into() };
    assert_eq!(ask(&world, &["ns1.here.test."]).await, elsewhere);
}

#[tokio::test]
async fn other_names_of_the_same_servers_are_here() {
    let world = world(3, &[("ns1.here.test.", [192, 0, 2, 1])], refer).await;
    assert_eq!(ask(&world, &["ns1.here.test."]).await, Delegated::Here);
}

#[tokio::test]
async fn servers_whose_addresses_nobody_knows_are_no_proof_of_a_delegation_elsewhere() {
    let world = world(4, &[], refer).await;
    assert!(matches!(ask(&world, &["ns1.here.test."]).await, Delegated::Unknown { .. }));
}

#[tokio::test]
async fn a_parent_that_does_not_know_the_zone_delegates_nowhere() {
    let world = world(5, &[], |answer| {
        answer.metadata.authoritative = true;
        answer.metadata.response_code = ResponseCode::NXDomain;
    })
    .await;
    assert_eq!(ask(&world, &["ns1.there.test."]).await, Delegated::Nowhere);
}

#[tokio::test]
async fn a_parent_that_cannot_be_asked_says_nothing() {
    let lame = world(6, &[], |_| {}).await;
    assert!(matches!(ask(&lame, &["ns1.there.test."]).await, Delegated::Unknown { .. }));
    let refusing = world(7, &[], |answer| answer.metadata.response_code = ResponseCode::Refused).await;
    assert!(matches!(ask(&refusing, &["ns1.there.test."]).await, Delegated::Unknown { .. }));
    let nobody = World { resolvers: Vec::new(), port: 53 };
    assert!(matches!(ask(&nobody, &["ns1.there.test."]).await, Delegated::Unknown { .. }));
}

#[tokio::test]
async fn one_name_inside_the_zone_at_another_address_is_another_server() {
    let own = "ns1.zone.sub.parent.test.";
    // Whoever resolves the name goes through the delegation, and finds the server that it leads to.
    let world = world(8, &[("ns1.zone.sub.parent.test.", [192, 0, 2, 1])], refer_inside).await;
    let elsewhere = Delegated::Elsewhere { parent: [name(own)].into() };
    assert_eq!(ask_knowing(&world, &[own], &[[192, 0, 2, 99]]).await, elsewhere);
    assert_eq!(ask_knowing(&world, &[own], &[[192, 0, 2, 99], [192, 0, 2, 1]]).await, Delegated::Here);
}

#[tokio::test]
async fn names_inside_the_zone_are_never_looked_up_through_the_delegation() {
    let hosts = &[("ns7.zone.sub.parent.test.", [192, 0, 2, 1])];
    let world = world(9, hosts, refer).await;
    let elsewhere = Delegated::Elsewhere { parent: [name("ns1.there.test.")].into() };
    assert_eq!(ask(&world, &["ns7.zone.sub.parent.test."]).await, elsewhere);
    assert_eq!(ask_knowing(&world, &["ns7.zone.sub.parent.test."], &[[192, 0, 2, 1]]).await, Delegated::Here);
}

#[tokio::test]
async fn the_provider_tells_the_addresses_of_its_servers_inside_the_zone() {
    let (zone, inside) = (name(ZONE), name("ns1.zone.sub.parent.test."));
    let memory = Memory::new(&zone, vec![inside.clone()]);
    let key = RrsetKey::new(&inside, GuardedType::A);
    let ttl = Ttl::from_secs(60).expect("a TTL");
    memory.put(Rrset::new(key, ttl, [RData::A(A([192, 0, 2, 99].into()))]).expect("a record"));
    let told = told_addresses(&memory, &zone, &[inside].into()).await.expect("it answers");
    assert_eq!(told, [IpAddr::from([192, 0, 2, 99])].into());
}
