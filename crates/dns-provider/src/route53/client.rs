//! The calls of the API, one function each: paced, counted, bounded in time and never repeated by the SDK.
//!
//! Calls that change nothing are repeated here when they may succeed another time; the one that writes is not.
//!
//! A write is signed with the time of its *permit*: Route 53 refuses a signature that is minutes old, so a process that
//! was stopped for longer than that between permit and send is refused by the service's clock. That bound is wider than a
//! permit (`SigV4` knows no narrower one), so it is a second line: what makes a late write harmless is that it deletes the
//! fence exactly as it was read. The SDK's correction of clock skew is off: a clock that would refuse writes shows in
//! reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use aws_config::BehaviorVersion;
use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_sdk_route53::Client;
use aws_sdk_route53::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeDeserializationInterceptorContextRef,
    BeforeTransmitInterceptorContextRef,
};
use aws_sdk_route53::config::retry::RetryConfig;
use aws_sdk_route53::config::timeout::TimeoutConfig;
use aws_sdk_route53::config::{
    Builder, ConfigBag, Intercept, Region, RuntimeComponents, StalledStreamProtectionConfig,
};
use aws_sdk_route53::error::BoxError;
use aws_sdk_route53::types::{Change, ChangeBatch, ChangeStatus};
use aws_smithy_async::time::StaticTimeSource;
use tokio::sync::OnceCell;

use super::Settings;
use super::outcome::{self, Failure};
use super::precedence::Precedence;
use super::sweep::{Ask, Page, Sets, Sweep};
use super::text;
use super::zone::{Cursor, Stretch};
use crate::calls::Counter;
use crate::port::{Progress, Urgency};

/// How often a call that changes nothing is made before it has failed: one lost packet or one throttled page must not
/// throw a listing of hundreds of pages away.
const READ_TRIES: u32 = 4;

/// Before a call is repeated, on average, doubled each time.
const READ_PAUSE: Duration = Duration::from_millis(200);

/// How long all calls wait after the first refusal for their number, on average, doubled with each further one in a row:
/// the bucket of the account fills at a few calls a second.
const THROTTLE_PAUSE: Duration = Duration::from_secs(1);

/// 1, 2, 4, 8 s: longer than that, a failover waits for nothing.
const THROTTLE_DOUBLINGS_MAX: u32 = 3;

/// Route 53 is global; the region says where credentials come from, and this one is where the service itself lives.
const DEFAULT_REGION: &str = "us-east-1";

/// How every document ends; no element within one is called so.
const ROOT_END: &[u8] = b"Response>";

/// How the API's own errors begin; others come from something on the way and are no XML.
const ERROR_ROOT: &[u8] = b"<ErrorResponse";

/// The API of one account.
pub(super) struct Api {
    settings: Settings,
    client: OnceCell<Client>,
    counter: Counter,
    sent: fn(),
    throttled_in_a_row: AtomicU32,
    /// Which calls let others go first.
    pub(super) precedence: Arc<Precedence>,
}

/// What the API says of a hosted zone.
pub(super) struct HostedZone {
    pub(super) name: String,
    pub(super) name_servers: Vec<String>,
}

/// Marks how far one request got.
#[derive(Debug, Default)]
struct Transmission {
    begun: Arc<AtomicBool>,
    answered: Option<fn()>,
}

impl Intercept for Transmission {
    fn name(&self) -> &'static str {
        "Transmission"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.begun.store(true, Ordering::SeqCst);
        Ok(())
    }

    fn read_after_transmit(
        &self,
        _context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(told) = self.answered {
            told();
        }
        Ok(())
    }

    /// The SDK reads a document that breaks off as one that ends there: half a page would be a whole one.
    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response();
        let body = answer.body().bytes().unwrap_or_default().trim_ascii_end();
        let must_be_whole =
            answer.status().is_success() || body.windows(ERROR_ROOT.len()).any(|part| part == ERROR_ROOT);
        if must_be_whole && !body.ends_with(ROOT_END) {
            return Err("its answer breaks off".into());
        }
        Ok(())
    }
}

/// Makes one call, `$call` being a request of the SDK that can be customized.
macro_rules! send {
    ($api:expr, $operation:literal, $call:expr, $transmission:expr) => {{
        let transmission = $transmission;
        let begun = Arc::clone(&transmission.begun);
        let outcome = $call.interceptor(transmission).send().await;
        let outcome = outcome.map_err(|error| outcome::of(&error, begun.load(Ordering::SeqCst)));
        $api.settle($operation, outcome)
    }};
}

impl Api {
    pub(super) fn new(settings: Settings, counter: Counter, sent: fn()) -> Self {
        Self {
            settings,
            client: OnceCell::new(),
            counter,
            sent,
            throttled_in_a_row: AtomicU32::new(0),
            precedence: Arc::default(),
        }
    }

    /// How errors call it.
    pub(super) fn subject(&self) -> String {
        match &self.settings.endpoint_url {
            Some(url) => format!("Route 53 at {url}"),
            None => "Route 53".to_owned(),
        }
    }

    /// Waits for a place in the budget.
    pub(super) async fn place(&self, urgency: Urgency) {
        self.settings.budget.take(urgency).await;
    }

    /// Finds what stands at some names of a zone.
    pub(super) async fn sweep(&self, zone_id: &str, mut sweep: Sweep, urgency: Urgency) -> Result<Sets, Failure> {
        while let Some(ask) = sweep.next() {
            let page = self.repeated(urgency, || self.page(zone_id, &ask)).await?;
            sweep.take(&ask, page)?;
        }
        Ok(sweep.into_found())
    }

    /// Writes a batch, once. The place in the budget was taken before.
    pub(super) async fn change(
        &self,
        zone_id: &str,
        changes: Vec<Change>,
        signed_at: SystemTime,
    ) -> Result<String, Failure> {
        let batch = ChangeBatch::builder().set_changes(Some(changes)).build();
        let batch = batch.expect("invariant: a batch has changes");
        let client = self.client().await;
        let call = client.change_resource_record_sets().hosted_zone_id(zone_id).change_batch(batch).customize();
        let call = call.config_override(Builder::new().time_source(StaticTimeSource::new(signed_at)));
        let transmission = Transmission { answered: Some(self.sent), ..Transmission::default() };
        let output = send!(self, "ChangeResourceRecordSets", call, transmission)?;
        match output.change_info() {
            Some(info) => Ok(info.id().to_owned()),
            None => Err(Failure::Lost("its answer names no change".to_owned())),
        }
    }

    pub(super) async fn progress(&self, change_id: &str, urgency: Urgency) -> Result<Progress, Failure> {
        let ask = || async {
            let call = self.client().await.get_change().id(change_id).customize();
            send!(self, "GetChange", call, Transmission::default())
        };
        let output = self.repeated(urgency, ask).await?;
        let is_done = output.change_info().is_some_and(|info| *info.status() == ChangeStatus::Insync);
        Ok(if is_done { Progress::Complete } else { Progress::Spreading })
    }

    pub(super) async fn hosted_zone(&self, zone_id: &str) -> Result<HostedZone, Failure> {
        let ask = || async {
            let call = self.client().await.get_hosted_zone().id(zone_id).customize();
            send!(self, "GetHostedZone", call, Transmission::default())
        };
        let output = self.repeated(Urgency::Watch, ask).await?;
        let name = output.hosted_zone().map(|zone| zone.name().to_owned()).unwrap_or_default();
        let name_servers = output.delegation_set().map(|set| set.name_servers().to_vec()).unwrap_or_default();
        Ok(HostedZone { name, name_servers })
    }

    /// A stretch of all that a zone holds, from a place or from its beginning.
    pub(super) async fn stretch(&self, zone_id: &str, from: Option<Cursor>, items: i32) -> Result<Stretch, Failure> {
        self.repeated(Urgency::Watch, || self.sets_from(zone_id, from.clone(), items)).await
    }

    async fn page(&self, zone_id: &str, ask: &Ask) -> Result<Page, Failure> {
        let from = Cursor { name: text::of_name(&ask.start), rtype: None, identifier: None };
        let Stretch { sets, next } = self.sets_from(zone_id, Some(from), ask.items).await?;
        Ok(Page { sets, next: next.map(|next| next.name) })
    }

    async fn sets_from(&self, zone_id: &str, from: Option<Cursor>, items: i32) -> Result<Stretch, Failure> {
        let call = self.client().await.list_resource_record_sets().hosted_zone_id(zone_id).max_items(items);
        let call = match from {
            None => call,
            Some(Cursor { name, rtype, identifier }) => {
                call.start_record_name(name).set_start_record_type(rtype).set_start_record_identifier(identifier)
            }
        };
        let output = send!(self, "ListResourceRecordSets", call.customize(), Transmission::default())?;
        let next = output.next_record_name().filter(|_| output.is_truncated()).map(|name| Cursor {
            name: name.to_owned(),
            rtype: output.next_record_type().cloned(),
            identifier: output.next_record_identifier().map(str::to_owned),
        });
        if output.is_truncated() && next.is_none() {
            return Err(Failure::Lost("it says that there are more records and not where".to_owned()));
        }
        Ok(Stretch { sets: output.resource_record_sets, next })
    }

    /// Makes a call that changes nothing until it is answered, a few times.
    async fn repeated<T, F>(&self, urgency: Urgency, call: impl Fn() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut pause = READ_PAUSE;
        for _ in 1..READ_TRIES {
            self.place(urgency).await;
            match call().await {
                Err(Failure::NotSent(_) | Failure::Lost(_) | Failure::Busy(_)) => {
                    tokio::time::sleep(jittered(pause)).await;
                    pause *= 2;
                }
                // The budget is closed for as long as it takes.
                Err(Failure::Throttled { .. }) => {}
                settled => return settled,
            }
        }
        self.place(urgency).await;
        call().await
    }

    /// Counts a call, and makes all others wait if it was one too many.
    fn settle<T>(&self, operation: &'static str, outcome: Result<T, Failure>) -> Result<T, Failure> {
        (self.counter)(operation, outcome.as_ref().map_or_else(Failure::label, |_| "ok"));
        match outcome {
            Err(Failure::Throttled { reason, .. }) => {
                let in_a_row = self.throttled_in_a_row.fetch_add(1, Ordering::Relaxed).min(THROTTLE_DOUBLINGS_MAX);
                let retry_after = jittered(THROTTLE_PAUSE * 2_u32.pow(in_a_row));
                self.settings.budget.close_for(retry_after);
                Err(Failure::Throttled { reason, retry_after })
            }
            other => {
                self.throttled_in_a_row.store(0, Ordering::Relaxed);
                other
            }
        }
    }

    /// Made at the first call: wrong credentials are an error of a call, not of the start.
    async fn client(&self) -> &Client {
        self.client.get_or_init(|| client(&self.settings)).await
    }
}

async fn client(settings: &Settings) -> Client {
    let region = RegionProviderChain::first_try(settings.region.clone().map(Region::new))
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(ProfileFileRegionProvider::new())
        .or_else(Region::new(DEFAULT_REGION));
    let loader = aws_config::defaults(BehaviorVersion::latest()).region(region);
    let loader = match settings.credentials.clone() {
        Some(fixed) => loader.credentials_provider(fixed),
        None => loader,
    };
    let mut config = Builder::from(&loader.load().await)
        // Of our calls only: the services that give out credentials are asked again as the SDK sees fit.
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts(settings.timeout))
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .disable_clock_skew_correction(true);
    if let Some(url) = &settings.endpoint_url {
        config = config.endpoint_url(url);
    }
    Client::from_conf(config.build())
}

/// A connection that cannot be opened has to show as that, before the time of the whole call is over.
fn timeouts(whole: Duration) -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(whole / 2).operation_timeout(whole).build()
}

/// Between half and one and a half: callers that were refused together must not come back together.
pub(super) fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + fastrand::f64())
}
