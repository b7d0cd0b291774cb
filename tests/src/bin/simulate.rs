//! Arguments → run → exit code. What it does is in [`tests::simulation`].

use std::process::ExitCode;

use clap::Parser as _;
use tests::simulation::{self, Arguments};

fn main() -> ExitCode {
    match simulation::run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("simulate: {error:#}");
            ExitCode::FAILURE
        }
    }
}
