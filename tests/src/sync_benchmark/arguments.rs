//! What can be said on the command line.

use std::path::PathBuf;

use clap::Parser;

use crate::benchmark::arguments::workspace;

/// Records of the zones that both programs are measured with.
const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

/// From here on octoDNS takes half a minute for one plan.
const LARGE: usize = 100_000;

/// Measures dns-sync beside octoDNS: plans and applies over files, the API of PowerDNS, and BIND.
#[derive(Debug, Parser)]
#[command(name = "sync_benchmark", max_term_width = 120)]
pub struct Arguments {
    /// One repetition with the smallest zone, for a look; docs/benchmarks.md then stays as it is.
    #[arg(long, conflicts_with = "records")]
    pub quick: bool,
    /// Only zones of that many records; may be given several times; docs/benchmarks.md then stays as it is.
    #[arg(long, value_name = "RECORDS")]
    pub records: Vec<usize>,
    /// How often each is repeated [default: 5, of zones from 100,000 records on 3].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repetitions: Option<u32>,
    /// A release build of dns-sync that is measured, in place of one that is built now.
    #[arg(long, value_name = "FILE")]
    pub program: Option<PathBuf>,
    /// The page that the section goes into; its figures go beside it [default: docs/benchmarks.md].
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl Arguments {
    /// The zones that both are measured with.
    pub(super) fn sizes(&self) -> Vec<usize> {
        if self.quick {
            return SIZES[..1].to_vec();
        }
        let chosen = self.records.iter().copied().filter(|records| *records < super::MILLION);
        if self.records.is_empty() { SIZES.to_vec() } else { chosen.collect() }
    }

    /// Whether ours is measured with a million records.
    pub(super) fn wants_million(&self) -> bool {
        !self.quick && (self.records.is_empty() || self.records.contains(&super::MILLION))
    }

    pub(super) fn repetitions(&self, records: usize) -> u32 {
        let usual = if records < LARGE { 5 } else { 3 };
        self.repetitions.unwrap_or(if self.quick { 1 } else { usual })
    }

    /// The page; none when only a part was run and no page was named.
    pub(super) fn page(&self) -> Option<PathBuf> {
        let whole = !self.quick && self.records.is_empty();
        self.output.clone().or_else(|| whole.then(|| workspace().join("docs/benchmarks.md")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Arguments {
        Arguments::parse_from([&["sync_benchmark"], args].concat())
    }

    #[test]
    fn a_partial_run_leaves_the_page_alone_unless_a_place_is_named() {
        assert!(parse(&[]).page().is_some_and(|page| page.ends_with("docs/benchmarks.md")));
        assert_eq!(parse(&["--quick"]).page(), None);
        assert_eq!(parse(&["--records", "1000", "--output", "x.md"]).page(), Some(PathBuf::from("x.md")));
    }

    #[test]
    fn a_look_is_small_and_a_million_is_never_octodns() {
        assert_eq!((parse(&["--quick"]).sizes(), parse(&["--quick"]).wants_million()), (vec![1_000], false));
        let large = parse(&["--records", "1000000", "--records", "500"]);
        assert_eq!((large.sizes(), large.wants_million()), (vec![500], true));
        assert_eq!((parse(&[]).sizes().len(), parse(&[]).wants_million()), (3, true));
    }
}
