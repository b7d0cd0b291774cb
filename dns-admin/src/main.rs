//! Arguments → run → exit code.

use std::process::ExitCode;

use clap::Parser as _;
use dns_admin::arguments::Arguments;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => dns_admin::end_with_usage(&error, std::env::args()),
    };
    // Two threads: `dev` holds the whole system, and a slow part of it must not make the others look stalled.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(dns_admin::run(&arguments)).into(),
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            ExitCode::FAILURE
        }
    }
}
