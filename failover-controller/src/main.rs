//! `failover-controller`: arguments, run, exit code.

use std::process::ExitCode;

use clap::Parser as _;
use dns_service::exit::finish;

#[tokio::main]
async fn main() -> ExitCode {
    finish(failover_controller::run(failover_controller::Args::parse()).await)
}
