//! The page: what was found, with what, and how to read it.
//!
//! Prose stands here and in the sections' parts; every figure in it comes from the report.

mod failover;
mod idle;
mod peers;

use serde::Serialize;

use super::failover::Failover;
use super::idle::Idle;
use super::machine::Machine;
use super::peers::Peers;
use super::table::table;

/// Everything that a run found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    /// Where.
    pub(super) machine: Machine,
    /// What chose the moments of the kills.
    pub(super) seed: u64,
    /// Kill → answer; absent if not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failover: Option<Failover>,
    /// Beside others; absent if not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) peers: Option<Peers>,
    /// The cost of waiting; absent if not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) idle: Option<Idle>,
}

/// Before the first table.
const HEAD: &str = "\
# Benchmarks

Written by `cargo run --release -p tests --bin benchmark`, not by hand; run it again and it is written anew, with its
figures as JSON beside it. Everything runs on one machine over loopback, so there is no network to wait for: what
remains is what the programs do and what their settings make them wait. Compare rows of one run with each other. The
seconds of two machines, or of two runs under different load, say little.

Percentiles are by nearest rank, so each is a value that was measured; below a hundred values the p99 is the maximum.
";

/// After the last one.
const TAIL: &str = "
## Run it again

```sh
cargo run --release -p tests --bin benchmark                                  # all of it, and this page
cargo run --release -p tests --bin benchmark -- --repetitions 5 --only failover   # one section, printed only
```

It builds the daemons in release, refuses builds with failpoints, and installs nothing: what is missing is named with
the command that installs it. It needs the ports of nobody; interrupting it leaves nothing behind. With `--seed` the
kills fall on the same moments of the interval again.

## Noise

Poller, endpoints, name servers, monitors and controller share the cores of one machine with whatever else runs there;
the load averages above say how much that was. A moment is noted when the new answer arrives, at most one pause of the
poller (3 ms) late. History has whole milliseconds. Journals and the store are synced to the file system above, whose
sync time is part of every write and the usual reason for a long tail.
";

impl Report {
    /// Nothing was found yet.
    pub(super) fn new(machine: Machine, seed: u64) -> Self {
        Self { machine, seed, failover: None, peers: None, idle: None }
    }

    /// The page as Markdown.
    pub(super) fn render(&self) -> String {
        let sections = [
            self.failover.as_ref().map(failover::render),
            self.peers.as_ref().map(peers::render),
            self.idle.as_ref().map(idle::render),
        ];
        let sections: String = sections.into_iter().flatten().collect();
        format!("{HEAD}\n{}{sections}{TAIL}", self.circumstances())
    }

    fn circumstances(&self) -> String {
        let Machine { date, cpu, cores, kernel, file_system, commit, versions, load_before, load_after } =
            &self.machine;
        let versions: Vec<String> = versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
        let rows = [
            ("date", date.clone()),
            ("commit", commit.clone()),
            ("machine", format!("{cpu}, {cores} cores, Linux {kernel}, {file_system}")),
            ("programs", versions.join(", ")),
            ("load average", format!("{load_before} before, {load_after} after")),
            ("seed", self.seed.to_string()),
        ];
        table(2, &["", ""], rows.map(|(name, value)| vec![name.to_owned(), value]))
    }
}

/// A block of configuration.
fn block(text: &str) -> String {
    format!("```text\n{}\n```\n", text.trim_end())
}

#[cfg(test)]
mod tests;
