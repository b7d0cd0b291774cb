//! A region dies under ten thousand services at once, behind an API that takes five calls a second: how many calls that
//! takes, beside the least possible, how long, and what it costs the controller.
//!
//! The account is the strict stand-in of Route 53 with the service's limits, the controller a release build as it ships, on
//! its default budget; the vantage points are scripted. What is measured is not asked of the controller: calls are counted
//! by the stand-in, the way of each service is read from the store beside it, costs are the kernel's.
//!
//! Invariants: every figure comes from the run, the least possible from what the flips of the run were made of; a target
//! that is missed is a word on the page, and a service that did not arrive is a failure.

mod arguments;
mod calls;
mod fleet;
mod footprint;
mod installation;
mod ledger;
mod observers;
mod page;

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

pub use self::arguments::Arguments;
use self::calls::{Calls, least};
use self::fleet::{CALLS_PER_SECOND, Fleet};
use self::installation::Installation;
use self::observers::Sight;
use self::page::{Costs, Evacuation, Quiet, Report, to_float};
use crate::benchmark::machine::Machine;
use crate::benchmark::programs::Programs;
use crate::benchmark::publication::Page;
use crate::benchmark::{interrupt, machine, say};
use crate::process::Sandbox;
use crate::route53::Operation;

/// How often it is looked whether a write was accepted.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How often it is asked of the store how many services are verified, in looks.
const ASK_EVERY: u32 = 20;

/// When an evacuation has failed: many times what the rate limit alone makes of it.
const EVACUATION_MAX: Duration = Duration::from_mins(20);

/// Bytes of a mebibyte.
const MIB: f64 = 1024.0 * 1024.0;

/// Refusals that are kept to be shown.
const REFUSALS_MAX: usize = 20;

/// Runs it, prints the page and writes it with its figures as JSON beside it.
///
/// # Errors
///
/// When something is not built or does not answer, or a service did not arrive in dr; with what to do about it.
///
/// # Panics
///
/// When a program of the rig does not come up, after the end of its log.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let scratch = interrupt::scratch_folder()?;
    let controller = match &arguments.controller {
        Some(file) => file.clone(),
        None => Programs::build(scratch.path())?.controller,
    };
    let machine = Machine::look(scratch.path());
    let sandbox = Sandbox::new();
    let outcome = measure(&sandbox, &controller, arguments, machine);
    if let Some(folder) = &arguments.keep {
        keep(sandbox.path(), folder)?;
    }
    let mut report = outcome?;
    report.machine.load_after = machine::load();
    publish(arguments, &report)
}

fn measure(sandbox: &Sandbox, controller: &Path, arguments: &Arguments, machine: Machine) -> anyhow::Result<Report> {
    let fleet = Fleet::new(arguments.services);
    let propagation = Duration::from_secs(arguments.propagation);
    let mut installation = Installation::start(sandbox, controller, &fleet, propagation)?;
    let watched = installation.watched();
    say(&format!("the controller answers; peak so far {} MiB", watched.peak_kib()? / 1024));
    installation.adopt(&fleet)?;
    let peak_before_mib = to_float(watched.peak_kib()?) / 1024.0;
    say(&format!("all are adopted, {:?}; peak so far {peak_before_mib:.0} MiB", Calls::so_far(&installation.fake)));
    watched.forget_peak()?;
    let quiet = wait_quietly(&installation, arguments.quiet)?;
    say(&format!("quiet: {quiet:?}"));

    let (calls, cpu) = (Calls::so_far(&installation.fake), watched.cpu()?);
    let batches = installation.fake.batches().len();
    let evacuation = evacuate(&mut installation, &fleet)?;
    let calls = Calls::so_far(&installation.fake).since(calls);
    let sent = installation.fake.batches().split_off(batches);
    let refusals = sent.iter().filter_map(|batch| batch.refusal.clone());
    let (sets, peak_kib) = (installation.sets(), watched.peak_kib()?);
    let costs = Costs {
        peak_before_mib,
        peak_mib: to_float(peak_kib) / 1024.0,
        cpu_s: watched.cpu()?.saturating_sub(cpu).as_secs_f64(),
        store_mib: store_mib(sandbox.path())?,
    };
    Ok(Report {
        machine,
        services: fleet.services.len(),
        sets,
        propagation_s: arguments.propagation,
        calls,
        least: least(&sent, sets),
        refused: refusals.take(REFUSALS_MAX).collect(),
        evacuation,
        costs,
        quiet,
    })
}

fn wait_quietly(installation: &Installation, window_s: u64) -> anyhow::Result<Quiet> {
    let watched = installation.watched();
    let (calls, cpu) = (Calls::so_far(&installation.fake).sum(), watched.cpu()?);
    thread::sleep(Duration::from_secs(window_s));
    Ok(Quiet {
        window_s,
        calls: Calls::so_far(&installation.fake).sum() - calls,
        cpu_s: watched.cpu()?.saturating_sub(cpu).as_secs_f64(),
        resident_mib: to_float(watched.resident_kib()?) / 1024.0,
    })
}

fn evacuate(installation: &mut Installation, fleet: &Fleet) -> anyhow::Result<Evacuation> {
    let services = u64::try_from(fleet.services.len())?;
    let position = installation.ledger.position()?;
    let changes = |installation: &Installation| installation.fake.requests(Operation::ChangeResourceRecordSets);
    let before = changes(installation);
    let began = Instant::now();
    let began_ms = u64::try_from(jiff::Timestamp::now().as_millisecond())?;
    installation.observers.see(Sight::ProdFailing);
    let (mut seen, mut last_write) = (before, began);
    let mut looks = 0_u32;
    loop {
        thread::sleep(LOOK_EVERY);
        looks += 1;
        let now = changes(installation);
        if now != seen {
            (seen, last_write) = (now, Instant::now());
        }
        if !looks.is_multiple_of(ASK_EVERY) {
            continue;
        }
        let verified = installation.ledger.services("verified", position)?;
        say(&format!(
            "{} batches, {} open, {verified} verified, {} pages listed",
            seen - before,
            installation.ledger.open()?,
            installation.fake.requests(Operation::ListResourceRecordSets),
        ));
        if verified >= services {
            break;
        }
        ensure!(installation.controller.is_running(), "the controller has ended");
        ensure!(
            began.elapsed() < EVACUATION_MAX,
            "only {verified} of {services} services are in dr and verified; rows: {:?}",
            installation.ledger.rows(position)?
        );
    }
    let in_dr = installation.fenced("dr").len();
    ensure!(in_dr == fleet.services.len(), "only {in_dr} fences of {services} say dr, though all are verified");
    let (decided, _) = installation.ledger.times("decided", position)?;
    let (_, verified) = installation.ledger.times("verified", position)?;
    let first_decision_s = seconds(decided.saturating_sub(began_ms));
    let sent = u32::try_from(seen - before)?;
    Ok(Evacuation {
        first_decision_s,
        last_write_s: ((last_write - began).as_secs_f64() - first_decision_s).max(0.0),
        // The burst goes at once.
        rate_alone_s: f64::from(sent.saturating_sub(CALLS_PER_SECOND)) / f64::from(CALLS_PER_SECOND),
        verified_s: seconds(verified.saturating_sub(decided)),
        rows: installation.ledger.rows(position)?,
        pages: installation.ledger.pages(position)?,
        in_dr,
    })
}

fn seconds(millis: u64) -> f64 {
    Duration::from_millis(millis).as_secs_f64()
}

/// The file and its write-ahead log.
fn store_mib(folder: &Path) -> anyhow::Result<f64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder).context("the sandbox is gone")? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("state.db") {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(to_float(bytes) / MIB)
}

fn keep(sandbox: &Path, folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for entry in fs::read_dir(sandbox)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), folder.join(entry.file_name()))?;
        }
    }
    Ok(())
}

fn publish(arguments: &Arguments, report: &Report) -> anyhow::Result<()> {
    let page = Page {
        file: arguments.page(),
        if_none: "not the whole number of services, so docs/evacuation.md stays as it is",
        figures: "json",
    };
    let text = report.render();
    page.publish(report, &text, |_| Ok(text.clone()))
}
