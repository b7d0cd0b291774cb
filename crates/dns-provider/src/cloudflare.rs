//! Cloudflare, by its DNS batch API.
//!
//! A batch is one transaction, but it has no conditions, except one: an id that is gone fails it whole. So the fence and
//! every record that a change set requires are deleted *by id* and posted anew, also those that stay as they are, and no
//! record is ever edited in place. Each write of ours therefore replaces every id that any other plan for the same service
//! could name, and a stale plan fails whole (81044).
//!
//! Where the ids come from closes the race: not from the read that the plan was made from, but from a read right before
//! the batch, which must show exactly what the change set requires. Whoever of our own writers comes before that read has
//! changed the fence, which shows; whoever comes after it has replaced the ids, which fails the batch. Ids that were kept
//! from the plan's read would prove the same and would be lost with the process.
//!
//! What this cannot do, and why the guard counts as [`GuardStrength::OwnWriters`]:
//! - someone who edits a record in place between that read and the batch keeps its id and is overwritten;
//! - absence has no id. A record, or a first fence, that appears in between is not noticed by the batch, unless Cloudflare
//!   refuses both side by side (81053, 81054, 81058). Two first adoptions are kept apart by the ids of the records that
//!   both adopt; where there are none, both fences arrive and the caller finds two when it reads back.
//!
//! Nothing at Cloudflare's end refuses a late batch by its time: the ids do. Still, what is not ready within the permit is
//! not sent, and a look at the clock is the last thing before it is.
//!
//! Other things to know:
//! - Reads are of whole names or of the whole zone, and complete or failed. Reads that come together share one listing of
//!   the zone.
//! - Types other than A, AAAA, CNAME and the fence's TXT are no service's: only whole zones (`zone`) have them.
//! - A proxied record has the TTL 1, "automatic", whatever else was asked for. Records of one RRset that differ in TTL or
//!   proxying count with the lowest TTL and as proxied, which is how Cloudflare serves them.
//! - Comments, tags and settings outlive their record's replacement.
//! - Cloudflare limits requests by token and user, 1,200 in five minutes, and then refuses for the rest of them: every call
//!   waits for its place in the [`Budget`]. A flip takes those of all its calls together, or as many as there are: flips
//!   that share what comes in would all be half done when their permits run out.

mod api;
mod batch;
mod failure;
mod gather;
mod listing;
mod record;
mod zone;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use dns_core::change::ChangeSet;
use dns_core::rrset::GuardedType;
use dns_core::zone::{ReadRequest, ZoneView};
use hickory_proto::rr::Name;
use reqwest::Url;
use serde_json::Value;

use self::api::{Api, Place};
use self::failure::Suspect;
use self::gather::Gathering;
use self::listing::Names;
use crate::budget::Budget;
use crate::calls::Counter;
pub use crate::http_api::ApiSetupError;
use crate::meant::Meant;
use crate::port::{
    AbsenceCondition, ApexCname, Capabilities, Conditions, GuardStrength, Limits, Permit, Progress, Provider,
    ProviderError, Receipt, TtlCondition, Urgency, ZoneFacts,
};
use crate::required::compare;
use crate::sound;
use crate::whole_names::{Look, names_of};

/// The TTL that means automatic, and the only one of a proxied record.
const TTL_AUTOMATIC: u32 = 1;

/// The lowest other TTL ("Time to Live"); Enterprise zones may go down to 30, which a failover has no use for.
const TTL_SECS_MIN: u32 = 60;

/// The highest.
const TTL_SECS_MAX: u32 = 86_400;

/// Where the zones are and what opens them.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The id of each zone.
    pub zones: BTreeMap<Name, String>,
    /// A file with one line, the API token.
    pub token_file: PathBuf,
    /// The base of every path; `None` is Cloudflare's own.
    pub endpoint_url: Option<Url>,
    /// How many operations one batch may have: 200 on the free plan, 3,500 on others.
    pub batch_max: usize,
    /// How long one call may take.
    pub timeout: Duration,
    /// The calls that the token's owner may make.
    pub budget: Arc<Budget>,
}

impl Settings {
    /// Cloudflare's own endpoint.
    pub const ENDPOINT: &str = "https://api.cloudflare.com/client/v4";
}

/// Zones at Cloudflare.
#[derive(Clone)]
pub struct Cloudflare {
    api: Api,
    zones: BTreeMap<Name, String>,
    meant: Arc<BTreeMap<Name, Meant>>,
    batch_max: usize,
    gathering: Gathering,
}

impl Cloudflare {
    /// Zones at Cloudflare. Nothing is sent yet, and the token's file is not read yet.
    ///
    /// # Errors
    /// [`ApiSetupError`] if no client can be made for the endpoint.
    pub fn new(settings: Settings) -> Result<Self, ApiSetupError> {
        let Settings { zones, token_file, endpoint_url, batch_max, timeout, budget } = settings;
        let own = || Url::parse(Settings::ENDPOINT).expect("invariant: the constant is a URL");
        let api = Api::new(&endpoint_url.unwrap_or_else(own), token_file, timeout, budget)?;
        let meant = Arc::new(zones.keys().map(|zone| (zone.clone(), Meant::default())).collect());
        Ok(Self { api, zones, meant, batch_max, gathering: Gathering::default() })
    }

    /// Calls `count` after each call with its operation and its outcome.
    #[must_use]
    pub fn counting(self, count: Counter) -> Self {
        Self { api: self.api.counting(count), ..self }
    }

    /// Calls `told` each time that a batch was sent and its answer was not read yet: the moment from which on only a look
    /// at the zone says what became of it.
    #[must_use]
    pub fn telling_when_sent(self, told: fn()) -> Self {
        Self { api: self.api.telling_when_sent(told), ..self }
    }

    fn place(&self, zone: &Name) -> Result<Place, ProviderError> {
        match self.zones.get(&zone.to_lowercase()) {
            Some(id) => Ok(Place { zone: zone.clone(), id: id.clone() }),
            None => Err(ProviderError::Denied {
                subject: self.api.subject(),
                reason: format!("zone {zone} has no id here: add it to the provider's `zones`"),
            }),
        }
    }

    /// The batch that carries a change set out, with the ids as they are now.
    async fn prepare(
        &self,
        look: &Names<'_>,
        names: &BTreeSet<Name>,
        change: &ChangeSet,
    ) -> Result<Value, ProviderError> {
        let found = look.at(names).await?;
        compare(change, &found, &self.api.subject())?;
        let batch = batch::of(change, &found);
        let (size, most) = (batch.operations(), self.batch_max);
        if size > most {
            return Err(ProviderError::Invalid {
                subject: self.api.subject(),
                record: change.fence_name.to_string(),
                reason: format!(
                    "it takes {size} operations at once, with the records that stay, and a batch has at most {most}: \
                     split the service, or set the provider's `plan` if the zone has a larger one"
                ),
            });
        }
        Ok(batch.to_json())
    }

    /// What the limits of [`Capabilities`] cannot say.
    fn check_ttls(&self, change: &ChangeSet) -> Result<(), ProviderError> {
        let is_gap = |ttl: u32| ttl > TTL_AUTOMATIC && ttl < TTL_SECS_MIN;
        let fence = is_gap(change.fence_ttl.as_secs()).then(|| change.fence_name.to_string());
        let mut sets = change.creates.iter().filter(|set| !set.is_proxied() && is_gap(set.ttl().as_secs()));
        match sets.next().map(|set| set.key().to_string()).or(fence) {
            None => Ok(()),
            Some(record) => Err(ProviderError::Invalid {
                subject: self.api.subject(),
                record,
                reason: format!("a TTL is {TTL_SECS_MIN} to {TTL_SECS_MAX} seconds, or 1 for automatic"),
            }),
        }
    }
}

impl fmt::Debug for Cloudflare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cloudflare").field("zones", &self.zones).finish_non_exhaustive()
    }
}

#[async_trait]
impl Provider for Cloudflare {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            guard: GuardStrength::OwnWriters,
            checked_by: self.api.subject(),
            types: &GuardedType::ALL,
            alias: false,
            proxy: true,
            weighting: false,
            apex_cname: ApexCname::Flattened,
            conditions: Conditions { absence: AbsenceCondition::Everywhere, ttl: TtlCondition::Ignored },
            limits: Limits {
                records: Some(self.batch_max),
                characters: None,
                octets: None,
                ttl_secs: TTL_AUTOMATIC..=TTL_SECS_MAX,
            },
        }
    }

    async fn read(&self, request: &ReadRequest, urgency: Urgency) -> Result<ZoneView, ProviderError> {
        let place = self.place(&request.zone)?;
        let view = self.gathering.read(&self.api, place.clone(), request, urgency).await?;
        let name = || async { self.api.zone(&place).await.ok().map(|answer| answer.check_name(&place)) };
        let meant = match self.meant.get(&place.zone.to_lowercase()) {
            Some(meant) => meant.check(&view, name).await,
            None => Ok(()),
        };
        meant.map(|()| view).map_err(|reason| ProviderError::Denied { subject: self.api.subject(), reason })
    }

    async fn apply(&self, change: &ChangeSet, permit: &Permit) -> Result<Receipt, ProviderError> {
        sound::check(&self.capabilities(), change)?;
        self.check_ttls(change)?;
        let place = self.place(&change.zone)?;
        let names = names_of(change);
        // The places in the budget as well: whoever waits for them longer than the permit must ask for another.
        let ready = async {
            // One look at each name, and the batch.
            let places = self.api.take_together(names.len() + 1).await;
            let look = Names { api: &self.api, place: &place, places };
            let batch = self.prepare(&look, &names, change).await?;
            self.api.next_place(&look.places).await?;
            Ok(batch)
        };
        let batch = permit.within(&self.api.subject(), ready).await?;
        self.api.batch(&place, &Suspect::of(change), &batch, permit).await?;
        Ok(Receipt::Complete)
    }

    /// Cloudflare's servers have a change within seconds, and nothing tells when: verification asks them.
    async fn status(&self, _receipt: &Receipt) -> Result<Progress, ProviderError> {
        Ok(Progress::Complete)
    }

    async fn zone(&self, zone: &Name) -> Result<ZoneFacts, ProviderError> {
        let place = self.place(zone)?;
        self.api.zone(&place).await?.facts(&place, &self.api.subject())
    }
}
