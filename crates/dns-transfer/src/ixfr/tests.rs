use super::*;
use crate::fixture::{Answer, address, apex, ns, record, soa, soa_at, zone};

const RECORDS_MAX: usize = 20;

fn take(known: u32, messages: &[&[Record]]) -> Result<Told, Fault> {
    let mut reader = Reader::new(apex(), Serial::new(known), RECORDS_MAX);
    for records in messages {
        reader.take(&Answer::ixfr(records).wire())?;
    }
    reader.finish()
}

fn step(from: u32, deleted: &[Record], to: u32, added: &[Record]) -> Difference {
    Difference { deleted: [&[soa(from)], deleted].concat(), added: [&[soa(to)], added].concat() }
}

#[test]
fn an_soa_that_is_not_newer_says_that_nothing_has_changed() {
    assert_eq!(take(7, &[&[soa(7)]]), Ok(Told::Current(Serial::new(7))));
    assert_eq!(take(7, &[&[soa(6)]]), Ok(Told::Current(Serial::new(6))), "the server is behind");
}

#[test]
fn differences_are_taken_in_their_order_over_message_borders() {
    let messages: [&[Record]; 3] = [
        &[soa(9), soa(7), address("a", 1)],
        &[soa(8), address("b", 1), address("b", 2), soa(8)],
        &[address("b", 2), soa(9), soa(9)],
    ];
    let steps =
        vec![step(7, &[address("a", 1)], 8, &[address("b", 1), address("b", 2)]), step(8, &[address("b", 2)], 9, &[])];
    assert_eq!(take(7, &messages), Ok(Told::Differences(steps)));
}

#[test]
fn serials_may_wrap_on_the_way() {
    let told = take(u32::MAX, &[&[soa(1), soa(u32::MAX), soa(0), soa(0), soa(1), soa(1)]]);
    assert_eq!(told, Ok(Told::Differences(vec![step(u32::MAX, &[], 0, &[]), step(0, &[], 1, &[])])));
}

#[test]
fn the_whole_zone_may_come_instead() {
    let told = take(7, &[&[soa(9)], &[ns(), address("a", 1)], &[soa(9)]]);
    assert_eq!(told, Ok(Told::Whole(zone(9, &[address("a", 1)]))));
    assert_eq!(take(7, &[&[soa(9), soa(9)]]), Err(Fault::EmptyZone));
    assert_eq!(take(7, &[&[soa(9), ns()]]), Err(Fault::Cut));
}

#[test]
fn differences_that_begin_elsewhere_are_refused() {
    assert!(matches!(take(7, &[&[soa(9), soa(6)]]), Err(Fault::Sequence(_))));
}

#[test]
fn differences_with_a_gap_are_refused() {
    assert!(matches!(take(7, &[&[soa(9), soa(7), soa(8), soa(7)]]), Err(Fault::Sequence(_))));
    assert!(matches!(take(7, &[&[soa(10), soa(7), soa(8), soa(9)]]), Err(Fault::Sequence(_))));
}

#[test]
fn differences_that_go_back_or_too_far_are_refused() {
    assert!(matches!(take(7, &[&[soa(9), soa(7), soa(6)]]), Err(Fault::Sequence(_))));
    assert!(matches!(take(7, &[&[soa(9), soa(7), soa(7)]]), Err(Fault::Sequence(_))));
    assert!(matches!(take(7, &[&[soa(9), soa(7), soa(10)]]), Err(Fault::Sequence(_))));
}

#[test]
fn unfinished_differences_are_none() {
    let whole = [soa(8), soa(7), address("a", 1), soa(8), address("a", 2), soa(8)];
    for length in 0..whole.len() {
        let messages: Vec<&[Record]> = whole[..length].chunks(1).collect();
        assert_eq!(take(7, &messages), Err(Fault::Cut), "{length} records");
    }
}

#[test]
fn the_last_soa_has_to_be_the_first_one() {
    let changed = Record { ttl: dns_zone::Ttl::received(90), ..soa(8) };
    assert!(matches!(take(7, &[&[soa(8), soa(7), soa(8), changed]]), Err(Fault::OtherSoa { .. })));
    assert!(matches!(take(7, &[&[soa(8), soa_at("sub.example.test.", 7)]]), Err(Fault::OtherSoa { .. })));
}

#[test]
fn nothing_may_follow_the_end() {
    assert_eq!(take(7, &[&[soa(7), soa(7)]]), Err(Fault::AfterEnd));
    assert_eq!(take(7, &[&[soa(8), soa(7), soa(8), soa(8), ns()]]), Err(Fault::AfterEnd));
    assert_eq!(take(7, &[&[soa(8), ns(), soa(8), ns()]]), Err(Fault::AfterEnd));
}

#[test]
fn an_answer_without_records_or_without_an_soa_is_refused() {
    assert_eq!(take(7, &[&[]]), Err(Fault::EmptyMessage));
    assert_eq!(take(7, &[&[ns()]]), Err(Fault::NoSoaFirst("example.test. NS".to_owned())));
}

#[test]
fn a_difference_outside_the_zone_is_refused() {
    let outside = record("www.other.test.", Rtype::A, &[192, 0, 2, 1]);
    assert!(matches!(take(7, &[&[soa(8), soa(7), outside.clone()]]), Err(Fault::Zone(_))));
    assert!(matches!(take(7, &[&[soa(8), soa(7), soa(8), outside]]), Err(Fault::Zone(_))));
}

#[test]
fn more_records_than_the_bound_are_refused() {
    let many: Vec<Record> = (0..30).map(|last| address("www", last)).collect();
    let records = [&[soa(8), soa(7)], &many[..]].concat();
    assert_eq!(take(7, &[&records]), Err(Fault::TooMany { max: RECORDS_MAX }));
}
