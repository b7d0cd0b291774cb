//! What can be said about regions as a whole.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use dns_core::identifier::RegionName;

use super::{Reason, Wait};

/// Verbs of `region`.
#[derive(Debug, Subcommand)]
pub enum Region {
    /// One line a region: how many services are there, and how many could go there.
    List,
    /// The newest evacuation of a region, or one by its id, with everything that is held.
    Show(Which),
    /// Moves every service out of a region: one first, then in waves, each when the one before is served.
    Evacuate(Evacuate),
    /// Every evacuation that is open, and the newest of the others.
    Evacuations,
    /// Moves nothing more; moves that are under way end.
    Stop(Steer),
    /// Goes on with an evacuation that was stopped or has stopped by itself.
    Resume(Resume),
    /// Ends an evacuation as it is: automation may use the region again.
    Close(Steer),
    /// Brings back what an evacuation has moved, in the same waves.
    Return(Return),
}

/// Which evacuation.
#[derive(Debug, Args)]
pub struct Which {
    /// Its id, or its region: then the open one of it, or the newest.
    #[arg(value_name = "ID|REGION", value_parser = NonEmptyStringValueParser::new())]
    pub which: String,
}

/// Rules to override for every service. Each order's overrides end as the service's policy says.
#[derive(Debug, Args)]
pub struct Overrides {
    /// A rule of the safety kernel to override for every service, as a refusal names it; may be repeated.
    #[arg(long = "override", value_name = "RULE")]
    pub rules: Vec<String>,
}

/// Arguments of `region evacuate`.
#[derive(Debug, Args)]
pub struct Evacuate {
    /// The region to leave.
    pub region: RegionName,
    /// Where everything goes; without it each service goes to its first region that is ready.
    #[arg(long, value_name = "REGION")]
    pub to: Option<RegionName>,
    /// Why.
    #[command(flatten)]
    pub reason: Reason,
    /// Rules to override for every service.
    #[command(flatten)]
    pub overrides: Overrides,
    /// The largest wave; without it 1, 10, 100, and so on.
    #[arg(long, value_name = "N", value_parser = wave())]
    pub wave_max: Option<u64>,
    /// Only shows what would be done.
    #[arg(long, conflicts_with_all = ["yes", "wait"])]
    pub preview: bool,
    /// Shows every service of the preview, not only the first ones.
    #[arg(long)]
    pub all: bool,
    /// Does it without asking.
    #[arg(long)]
    pub yes: bool,
    /// Whether to stay until it is over.
    #[command(flatten)]
    pub wait: Wait,
}

/// Arguments of `region stop` and `region close`.
#[derive(Debug, Args)]
pub struct Steer {
    /// Which.
    #[command(flatten)]
    pub which: Which,
    /// Why.
    #[command(flatten)]
    pub reason: Reason,
}

/// Arguments of `region resume`.
#[derive(Debug, Args)]
pub struct Resume {
    /// Which.
    #[command(flatten)]
    pub which: Which,
    /// Why.
    #[command(flatten)]
    pub reason: Reason,
    /// Whether to stay until it is over.
    #[command(flatten)]
    pub wait: Wait,
}

/// Arguments of `region return`.
#[derive(Debug, Args)]
pub struct Return {
    /// The evacuation to undo.
    #[command(flatten)]
    pub which: Which,
    /// Why.
    #[command(flatten)]
    pub reason: Reason,
    /// Rules to override for every service.
    #[command(flatten)]
    pub overrides: Overrides,
    /// The largest wave; without it 1, 10, 100, and so on.
    #[arg(long, value_name = "N", value_parser = wave())]
    pub wave_max: Option<u64>,
    /// Whether to stay until it is over.
    #[command(flatten)]
    pub wait: Wait,
}

/// A million services are more than any controller has.
fn wave() -> clap::builder::RangedU64ValueParser<u64> {
    clap::value_parser!(u64).range(1..=1_000_000)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::arguments::Arguments;

    #[test]
    fn an_evacuation_names_its_region_and_why_and_a_preview_is_no_order() {
        let parse = |line: &str| Arguments::try_parse_from(line.split(' '));
        for good in [
            "x region list",
            "x region evacuate prod --reason r",
            "x region evacuate prod --to dr --reason r --override cooledDown --wave-max 20 --yes --wait",
            "x region evacuate prod --reason r --preview --all",
            "x region stop prod --reason r",
            "x region return prod --reason r --wait",
        ] {
            parse(good).expect(good);
        }
        for bad in [
            "x region evacuate prod",
            "x region evacuate --reason r",
            "x region evacuate prod --reason r --wave-max 0",
            "x region evacuate prod --reason r --preview --yes",
            "x region evacuate prod --reason r --preview --wait",
            "x region resume --reason r",
        ] {
            parse(bad).expect_err(bad);
        }
    }
}
