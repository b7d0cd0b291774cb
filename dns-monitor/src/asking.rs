//! Asks authoritative servers of a private network for the controller: `POST /api/v1/ask`.
//!
//! A monitor is no open relay: it asks only servers that the configuration has it ask, only for names inside the zones that
//! these serve, and only the types that verification needs. One question is one exchange, UDP and then TCP if the answer is
//! truncated; the message goes back as it came, and the controller judges it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use data_encoding::BASE64;
use dns_api::ask::{AskOutcome, AskReport, AskRequest, EXCHANGE_TIMEOUT, PLACE_TIMEOUT};
use dns_core::identifier::VantageName;
use dns_core::rrset::canonical_name;
use dns_service::auth::Caller;
use dns_service::config::Config;
use dns_service::http::{ApiError, JsonBody};
use hickory_proto::rr::{Name, RecordType};
use tracing::debug;

use crate::api::Api;
use crate::metering::{self, Asked};
use crate::runner::Places;

/// Questions under way at once. Each has a socket; a controller that verifies a region-wide move asks by its own limit of
/// as many, and what finds no place is asked again.
pub const ASKED_MAX: usize = 256;

/// What verification asks for: guarded records, fences, and how long an absence may be kept.
const TYPES: [RecordType; 5] = [RecordType::A, RecordType::AAAA, RecordType::CNAME, RecordType::SOA, RecordType::TXT];

/// The servers that one vantage point may ask, each with the zones that it may be asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Askable {
    zones: BTreeMap<SocketAddr, BTreeSet<Name>>,
}

impl Askable {
    /// Those of every provider that this vantage point is inside of.
    pub fn of(config: &Config, vantage: &VantageName) -> Self {
        let mut zones: BTreeMap<SocketAddr, BTreeSet<Name>> = BTreeMap::new();
        for provider in config.providers.values().filter(|provider| provider.verify.inside().contains(vantage)) {
            for server in &provider.authoritative_servers {
                zones.entry(*server).or_default().extend(provider.zones().into_iter().cloned());
            }
        }
        Self { zones }
    }

    fn permit(&self, question: &Question) -> Result<(), ApiError> {
        let Question { server, name, rtype } = question;
        let Some(zones) = self.zones.get(server) else {
            let detail = format!("`{server}` is no server that this vantage point may ask");
            let hint = "it asks the `authoritativeServers` of a provider with `verify: private` whose `verifyFrom` selects it; \
                        a monitor needs the same configuration as the controller";
            return Err(ApiError::forbidden(detail).hint(hint));
        };
        if !zones.iter().any(|zone| zone.zone_of(name)) {
            let zones: Vec<String> = zones.iter().map(|zone| format!("`{zone}`")).collect();
            let detail = format!("`{name}` is in no zone that `{server}` may be asked about");
            return Err(ApiError::forbidden(detail).hint(format!("its zones: {}", zones.join(", "))));
        }
        if !TYPES.contains(rtype) {
            let detail = format!("type {rtype} is none that verification asks for");
            return Err(ApiError::forbidden(detail).hint("A, AAAA, CNAME, SOA and TXT are"));
        }
        Ok(())
    }
}

/// Everything that asking needs. Clones share it.
#[derive(Clone, Debug)]
pub struct Asking {
    askable: Arc<Askable>,
    places: Places,
}

impl Asking {
    /// Of these servers, [`ASKED_MAX`] questions at once.
    pub fn new(askable: Askable) -> Self {
        Self::with_places(askable, Places::new(ASKED_MAX))
    }

    /// Of these servers, as many questions at once as there are places.
    pub fn with_places(askable: Askable, places: Places) -> Self {
        Self { askable: Arc::new(askable), places }
    }
}

/// What is to be asked.
#[derive(Debug)]
struct Question {
    server: SocketAddr,
    name: Name,
    rtype: RecordType,
}

impl Question {
    fn read(request: &AskRequest) -> Result<Self, ApiError> {
        let AskRequest { server, name, rtype } = request;
        let server = server.parse().map_err(|_| {
            ApiError::bad_request(format!("server: `{server}` is no address with a port"))
                .hint("such as `192.0.2.53:53`")
        })?;
        let name = canonical_name(name).map_err(|error| ApiError::bad_request(format!("name: {error}")))?;
        let rtype = rtype.parse().map_err(|_| {
            ApiError::bad_request(format!("type: `{rtype}` is no record type")).hint("such as `A` or `TXT`")
        })?;
        Ok(Self { server, name, rtype })
    }

    /// One exchange. That there is no answer is an answer to the controller.
    async fn ask(&self) -> AskOutcome {
        // A fresh random id (RFC 5452 §9.2).
        let query = dns_wire::query(fastrand::u16(..), &self.name, self.rtype);
        let wire = match query.to_vec() {
            Ok(wire) => wire,
            Err(error) => return AskOutcome::Silent(format!("the question cannot be encoded: {error}")),
        };
        match dns_wire::udp_then_tcp(self.server, &wire, EXCHANGE_TIMEOUT).await {
            Ok(answer) => AskOutcome::Answered(BASE64.encode(&answer.wire)),
            Err(error) => AskOutcome::Silent(reason(error)),
        }
    }
}

fn reason(error: dns_wire::ExchangeError) -> String {
    match error {
        dns_wire::ExchangeError::Connect { reason, .. } | dns_wire::ExchangeError::NoAnswer { reason, .. } => reason,
        dns_wire::ExchangeError::Garbage { reason, .. } => format!("it sent garbage: {reason}"),
    }
}

/// Handles `POST /api/v1/ask`.
pub(crate) async fn ask(
    State(api): State<Api>,
    caller: Caller,
    JsonBody(request): JsonBody<AskRequest>,
) -> Result<Json<AskReport>, ApiError> {
    let outcome = answer(&api.asking, &request).await;
    metering::asked(match &outcome {
        Ok(AskOutcome::Answered(_)) => Asked::Answered,
        Ok(AskOutcome::Silent(_)) => Asked::Silent,
        Err(_) => Asked::Refused,
    });
    let AskRequest { server, name, rtype } = request;
    debug!(caller = %caller.name, server, name, rtype, refused = outcome.is_err(), "asked for the controller");
    Ok(Json(AskReport { vantage: api.speaker.vantage.to_string(), outcome: outcome? }))
}

async fn answer(asking: &Asking, request: &AskRequest) -> Result<AskOutcome, ApiError> {
    let question = Question::read(request)?;
    asking.askable.permit(&question)?;
    let Some(_place) = asking.places.take(1, Instant::now() + PLACE_TIMEOUT).await else {
        return Err(ApiError::unavailable("too many questions are asked at once").hint("ask again in a moment"));
    };
    Ok(question.ask().await)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SERVER: &str = "127.0.0.1:1";

    fn request(server: &str) -> AskRequest {
        AskRequest { server: server.to_owned(), name: "api.example.com".to_owned(), rtype: "A".to_owned() }
    }

    #[tokio::test]
    async fn a_question_without_a_place_is_refused_and_asked_once_there_is_one() {
        let zone = canonical_name("example.com").expect("a name");
        let zones = [(SERVER.parse().expect("an address"), [zone].into())].into();
        let places = Places::new(1);
        let asking = Asking::with_places(Askable { zones }, places.clone());
        let taken = places.take(1, Instant::now() + Duration::from_mins(1)).await;
        let refused = answer(&asking, &request(SERVER)).await.expect_err("there is no place");
        assert_eq!(refused.status(), 503);
        let forbidden = answer(&asking, &request("192.0.2.1:53")).await.expect_err("not configured");
        assert_eq!(forbidden.status(), 403, "what may not be asked waits for no place");
        drop(taken);
        let asked = answer(&asking, &request(SERVER)).await;
        assert!(matches!(asked, Ok(AskOutcome::Silent(_))), "nobody is there: {asked:?}");
    }
}
