//! Blast radius and waves, on counts alone.

use super::*;
use crate::fixture::region;

fn healthy() -> Presence {
    Presence { region: Some(region("prod")), ..Presence::default() }
}

fn failing() -> Presence {
    Presence { failing: true, ..healthy() }
}

fn left(progress: Progress) -> Presence {
    Presence { region: Some(region("dr")), left: Some((region("prod"), progress)), ..Presence::default() }
}

/// So many of each, and the one that asks.
fn fleet(parts: &[(usize, Presence)]) -> Fleet {
    let mut fleet = Fleet::default();
    for (count, presence) in parts {
        (0..*count).for_each(|_| fleet.count(presence));
    }
    fleet
}

fn asks(parts: &[(usize, Presence)]) -> Result<(), Withheld> {
    fleet(parts).admit(&region("prod"))
}

#[test]
fn one_that_fails_alone_leaves() {
    assert_eq!(asks(&[]), Ok(()), "the only service there is");
    assert_eq!(asks(&[(99, healthy())]), Ok(()));
}

#[test]
fn within_the_radius_nobody_is_asked_and_beyond_it_a_person_is() {
    assert_eq!(asks(&[(90, healthy()), (9, left(Progress::UnderWay))]), Ok(()), "the tenth of a hundred");
    let eleventh = asks(&[(89, healthy()), (10, left(Progress::Arrived))]);
    let text = "11 of 100 services fail in `prod`, 10 have begun to leave within 10 min; at most 10 leave without an order \
                while fewer than 60 % fail";
    assert_eq!(eleventh, Err(Withheld::UntilOrdered(text.to_owned())));
    assert_eq!(asks(&[(4, healthy()), (2, left(Progress::Arrived))]), Ok(()), "the third of seven");
    let share = asks(&[(3, healthy()), (4, left(Progress::Arrived))]);
    assert!(matches!(share, Ok(()) | Err(Withheld::UntilItsWave(_))), "five of eight is a loss: {share:?}");
    assert!(matches!(asks(&[(4, healthy()), (4, left(Progress::Arrived))]), Ok(())), "the fifth of nine, by the share");
    assert!(
        matches!(asks(&[(5, healthy()), (5, left(Progress::Arrived))]), Ok(())),
        "the sixth of eleven, by the share"
    );
}

#[test]
fn a_lost_region_is_left_by_one_then_by_waves_that_have_seen_the_last_one_arrive() {
    let of_ten_thousand = |begun: usize, arrived: usize| {
        let under_way = begun - arrived;
        let still = 9_999 - begun;
        asks(&[(still, failing()), (under_way, left(Progress::UnderWay)), (arrived, left(Progress::Arrived))])
    };
    assert_eq!(of_ten_thousand(9, 0), Ok(()), "as many as could leave anyway");
    for (begun, arrived, goes) in [
        (10, 9, true),
        (10, 0, false),
        (11, 10, false),
        (11, 11, true),
        (110, 11, true),
        (111, 110, false),
        (111, 111, true),
        (1_111, 1_110, false),
        (1_111, 1_111, true),
    ] {
        let answer = of_ten_thousand(begun, arrived);
        assert_eq!(answer.is_ok(), goes, "{begun} begun, {arrived} arrived: {answer:?}");
        assert!(goes || matches!(answer, Err(Withheld::UntilItsWave(_))), "{answer:?}");
    }
}

#[test]
fn what_has_left_and_is_seen_healthy_there_again_is_no_sign_of_a_loss() {
    let recovered = || Presence { recovered: true, ..left(Progress::Arrived) };
    let gone = asks(&[(11, failing()), (10, left(Progress::Arrived))]);
    assert_eq!(gone, Ok(()), "all of 22 fail: the region is lost, and ten have arrived");
    let in_turn = asks(&[(11, failing()), (10, recovered())]);
    let text = "12 of 22 services fail in `prod`, 10 have begun to leave within 10 min; at most 10 leave without an order \
                while fewer than 60 % fail";
    assert_eq!(in_turn, Err(Withheld::UntilOrdered(text.to_owned())), "half of them at a time is no loss");
}

#[test]
fn whoever_has_left_is_counted_by_how_the_region_is_seen_now() {
    use crate::fixture::{Seen, judgement};
    let back = left(Progress::Arrived).judged(&judgement(Seen::Healthy, Seen::Proven));
    assert!(back.recovered);
    assert!(!back.clone().judged(&judgement(Seen::Failing, Seen::Proven)).recovered);
    assert!(!back.clone().judged(&judgement(Seen::Unknown, Seen::Proven)).recovered, "unknown is not well");
    assert!(left(Progress::Arrived).judged_as(&back).recovered, "as another knows who has a newer judgement");
    assert!(!failing().judged_as(&back).recovered, "one that has left nothing has nothing to recover");
}

#[test]
fn one_that_has_decided_to_leave_and_is_still_there_counts_as_it_is_judged() {
    let leaving = |failing: bool| Presence { failing, region: Some(region("prod")), ..left(Progress::UnderWay) };
    assert_eq!(asks(&[(12, left(Progress::Arrived)), (5, leaving(true)), (7, healthy())]), Ok(()), "18 of 25 fail");
    let unknown = asks(&[(12, left(Progress::Arrived)), (5, leaving(false)), (7, healthy())]);
    let text = "13 of 25 services fail in `prod`, 17 have begun to leave within 10 min; at most 10 leave without an order \
                while fewer than 60 % fail";
    assert_eq!(unknown, Err(Withheld::UntilOrdered(text.to_owned())), "unknown is never down");
}

#[test]
fn waves_end_when_too_many_do_not_arrive() {
    let with_failed = |failed: usize| {
        let arrived = 111 - failed;
        asks(&[(889, failing()), (arrived, left(Progress::Arrived)), (failed, left(Progress::Failed))])
    };
    assert_eq!(with_failed(11), Ok(()), "a straggling server holds up nobody");
    let Err(Withheld::UntilOrdered(why)) = with_failed(12) else { panic!("a person is asked") };
    assert!(why.ends_with("and 12 of these did not arrive; order it by hand"), "{why}");
}

#[test]
fn a_lost_canary_holds_all_others() {
    let mut fleet = Fleet::new(BlastRadius { services: 0, ..BlastRadius::default() });
    (0..99).for_each(|_| fleet.count(&failing()));
    assert_eq!(fleet.admit(&region("prod")), Ok(()), "the canary");
    fleet.discount(&failing());
    fleet.count(&left(Progress::UnderWay));
    assert!(matches!(fleet.admit(&region("prod")), Err(Withheld::UntilItsWave(_))));
    fleet.discount(&left(Progress::UnderWay));
    fleet.count(&left(Progress::Failed));
    assert!(matches!(fleet.admit(&region("prod")), Err(Withheld::UntilOrdered(_))));
}

#[test]
fn regions_do_not_count_for_each_other() {
    let mut fleet = fleet(&[(50, healthy()), (10, left(Progress::Arrived))]);
    assert!(fleet.admit(&region("prod")).is_err());
    assert_eq!(fleet.admit(&region("dr")), Ok(()), "the ten that arrived are well there");
    (0..10).for_each(|_| fleet.discount(&left(Progress::Arrived)));
    assert_eq!(fleet.admit(&region("prod")), Ok(()));
}

#[test]
fn one_that_has_left_and_come_back_counts_once() {
    let back = Presence { region: Some(region("prod")), ..left(Progress::Arrived) };
    let fleet = fleet(&[(3, back)]);
    assert_eq!(fleet.regions[&region("prod")].services, 3);
}
