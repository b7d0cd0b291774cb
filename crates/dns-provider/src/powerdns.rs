//! `PowerDNS`, by its HTTP API.
//!
//! The API has no conditions, so the guard is [`GuardStrength::Weak`]: the adapter reads, compares with everything that the
//! change set requires, and then sends one PATCH, which the server carries out in one transaction of its backend or not at
//! all. Another writer can slip in between the comparison and the PATCH; whoever cannot live with it uses DNS UPDATE at the
//! same server, where conditions are checked by it.
//!
//! What else there is to know:
//! - RRsets are replaced whole. Comments stay, since none are sent.
//! - A disabled record is not served, a replacement would remove it, and only a listing of the whole zone shows it (4.7
//!   leaves it out when asked for a name). So reads ask for names and see what is served; a write lists the zone, and
//!   refuses to touch an RRset that has one. Where zones are too large for that, DNS UPDATE is the better way.
//! - Without the zone's metadata `SOA-EDIT-API` no change touches the serial, and no secondary ever follows:
//!   [`Provider::zone`] refuses such a zone.
//! - After an accepted write the server is asked to notify the secondaries at once, instead of in its next cycle, which is
//!   a minute by default. `apply` does not wait for it, and a server without secondaries may refuse it.
//! - Whole zones are read with one call, and a batch is one PATCH: all of it or nothing.
//! - A server that does not know `rrset_name` answers with the whole zone, of which the names are picked here.

mod api;
mod document;
mod failure;
mod patch;
mod search;
mod set;
mod zone;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use dns_core::change::ChangeSet;
use dns_core::rrset::GuardedType;
use dns_core::zone::{ReadRequest, ZoneView};
use hickory_proto::rr::Name;
use reqwest::Url;

use self::api::{Api, Names, WholeZone};
use self::failure::Written;
use crate::calls::Counter;
pub use crate::http_api::ApiSetupError;
use crate::port::{
    AbsenceCondition, ApexCname, Capabilities, Conditions, GuardStrength, Limits, Permit, Progress, Provider,
    ProviderError, Receipt, TtlCondition, Urgency, ZoneFacts,
};
use crate::required::compare;
use crate::sound;
use crate::whole_names::{Look, consistent, names_of};

/// RFC 2181 §8, without 0, which nobody may cache.
const TTL_SECS_MAX: u32 = 0x7fff_ffff;

/// Where the API is and what opens it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The server, such as `http://127.0.0.1:8081`.
    pub url: Url,
    /// The server's id there, `localhost` unless someone changed it.
    pub server_id: String,
    /// The zones that it holds for us.
    pub zones: Vec<Name>,
    /// A file with one line, the API key.
    pub api_key_file: PathBuf,
    /// How long one call may take.
    pub timeout: Duration,
}

/// Zones at a `PowerDNS` server.
#[derive(Clone)]
pub struct PowerDns {
    api: Api,
    zones: BTreeSet<Name>,
}

impl PowerDns {
    /// Zones at a server. Nothing is sent yet, and the key's file is not read yet.
    ///
    /// # Errors
    /// [`ApiSetupError`] if no client can be made for the URL.
    pub fn new(settings: Settings) -> Result<Self, ApiSetupError> {
        let Settings { url, server_id, zones, api_key_file, timeout } = settings;
        let api = Api::new(&url, server_id, api_key_file, timeout)?;
        Ok(Self { api, zones: zones.iter().map(Name::to_lowercase).collect() })
    }

    /// Calls `count` after each call with its operation and its outcome.
    #[must_use]
    pub fn counting(self, count: Counter) -> Self {
        Self { api: self.api.counting(count), ..self }
    }

    /// Calls `told` each time that a PATCH was sent and its answer was not read yet: the moment from which on only a look
    /// at the zone says what became of it.
    #[must_use]
    pub fn telling_when_sent(self, told: fn()) -> Self {
        Self { api: self.api.telling_when_sent(told), ..self }
    }

    fn check_zone(&self, zone: &Name) -> Result<(), ProviderError> {
        if self.zones.contains(&zone.to_lowercase()) {
            return Ok(());
        }
        Err(ProviderError::Denied {
            subject: self.api.subject(),
            reason: format!("zone {zone} is not among its zones: add it to the provider's `zones`"),
        })
    }
}

impl std::fmt::Debug for PowerDns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PowerDns").field("zones", &self.zones).finish_non_exhaustive()
    }
}

#[async_trait]
impl Provider for PowerDns {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            guard: GuardStrength::Weak,
            checked_by: self.api.subject(),
            types: &GuardedType::ALL,
            alias: false,
            proxy: false,
            weighting: false,
            apex_cname: ApexCname::Refused,
            conditions: Conditions { absence: AbsenceCondition::Everywhere, ttl: TtlCondition::Ignored },
            limits: Limits { records: None, characters: None, octets: None, ttl_secs: 1..=TTL_SECS_MAX },
        }
    }

    /// Nobody limits the calls of a server of one's own, so their urgency makes no difference.
    async fn read(&self, request: &ReadRequest, _urgency: Urgency) -> Result<ZoneView, ProviderError> {
        self.check_zone(&request.zone)?;
        consistent(&Names { api: &self.api, zone: &request.zone }, request).await
    }

    async fn apply(&self, change: &ChangeSet, permit: &Permit) -> Result<Receipt, ProviderError> {
        sound::check(&self.capabilities(), change)?;
        self.check_zone(&change.zone)?;
        let subject = self.api.subject();
        let look = WholeZone { api: &self.api, zone: &change.zone };
        let found = permit.within(&subject, look.at(&names_of(change))).await?;
        compare(change, &found, &subject)?;
        self.api.patch(&Written::of(change), &patch::of(change), permit).await?;
        self.api.notify_secondaries(&change.zone);
        Ok(Receipt::Complete)
    }

    async fn status(&self, _receipt: &Receipt) -> Result<Progress, ProviderError> {
        Ok(Progress::Complete)
    }

    async fn zone(&self, zone: &Name) -> Result<ZoneFacts, ProviderError> {
        self.check_zone(zone)?;
        self.api.zone(zone).await?.facts(zone, &self.api.subject())
    }
}
