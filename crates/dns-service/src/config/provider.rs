//! Providers as configured: where they are, what opens them, and how often they are asked.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use dns_core::identifier::VantageName;
use hickory_proto::rr::Name;
use url::Url;

/// One provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderConfig {
    /// How it is written.
    pub kind: ProviderKind,
    /// The servers that verification asks; if empty, those that the zone's parent names.
    pub authoritative_servers: Vec<SocketAddr>,
    /// From where they are asked.
    pub verify: Verify,
    /// How long one exchange with it may take. Default 5 s.
    pub timeout: Duration,
    /// How often each service's fence and records are read in quiet times. Default 10 s for primaries, 1 min for APIs.
    pub read_interval: Duration,
    /// How long a permit lasts, which is also the fudge of signatures: whole seconds, default 10.
    pub permit: Duration,
}

impl ProviderConfig {
    /// The zones that it holds for us.
    pub fn zones(&self) -> Vec<&Name> {
        match &self.kind {
            ProviderKind::Rfc2136(Rfc2136Config { zones, .. })
            | ProviderKind::PowerDns(PowerDnsConfig { zones, .. }) => zones.iter().collect(),
            ProviderKind::Route53(Route53Config { zones, .. })
            | ProviderKind::Cloudflare(CloudflareConfig { zones, .. }) => zones.keys().collect(),
        }
    }
}

/// From where a provider's authoritative servers can be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Verify {
    /// From everywhere, so the controller asks them itself.
    #[default]
    Public,
    /// From inside a private network only: these vantage points, one or more, ask for the controller.
    Private {
        /// In the order of the configuration.
        inside: Vec<VantageName>,
    },
}

impl Verify {
    /// The vantage points that ask for the controller; none if it asks itself.
    pub fn inside(&self) -> &[VantageName] {
        match self {
            Self::Public => &[],
            Self::Private { inside } => inside,
        }
    }
}

/// How a provider is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderKind {
    /// DNS UPDATE (RFC 2136) with TSIG.
    Rfc2136(Rfc2136Config),
    /// Amazon Route 53.
    Route53(Route53Config),
    /// Cloudflare's DNS batch API.
    Cloudflare(CloudflareConfig),
    /// The HTTP API of `PowerDNS`.
    PowerDns(PowerDnsConfig),
}

impl ProviderKind {
    /// The key in the configuration.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Rfc2136(_) => "rfc2136",
            Self::Route53(_) => "route53",
            Self::Cloudflare(_) => "cloudflare",
            Self::PowerDns(_) => "powerdns",
        }
    }
}

/// A primary that takes DNS UPDATE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rfc2136Config {
    /// The primary: all reads for plans and all writes go there.
    pub server: SocketAddr,
    /// The zones it holds for us.
    pub zones: Vec<Name>,
    /// The secondaries that are told of each accepted write by NOTIFY. Default none.
    pub notify: Vec<SocketAddr>,
    /// The keys, one, or two while they are being exchanged: the second is used when the server does not take the first.
    pub tsig: Vec<TsigConfig>,
}

/// A TSIG key (RFC 8945).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TsigConfig {
    /// Its name on the server.
    pub name: Name,
    /// Its algorithm.
    pub algorithm: TsigAlgorithm,
    /// A file with one line, the secret in base64.
    pub secret_file: PathBuf,
}

/// The algorithms that every current server takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TsigAlgorithm {
    /// hmac-sha256
    HmacSha256,
    /// hmac-sha384
    HmacSha384,
    /// hmac-sha512
    HmacSha512,
}

/// Amazon Route 53. Credentials come from where the AWS SDK looks for them: environment, profile, IRSA, pod identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route53Config {
    /// The id of each hosted zone.
    pub zones: BTreeMap<Name, String>,
    /// Another endpoint than Amazon's.
    pub endpoint_url: Option<Url>,
    /// How many calls may be made. Default 5 a second, 5 at once: the account's limit, which others use as well.
    pub calls: CallsConfig,
}

/// Cloudflare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudflareConfig {
    /// The id of each zone.
    pub zones: BTreeMap<Name, String>,
    /// A file with one line, the API token; read again when it changes.
    pub token_file: PathBuf,
    /// Another endpoint than Cloudflare's.
    pub endpoint_url: Option<Url>,
    /// How many operations one batch may have: 200 on the free plan, 3,500 on others.
    pub batch_max: usize,
    /// How many calls may be made. Default one each 300 ms, 200 at once: 1,200 in any five minutes.
    pub calls: CallsConfig,
}

/// The HTTP API of `PowerDNS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PowerDnsConfig {
    /// The API, such as `http://127.0.0.1:8081`.
    pub url: Url,
    /// The server's id there. Default `localhost`.
    pub server_id: String,
    /// The zones it holds for us.
    pub zones: Vec<Name>,
    /// A file with one line, the API key; read again when it changes.
    pub api_key_file: PathBuf,
}

/// A folder of zone files. It is no [`ProviderConfig`]: nobody serves it, and nothing can be moved in it. Only zones are kept
/// equal with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneFilesConfig {
    /// The folder. It has to be there.
    pub folder: PathBuf,
    /// The zones that have a file in it.
    pub zones: Vec<Name>,
}

/// How many calls of an API may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallsConfig {
    /// One call each.
    pub period: Duration,
    /// Calls at once after a quiet time.
    pub burst: NonZeroU32,
}
