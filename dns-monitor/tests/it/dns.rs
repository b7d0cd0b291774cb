//! The DNS prober against a server that says what the test wants.

use std::time::Duration;

use dns_core::probe::{DnsProbe, DnsTransport};
use dns_monitor::probe::{Outcome, dns};
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::{A, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use crate::peers::{DnsPeer, LOOPBACK, Over, PATIENCE, closed_port, dns_peer};

fn spec(peer: &DnsPeer) -> DnsProbe {
    DnsProbe {
        name: Name::from_ascii("www.example.com.").expect("a name"),
        qtype: RecordType::A,
        transport: DnsTransport::Udp,
        port: peer.address.port(),
        rcode: "NOERROR".to_owned(),
        answers: None,
        authoritative: false,
    }
}

fn with_addresses(mut message: Message, last: &[u8]) -> Message {
    let name = message.queries[0].name.clone();
    for last in last {
        let address = RData::A(A::new(192, 0, 2, *last));
        message.add_answer(Record::from_rdata(name.clone(), 60, address));
    }
    message
}

async fn probe(spec: &DnsProbe) -> Outcome {
    dns::run(LOOPBACK, spec, PATIENCE).await
}

fn bad(outcome: &Outcome) -> &str {
    assert_eq!(outcome.as_str(), "bad", "{outcome:?}");
    outcome.message().expect("a message")
}

#[tokio::test]
async fn expected_answers_are_good_in_any_order() {
    let peer = dns_peer(|message, _| Some(with_addresses(message, &[2, 1]))).await;
    let answers = Some(vec!["192.0.2.1".to_owned(), "192.0.2.2".to_owned()]);
    let good = DnsProbe { answers, ..spec(&peer) };
    assert_eq!(probe(&good).await.as_str(), "good");
    let other = DnsProbe { answers: Some(vec!["192.0.2.1".to_owned()]), ..good };
    assert_eq!(bad(&probe(&other).await), "answer 192.0.2.1, 192.0.2.2, expected 192.0.2.1");
}

#[tokio::test]
async fn truncated_answers_are_asked_for_again_over_tcp() {
    let peer = dns_peer(|mut message, over| {
        if over == Over::Tcp {
            return Some(with_addresses(message, &[1]));
        }
        message.metadata.truncation = true;
        Some(message)
    })
    .await;
    let spec = DnsProbe { answers: Some(vec!["192.0.2.1".to_owned()]), ..spec(&peer) };
    assert_eq!(probe(&spec).await.as_str(), "good");
    assert_eq!(peer.asked(), 2);
    let over_tcp = DnsProbe { transport: DnsTransport::Tcp, ..spec };
    assert_eq!(probe(&over_tcp).await.as_str(), "good");
    assert_eq!(peer.asked(), 3);
}

#[tokio::test]
async fn truncation_over_tcp_is_bad() {
    let peer = dns_peer(|mut message, _| {
        message.metadata.truncation = true;
        Some(message)
    })
    .await;
    assert_eq!(bad(&probe(&spec(&peer)).await), "the answer is truncated even over TCP");
}

#[tokio::test]
async fn the_response_code_is_the_expected_one() {
    let peer = dns_peer(|mut message, _| {
        message.metadata.response_code = ResponseCode::NXDomain;
        Some(message)
    })
    .await;
    assert_eq!(bad(&probe(&spec(&peer)).await), "rcode NXDOMAIN, expected NOERROR");
    let expected = DnsProbe { rcode: "NXDOMAIN".to_owned(), ..spec(&peer) };
    assert_eq!(probe(&expected).await.as_str(), "good");
}

#[tokio::test]
async fn an_authoritative_answer_is_asked_for_without_recursion() {
    let peer = dns_peer(|mut message, _| {
        message.metadata.authoritative = !message.metadata.recursion_desired;
        Some(message)
    })
    .await;
    let spec = DnsProbe { authoritative: true, ..spec(&peer) };
    assert_eq!(probe(&spec).await.as_str(), "good");
    let lame = dns_peer(|message, _| Some(message)).await;
    let spec = DnsProbe { port: lame.address.port(), ..spec };
    assert_eq!(bad(&probe(&spec).await), "the answer is not authoritative");
}

#[tokio::test]
async fn an_answer_to_another_question_is_bad() {
    let peer = dns_peer(|mut message, _| {
        message.queries[0].name = Name::from_ascii("other.example.com.").expect("a name");
        Some(message)
    })
    .await;
    let outcome = probe(&spec(&peer)).await;
    assert_eq!(bad(&outcome), "the answer is to another question than `www.example.com. A`");
}

#[tokio::test]
async fn silence_and_closed_ports_are_told_apart() {
    let peer = dns_peer(|_, _| None).await;
    let outcome = dns::run(LOOPBACK, &spec(&peer), Duration::from_millis(100)).await;
    assert_eq!(bad(&outcome), "no answer: nothing within 100 ms");
    let nobody = DnsProbe { port: closed_port().await, ..spec(&peer) };
    assert_eq!(bad(&probe(&nobody).await), "no answer: connection refused");
    let nobody = DnsProbe { transport: DnsTransport::Tcp, ..nobody };
    assert_eq!(bad(&probe(&nobody).await), "cannot connect: connection refused");
}

#[tokio::test]
async fn the_border_between_the_strings_of_a_txt_does_not_matter() {
    let peer = dns_peer(|mut message, _| {
        let name = message.queries[0].name.clone();
        let text = TXT::new(vec!["v=spf1 ".to_owned(), "-all".to_owned()]);
        message.add_answer(Record::from_rdata(name, 60, RData::TXT(text)));
        Some(message)
    })
    .await;
    for written in ["v=spf1 -all", "\"v=spf1 -all\"", "\"v=spf1 \" \"-all\""] {
        let answers = Some(vec![written.to_owned()]);
        let spec = DnsProbe { qtype: RecordType::TXT, answers, ..spec(&peer) };
        assert_eq!(probe(&spec).await.as_str(), "good", "{written}");
    }
}
