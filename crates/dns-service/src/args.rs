//! The flags that every daemon has; a daemon flattens [`DaemonArgs`] into its own.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::http::PlainHttp;
use crate::telemetry::LogFormat;

/// Flags of every daemon.
#[derive(Clone, Debug, clap::Args)]
pub struct DaemonArgs {
    /// Configuration file, or a folder of *.yaml and *.yml; may be given several times
    #[arg(long = "config", value_name = "PATH", required = true)]
    pub config: Vec<PathBuf>,

    /// Address and port of the API, health and metrics; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,

    /// Allow plain HTTP on an address that is not loopback
    #[arg(long)]
    pub insecure_listen: bool,

    /// How log lines are written to stderr
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub log_format: LogFormat,

    /// Check configuration and secrets, print every fault, and end
    #[arg(long)]
    pub check_config: bool,
}

impl DaemonArgs {
    /// Where plain HTTP may be spoken.
    pub fn plain_http(&self) -> PlainHttp {
        if self.insecure_listen { PlainHttp::Anywhere } else { PlainHttp::OnLoopback }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Daemon {
        #[command(flatten)]
        args: DaemonArgs,
    }

    #[test]
    fn config_may_be_given_several_times_and_must_be_given() {
        let daemon = Daemon::try_parse_from(["d", "--config", "a", "--config", "b", "--log-format", "json"]);
        let args = daemon.expect("parses").args;
        assert_eq!(args.config, [PathBuf::from("a"), PathBuf::from("b")]);
        assert_eq!((args.log_format, args.plain_http()), (LogFormat::Json, PlainHttp::OnLoopback));
        assert!(Daemon::try_parse_from(["d"]).is_err());
    }
}
