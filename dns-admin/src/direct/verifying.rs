//! Asking a place's authoritative servers whether they serve what was written.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use dns_api::by_hand::ServerSeen;
use dns_core::rrset::{RrsetKey, Rrsets};
use dns_core::service::Service;
use dns_core::{break_glass::PlaceWrite, fence::text::FenceText};
use dns_provider::authoritative::{Expected, Served, Servers, Targets, serves};
use dns_provider::port::{Progress, Receipt};
use hickory_proto::rr::Name;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::places::Place;

/// How long one question may take.
const QUESTION: Duration = Duration::from_secs(2);

/// How long a server that never answers is asked: it answers no resolver either.
const SILENCE: Duration = Duration::from_secs(10);

/// Between two rounds of one server, and between two looks at how far a provider is.
const PAUSE: Duration = Duration::from_millis(250);

/// What should be served.
#[derive(Clone)]
struct Wanted {
    zone: Name,
    targets: Arc<Targets>,
    rrsets: Arc<Rrsets>,
    absent: Arc<BTreeSet<RrsetKey>>,
    fence_name: Name,
    fence: FenceText,
    within: Duration,
    began: Instant,
}

/// Whether every server that answers serves it, and one does.
pub fn is_verified(seen: &[ServerSeen]) -> bool {
    seen.iter().any(|server| server.outcome == "served") && seen.iter().all(|server| server.outcome != "old")
}

/// Asks every server until it serves what was written, at the most as long as the policy says.
pub async fn verify(place: &Place, written: &PlaceWrite, receipt: &Receipt) -> Vec<ServerSeen> {
    let began = Instant::now();
    let within = place.service.policy.verify_within;
    let mut seen: Vec<ServerSeen> = spread(place, receipt, began).await.into_iter().collect();
    let found = match find(place).await {
        Ok(found) => found,
        Err(reason) => {
            seen.push(silent(place.label(), format!("its servers are not known: {reason}")));
            return seen;
        }
    };
    seen.extend(found.unresolved.into_iter().map(|server| silent(server.name.to_string(), server.reason)));
    let wanted = wanted(place, written, within, began);
    seen.extend(unobservable(&wanted, &place.service));
    let mut questions = JoinSet::new();
    for server in found.addresses {
        questions.spawn(until_served(server, wanted.clone()));
    }
    seen.extend(questions.join_all().await);
    seen.sort();
    seen
}

/// Waits until the provider says that its servers have it; `None` for one that does not tell.
async fn spread(place: &Place, receipt: &Receipt, began: Instant) -> Option<ServerSeen> {
    let (Receipt::Change(id), Ok(adapter)) = (receipt, &place.adapter) else { return None };
    let server = format!("change {id} at {}", place.service.provider);
    loop {
        let detail = match adapter.status(receipt).await {
            Ok(Progress::Complete) => {
                return Some(ServerSeen {
                    server,
                    outcome: "served".to_owned(),
                    took_ms: Some(ms(began)),
                    detail: None,
                });
            }
            Ok(Progress::Spreading) => "the provider is still spreading it".to_owned(),
            Err(error) => error.to_string(),
        };
        if began.elapsed() >= place.service.policy.verify_within {
            return Some(ServerSeen { server, outcome: "old".to_owned(), took_ms: None, detail: Some(detail) });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn find(place: &Place) -> Result<Servers, String> {
    let adapter = place.adapter.as_ref().map_err(Clone::clone)?;
    let found = place.discovery.servers(adapter.as_ref(), &place.service.zone, QUESTION).await;
    found.map_err(|error| error.to_string())
}

fn wanted(place: &Place, written: &PlaceWrite, within: Duration, began: Instant) -> Wanted {
    let service = &place.service;
    let target = service.render_under(&written.fence);
    let absent = service.keys().into_iter().filter(|key| !target.contains_key(key)).collect();
    Wanted {
        zone: (*service.zone).clone(),
        targets: Arc::new(Targets::new(place.discovery.resolvers())),
        rrsets: Arc::new(target),
        absent: Arc::new(absent),
        fence_name: written.change.fence_name.clone(),
        fence: written.change.fence.clone(),
        within,
        began,
    }
}

impl Wanted {
    fn expected(&self) -> Expected<'_> {
        let Self { zone, targets, rrsets, absent, fence_name, fence, .. } = self;
        Expected { zone, rrsets, absent, fence_name, fence: Some(fence), targets }
    }
}

/// Records of which no answer in DNS says whether they are as written: fence and read-back have to do.
fn unobservable(wanted: &Wanted, service: &Service) -> Vec<ServerSeen> {
    let expected = wanted.expected();
    let hidden = expected.unobservable().into_iter().map(|(key, why)| ServerSeen {
        server: format!("{key} at {}", service.provider),
        outcome: "unobservable".to_owned(),
        took_ms: None,
        detail: Some(why.to_owned()),
    });
    hidden.collect()
}

async fn until_served(server: SocketAddr, wanted: Wanted) -> ServerSeen {
    let Wanted { within, began, .. } = &wanted;
    let expected = wanted.expected();
    let mut heard_at = Instant::now();
    loop {
        let (outcome, detail) = match serves(server, &expected, QUESTION).await {
            Served::New => {
                let (server, took_ms) = (server.to_string(), Some(ms(*began)));
                return ServerSeen { server, outcome: "served".to_owned(), took_ms, detail: None };
            }
            Served::Old { answered } => {
                heard_at = Instant::now();
                ("old", answered)
            }
            Served::Silent { reason, heard } => {
                if heard {
                    heard_at = Instant::now();
                }
                ("silent", reason)
            }
        };
        let given_up = outcome == "silent" && heard_at.elapsed() >= SILENCE;
        if given_up || began.elapsed() >= *within {
            let (server, outcome) = (server.to_string(), outcome.to_owned());
            return ServerSeen { server, outcome, took_ms: None, detail: Some(detail) };
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn silent(server: String, reason: String) -> ServerSeen {
    ServerSeen { server, outcome: "silent".to_owned(), took_ms: None, detail: Some(reason) }
}

fn ms(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}
