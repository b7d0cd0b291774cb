//! `dns-sync`: arguments and environment, run, exit code.

use std::process::ExitCode;

use clap::Parser as _;
use dns_service::exit::finish;

/// Names the configuration where the command line does not.
const CONFIG: &str = "DNS_SYNC_CONFIG";

#[tokio::main]
async fn main() -> ExitCode {
    let args = dns_sync::Args::parse().or_config(std::env::var_os(CONFIG).map(Into::into));
    finish(dns_sync::run(args).await)
}
