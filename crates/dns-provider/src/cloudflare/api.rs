//! Calls: a place in the budget, the token, the exchange, and what the answer means.
//!
//! A call that is refused for its token is repeated once if the file holds another token by now: it was refused before
//! anything was done, so this holds for a write as well. Nothing else is sent twice.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dns_core::change::ChangeSet;
use hickory_proto::rr::Name;
use reqwest::header::{ACCEPT, AUTHORIZATION};
use reqwest::{Method, RequestBuilder, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;

use super::failure::{self, Asked};
use super::record::host_name;
use crate::budget::Budget;
use crate::calls::{self, Counter};
use crate::http_api::{ApiSetupError, HttpApi, NoAnswer};
use crate::port::{ProviderError, Urgency, ZoneFacts};
use crate::secret_file::{Secret, SecretFile};

/// How long a call in quiet times waits for its place. The next look comes a minute later anyway.
const WATCH_WAIT_MAX: Duration = Duration::from_mins(1);

/// A zone as both sides name it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) zone: Name,
    pub(super) id: String,
}

/// The API, as one token sees it.
#[derive(Clone)]
pub(super) struct Api {
    http: HttpApi,
    token: Arc<SecretFile>,
    budget: Arc<Budget>,
    timeout: Duration,
    count: Counter,
    sent: fn(),
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
        let http = HttpApi::new(base, timeout)?;
        let token = Arc::new(SecretFile::new(token_file));
        Ok(Self { http, token, budget, timeout, count: calls::uncounted(), sent: || {} })
    }

    pub(super) fn counting(self, count: Counter) -> Self {
        Self { count, ..self }
    }

    pub(super) fn telling_when_sent(self, told: fn()) -> Self {
        Self { sent: told, ..self }
    }

    pub(super) fn subject(&self) -> String {
        format!("Cloudflare's API at {}", self.http.base().host_str().unwrap_or_default())
    }

    /// Waits for a place in the budget, not for ever.
    pub(super) async fn await_place(&self, urgency: Urgency) -> Result<(), ProviderError> {
        let within = match urgency {
            Urgency::Watch => WATCH_WAIT_MAX,
            Urgency::Flip => self.timeout,
        };
        timeout(within, self.budget.take(urgency)).await.map_err(|_| ProviderError::Throttled {
            subject: self.subject(),
            reason: format!("by the budget of calls, which had no place for {} s", within.as_secs_f32()),
            retry_after: within,
        })
    }

    /// One page of the records, of a whole zone or at one name.
    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        place: &Place,
        query: &[(&str, String)],
        urgency: Urgency,
    ) -> Result<Envelope<T>, ProviderError> {
        self.await_place(urgency).await?;
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
    pub(super) async fn batch(&self, place: &Place, change: &ChangeSet, batch: &Value) -> Result<(), ProviderError> {
        let asked = Asked::Write { place, change };
        let request = || self.request(Method::POST, place, &["dns_records", "batch"]).json(batch);
        self.call("batch", &asked, request).await.map(drop)
    }

    /// The body of an answer of success.
    async fn call(
        &self,
        operation: &'static str,
        asked: &Asked<'_>,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<Vec<u8>, ProviderError> {
        let token = self.token.current().await?;
        let answered = self.once(operation, asked, request(), &token).await;
        if !matches!(answered, Err(ProviderError::Denied { .. })) {
            return answered;
        }
        let now = self.token.afresh().await?;
        if now == token { answered } else { self.once(operation, asked, request(), &now).await }
    }

    async fn once(
        &self,
        operation: &'static str,
        asked: &Asked<'_>,
        request: RequestBuilder,
        token: &Secret,
    ) -> Result<Vec<u8>, ProviderError> {
        let request = request.header(ACCEPT, "application/json").header(AUTHORIZATION, token.header("Bearer "));
        let told = match asked {
            Asked::Read(_) => || {},
            Asked::Write { .. } => self.sent,
        };
        let subject = self.subject();
        let answered = match self.http.exchange(request, told).await {
            Ok(answer) => failure::judge(asked, answer, &subject),
            Err(NoAnswer::NotSent(reason)) => Err(ProviderError::Transient { subject, reason }),
            Err(NoAnswer::Silence(reason)) => Err(asked.unanswered(&subject, reason)),
        };
        if let Err(ProviderError::Throttled { retry_after, .. }) = &answered {
            self.budget.close_for(*retry_after);
        }
        (self.count)(operation, calls::outcome(&answered));
        answered
    }

    fn request(&self, method: Method, place: &Place, path: &[&str]) -> RequestBuilder {
        let segments: Vec<&str> = ["zones", place.id.as_str()].into_iter().chain(path.iter().copied()).collect();
        self.http.request(method, &segments)
    }

    fn parsed<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, ProviderError> {
        serde_json::from_slice(body).map_err(|error| ProviderError::Transient {
            subject: self.subject(),
            reason: format!("its answer is not what it documents: {error}"),
        })
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
