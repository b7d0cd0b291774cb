//! What can be said on the command line.

use std::path::PathBuf;

use clap::Parser;

use crate::benchmark::arguments::workspace;

/// The number that the page is about.
const SERVICES: u32 = 10_000;

/// Moves every service of a region at once, through an API that takes a few calls a second, and counts what that takes.
#[derive(Debug, Parser)]
#[command(name = "evacuation", max_term_width = 120)]
pub struct Arguments {
    /// How many services; with another number than the default docs/evacuation.md stays as it is.
    #[arg(long, default_value_t = SERVICES, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub services: u32,
    /// How long the quiet time before it is watched, in seconds.
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub quiet: u64,
    /// How long a change takes until the name servers have it, in seconds.
    #[arg(long, default_value_t = 2, value_name = "SECONDS")]
    pub propagation: u64,
    /// Where to write the page; its figures go beside it with the extension json [default: docs/evacuation.md].
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Another controller than the one that is built here, such as an earlier one or one under a profiler.
    #[arg(long, value_name = "FILE")]
    pub controller: Option<PathBuf>,
    /// Keeps the controller's log and store in this folder.
    #[arg(long, value_name = "FOLDER")]
    pub keep: Option<PathBuf>,
}

impl Arguments {
    /// Where the page goes; nowhere when the run was another one and no place was named.
    pub(super) fn page(&self) -> Option<PathBuf> {
        let whole = || (self.services == SERVICES).then(|| workspace().join("docs/evacuation.md"));
        self.output.clone().or_else(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smaller_run_leaves_the_page_alone_unless_a_place_is_named() {
        let parse = |args: &[&str]| Arguments::parse_from([&["evacuation"], args].concat());
        assert!(parse(&[]).page().is_some_and(|page| page.ends_with("docs/evacuation.md")));
        assert_eq!(parse(&["--services", "100"]).page(), None);
        assert_eq!(parse(&["--services", "100", "--output", "x.md"]).page(), Some(PathBuf::from("x.md")));
    }
}
