//! dns-sync beside octoDNS: what planning and applying cost with zones of a thousand to a million records.
//!
//! Both get the same files and the same servers in the same run, turn by turn, so that what disturbs one disturbs the other;
//! each figure is the median of several. Wall time, CPU time and the peak of resident memory are the kernel's, of the whole
//! process from its start to its end. Two zones differ in 100 sets: 20 are created, 60 updated, 20 deleted, and both programs
//! have to find all of them. What octoDNS has nothing of is measured alone: the daemon as a secondary of a hidden primary.
//!
//! Invariants: every figure comes from the run; nothing about time is asserted, a target that is missed is a word on the page;
//! a plan that does not find what it should is a failure. octoDNS is installed from pinned versions into `target/`.

mod arguments;
mod contest;
mod creates;
mod figures;
mod following;
mod octodns;
mod ours;
mod page;
mod zone;

use std::path::PathBuf;

pub use self::arguments::Arguments;
use self::contest::Contest;
use self::octodns::OctoDns;
use self::ours::Ours;
use self::page::Report;
use crate::benchmark::machine::{self, Machine};
use crate::benchmark::publication::Page;
use crate::benchmark::{interrupt, programs, section};

/// Records of the zone that ours is measured with alone: octoDNS takes minutes and gigabytes for it.
const MILLION: usize = 1_000_000;

/// Both programs, and a folder for everything.
struct Programs {
    ours: Ours,
    theirs: OctoDns,
    folder: PathBuf,
}

/// Runs it, prints the section and writes it into the page, with its figures as JSON beside it.
///
/// # Errors
///
/// When something is not installed, not built or does not find the differences.
///
/// # Panics
///
/// When a server of the rig does not come up, after the end of its log.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let scratch = interrupt::scratch_folder()?;
    let folder = scratch.path().to_owned();
    let program = match &arguments.program {
        Some(file) => file.clone(),
        None => programs::build_sync(&folder)?,
    };
    let theirs = OctoDns::install()?;
    let machine = Machine::look(&folder);
    let programs = Programs { ours: Ours::new(program, theirs.python()), theirs, folder };
    let creates = creates::run(&programs)?;
    let mut rows = Vec::new();
    for records in arguments.sizes() {
        Contest::prepare(&programs, records)?.run(arguments.repetitions(records), &mut rows)?;
    }
    if arguments.wants_million() {
        rows.push(contest::alone(&programs, MILLION, arguments.repetitions(MILLION))?);
    }
    let following = following::run(&programs, arguments.wants_million().then_some(MILLION))?;
    let mut report = Report { machine, peers: programs.theirs.versions(), rows, creates, following };
    report.machine.load_after = machine::load();
    publish(arguments, &report)
}

fn publish(arguments: &Arguments, report: &Report) -> anyhow::Result<()> {
    let page = Page {
        file: arguments.page(),
        if_none: "not all sizes were run, so docs/benchmarks.md stays as it is",
        figures: "sync.json",
    };
    let text = report.render();
    page.publish(report, &text, |before| section::replaced(section::Part::Sync, before, &text))
}
