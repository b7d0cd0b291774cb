//! What can be said on the command line.

mod approving;
mod dev;
mod direct;
mod drill;
mod group;
pub mod region;
pub mod zone;

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use dns_core::identifier::{GroupName, RegionName, ServiceName};
use url::Url;

pub use self::approving::{Approve, Decline};
pub use self::dev::{CONTROL_DEFAULT, Dev, DevRun, DevVerb, ScenarioName, Switch};
pub use self::direct::{BreakGlass, Coexist, ConfigFiles, IamPolicy};
pub use self::drill::{Drill, DrillVerb};
pub use self::group::{Group, GroupFailover, GroupMove, GroupPause, GroupResume, GroupStatus, GroupWait};

/// The controller unless `--server` says otherwise.
pub const SERVER_DEFAULT: &str = "http://127.0.0.1:8080";

/// How long one call may take unless `--timeout` says otherwise: longer than a controller under load ever needs.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// How long `--wait` follows a decision unless `--timeout` says otherwise: validity, permit and the verification of
/// slow secondaries fit several times over.
const WAIT_TIMEOUT: Duration = Duration::from_mins(5);

/// Looks at and steers a DNS failover control plane.
#[derive(Debug, Parser)]
#[command(name = "dns-admin", version, max_term_width = 120, after_help = EXIT_CODES)]
pub struct Arguments {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 usage, 3 refused or held, 4 written but not verified, \
                          5 unreachable, 6 awaiting approval, 64 bad configuration";

/// What every command takes.
#[derive(Debug, Args)]
pub struct Global {
    /// The controller's URL.
    #[arg(long, global = true, env = "DNS_ADMIN_SERVER", default_value = SERVER_DEFAULT, value_name = "URL")]
    pub server: Url,
    /// A file whose one line is the token that authenticates you.
    #[arg(long, global = true, env = "DNS_ADMIN_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// A PEM file with the only authorities to trust, instead of the system's.
    #[arg(long, global = true, env = "DNS_ADMIN_CA", value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Tables for people or JSON for programs.
    #[arg(long, short, global = true, value_enum, default_value_t)]
    pub output: Format,
    /// No colour, even on a terminal. The environment variable `NO_COLOR` does the same.
    #[arg(long, global = true)]
    pub no_color: bool,
    /// How long to wait for an answer [default: 10s] or, with --wait, for the outcome [default: 5m].
    #[arg(long, global = true, value_parser = humantime::parse_duration, value_name = "DURATION")]
    pub timeout: Option<Duration>,
}

impl Global {
    /// How long one call may take.
    pub fn request_timeout(&self) -> Duration {
        self.timeout.unwrap_or(REQUEST_TIMEOUT)
    }

    /// How long a decision is followed.
    pub fn wait_timeout(&self) -> Duration {
        self.timeout.unwrap_or(WAIT_TIMEOUT)
    }
}

/// How answers are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns and sentences.
    #[default]
    Table,
    /// The API's own types.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Says what is wrong, or that nothing is.
    Status(Status),
    /// Lists services, or shows one with its evidence.
    #[command(subcommand)]
    Service(Service),
    /// Moves a service to a region, and pins it there.
    Failover(Failover),
    /// Moves a service back to its preferred region.
    Failback(Move),
    /// Looks at services that move together, and moves or pauses all of them.
    #[command(subcommand)]
    Group(Group),
    /// Blocks the automatic writes of a service, of a group, or of all.
    Pause(Pause),
    /// Ends a pause.
    Resume(Resume),
    /// Looks at regions, and moves every service out of one.
    #[command(subcommand)]
    Region(region::Region),
    /// Takes a service's records under a fence, from when on the controller moves them.
    Adopt(Move),
    /// Leaves a service's records as they are and ends its fence.
    Release(Release),
    /// Agrees to an order that waits for a second person, with a token of another name than its orderer's.
    Approve(Approve),
    /// Says no to an order that waits for a second person, or takes it back.
    Decline(Decline),
    /// Moves a service with neither controller nor store: from this machine, by the providers' credentials.
    BreakGlass(BreakGlass),
    /// Moves a service on purpose, measures what that takes, and moves it back.
    Drill(Drill),
    /// Tells what happened.
    History(History),
    /// Tells why: the story of a decision, or why nothing happens to a service right now.
    Explain(Explain),
    /// Tells what services that only observe would have done.
    #[command(subcommand)]
    Observe(Observe),
    /// Shows what guards a service's records in its zone.
    #[command(subcommand)]
    Fence(Fence),
    /// Checks configuration files.
    #[command(subcommand)]
    Config(Config),
    /// Prints what Terraform, octoDNS and external-dns need to leave a service's records alone.
    Coexist(Coexist),
    /// Prints the least rights at Route 53 that the configuration needs.
    IamPolicy(IamPolicy),
    /// Plans, applies, undoes and compares zones, as `dns-sync` does.
    Zone(zone::Zone),
    /// Runs the whole system in this process, to try it, to break it, or to see a scenario.
    Dev(Dev),
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct Status {
    /// Again each second, until interrupted.
    #[arg(long, short)]
    pub watch: bool,
}

/// Verbs of `service`.
#[derive(Debug, Subcommand)]
pub enum Service {
    /// One line a service.
    List,
    /// One service with its evidence, records and last write.
    Show(Named),
}

/// Verbs of `fence`.
#[derive(Debug, Subcommand)]
pub enum Fence {
    /// The fence, each pair explained, and how to check it yourself: as the controller last read it or, with
    /// --config, as every zone of the service has it now.
    Show(FenceShow),
}

/// Verbs of `config`.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Reports every fault with file, line and path. Asks nobody unless --live.
    Check(Check),
}

/// A service.
#[derive(Debug, Args)]
pub struct Named {
    /// The service.
    pub name: ServiceName,
}

/// Arguments of `fence show`.
#[derive(Debug, Args)]
pub struct FenceShow {
    /// The service.
    pub name: ServiceName,
    /// Reads the zones themselves, by the credentials that this configuration names; may be repeated.
    #[arg(long = "config", value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Why something is done.
#[derive(Debug, Args)]
pub struct Reason {
    /// Why; kept in history for whoever comes next.
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub reason: String,
}

/// Rules to override.
#[derive(Debug, Args)]
pub struct Overrides {
    /// A rule of the safety kernel to override, as a refusal names it; may be repeated.
    #[arg(long = "override", value_name = "RULE")]
    pub rules: Vec<String>,
    /// How long the overrides count, such as 10m; without it as long as the service's policy says. Then the rules bind again,
    /// and what has not been sent ends unsent.
    #[arg(long = "override-for", requires = "rules", value_parser = humantime::parse_duration, value_name = "DURATION")]
    pub length: Option<Duration>,
}

impl Overrides {
    /// For how long, in whole seconds; what is shorter than one counts as one.
    pub fn secs(&self) -> Option<u64> {
        self.length.map(|length| length.as_secs().max(1))
    }
}

/// Whether to stay.
#[derive(Clone, Copy, Debug, Args)]
pub struct Wait {
    /// Follows the order until every authoritative server of every place was asked.
    #[arg(long)]
    pub wait: bool,
}

/// Arguments of `failover`.
#[derive(Debug, Args)]
pub struct Failover {
    /// The service.
    pub name: ServiceName,
    /// The region to move to.
    #[arg(long, value_name = "REGION")]
    pub to: RegionName,
    /// Why.
    #[command(flatten)]
    pub reason: Reason,
    /// Rules to override.
    #[command(flatten)]
    pub overrides: Overrides,
    /// Whether to stay.
    #[command(flatten)]
    pub wait: Wait,
}

/// Arguments of `failback` and `adopt`.
#[derive(Debug, Args)]
pub struct Move {
    /// The service.
    pub name: ServiceName,
    /// Why.
    #[command(flatten)]
    pub reason: Reason,
    /// Rules to override.
    #[command(flatten)]
    pub overrides: Overrides,
    /// Whether to stay.
    #[command(flatten)]
    pub wait: Wait,
}

/// Arguments of `release`.
#[derive(Debug, Args)]
pub struct Release {
    /// The service.
    pub name: ServiceName,
    /// Why.
    #[command(flatten)]
    pub reason: Reason,
    /// Rules to override.
    #[command(flatten)]
    pub overrides: Overrides,
    /// Whether to stay.
    #[command(flatten)]
    pub wait: Wait,
}

/// One service, those of a group, or all.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Target {
    /// The service.
    pub name: Option<ServiceName>,
    /// Every service of a group.
    #[arg(long, value_name = "GROUP")]
    pub group: Option<GroupName>,
    /// Every service.
    #[arg(long)]
    pub all: bool,
}

/// Arguments of `pause`.
#[derive(Debug, Args)]
pub struct Pause {
    /// Which.
    #[command(flatten)]
    pub target: Target,
    /// Why.
    #[command(flatten)]
    pub reason: Reason,
    /// For how long, such as 2h; without it until someone resumes.
    #[arg(long = "for", value_parser = humantime::parse_duration, value_name = "DURATION")]
    pub length: Option<Duration>,
}

/// Arguments of `resume`.
#[derive(Debug, Args)]
pub struct Resume {
    /// Which.
    #[command(flatten)]
    pub target: Target,
    /// Why.
    #[command(flatten)]
    pub reason: Reason,
}

/// Arguments of `history`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct History {
    /// What to do with it, instead of reading.
    #[command(subcommand)]
    pub verb: Option<HistoryVerb>,
    /// Of one service only.
    #[arg(long, value_name = "NAME")]
    pub service: Option<ServiceName>,
    /// Rows after this position; without it the newest rows.
    #[arg(long, value_name = "POSITION")]
    pub after: Option<u64>,
    /// How many rows at the most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Goes on with new rows, until interrupted.
    #[arg(long, short)]
    pub follow: bool,
}

/// Verbs of `history`.
#[derive(Debug, Subcommand)]
pub enum HistoryVerb {
    /// Takes down the record of a move that was made by hand. Nothing else is done: the fence has told the controller.
    Import(Import),
}

/// Arguments of `history import`.
#[derive(Debug, Args)]
pub struct Import {
    /// The record that `break-glass` wrote.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// A decision, as history and orders name it; or a service.
    #[arg(value_name = "DECISION|SERVICE", value_parser = NonEmptyStringValueParser::new())]
    pub subject: String,
}

/// Verbs of `observe`.
#[derive(Debug, Subcommand)]
pub enum Observe {
    /// Each time that a service would have moved: when, from where, how long the trouble lasted, what would have held it.
    Report(ObserveReport),
}

/// Arguments of `observe report`.
#[derive(Debug, Args)]
pub struct ObserveReport {
    /// Of one service only.
    pub service: Option<ServiceName>,
    /// How far back, such as 30d.
    #[arg(long, default_value = "30d", value_parser = humantime::parse_duration, value_name = "DURATION")]
    pub since: Duration,
}

/// Arguments of `config check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Files, or folders of YAML files.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Doesn't look for secret files: this machine is not the one that has them.
    #[arg(long, conflicts_with = "live")]
    pub no_secrets: bool,
    /// Then asks every provider, with its credentials: rights, zones, fences, records, clocks, delegations. Writes nothing.
    #[arg(long)]
    pub live: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn what_follows_zone_is_taken_as_it_is() {
        let parse = |line: &str| Arguments::try_parse_from(line.split(' ')).expect(line);
        for words in ["plan --output markdown --zone a.test", "--config f diff file:a file:b", "plan --help", "--help"]
        {
            let arguments = parse(&format!("x --no-color zone {words}"));
            let Command::Zone(zone) = arguments.command else { panic!("{words}: {:?}", arguments.command) };
            let taken: Vec<_> = zone.words.iter().filter_map(|word| word.to_str()).collect();
            assert_eq!(taken.join(" "), words);
            assert!(arguments.global.no_color && arguments.global.output == Format::Table);
        }
    }

    #[test]
    fn a_pause_names_one_service_or_all_and_gives_a_reason() {
        let parse = |line: &str| Arguments::try_parse_from(line.split(' '));
        for good in
            ["x pause checkout --reason r", "x pause --all --reason r --for 2h", "x pause --group shop --reason r"]
        {
            parse(good).expect(good);
        }
        for bad in [
            "x pause --reason r",
            "x pause checkout --all --reason r",
            "x pause --group shop --all --reason r",
            "x pause --group shop checkout --reason r",
            "x pause checkout",
            "x pause checkout --reason r --for soon",
            "x pause Checkout --reason r",
        ] {
            parse(bad).expect_err(bad);
        }
        Arguments::try_parse_from(["x", "pause", "checkout", "--reason", ""]).expect_err("an empty reason is none");
    }
}
