//! Histories with everything in place: no invariant breaks.

use tests::simulation::{self, DAY, Outcome, Plan, live, shortest};

/// Fixed seeds: as many as take a few seconds in a build without optimisation.
const SEEDS: std::ops::Range<u64> = 1..25;

/// Long enough for a few storms.
const SPAN: u64 = 60 * DAY;

fn plan(seed: u64) -> Plan {
    Plan { seed, span: SPAN, without: None }
}

fn assert_nothing_breaks(seed: u64) -> Outcome {
    let outcome = live(&plan(seed));
    if outcome.violation.is_some() {
        let failure = shortest(&plan(seed)).expect("what was broken is broken again");
        panic!("SIM_SEED={seed}: {}\n{}", failure.violation, failure.story);
    }
    outcome
}

#[test]
fn no_invariant_breaks_in_histories_of_fixed_seeds() {
    let mut tally = simulation::Tally::default();
    for seed in SEEDS {
        tally.add(&assert_nothing_breaks(seed).tally);
    }
    assert!(tally.flips > 50, "the histories are too quiet to show anything: {tally:?}");
    assert!(tally.automatic_moves > 20, "nothing moved by itself: {tally:?}");
}

#[test]
fn no_invariant_breaks_in_the_history_of_a_fresh_seed() {
    let seed = fastrand::u64(..);
    println!("SIM_SEED={seed}, {SPAN} ms");
    assert_nothing_breaks(seed);
}

/// Histories of several services at once, with blast radius and waves: a few, since each is of up to forty services.
#[test]
fn no_invariant_breaks_in_histories_of_several_services() {
    for seed in [80, 160, 240] {
        assert_nothing_breaks(seed);
    }
}

/// Seeds whose year once broke an invariant, each with what was wrong.
const ONCE_BROKEN: &[(u64, &str)] = &[
    (155_708_681, "an older configuration adopted over a newer one's disputed fence"),
    (155_723_840, "services that were leaving and unknown counted as a sign of a lost region"),
    (3_655_257_567, "a zone of before a release took the service back"),
    (3_655_267_875, "an order to where the service was already began no cooldown"),
    (3_270_179_942, "a clock that was behind made another controller's cooldown shorter"),
    (180_513_053, "a repair over another fence of the same order kept the cooldown of the own one"),
    (180_533_579, "the same over a fence of a lower order"),
    (2_012_423_781, "a clock that had been behind and was set right ended a cooldown"),
    (4_217_351_053, "a look of before a zone was set back proved that a repair could not arrive"),
    (4_281_733_347, "a backup of a higher order ended a pause"),
    (3_690_403_272, "operators answered the page of one controller and not the other's"),
];

#[test]
fn what_once_broke_an_invariant_breaks_none() {
    for (seed, what) in ONCE_BROKEN {
        let outcome = live(&Plan { seed: *seed, span: 365 * DAY, without: None });
        assert_eq!(outcome.violation, None, "SIM_SEED={seed}: {what}");
    }
}

#[test]
fn a_seed_always_tells_the_same_story() {
    let (first, second) = (simulation::tell(&plan(7)), simulation::tell(&plan(7)));
    let story = first.story.expect("it was told");
    assert!(story.to_string().lines().count() > 50, "a story has lines: {story}");
    assert_eq!(Some(story), second.story);
}
