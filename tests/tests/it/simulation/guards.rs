//! Each guard with the invariant that breaks without it, by a history that breaks it.

use std::collections::BTreeSet;

use tests::simulation::{DAY, Guard, Invariant, Plan, live, shortest};

/// Long enough for a storm or two.
const SPAN: u64 = 40 * DAY;

/// Histories that are tried: many times what any guard needs.
const TRIES: u64 = 400;

/// The first history without a guard that breaks one of its invariants; the one that broke it when this was written comes first.
fn broken_without(guard: Guard, likely: u64) -> (u64, Invariant) {
    let broken = |seed: u64| {
        let violation = live(&Plan { seed, span: SPAN, without: Some(guard) }).violation?;
        guard.upholds().contains(&violation.invariant).then_some((seed, violation.invariant))
    };
    let found = std::iter::once(likely).chain(0..TRIES).find_map(broken);
    found.unwrap_or_else(|| panic!("nothing breaks without {guard:?}: it is no guard, or it is not tested"))
}

macro_rules! guards {
    ($($test:ident: $guard:ident, $likely:literal;)*) => {
        $(
            #[test]
            fn $test() {
                let (seed, broken) = broken_without(Guard::$guard, $likely);
                println!("without {:?}: {} in the history of seed {seed}", Guard::$guard, broken.name());
            }
        )*

        #[test]
        fn every_guard_has_a_test() {
            let tested: BTreeSet<Guard> = [$(Guard::$guard),*].into();
            assert_eq!(tested, BTreeSet::from(Guard::ALL));
        }
    };
}

guards! {
    a_provider_that_ignores_conditions_breaks_the_order_of_writes: FenceCondition, 0;
    a_kernel_that_is_not_asked_again_lets_old_decisions_go: PermitAsked, 20;
    a_provider_that_ignores_signing_times_takes_late_writes: PermitTime, 23;
    a_lost_answer_taken_for_a_failure_lets_abandoned_writes_arrive: Resolving, 24;
    unknown_taken_for_failing_moves_without_evidence: UnknownIsNotDown, 8;
    one_vantage_point_in_place_of_a_quorum_moves_without_evidence: Quorum, 0;
    silence_taken_for_the_last_word_moves_without_evidence: Staleness, 80;
    a_kernel_without_the_rule_of_proven_targets_moves_to_others: TargetProven, 0;
    a_kernel_without_the_rule_of_all_regions_moves_while_all_fail: AllRegionsFailing, 10;
    a_pause_that_nobody_remembers_holds_nothing: Pause, 23;
    a_replica_that_claims_the_newest_configuration_writes_an_old_one: ConfigurationOrder, 20;
}

#[test]
fn the_shortest_story_is_short_and_still_breaks_the_invariant() {
    let plan = Plan { seed: 1, span: SPAN, without: Some(Guard::Quorum) };
    let failure = (1..TRIES).find_map(|seed| shortest(&Plan { seed, ..plan })).expect("one of them fails");
    let (left, all) = failure.injections;
    assert!(left <= 3 && left < all, "one vantage point's trouble is enough, and {left} of {all} are left");
    assert!(failure.story.to_string().contains(failure.violation.invariant.name()), "{}", failure.story);
}
