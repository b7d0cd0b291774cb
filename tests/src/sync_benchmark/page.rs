//! The section: what both used, targets beside what was measured.

use serde::Serialize;

use super::MILLION;
use super::creates::Creates;
use super::figures::Figures;
use super::following::{Delta, Following, Served};
use crate::benchmark::machine::Machine;
use crate::benchmark::table::table;

/// The zone that targets are about.
const LARGE: usize = 100_000;

/// What is asked for.
const FILES_MAX: Figures = Figures { wall_s: 1.0, cpu_s: f64::INFINITY, peak_mib: 150.0 };
const MILLION_MAX: Figures = Figures { wall_s: 10.0, cpu_s: f64::INFINITY, peak_mib: 1.2 * 1024.0 };
const RATIO_MIN: f64 = 15.0;
const SERVED_MAX_S: f64 = 0.3;
const DELTA_MAX_S: f64 = 0.05;

/// Everything that a run found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    pub(super) machine: Machine,
    /// The parts of octoDNS.
    pub(super) peers: Vec<String>,
    pub(super) rows: Vec<Row>,
    pub(super) creates: Creates,
    pub(super) following: Following,
}

/// Medians of one task.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    pub(super) what: String,
    pub(super) records: usize,
    pub(super) runs: usize,
    pub(super) ours: Figures,
    pub(super) theirs: Option<Figures>,
}

impl Row {
    pub(super) fn new(what: &str, records: usize, ours: &[Figures], theirs: &[Figures]) -> Self {
        let theirs = (!theirs.is_empty()).then(|| Figures::median(theirs));
        Self { what: what.to_owned(), records, runs: ours.len(), ours: Figures::median(ours), theirs }
    }

    /// For the one who waits.
    pub(super) fn line(&self) -> String {
        let Figures { wall_s, peak_mib, .. } = self.ours;
        let theirs = self.theirs.map_or_else(String::new, |theirs| {
            format!("; octoDNS {:.2} s, {:.0} MiB, {:.1} × as long", theirs.wall_s, theirs.peak_mib, self.times())
        });
        format!("{} records: {}: {wall_s:.2} s, {peak_mib:.0} MiB{theirs}", self.records, self.what)
    }

    /// How many times as long octoDNS takes.
    fn times(&self) -> f64 {
        self.theirs.map_or(f64::NAN, |theirs| theirs.wall_s / self.ours.wall_s.max(f64::MIN_POSITIVE))
    }
}

impl Report {
    /// The section as Markdown.
    pub(super) fn render(&self) -> String {
        let Machine { date, cpu, cores, commit, load_before, load_after, .. } = &self.machine;
        format!(
            "## Keeping zones equal

Written by `cargo run --release -p tests --bin sync_benchmark`, not by hand, with its figures as JSON in
`benchmarks.sync.json`. dns-sync beside octoDNS: the same files and servers, turn by turn in one run; each figure is the
median. Versions: {peers}. The zones differ in 100 sets, 20 to create, 60 to update and 20 to delete, and both found all of them. Seconds, CPU
seconds and the peak of resident memory are the kernel's, of the whole process with its start; of peaks some 10 MiB are those of
the interpreter that starts both. `plan` of ours also saves the plan, and reads the source with all its checks; its `apply`
reads both sides again before it writes, and the target once more afterwards. octoDNS does none of these. It never reads a
file as a target: files are compared by its `octodns-compare`, and its apply writes all of the file anew.

On {date}, {commit}, {cpu}, {cores} cores, load average {load_before} before, {load_after} after.

{targets}
{rows}
{creates} TXT records of 64 characters that the target lacks:

{batches}
octoDNS at BIND: `{octodns}`. It sends 1,000 changes at once, which fit into a message as long as they have some 65 octets
each; so it gets through with short records alone. The least at Route 53 is what 1,000 records and 32,000 characters a batch allow.

The daemon as a secondary of a hidden primary (Knot): {edits} times one record set was changed by `knotc`, in a zone of
1,000 records, and each change was pushed to both targets before the next. Seconds from the commit until a server answered with it:

{served}
{delta}",
            peers = self.peers.join(", "),
            targets = self.targets(),
            rows = self.rows(),
            creates = self.creates.records,
            batches = self.batches(),
            octodns = self.creates.octodns,
            edits = self.following.edits,
            served = self.served(),
            delta = self.delta(),
        )
    }

    fn find(&self, what: &str, records: usize) -> Option<&Row> {
        self.rows.iter().find(|row| row.records == records && row.what.starts_with(what))
    }

    fn targets(&self) -> String {
        let files = |records, most: Figures| {
            let row = self.find("plan, zone file", records);
            target(
                format!("plan, zone file against zone file, {records} records"),
                format!("≤ {:.0} s, ≤ {:.0} MiB", most.wall_s, most.peak_mib),
                row.map(|row| {
                    let Figures { wall_s, peak_mib, .. } = row.ours;
                    let met = wall_s <= most.wall_s && peak_mib <= most.peak_mib;
                    (format!("{wall_s:.2} s, {peak_mib:.0} MiB"), met)
                }),
            )
        };
        let ratio = |what: &str| {
            let row = self.find(what, LARGE);
            let measured = row.map(|row| (format!("{:.1} ×", row.times()), row.times() >= RATIO_MIN));
            target(format!("{what}, {LARGE} records"), format!("≥ {RATIO_MIN} × as fast"), measured)
        };
        let Creates { records, route53_batches, route53_least, .. } = &self.creates;
        let rows = [
            files(LARGE, FILES_MAX),
            files(MILLION, MILLION_MAX),
            ratio("plan against the API of PowerDNS"),
            ratio("plan against BIND by AXFR with TSIG"),
            self.soonest("median", |served| served.median_s),
            self.soonest("p99", |served| served.p99_s),
            self.own_time(),
            target(
                format!("{records} creates at Route 53, batches"),
                route53_least.to_string(),
                Some((route53_batches.to_string(), route53_batches <= route53_least)),
            ),
        ];
        table(1, &["", "target", "measured", ""], rows)
    }

    /// How soon a change at a hidden primary is served by the slower target.
    fn soonest(&self, what: &str, of: fn(&Served) -> f64) -> Vec<String> {
        let slowest = self.following.targets.iter().map(of).fold(0.0, f64::max);
        let measured = (format!("{:.0} ms", slowest * 1000.0), slowest <= SERVED_MAX_S);
        let about = format!("a change at a hidden primary is served by both targets, {what}");
        target(about, format!("≤ {:.0} ms", SERVED_MAX_S * 1000.0), Some(measured))
    }

    fn own_time(&self) -> Vec<String> {
        let delta = self.following.delta.as_ref();
        let measured = delta.map(|delta| (format!("{:.1} ms", delta.cpu_s * 1000.0), delta.cpu_s <= DELTA_MAX_S));
        let about = format!("a change of 10 sets in a zone of {MILLION}, own CPU time");
        target(about, format!("≤ {:.0} ms", DELTA_MAX_S * 1000.0), measured)
    }

    fn rows(&self) -> String {
        let header = [
            "",
            "records",
            "n",
            "s",
            "CPU s",
            "MiB",
            "octoDNS: s",
            "CPU s",
            "MiB",
            "times s",
            "times CPU",
            "times MiB",
        ];
        table(1, &header, self.rows.iter().map(cells))
    }

    fn served(&self) -> String {
        let row = |Served { target, median_s, p99_s, pushed }: &Served| {
            vec![target.clone(), format!("{median_s:.3}"), format!("{p99_s:.3}"), pushed.to_string()]
        };
        table(1, &["served by", "median s", "p99 s", "sets written"], self.following.targets.iter().map(row))
    }

    fn delta(&self) -> String {
        let Some(Delta { records, sets, changes, cpu_s, held_mib }) = &self.following.delta else {
            return String::new();
        };
        let ms = cpu_s * 1000.0;
        format!(
            "Between Knot and BIND with {records} records a change of {sets} sets cost the daemon {ms:.1} ms of CPU, the mean of {changes}:
from NOTIFY to IXFR, plan, UPDATE, reading back and asking whether it is served. With both copies in memory it held {held_mib:.0} MiB.
"
        )
    }

    fn batches(&self) -> String {
        let Creates { bind, bind_batches, route53, route53_batches, route53_least, .. } = &self.creates;
        let row = |what: &str, figures: &Figures, batches: &usize, least: String| {
            let Figures { wall_s, cpu_s, peak_mib } = figures;
            let used = [format!("{wall_s:.2}"), format!("{cpu_s:.2}"), format!("{peak_mib:.0}")];
            [vec![what.to_owned()], used.to_vec(), vec![batches.to_string(), least]].concat()
        };
        let rows = [
            row("BIND, by UPDATE", bind, bind_batches, "–".to_owned()),
            row("Route 53's stand-in", route53, route53_batches, route53_least.to_string()),
        ];
        table(1, &["plan and apply", "s", "CPU s", "MiB", "batches", "least"], rows)
    }
}

fn target(what: String, wanted: String, measured: Option<(String, bool)>) -> Vec<String> {
    let (measured, verdict) = match measured {
        None => ("–".to_owned(), "not run"),
        Some((measured, true)) => (measured, "met"),
        Some((measured, false)) => (measured, "**missed**"),
    };
    vec![what, wanted, measured, verdict.to_owned()]
}

fn cells(row: &Row) -> Vec<String> {
    let Row { what, records, runs, ours, theirs } = row;
    let used = |figures: &Figures| {
        let Figures { wall_s, cpu_s, peak_mib } = figures;
        [format!("{wall_s:.2}"), format!("{cpu_s:.2}"), format!("{peak_mib:.0}")]
    };
    let times = |theirs: &Figures| {
        let Figures { wall_s, cpu_s, peak_mib } = theirs;
        let pairs = [(wall_s, ours.wall_s), (cpu_s, ours.cpu_s), (peak_mib, ours.peak_mib)];
        pairs.map(|(theirs, ours)| format!("{:.1}", theirs / ours.max(f64::MIN_POSITIVE)))
    };
    let none = || ["–"; 3].map(str::to_owned);
    let (their_use, times) = (theirs.as_ref().map_or_else(none, used), theirs.as_ref().map_or_else(none, times));
    let first = vec![what.clone(), records.to_string(), runs.to_string()];
    [first, used(ours).to_vec(), their_use.to_vec(), times.to_vec()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(wall_s: f64) -> Figures {
        Figures { wall_s, cpu_s: wall_s, peak_mib: 100.0 }
    }

    #[test]
    fn ratios_say_how_many_times_as_long_octodns_takes() {
        let row = Row::new("plan", 10, &[of(0.5)], &[of(20.0)]);
        assert!(row.line().ends_with("octoDNS 20.00 s, 100 MiB, 40.0 × as long"), "{}", row.line());
        assert_eq!(cells(&row)[9..], ["40.0", "40.0", "1.0"]);
        assert_eq!(cells(&Row::new("plan", 10, &[of(0.5)], &[]))[6..], ["–"; 6]);
    }

    #[test]
    fn a_target_that_was_not_run_is_not_met() {
        let verdict = |measured| target(String::new(), String::new(), measured).pop();
        assert_eq!(verdict(None).as_deref(), Some("not run"));
        assert_eq!(verdict(Some((String::new(), false))).as_deref(), Some("**missed**"));
    }
}
