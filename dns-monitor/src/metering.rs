//! The metrics of a monitor. Labels are bounded by the configuration: service, region, kind, outcome, verdict.

use std::collections::BTreeMap;

use dns_core::evidence::{EndpointKey, Verdict};
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use crate::probe::ProbeOutcome;

const ASKED: &str = "dns_monitor_asked_total";
const PROBES: &str = "dns_monitor_probes_total";
const DURATION: &str = "dns_monitor_probe_duration_seconds";
const LATE: &str = "dns_monitor_late_ticks_total";
const DISTRUSTED: &str = "dns_monitor_distrusted_runs_total";
const IN_FLIGHT: &str = "dns_monitor_runs_in_flight";
const ENDPOINTS: &str = "dns_monitor_endpoints";
const SUBSCRIBERS: &str = "dns_monitor_subscribers";
const CUT_OFF: &str = "dns_monitor_subscribers_cut_off_total";
const BLIND: &str = "dns_monitor_blind";

const VERDICTS: [Verdict; 3] = [Verdict::Healthy, Verdict::Failing, Verdict::Undecided];

/// Says what each metric means, and lets those that may stay silent for long appear at once.
pub(crate) fn describe() {
    describe_counter!(
        ASKED,
        "Questions to servers of a private network that were asked for the controller, by outcome."
    );
    describe_counter!(PROBES, "Probes that ended, by service, region, kind and outcome; void is our own fault.");
    describe_histogram!(DURATION, "How long good and bad probes took.");
    describe_counter!(
        LATE,
        "Planned runs that could not start in time and were left out; no-place: raise monitor.concurrencyMax."
    );
    describe_counter!(DISTRUSTED, "Runs that count for nothing because the vantage point was blind.");
    describe_gauge!(IN_FLIGHT, "Runs that are under way.");
    describe_gauge!(ENDPOINTS, "Covered endpoints by service, region and verdict.");
    describe_gauge!(SUBSCRIBERS, "Open evidence streams.");
    describe_counter!(CUT_OFF, "Evidence streams that were ended because the subscriber was too slow.");
    describe_gauge!(BLIND, "1 while this vantage point does not trust its own eyes.");
    for cause in [LateCause::Woken, LateCause::Overrun, LateCause::NoPlace] {
        late_ticks(0, cause);
    }
    for outcome in [Asked::Answered, Asked::Silent, Asked::Refused] {
        asked_counter(outcome).absolute(0);
    }
    counter!(DISTRUSTED).absolute(0);
    counter!(CUT_OFF).absolute(0);
    subscribers(0);
    blind(false);
}

/// What became of a question for the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The server answered something.
    Answered,
    /// The server was asked and did not answer.
    Silent,
    /// It was not asked.
    Refused,
}

pub(crate) fn asked(outcome: Asked) {
    asked_counter(outcome).increment(1);
}

fn asked_counter(outcome: Asked) -> metrics::Counter {
    let outcome = match outcome {
        Asked::Answered => "answered",
        Asked::Silent => "silent",
        Asked::Refused => "refused",
    };
    counter!(ASKED, "outcome" => outcome)
}

pub(crate) fn outcomes(key: &EndpointKey, outcomes: &[ProbeOutcome]) {
    for ProbeOutcome { kind, outcome } in outcomes {
        let labels = [
            ("service", key.service.to_string()),
            ("region", key.region.to_string()),
            ("kind", (*kind).to_owned()),
            ("outcome", outcome.as_str().to_owned()),
        ];
        counter!(PROBES, &labels).increment(1);
        if let Some(latency) = outcome.latency() {
            histogram!(DURATION, "kind" => *kind, "outcome" => outcome.as_str()).record(latency);
        }
    }
}

/// Why a planned run could not start in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LateCause {
    /// Its task woke too late: the process is starved or was stopped.
    Woken,
    /// The run before, or a stop in the middle of it, lasted beyond it.
    Overrun,
    /// Too many probes ran at once: `monitor.concurrencyMax` is too small.
    NoPlace,
}

pub(crate) fn late_ticks(count: u64, cause: LateCause) {
    let cause = match cause {
        LateCause::Woken => "woken",
        LateCause::Overrun => "overrun",
        LateCause::NoPlace => "no-place",
    };
    counter!(LATE, "cause" => cause).increment(count);
}

pub(crate) fn distrusted() {
    counter!(DISTRUSTED).increment(1);
}

/// Counts a run as under way until dropped.
pub(crate) fn in_flight() -> InFlight {
    gauge!(IN_FLIGHT).increment(1);
    InFlight
}

/// See [`in_flight`].
pub(crate) struct InFlight;

impl Drop for InFlight {
    fn drop(&mut self) {
        gauge!(IN_FLIGHT).decrement(1);
    }
}

/// Sets the number of endpoints by verdict.
pub(crate) fn verdicts<'a>(endpoints: impl Iterator<Item = (&'a EndpointKey, Verdict)>) {
    let mut counts: BTreeMap<_, [u32; VERDICTS.len()]> = BTreeMap::new();
    for (key, verdict) in endpoints {
        let row = counts.entry((&key.service, &key.region)).or_default();
        row[index(verdict)] += 1;
    }
    for ((service, region), row) in counts {
        for verdict in VERDICTS {
            let labels = [
                ("service", service.to_string()),
                ("region", region.to_string()),
                ("verdict", word(verdict).to_owned()),
            ];
            gauge!(ENDPOINTS, &labels).set(f64::from(row[index(verdict)]));
        }
    }
}

pub(crate) fn subscribers(count: usize) {
    gauge!(SUBSCRIBERS).set(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
}

pub(crate) fn cut_off() {
    counter!(CUT_OFF).increment(1);
}

pub(crate) fn blind(blind: bool) {
    gauge!(BLIND).set(if blind { 1.0 } else { 0.0 });
}

/// A verdict as a word, as in evidence.
pub(crate) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Healthy => "healthy",
        Verdict::Failing => "failing",
        Verdict::Undecided => "undecided",
    }
}

fn index(verdict: Verdict) -> usize {
    match verdict {
        Verdict::Healthy => 0,
        Verdict::Failing => 1,
        Verdict::Undecided => 2,
    }
}
