//! How `dns-sync daemon` works, as configured.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::config::TokenConfig;

/// What only the daemon needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncDaemonConfig {
    /// Who may read how the zones stand. With none, everyone who can connect.
    pub tokens: Vec<TokenConfig>,
    /// Where NOTIFY is taken. By default nowhere: then the timers of the SOA alone say when to ask.
    pub notify: Option<NotifyConfig>,
    /// How often a source is read that tells of no change by itself: a file, or an API. Default 1 minute.
    pub poll_every: Duration,
    /// How often each target is read and compared. Default 5 minutes.
    pub check_every: Duration,
    /// What is done about changes that somebody else makes at a target. Default: after 10 minutes.
    pub repair: RepairConfig,
}

impl Default for SyncDaemonConfig {
    fn default() -> Self {
        Self {
            tokens: Vec::new(),
            notify: None,
            poll_every: Duration::from_mins(1),
            check_every: Duration::from_mins(5),
            repair: RepairConfig::default(),
        }
    }
}

/// Where NOTIFY is taken, and from whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotifyConfig {
    /// The address, UDP and TCP.
    pub listen: SocketAddr,
    /// Whether it has to be signed by the key that the zone is transferred with. Default true.
    pub signed: bool,
    /// Addresses that primaries may send from, besides those that they are asked at.
    pub from: Vec<IpAddr>,
}

/// What is done about changes that somebody else makes at a target; they are told at once in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepairConfig {
    /// Nothing until the source changes the same records.
    Never,
    /// They are undone once they have stood for this long.
    After(Duration),
}

impl Default for RepairConfig {
    /// Long enough that whoever made the change hears of it first.
    fn default() -> Self {
        Self::After(Duration::from_mins(10))
    }
}
