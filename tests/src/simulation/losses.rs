//! The next row of losses that turns a verdict, drawn instead of waited for.
//!
//! Each run of a healthy endpoint is lost with the same small chance, on its own. A row of `fall` losses begins then at a
//! run with the chance `(1 - p) · p^fall`: the run before it was not lost, and it and its followers were. For chances as
//! small as real ones the wait for the next such row forgets how long it has lasted, so it is drawn at once from the
//! exponential distribution of that mean, and the row's length is drawn beside it. A test compares both with runs taken
//! one by one.

use super::Ms;
use super::chance::{Chance, Dice, Purpose};

/// The losses of a watch in quiet times.
#[derive(Clone, Copy, Debug)]
pub struct QuietLosses {
    /// The chance that a run of a healthy endpoint is lost.
    pub chance: f64,
    /// Losses in a row that turn a verdict.
    pub fall: u32,
    /// Time between two runs.
    pub interval: Ms,
}

/// A row of losses that turns a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LossRow {
    /// How long after the moment that was asked for it begins.
    pub after: Ms,
    /// How many runs it takes.
    pub runs: u64,
}

impl QuietLosses {
    /// The mean time between two such rows, in milliseconds.
    pub fn mean_gap(&self) -> f64 {
        let per_run = (1.0 - self.chance) * self.chance.powi(i32::try_from(self.fall).unwrap_or(i32::MAX));
        std::time::Duration::from_millis(self.interval).as_secs_f64() * 1000.0 / per_run
    }

    /// Draws rows until a moment; `seed` chooses them.
    pub fn rows(&self, seed: u64, until: Ms) -> Vec<LossRow> {
        let mut dice = Chance::of(seed).dice(Purpose::Loss, 0, 0);
        let mut rows = Vec::new();
        let mut at = 0;
        loop {
            let row = self.draw(&mut dice);
            at += row.after;
            if at >= until {
                return rows;
            }
            rows.push(LossRow { after: at, ..row });
        }
    }

    pub(super) fn draw(&self, dice: &mut Dice) -> LossRow {
        // Longer than any history: what never happens needs no exact date.
        let mean = std::time::Duration::try_from_secs_f64(self.mean_gap() / 1000.0).unwrap_or(std::time::Duration::MAX);
        let after = dice.wait(super::chance::millis(mean).min(u64::MAX / 256));
        let mut runs = u64::from(self.fall);
        while dice.fraction() < self.chance {
            runs += 1;
        }
        LossRow { after, runs }
    }
}
