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
use crate::failure::Failure;
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

/// Ends with what is wrong with a command line, or with the help that it asks for. Programs that ask for JSON get it here,
/// too.
pub fn end_with_usage(error: &clap::Error, line: impl Iterator<Item = String>) -> ! {
    if error.use_stderr() && asks_for_json(line) {
        let problem = Failure::new(Exit::Usage, error.to_string().trim_end()).as_problem();
        // That it cannot be written changes nothing about the end.
        drop(output::print_json(&problem));
    }
    error.exit()
}

/// What could not be parsed is looked through for the one thing that matters for how to say so.
fn asks_for_json(line: impl Iterator<Item = String>) -> bool {
    let words: Vec<String> = line.collect();
    let joined = words.iter().any(|word| matches!(word.as_str(), "--output=json" | "-o=json" | "-ojson"));
    let apart =
        |pair: &[String]| matches!(pair, [flag, value] if (flag == "--output" || flag == "-o") && value == "json");
    joined || words.windows(2).any(apart)
}
