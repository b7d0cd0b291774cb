//! Arguments → run → exit code. What it does is in [`tests::benchmark`].

use std::process::ExitCode;

use clap::Parser as _;
use tests::benchmark::{self, Arguments};

fn main() -> ExitCode {
    match benchmark::run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("benchmark: {error:#}");
            ExitCode::FAILURE
        }
    }
}
