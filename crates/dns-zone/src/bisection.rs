//! Finding the steps that a target refuses, while all others go through.
//!
//! A refused batch is halved, the first half is tried first, and so on down to single steps: those that are refused alone are
//! poison. Later steps that need a name of a poison one, or delete anything, are withheld: they were ordered after it for a
//! reason. n steps with p poison ones take at most 2·p·⌈log₂ n⌉ + 1 further tries. Pure: whoever drives it sends what
//! [`next_batch`](Bisection::next_batch) gives and says what came of it. A batch whose outcome isn't known must be read
//! back before anything is said here.

use std::collections::BTreeSet;

use crate::order::Step;
use crate::owner::Owner;

/// What became of the steps of a refused batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Indices of those that went through, in the order in which they did.
    pub done: Vec<usize>,
    /// Those that the target refuses even alone, with what it said.
    pub poison: Vec<(usize, String)>,
    /// Those that were not sent because they need a name of a poison one.
    pub withheld: Vec<usize>,
}

/// The search in one refused batch.
#[derive(Debug)]
pub struct Bisection<'a> {
    steps: &'a [Step],
    /// What is still to be tried, the next last. Each is a run of steps.
    open: Vec<Vec<usize>>,
    tried: Vec<usize>,
    /// Names that are not as the plan wants them.
    spoilt: BTreeSet<Owner>,
    outcome: Outcome,
}

impl<'a> Bisection<'a> {
    /// Begins with a batch that was refused for `reason`, after others in which these names were `spoilt`.
    pub fn new(steps: &'a [Step], refused: Vec<usize>, reason: &str, spoilt: BTreeSet<Owner>) -> Self {
        let mut search = Self { steps, open: Vec::new(), tried: refused, spoilt, outcome: Outcome::default() };
        search.refused(reason);
        search
    }

    /// The steps to send next, in order, as one batch; none once the search is over. The same until its outcome is told.
    pub fn next_batch(&mut self) -> Option<&[usize]> {
        while self.tried.is_empty() {
            let next = self.open.pop()?;
            for index in next {
                self.admit(index);
            }
        }
        Some(&self.tried)
    }

    /// Takes a step into the next batch, unless it builds on what isn't there.
    fn admit(&mut self, index: usize) {
        let step = &self.steps[index];
        if step.is_spoilt_by(&self.spoilt) {
            self.spoilt.extend(step.owners().cloned());
            self.outcome.withheld.push(index);
        } else {
            self.tried.push(index);
        }
    }

    /// The target took the batch.
    pub fn passed(&mut self) {
        self.outcome.done.append(&mut self.tried);
    }

    /// The target refused the batch, for `reason`, and nothing of it was done.
    pub fn refused(&mut self, reason: &str) {
        let mut first = std::mem::take(&mut self.tried);
        if let [poison] = first[..] {
            self.spoilt.extend(self.steps[poison].owners().cloned());
            self.outcome.poison.push((poison, reason.to_owned()));
            return;
        }
        let second = first.split_off(first.len() / 2);
        self.open.extend([second, first].into_iter().filter(|half| !half.is_empty()));
    }

    /// How many steps went through so far.
    pub fn done(&self) -> usize {
        self.outcome.done.len()
    }

    /// The names that are not as the plan wants them.
    pub fn spoilt(&self) -> &BTreeSet<Owner> {
        &self.spoilt
    }

    /// What came of it; steps that were not tried yet are in none of its lists.
    pub fn into_outcome(self) -> Outcome {
        self.outcome
    }
}

#[cfg(test)]
mod tests;
