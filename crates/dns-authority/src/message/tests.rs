use hickory_proto::op::Query;
use hickory_proto::rr::rdata::{A, TXT};
use hickory_proto::rr::{RData, Record, RecordType};

use super::*;
use crate::fixture::name;

fn query(edns: Option<Edns>) -> Message {
    let mut message = Message::new(7, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name("API.Example.test."), RecordType::A));
    message.edns = edns;
    message
}

fn edns(max_payload: u16) -> Edns {
    let mut edns = Edns::new();
    edns.set_max_payload(max_payload).set_dnssec_ok(true);
    edns
}

fn answer(records: u8) -> Answer {
    let record = |n| Record::from_rdata(name("API.Example.test."), 60, RData::A(A::new(192, 0, 2, n)));
    Answer {
        authoritative: true,
        answers: (0..records).map(record).collect(),
        ..Answer::refusal(ResponseCode::NoError)
    }
}

fn encoded(request: &Message, transport: Transport, answer: Answer) -> (usize, Message) {
    let wire = encode(request, transport, answer, &Seal::None);
    (wire.len(), Message::from_vec(&wire).expect("a message"))
}

#[test]
fn header_answers_the_request() {
    let (_, response) = encoded(&query(None), Transport::Udp, answer(1));
    let metadata = response.metadata;
    assert_eq!((metadata.id, metadata.message_type), (7, MessageType::Response));
    assert!(metadata.authoritative && metadata.recursion_desired && !metadata.recursion_available);
    assert!(response.queries[0].name().eq_case(&name("API.Example.test.")), "the question keeps its case");
    assert!(response.edns.is_none());
}

#[test]
fn repeats_edns_with_our_own_size() {
    let (_, response) = encoded(&query(Some(edns(4096))), Transport::Udp, answer(1));
    let ours = response.edns.expect("OPT");
    assert_eq!((ours.max_payload(), ours.version(), ours.flags().dnssec_ok), (EDNS_UDP_BYTES_MAX, 0, true));
}

#[test]
fn udp_answer_fits_what_the_client_takes_or_is_cut_to_the_question() {
    // Each A record takes 16 bytes beside the header and the question.
    for (edns_size, records, fits) in [
        (None, 29, true),
        (None, 30, false),
        (Some(300), 29, true),
        (Some(1000), 59, true),
        (Some(1000), 60, false),
        (Some(4096), 74, true),
        (Some(4096), 75, false),
    ] {
        let request = query(edns_size.map(edns));
        let (bytes, response) = encoded(&request, Transport::Udp, answer(records));
        let limit = edns_size.unwrap_or(512).clamp(512, 1232);
        assert!(bytes <= usize::from(limit), "{bytes} of {limit}");
        assert_eq!(response.metadata.truncation, !fits, "{edns_size:?} {records}: {bytes} bytes");
        assert_eq!(response.answers.len(), if fits { usize::from(records) } else { 0 });
        assert_eq!((response.queries.len(), response.edns.is_some()), (1, edns_size.is_some()));
    }
}

#[test]
fn tcp_answer_is_cut_beyond_64_kib_only() {
    let long = |count: usize| {
        let text = vec!["x".repeat(250); 4];
        let records = (0..count).map(|n| {
            let mut strings = text.clone();
            strings.push(n.to_string());
            Record::from_rdata(name("API.Example.test."), 60, RData::TXT(TXT::new(strings)))
        });
        Answer { answers: records.collect(), ..answer(0) }
    };
    let (_, whole) = encoded(&query(None), Transport::Tcp, long(60));
    assert!(!whole.metadata.truncation && whole.answers.len() == 60);
    let (_, cut) = encoded(&query(None), Transport::Tcp, long(70));
    assert!(cut.metadata.truncation && cut.answers.is_empty() && cut.queries.len() == 1);
}

#[test]
fn header_of_an_answer_or_of_nothing_is_no_request() {
    assert!(header(&[0; 11]).is_none());
    assert!(header(&Message::response(7, OpCode::Query).to_vec().expect("bytes")).is_none());
    assert_eq!(header(&query(None).to_vec().expect("bytes")).map(|header| header.id), Some(7));
}

#[test]
fn garbage_and_other_than_one_question_are_formerr() {
    let mut wire = query(None).to_vec().expect("bytes");
    wire.pop();
    assert_eq!(decode(&wire), Err(ResponseCode::FormErr));
    let mut none = query(None);
    none.queries.clear();
    let mut two = query(None);
    two.add_query(Query::query(name("example.test."), RecordType::A));
    for message in [none, two] {
        assert_eq!(decode(&message.to_vec().expect("bytes")), Err(ResponseCode::FormErr));
    }
}
