//! The failover controller: judges evidence, decides, and flips a service's records under a fence.
//!
//! [`run`] is the daemon, [`serve`] the controller in it, which other programs can hold, too. It puts the parts together: listeners bring evidence to the `engine`, which owns all state; the executor
//! carries out what the outbox holds; readers and the verifier look at the zones; the `api` serves what the engine
//! publishes. None of them decides anything: decisions are `dns-core`'s.

mod api;
mod aside;
mod attention;
mod canary;
mod delegation;
mod drain;
mod drills;
mod engine;
mod executor;
mod gates;
mod gauges;
mod hooks;
#[cfg(feature = "measured")]
pub mod measured;
mod notify;
mod page;
mod providers;
mod reader;
mod start;
mod verifier;
mod watch;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use clap::Parser;
use dns_core::identifier::Actor;
use dns_service::args::DaemonArgs;
use dns_service::auth::Tokens;
use dns_service::config::Config;
use dns_service::config::secret::Program;
use dns_service::exit::{Exit, Failure};
use dns_service::{failpoint, http, shutdown, telemetry};

pub use start::serve;

/// Where the API listens without `--listen`.
pub const LISTEN_DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// Decides when a region can no longer serve, and moves its services' DNS records under a fence.
#[derive(Debug, Parser)]
#[command(name = "failover-controller", version)]
pub struct Args {
    #[command(flatten)]
    daemon: DaemonArgs,

    /// This controller's name in fences and history: lower-case letters, digits and inner hyphens
    #[arg(long, value_name = "NAME", default_value = "controller")]
    instance: Actor,
}

/// Checks the configuration, starts every part, and runs until SIGTERM or SIGINT.
///
/// # Errors
/// [`Failure`] with exit code 64 if the configuration has faults, 1 if something cannot be started.
pub async fn run(args: Args) -> Result<Exit, Failure> {
    telemetry::init_logs(args.daemon.log_format)?;
    failpoint::arm();
    let config = Config::load(&args.daemon.config, &Program::Controller)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    if args.daemon.check_config {
        return Ok(Exit::Done);
    }
    let stop = shutdown::on_signals()?;
    let address = args.daemon.listen.unwrap_or(LISTEN_DEFAULT);
    let listening = http::bind(address, args.daemon.plain_http(), &config.tls)?;
    let callers = Tokens::load(&config.controller.tokens)?;
    let served = serve(&config, &args.instance, callers, listening, stop).await;
    served.map_err(|error| Failure::new(Exit::Failed, error))?;
    Ok(Exit::Done)
}
