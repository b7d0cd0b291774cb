//! `store:`, `controller:`, `monitor:` and `tls:`: what the processes themselves need.

use std::path::PathBuf;

use dns_core::identifier::Actor;

use super::refuse_repeated;
use super::top::Top;
use crate::config::secret::{SecretKind, SecretUser};
use crate::config::tree::{Spot, each, if_given, or_default};
use crate::config::{CertificateFiles, ControllerConfig, MonitorConfig, Role, StoreConfig, TlsConfig, TokenConfig};

/// Where a Debian package would put it.
const SQLITE_PATH_DEFAULT: &str = "/var/lib/failover-controller/state.db";

/// Probes wait mostly; five hundred sockets are far below every default limit of open files.
const CONCURRENCY_DEFAULT: usize = 512;
/// More cannot work: each has a socket, and a source address has 64 Ki ports.
const CONCURRENCY_MAX: u64 = 65_536;

/// Reads `store`; also hands out where its path stands.
pub(crate) fn read_store<'t>(top: &Top<'t>) -> Option<(StoreConfig, Option<Spot<'t>>)> {
    let default = || StoreConfig::Sqlite { path: PathBuf::from(SQLITE_PATH_DEFAULT) };
    let Some(spot) = top.one("store") else { return Some((default(), None)) };
    let map = spot.map(&["sqlite", "postgres"])?;
    if let Some(postgres) = map.optional("postgres") {
        postgres.not_yet("use `sqlite: { path: … }` and one controller");
        return None;
    }
    let Some(path) = map.required("sqlite")?.map(&["path"])?.optional("path") else { return Some((default(), None)) };
    Some((StoreConfig::Sqlite { path: path.file()? }, Some(path)))
}

/// Reads `controller`.
pub(crate) fn read_controller(top: &Top<'_>) -> Option<ControllerConfig> {
    let Some(spot) = top.one("controller") else { return Some(ControllerConfig::default()) };
    let map = spot.map(&["tokens", "monitorTokenFile"])?;
    let tokens = or_default(map.optional("tokens"), Vec::new(), |spot| read_tokens(&spot, SecretUser::Controller));
    let monitor_token_file =
        if_given(map.optional("monitorTokenFile"), |spot| spot.secret(SecretKind::Line, SecretUser::Controller));
    Some(ControllerConfig { tokens: tokens?, monitor_token_file: monitor_token_file? })
}

/// Reads `monitor`.
pub(crate) fn read_monitor(top: &Top<'_>) -> Option<MonitorConfig> {
    let Some(spot) = top.one("monitor") else {
        return Some(MonitorConfig { tokens: Vec::new(), concurrency_max: CONCURRENCY_DEFAULT });
    };
    let map = spot.map(&["tokens", "concurrencyMax"])?;
    let tokens = or_default(map.optional("tokens"), Vec::new(), |spot| read_tokens(&spot, SecretUser::Monitors));
    let concurrency_max = or_default(map.optional("concurrencyMax"), CONCURRENCY_DEFAULT, |spot| {
        spot.number(1..=CONCURRENCY_MAX).and_then(|number| usize::try_from(number).ok())
    });
    Some(MonitorConfig { tokens: tokens?, concurrency_max: concurrency_max? })
}

pub(super) fn read_tokens(spot: &Spot<'_>, user: SecretUser) -> Option<Vec<TokenConfig>> {
    let items = spot.list()?;
    let tokens = each(&items, |item| read_token(item, user))?;
    refuse_repeated("token", items.iter().zip(tokens.iter().map(|token| &token.name)));
    Some(tokens)
}

fn read_token(spot: &Spot<'_>, user: SecretUser) -> Option<TokenConfig> {
    let map = spot.map(&["name", "role", "file"])?;
    let name = map.required("name").and_then(|spot| spot.parse::<Actor>());
    let role =
        map.required("role").and_then(|spot| spot.choice(&[("viewer", Role::Viewer), ("operator", Role::Operator)]));
    let file = map.required("file").and_then(|spot| spot.secret(SecretKind::Line, user));
    Some(TokenConfig { name: name?, role: role?, file: file? })
}

/// Reads `tls`.
pub(crate) fn read_tls(top: &Top<'_>) -> Option<TlsConfig> {
    let Some(spot) = top.one("tls") else { return Some(TlsConfig::default()) };
    let map = spot.map(&["cert", "key", "clientCa", "ca"])?;
    let file = |key: &str, kind| if_given(map.optional(key), |spot| spot.secret(kind, SecretUser::Daemons));
    let cert = file("cert", SecretKind::Certificates);
    let key = file("key", SecretKind::PrivateKey);
    let client_ca = file("clientCa", SecretKind::Certificates);
    let ca = file("ca", SecretKind::Certificates);
    let listener = match (cert?, key?) {
        (Some(cert), Some(key)) => Some(CertificateFiles { cert, key }),
        (None, None) => None,
        (Some(_), None) => return missing(&spot, "`cert` needs its `key`"),
        (None, Some(_)) => return missing(&spot, "`key` needs its `cert`"),
    };
    let client_ca = client_ca?;
    if client_ca.is_some() && listener.is_none() {
        return missing(&spot, "`clientCa` needs `cert` and `key`: without them nobody is asked for a certificate");
    }
    Some(TlsConfig { listener, client_ca, ca: ca? })
}

fn missing<T>(spot: &Spot<'_>, message: &str) -> Option<T> {
    spot.fault(message);
    None
}
