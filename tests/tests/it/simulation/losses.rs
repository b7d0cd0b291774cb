//! The shortcut of losses: rows that turn a verdict are drawn as often, and as long, as runs taken one by one have them.

use tests::simulation::QuietLosses;

/// A chance high enough that a sample of runs has thousands of rows; the smaller it is, the better the draw fits.
const QUIET: QuietLosses = QuietLosses { chance: 0.05, fall: 2, interval: 1_000 };

/// Runs of the sample.
const RUNS: u64 = 4_000_000;

/// Five times the standard deviation of a count, for both sides: their difference lies beyond it once in a million times, and the
/// seeds are fixed.
fn bound(count: f64) -> f64 {
    5.0 * (2.0 * count).sqrt()
}

/// The gaps before rows of losses that turn a verdict and the runs that they take, one run at a time.
fn by_runs(seed: u64) -> (Vec<u64>, Vec<u64>) {
    let mut dice = fastrand::Rng::with_seed(seed);
    let (mut gaps, mut lengths) = (Vec::new(), Vec::new());
    let (mut row, mut since) = (0, 0);
    for _ in 0..RUNS {
        if dice.f64() < QUIET.chance {
            row += 1;
            continue;
        }
        if row >= u64::from(QUIET.fall) {
            gaps.push(since);
            lengths.push(row);
            since = 0;
        }
        since += row + 1;
        row = 0;
    }
    (gaps, lengths)
}

fn drawn(seed: u64) -> (Vec<u64>, Vec<u64>) {
    let rows = QUIET.rows(seed, RUNS * QUIET.interval);
    let mut last = 0;
    let gap = |at: u64| (at - std::mem::replace(&mut last, at)) / QUIET.interval;
    (rows.iter().map(|row| row.after).map(gap).collect(), rows.iter().map(|row| row.runs).collect())
}

fn count(of: &[u64], wanted: impl Fn(u64) -> bool) -> f64 {
    f64::from(u32::try_from(of.iter().filter(|one| wanted(**one)).count()).expect("a sample"))
}

#[test]
fn rows_are_drawn_as_often_as_runs_have_them() {
    let ((gaps, _), (others, _)) = (by_runs(1), drawn(2));
    let (each, all) = (count(&gaps, |_| true), count(&others, |_| true));
    assert!(each > 5_000.0, "the sample is too small: {each}");
    assert!((each - all).abs() < bound(each), "{each} by runs, {all} drawn");
    // The waits have the same distribution, compared at its deciles.
    for share in [0.1_f64, 0.25, 0.5, 1.0, 2.0] {
        let mean = QUIET.mean_gap() / 1_000.0;
        let below = |gap: u64| f64::from(u32::try_from(gap).expect("a gap")) < share * mean;
        let (each, all) = (count(&gaps, below), count(&others, below));
        assert!((each - all).abs() < bound(each), "waits below {share} of the mean: {each} by runs, {all} drawn");
    }
}

#[test]
fn rows_are_drawn_as_long_as_runs_have_them() {
    let ((_, lengths), (_, others)) = (by_runs(3), drawn(4));
    for length in 2..=4 {
        let (each, all) = (count(&lengths, |one| one == length), count(&others, |one| one == length));
        assert!((each - all).abs() < bound(each.max(10.0)), "rows of {length}: {each} by runs, {all} drawn");
    }
}
