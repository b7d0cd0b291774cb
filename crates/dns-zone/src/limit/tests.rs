use domain::base::Rtype;

use super::*;
use crate::fixture::{key, set};

fn limits(exceeded: &[Exceeded]) -> Vec<String> {
    exceeded.iter().map(|one| one.limit.to_string()).collect()
}

fn tally(existing: u64, creates: u64, updates: u64, deletes: u64) -> Tally {
    Tally { existing, creates, updates, deletes }
}

fn zone(tally: Tally) -> Vec<String> {
    limits(&tally.exceeding(Scope::Zone, &Limits::default()))
}

#[test]
fn each_kind_is_bound_by_count() {
    let none: Vec<String> = Vec::new();
    assert_eq!(zone(tally(1_000_000, 10_000, 1_000, 100)), none);
    assert_eq!(zone(tally(1_000_000, 10_001, 0, 0)), ["creates"]);
    assert_eq!(zone(tally(1_000_000, 0, 1_001, 0)), ["updates"]);
    assert_eq!(zone(tally(1_000_000, 0, 0, 101)), ["deletes"]);
}

#[test]
fn each_kind_is_bound_by_share() {
    let none: Vec<String> = Vec::new();
    assert_eq!(zone(tally(100, 0, 30, 10)), none);
    assert_eq!(zone(tally(100, 0, 31, 0)), ["updatesShare"]);
    assert_eq!(zone(tally(100, 0, 0, 11)), ["deletesShare"]);
    let mut strict = Limits::default();
    strict.zone.creates.percent_max = Some(50);
    assert_eq!(limits(&tally(100, 51, 0, 0).exceeding(Scope::Zone, &strict)), ["createsShare"]);
}

#[test]
fn a_few_changes_never_exceed_a_share() {
    assert!(zone(tally(6, 0, 0, FEW)).is_empty());
    assert_eq!(zone(tally(6, 0, 0, FEW + 1)), ["deletesShare"], "however small the zone");
}

#[test]
fn the_most_that_a_bound_lets_through_is_what_exceeds_nothing() {
    for (count_max, percent_max) in [(Some(40), Some(10)), (None, Some(10)), (Some(40), None), (Some(3), Some(30))] {
        let mut limits = Limits::default();
        limits.zone.deletes = Bound { count_max, percent_max };
        for existing in [1_u64, 49, 50, 51, 59, 60, 399, 1_000] {
            let most = limits.zone.deletes.most_of(existing).expect("it is bound");
            let exceeds = |deletes| !tally(existing, 0, 0, deletes).exceeding(Scope::Zone, &limits).is_empty();
            assert!(!exceeds(most) && exceeds(most + 1), "{most} of {existing} by {count_max:?}, {percent_max:?}");
        }
    }
    assert_eq!(Bound { count_max: None, percent_max: None }.most_of(7), None);
}

#[test]
fn many_zones_that_each_keep_their_limits_are_bound_together() {
    let one = tally(1_000, 0, 0, 90);
    assert!(zone(one).is_empty());
    let all: Tally = [one; 4].into_iter().sum();
    assert_eq!(limits(&all.exceeding(Scope::All, &Limits::default())), ["allDeletes"]);
    let all: Tally = [tally(20, 0, 0, FEW); 3].into_iter().sum();
    assert_eq!(limits(&all.exceeding(Scope::All, &Limits::default())), ["allDeletesShare"]);
}

#[test]
fn what_a_controller_moves_counts_towards_no_limit() {
    let change = || SetChange { key: key("a", Rtype::A), before: Some(set(Rtype::A, &["1"])), after: None };
    let own = Step::from(vec![change(), change()]);
    let moved = Step { service: Some("shop".parse().expect("a name")), ..Step::from(vec![change()]) };
    assert_eq!(Tally::of_own(9, &[moved, own]), tally(9, 0, 0, 2));
}

#[test]
fn a_source_that_shrank_is_told_from_one_that_lost_little() {
    let shrunk = |found, known| Exceeded::by_shrinking(found, known, &Limits::default());
    assert_eq!(shrunk(80, 100), None);
    let exceeded = shrunk(79, 100).expect("too small");
    assert_eq!(
        exceeded.to_string(),
        "shrink: 21 of 100 record sets, allowed are 20 %; if that is meant: --force shrink"
    );
    assert_eq!((shrunk(120, 100), shrunk(3, 8)), (None, None));
}

#[test]
fn every_name_is_read_back_and_no_other_is() {
    let names: Vec<String> = Force::all().map(|one| one.to_string()).collect();
    assert_eq!(names.len(), 14);
    assert!(Force::all().all(|one| one.to_string().parse() == Ok(one)));
    let error = "delete".parse::<Force>().expect_err("no name");
    assert!(error.to_string().contains("`delete` cannot be forced; what can: creates, createsShare"), "{error}");
}
