//! What a process costs: CPU time and memory as the kernel counts them (proc(5)).

use std::fs;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;

use super::statistics::milliseconds;
use crate::command;

/// What a process has used so far, and holds now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    /// User and system time since its start.
    pub(crate) cpu: Duration,
    /// Memory that it holds now.
    pub(crate) memory: Memory,
}

/// Memory in KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Memory {
    /// Resident pages, shared ones whole.
    #[serde(rename = "rssKiB")]
    pub(crate) rss_kib: u64,
    /// Resident pages, shared ones by their share.
    #[serde(rename = "pssKiB")]
    pub(crate) pss_kib: u64,
}

/// What a process cost during a window.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cost {
    /// Which process.
    pub(crate) process: String,
    /// User and system time within the window.
    #[serde(rename = "cpuMs", serialize_with = "milliseconds")]
    pub(crate) cpu: Duration,
    /// The same, extrapolated to an hour.
    pub(crate) cpu_seconds_per_hour: f64,
    /// Memory at the window's end.
    #[serde(flatten)]
    pub(crate) memory: Memory,
}

impl Usage {
    /// Looks at a process.
    ///
    /// # Errors
    ///
    /// When it is gone, or the kernel does not tell.
    pub(crate) fn of(pid: u32) -> anyhow::Result<Self> {
        let rollup = read(pid, "smaps_rollup")?;
        let memory = Memory::from_rollup(&rollup).context("no memory in /proc/PID/smaps_rollup")?;
        Ok(Self { cpu: Self::cpu_of(pid)?, memory })
    }

    /// The time alone: to count the pages of a large process takes longer than much of what is measured.
    ///
    /// # Errors
    ///
    /// When it is gone, or the kernel does not tell.
    pub(crate) fn cpu_of(pid: u32) -> anyhow::Result<Duration> {
        let ticks = ticks(&read(pid, "stat")?).context("a process without times in /proc/PID/stat")?;
        Ok(Duration::from_millis(ticks * 1000 / ticks_per_second()?))
    }
}

fn read(pid: u32, file: &str) -> anyhow::Result<String> {
    let path = format!("/proc/{pid}/{file}");
    fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
}

/// Asked once: it is the same until the machine is started again.
fn ticks_per_second() -> anyhow::Result<u64> {
    static KNOWN: OnceLock<u64> = OnceLock::new();
    if let Some(known) = KNOWN.get() {
        return Ok(*known);
    }
    let text = command::run("getconf", ["CLK_TCK"], "").expect("getconf CLK_TCK");
    let per_second: u64 = text.trim().parse().context("getconf CLK_TCK prints no number")?;
    Ok(*KNOWN.get_or_init(|| per_second))
}

impl Cost {
    /// What was used between two looks that lie `window` apart.
    pub(crate) fn between(process: &str, before: &Usage, after: &Usage, window: Duration) -> Self {
        let cpu = after.cpu.saturating_sub(before.cpu);
        let per_second = cpu.as_secs_f64() / window.as_secs_f64();
        Self { process: process.to_owned(), cpu, cpu_seconds_per_hour: per_second * 3600.0, memory: after.memory }
    }
}

/// User and system time in clock ticks: fields 14 and 15. They are counted from behind the command's name, which may
/// hold anything, blanks and parentheses too.
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

impl Memory {
    fn from_rollup(rollup: &str) -> Option<Self> {
        let field = |name: &str| {
            let line = rollup.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        Some(Self { rss_kib: field("Rss:")?, pss_kib: field("Pss:")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_user_and_system_time_behind_any_command_name() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 7 7 20 0 3 0 100 0 0";
        assert_eq!(ticks(stat), Some(300));
        assert_eq!(ticks("42 (short) S 1"), None);
    }

    #[test]
    fn reads_the_sums_of_memory() {
        let rollup = "55-7f [rollup]\nRss:     12345 kB\nPss:      6789 kB\nPss_Dirty: 1 kB\n";
        assert_eq!(Memory::from_rollup(rollup), Some(Memory { rss_kib: 12_345, pss_kib: 6_789 }));
    }

    #[test]
    fn extrapolates_the_window_to_an_hour() {
        let usage = |millis| Usage { cpu: Duration::from_millis(millis), memory: Memory { rss_kib: 2, pss_kib: 1 } };
        let cost = Cost::between("a", &usage(1_000), &usage(1_500), Duration::from_mins(1));
        assert_eq!(cost.cpu, Duration::from_millis(500));
        assert!((cost.cpu_seconds_per_hour - 30.0).abs() < 1e-9);
    }

    #[test]
    fn sees_this_process() {
        let usage = Usage::of(std::process::id()).expect("the kernel tells");
        assert!(usage.memory.rss_kib >= usage.memory.pss_kib && usage.memory.pss_kib > 0);
    }
}
