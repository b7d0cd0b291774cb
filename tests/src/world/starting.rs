//! How the programs of an installation are started.

use std::net::SocketAddr;
use std::path::Path;

use super::configuration::own_configuration;
use super::disk;
use crate::{Authority, Daemon, Launch, Sandbox};

/// Makes an authority and a certificate for each process, by its name and its address.
pub(super) fn certify(sandbox: &Sandbox, monitors: usize) -> Authority {
    let authority = Authority::new(sandbox, "ca");
    let address = sandbox.ip().to_string();
    authority.issue("controller-1", &[&address]);
    for number in 0..monitors {
        let name = format!("v{number}");
        authority.issue(&name, &[&name, &address]);
    }
    authority
}

pub(super) fn start_monitor(
    sandbox: &Sandbox,
    config: &Path,
    number: usize,
    at: SocketAddr,
    authority: Option<&Authority>,
) -> Daemon {
    let name = format!("v{number}");
    let own = own_configuration(sandbox, config, &name, "none.db");
    let launch = Launch::new("dns-monitor").label(&format!("monitor-{name}")).arg("--config").arg(own);
    let launch = launch.arg("--vantage-point").arg(name).listen(at);
    Daemon::start(sandbox, speak_tls(launch, authority))
}

fn speak_tls(launch: Launch, authority: Option<&Authority>) -> Launch {
    match authority {
        Some(authority) => launch.tls(authority.certificate()),
        None => launch,
    }
}

/// How a controller is started.
#[derive(Clone, Copy)]
pub(super) struct Controller<'a> {
    pub(super) failpoints: Option<&'a str>,
    pub(super) disk: Option<&'a str>,
    pub(super) ready: bool,
    pub(super) environment: &'a [(String, String)],
}

pub(super) fn start_controller(
    sandbox: &Sandbox,
    config: &Path,
    name: &str,
    how: Controller<'_>,
    authority: Option<&Authority>,
) -> Daemon {
    let Controller { failpoints, disk, ready, environment } = how;
    let (mut launch, store) = match disk {
        Some(prepare) => {
            let folder = sandbox.folder(disk::FOLDER);
            (Launch::on_own_disk("failover-controller", &folder, prepare), format!("{}/state.db", disk::FOLDER))
        }
        None => (Launch::new("failover-controller"), store_name(name)),
    };
    let own = own_configuration(sandbox, config, name, &store);
    launch = launch.label(name).arg("--config").arg(own).arg("--instance").arg(name);
    if let Some(failpoints) = failpoints {
        launch = launch.env("DNS_FAILPOINTS", failpoints);
    }
    let launch = environment.iter().fold(launch, |launch, (name, value)| launch.env(name, value));
    let launch = speak_tls(launch, authority);
    if ready { Daemon::start(sandbox, launch) } else { Daemon::spawn(sandbox, launch) }
}

/// The first controller's store has the name that people know.
fn store_name(controller: &str) -> String {
    if controller == "controller-1" { "state.db".to_owned() } else { format!("{controller}.db") }
}
