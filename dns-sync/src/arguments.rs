//! The command line.

mod help;
pub(crate) mod ownership;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use dns_core::identifier::ProviderName;
use dns_service::telemetry::LogFormat;
use dns_zone::{Force, Owner};

use self::ownership::{OwnershipArgs, OwnershipVerb, ShowFormat};
use crate::diff::side::Side;

/// Keeps zones equal across providers.
#[derive(Debug, Parser)]
#[command(name = "dns-sync", version, max_term_width = 120, arg_required_else_help = true, after_help = help::ALL)]
pub struct Args {
    /// Configuration file, or a folder of *.yaml and *.yml; may be given several times, before the command or after it.
    /// Without it the environment names one, see below; only `diff` can do without any
    #[arg(long = "config", global = true, value_name = "PATH")]
    pub(crate) config: Vec<PathBuf>,

    /// Check configuration and secrets, print every fault, and end
    #[arg(long, global = true)]
    pub(crate) check_config: bool,

    /// Write no colours, even to a terminal
    #[arg(long, global = true)]
    pub(crate) no_color: bool,

    /// None checks the configuration, if that is asked for.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// For programs that offer the same commands under their own.
impl Args {
    /// With a configuration where the command line names none.
    #[must_use]
    pub fn or_config(mut self, file: Option<PathBuf>) -> Self {
        if self.config.is_empty() {
            self.config.extend(file);
        }
        self
    }

    /// With answers as JSON where the command has any: those that write tell in words what they do.
    #[must_use]
    pub fn as_json(mut self) -> Self {
        match &mut self.command {
            Some(Command::Plan(plan)) => plan.output = PlanFormat::Json,
            Some(Command::Capabilities(capabilities)) => capabilities.json = true,
            Some(Command::Diff(diff)) => diff.json = true,
            Some(Command::Ownership(OwnershipArgs { verb: OwnershipVerb::Show(show) })) => {
                show.output = ShowFormat::Json;
            }
            Some(Command::Ownership(_) | Command::Apply(_) | Command::Daemon(_) | Command::Rollback(_)) | None => {}
        }
        self
    }

    /// Without colours.
    #[must_use]
    pub fn without_colour(self) -> Self {
        Self { no_color: true, ..self }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what would make the targets equal to their sources; writes nothing there
    #[command(after_help = help::PLAN)]
    Plan(PlanArgs),
    /// Do what a saved plan says, if nothing has changed since it was made
    #[command(after_help = help::APPLY)]
    Apply(ApplyArgs),
    /// Keep the targets equal to their sources until told to stop: follows NOTIFY and the SOA's timers
    #[command(after_help = help::DAEMON)]
    Daemon(DaemonFlags),
    /// Undo what the last `apply` has written, or the last one to some zones and targets, if nothing has changed since
    #[command(after_help = help::ROLLBACK)]
    Rollback(RollbackArgs),
    /// Show what each provider can hold
    #[command(after_help = help::CAPABILITIES)]
    Capabilities(CapabilitiesArgs),
    /// Show in what two copies of a zone differ
    #[command(after_help = help::DIFF)]
    Diff(DiffArgs),
    /// Show and change which installation owns what in a zone at a target
    #[command(after_help = help::OWNERSHIP)]
    Ownership(OwnershipArgs),
}

impl Command {
    /// Whether a program reads the answer.
    pub(crate) fn answers_programs(&self) -> bool {
        match self {
            Self::Plan(plan) => plan.output == PlanFormat::Json,
            Self::Capabilities(capabilities) => capabilities.json,
            Self::Diff(diff) => diff.json,
            Self::Ownership(OwnershipArgs { verb: OwnershipVerb::Show(show) }) => show.output == ShowFormat::Json,
            Self::Ownership(_) | Self::Apply(_) | Self::Daemon(_) | Self::Rollback(_) => false,
        }
    }
}

/// Which zones and targets; all by default.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Selection {
    /// Only this zone; may be given several times
    #[arg(long = "zone", value_name = "ZONE")]
    pub(crate) zones: Vec<Owner>,

    /// Only this target, a provider's name; may be given several times
    #[arg(long = "target", value_name = "PROVIDER")]
    pub(crate) targets: Vec<ProviderName>,
}

impl Selection {
    /// Whether nothing is left out.
    pub(crate) fn is_all(&self) -> bool {
        self.zones.is_empty() && self.targets.is_empty()
    }

    /// Whether a target of a zone is meant.
    pub(crate) fn takes(&self, zone: &Owner, target: &ProviderName) -> bool {
        (self.zones.is_empty() || self.zones.contains(zone))
            && (self.targets.is_empty() || self.targets.contains(target))
    }
}

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) selection: Selection,

    /// Save the plans there, for `apply`
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// How it is shown
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: PlanFormat,
}

/// How plans are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    /// For people
    #[default]
    Text,
    /// For programs, and what `--out` saves
    Json,
    /// For a pull request
    Markdown,
}

/// Arguments of `apply`.
#[derive(Debug, clap::Args)]
pub(crate) struct ApplyArgs {
    /// What `plan --out` has saved
    #[arg(value_name = "PLAN")]
    pub(crate) plan: PathBuf,

    /// Lift a limit by the name that the plan gives it; may be given several times
    #[arg(long = "force", value_name = "LIMIT")]
    pub(crate) forced: Vec<Force>,
}

/// Arguments of `daemon`.
#[derive(Debug, clap::Args)]
pub(crate) struct DaemonFlags {
    #[command(flatten)]
    pub(crate) selection: Selection,

    /// Address and port of the API, health and metrics; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8054")]
    pub(crate) listen: SocketAddr,

    /// Allow plain HTTP on an address that is not loopback
    #[arg(long)]
    pub(crate) insecure_listen: bool,

    /// How log lines are written to stderr
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) log_format: LogFormat,
}

/// Arguments of `rollback`.
#[derive(Debug, clap::Args)]
pub(crate) struct RollbackArgs {
    #[command(flatten)]
    pub(crate) selection: Selection,

    /// Show what would be undone; write nothing
    #[arg(long)]
    pub(crate) preview: bool,

    /// Undo it without asking
    #[arg(long, conflicts_with = "preview")]
    pub(crate) yes: bool,
}

/// Arguments of `capabilities`.
#[derive(Debug, clap::Args)]
pub(crate) struct CapabilitiesArgs {
    /// For programs
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `diff`.
#[derive(Debug, clap::Args)]
pub(crate) struct DiffArgs {
    /// One: `file:PATH`, `octodns:PATH`, `provider:NAME` of the configuration, or `dns://HOST[:PORT]`, a live server
    #[arg(value_name = "A")]
    pub(crate) a: Side,

    /// The other
    #[arg(value_name = "B")]
    pub(crate) b: Side,

    /// The zone, where the configuration does not say which both can have
    #[arg(long, value_name = "ZONE")]
    pub(crate) zone: Option<Owner>,

    /// For programs
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn another_program_gives_what_the_command_line_leaves_open() {
        let parse = |line: &str| Args::try_parse_from(line.split(' ')).expect(line);
        let open = parse("dns-admin diff file:a file:b").or_config(Some("f".into())).as_json();
        assert_eq!(open.config, [PathBuf::from("f")]);
        assert!(open.command.expect("a command").answers_programs());
        let given = parse("dns-admin --config g plan").or_config(Some("f".into()));
        assert_eq!(given.config, [PathBuf::from("g")]);
        assert!(!given.command.expect("a command").answers_programs());
    }

    #[test]
    fn the_configuration_may_stand_on_either_side_of_the_command() {
        for line in ["dns-sync --config f --config g plan", "dns-sync plan --config f --config g"] {
            let args = Args::try_parse_from(line.split(' ')).expect(line);
            assert_eq!(args.config, [PathBuf::from("f"), PathBuf::from("g")], "{line}");
        }
        let checked = Args::try_parse_from("dns-sync --config f --check-config".split(' ')).expect("no command");
        assert!(checked.check_config && checked.command.is_none());
    }

    #[test]
    fn every_command_tells_how_it_ends_and_shows_an_example() {
        for command in Args::command().get_subcommands().filter(|command| command.get_name() != "help") {
            let told = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(told.contains("Exit codes: 0 ") && told.contains("  dns-sync "), "{}: {told}", command.get_name());
        }
    }

    #[test]
    fn a_limit_that_does_not_exist_is_refused_with_those_that_do() {
        let parse = |force| Args::try_parse_from(["dns-sync", "--config", "f", "apply", "p", "--force", force]);
        assert!(parse("deletesShare").is_ok());
        let told = parse("everything").expect_err("no such limit").to_string();
        assert!(told.contains("deletesShare"), "{told}");
    }
}
