//! `dns-sync`: arguments, run, exit code.

use std::process::ExitCode;

use clap::Parser as _;
use dns_service::exit::finish;

#[tokio::main]
async fn main() -> ExitCode {
    finish(dns_sync::run(dns_sync::Args::parse()).await)
}
