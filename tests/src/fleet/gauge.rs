//! What this process holds and uses, from one mark to the next.

use std::alloc::System;
use std::time::{Duration, Instant};

use serde::Serialize;
use stats_alloc::StatsAlloc;

use crate::benchmark::cost::Usage;

/// Looks at this process.
#[derive(Clone, Copy)]
pub(super) struct Gauge {
    allocator: &'static StatsAlloc<System>,
}

/// A moment.
pub(super) struct Mark {
    held: i64,
    cpu: Duration,
    at: Instant,
}

/// What a part of the run cost.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cost {
    /// Bytes that are held more than before, as they were asked for.
    pub(super) bytes: i64,
    /// User and system time of all threads.
    pub(super) cpu_s: f64,
    /// By the clock.
    pub(super) wall_s: f64,
}

impl Cost {
    /// Both.
    pub(super) fn and(self, other: Self) -> Self {
        let (cpu_s, wall_s) = (self.cpu_s + other.cpu_s, self.wall_s + other.wall_s);
        Self { bytes: self.bytes + other.bytes, cpu_s, wall_s }
    }

    /// The rest. Not below nothing: the kernel counts time in ticks.
    pub(super) fn without(self, other: Self) -> Self {
        let (cpu_s, wall_s) = ((self.cpu_s - other.cpu_s).max(0.0), (self.wall_s - other.wall_s).max(0.0));
        Self { bytes: self.bytes - other.bytes, cpu_s, wall_s }
    }
}

impl Gauge {
    pub(super) fn new(allocator: &'static StatsAlloc<System>) -> Self {
        Self { allocator }
    }

    /// Begins to measure.
    pub(super) fn mark(self) -> anyhow::Result<Mark> {
        Ok(Mark { held: self.held(), cpu: Usage::cpu_of(std::process::id())?, at: Instant::now() })
    }

    /// What was used since a mark.
    pub(super) fn since(self, mark: &Mark) -> anyhow::Result<Cost> {
        let wall = mark.at.elapsed();
        let cpu = Usage::cpu_of(std::process::id())?.saturating_sub(mark.cpu);
        Ok(Cost { bytes: self.held() - mark.held, cpu_s: seconds(cpu), wall_s: seconds(wall) })
    }

    /// Memory that is resident now, in bytes.
    pub(super) fn resident() -> anyhow::Result<u64> {
        Ok(Usage::of(std::process::id())?.memory.rss_kib * 1024)
    }

    fn held(self) -> i64 {
        let stats = self.allocator.stats();
        i64::try_from(stats.bytes_allocated).unwrap_or(i64::MAX)
            - i64::try_from(stats.bytes_deallocated).unwrap_or(i64::MAX)
    }
}

fn seconds(length: Duration) -> f64 {
    length.as_secs_f64()
}
