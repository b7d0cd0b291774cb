//! The `dns-monitor` daemon.

use std::process::ExitCode;

use clap::Parser;
use dns_monitor::args::Args;
use dns_monitor::run;
use dns_service::exit::finish;

#[tokio::main]
async fn main() -> ExitCode {
    finish(run::run(Args::parse()).await)
}
