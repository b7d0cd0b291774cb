//! The monitor's API: `GET /api/v1/evidence` as server-sent events, `POST /api/v1/probe`, and `POST /api/v1/ask`, which
//! [`crate::asking`] answers.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::sse::{Event as SseEvent, Sse};
use axum::routing::{get, post};
use axum::{Json, Router};
use dns_api::evidence::EventId;
use dns_api::probe::{ProbeOutcome as Word, ProbeReport, ProbeRequest, SingleProbeReport};
use dns_core::evidence::EndpointKey;
use dns_core::identifier::{RegionName, ServiceName};
use dns_service::auth::Caller;
use dns_service::http::{ApiError, JsonBody};
use futures_util::{Stream as Events, StreamExt, stream};
use http::HeaderMap;
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tracing::info;

use crate::asking::{self, Asking};
use crate::evidence::Report;
use crate::injecting;
use crate::metering;
use crate::probe::{Outcome, ProbeOutcome, Prober, add_up};
use crate::runner::Places;
use crate::stream::{Event, Speaker, Subscription};

/// The header of a returning subscriber (HTML Standard, server-sent events).
const LAST_EVENT_ID: &str = "last-event-id";

/// How long a probe on demand waits for its place; schedules go first under load, and a person asks again.
const PLACE_TIMEOUT: Duration = Duration::from_secs(2);

/// What the handlers need. Clones share it.
#[derive(Clone, Debug)]
pub struct Api {
    /// Who speaks.
    pub speaker: Arc<Speaker>,
    /// The way to the owner of the evidence.
    pub reports: mpsc::Sender<Report>,
    /// Everything that can be probed.
    pub probers: Arc<BTreeMap<EndpointKey, Arc<Prober>>>,
    /// The places of running probes, shared with the schedules.
    pub places: Places,
    /// Questions for the controller.
    pub asking: Asking,
}

/// The routes, without authentication; `dns_service::http::router` adds it.
pub fn routes(api: Api) -> Router {
    Router::new()
        .route("/api/v1/evidence", get(evidence))
        .route("/api/v1/probe", post(probe))
        .route("/api/v1/ask", post(asking::ask))
        .route("/api/v1/drills", post(injecting::begin))
        .route("/api/v1/drills/end", post(injecting::end))
        .with_state(api)
}

async fn evidence(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Sse<impl Events<Item = Result<SseEvent, Infallible>> + use<>>, ApiError> {
    // An id that is none of ours is as good as none: the subscriber gets a snapshot.
    let last: Option<EventId> = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()?.parse().ok());
    let subscription = subscribe(&api.reports, last.clone()).await?;
    let last = last.as_ref().map(EventId::to_string);
    info!(caller = %caller.name, last, "subscribed to evidence");
    let speaker = api.speaker;
    Ok(Sse::new(events(subscription).map(move |event| Ok(said(&event, &speaker)))))
}

/// Asks the owner for a subscription.
async fn subscribe(reports: &mpsc::Sender<Report>, last: Option<EventId>) -> Result<Subscription, ApiError> {
    let stopping = || ApiError::unavailable("this monitor is stopping").hint("subscribe again in a moment");
    let (reply, answer) = oneshot::channel();
    reports.send(Report::Subscribe { last, reply }).await.map_err(|_| stopping())?;
    let subscription = answer.await.map_err(|_| stopping())?;
    subscription.map_err(|error| ApiError::unavailable(error.to_string()).hint("close some of them"))
}

fn events(Subscription { first, rest }: Subscription) -> impl Events<Item = Event> {
    stream::iter(first).chain(ReceiverStream::new(rest))
}

/// Computes ages now, as the connection takes the event.
fn said(event: &Event, speaker: &Speaker) -> SseEvent {
    let (id, event) = event.encode(speaker, Instant::now());
    SseEvent::default().id(id.to_string()).event(event.name()).data(event.encode())
}

async fn probe(
    State(api): State<Api>,
    caller: Caller,
    JsonBody(request): JsonBody<ProbeRequest>,
) -> Result<Json<ProbeReport>, ApiError> {
    let key = key(request)?;
    let Some(prober) = api.probers.get(&key) else {
        let detail = format!("`{key}` is not covered by vantage point `{}`", api.speaker.vantage);
        return Err(ApiError::not_found(detail).hint("the snapshot of /api/v1/evidence lists what is"));
    };
    let deadline = Instant::now() + PLACE_TIMEOUT;
    let Some(place) = api.places.take(prober.target().probes.len(), deadline).await else {
        return Err(ApiError::unavailable("too many probes run at once").hint("ask again in a moment"));
    };
    info!(caller = %caller.name, endpoint = %key, "probing on demand");
    let flight = metering::in_flight();
    let outcomes = prober.run().await;
    drop((flight, place));
    metering::outcomes(&key, &outcomes);
    let outcome = word(&add_up(&outcomes));
    Ok(Json(ProbeReport { key, outcome, probes: outcomes.into_iter().map(single).collect() }))
}

fn key(ProbeRequest { service, region, endpoint }: ProbeRequest) -> Result<EndpointKey, ApiError> {
    let service = ServiceName::new(service).map_err(|error| ApiError::bad_request(format!("service: {error}")))?;
    let region = RegionName::new(region).map_err(|error| ApiError::bad_request(format!("region: {error}")))?;
    Ok(EndpointKey { service, region, endpoint })
}

fn single(ProbeOutcome { kind, outcome }: ProbeOutcome) -> SingleProbeReport {
    let latency_ms = outcome.latency().map(|latency| u64::try_from(latency.as_millis()).unwrap_or(u64::MAX));
    let message = outcome.message().map(str::to_owned);
    SingleProbeReport { kind: kind.to_owned(), outcome: word(&outcome), latency_ms, message }
}

fn word(outcome: &Outcome) -> Word {
    match outcome {
        Outcome::Good { .. } => Word::Good,
        Outcome::Bad { .. } => Word::Bad,
        Outcome::Void { .. } => Word::Void,
    }
}
