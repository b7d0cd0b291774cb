//! The configuration, validated: what the programs see after every fault was reported.
//!
//! One file (or several, or a folder) serves all programs; what differs per process is a flag. Loading walks the
//! YAML tree with positions, collects every fault, and hands out a [`Config`] only if there is none. Each program
//! checks the secrets that it uses itself, see [`secret::Program`].

mod check;
pub mod drill;
pub mod fault;
mod load;
pub mod notification;
mod pool;
pub mod provider;
pub mod secret;
mod sections;
mod source;
mod suggestion;
pub mod sync;
mod tree;
mod yaml;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dns_core::digest::Digest;
use dns_core::fleet::BlastRadius;
use dns_core::group::Group;
use dns_core::identifier::{Actor, Installation, ProviderName, RegionName, VantageName};
use dns_core::relation::Relation;
use dns_core::service::Everywhere;
use url::Url;

use self::drill::DrillsConfig;
use self::fault::Fault;
use self::notification::{HooksConfig, ReceiverConfig};
use self::provider::ZoneFilesConfig;
pub use self::provider::{ProviderConfig, ProviderKind};
use self::sync::SyncConfig;

/// Everything that the files say.
#[derive(Clone, Debug)]
pub struct Config {
    /// This installation's name in the fences.
    pub installation: Installation,
    /// The files' `revision`, 0 without one.
    pub revision: u64,
    /// Digest over the content of the files, in the order given.
    pub digest: Digest,
    /// Every region, in order of preference.
    pub regions: Vec<RegionName>,
    /// Every vantage point.
    pub vantage_points: Vec<VantagePoint>,
    /// Recursive resolvers by name, each with one or more addresses.
    pub resolvers: BTreeMap<String, Vec<SocketAddr>>,
    /// Every provider that services can be moved at.
    pub providers: BTreeMap<ProviderName, ProviderConfig>,
    /// Every folder of zone files; their names and those of [`providers`](Self::providers) are all different.
    pub zone_files: BTreeMap<ProviderName, ZoneFilesConfig>,
    /// Every service, as each of its places sees it.
    pub services: Vec<Everywhere>,
    /// Where the controller keeps its state.
    pub store: StoreConfig,
    /// What only the controller needs.
    pub controller: ControllerConfig,
    /// What only monitors need.
    pub monitor: MonitorConfig,
    /// Certificates of listeners and the authority of outgoing connections.
    pub tls: TlsConfig,
    /// What is sampled after a move.
    pub drain: DrainConfig,
    /// The write that proves each day that moves would work.
    pub canary: CanaryConfig,
    /// How many services may leave a region without an order.
    pub blast_radius: BlastRadius,
    /// The services that move together.
    pub groups: Vec<Arc<Group>>,
    /// The rules about where services may be with regard to each other.
    pub relations: Vec<Arc<Relation>>,
    /// Drills that begin by themselves, and what binds all of them.
    pub drills: DrillsConfig,
    /// Who is told what happens.
    pub notifications: Vec<ReceiverConfig>,
    /// Who is asked before moves and told after them, by policy.
    pub hooks: Vec<HooksConfig>,
    /// The zones that are kept equal across providers.
    pub sync: SyncConfig,
    /// What is allowed but unwise; programs log it and `config check` prints it.
    pub warnings: Vec<Fault>,
}

/// One vantage point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VantagePoint {
    /// Its name, which is also the name in its server certificate.
    pub name: VantageName,
    /// Where its evidence stream is.
    pub url: Url,
    /// Where it stands.
    pub region: Option<String>,
    /// What policies select it by.
    pub labels: BTreeMap<String, String>,
    /// The resolver that resolves host-name endpoints there, by its name in `resolvers`.
    pub resolver: Option<String>,
    /// TCP addresses outside every region; if none of them answers, the vantage point is blind.
    pub control_targets: Vec<SocketAddr>,
}

/// Where the controller keeps its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreConfig {
    /// A file. Default `/var/lib/failover-controller/state.db`.
    Sqlite {
        /// Its path; the folder must exist.
        path: PathBuf,
    },
}

/// What only the controller needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ControllerConfig {
    /// Who may call it. With none, reads are open and writes are refused.
    pub tokens: Vec<TokenConfig>,
    /// The token that it shows to monitors.
    pub monitor_token_file: Option<PathBuf>,
}

/// What only monitors need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitorConfig {
    /// Who may read evidence. With none, everyone who can connect.
    pub tokens: Vec<TokenConfig>,
    /// How many probes run at once at the most. Default 512.
    pub concurrency_max: usize,
}

/// What is sampled after a move, until caches have run out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DrainConfig {
    /// Recursive resolvers. Default none: then nothing is sampled.
    pub resolvers: Vec<SocketAddr>,
}

/// The write that proves regularly that moves would work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CanaryConfig {
    /// How often it is made in each zone that an active service is in. Default 24 h; `None` makes none.
    pub every: Option<Duration>,
}

/// A bearer token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenConfig {
    /// Its holder, who appears in history.
    pub name: Actor,
    /// What the holder may do.
    pub role: Role,
    /// A file with one line, the token.
    pub file: PathBuf,
}

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Read.
    Viewer,
    /// Read and write.
    Operator,
}

/// Certificates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsConfig {
    /// PEM files of the listener's chain and key; without them it speaks plain HTTP.
    pub listener: Option<CertificateFiles>,
    /// PEM file of the authority that client certificates must come from; with it they are required.
    pub client_ca: Option<PathBuf>,
    /// PEM file of the authority that peers' certificates are checked against, instead of the system's.
    pub ca: Option<PathBuf>,
}

/// A certificate chain and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// PEM file of the chain.
    pub cert: PathBuf,
    /// PEM file of the key.
    pub key: PathBuf,
}
