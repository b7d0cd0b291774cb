//! What can be said on the command line.

use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum};

/// One part of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Section {
    /// Kill → new answer on Knot, and where the time goes from decision to answer.
    Failover,
    /// The same beside gdnsd and PowerDNS, in one run.
    Peers,
    /// CPU and memory of each daemon with a hundred endpoints.
    Idle,
}

/// Measures a failover from the kill to the new answer, beside gdnsd and PowerDNS, and what waiting costs.
#[derive(Debug, Parser)]
#[command(name = "benchmark", max_term_width = 120)]
pub struct Arguments {
    /// How often prod is killed; peers, and writes by hand, take two fifths of that.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub repetitions: u32,
    /// Only this section; docs/benchmarks.md then stays as it is.
    #[arg(long, value_enum, value_name = "SECTION")]
    pub only: Option<Section>,
    /// Where to write the page; its figures go beside it with the extension json [default: docs/benchmarks.md].
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Chooses the moments of the kills; printed, so that a run can be repeated [default: random].
    #[arg(long)]
    pub seed: Option<u64>,
}

impl Arguments {
    /// Whether a section is to be run.
    pub(crate) fn wants(&self, section: Section) -> bool {
        self.only.is_none_or(|only| only == section)
    }

    /// How often is repeated what is not the main job: peers, of which a repetition takes twice as long and whose medians
    /// need fewer than a tail, and writes by hand, which are two each.
    pub(crate) fn fewer(&self) -> u32 {
        (self.repetitions * 2 / 5).max(1)
    }

    /// Where the page goes; nowhere when only a part was run and no place was named.
    pub(crate) fn page(&self) -> Option<PathBuf> {
        let whole = || self.only.is_none().then(|| workspace().join("docs/benchmarks.md"));
        self.output.clone().or_else(whole)
    }
}

/// The root of the workspace that this was built from.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("invariant: the package is a folder of the workspace")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_run_leaves_the_page_alone_unless_a_place_is_named() {
        let parse = |args: &[&str]| Arguments::parse_from([&["benchmark"], args].concat());
        assert!(parse(&[]).page().is_some_and(|page| page.ends_with("docs/benchmarks.md")));
        assert_eq!(parse(&["--only", "idle"]).page(), None);
        assert_eq!(parse(&["--only", "idle", "--output", "x.md"]).page(), Some(PathBuf::from("x.md")));
    }

    #[test]
    fn only_chooses_one_section() {
        let arguments = Arguments::parse_from(["benchmark", "--only", "peers"]);
        assert!(arguments.wants(Section::Peers));
        assert!(!arguments.wants(Section::Idle));
    }
}
