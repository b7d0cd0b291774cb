//! The page: what was counted, beside the least that it could be.

use serde::Serialize;

use super::calls::Calls;
use super::fleet::CALLS_PER_SECOND;
use super::observers::EYES;
use crate::benchmark::machine::Machine;
use crate::benchmark::table::table;

/// What the issue asks for.
const RATIO_MAX: f64 = 1.1;
const PEAK_MIB_MAX: f64 = 200.0;

/// Everything that a run found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    pub(super) machine: Machine,
    pub(super) services: usize,
    /// Record sets in the zone, fences and the zone's own included.
    pub(super) sets: usize,
    pub(super) propagation_s: u64,
    /// Calls that the evacuation took.
    pub(super) calls: Calls,
    /// The least possible.
    pub(super) least: Calls,
    /// Batches that were refused, and why, at the most some of them.
    pub(super) refused: Vec<String>,
    pub(super) evacuation: Evacuation,
    pub(super) costs: Costs,
    pub(super) quiet: Quiet,
}

/// How it went.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Evacuation {
    /// From the evidence to the first decision.
    pub(super) first_decision_s: f64,
    /// From the first decision to the last write that was accepted.
    pub(super) last_write_s: f64,
    /// What the rate limit alone makes of the batches that were sent.
    pub(super) rate_alone_s: f64,
    /// From the first decision until every service was seen on the name servers.
    pub(super) verified_s: f64,
    /// Rows of history by kind.
    pub(super) rows: std::collections::BTreeMap<String, u64>,
    /// Rows that wake someone.
    pub(super) pages: u64,
    /// Services that were in dr at the end by zone, and by history.
    pub(super) in_dr: usize,
}

/// What it cost.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Costs {
    /// The peak before anything moved: start, first reads, adoption.
    pub(super) peak_before_mib: f64,
    /// The peak in quiet time and evacuation.
    pub(super) peak_mib: f64,
    pub(super) cpu_s: f64,
    pub(super) store_mib: f64,
}

/// The time before.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Quiet {
    pub(super) window_s: u64,
    pub(super) calls: u64,
    pub(super) cpu_s: f64,
    pub(super) resident_mib: f64,
}

impl Report {
    /// Calls by the least possible.
    pub(super) fn ratio(&self) -> f64 {
        to_float(self.calls.sum()) / to_float(self.least.sum())
    }

    /// Whether the targets are met, in words.
    fn targets(&self) -> String {
        let verdict = |met: bool| if met { "met" } else { "**missed**" };
        let (ratio, peak) = (self.ratio(), self.costs.peak_mib.max(self.costs.peak_before_mib));
        format!(
            "- requests at most {RATIO_MAX} × the least possible: {}, {ratio:.3}\n\
             - memory at most {PEAK_MIB_MAX:.0} MiB: {}, {peak:.0} MiB at its peak\n",
            verdict(ratio <= RATIO_MAX),
            verdict(peak <= PEAK_MIB_MAX),
        )
    }

    /// The page as Markdown.
    pub(super) fn render(&self) -> String {
        let Self { services, sets, propagation_s, evacuation, .. } = self;
        format!(
            "# Evacuation

Written by `cargo run --release -p tests --bin evacuation`, not by hand, with its figures as JSON beside it. A region dies
under {services} services at once. Each has one A record and a fence in one hosted zone of {sets} record sets, at a strict
stand-in of Route 53 that takes {CALLS_PER_SECOND} calls a second, 1,000 records and 32,000 characters a batch, one change
of a zone at a time, and has a change on its name servers {propagation_s} s later. One controller as it ships, from a
release build, with its default budget and policy; {EYES} vantage points see each service, and are scripted: nothing is
probed. `ready for` is the default, adoption by the API before; neither is counted.

{circumstances}
Targets:

{targets}
## Calls of the API

{calls}
Least possible: as many batches as the flips of this run fill, each as full as one request may be and no flip split; one
answer for each that it has arrived; one listing of the whole zone, 300 sets a page, that shows all of it. No listing is
counted for the plan: what was read in quiet times and is still served is enough to plan on, since every write is
conditional. {refused}

## Time

{time}
{pages} rows of the history wake someone. Rows by kind: {rows}.

## Costs of the controller

{costs}
The most memory is counted by the kernel (`VmHWM`) from the process's start, and again from the end of the adoption.
",
            circumstances = self.circumstances(),
            targets = self.targets(),
            calls = self.calls_table(),
            refused = self.refusals(),
            time = self.time_table(),
            pages = evacuation.pages,
            rows = evacuation
                .rows
                .iter()
                .map(|(kind, count)| format!("{kind} {count}"))
                .collect::<Vec<_>>()
                .join(", "),
            costs = self.costs_table(),
        )
    }

    fn circumstances(&self) -> String {
        let Machine { date, cpu, cores, kernel, file_system, commit, load_before, load_after, .. } = &self.machine;
        let rows = [
            ("date", date.clone()),
            ("commit", commit.clone()),
            ("machine", format!("{cpu}, {cores} cores, Linux {kernel}, {file_system}")),
            ("load average", format!("{load_before} before, {load_after} after")),
        ];
        table(2, &["", ""], rows.map(|(name, value)| vec![name.to_owned(), value]))
    }

    fn calls_table(&self) -> String {
        let row = |name: &str, of: fn(&Calls) -> u64| {
            vec![name.to_owned(), of(&self.calls).to_string(), of(&self.least).to_string()]
        };
        let rows = [
            row("ChangeResourceRecordSets", |calls| calls.changes),
            row("ListResourceRecordSets", |calls| calls.pages),
            row("GetChange", |calls| calls.progress),
            row("others", |calls| calls.others),
            row("all", |calls| calls.sum()),
        ];
        table(1, &["operation", "made", "least possible"], rows)
    }

    fn refusals(&self) -> String {
        match self.refused.first() {
            None => "No batch was refused.".to_owned(),
            Some(first) => format!("{} batches were refused, such as: {first}", self.refused.len()),
        }
    }

    fn time_table(&self) -> String {
        let Evacuation { first_decision_s, last_write_s, rate_alone_s, verified_s, .. } = &self.evacuation;
        let rows = [
            ("evidence → first decision", first_decision_s),
            ("first decision → last write accepted", last_write_s),
            ("the same if only the rate limit counted", rate_alone_s),
            ("first decision → last service verified", verified_s),
        ];
        table(1, &["", "s"], rows.map(|(name, value)| vec![name.to_owned(), format!("{value:.1}")]))
    }

    fn costs_table(&self) -> String {
        let (costs, quiet) = (&self.costs, &self.quiet);
        let rows = [
            ("memory, peak from start to adoption, MiB", format!("{:.0}", costs.peak_before_mib)),
            ("memory, peak of quiet time and evacuation, MiB", format!("{:.0}", costs.peak_mib)),
            ("memory in quiet time, MiB", format!("{:.0}", quiet.resident_mib)),
            ("CPU of the evacuation, s", format!("{:.1}", costs.cpu_s)),
            ("CPU in quiet time, s a minute", format!("{:.1}", per_minute(quiet.cpu_s, quiet.window_s))),
            ("calls in quiet time, a minute", format!("{:.1}", per_minute(to_float(quiet.calls), quiet.window_s))),
            ("store, MiB", format!("{:.0}", costs.store_mib)),
        ];
        table(1, &["", ""], rows.map(|(name, value)| vec![name.to_owned(), value]))
    }
}

fn per_minute(value: f64, window_s: u64) -> f64 {
    value * 60.0 / to_float(window_s.max(1))
}

/// Counts stay far below 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts and sizes of one run are far below 2^53")]
pub(super) fn to_float(count: u64) -> f64 {
    count as f64
}
