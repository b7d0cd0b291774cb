//! The shortcut of probes: whole stretches of runs at once say the same as the monitor's own detector, run for run.

use std::time::{Duration, Instant};

use dns_core::policy::Detection;
use dns_monitor::detector::Detector;
use dns_monitor::probe::Outcome;
use tests::simulation::{Opinion, Watch};

const INTERVAL: u64 = 5_000;
const PHASE: u64 = 1_234;
const DETECTION: Detection = Detection { fall: 3, rise: 4 };

/// Something that changes what runs find.
#[derive(Clone, Copy, Debug)]
enum Change {
    Answers(bool),
    Lose { permille: u64, lasts: u64, salt: u64 },
    CloseEyes,
    OpenEyes,
}

/// A watch that leaps over what is no news, and the same one run for run with the monitor's detector.
struct Pair {
    leaping: Watch,
    stepping: Watch,
    detector: Detector,
    began: Instant,
    blind: bool,
    run: u64,
}

impl Pair {
    fn new() -> Self {
        let began = Instant::now();
        let interval = Duration::from_millis(INTERVAL);
        let watch = Watch::begin(INTERVAL, PHASE, DETECTION.fall, DETECTION.rise, 0);
        let detector = Detector::new(DETECTION, interval, began);
        Self { leaping: watch.clone(), stepping: watch, detector, began, blind: false, run: 0 }
    }

    fn at(&self, now: u64) -> Instant {
        self.began + Duration::from_millis(now)
    }

    fn change(&mut self, change: Change, now: u64) {
        for watch in [&mut self.leaping, &mut self.stepping] {
            match change {
                Change::Answers(answers) => watch.answers(answers, now),
                Change::Lose { permille, lasts, salt } => watch.lose(permille, now + lasts, salt, now),
                Change::CloseEyes => watch.close_eyes(now - INTERVAL, now),
                Change::OpenEyes => watch.open_eyes(now),
            }
        }
        match change {
            Change::CloseEyes => {
                self.detector.doubt(self.at(now - INTERVAL), self.at(now));
                self.blind = true;
            }
            Change::OpenEyes => self.blind = false,
            Change::Answers(_) | Change::Lose { .. } => {}
        }
    }

    /// Every run up to a moment, one by one. Returns what was said after each.
    fn step_to(&mut self, now: u64) -> Vec<(u64, Opinion)> {
        let mut said = Vec::new();
        while self.stepping.at(self.run) <= now {
            let at = self.stepping.at(self.run);
            if !self.blind {
                let latency = Duration::ZERO;
                let outcome = if self.stepping.outcome(self.run) {
                    Outcome::Good { latency }
                } else {
                    Outcome::Bad { latency, error: "timed out".to_owned() }
                };
                self.detector.observe(&outcome, self.at(at));
            }
            said.push((at, self.opinion()));
            self.run += 1;
        }
        said
    }

    fn opinion(&self) -> Opinion {
        let view = self.detector.view();
        let since = view.since.duration_since(self.began).as_millis();
        Opinion {
            verdict: view.verdict,
            since: since.try_into().expect("a short history"),
            contradicted: view.contradicting > 0,
        }
    }

    /// The same by leaps: only where there may be news.
    fn leap_to(&mut self, now: u64) -> Vec<(u64, Opinion)> {
        let mut said = Vec::new();
        while let Some(news) = self.leaping.next_news().filter(|news| *news <= now) {
            self.leaping.advance(news);
            said.push((news, self.leaping.opinion()));
        }
        self.leaping.advance(now);
        said
    }
}

/// Only where what is said changes.
fn transitions(said: Vec<(u64, Opinion)>, before: Opinion) -> Vec<(u64, Opinion)> {
    let mut last = before;
    said.into_iter().filter(|(_, opinion)| std::mem::replace(&mut last, *opinion) != *opinion).collect()
}

fn any_change(dice: &mut fastrand::Rng, blind: bool) -> Change {
    match dice.u8(..6) {
        _ if blind => Change::OpenEyes,
        0..=2 => Change::Answers(dice.bool()),
        3 | 4 => Change::Lose { permille: dice.u64(50..=1_000), lasts: dice.u64(1_000..120_000), salt: dice.u64(..) },
        _ => Change::CloseEyes,
    }
}

#[test]
fn leaping_over_quiet_runs_says_the_same_as_taking_each() {
    let mut taken = 0;
    let mut runs = 0;
    for seed in 0..60 {
        let mut dice = fastrand::Rng::with_seed(seed);
        let mut pair = Pair::new();
        let mut now = INTERVAL;
        for _ in 0..60 {
            let before = pair.opinion();
            let longest = if dice.u8(..4) == 0 { 3_000_000 } else { 40_000 };
            now += dice.u64(1..longest);
            let (each, leapt) = (pair.step_to(now), pair.leap_to(now));
            runs += each.len();
            taken += leapt.len();
            assert_eq!(transitions(leapt, before), transitions(each, before), "seed {seed}, up to {now}");
            assert_eq!(pair.leaping.opinion(), pair.opinion(), "seed {seed} at {now}");
            let change = any_change(&mut dice, pair.blind);
            pair.change(change, now);
            assert_eq!(pair.leaping.opinion(), pair.opinion(), "seed {seed} at {now}, after {change:?}");
        }
    }
    assert!(taken * 4 < runs, "most runs are leapt over: {taken} of {runs} were taken");
}
