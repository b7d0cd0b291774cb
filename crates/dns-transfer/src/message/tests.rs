use dns_zone::Serial;

use super::*;
use crate::fixture::{Answer, ID, RESPONSE, TRUNCATED, address, apex, ns, owner, soa, zone};

fn asked() -> Asked {
    Asked { id: ID, operation: Operation::Axfr, apex: apex() }
}

#[test]
fn a_query_asks_for_the_zone_by_its_type() {
    let wire = query(ID, Operation::Axfr, &apex());
    assert_eq!(wire[..12], [0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(wire[12..], *b"\x07example\x04test\x00\x00\xfc\x00\x01");
}

#[test]
fn an_ixfr_query_carries_the_soa_that_is_known() {
    let wire = ixfr_query(ID, &zone(7, &[])).expect("an SOA");
    assert_eq!(wire[4..12], [0, 1, 0, 0, 0, 1, 0, 0]);
    // The SOA stands where an answer would, one section later.
    let mut answer = wire.clone();
    answer[7] = 1;
    answer[9] = 0;
    let records: Vec<_> = Answers::of(&answer).expect("a message").collect();
    assert_eq!(records, [Ok(soa(7))]);
    assert_eq!(ixfr_query(ID, &Zone::new(apex())), None);
}

#[test]
fn an_answer_with_another_id_is_refused() {
    let other = Answer { id: 0x4321, ..Answer::axfr(&[soa(7)]) };
    assert_eq!(asked().check_id(&other.wire()), Err(Fault::OtherId { asked: ID, came: 0x4321 }));
    assert_eq!(asked().check_id(&Answer::axfr(&[]).wire()), Ok(()));
}

#[test]
fn what_is_no_response_is_refused() {
    let request = Answer { flags: 0, ..Answer::axfr(&[]) };
    let update = Answer { flags: RESPONSE | 5 << 11, ..Answer::axfr(&[]) };
    for message in [request.wire(), update.wire(), vec![0x12, 0x34]] {
        assert!(matches!(asked().check_id(&message), Err(Fault::Malformed(_))), "{message:?}");
    }
}

#[test]
fn a_code_other_than_noerror_is_told() {
    let refused = Answer::axfr(&[]).rcode(Rcode::REFUSED).wire();
    assert_eq!(Asked::check_rcode(&refused), Err(Fault::Rcode { rcode: Rcode::REFUSED }));
}

#[test]
fn a_truncated_answer_is_refused() {
    let cut = Answer { flags: RESPONSE | TRUNCATED, ..Answer::axfr(&[soa(7)]) };
    assert!(matches!(asked().check(&cut.wire(), true), Err(Fault::Malformed(_))));
}

#[test]
fn an_answer_to_another_question_is_refused() {
    for questions in
        [vec![(owner("other.test."), Rtype::AXFR)], vec![(apex(), Rtype::IXFR)], vec![(apex(), Rtype::AXFR); 2]]
    {
        let other = Answer { questions, ..Answer::axfr(&[soa(7)]) };
        for is_first in [true, false] {
            assert!(matches!(asked().check(&other.wire(), is_first), Err(Fault::OtherQuestion(_))));
        }
    }
}

#[test]
fn only_the_first_message_has_to_repeat_the_question() {
    let bare = Answer { questions: Vec::new(), ..Answer::axfr(&[ns()]) }.wire();
    assert!(matches!(asked().check(&bare, true), Err(Fault::OtherQuestion(_))));
    assert_eq!(asked().check(&bare, false), Ok(()));
}

#[test]
fn the_soa_is_read_from_its_answer() {
    let answer = Answer::of(Rtype::SOA, &[soa(7)]).wire();
    assert_eq!(soa_answer(&answer, &apex()).map(|soa| soa.serial), Ok(Serial::new(7)));
    assert_eq!(soa_answer(&Answer::of(Rtype::SOA, &[]).wire(), &apex()), Err(Fault::EmptyMessage));
    let other = Answer::of(Rtype::SOA, &[address("www", 1)]).wire();
    assert!(matches!(soa_answer(&other, &apex()), Err(Fault::NoSoaFirst(_))));
}
