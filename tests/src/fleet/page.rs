//! The section: targets beside what was measured, and what the engine holds for each service.

use serde::Serialize;

use super::core::Core;
use super::engine::Engine;
use super::gauge::Cost;
use crate::benchmark::machine::Machine;
use crate::benchmark::table::table;

/// What is asked for.
const BYTES_MAX: f64 = 1536.0;
const CORE_CPU_MAX_S: f64 = 1.0;
const RESTART_MAX_S: f64 = 5.0;

/// Everything that a run found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    pub(super) machine: Machine,
    pub(super) services: u32,
    /// Bytes of the configuration's text.
    pub(super) text_bytes: usize,
    pub(super) quiet_s: u64,
    /// From the text to what the controller uses of it, every check included.
    pub(super) configuration: Cost,
    pub(super) engine: Engine,
    pub(super) core: Core,
}

impl Report {
    /// The section as Markdown.
    pub(super) fn render(&self) -> String {
        let Self { services, text_bytes, engine, .. } = self;
        let Machine { date, cpu, cores, commit, load_before, load_after, .. } = &self.machine;
        format!(
            "## {services} services on one controller

Written by `cargo run --release -p tests --features fleet --bin fleet`, not by hand, with its figures as JSON in
`benchmarks.fleet.json`. Each service has one A record, two regions with one endpoint each, and three vantage points. The
engine is the daemon's, with SQLite; evidence and looks at zones are made in the same process and put into its inbox as they
come off the wire. Not in it: sockets, provider adapters, the readers' timers, metrics, the page. Bytes are those that were
asked of the allocator; the process's resident memory is what the kernel counts, the benchmark's own data included. CPU
seconds are of all threads. The configuration is {mib:.1} MiB of YAML.

On {date}, {commit}, {cpu}, {cores} cores, load average {load_before} before, {load_after} after.

{targets}
What is held for each service, by what it comes from:

{holders}
What else was used:

{uses}
After the loss, with the default blast radius: {states}. The others wait for the canary to arrive. The core's figure is
without waves, and without a store: every service is judged, counted and decided, one after the other.
",
            mib = float(*text_bytes) / 1024.0 / 1024.0,
            targets = self.targets(),
            holders = self.holders(),
            uses = self.uses(),
            states = engine.states.iter().map(|(state, count)| format!("{count} {state}")).collect::<Vec<_>>().join(", "),
        )
    }

    fn targets(&self) -> String {
        let Self { configuration, engine, core, .. } = self;
        let bytes = self.each(configuration.bytes + engine.held);
        let core_s = core.judging.cpu_s + core.deciding.cpu_s;
        let verdict = |met: bool| if met { "met" } else { "**missed**" }.to_owned();
        let row =
            |name: &str, target: String, measured: String, met: String| vec![name.to_owned(), target, measured, met];
        let rows = [
            row(
                "memory of each service, bytes",
                format!("{BYTES_MAX:.0}"),
                format!("{bytes:.0}"),
                verdict(bytes <= BYTES_MAX),
            ),
            row(
                "CPU from a region's loss to the core's last decision, s",
                format!("{CORE_CPU_MAX_S:.1}"),
                format!("{core_s:.2}"),
                verdict(core_s <= CORE_CPU_MAX_S),
            ),
            row(
                "restart: open store → every state loaded, s",
                format!("{RESTART_MAX_S:.1}"),
                format!("{:.2}", engine.restart.wall_s),
                verdict(engine.restart.wall_s <= RESTART_MAX_S),
            ),
            row(
                "steady state, CPU s a minute",
                "–".to_owned(),
                format!("{:.2}", per_minute(&engine.quiet)),
                String::new(),
            ),
        ];
        table(1, &["", "target", "measured", ""], rows)
    }

    fn holders(&self) -> String {
        let Engine { restart, looks, evidence, judging, publishing, held, resident, .. } = &self.engine;
        let row = |name: &str, bytes: i64| vec![name.to_owned(), format!("{:.0}", self.each(bytes))];
        let rows = [
            row("configuration", self.configuration.bytes),
            row("state from the store, readers' keys", restart.bytes),
            row("one look at its zone", looks.bytes),
            row("evidence", evidence.bytes),
            row("judgement, and what is published", judging.bytes + publishing.bytes),
            row("all", self.configuration.bytes + held),
            row("resident memory of the process", i64::try_from(*resident).unwrap_or(i64::MAX)),
        ];
        table(1, &["", "bytes"], rows)
    }

    fn uses(&self) -> String {
        let Self { configuration, engine, core, .. } = self;
        let row = |name: &str, cost: &Cost| {
            vec![name.to_owned(), format!("{:.2}", cost.cpu_s), format!("{:.2}", cost.wall_s)]
        };
        let rows = [
            row("configuration read and checked", configuration),
            row("restart: states read, unpacked, checked, packed", &engine.restart),
            row("one look at every zone", &engine.looks),
            row("everything heard anew from every vantage point", &engine.evidence),
            row("everything judged, one step of each with its commit", &engine.judging),
            row("the engine hears the loss, judges all, decides the first wave", &engine.loss),
            row("the core judges the loss of all", &core.judging),
            row("the core decides for all", &core.deciding),
        ];
        table(1, &["", "CPU s", "s"], rows)
    }

    fn each(&self, bytes: i64) -> f64 {
        float(usize::try_from(bytes).unwrap_or_default()) / f64::from(self.services)
    }
}

fn per_minute(cost: &Cost) -> f64 {
    cost.cpu_s * 60.0 / cost.wall_s
}

#[expect(clippy::cast_precision_loss, reason = "sizes of one run are far below 2^53")]
fn float(count: usize) -> f64 {
    count as f64
}
