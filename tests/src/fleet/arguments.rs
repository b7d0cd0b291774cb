//! What can be said on the command line.

use std::path::PathBuf;

use clap::Parser;

use crate::benchmark::arguments::workspace;

/// The number that the page is about.
const SERVICES: u32 = 100_000;

/// Measures what a controller of many services holds in memory and uses of the processor.
#[derive(Debug, Parser)]
#[command(name = "fleet", max_term_width = 120)]
pub struct Arguments {
    /// How many services; with another number than the default docs/benchmarks.md stays as it is.
    #[arg(long, default_value_t = SERVICES, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub services: u32,
    /// How long the quiet time is watched, in seconds: a service at rest is looked at twice a minute.
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub quiet: u64,
    /// The page that the section goes into; its figures go beside it [default: docs/benchmarks.md].
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl Arguments {
    /// The page; none when the run was another one and no page was named.
    pub(super) fn page(&self) -> Option<PathBuf> {
        let whole = || (self.services == SERVICES).then(|| workspace().join("docs/benchmarks.md"));
        self.output.clone().or_else(whole)
    }
}
