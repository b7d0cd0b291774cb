//! Arguments → run → exit code. What it does is in [`tests::fleet`].

use std::alloc::System;
use std::process::ExitCode;

use clap::Parser as _;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tests::fleet::{self, Arguments};

/// Counts what is held: the kernel's figure also holds what the allocator keeps for later.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    match fleet::run(&Arguments::parse(), ALLOCATOR) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fleet: {error:#}");
            ExitCode::FAILURE
        }
    }
}
