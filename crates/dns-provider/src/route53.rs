//! Amazon Route 53.
//!
//! Invariants:
//! - A flip is one `ChangeBatch` or a part of one, never of two. Conditions are changes: the fence and every record that the
//!   plan was made from are deleted exactly as they were read, values and TTL, and created anew. UPSERT, which is no
//!   condition, is never used. Route 53 refuses the whole batch if one of its changes does not apply.
//! - A batch is sent once. The SDK's retries are off; a refusal that is certain to have changed nothing is the only
//!   reason to send again, and only while the permit lasts.
//! - Safety rests on the exact DELETE of the fence alone. A request that was held up, by a stopped process or on the way, is
//!   harmless, because the fence that it deletes is gone: the permit and the signature's age only keep such requests rare.
//! - Record sets that are not simple (routing policies, health checks, evaluated targets) are read, named in an error, and
//!   never destroyed.
//! - An answer of several pages is whole or an error.
//!
//! What it cannot do: require the *absence* of a record that it does not create. Route 53 enforces only its own rule that
//! nothing stands beside a CNAME, which covers the conflicting types of what is created. An address of the other family
//! that appears between read and write is found by the read after it.
//!
//! Many services cost little more than one: flips that wait for a place in the budget share batches (`sender`), reads that
//! wait share listings (`reads`), and both reads and questions how far a change is let flips go first (`precedence`).
//!
//! Whole zones (`zone`) keep to the same rules: exact DELETE and CREATE, and a listing that is whole or an error.
//!
//! It does not decide what a conflict means, and it does not watch over the budget's size.

mod batch;
mod client;
mod order;
mod outcome;
pub mod policy;
mod precedence;
mod progress;
mod reads;
mod sender;
mod spelling;
mod sweep;
mod text;
mod view;
mod zone;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
pub use aws_sdk_route53::config::{Credentials, SharedCredentialsProvider};
use dns_core::change::ChangeSet;
use dns_core::rrset::GuardedType;
use dns_core::zone::{ReadRequest, ZoneView};
use hickory_proto::rr::Name;

use self::batch::Flip;
use self::client::{Api, HostedZone};
use self::outcome::Failure;
use self::progress::Changes;
use self::reads::{Lane, Patient};
use self::sender::Sender;
use self::spelling::Spellings;
use self::sweep::{Sets, Sweep};
use crate::budget::Budget;
use crate::calls::{Counter, uncounted};
use crate::meant::Meant;
use crate::port::{
    AbsenceCondition, ApexCname, Capabilities, Conditions, GuardStrength, Limits, Permit, Progress, Provider,
    ProviderError, Receipt, TtlCondition, Urgency, ZoneFacts,
};
use crate::sound;

/// Route 53 takes 0 as well, which no guarded RRset has.
const TTL_SECS: RangeInclusive<u32> = 1..=0x7fff_ffff;

/// What the adapter needs to know of an account.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The id of each zone's hosted zone.
    pub zones: BTreeMap<Name, String>,
    /// Another place than Amazon's.
    pub endpoint_url: Option<String>,
    /// The region that gives out credentials; without it the environment's and the profile's, then us-east-1. Route 53
    /// itself is global.
    pub region: Option<String>,
    /// Fixed credentials; without them the default chain: environment, profile, IRSA, pod identity, instance.
    pub credentials: Option<SharedCredentialsProvider>,
    /// How long one call may take.
    pub timeout: Duration,
    /// The calls that the account may make.
    pub budget: Arc<Budget>,
}

/// Hosted zones of one account.
///
/// Reads and writes are carried out by tasks of the runtime in which the first of them is called.
pub struct Route53 {
    settings: Settings,
    sent: fn(),
    counter: Counter,
    account: OnceLock<Account>,
}

/// What is shared by the calls; made at the first one.
struct Account {
    api: Arc<Api>,
    changes: Changes,
    zones: BTreeMap<Name, Zone>,
}

/// One hosted zone.
struct Zone {
    held: Arc<Held>,
    watch: Lane,
    flip: Lane,
    sender: Sender,
}

/// What the tasks of a zone hold: not their own queues, or they would never end.
struct Held {
    name: Name,
    id: String,
    api: Arc<Api>,
    spellings: Spellings,
    meant: Meant,
}

impl Held {
    async fn sweep(&self, names: BTreeSet<Name>, urgency: Urgency) -> Result<Sets, Failure> {
        let swept = self.api.sweep(&self.id, Sweep::new(names), urgency).await;
        swept.map_err(|failure| self.named(failure))
    }

    /// Why the id is wrong, if it is.
    fn check_name(&self, found: &HostedZone) -> Result<(), String> {
        let Self { name, id, .. } = self;
        let is_it = text::name(&found.name).as_ref() == Some(name);
        let why = || format!("hosted zone {id} is {}, not {name}: correct its id under `zones`", found.name);
        if is_it { Ok(()) } else { Err(why()) }
    }

    /// Adds which zone it is about, where Route 53 only names an id.
    fn named(&self, failure: Failure) -> Failure {
        match failure {
            Failure::Denied(reason) if reason.contains("NoSuchHostedZone") => {
                Failure::Denied(format!("{reason}: is {} the id of zone {}, in this account?", self.id, self.name))
            }
            other => other,
        }
    }
}

impl fmt::Debug for Route53 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route53").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Route53 {
    /// The hosted zones of an account. Nothing is asked and no credentials are loaded before the first call, so wrong
    /// ones are an error of that call.
    pub fn new(settings: Settings) -> Self {
        Self { settings, sent: || {}, counter: uncounted(), account: OnceLock::new() }
    }

    /// Calls `told` each time that the answer to a write has begun to arrive and was not read yet: from then on only a look
    /// at the zone says what became of it. The SDK knows no earlier moment at which a request is certain to be out.
    #[must_use]
    pub fn telling_when_sent(self, told: fn()) -> Self {
        Self { sent: told, ..self }
    }

    /// Calls `count` after each call with its operation and its outcome.
    #[must_use]
    pub fn counting(self, count: Counter) -> Self {
        Self { counter: count, ..self }
    }

    fn account(&self) -> &Account {
        self.account.get_or_init(|| {
            let api = Arc::new(Api::new(self.settings.clone(), Arc::clone(&self.counter), self.sent));
            let zone = |(name, id): (&Name, &String)| (name.clone(), Zone::new(name, id, &api));
            Account {
                zones: self.settings.zones.iter().map(zone).collect(),
                changes: Changes::new(Arc::clone(&api)),
                api,
            }
        })
    }

    fn known(&self, name: &Name) -> Result<&Zone, ProviderError> {
        self.account().zones.get(name).ok_or_else(|| ProviderError::Denied {
            subject: self.subject(),
            reason: format!("zone {name} has no hosted zone id: give it one under `zones` of this provider"),
        })
    }

    fn subject(&self) -> String {
        self.account().api.subject()
    }
}

impl Zone {
    fn new(name: &Name, id: &str, api: &Arc<Api>) -> Self {
        let held = Arc::new(Held {
            name: name.clone(),
            id: id.to_owned(),
            api: Arc::clone(api),
            spellings: Spellings::default(),
            meant: Meant::default(),
        });
        let patient = Patient::default();
        Self {
            watch: Lane::new(Arc::clone(&held), Urgency::Watch, patient.clone()),
            flip: Lane::new(Arc::clone(&held), Urgency::Flip, patient),
            sender: Sender::new(Arc::clone(&held)),
            held,
        }
    }
}

#[async_trait]
impl Provider for Route53 {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            guard: GuardStrength::Atomic,
            checked_by: self.subject(),
            types: &GuardedType::ALL,
            alias: true,
            proxy: false,
            weighting: true,
            apex_cname: ApexCname::Refused,
            conditions: Conditions { absence: AbsenceCondition::WhereCreated, ttl: TtlCondition::Compared },
            limits: Limits {
                records: Some(batch::RECORDS_MAX),
                characters: Some(batch::CHARACTERS_MAX),
                octets: None,
                ttl_secs: TTL_SECS,
            },
        }
    }

    async fn read(&self, request: &ReadRequest, urgency: Urgency) -> Result<ZoneView, ProviderError> {
        let zone = self.known(&request.zone)?;
        let lane = match urgency {
            Urgency::Watch => &zone.watch,
            Urgency::Flip => &zone.flip,
        };
        let view = lane.read(request).await.map_err(|failure| failure.of_read(&self.subject()))?;
        let held = &zone.held;
        let name = || async { held.api.hosted_zone(&held.id).await.ok().map(|found| held.check_name(&found)) };
        let meant = held.meant.check(&view, name).await;
        meant.map(|()| view).map_err(|reason| ProviderError::Denied { subject: self.subject(), reason })
    }

    async fn apply(&self, change: &ChangeSet, permit: &Permit) -> Result<Receipt, ProviderError> {
        let zone = self.known(&change.zone)?;
        sound::check(&self.capabilities(), change)?;
        let flip = Flip::of(change, &zone.held.spellings);
        let record = change.fence_name.to_string();
        if !flip.size.fits() {
            let (records, characters) = (flip.size.records, flip.size.characters);
            let reason = format!(
                "its flip has {records} records and {characters} characters, and one batch takes {} and {}; guard fewer \
                 records with one service",
                batch::RECORDS_MAX,
                batch::CHARACTERS_MAX
            );
            return Err(ProviderError::Invalid { subject: self.subject(), record, reason });
        }
        zone.sender.send(flip, record, *permit).await
    }

    async fn status(&self, receipt: &Receipt) -> Result<Progress, ProviderError> {
        match receipt {
            Receipt::Complete => Ok(Progress::Complete),
            Receipt::Change(id) => {
                let progress = self.account().changes.progress(id).await;
                progress.map_err(|failure| failure.of_read(&self.subject()))
            }
        }
    }

    /// A private hosted zone has no name servers: it answers inside its networks only.
    async fn zone(&self, zone: &Name) -> Result<ZoneFacts, ProviderError> {
        let held = &self.known(zone)?.held;
        let found = held.api.hosted_zone(&held.id).await;
        let found = found.map_err(|failure| held.named(failure).of_read(&self.subject()))?;
        held.check_name(&found).map_err(|reason| ProviderError::Denied { subject: self.subject(), reason })?;
        Ok(ZoneFacts { name_servers: found.name_servers.iter().filter_map(|server| text::name(server)).collect() })
    }
}
