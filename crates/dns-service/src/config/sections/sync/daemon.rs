//! `sync.daemon`: what only the daemon needs.

use std::net::IpAddr;

use crate::config::secret::SecretUser;
use crate::config::sections::process::read_tokens;
use crate::config::sync::{NotifyConfig, RepairConfig, SyncDaemonConfig};
use crate::config::tree::{Spot, each, if_given, or_default};

/// Reads it.
pub(super) fn read(spot: &Spot<'_>) -> Option<SyncDaemonConfig> {
    let map = spot.map(&["tokens", "notify", "pollEvery", "checkEvery", "repairAfter"])?;
    let default = SyncDaemonConfig::default();
    let tokens = or_default(map.optional("tokens"), Vec::new(), |spot| read_tokens(&spot, SecretUser::Sync));
    let notify = if_given(map.optional("notify"), |spot| read_notify(&spot));
    let poll_every = or_default(map.optional("pollEvery"), default.poll_every, |spot| spot.positive_duration());
    let check_every = or_default(map.optional("checkEvery"), default.check_every, |spot| spot.positive_duration());
    let repair = or_default(map.optional("repairAfter"), default.repair, |spot| read_repair(&spot));
    Some(SyncDaemonConfig {
        tokens: tokens?,
        notify: notify?,
        poll_every: poll_every?,
        check_every: check_every?,
        repair: repair?,
    })
}

fn read_notify(spot: &Spot<'_>) -> Option<NotifyConfig> {
    let map = spot.map(&["listen", "signed", "from"])?;
    let listen = map.required("listen").and_then(|spot| spot.parse());
    let signed = or_default(map.optional("signed"), true, |spot| spot.bool());
    let from = or_default(map.optional("from"), Vec::new(), |spot| each(&spot.list()?, Spot::parse::<IpAddr>));
    Some(NotifyConfig { listen: listen?, signed: signed?, from: from? })
}

fn read_repair(spot: &Spot<'_>) -> Option<RepairConfig> {
    if spot.is_word("never") {
        return Some(RepairConfig::Never);
    }
    spot.duration().map(RepairConfig::After)
}
