//! A large installation on one controller: what its engine holds for each service, and what it uses of the processor.
//!
//! The engine runs in this process, as in the daemon, on SQLite. Evidence and looks at zones are made here and put into
//! its inbox; there are no sockets, adapters, pages or metrics, and nobody carries out what is decided. The core is
//! measured apart, without an engine around it.

mod arguments;
mod core;
mod engine;
mod gauge;
mod installation;
mod page;
mod past;

use std::alloc::System;

use stats_alloc::StatsAlloc;

pub use self::arguments::Arguments;
use self::gauge::Gauge;
use self::page::Report;
use crate::benchmark::machine::{self, Machine};
use crate::benchmark::publication::Page;
use crate::benchmark::{interrupt, say, section};

/// Runs it, prints the section and writes it into the page, with its figures as JSON beside it.
///
/// # Errors
///
/// When something cannot be written, or a service does not do what it should.
pub fn run(arguments: &Arguments, allocator: &'static StatsAlloc<System>) -> anyhow::Result<()> {
    let scratch = interrupt::scratch_folder()?;
    let folder = scratch.path();
    let gauge = Gauge::new(allocator);
    let machine = Machine::look(folder);
    let actor = "controller-1".parse()?;
    let text = installation::text(arguments.services, folder);
    installation::write(&text, folder)?;
    let text_bytes = text.len();
    drop(text);
    let mark = gauge.mark()?;
    let config = installation::load(folder)?;
    let configuration = gauge.since(&mark)?;
    say(&format!("configuration: {configuration:?}"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let file = folder.join("state.db");
    runtime.block_on(engine::fill(&config, &actor, &file))?;
    say("the store is filled");
    let engine = runtime.block_on(engine::run(&config, &actor, &file, arguments.quiet, gauge))?;
    let core = core::lose(&config.services, &actor, gauge)?;
    say(&format!("{core:?}"));
    let (services, quiet_s) = (arguments.services, arguments.quiet);
    let mut report = Report { machine, services, text_bytes, quiet_s, configuration, engine, core };
    report.machine.load_after = machine::load();
    publish(arguments, &report)
}

fn publish(arguments: &Arguments, report: &Report) -> anyhow::Result<()> {
    let page = Page {
        file: arguments.page(),
        if_none: "not the whole number of services, so docs/benchmarks.md stays as it is",
        figures: "fleet.json",
    };
    let text = report.render();
    page.publish(report, &text, |before| section::replaced(section::Part::Fleet, before, &text))
}
