//! Chance without a state: what is drawn depends on the seed, on what it is for and on when, never on what was drawn before.
//!
//! So leaving one event out of a history leaves the rest of it as it was, which is what lets a failing history shrink.

use std::time::Duration;

use super::Ms;

/// What is drawn. Draws for different purposes know nothing of each other.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Setting,
    Script,
    Phase,
    Loss,
    Decide,
    Send,
    Answer,
    Look,
    Read,
    Reconnect,
    Verify,
    Order,
    Roll,
    Gate,
    Hook,
}

/// The chance of one history.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chance {
    seed: u64,
}

impl Chance {
    pub(super) fn of(seed: u64) -> Self {
        Self { seed: mix(seed) }
    }

    /// Dice for a purpose of somebody at a moment.
    pub(super) fn dice(self, purpose: Purpose, whose: usize, at: Ms) -> Dice {
        let whose = u64::try_from(whose).unwrap_or(u64::MAX);
        let salt = mix(self.seed ^ mix(purpose as u64).rotate_left(17) ^ mix(whose).rotate_left(34));
        Dice(fastrand::Rng::with_seed(mix(salt ^ at)))
    }
}

/// The finaliser of `SplitMix64`: neighbouring numbers become unrelated ones.
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A few draws.
#[derive(Debug)]
pub(super) struct Dice(fastrand::Rng);

impl Dice {
    /// From 0 to one below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0.usize(..end.max(1))
    }

    /// From `low` to `high`, both included.
    pub(super) fn between(&mut self, low: Ms, high: Ms) -> Ms {
        self.0.u64(low..=high.max(low))
    }

    /// Yes, once in `times`.
    pub(super) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(super) fn fraction(&mut self) -> f64 {
        self.0.f64()
    }

    /// The wait for something that happens once in `mean` on average and forgets.
    pub(super) fn wait(&mut self, mean: Ms) -> Ms {
        let factor = -(1.0 - self.fraction()).ln();
        millis(Duration::from_millis(mean).mul_f64(factor.min(100.0)))
    }

    /// Between `low` and `high`, each power of ten as likely as the next: short and long faults both matter.
    pub(super) fn spread(&mut self, low: Ms, high: Ms) -> Ms {
        let (low, high) = (low.max(1), high.max(2));
        let ratio = Duration::from_millis(high).div_duration_f64(Duration::from_millis(low));
        millis(Duration::from_millis(low).mul_f64(ratio.powf(self.fraction())))
    }

    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// Whole milliseconds.
pub(super) fn millis(length: Duration) -> Ms {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}
