//! Calls: a place in the budget, the exchange, and what the answer means.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use hickory_proto::rr::Name;
use reqwest::header::AUTHORIZATION;
use reqwest::{Method, RequestBuilder, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;

use super::failure::{Asked, Suspect};
use super::record::host_name;
use crate::budget::Budget;
use crate::calls::Counter;
use crate::http_api::ApiSetupError;
use crate::http_api::keyed::{Header, Keyed};
use crate::port::{Permit, ProviderError, Urgency, ZoneFacts};

/// How long a call in quiet times waits for its place. The next look comes a minute later anyway.
const WATCH_WAIT_MAX: Duration = Duration::from_mins(1);

/// How long a look that belongs to a write waits for its place: behind the writes at work, a few times over. Whoever gives
/// up sooner only goes to the end of the queue again. A write itself waits as long as its permit lasts.
const FLIP_WAIT_MAX: Duration = Duration::from_secs(30);

/// What is added to a wait that the API asks for, at the most: whoever else uses the token was refused together with us
/// and must not come back together with us.
const RETRY_JITTER_MAX: Duration = Duration::from_secs(1);

/// A zone as both sides name it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) zone: Name,
    pub(super) id: String,
}

/// Places in the budget for the calls of one task: those that it has taken, and then each by itself.
#[derive(Debug)]
pub(super) struct Places {
    urgency: Urgency,
    taken: AtomicU32,
}

/// The API, as one token sees it.
#[derive(Clone)]
pub(super) struct Api {
    calls: Keyed,
    budget: Arc<Budget>,
    timeout: Duration,
}

/// An answer of success.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope<T> {
    pub(super) result: T,
    #[serde(default)]
    pub(super) result_info: Option<PageInfo>,
}

/// What a page says of the listing that it is part of.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct PageInfo {
    pub(super) count: usize,
    pub(super) total_count: usize,
}

/// What the API says of a zone.
#[derive(Debug, Deserialize)]
pub(super) struct ZoneAnswer {
    name: String,
    status: String,
    #[serde(default)]
    name_servers: Vec<String>,
}

impl Api {
    pub(super) fn new(
        base: &Url,
        token_file: PathBuf,
        timeout: Duration,
        budget: Arc<Budget>,
    ) -> Result<Self, ApiSetupError> {
        let header = Header { name: AUTHORIZATION, prefix: "Bearer " };
        Ok(Self { calls: Keyed::new(base, token_file, header, timeout)?, budget, timeout })
    }

    pub(super) fn counting(self, count: Counter) -> Self {
        Self { calls: self.calls.counting(count), ..self }
    }

    pub(super) fn telling_when_sent(self, told: fn()) -> Self {
        Self { calls: self.calls.telling_when_sent(told), ..self }
    }

    pub(super) fn subject(&self) -> String {
        format!("Cloudflare's API at {}", self.calls.base().host_str().unwrap_or_default())
    }

    /// Takes the places of a whole flip, as many of them as can be had together. The caller bounds the wait.
    pub(super) async fn take_together(&self, calls: usize) -> Places {
        let most = u32::try_from(calls).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
        let taken = self.budget.take_together(most).await;
        Places { urgency: Urgency::Flip, taken: AtomicU32::new(taken.get()) }
    }

    /// The place of the next call: one that is taken, or else the next in the budget.
    pub(super) async fn next_place(&self, places: &Places) -> Result<(), ProviderError> {
        let one_less = |taken: u32| taken.checked_sub(1);
        if places.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok() {
            self.budget.until_open().await;
            return Ok(());
        }
        self.await_place(places.urgency).await
    }

    /// Waits for a place in the budget, not for ever. Who looks after a write is told at once of a pause that is longer than
    /// a call: the account has no calls, which is something else than being in their queue.
    async fn await_place(&self, urgency: Urgency) -> Result<(), ProviderError> {
        let (within, pause_max) = match urgency {
            Urgency::Watch => (WATCH_WAIT_MAX, WATCH_WAIT_MAX),
            Urgency::Flip => (FLIP_WAIT_MAX, self.timeout),
        };
        let throttled = |reason: String, retry_after: Duration| {
            let reason = format!("by the budget of calls, which {reason}");
            ProviderError::Throttled { subject: self.subject(), reason, retry_after }
        };
        let closed = self.budget.closed_for();
        if closed > pause_max {
            return Err(throttled("waits as long as the API has asked for".to_owned(), closed));
        }
        let taken = timeout(within, self.budget.take(urgency)).await;
        taken.map_err(|_| throttled(format!("had no place for {} s", within.as_secs()), within))
    }

    /// One page of the records, of a whole zone or at one name.
    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        place: &Place,
        query: &[(&str, String)],
        places: &Places,
    ) -> Result<Envelope<T>, ProviderError> {
        self.next_place(places).await?;
        let asked = Asked::Read(place);
        let body =
            self.call("list_records", &asked, || self.request(Method::GET, place, &["dns_records"]).query(query));
        self.parsed(&body.await?)
    }

    pub(super) async fn zone(&self, place: &Place) -> Result<ZoneAnswer, ProviderError> {
        self.await_place(Urgency::Watch).await?;
        let asked = Asked::Read(place);
        let body = self.call("get_zone", &asked, || self.request(Method::GET, place, &[])).await?;
        Ok(self.parsed::<Envelope<ZoneAnswer>>(&body)?.result)
    }

    /// Sends a batch; the caller has a place in the budget.
    pub(super) async fn batch(
        &self,
        place: &Place,
        written: &[Suspect],
        batch: &Value,
        permit: &Permit,
    ) -> Result<(), ProviderError> {
        let asked = Asked::Write { place, written, permit };
        let request = || self.request(Method::POST, place, &["dns_records", "batch"]).json(batch);
        self.call("batch", &asked, request).await.map(drop)
    }

    /// The body of an answer of success.
    async fn call(
        &self,
        operation: &'static str,
        asked: &Asked<'_>,
        request: impl Fn() -> RequestBuilder + Send,
    ) -> Result<Vec<u8>, ProviderError> {
        let answered = self.calls.call(operation, &self.subject(), asked, request).await;
        if let Err(ProviderError::Throttled { retry_after, .. }) = &answered {
            self.budget.close_for(*retry_after + RETRY_JITTER_MAX.mul_f64(fastrand::f64()));
        }
        answered
    }

    fn request(&self, method: Method, place: &Place, path: &[&str]) -> RequestBuilder {
        let segments: Vec<&str> = ["zones", place.id.as_str()].into_iter().chain(path.iter().copied()).collect();
        self.calls.request(method, &segments)
    }

    fn parsed<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, ProviderError> {
        serde_json::from_slice(body).map_err(|error| ProviderError::Transient {
            subject: self.subject(),
            reason: format!("its answer is not what it documents: {error}"),
        })
    }
}

impl Places {
    /// None is taken yet.
    pub(super) fn one_by_one(urgency: Urgency) -> Self {
        Self { urgency, taken: AtomicU32::new(0) }
    }
}

impl ZoneAnswer {
    /// Why the id is wrong, if it is.
    pub(super) fn check_name(&self, place: &Place) -> Result<(), String> {
        let (Place { zone, id }, name) = (place, &self.name);
        let is_it = host_name(name).as_ref() == Some(&zone.to_lowercase());
        let why = || format!("id {id} is that of zone {name}, not of {zone}: correct the provider's `zones`");
        if is_it { Ok(()) } else { Err(why()) }
    }

    /// What the caller may know, if the zone is the one that it means and is served.
    pub(super) fn facts(self, place: &Place, subject: &str) -> Result<ZoneFacts, ProviderError> {
        let name = self.check_name(place);
        let Self { name: _, status, name_servers } = self;
        let denied = |reason: String| Err(ProviderError::Denied { subject: subject.to_owned(), reason });
        if let Err(reason) = name {
            return denied(reason);
        }
        if status != "active" {
            let zone = &place.zone;
            return denied(format!(
                "zone {zone} is {status}, not active: Cloudflare serves it once its parent delegates to {}",
                name_servers.join(" and ")
            ));
        }
        Ok(ZoneFacts { name_servers: name_servers.iter().filter_map(|server| host_name(server)).collect() })
    }
}
