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
    a_provider_that_ignores_conditions_breaks_the_order_of_writes: FenceCondition, 1;
    a_kernel_that_is_not_asked_again_lets_old_decisions_go: PermitAsked, 31;
    a_provider_that_ignores_signing_times_takes_late_writes: PermitTime, 71;
    a_lost_answer_taken_for_a_failure_lets_abandoned_writes_arrive: Resolving, 67;
    unknown_taken_for_failing_moves_without_evidence: UnknownIsNotDown, 0;
    one_vantage_point_in_place_of_a_quorum_moves_without_evidence: Quorum, 0;
    silence_taken_for_the_last_word_moves_without_evidence: Staleness, 63;
    a_kernel_without_the_rule_of_proven_targets_moves_to_others: TargetProven, 4;
    a_kernel_without_the_rule_of_all_regions_moves_while_all_fail: AllRegionsFailing, 3;
    a_pause_that_nobody_remembers_holds_nothing: Pause, 42;
    a_replica_that_claims_the_newest_configuration_writes_an_old_one: ConfigurationOrder, 4;
    a_kernel_without_the_rule_of_gates_moves_past_them: GatesOpen, 77;
    a_veto_that_nobody_heeds_holds_nothing: HooksAgreed, 63;
    a_kernel_without_windows_writes_while_one_is_open: ChangeFreeze, 26;
    a_kernel_without_a_cooldown_comes_back_too_early: CooledDown, 3;
    a_kernel_without_a_soak_comes_back_to_what_has_just_recovered: Soaked, 54;
    a_pin_that_nobody_remembers_is_overwritten: NotPinned, 27;
    a_kernel_without_the_rule_of_standbys_leaves_them: StandbyHolds, 0;
    a_kernel_without_a_budget_flaps: FailoverBudget, 3;
    services_that_know_nothing_of_each_other_all_leave_at_once: BlastRadius, 80;
}

#[test]
fn the_shortest_story_is_short_and_still_breaks_the_invariant() {
    let plan = Plan { seed: 1, span: SPAN, without: Some(Guard::Quorum) };
    let failure = (1..TRIES).find_map(|seed| shortest(&Plan { seed, ..plan })).expect("one of them fails");
    let (left, all) = failure.injections;
    assert!(left <= 3 && left < all, "one vantage point's trouble is enough, and {left} of {all} are left");
    assert!(failure.story.to_string().contains(failure.violation.invariant.name()), "{}", failure.story);
}
