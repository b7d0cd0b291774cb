//! The SRE's command line.
//!
//! [`arguments`] is what can be said, [`commands`] does it ([`dev`] runs the whole system, [`direct`] goes to the providers
//! themselves), [`render`] turns answers into text, [`output`] is the one place that writes. Rendering is a function of API values alone, so that golden tests cover what people read.

pub mod arguments;
pub mod commands;
pub mod dev;
pub mod direct;
pub mod failure;
pub mod follow;
pub mod output;
pub mod render;

use dns_service::exit::Exit;

use crate::arguments::Arguments;
use crate::output::Output;

/// Carries out one command line, tells a failure, and says how to exit. A reader that has gone away is no failure.
pub async fn run(arguments: &Arguments) -> Exit {
    let output = Output::of(&arguments.global);
    match commands::dispatch(arguments, &output).await {
        Ok(exit) => exit,
        Err(failure) if failure.exit == Exit::Done => Exit::Done,
        Err(failure) => {
            output.failure(&failure);
            failure.exit
        }
    }
}
