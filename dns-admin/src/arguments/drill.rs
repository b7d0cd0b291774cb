//! `drill`: move on purpose, measure, move back.

use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use dns_core::identifier::{RegionName, ServiceName};

/// Arguments of `drill`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Drill {
    /// Of drills that there are.
    #[command(subcommand)]
    pub verb: Option<DrillVerb>,
    /// The service.
    #[arg(required = true)]
    pub name: Option<ServiceName>,
    /// The region to move to; without it the first one that could be moved to.
    #[arg(long, value_name = "REGION")]
    pub to: Option<RegionName>,
    /// How long to stay there, such as 10m [default: 5m].
    #[arg(long, value_parser = humantime::parse_duration, value_name = "DURATION")]
    pub stay: Option<Duration>,
    /// Why; kept in history for whoever comes next.
    #[arg(long, required = true, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub reason: Option<String>,
    /// Orders the move instead of injecting a failure: detection is not measured.
    #[arg(long)]
    pub no_injection: bool,
    /// Begins without asking.
    #[arg(long)]
    pub yes: bool,
    /// Follows the drill to its end.
    #[arg(long)]
    pub wait: bool,
}

/// Verbs of `drill`.
#[derive(Debug, Subcommand)]
pub enum DrillVerb {
    /// Ends the drill of a service and brings the service back at once.
    Stop(DrillStop),
    /// Drills, newest last.
    List(DrillList),
    /// One drill and what it measured.
    Show(DrillShow),
    /// The measured recovery times of drills and failovers, by service.
    Report(DrillReport),
}

/// Arguments of `drill stop`.
#[derive(Debug, Args)]
pub struct DrillStop {
    /// The service.
    pub name: ServiceName,
    /// Follows the drill to its end.
    #[arg(long)]
    pub wait: bool,
}

/// Arguments of `drill list`.
#[derive(Debug, Args)]
pub struct DrillList {
    /// Of one service only.
    pub name: Option<ServiceName>,
    /// How many at the most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
}

/// Arguments of `drill show`.
#[derive(Debug, Args)]
pub struct DrillShow {
    /// The drill, as `drill list` names it.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub id: String,
}

/// Arguments of `drill report`.
#[derive(Debug, Args)]
pub struct DrillReport {
    /// Of one service only.
    pub name: Option<ServiceName>,
    /// How far back, such as 365d.
    #[arg(long, default_value = "365d", value_parser = humantime::parse_duration, value_name = "DURATION")]
    pub since: Duration,
}
