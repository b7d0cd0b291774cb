//! Keeps zones equal across providers: plans what a target lacks of its source, shows it, and does what was shown and no more.
//!
//! What a plan holds is decided by `dns-zone`, which is pure; adapters read and write. Here is what happens in between: which
//! zones, in which order, what is kept on disk, and what people are told. Nothing is planned from a zone that was not read
//! whole, and nothing that a failover controller's fence guards is touched.

mod applying;
mod arguments;
mod capabilities;
mod daemon;
mod diff;
#[cfg(test)]
mod fake;
mod folder;
pub mod live;
mod output;
mod ownership;
mod place;
mod planning;
mod reading;
mod sending;
mod served;
mod settings;
mod source;

use dns_service::config::Config;
use dns_service::config::secret::Program;
use dns_service::exit::{Exit, Failure};

pub use self::arguments::Args;
use self::arguments::Command;
use self::output::Output;

/// Which of the variables is meant is known to whoever calls.
const NO_CONFIG: &str = "no configuration is given: --config PATH, or DNS_SYNC_CONFIG in the environment (DNS_ADMIN_CONFIG for `dns-admin zone`)";

/// Does what the command line says.
///
/// # Errors
/// [`Failure`]: 2 if the command line lacks something, 64 if the configuration has faults, 3 if a plan is stopped or has drifted,
/// 4 if what was written is not served everywhere in time, 5 if a source or target cannot be read, 1 if it cannot be written.
pub async fn run(args: Args) -> Result<Exit, Failure> {
    let Args { config: files, check_config, no_color, command } = args;
    let output = Output::new(no_color);
    let is_for_programs = command.as_ref().is_some_and(Command::answers_programs);
    let output = if is_for_programs { output.without_progress() } else { output };
    if command.is_none() && !check_config {
        return Err(Failure::new(Exit::Usage, "no command is given: `--help` lists them"));
    }
    if files.is_empty() {
        return match &command {
            Some(Command::Diff(diff)) if !check_config => diff::command(None, diff, &output).await,
            Some(_) | None => Err(Failure::new(Exit::Usage, NO_CONFIG)),
        };
    }
    let config = Config::load(&files, &Program::Sync)?;
    for warning in &config.warnings {
        output.note(&format!("warning: {warning}"))?;
    }
    let Some(command) = command.filter(|_| !check_config) else { return Ok(Exit::Done) };
    match &command {
        Command::Plan(plan) => planning::command(&config, plan, &output).await,
        Command::Apply(apply) => applying::apply(&config, apply, &output).await,
        Command::Daemon(flags) => daemon::command(&config, flags).await,
        Command::Rollback(rollback) => applying::rollback(&config, rollback, &output).await,
        Command::Capabilities(capabilities) => capabilities::command(&config, capabilities, &output),
        Command::Diff(diff) => diff::command(Some(&config), diff, &output).await,
        Command::Ownership(ownership) => ownership::command(&config, ownership, &output).await,
    }
}
