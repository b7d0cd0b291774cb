//! Each invariant with a guard without which it breaks, by a history that breaks it. The table stands in docs/simulation.md,
//! too, and is held to this one.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use clap::ValueEnum as _;
use tests::simulation::{DAY, Guard, Invariant, Plan, live, shortest};

/// Long enough for a storm or two.
const SPAN: u64 = 40 * DAY;

/// Histories that are tried: many times what any guard needs.
const TRIES: u64 = 400;

/// The first history without a guard that breaks an invariant; the one that broke it when this was written comes first.
fn broken_without(guard: Guard, invariant: Invariant, likely: u64) -> u64 {
    assert!(guard.upholds().contains(&invariant), "{guard:?} is not for {}", invariant.name());
    let breaks = |seed: &u64| {
        let violation = live(&Plan { seed: *seed, span: SPAN, without: Some(guard) }).violation;
        violation.is_some_and(|found| found.invariant == invariant || found.also.contains(&invariant))
    };
    let found = std::iter::once(likely).chain(0..TRIES).find(breaks);
    found.unwrap_or_else(|| panic!("without {guard:?} `{}` never breaks: it is no guard of it", invariant.name()))
}

macro_rules! guards {
    ($($test:ident: $guard:ident breaks $invariant:ident, $likely:literal;)*) => {
        $(
            #[test]
            fn $test() {
                let seed = broken_without(Guard::$guard, Invariant::$invariant, $likely);
                println!("without {:?}: {} in the history of seed {seed}", Guard::$guard, Invariant::$invariant.name());
            }
        )*

        const TESTED: &[(Invariant, Guard, &str)] =
            &[$((Invariant::$invariant, Guard::$guard, stringify!($test)),)*];
    };
}

guards! {
    a_provider_that_ignores_conditions_breaks_the_order_of_writes: FenceCondition breaks OrderGoesUp, 1;
    a_provider_that_ignores_conditions_takes_two_plans_in_one_epoch: FenceCondition breaks OnePlanPerEpoch, 1;
    a_kernel_that_is_not_asked_again_lets_old_decisions_go: PermitAsked breaks TargetsProven, 31;
    a_provider_that_ignores_signing_times_takes_late_writes: PermitTime breaks WithinPermit, 71;
    a_lost_answer_taken_for_a_failure_lets_abandoned_writes_arrive: Resolving breaks NothingAbandonedArrives, 67;
    unknown_taken_for_failing_moves_without_evidence: UnknownIsNotDown breaks MovesOnEvidence, 0;
    one_vantage_point_in_place_of_a_quorum_moves_for_no_reason: Quorum breaks NoWrongMove, 4;
    silence_taken_for_the_last_word_moves_without_evidence: Staleness breaks MovesOnEvidence, 63;
    a_kernel_without_the_rule_of_proven_targets_moves_to_others: TargetProven breaks TargetsProven, 4;
    a_kernel_without_the_rule_of_all_regions_moves_while_all_fail: AllRegionsFailing breaks NeverWhileAllFail, 3;
    a_pause_that_nobody_remembers_holds_nothing: Pause breaks PausesHold, 42;
    a_replica_that_claims_the_newest_configuration_writes_an_old_one: ConfigurationOrder breaks ConfigurationsInOrder, 4;
    a_kernel_without_the_rule_of_gates_moves_past_them: GatesOpen breaks GatesHold, 77;
    a_veto_that_nobody_heeds_holds_nothing: HooksAgreed breaks VetoesHold, 63;
    a_kernel_without_windows_writes_while_one_is_open: ChangeFreeze breaks WindowsHold, 26;
    a_kernel_without_a_cooldown_comes_back_too_early: CooledDown breaks CooldownsHold, 3;
    a_kernel_without_a_soak_comes_back_to_what_has_just_recovered: Soaked breaks SoaksHold, 54;
    a_pin_that_nobody_remembers_is_overwritten: NotPinned breaks PinsHold, 27;
    a_kernel_without_the_rule_of_standbys_leaves_them: StandbyHolds breaks StandbysHold, 0;
    a_kernel_without_a_budget_flaps: FailoverBudget breaks BudgetsHold, 3;
    services_that_know_nothing_of_each_other_all_leave_a_part_of_a_region: BlastRadius breaks BlastRadiusHolds, 80;
    services_that_know_nothing_of_each_other_leave_a_lost_region_at_once: BlastRadius breaks WavesHold, 80;
    a_provider_that_takes_half_a_change_set_answers_nothing: WholeChangeSet breaks NeverEmpty, 11;
    a_provider_that_takes_half_a_change_set_serves_a_mixture: WholeChangeSet breaks WholePlans, 1;
    decisions_without_names_of_their_own_go_to_two_regions: OwnName breaks OneRegionPerPlan, 0;
    a_state_that_is_kept_without_its_outbox_forgets_writes: OneCommit breaks OutboxAgrees, 197;
    a_store_that_loses_what_it_took_goes_back: Durability breaks HeldGoesUp, 96;
    what_is_never_burned_stays_open_for_ever: Burning breaks Settles, 16;
}

#[test]
fn every_guard_has_a_test() {
    let tested: BTreeSet<Guard> = TESTED.iter().map(|(_, guard, _)| *guard).collect();
    assert_eq!(tested, BTreeSet::from(Guard::ALL));
}

#[test]
fn every_invariant_is_seen_to_break() {
    let tested: BTreeSet<Invariant> = TESTED.iter().map(|(invariant, _, _)| *invariant).collect();
    assert_eq!(tested, Invariant::ALL.iter().copied().collect());
}

#[test]
fn the_documents_table_of_guards_is_this_one() {
    let mut table = String::new();
    for invariant in Invariant::ALL {
        for (_, guard, test) in TESTED.iter().filter(|(tested, _, _)| tested == invariant) {
            let guard = guard.to_possible_value().expect("every guard can be named");
            let name = guard.get_name();
            writeln!(table, "| `{}` | `{name}` | `{test}` |", invariant.name()).expect("a String takes all");
        }
    }
    let documents = include_str!("../../../../docs/simulation.md");
    assert!(documents.contains(&table), "docs/simulation.md must have\n{table}");
}

#[test]
fn the_shortest_story_is_short_and_still_breaks_the_invariant() {
    let plan = Plan { seed: 1, span: SPAN, without: Some(Guard::Quorum) };
    let failure = (1..TRIES).find_map(|seed| shortest(&Plan { seed, ..plan })).expect("one of them fails");
    let (left, all) = failure.injections;
    assert!(left <= 3 && left < all, "one vantage point's trouble is enough, and {left} of {all} are left");
    assert!(failure.story.to_string().contains(failure.violation.invariant.name()), "{}", failure.story);
}
