//! What the controller holds and uses, as the kernel counts it (proc(5)).

use std::fs;
use std::time::Duration;

use anyhow::Context as _;

use crate::benchmark::cost::Usage;

/// Written to `clear_refs`: the peak is counted anew from what is held now.
const FORGET_PEAK: &str = "5";

/// A process that is watched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watched {
    pub(super) pid: u32,
}

impl Watched {
    /// The most memory that was resident since the start or the last [`forget_peak`](Self::forget_peak), in KiB.
    pub(super) fn peak_kib(self) -> anyhow::Result<u64> {
        let path = format!("/proc/{}/status", self.pid);
        let status = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        field(&status, "VmHWM:").with_context(|| format!("no VmHWM in {path}"))
    }

    /// Counts the peak from now on.
    pub(super) fn forget_peak(self) -> anyhow::Result<()> {
        let path = format!("/proc/{}/clear_refs", self.pid);
        fs::write(&path, FORGET_PEAK).with_context(|| format!("cannot write {path}"))
    }

    /// Memory that is resident now, in KiB.
    pub(super) fn resident_kib(self) -> anyhow::Result<u64> {
        Ok(Usage::of(self.pid)?.memory.rss_kib)
    }

    /// User and system time since its start.
    pub(super) fn cpu(self) -> anyhow::Result<Duration> {
        Ok(Usage::of(self.pid)?.cpu)
    }
}

fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_peak_and_forgets_it() {
        assert_eq!(field("VmPeak:\t 9 kB\nVmHWM:\t  123 kB\n", "VmHWM:"), Some(123));
        let own = Watched { pid: std::process::id() };
        assert!(own.peak_kib().expect("the kernel tells") > 0);
        own.forget_peak().expect("it is ours");
    }
}
