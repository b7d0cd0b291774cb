//! Subscribes to a vantage point's evidence.
//!
//! A vantage point's identity is the name in its server certificate, so the TLS name that is checked is the vantage
//! point's *name*, wherever its URL leads: requests go to `https://<name>:<port>/…` and a resolver of our own maps
//! that name to the addresses of the URL's host, asked anew at each connect. Plain HTTP proves nothing about the
//! peer and is therefore allowed on loopback only. In both cases every event must carry the expected name.
//!
//! A stream ends with its first error; the caller subscribes again, with the last id that it saw. There is no retry
//! and no waiting here.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dns_core::evidence::STALE_AFTER;
use dns_core::identifier::VantageName;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use http::{StatusCode, header};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use sse_stream::{Sse, SseByteStream};
use url::{Host, Url};

use crate::client::causes;
use crate::evidence::{EventId, EvidenceEvent};
use crate::problem::Problem;
use crate::transport::{self, BearerToken, SetupError};

/// The largest event: a snapshot of some thousand endpoints. A peer that sends more is broken or hostile.
pub const EVENT_BYTES_MAX: usize = 1024 * 1024;

/// How long the stream may be silent. A vantage point that says nothing for that long counts for nothing anyway.
pub const IDLE_TIMEOUT: Duration = STALE_AFTER;

/// How much of a refusal is read.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;

/// Why a stream ended, by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// No connection, or one that broke: subscribe again.
    #[error("cannot hear vantage point {vantage}: {reason}")]
    Unreachable {
        /// The vantage point.
        vantage: VantageName,
        /// What happened, down to the cause.
        reason: String,
    },
    /// Connected, but no event came in time: subscribe again.
    #[error("vantage point {vantage} said nothing for {} s", IDLE_TIMEOUT.as_secs())]
    Silent {
        /// The vantage point.
        vantage: VantageName,
    },
    /// The vantage point ended the stream, as at a shutdown: subscribe again.
    #[error("vantage point {vantage} ended its stream")]
    Ended {
        /// The vantage point.
        vantage: VantageName,
    },
    /// It answered, but not with evidence: a person must look at token, role or URL.
    #[error("vantage point {vantage} refused: {status} {detail}")]
    Refused {
        /// The vantage point.
        vantage: VantageName,
        /// HTTP status.
        status: u16,
        /// What it said.
        detail: String,
    },
    /// Something speaks that is not the vantage point: a person must look.
    #[error("the peer says it is vantage point {found}, expected {vantage}")]
    Impostor {
        /// Who was expected.
        vantage: VantageName,
        /// Who spoke.
        found: VantageName,
    },
    /// What it says cannot be understood: a person must look, most likely at versions.
    #[error("vantage point {vantage} sent what cannot be understood: {reason}")]
    Malformed {
        /// The vantage point.
        vantage: VantageName,
        /// What and where.
        reason: String,
    },
}

/// Where a vantage point is and how to speak to it.
#[derive(Clone, Debug)]
pub struct EvidenceAccess {
    /// The name that its certificate must carry.
    pub vantage: VantageName,
    /// Where it is: `https`, or `http` on loopback.
    pub url: Url,
    /// What authenticates the caller.
    pub token: Option<BearerToken>,
    /// A PEM file with the only authorities to trust, instead of the system's.
    pub ca: Option<PathBuf>,
}

/// The stream of one subscription. It yields at most one error, as its last item.
pub type EvidenceStream = BoxStream<'static, Result<(EventId, EvidenceEvent), EvidenceError>>;

/// A client of one vantage point.
#[derive(Clone, Debug)]
pub struct EvidenceClient {
    http: reqwest::Client,
    url: Url,
    vantage: VantageName,
    token: Option<BearerToken>,
}

impl EvidenceClient {
    /// Makes a client; nothing is sent yet.
    ///
    /// # Errors
    /// [`SetupError`] if the URL (plain HTTP off loopback, say), the name or the authority cannot be used.
    pub fn new(access: &EvidenceAccess) -> Result<Self, SetupError> {
        let EvidenceAccess { vantage, url, token, ca } = access;
        let (url, resolver) = route(vantage, url)?;
        let http = transport::builder(&url, ca.as_deref())?
            .dns_resolver(resolver)
            // Each subscription is a fresh look at where the host is and who answers there.
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|source| SetupError::Backend { url: url.to_string(), source })?;
        let url = transport::join(&url, ["api", "v1", "evidence"]);
        Ok(Self { http, url, vantage: vantage.clone(), token: token.clone() })
    }

    /// Subscribes, going on after `last` if the vantage point still knows it. Connecting begins with the first poll;
    /// dropping the stream closes the connection.
    pub fn subscribe(&self, last: Option<&EventId>) -> EvidenceStream {
        let subscription = Subscription { client: self.clone(), last: last.cloned(), stage: Stage::New };
        futures_util::stream::unfold(subscription, Subscription::next).boxed()
    }

    async fn connect(&self, last: Option<&EventId>) -> Result<Events, EvidenceError> {
        let mut request = self.http.get(self.url.clone()).header(header::ACCEPT, EVENT_STREAM);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, token.header());
        }
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last.to_string());
        }
        let response = request.send().await.map_err(|error| self.unreachable(&error.without_url()))?;
        if response.status() != StatusCode::OK || !is_event_stream(&response) {
            return Err(self.refused(response).await);
        }
        Ok(Events::of(response))
    }

    async fn refused(&self, mut response: reqwest::Response) -> EvidenceError {
        let status = response.status().as_u16();
        let mut body = Vec::new();
        // Whatever is missing after an error or past the bound is only missing in words.
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > REFUSAL_BYTES_MAX {
                break;
            }
        }
        let detail = serde_json::from_slice::<Problem>(&body)
            .map_or_else(|_| "not an event stream".to_owned(), |problem| problem.detail);
        EvidenceError::Refused { vantage: self.vantage.clone(), status, detail }
    }

    fn understand(&self, sse: Sse) -> Result<Option<(EventId, EvidenceEvent)>, EvidenceError> {
        let malformed = |reason: String| EvidenceError::Malformed { vantage: self.vantage.clone(), reason };
        let (Some(name), Some(data)) = (sse.event, sse.data) else { return Ok(None) };
        let decoded = EvidenceEvent::decode(&name, &data).map_err(|error| malformed(format!("{name}: {error}")))?;
        let Some(event) = decoded else { return Ok(None) };
        let id = sse.id.ok_or_else(|| malformed(format!("{name} without an id")))?;
        let id = EventId::from_str(&id).map_err(|error| malformed(error.to_string()))?;
        let found = &event.bearing().vantage;
        if *found != self.vantage {
            return Err(EvidenceError::Impostor { vantage: self.vantage.clone(), found: found.clone() });
        }
        Ok(Some((id, event)))
    }

    fn broken(&self, error: sse_stream::Error) -> EvidenceError {
        let vantage = self.vantage.clone();
        match error {
            sse_stream::Error::Body(body) => match body.downcast_ref() {
                Some(BodyError::TooLong) => EvidenceError::Malformed { vantage, reason: body.to_string() },
                Some(BodyError::Broken(_)) | None => self.unreachable(&*body),
            },
            other => EvidenceError::Malformed { vantage, reason: other.to_string() },
        }
    }

    fn unreachable(&self, error: &dyn std::error::Error) -> EvidenceError {
        EvidenceError::Unreachable { vantage: self.vantage.clone(), reason: causes(error) }
    }
}

const EVENT_STREAM: &str = "text/event-stream";

fn is_event_stream(response: &reqwest::Response) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| value.split(';').next().is_some_and(|kind| kind.trim() == EVENT_STREAM))
}

struct Subscription {
    client: EvidenceClient,
    last: Option<EventId>,
    stage: Stage,
}

enum Stage {
    New,
    Connected(Box<Events>),
    Over,
}

type Item = Result<(EventId, EvidenceEvent), EvidenceError>;

impl Subscription {
    async fn next(mut self) -> Option<(Item, Self)> {
        if matches!(self.stage, Stage::Over) {
            return None;
        }
        // One bound for connecting and for each event: what counts is how long nothing was heard.
        let heard = tokio::time::timeout(IDLE_TIMEOUT, self.hear()).await;
        let item = heard.unwrap_or_else(|_| Err(EvidenceError::Silent { vantage: self.client.vantage.clone() }));
        if item.is_err() {
            self.stage = Stage::Over;
        }
        Some((item, self))
    }

    /// Waits for one event that is understood. Events of a later version are passed over, and are no sign of life.
    async fn hear(&mut self) -> Item {
        loop {
            let events = match &mut self.stage {
                Stage::New => {
                    let events = self.client.connect(self.last.as_ref()).await?;
                    self.stage = Stage::Connected(Box::new(events));
                    continue;
                }
                Stage::Connected(events) => events,
                Stage::Over => return Err(EvidenceError::Ended { vantage: self.client.vantage.clone() }),
            };
            let sse = match events.next().await {
                Some(Ok(sse)) => sse,
                Some(Err(error)) => return Err(self.client.broken(error)),
                None => return Err(EvidenceError::Ended { vantage: self.client.vantage.clone() }),
            };
            if let Some(understood) = self.client.understand(sse)? {
                return Ok(understood);
            }
        }
    }
}

/// Why bytes stop coming.
#[derive(Debug, thiserror::Error)]
enum BodyError {
    #[error("the connection broke")]
    Broken(#[source] reqwest::Error),
    #[error("an event is longer than {EVENT_BYTES_MAX} bytes")]
    TooLong,
}

/// The events of one response. The decoder keeps an unfinished event however long it is, so bytes are counted here.
struct Events {
    decoder: BoxStream<'static, Result<Sse, sse_stream::Error>>,
    bytes_since_event: Arc<AtomicUsize>,
}

impl Events {
    fn of(response: reqwest::Response) -> Self {
        let bytes_since_event = Arc::new(AtomicUsize::new(0));
        let counter = bytes_since_event.clone();
        let chunks = response.bytes_stream().map(move |chunk| {
            let chunk = chunk.map_err(|error| BodyError::Broken(error.without_url()))?;
            let before = counter.fetch_add(chunk.len(), Ordering::Relaxed);
            if before > EVENT_BYTES_MAX { Err(BodyError::TooLong) } else { Ok(chunk) }
        });
        Self { decoder: SseByteStream::new(chunks.boxed()).boxed(), bytes_since_event }
    }

    async fn next(&mut self) -> Option<Result<Sse, sse_stream::Error>> {
        let next = self.decoder.next().await;
        self.bytes_since_event.store(0, Ordering::Relaxed);
        next
    }
}

/// Maps every name to the addresses of one host.
#[derive(Debug)]
pub(crate) struct Route {
    host: String,
    port: u16,
    loopback_only: bool,
}

impl Resolve for Route {
    fn resolve(&self, _name: Name) -> Resolving {
        let Self { host, port, loopback_only } = self;
        let (host, port, loopback_only) = (host.clone(), *port, *loopback_only);
        Box::pin(async move {
            let found = tokio::net::lookup_host((host.as_str(), port)).await?;
            let addresses: Vec<SocketAddr> =
                found.filter(|address| !loopback_only || address.ip().is_loopback()).collect();
            if addresses.is_empty() {
                return Err(format!("{host} has no address that may be used").into());
            }
            Ok::<Addrs, _>(Box::new(addresses.into_iter()))
        })
    }
}

/// The URL to ask and the way there: for TLS the vantage point's name stands where the host stood.
pub(crate) fn route(vantage: &VantageName, url: &Url) -> Result<(Url, Arc<Route>), SetupError> {
    let refused = |reason: &str| SetupError::Url { url: url.to_string(), reason: reason.to_owned() };
    let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
        return Err(refused("it has no host"));
    };
    let loopback_only = match url.scheme() {
        "https" => false,
        "http" if is_loopback(&host) => true,
        "http" => return Err(refused("plain HTTP is for loopback only; use https")),
        _ => return Err(refused("it must start with https://")),
    };
    let address = match &host {
        Host::Domain(name) => (*name).to_owned(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    };
    let route = Arc::new(Route { host: address, port, loopback_only });
    if loopback_only {
        return Ok((url.clone(), route));
    }
    let mut named = url.clone();
    let set = named.set_host(Some(vantage.as_str()));
    // `7` or `0x7f` are valid names, but in a URL they are addresses.
    if set.is_err() || named.host() != Some(Host::Domain(vantage.as_str())) {
        return Err(refused(&format!(
            "the vantage point's name {vantage} is no host name that a certificate can carry"
        )));
    }
    named.set_port(Some(port)).map_err(|()| refused("it takes no port"))?;
    Ok((named, route))
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}
