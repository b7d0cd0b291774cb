//! What was counted.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Ms;

/// Milliseconds of a year of 365 days.
pub(super) const YEAR: Ms = 365 * 24 * 3_600_000;

/// Counts of one history or of many.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// Histories.
    pub histories: u64,
    /// Time that passed in them.
    pub simulated_ms: Ms,
    /// What was taken from the queue.
    pub steps: u64,
    /// Steps of sagas.
    pub saga_steps: u64,
    /// Interesting events by kind: only what struck counts.
    pub events: BTreeMap<&'static str, u64>,
    /// Decisions by kind and initiative.
    pub decisions: BTreeMap<String, u64>,
    /// Rows of the controllers' histories by kind.
    pub history: BTreeMap<&'static str, u64>,
    /// What became of the messages that providers were sent.
    pub messages: BTreeMap<&'static str, u64>,
    /// Writes that took records to another region.
    pub flips: u64,
    /// Automatic moves, and those of them away from a region that served everyone: a quorum had its view taken.
    pub automatic_moves: u64,
    /// See `automatic_moves`.
    pub moves_on_false_views: u64,
}

impl Tally {
    pub(super) fn event(&mut self, kind: &'static str) {
        *self.events.entry(kind).or_default() += 1;
    }

    pub(super) fn message(&mut self, end: &'static str) {
        *self.messages.entry(end).or_default() += 1;
    }

    /// Adds the counts of another.
    pub fn add(&mut self, other: &Self) {
        let Self {
            histories,
            simulated_ms,
            steps,
            saga_steps,
            events,
            decisions,
            history,
            messages,
            flips,
            automatic_moves,
            moves_on_false_views,
        } = other;
        self.histories += histories;
        self.simulated_ms += simulated_ms;
        self.steps += steps;
        self.saga_steps += saga_steps;
        self.flips += flips;
        self.automatic_moves += automatic_moves;
        self.moves_on_false_views += moves_on_false_views;
        sum(&mut self.events, events);
        sum(&mut self.decisions, decisions);
        sum(&mut self.history, history);
        sum(&mut self.messages, messages);
    }

    /// Whole years of service.
    pub fn years(&self) -> f64 {
        std::time::Duration::from_millis(self.simulated_ms).div_duration_f64(std::time::Duration::from_millis(YEAR))
    }

    /// All interesting events.
    pub fn interesting(&self) -> u64 {
        self.events.values().sum()
    }
}

fn sum<K: Ord + Clone>(into: &mut BTreeMap<K, u64>, from: &BTreeMap<K, u64>) {
    for (key, count) in from {
        *into.entry(key.clone()).or_default() += count;
    }
}
