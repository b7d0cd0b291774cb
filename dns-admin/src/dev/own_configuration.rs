//! `dev --config`: one's own monitors and a controller in this process.
//!
//! All of its vantage points stand on this one machine, so a fault of this machine looks like a failing region to
//! every one of them. That is fine for trying things out and must move nobody's production by accident: writing to
//! servers beyond this machine has to be asked for.

use dns_core::service::{Everywhere, Mode, Service};
use dns_service::auth::Tokens;
use dns_service::config::provider::{CloudflareConfig, ProviderKind, Route53Config};
use dns_service::config::secret::{Program, SecretCheck};
use dns_service::config::{Config, StoreConfig};
use dns_service::exit::{Exit, one_line};
use url::{Host, Url};

use super::daemons::Daemons;
use super::installation::{actor, client, temporary_folder};
use super::narration::Narrator;
use super::port;
use crate::arguments::DevRun;
use crate::failure::Failure;
use crate::output::Output;
use crate::render::lines;

/// Runs a configuration until someone has seen enough.
///
/// # Errors
/// If the configuration has faults, would write beyond this machine without having been told to, or a part ends.
pub(super) async fn run(run: &DevRun, output: &Output) -> Result<Exit, Failure> {
    let loaded = Config::load(&run.config, &Program::Admin(SecretCheck::Require));
    let mut config = loaded.map_err(|faults| Failure::new(Exit::BadConfiguration, faults.to_string()))?;
    let folder = run.observe.then(temporary_folder).transpose()?;
    if let Some(folder) = &folder {
        config.services.iter_mut().for_each(|service| *service = service.in_mode(Mode::Observe));
        // A look must leave no trace, neither in the zones nor in the store of the real controller.
        config.store = StoreConfig::Sqlite { path: folder.path().join("state.db") };
    }
    if !run.allow_writes {
        // What happens here is a rehearsal: it wakes nobody and asks nobody.
        config.notifications.clear();
        config.hooks.clear();
        refuse_writes_beyond_this_machine(&config)?;
    }
    let stop = super::stop()?;
    let page = port::http(run.page(), "--listen")?;
    let url = Url::parse(&page.url()).map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    let callers = match config.controller.tokens.as_slice() {
        [] => Tokens::open(actor("you")),
        tokens => Tokens::load(tokens).map_err(|error| Failure::new(Exit::BadConfiguration, one_line(&error)))?,
    };
    output.text(&welcome(&config, &url))?;
    let token = config.controller.tokens.first().map(|token| token.file.clone());
    let mut daemons = Daemons::start(config, actor("dev"), callers, page)?;
    let client = client(&url, token.as_deref())?;
    let mut narrator = Narrator::of(&client, output);
    let told = tokio::select! {
        () = stop.cancelled() => Ok(()),
        failure = daemons.ended() => Err(failure),
        told = async {
            narrator.skip_the_past().await?;
            narrator.tell_for_ever().await
        } => told,
    };
    daemons.stop().await?;
    told.map(|()| Exit::Done)
}

fn refuse_writes_beyond_this_machine(config: &Config) -> Result<(), Failure> {
    let beyond: Vec<String> = config
        .services
        .iter()
        .flat_map(Everywhere::projections)
        .filter_map(|service| writes_beyond(config, service))
        .collect();
    if beyond.is_empty() {
        return Ok(());
    }
    let what = "this configuration would write to servers beyond this machine".to_owned();
    let hint = "all vantage points of `dev` stand on this machine, so its own fault can look like a failing region; \
                --observe decides and records without writing, --allow-writes lets it write";
    Err(Failure { lines: beyond, ..Failure::new(Exit::Usage, what).hint(hint) })
}

fn writes_beyond(config: &Config, service: &Service) -> Option<String> {
    let provider = config.providers.get(&service.provider)?;
    let beyond = service.mode == Mode::Active && !is_on_this_machine(&provider.kind);
    let (name, provider_name, at) = (&service.name, &service.provider, whereabouts(&provider.kind));
    beyond.then(|| format!("service `{name}` is active, and its provider `{provider_name}` is {at}"))
}

fn is_on_this_machine(kind: &ProviderKind) -> bool {
    let is_loopback = |url: &Url| match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(_)) | None => false,
    };
    match kind {
        ProviderKind::Rfc2136(rfc2136) => rfc2136.server.ip().is_loopback(),
        ProviderKind::PowerDns(powerdns) => is_loopback(&powerdns.url),
        ProviderKind::Route53(Route53Config { endpoint_url, .. })
        | ProviderKind::Cloudflare(CloudflareConfig { endpoint_url, .. }) => {
            endpoint_url.as_ref().is_some_and(is_loopback)
        }
    }
}

fn whereabouts(kind: &ProviderKind) -> String {
    match kind {
        ProviderKind::Rfc2136(rfc2136) => rfc2136.server.to_string(),
        ProviderKind::PowerDns(powerdns) => powerdns.url.to_string(),
        ProviderKind::Route53(Route53Config { endpoint_url, .. })
        | ProviderKind::Cloudflare(CloudflareConfig { endpoint_url, .. }) => {
            endpoint_url.as_ref().map_or_else(|| format!("{} itself", kind.as_str()), ToString::to_string)
        }
    }
}

fn welcome(config: &Config, page: &Url) -> String {
    let StoreConfig::Sqlite { path } = &config.store;
    let modes = |mode: Mode| config.services.iter().filter(|service| service.lead().mode == mode).count();
    let warnings = config.warnings.iter().map(|warning| format!("warning: {warning}"));
    lines(warnings.chain([
        format!(
            "installation {} runs in this process: {} vantage points; services: {} active, {} observing",
            config.installation,
            config.vantage_points.len(),
            modes(Mode::Active),
            modes(Mode::Observe)
        ),
        format!("status page {page}, store {}", path.display()),
        "Ctrl-C ends everything. What happens (UTC):".to_owned(),
    ]))
}
