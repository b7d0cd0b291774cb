use super::*;
use crate::change::difference;
use crate::fixture::{key, settings, zone};

#[test]
fn a_fence_never_moves_without_its_records() {
    let service: ServiceName = "shop".parse().expect("a name");
    let together = [(key("a", Rtype::A), service.clone()), (key("b", Rtype::A), service.clone())].into();
    let mut changes = difference(&zone(&[]), &zone(&["a A 1", "c A 1"]));
    let mut left = vec![LeftAlone { set: key("b", Rtype::A), why: Why::Protected }];
    keep_together(&mut changes, &mut left, &together);
    assert_eq!(changes.iter().map(|one| one.key.clone()).collect::<Vec<_>>(), [key("c", Rtype::A)]);
    assert_eq!(left[1], LeftAlone { set: key("a", Rtype::A), why: Why::Apart { service } });
}

#[test]
fn a_zone_that_is_not_there_is_made_only_of_a_source_with_soa_and_ns() {
    let new = Settings { protected: Protected::Nothing, ..settings() };
    let told = |source: &[&str], target: &[&str], settings: &Settings| {
        Proposal::of(&zone(source), &zone(target), settings).refusals.first().map(ToString::to_string)
    };
    let whole = ["@ SOA 1", "@ NS ns", "www A 1"];
    assert_eq!(told(&whole, &[], &new), None);
    let missing = "`main` has no zone example.test. yet, and the source no SOA and NS to make it with; make it first";
    assert_eq!(told(&whole[2..], &[], &new).as_deref(), Some(missing));
    assert!(told(&whole[1..], &[], &new).is_some_and(|told| told.contains("no SOA to make")));
    assert_eq!(told(&whole[2..], &whole, &new), None, "it is there");
    assert_eq!(told(&whole[2..], &[], &settings()), None, "the target makes them itself");
}
