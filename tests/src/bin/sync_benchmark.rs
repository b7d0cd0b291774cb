//! Arguments → run → exit code. What it does is in [`tests::sync_benchmark`].

use std::process::ExitCode;

use clap::Parser as _;
use tests::sync_benchmark::{self, Arguments};

fn main() -> ExitCode {
    match sync_benchmark::run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sync_benchmark: {error:#}");
            ExitCode::FAILURE
        }
    }
}
