//! The command line of `dns-monitor`.

use dns_core::identifier::VantageName;
use dns_service::args::DaemonArgs;

/// Probes the endpoints of one vantage point and streams what it sees.
#[derive(Clone, Debug, clap::Parser)]
#[command(version)]
pub struct Args {
    /// Which of the configuration's vantage points this is
    #[arg(long, value_name = "NAME")]
    pub vantage_point: VantageName,

    /// What every daemon takes.
    #[command(flatten)]
    pub daemon: DaemonArgs,
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;

    #[test]
    fn a_vantage_point_must_be_named() {
        Args::command().debug_assert();
        let args = Args::try_parse_from(["dns-monitor", "--config", "a.yaml", "--vantage-point", "fra1"]);
        assert_eq!(args.expect("parses").vantage_point.as_str(), "fra1");
        assert!(Args::try_parse_from(["dns-monitor", "--config", "a.yaml"]).is_err());
        assert!(Args::try_parse_from(["dns-monitor", "--config", "a.yaml", "--vantage-point", "Fra1"]).is_err());
    }
}
