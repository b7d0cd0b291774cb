//! What is counted of notifications and hooks.

use std::time::Duration;

const DELIVERIES: &str = "failover_controller_notifications_total";
const LAG: &str = "failover_controller_notification_lag_seconds";
const HOOKS: &str = "failover_controller_hook_answers_total";

/// Outcomes of a delivery.
const OUTCOMES: [&str; 3] = ["delivered", "refused", "failed"];

/// Describes every metric once.
pub(crate) fn describe() {
    metrics::describe_counter!(DELIVERIES, "tries to tell a receiver a row, by outcome");
    metrics::describe_gauge!(
        LAG,
        metrics::Unit::Seconds,
        "age of the oldest row that a receiver is still to be told, 0 without one"
    );
    metrics::describe_counter!(HOOKS, "answers of pre-flip hooks; a silent one counts as timeout");
}

/// Lets the counters of a receiver begin at 0: the first failure shows in a rate only as a step.
pub(super) fn begin(receiver: &str) {
    for outcome in OUTCOMES {
        counter(receiver, outcome).absolute(0);
    }
    lag(receiver, Duration::ZERO);
}

/// Counts a try.
pub(super) fn count(receiver: &str, outcome: &'static str) {
    counter(receiver, outcome).increment(1);
}

/// Sets how far a receiver is behind.
pub(super) fn lag(receiver: &str, lag: Duration) {
    metrics::gauge!(LAG, "receiver" => receiver.to_owned()).set(lag.as_secs_f64());
}

fn counter(receiver: &str, outcome: &'static str) -> metrics::Counter {
    metrics::counter!(DELIVERIES, "receiver" => receiver.to_owned(), "outcome" => outcome)
}

/// Counts the answer of a pre-flip hook.
pub(crate) fn hook_answered(hook: &str, answer: &'static str) {
    metrics::counter!(HOOKS, "hook" => hook.to_owned(), "answer" => answer).increment(1);
}
