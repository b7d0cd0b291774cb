//! The benchmark of the main job: a region dies, how long until its new answer is served; and what waiting for that
//! costs.
//!
//! Everything runs on loopback, from release builds, by the same rig as the tests. Three sections, one after the other,
//! so that none disturbs another: *failover* (ours on Knot, at a one-second interval), *peers* (gdnsd, `PowerDNS` and
//! ours watch the same endpoint at the same interval and see the same kills), *idle* (CPU and memory with a hundred
//! endpoints).
//!
//! Invariants: every figure comes from the run; nothing about time is asserted, a slow machine makes slow figures and
//! no failure; debug builds and builds with failpoints are refused. It installs nothing.

mod api;
pub(crate) mod arguments;
pub(crate) mod cost;
mod endpoints;
mod failover;
mod idle;
mod installation;
pub(crate) mod interrupt;
pub(crate) mod machine;
mod page;
mod peers;
pub(crate) mod poller;
pub(crate) mod programs;
pub(crate) mod publication;
mod requirements;
pub(crate) mod section;
mod settings;
mod statistics;
pub(crate) mod table;
mod timeline;

use std::sync::LazyLock;
use std::time::Instant;

pub use self::arguments::Arguments;
use self::arguments::Section;
use self::machine::Machine;
use self::page::Report;
use self::programs::Programs;
use self::publication::Page;

/// Runs the sections, prints the page to standard output and writes it with its figures as JSON beside it.
///
/// # Errors
///
/// When something is not installed, not built or not answering; with what to do about it.
///
/// # Panics
///
/// When a server of the rig does not come up, after the end of its log.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    requirements::check()?;
    let scratch = interrupt::scratch_folder()?;
    let programs = Programs::build(scratch.path())?;
    let machine = Machine::look(scratch.path());
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(..));
    let mut random = fastrand::Rng::with_seed(seed);
    say(&format!("seed {seed}; load average {}", machine.load_before));
    let mut report = Report::new(machine, seed);
    if arguments.wants(Section::Failover) {
        report.failover = Some(failover::run(&programs, arguments.repetitions, arguments.fewer(), &mut random)?);
    }
    if arguments.wants(Section::Peers) {
        report.peers = Some(peers::run(&programs, arguments.fewer(), &mut random)?);
    }
    if arguments.wants(Section::Idle) {
        report.idle = Some(idle::run(&programs)?);
    }
    report.machine.load_after = machine::load();
    publish(arguments, &report)
}

fn publish(arguments: &Arguments, report: &Report) -> anyhow::Result<()> {
    let page = Page {
        file: arguments.page(),
        if_none: "not all sections were run, so docs/benchmarks.md stays as it is",
        figures: "json",
    };
    let text = report.render();
    page.publish(report, &text, |before| section::kept(before, &text))
}

/// Tells the one who waits how far it is, and since when.
pub(crate) fn say(line: &str) {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    eprintln!("benchmark: [{:3} s] {line}", BEGAN.elapsed().as_secs());
}
