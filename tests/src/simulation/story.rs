//! The story of a history, and what is wrong at its end.

use std::fmt;

use super::Ms;
use super::invariants::Invariant;

/// Lines that are kept, at the most: the end of a story is what matters.
const LINES_MAX: usize = 20_000;

/// An invariant that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// When, in milliseconds of the history.
    pub at: Ms,
    /// How.
    pub what: String,
    /// What the same event has broken besides.
    pub also: Vec<Invariant>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {} ({})", When(self.at), self.invariant.name(), self.what, self.invariant.sentence())
    }
}

/// What happened, line by line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Story {
    lines: Vec<(Ms, String)>,
}

impl Story {
    pub(super) fn add(&mut self, at: Ms, line: String) {
        if self.lines.len() == LINES_MAX {
            self.lines.drain(..LINES_MAX / 2);
        }
        self.lines.push((at, line));
    }
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|(at, line)| writeln!(f, "{} {line}", When(*at)))
    }
}

/// A moment of a history as people read it.
struct When(Ms);

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, rest) = (self.0 / 86_400_000, self.0 % 86_400_000);
        let (hours, minutes, seconds) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60);
        write!(f, "day {days:>3} {hours:02}:{minutes:02}:{seconds:02}.{:03}", rest % 1_000)
    }
}
