//! HTTP clients of one prober: one per address and timeout, thrown away when a certificate file changes.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use dns_core::probe::ProbeTls;
use dns_service::config::{CertificateFiles, TlsConfig};
use dns_service::exit::one_line;
use dns_service::tls::{client_config, install_crypto_provider};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, ClientBuilder};
use rustls::ClientConfig;
use rustls::client::Resumption;

/// How many clients are kept: four addresses of a host name, and those of the answer before.
const CLIENTS_MAX: usize = 8;

/// Which part of its time a request may spend on connecting. A little less than all of it, so that the error that
/// comes first is the one that says that it was connecting.
const CONNECT_SHARE: f64 = 0.98;

/// The clients of one prober.
#[derive(Debug)]
pub(super) struct Clients {
    tls: Option<ProbeTls>,
    redirects_max: u8,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    stamps: Vec<Stamp>,
    tls: Option<ClientConfig>,
    clients: HashMap<(IpAddr, Duration), Client>,
}

/// What tells a changed file from an unchanged one; `None` if it cannot be looked at.
type Stamp = Option<(SystemTime, u64)>;

impl Clients {
    pub(super) fn new(tls: Option<ProbeTls>, redirects_max: u8) -> Self {
        Self { tls, redirects_max, kept: Mutex::default() }
    }

    /// A client whose connections all go to `target`, and which connects within `within`.
    ///
    /// # Errors
    /// In words, if a file cannot be used: never the endpoint's fault.
    pub(super) async fn client(&self, target: IpAddr, within: Duration) -> Result<Client, String> {
        let stamps = self.stamps().await;
        if let Some(client) = self.kept(&stamps, (target, within)) {
            return Ok(client);
        }
        let tls = self.tls_config(&stamps).await?;
        let client = self.build(tls.clone(), target, within)?;
        let mut kept = self.lock();
        if kept.stamps != stamps || kept.clients.len() >= CLIENTS_MAX {
            kept.clients.clear();
        }
        *kept = Kept { stamps, tls, clients: std::mem::take(&mut kept.clients) };
        kept.clients.insert((target, within), client.clone());
        Ok(client)
    }

    fn kept(&self, stamps: &[Stamp], key: (IpAddr, Duration)) -> Option<Client> {
        let kept = self.lock();
        kept.clients.get(&key).filter(|_| kept.stamps == stamps).cloned()
    }

    async fn stamps(&self) -> Vec<Stamp> {
        let mut stamps = Vec::new();
        for path in self.files() {
            let metadata = tokio::fs::metadata(path).await.ok();
            stamps.push(metadata.and_then(|data| Some((data.modified().ok()?, data.len()))));
        }
        stamps
    }

    fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let client = self.tls.as_ref().and_then(|tls| tls.client.as_ref());
        let ca = self.tls.as_ref().and_then(|tls| tls.ca.as_ref());
        ca.into_iter().chain(client.into_iter().flat_map(|client| [&client.cert, &client.key]))
    }

    /// The settings kept, or new ones: reading the system's authorities takes milliseconds, too long for each run.
    async fn tls_config(&self, stamps: &[Stamp]) -> Result<Option<ClientConfig>, String> {
        let Some(spec) = &self.tls else { return Ok(None) };
        let kept = {
            let kept = self.lock();
            kept.tls.clone().filter(|_| kept.stamps == stamps)
        };
        if kept.is_some() {
            return Ok(kept);
        }
        let files = TlsConfig {
            listener: spec
                .client
                .as_ref()
                .map(|client| CertificateFiles { cert: client.cert.clone(), key: client.key.clone() }),
            client_ca: None,
            ca: spec.ca.clone(),
        };
        let built = tokio::task::spawn_blocking(move || client_config(&files, None)).await;
        let built = built.map_err(|error| format!("cannot set up TLS: {error}"))?;
        let mut config = built.map_err(|error| format!("cannot set up TLS: {}", one_line(&error)))?;
        config.resumption = Resumption::disabled();
        Ok(Some(config))
    }

    fn build(&self, tls: Option<ClientConfig>, target: IpAddr, within: Duration) -> Result<Client, String> {
        install_crypto_provider();
        let builder = ClientBuilder::new()
            .no_proxy()
            .referer(false)
            .retry(reqwest::retry::never())
            .pool_max_idle_per_host(0)
            .connect_timeout(within.mul_f64(CONNECT_SHARE))
            .dns_resolver(Arc::new(Fixed(target)))
            .redirect(redirects(self.redirects_max));
        let builder = match tls {
            Some(config) => builder.tls_backend_preconfigured(config).tls_info(true),
            // A redirect may still lead to TLS; then the system's authorities are the ones to trust.
            None if self.redirects_max > 0 => builder.tls_info(true),
            None => builder.tls_certs_only([]),
        };
        builder.build().map_err(|error| format!("cannot set up a client: {}", one_line(&error)))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        // Every holder leaves whole values behind at every point.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leads every name to one address; the URL's port is used.
#[derive(Debug)]
struct Fixed(IpAddr);

impl Resolve for Fixed {
    fn resolve(&self, _name: Name) -> Resolving {
        let addresses: Addrs = Box::new(std::iter::once(SocketAddr::new(self.0, 0)));
        Box::pin(std::future::ready(Ok(addresses)))
    }
}

fn redirects(max: u8) -> Policy {
    if max == 0 { Policy::none() } else { Policy::custom(move |attempt| follow(attempt, max)) }
}

fn follow(attempt: Attempt<'_>, max: u8) -> reqwest::redirect::Action {
    let Some(first) = attempt.previous().first() else { return attempt.follow() };
    let next = attempt.url();
    if next.host() != first.host() {
        let error = format!("redirected to another host, {}", next.host_str().unwrap_or("none"));
        return attempt.error(error);
    }
    if first.scheme() == "https" && next.scheme() != "https" {
        return attempt.error("redirected from https to http");
    }
    if attempt.previous().len() > usize::from(max) {
        return attempt.error(format!("redirected more than {max} times"));
    }
    attempt.follow()
}
