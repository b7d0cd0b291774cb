use super::*;

const INTERVAL: Duration = Duration::from_secs(5);

struct Bench {
    sight: Sight,
    now: Instant,
    wall: Timestamp,
}

impl Bench {
    /// Two endpoints.
    fn new() -> Self {
        let (now, wall) = (Instant::now(), Timestamp::from_secs(1_000_000));
        Self { sight: Sight::new(2, INTERVAL, now, wall), now, wall }
    }

    fn pass(&mut self, length: Duration) -> Option<Doubt> {
        self.now += length;
        self.wall = self.wall + length;
        self.sight.notice(self.now, self.wall)
    }

    fn round(&self, failures: &[&str]) -> ControlRound {
        ControlRound {
            started: self.now,
            finished: self.now,
            targets: 2,
            failures: failures.iter().map(|&text| text.to_owned()).collect(),
        }
    }
}

#[test]
fn steady_beats_are_no_reason_for_doubt() {
    let mut bench = Bench::new();
    for _ in 0..10 {
        assert_eq!(bench.pass(BEAT + Duration::from_millis(900)), None);
    }
    assert_eq!(bench.sight.blind(), None);
}

#[test]
fn a_stalled_process_is_blind_until_every_endpoint_had_a_fresh_run() {
    let mut bench = Bench::new();
    let before = bench.now;
    let doubt = bench.pass(Duration::from_secs(7));
    assert_eq!(doubt, Some(Doubt { from: before }));
    assert!(bench.sight.blind().expect("blind").contains("stood still for 7.0 s"));
    let stale = before + Duration::from_secs(1);
    assert!(!bench.sight.trusts(stale));
    bench.sight.ran(0, stale);
    bench.sight.ran(1, stale);
    assert!(bench.sight.blind().is_some(), "runs from before the stall are not fresh");
    assert!(bench.sight.trusts(bench.now));
    bench.sight.ran(0, bench.now);
    assert!(bench.sight.blind().is_some());
    bench.sight.ran(1, bench.now);
    assert_eq!(bench.sight.blind(), None);
}

#[test]
fn blindness_after_a_stall_is_bounded() {
    let mut bench = Bench::new();
    assert!(bench.pass(Duration::from_mins(1)).is_some());
    for _ in 0..9 {
        assert_eq!(bench.pass(BEAT), None);
        assert!(bench.sight.blind().is_some());
    }
    assert_eq!(bench.pass(BEAT), None);
    assert_eq!(bench.sight.blind(), None);
}

#[test]
fn clocks_that_run_apart_are_a_stall() {
    let mut bench = Bench::new();
    bench.wall = bench.wall + Duration::from_mins(1);
    assert!(bench.pass(BEAT).is_some());
    assert!(bench.sight.blind().expect("blind").contains("jumped forward by 60.0 s"));
    let mut bench = Bench::new();
    bench.wall = bench.wall.before(Duration::from_secs(2));
    assert!(bench.pass(BEAT).is_some());
    assert!(bench.sight.blind().expect("blind").contains("jumped back by 2.0 s"));
}

#[test]
fn a_late_scheduler_is_a_stall_once() {
    let mut bench = Bench::new();
    let planned = bench.now;
    assert_eq!(bench.pass(Duration::from_millis(1500)), None);
    assert!(bench.sight.woke_for(planned, bench.now).is_some());
    assert!(bench.sight.blind().expect("blind").contains("scheduler woke 1.5 s late"));
    assert_eq!(bench.sight.woke_for(planned, bench.now), None, "the same stall is told once");
}

#[test]
fn blind_only_while_every_control_target_fails() {
    let mut bench = Bench::new();
    let answered = bench.now;
    assert_eq!(bench.sight.controls(&bench.round(&["192.0.2.1:53 (timed out)"])), None);
    assert_eq!(bench.sight.blind(), None);
    assert_eq!(bench.pass(BEAT), None);
    let all = bench.round(&["192.0.2.1:53 (timed out)", "192.0.2.2:53 (timed out)"]);
    assert_eq!(bench.sight.controls(&all), Some(Doubt { from: answered }));
    let reason = bench.sight.blind().expect("blind");
    assert_eq!(reason, "control targets failing: 192.0.2.1:53 (timed out), 192.0.2.2:53 (timed out)");
    assert!(!bench.sight.trusts(bench.now));
    assert_eq!(bench.sight.controls(&all), None, "one onset");
    let blind_run = bench.now;
    assert_eq!(bench.pass(BEAT), None);
    assert_eq!(bench.sight.controls(&bench.round(&[])), None);
    assert_eq!(bench.sight.blind(), None);
    assert!(!bench.sight.trusts(blind_run), "a run that began while blind says nothing");
    assert!(bench.sight.trusts(bench.now));
}

#[test]
fn without_control_targets_their_absence_says_nothing() {
    let mut bench = Bench::new();
    let round = ControlRound { targets: 0, ..bench.round(&[]) };
    assert_eq!(bench.sight.controls(&round), None);
    assert_eq!(bench.sight.blind(), None);
}
