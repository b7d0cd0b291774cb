//! The built-in installation: an authoritative server and its secondary, two regions, three vantage points and a
//! controller, all in this process and on loopback, in a temporary folder that goes with it.

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use data_encoding::BASE64;
use dns_api::client::{ControllerAccess, ControllerClient};
use dns_api::command::ReasonedRequest;
use dns_api::transport::BearerToken;
use dns_authority::{Bound, KeyAlgorithm, Primary, Secondary, UpdateKey, Zone};
use dns_core::identifier::{Actor, ServiceName};
use dns_service::auth::Tokens;
use dns_service::config::Config;
use dns_service::config::secret::{Program, SecretCheck, read_secret_line};
use dns_service::exit::Exit;
use hickory_proto::rr::Name;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::configuration::{self, Addresses, KEY, SERVICE, VANTAGE_POINTS, ZONE, ZONE_TEXT};
use super::daemons::{Daemons, FREE};
use super::port;
use super::site::{Condition, Site};
use crate::arguments::DevRun;
use crate::failure::Failure;

/// How far the secondary lags behind its primary: a NOTIFY and a transfer within one data centre.
const LAG: Duration = Duration::from_millis(100);

/// How long one call to the controller may take: it is in the same process.
const CALL: Duration = Duration::from_secs(10);

/// The regions' addresses; any of 127/8 is this machine's own on Linux.
const PROD: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 11);
const DR: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 12);
/// The vantage points' control targets stand in for the rest of the internet; the last octet counts up.
const CONTROLS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 21);

/// Everything that runs.
pub(crate) struct Installation {
    /// Speaks to the controller.
    pub(crate) client: ControllerClient,
    /// The authoritative server.
    pub(crate) primary: Primary,
    /// Where the authoritative servers are, the primary first.
    pub(crate) servers: [SocketAddr; 2],
    /// Where page and API are.
    pub(crate) page: Url,
    /// What can be broken, by name.
    pub(crate) sites: Sites,
    /// The one service.
    pub(crate) service: ServiceName,
    stop: CancellationToken,
    folder: TempDir,
}

/// What can be broken: regions by their endpoints, vantage points by their control targets.
pub(crate) type Sites = std::sync::Arc<BTreeMap<String, Site>>;

impl Installation {
    /// Starts everything. Nothing has been adopted yet. The daemons are handed out beside the rest, since one waits for
    /// them while one looks at it.
    ///
    /// # Errors
    /// If a port is taken or an address is not this machine's.
    pub(crate) fn start(run: &DevRun) -> Result<(Self, Daemons), Failure> {
        let page = port::http(run.page(), "--listen")?;
        let bound = Primary::bind(run.dns()).map_err(|error| port::taken(run.dns(), "--dns-listen", &error))?;
        let secondary = Secondary::bind(FREE).map_err(|error| broken("the secondary's port", &error))?;
        let folder = temporary_folder()?;
        let sites = sites()?;
        let at = |name: &str| sites[name].address();
        let addresses = Addresses {
            primary: bound.local_addr(),
            secondary: secondary.local_addr(),
            prod: at("prod"),
            dr: at("dr"),
            controls: VANTAGE_POINTS.map(at),
        };
        let secret: [u8; 32] = std::array::from_fn(|_| fastrand::u8(..));
        let config = configured(&addresses, folder.path(), &secret)?;
        let stop = CancellationToken::new();
        let primary = serve_zone(bound, secondary, &secret, &stop)?;
        let (page, url) = (Url::parse(&page.url()), page);
        let page = page.map_err(|error| broken("the page's address", &error))?;
        let daemons = Daemons::start(config, actor("controller-1"), Tokens::open(actor("you")), url)?;
        let installation = Self {
            client: client(&page, None)?,
            primary,
            servers: [addresses.primary, addresses.secondary],
            page,
            sites: std::sync::Arc::new(sites),
            service: SERVICE.parse().expect("invariant: the built-in name is a name"),
            stop,
            folder,
        };
        Ok((installation, daemons))
    }

    /// The folder of store, secret and configuration.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Breaks or heals a region or a vantage point; says since when it is so.
    ///
    /// # Errors
    /// If there is none of the name, or its port was lost.
    pub(crate) async fn switch(&self, name: &str, condition: Condition) -> Result<jiff::Timestamp, Failure> {
        let site = self.sites.get(name).ok_or_else(|| Failure::new(Exit::Usage, format!("there is no `{name}`")))?;
        site.become_(condition).await.map_err(|error| broken(name, &error))
    }

    /// Puts the service's records under a fence.
    ///
    /// # Errors
    /// If the controller refuses.
    pub(crate) async fn adopt(&self) -> Result<(), Failure> {
        let reason = "the built-in installation takes its records under a fence".to_owned();
        self.client
            .adopt(&self.service, &ReasonedRequest { reason, overrides: Vec::new(), override_for_secs: None })
            .await?;
        Ok(())
    }

    /// Ends the authoritative servers, and removes the folder. The daemons have to be stopped before.
    pub(crate) fn stop(self) {
        self.stop.cancel();
    }
}

/// A folder for nobody else, since it holds a key.
pub(crate) fn temporary_folder() -> Result<TempDir, Failure> {
    let private = fs::Permissions::from_mode(0o700);
    let folder = tempfile::Builder::new().prefix("dns-admin-dev-").permissions(private).tempdir();
    folder.map_err(|error| {
        let place = std::env::temp_dir();
        let failure = broken(&format!("a folder in {}", place.display()), &error);
        failure.hint("the environment variable TMPDIR names another place for temporary files")
    })
}

fn sites() -> Result<BTreeMap<String, Site>, Failure> {
    let control = |number: usize| {
        let [a, b, c, d] = CONTROLS.octets();
        Ipv4Addr::new(a, b, c, d + u8::try_from(number).unwrap_or_default())
    };
    let controls = VANTAGE_POINTS.into_iter().enumerate().map(|(number, name)| (name, control(number)));
    let open = |(name, ip): (&str, Ipv4Addr)| match Site::open(name, IpAddr::V4(ip)) {
        Ok(site) => Ok((name.to_owned(), site)),
        Err(error) => Err(broken(&format!("{ip}, the address of {name}"), &error)
            .hint("every address of 127/8 must be this machine's own, as it is on Linux")),
    };
    [("prod", PROD), ("dr", DR)].into_iter().chain(controls).map(open).collect()
}

fn configured(addresses: &Addresses, folder: &Path, secret: &[u8]) -> Result<Config, Failure> {
    let path = folder.join("config.yaml");
    let text = configuration::text(addresses, folder);
    let wrote =
        fs::write(configuration::secret_file(folder), BASE64.encode(secret)).and_then(|()| fs::write(&path, &text));
    wrote.map_err(|error| broken("the temporary folder", &error))?;
    let loaded = Config::from_texts([(path.as_path(), text.as_str())], &Program::Admin(SecretCheck::Require));
    loaded.map_err(|faults| Failure::new(Exit::BadConfiguration, faults.to_string()))
}

/// The primary with its secondary.
fn serve_zone(primary: Bound, secondary: Bound, secret: &[u8], stop: &CancellationToken) -> Result<Primary, Failure> {
    let origin = Name::from_ascii(format!("{ZONE}.")).map_err(|error| broken("the zone's name", &error))?;
    let zone = Zone::parse(&origin, ZONE_TEXT).map_err(|error| broken("the zone", &error))?;
    let name = Name::from_ascii(KEY).map_err(|error| broken("the key's name", &error))?;
    let key = UpdateKey::new(&name, KeyAlgorithm::HmacSha256, secret.to_vec());
    let primary = primary.serve(zone, key, stop).map_err(|error| broken("the authoritative server", &error))?;
    let followed = secondary.follow(&primary, LAG, stop);
    followed.map_err(|error| broken("the secondary", &error))?;
    Ok(primary)
}

/// A client of the controller on a page's address, with the token in a file if it wants one.
pub(crate) fn client(page: &Url, token: Option<&Path>) -> Result<ControllerClient, Failure> {
    let line = token.map(read_secret_line).transpose().map_err(|error| broken("the controller's token", &error))?;
    let token = line.map(|line| BearerToken::new(&line)).transpose()?;
    Ok(ControllerClient::new(&ControllerAccess { server: page.clone(), token, ca: None, timeout: CALL })?)
}

pub(crate) fn actor(name: &str) -> Actor {
    name.parse().expect("invariant: the built-in names are names")
}

fn broken(what: &str, error: &dyn std::error::Error) -> Failure {
    Failure::new(Exit::Failed, format!("{what}: {error}"))
}
