use super::*;

const INTERVAL: Duration = Duration::from_secs(5);

/// A detector with `fall: 3, rise: 2`, and a clock that each run advances by one interval.
struct Bench {
    detector: Detector,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        let now = Instant::now();
        Self { detector: Detector::new(Detection { fall: 3, rise: 2 }, INTERVAL, now), now }
    }

    /// Runs `g`ood, `b`ad and `v`oid outcomes.
    fn run(&mut self, outcomes: &str) -> View {
        for outcome in outcomes.chars() {
            self.now += INTERVAL;
            let latency = Duration::from_millis(3);
            let outcome = match outcome {
                'g' => Outcome::Good { latency },
                'b' => Outcome::Bad { latency, error: "connection refused".to_owned() },
                _ => Outcome::Void { reason: "too many open files".to_owned() },
            };
            self.detector.observe(&outcome, self.now);
        }
        self.detector.view()
    }

    fn pause(&mut self, intervals: u32) {
        self.now += INTERVAL * intervals;
    }
}

#[test]
fn the_first_verdict_needs_a_whole_row() {
    assert_eq!(Bench::new().run("g").verdict, Verdict::Undecided);
    assert_eq!(Bench::new().run("gg").verdict, Verdict::Healthy);
    assert_eq!(Bench::new().run("bbgb").verdict, Verdict::Undecided);
    assert_eq!(Bench::new().run("bbb").verdict, Verdict::Failing);
}

#[test]
fn undecided_says_what_the_last_bad_run_said() {
    assert_eq!(Bench::new().run("b").error.as_deref(), Some("connection refused"));
    assert_eq!(Bench::new().run("v").error.as_deref(), Some("too many open files"));
}

#[test]
fn contradicting_runs_are_counted_until_they_turn_the_verdict() {
    let mut bench = Bench::new();
    let healthy = bench.run("gg");
    assert_eq!((healthy.contradicting, healthy.error), (0, None));
    let suspected = bench.run("bb");
    assert_eq!((suspected.verdict, suspected.contradicting, suspected.since), (Verdict::Healthy, 2, healthy.since));
    assert_eq!(suspected.error.as_deref(), Some("connection refused"));
    let cleared = bench.run("g");
    assert_eq!((cleared.contradicting, cleared.error, cleared.since), (0, None, healthy.since));
    let failing = bench.run("bbb");
    assert_eq!((failing.verdict, failing.contradicting, failing.since), (Verdict::Failing, 0, bench.now));
    let recovering = bench.run("g");
    assert_eq!((recovering.verdict, recovering.contradicting), (Verdict::Failing, 1));
    assert!(recovering.error.is_some());
}

#[test]
fn void_runs_neither_lengthen_nor_break_a_row() {
    assert_eq!(Bench::new().run("bvbvb").verdict, Verdict::Failing);
    assert_eq!(Bench::new().run("vvv").verdict, Verdict::Undecided);
    let mut bench = Bench::new();
    let before = bench.run("ggb");
    assert!(!bench.run("v").differs(&before));
}

#[test]
fn a_verdict_lapses_when_only_void_runs_come() {
    let mut bench = Bench::new();
    let healthy = bench.run("gg");
    assert_eq!(bench.run("vvv").verdict, Verdict::Healthy);
    let lapsed = bench.run("v");
    assert_eq!((lapsed.verdict, lapsed.error.as_deref()), (Verdict::Undecided, Some("too many open files")));
    let back = bench.run("g");
    assert_eq!((back.verdict, back.since), (Verdict::Healthy, bench.now));
    assert!(back.since > healthy.since);
}

#[test]
fn a_gap_restarts_the_age_of_the_verdict_and_the_row() {
    let mut bench = Bench::new();
    bench.run("ggbb");
    bench.pause(3);
    let after = bench.run("b");
    assert_eq!((after.verdict, after.contradicting, after.since), (Verdict::Healthy, 1, bench.now));
}

#[test]
fn an_old_failing_does_not_come_back_across_a_gap() {
    for first in ["g", "b"] {
        let mut bench = Bench::new();
        assert_eq!(bench.run("bbb").verdict, Verdict::Failing);
        bench.pause(3);
        let after = bench.run(first);
        assert_eq!((after.verdict, after.since), (Verdict::Undecided, bench.now), "the first run is `{first}`");
    }
    let mut bench = Bench::new();
    bench.run("bbb");
    bench.detector.doubt(bench.now, bench.now);
    assert_eq!(bench.run("bb").verdict, Verdict::Undecided);
    assert_eq!(bench.run("b").verdict, Verdict::Failing, "by a whole row");
}

#[test]
fn doubt_takes_back_a_verdict_that_was_formed_in_doubtful_time() {
    let mut bench = Bench::new();
    bench.run("gg");
    let doubtful_from = bench.now + Duration::from_secs(1);
    bench.run("bbb");
    bench.detector.doubt(doubtful_from, bench.now);
    assert_eq!(bench.run("b").verdict, Verdict::Undecided);
    assert_eq!(bench.run("bb").verdict, Verdict::Failing);
}

#[test]
fn doubt_keeps_an_older_verdict_but_not_its_age() {
    let mut bench = Bench::new();
    bench.run("ggg");
    bench.detector.doubt(bench.now, bench.now);
    assert_eq!(bench.detector.view().verdict, Verdict::Undecided);
    let after = bench.run("g");
    assert_eq!((after.verdict, after.since), (Verdict::Healthy, bench.now));
}
