//! What can be said to `dev`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use url::Url;

/// Where `dev break` finds the installation unless told otherwise: at the default of `--control-listen`.
pub const CONTROL_DEFAULT: &str = "http://127.0.0.1:8444";

/// Page and API.
const LISTEN: SocketAddr = loopback(8080);
/// The authoritative server.
const DNS_LISTEN: SocketAddr = loopback(5300);
/// `dev break` and `dev heal`.
const CONTROL_LISTEN: SocketAddr = loopback(8444);

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// Arguments of `dev`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Dev {
    /// What to do to an installation that runs.
    #[command(subcommand)]
    pub verb: Option<DevVerb>,
    /// What to run.
    #[command(flatten)]
    pub run: DevRun,
}

/// What to run.
#[derive(Debug, Args)]
pub struct DevRun {
    /// Plays a scenario from beginning to end, unattended, and says whether it went as expected.
    #[arg(long, value_enum, value_name = "NAME", conflicts_with = "config")]
    pub scenario: Option<ScenarioName>,
    /// Runs your own configuration instead: its monitors and a controller. May be repeated, or name a folder.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub config: Vec<PathBuf>,
    /// With --config: every service observes, whatever its mode; nothing is written to any zone.
    #[arg(long, requires = "config", conflicts_with = "allow_writes")]
    pub observe: bool,
    /// With --config: active services may write to servers beyond this machine.
    #[arg(long, requires = "config")]
    pub allow_writes: bool,
    /// Address and port of page and API; port 0 takes a free one [default: 127.0.0.1:8080; of a scenario: a free port]
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// Address and port of the authoritative server [default: 127.0.0.1:5300; of a scenario: a free port]
    #[arg(long, value_name = "ADDR:PORT", conflicts_with = "config")]
    pub dns_listen: Option<SocketAddr>,
    /// Address and port for `dev break` and `dev heal` [default: 127.0.0.1:8444; of a scenario: a free port]
    #[arg(long, value_name = "ADDR:PORT", conflicts_with = "config")]
    pub control_listen: Option<SocketAddr>,
    /// Shows the logs of all parts on stderr, filtered by `DNS_LOG`.
    #[arg(long)]
    pub logs: bool,
}

impl DevRun {
    /// Where page and API are to listen.
    pub fn page(&self) -> SocketAddr {
        self.listen.unwrap_or(self.unless_scenario(LISTEN))
    }

    /// Where the authoritative server is to listen.
    pub fn dns(&self) -> SocketAddr {
        self.dns_listen.unwrap_or(self.unless_scenario(DNS_LISTEN))
    }

    /// Where `break` and `heal` are listened for.
    pub fn control(&self) -> SocketAddr {
        self.control_listen.unwrap_or(self.unless_scenario(CONTROL_LISTEN))
    }

    /// Nobody types the address of a scenario, so it never meets a busy port.
    fn unless_scenario(&self, known: SocketAddr) -> SocketAddr {
        if self.scenario.is_some() { loopback(0) } else { known }
    }
}

/// What to do to an installation that runs.
#[derive(Debug, Subcommand)]
pub enum DevVerb {
    /// Lets a region stop answering, or a vantage point lose its network.
    Break(Switch),
    /// Brings it back.
    Heal(Switch),
}

/// What is broken or healed.
#[derive(Debug, Args)]
pub struct Switch {
    /// `prod`, `dr`, or a vantage point: `v1`, `v2`, `v3`.
    pub name: String,
    /// Where the running `dns-admin dev` listens for this.
    #[arg(long, env = "DNS_ADMIN_DEV_CONTROL", default_value = CONTROL_DEFAULT, value_name = "URL", value_parser = control)]
    pub control: Url,
}

/// A URL, or what is left of one when it was typed from a table of ports.
fn control(text: &str) -> Result<Url, url::ParseError> {
    match text.parse::<SocketAddr>() {
        Ok(address) => Url::parse(&format!("http://{address}")),
        Err(_) => Url::parse(text),
    }
}

/// The scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScenarioName {
    /// prod stops answering: the service moves to dr, and comes back on an operator's word.
    RegionLoss,
    /// prod stops answering while two of three vantage points have lost their own network: nothing moves.
    Blind,
    /// prod and dr fail together: nothing moves until one of them has proven itself.
    BothDown,
    /// prod comes and goes: short faults move nothing, longer ones move the service once.
    Flapping,
    /// Someone changes a guarded record by hand: it is left alone, nothing is written over it, and someone is paged.
    HandEdit,
    /// A write is stuck on the network and arrives after it was given up: the zone itself refuses it.
    StaleWriter,
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::arguments::{Arguments, Command};

    fn parsed(line: &str) -> Result<Dev, clap::Error> {
        Arguments::try_parse_from(line.split(' ')).map(|arguments| match arguments.command {
            Command::Dev(dev) => dev,
            other => panic!("{other:?} is not dev"),
        })
    }

    #[test]
    fn an_installation_has_known_ports_and_a_scenario_free_ones() {
        let dev = parsed("x dev").expect("parses").run;
        assert_eq!((dev.page().port(), dev.dns().port(), dev.control().port()), (8080, 5300, 8444));
        assert_eq!(CONTROL_DEFAULT, format!("http://{CONTROL_LISTEN}"));
        let scenario = parsed("x dev --scenario both-down --listen 127.0.0.1:9000").expect("parses").run;
        assert_eq!((scenario.page().port(), scenario.dns().port(), scenario.control().port()), (9000, 0, 0));
    }

    #[test]
    fn what_makes_no_sense_together_is_refused() {
        for bad in [
            "x dev --scenario blind --config a.yaml",
            "x dev --config a.yaml --dns-listen 127.0.0.1:1",
            "x dev --observe",
            "x dev --config a.yaml --observe --allow-writes",
            "x dev --scenario earthquake",
            "x dev --logs break prod",
            "x dev break",
        ] {
            assert!(parsed(bad).is_err(), "{bad}");
        }
        parsed("x dev --config a.yaml b.yaml --observe").expect("parses");
        parsed("x dev break prod").expect("parses");
        let Some(DevVerb::Heal(switch)) = parsed("x dev heal v1 --control 127.0.0.1:9").expect("parses").verb else {
            panic!("no verb");
        };
        assert_eq!(switch.control.as_str(), "http://127.0.0.1:9/");
    }
}
