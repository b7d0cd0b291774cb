//! Zones that are kept equal across providers, as configured.

mod daemon;

use std::path::PathBuf;

use dns_core::identifier::ProviderName;
use dns_core::share::Share;
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
    /// How much the plans of all zones together may change.
    pub all_limits: BoundsConfig,
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
    /// How much a plan of it may change.
    pub limits: LimitsConfig,
    /// What of its apex stays as each target has it.
    pub protected: ApexProtection,
    /// What is done about a TTL that a target cannot hold.
    pub ttl: TtlChoice,
    /// What other tools' ownership markers look like.
    pub markers: MarkersConfig,
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

/// How much a plan of one zone may change. What is not given is as `dns-sync` has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitsConfig {
    /// By kind of change.
    pub bounds: BoundsConfig,
    /// How much smaller the source may be than it was.
    pub shrink: Option<Share>,
}

/// Bounds of each kind of change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BoundsConfig {
    /// Of record sets that come.
    pub creates: BoundConfig,
    /// Of record sets that become others.
    pub updates: BoundConfig,
    /// Of record sets that go.
    pub deletes: BoundConfig,
}

/// The bounds of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BoundConfig {
    /// The most record sets, one or more.
    pub count: Option<u64>,
    /// The largest share of those that are there.
    pub share: Option<Share>,
}

impl LimitsConfig {
    /// What is not given, from others.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { bounds: self.bounds.or(other.bounds), shrink: self.shrink.or(other.shrink) }
    }
}

impl BoundsConfig {
    /// What is not given, from others.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let or = |one: BoundConfig, other: BoundConfig| BoundConfig {
            count: one.count.or(other.count),
            share: one.share.or(other.share),
        };
        Self {
            creates: or(self.creates, other.creates),
            updates: or(self.updates, other.updates),
            deletes: or(self.deletes, other.deletes),
        }
    }
}

/// What of a zone's apex stays as each target has it, whatever the source says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApexProtection {
    /// SOA and NS: they say how the target itself serves the zone.
    #[default]
    SoaAndNs,
    /// The SOA; NS are kept equal.
    Soa,
}

/// What is done about a TTL that a target cannot hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TtlChoice {
    /// The nearest that it can hold is taken.
    #[default]
    Adjust,
    /// The plan is refused.
    Refuse,
}

/// What the ownership markers of other tools look like. The markers of one that is none are not heeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkersConfig {
    /// octoDNS's.
    pub octodns: Option<OctoDnsMarkers>,
    /// external-dns's.
    pub external_dns: Option<ExternalDnsMarkers>,
}

impl Default for MarkersConfig {
    /// Those of both, as they are without any setting.
    fn default() -> Self {
        Self { octodns: Some(OctoDnsMarkers::default()), external_dns: Some(ExternalDnsMarkers::default()) }
    }
}

/// How octoDNS's `OwnershipProcessor` is configured; what is none is as it is by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OctoDnsMarkers {
    /// `txt_name`.
    pub name: Option<String>,
    /// `txt_value`.
    pub value: Option<String>,
}

/// How external-dns's TXT registry is configured, in all installations that write to the zone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExternalDnsMarkers {
    /// `--txt-prefix`.
    pub prefixes: Vec<String>,
    /// `--txt-suffix`.
    pub suffixes: Vec<String>,
    /// `--txt-wildcard-replacement`.
    pub wildcard: Option<String>,
}
