//! Exchanges with servers that answer well, badly or not at all.

use std::net::SocketAddr;
use std::time::Duration;

use dns_wire::{Connection, ExchangeError, query, tcp, udp_then_tcp};
use hickory_proto::op::{Message, OpCode};
use hickory_proto::rr::{Name, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

const WITHIN: Duration = Duration::from_millis(300);

fn question(id: u16) -> Vec<u8> {
    query(id, &Name::root(), RecordType::SOA).to_vec().expect("bytes")
}

fn framed(id: u16) -> Vec<u8> {
    let bytes = Message::response(id, OpCode::Query).to_vec().expect("bytes");
    let length = u16::try_from(bytes.len()).expect("short");
    [&length.to_be_bytes(), bytes.as_slice()].concat()
}

/// Serves every connection with these answers, one for each request, and keeps it open afterwards.
async fn serving(answers: Vec<Vec<u8>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            for answer in &answers {
                let Ok(length) = stream.read_u16().await else { break };
                let mut request = vec![0; usize::from(length)];
                stream.read_exact(&mut request).await.expect("a whole request");
                stream.write_all(answer).await.expect("sent");
            }
            kept.push(stream);
        }
    });
    address
}

#[tokio::test]
async fn connection_carries_one_exchange_after_the_other() {
    let server = serving(vec![framed(1), framed(2)]).await;
    let mut connection = Connection::open(server, WITHIN).await.expect("open");
    for id in [1, 2] {
        let answer = connection.ask(&question(id), WITHIN).await.expect("answer");
        assert_eq!(answer.message.metadata.id, id);
    }
    assert_eq!(connection.answered(), 2);
}

#[tokio::test]
async fn connection_ends_with_the_first_error() {
    // Half an answer: the rest could come later and be taken for the next one.
    let server = serving(vec![framed(1)[..5].to_vec(), framed(2)]).await;
    let mut connection = Connection::open(server, WITHIN).await.expect("open");
    let first = connection.ask(&question(1), WITHIN).await;
    assert!(matches!(first, Err(ExchangeError::NoAnswer { .. })), "{first:?}");
    let second = connection.ask(&question(2), WITHIN).await;
    assert!(matches!(second, Err(ExchangeError::Connect { .. })), "{second:?}");
}

#[tokio::test]
async fn answer_with_another_id_or_no_response_is_garbage() {
    let no_response = {
        let bytes = question(1);
        [&u16::try_from(bytes.len()).expect("short").to_be_bytes(), bytes.as_slice()].concat()
    };
    for wrong in [framed(7), no_response, b"\x00\x03\x00\x01\xff".to_vec()] {
        let outcome = tcp(serving(vec![wrong]).await, &question(1), WITHIN).await;
        assert!(matches!(outcome, Err(ExchangeError::Garbage { .. })), "{outcome:?}");
    }
}

#[tokio::test]
async fn closed_port_promises_that_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let outcome = tcp(address, &question(1), WITHIN).await;
    assert!(matches!(outcome, Err(ExchangeError::Connect { .. })), "{outcome:?}");
}

#[tokio::test]
async fn truncated_answer_is_asked_for_again_over_tcp() {
    let server = serving(vec![framed(1)]).await;
    let socket = UdpSocket::bind(server).await.expect("the same port");
    tokio::spawn(async move {
        let mut buffer = [0; 512];
        let (_, client) = socket.recv_from(&mut buffer).await.expect("a request");
        let mut answer = Message::response(1, OpCode::Query);
        answer.metadata.truncation = true;
        // A forged one with another id comes first and counts for nothing.
        let forged = Message::response(9, OpCode::Query).to_vec().expect("bytes");
        socket.send_to(&forged, client).await.expect("sent");
        socket.send_to(&answer.to_vec().expect("bytes"), client).await.expect("sent");
    });
    let answer = udp_then_tcp(server, &question(1), WITHIN).await.expect("answer");
    assert!(!answer.message.metadata.truncation);
}
