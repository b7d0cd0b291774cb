//! `dev`: the whole system in one process, to try it, to break it, to see a scenario, or to run one's own configuration.
//!
//! Everything listens on loopback and ends with the process. The built-in installation leaves nothing behind; one's
//! own configuration writes to its own store and zones.

mod configuration;
mod control;
mod daemons;
mod installation;
mod narration;
mod own_configuration;
mod port;
mod scenario;
mod site;

use dns_service::exit::Exit;
use dns_service::shutdown;
use dns_service::telemetry::{LogFormat, init_logs};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use self::control::Control;
use self::installation::Installation;
use self::narration::Narrator;
use crate::arguments::{CONTROL_DEFAULT, Dev, DevRun, DevVerb, SERVER_DEFAULT};
use crate::failure::Failure;
use crate::output::Output;
use crate::render::lines;

/// Carries out `dev`.
///
/// # Errors
/// [`Failure`], with the exit code.
pub async fn run(dev: &Dev, output: &Output) -> Result<Exit, Failure> {
    match &dev.verb {
        Some(DevVerb::Break(switch)) => return control::ask(switch, control::BREAK, output).await,
        Some(DevVerb::Heal(switch)) => return control::ask(switch, control::HEAL, output).await,
        None => {}
    }
    if dev.run.logs {
        init_logs(LogFormat::Text).map_err(|error| Failure::new(Exit::Failed, dns_service::exit::one_line(&error)))?;
    }
    match (&dev.run.scenario, dev.run.config.is_empty()) {
        (Some(scenario), _) => scenario::play(*scenario, &dev.run, output).await,
        (None, false) => own_configuration::run(&dev.run, output).await,
        (None, true) => built_in(&dev.run, output).await,
    }
}

/// The built-in installation, until someone has seen enough.
async fn built_in(run: &DevRun, output: &Output) -> Result<Exit, Failure> {
    let stop = stop()?;
    let (installation, mut daemons) = Installation::start(run)?;
    let control = Control::start(run.control(), installation.sites.clone())?;
    output.aside(&lines(["starting; in a few seconds both regions have proven themselves"]));
    let mut narrator = Narrator::of(&installation.client, output).with_sites(installation.sites.clone());
    let told = tokio::select! {
        () = stop.cancelled() => Ok(()),
        failure = daemons.ended() => Err(failure),
        told = async {
            narrator.until_armed(&installation).await?;
            output.text(&welcome(&installation, &control))?;
            narrator.tell_for_ever().await
        } => told,
    };
    control.stop();
    let stopped = daemons.stop().await;
    output.aside(&format!("\nstopped; {} is removed", installation.folder().display()));
    installation.stop();
    stopped?;
    told.map(|()| Exit::Done)
}

/// Ends what runs, so that nothing of it is left behind: Ctrl-C, SIGTERM, or a terminal that was closed.
fn stop() -> Result<CancellationToken, Failure> {
    let failed = |error: std::io::Error| Failure::new(Exit::Failed, format!("signals cannot be heard: {error}"));
    let stop = shutdown::on_signals().map_err(failed)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(failed)?;
    let token = stop.clone();
    tokio::spawn(async move {
        hangup.recv().await;
        token.cancel();
    });
    Ok(stop)
}

/// What there is to try.
fn welcome(installation: &Installation, control: &Control) -> String {
    let Installation { page, servers: [primary, secondary], .. } = installation;
    let (ip, port) = (primary.ip(), primary.port());
    let address = |name: &str| installation.sites[name].address();
    // What differs from the defaults has to be typed.
    let flag = |flag: &str, url: &str, default: &str| {
        if url.trim_end_matches('/') == default { String::new() } else { format!(" {flag} {url}") }
    };
    let server = flag("--server", page.as_str(), SERVER_DEFAULT);
    let control = flag("--control", &format!("http://{}", control.address()), CONTROL_DEFAULT);
    let admin = std::env::args().next().unwrap_or_else(|| "dns-admin".to_owned());
    lines([
        "A DNS failover control plane runs in this process, and nothing of it leaves this machine:".to_owned(),
        String::new(),
        "  checkout        api.example.test A and www.example.test CNAME, served from prod".to_owned(),
        format!("  regions         prod at {}, dr at {}", address("prod"), address("dr")),
        format!("  authoritative   primary {primary}, secondary {secondary}"),
        "  vantage points  v1, v2, v3; two of them have to agree".to_owned(),
        format!("  status page     {page}"),
        format!("  its files       {}", installation.folder().display()),
        "  tuned for show  probes every 0.5 s, two bad ones in a row; the defaults are every 5 s, three".to_owned(),
        String::new(),
        "Try in a second terminal:".to_owned(),
        String::new(),
        format!("  dig @{ip} -p {port} +short api.example.test"),
        format!("  {admin} dev break prod{control}"),
        format!("  {admin} status{server}"),
        String::new(),
        format!("And back: {admin} dev heal prod{control}"),
        format!("          {admin} failback checkout --reason \"prod is well\"{server}"),
        "          (some seconds later: prod has to prove itself, and the cooldown to be over)".to_owned(),
        String::new(),
        "Ctrl-C ends everything. What happens from now on (UTC):".to_owned(),
    ])
}
