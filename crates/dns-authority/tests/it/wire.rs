//! Messages as no well-behaved client sends them, and sockets.

use dns_authority::{KeyAlgorithm, Primary};
use hickory_proto::op::{Message, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::rig::{PATIENCE, Rig, a, any, is_signed_for, name, query, signed, update};

fn framed(message: &Message) -> Vec<u8> {
    let wire = message.to_vec().expect("bytes");
    let length = u16::try_from(wire.len()).expect("short");
    [&length.to_be_bytes()[..], &wire].concat()
}

async fn receive(stream: &mut TcpStream) -> Message {
    let read = async {
        let length = stream.read_u16().await.expect("a length");
        let mut wire = vec![0; usize::from(length)];
        stream.read_exact(&mut wire).await.expect("an answer");
        Message::from_vec(&wire).expect("a message")
    };
    timeout(PATIENCE, read).await.expect("in time")
}

#[tokio::test]
async fn several_queries_share_a_connection() {
    let rig = Rig::start();
    let mut stream = TcpStream::connect(rig.primary.local_addr()).await.expect("connected");
    let questions = [RecordType::A, RecordType::AAAA, RecordType::TXT].map(|rtype| query("api.example.test.", rtype));
    // Two at once, then one more after their answers.
    stream.write_all(&[framed(&questions[0]), framed(&questions[1])].concat()).await.expect("sent");
    for question in &questions[..2] {
        assert_eq!(receive(&mut stream).await.metadata.id, question.metadata.id);
    }
    stream.write_all(&framed(&questions[2])).await.expect("sent");
    assert_eq!(receive(&mut stream).await.metadata.id, questions[2].metadata.id);
}

#[tokio::test]
async fn message_split_over_packets_is_put_together() {
    let rig = Rig::start();
    let mut stream = TcpStream::connect(rig.primary.local_addr()).await.expect("connected");
    stream.set_nodelay(true).expect("an option");
    for byte in framed(&query("api.example.test.", RecordType::A)) {
        stream.write_all(&[byte]).await.expect("sent");
        stream.flush().await.expect("sent");
        tokio::task::yield_now().await;
    }
    assert_eq!(receive(&mut stream).await.answers.len(), 2);
}

#[tokio::test]
async fn garbage_is_formerr_and_answers_are_ignored() {
    let rig = Rig::start();
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    socket.connect(rig.primary.local_addr()).await.expect("connected");
    let mut answer = query("api.example.test.", RecordType::A).into_response();
    answer.metadata.id = 1;
    let mut garbage = query("api.example.test.", RecordType::A).to_vec().expect("bytes");
    garbage.truncate(20);
    for silent in [&[][..], &[0; 11], &answer.to_vec().expect("bytes")] {
        socket.send(silent).await.expect("sent");
    }
    socket.send(&garbage).await.expect("sent");
    let mut buffer = [0; 512];
    let length = timeout(PATIENCE, socket.recv(&mut buffer)).await.expect("in time").expect("received");
    let first = Message::from_vec(&buffer[..length]).expect("a message");
    assert_eq!(first.metadata.id.to_be_bytes(), garbage[..2], "nothing before was answered");
    assert_eq!((first.metadata.response_code, first.queries.len()), (ResponseCode::FormErr, 0));
}

#[tokio::test]
async fn several_questions_are_formerr() {
    let rig = Rig::start();
    let mut question = query("api.example.test.", RecordType::A);
    question.add_query(question.queries[0].clone());
    assert_eq!(rig.udp(&question).await.message.metadata.response_code, ResponseCode::FormErr);
}

#[tokio::test]
async fn transfers_are_refused() {
    let rig = Rig::start();
    for rtype in [RecordType::AXFR, RecordType::IXFR] {
        let answer = rig.tcp(&signed(query("example.test.", rtype))).await.message;
        assert_eq!((answer.metadata.response_code, answer.answers.len()), (ResponseCode::Refused, 0), "{rtype}");
    }
}

#[tokio::test]
async fn refusals_of_updates_have_their_rcodes_and_signatures() {
    let rig = Rig::start();
    let add = || vec![a("fresh.example.test.", 60, 9)];
    let with_zone = |zones: Vec<Query>| {
        let mut message = update(vec![], add());
        message.queries = zones;
        message
    };
    let zone = |owner, rtype| vec![Query::query(name(owner), rtype)];
    let of_class = |class| {
        let mut record = a("fresh.example.test.", 60, 9);
        record.dns_class = class;
        update(vec![], vec![record])
    };
    for (message, rcode) in [
        (with_zone(vec![]), ResponseCode::FormErr),
        (with_zone(zone("example.test.", RecordType::A)), ResponseCode::FormErr),
        (with_zone(zone("example.org.", RecordType::SOA)), ResponseCode::NotAuth),
        (of_class(DNSClass::CH), ResponseCode::FormErr),
        (update(vec![a("example.org.", 0, 1)], add()), ResponseCode::NotZone),
        (update(vec![any("gone.example.test.", RecordType::ANY)], add()), ResponseCode::NXDomain),
    ] {
        let request = signed(message);
        let answer = rig.tcp(&request).await;
        assert_eq!(answer.message.metadata.response_code, rcode, "{request}");
        assert_eq!(answer.message.metadata.op_code, OpCode::Update);
        assert!(is_signed_for(&answer, &request), "{rcode}");
    }
    let unsigned = rig.tcp(&update(vec![any("gone.example.test.", RecordType::ANY)], add())).await.message;
    assert_eq!(unsigned.metadata.response_code, ResponseCode::Refused, "a stranger learns nothing by prerequisites");
    assert!(unsigned.signature().is_none());
    assert_eq!(rig.primary.zone().serial(), 7);
}

#[tokio::test]
async fn update_comes_by_udp_as_well() {
    let rig = Rig::start();
    let request = signed(update(vec![], vec![a("fresh.example.test.", 60, 9)]));
    let answer = rig.udp(&request).await;
    assert_eq!(answer.message.metadata.response_code, ResponseCode::NoError);
    assert!(is_signed_for(&answer, &request));
    assert_eq!(rig.primary.zone().serial(), 8);
}

#[tokio::test]
async fn port_is_free_again_once_stopped() {
    let rig = Rig::start_with(KeyAlgorithm::HmacSha512);
    let address = rig.primary.local_addr();
    assert!(Primary::bind(address).is_err());
    rig.stop.cancel();
    let rebind = async {
        while Primary::bind(address).is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, rebind).await.expect("free in time");
}
