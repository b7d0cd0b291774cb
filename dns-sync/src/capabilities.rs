//! `capabilities`: what each provider of the configuration can hold, and how strongly it keeps a plan's conditions.

use std::collections::BTreeSet;

use dns_provider::port::GuardStrength;
use dns_service::config::Config;
use dns_service::exit::{Exit, Failure};
use dns_zone::{Rtype, Types, Weight};
use serde::Serialize;

use crate::arguments::CapabilitiesArgs;
use crate::output::Output;
use crate::place::{Place, Places};

/// One provider, for programs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    provider: String,
    subject: String,
    condition: &'static str,
    types: String,
    ttl_secs_min: u32,
    ttl_secs_max: u32,
    values_max: Option<usize>,
    apex_cname: bool,
    wildcard_ns: bool,
    batch: String,
}

/// `dns-sync capabilities`.
pub(crate) fn command(config: &Config, args: &CapabilitiesArgs, output: &Output) -> Result<Exit, Failure> {
    let places = Places::new(config)?;
    let rows: Vec<Row> = places.all().map(row).collect();
    if args.json {
        output.answer(&serde_json::to_string_pretty(&rows)?)?;
    } else {
        rows.iter().try_for_each(|row| output.answer(&text(row)))?;
    }
    Ok(Exit::Done)
}

fn row(place: &Place) -> Row {
    let traits = place.holder.traits();
    let holds = traits.holds;
    Row {
        provider: place.name.to_string(),
        subject: traits.subject,
        condition: match traits.guard {
            GuardStrength::Weak => "read, compared, written, read back: another writer can slip in between",
            GuardStrength::OwnWriters => "atomic among writers of this project",
            GuardStrength::Atomic => "atomic: refused if anything is not as it was read",
        },
        types: match holds.types {
            Types::Any => "all, known or not".to_owned(),
            Types::Only(types) => listed(&types),
            Types::AllBut(types) => format!("all, known or not, but {}", listed(&types)),
        },
        ttl_secs_min: *holds.ttl_secs.start(),
        ttl_secs_max: *holds.ttl_secs.end(),
        values_max: holds.values_max,
        apex_cname: holds.apex_cname,
        wildcard_ns: holds.wildcard_ns,
        batch: batch(traits.batch_max),
    }
}

fn listed(types: &BTreeSet<Rtype>) -> String {
    types.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn batch(Weight { records, characters, octets, operations }: Weight) -> String {
    let bounds = [(records, "records"), (characters, "characters"), (octets, "octets"), (operations, "operations")];
    let bounds: Vec<String> =
        bounds.into_iter().filter(|(most, _)| *most < u64::MAX).map(|(most, unit)| format!("{most} {unit}")).collect();
    if bounds.is_empty() { "as large as it likes".to_owned() } else { bounds.join(", ") }
}

fn text(row: &Row) -> String {
    let values = row.values_max.map_or_else(|| "any number".to_owned(), |most| format!("{most} at the most"));
    format!(
        "{} ({})\n  condition   {}\n  types       {}\n  TTL         {} to {} s\n  values      {values}\n  apex CNAME  {}\n  \
         wildcard NS {}\n  one batch   {}",
        row.provider,
        row.subject,
        row.condition,
        row.types,
        row.ttl_secs_min,
        row.ttl_secs_max,
        if row.apex_cname { "answered with its target's addresses" } else { "refused" },
        if row.wildcard_ns { "taken" } else { "refused" },
        row.batch,
    )
}
