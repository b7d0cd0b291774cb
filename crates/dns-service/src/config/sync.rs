//! Zones that are kept equal across providers, as configured.

mod daemon;

use std::path::PathBuf;

use dns_core::identifier::ProviderName;
use hickory_proto::rr::Name;

pub use self::daemon::{NotifyConfig, RepairConfig, SyncDaemonConfig};

/// What `dns-sync` keeps equal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncConfig {
    /// The zones, each once.
    pub zones: Vec<ZoneSync>,
    /// Where it is kept what undoes the last plan of each target. Default `/var/lib/dns-sync`.
    pub folder: PathBuf,
    /// What only the daemon needs.
    pub daemon: SyncDaemonConfig,
}

/// One zone: where its records come from and where they go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneSync {
    /// Its name.
    pub zone: Name,
    /// What it has to be equal to.
    pub source: SyncSource,
    /// The providers that have to be equal to it, one or more, the source not among them.
    pub targets: Vec<ProviderName>,
}

/// Where the records of a zone come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncSource {
    /// A zone file (RFC 1035 §5); what it includes must lie in its folder.
    File(PathBuf),
    /// A zone of octoDNS's `YamlProvider`.
    OctoDns(PathBuf),
    /// A provider that holds the zone.
    Provider(ProviderName),
}

impl SyncSource {
    /// The provider, if it is one.
    pub fn provider(&self) -> Option<&ProviderName> {
        match self {
            Self::Provider(name) => Some(name),
            Self::File(_) | Self::OctoDns(_) => None,
        }
    }
}
