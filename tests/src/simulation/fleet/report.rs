//! What a run of the simulation came to, for people and for programs.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use serde_json::json;

use super::super::{Failure, Tally};
use super::{Output, Sum};

/// One line of progress.
pub(super) fn progress(tally: &Tally, failures: usize, took: Duration) -> String {
    format!(
        "{:>6.0} s: {:.0} service-years, {} interesting events, {} flips, {failures} violations",
        took.as_secs_f64(),
        tally.years(),
        tally.interesting(),
        tally.flips,
    )
}

/// Prints the result.
pub(super) fn print(output: Output, sum: &Sum, first: u64, took: Duration) -> anyhow::Result<()> {
    let Sum { tally, failures } = sum;
    match output {
        Output::Json => {
            let result = json!({
                "firstSeed": first,
                "tookS": took.as_secs_f64(),
                "serviceYears": tally.years(),
                "interestingEvents": tally.interesting(),
                "interestingEventsPerS": per_second(tally.interesting(), took),
                "stepsPerS": per_second(tally.steps, took),
                "violations": failures.len(),
                "failingSeeds": failures,
                "counts": tally,
            });
            println!("{}", serde_json::to_string_pretty(&result)?);
        }
        Output::Table => print!("{}", table(sum, first, took)),
    }
    Ok(())
}

fn table(Sum { tally, failures }: &Sum, first: u64, took: Duration) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    let mut row = |name: String, count: String| {
        table.add_row([name, count]);
    };
    row("service-years".into(), format!("{:.1}", tally.years()));
    row("histories, from seed".into(), format!("{} from {first}", tally.histories));
    row("interesting events".into(), tally.interesting().to_string());
    rows(&mut row, &tally.events);
    row("decisions".into(), tally.decisions.values().sum::<u64>().to_string());
    rows(&mut row, &tally.decisions);
    row("flips".into(), tally.flips.to_string());
    row("automatic moves".into(), tally.automatic_moves.to_string());
    row("  of a region that served, by a quorum's false view".into(), tally.moves_on_false_views.to_string());
    row("messages to providers".into(), tally.messages.values().sum::<u64>().to_string());
    rows(&mut row, &tally.messages);
    row("rows of history".into(), tally.history.values().sum::<u64>().to_string());
    rows(&mut row, &tally.history);
    row("steps of sagas".into(), tally.saga_steps.to_string());
    row("time".into(), format!("{:.1} s", took.as_secs_f64()));
    row("interesting events/s".into(), format!("{:.0}", per_second(tally.interesting(), took)));
    row("all events/s".into(), format!("{:.0}", per_second(tally.steps, took)));
    row("violations".into(), failures.len().to_string());
    for seed in failures {
        row("  failing seed".into(), seed.to_string());
    }
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{table}\n")
}

fn rows(row: &mut impl FnMut(String, String), counts: &BTreeMap<impl Display, u64>) {
    for (kind, count) in counts {
        row(format!("  {kind}"), count.to_string());
    }
}

fn per_second(count: u64, took: Duration) -> f64 {
    // Whole counts far below 2^53.
    let count = u32::try_from(count / 1_000).map_or(f64::MAX, f64::from) * 1_000.0
        + f64::from(u32::try_from(count % 1_000).unwrap_or_default());
    count / took.as_secs_f64().max(0.001)
}

/// The shortest story of a failure, with what to do.
pub(super) fn story(failure: &Failure) -> String {
    let Failure { plan, violation, injections: (left, all), story } = failure;
    format!(
        "the shortest story of seed {}, {left} of {all} injections:\n{story}{violation}\nreplay it with SIM_SEED={}\n",
        plan.seed, plan.seed
    )
}
