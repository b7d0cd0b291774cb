//! Arguments → run → exit code. What it does is in [`tests::evacuation`].

use std::process::ExitCode;

use clap::Parser as _;
use tests::evacuation::{self, Arguments};

fn main() -> ExitCode {
    match evacuation::run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("evacuation: {error:#}");
            ExitCode::FAILURE
        }
    }
}
