//! `POST /api/v1/drills`: a drill asks this vantage point to count a region of a service as failed.
//!
//! Whoever may ask holds a token with the role operator. What is asked for ends by itself, and nobody but the controller that
//! runs the drill makes anything of it.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use dns_api::injection::{InjectionEnd, InjectionReport, InjectionRequest};
use dns_core::drill::{DrillId, INJECTION_MAX};
use dns_core::identifier::{RegionName, ServiceName};
use dns_service::auth::Caller;
use dns_service::http::{ApiError, JsonBody};
use tokio::sync::oneshot;
use tracing::warn;

use crate::api::Api;
use crate::evidence::Report;
use crate::injection::INJECTIONS_MAX;

/// What a drill asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inject {
    /// To count a region as failed from now on; again, to go on for so long.
    Begin {
        /// The drill.
        id: DrillId,
        /// The service.
        service: ServiceName,
        /// The region.
        region: RegionName,
        /// For how long.
        lasts: Duration,
    },
    /// To stop.
    End {
        /// The drill.
        id: DrillId,
    },
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// At how many endpoints.
    pub endpoints: usize,
}

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InjectRefused {
    /// The limit is reached.
    #[error("{INJECTIONS_MAX} drills inject here already, which is the limit")]
    TooMany,
    /// Another drill has the region.
    #[error("drill {0} injects there already")]
    Taken(DrillId),
}

/// Handles `POST /api/v1/drills`.
pub(crate) async fn begin(
    State(api): State<Api>,
    caller: Caller,
    JsonBody(request): JsonBody<InjectionRequest>,
) -> Result<Json<InjectionReport>, ApiError> {
    let InjectionRequest { id, service, region, lasts_ms } = request;
    let lasts = Duration::from_millis(lasts_ms);
    if lasts.is_zero() || lasts > INJECTION_MAX {
        let detail = format!("`lastsMs` must be 1 to {}", INJECTION_MAX.as_millis());
        return Err(ApiError::bad_request(detail).hint("an injection ends by itself; ask again to go on"));
    }
    let vantage = &api.speaker.vantage;
    if !api.probers.keys().any(|key| key.service == service && key.region == region) {
        let detail = format!("`{service}` in `{region}` is not covered by vantage point `{vantage}`");
        return Err(ApiError::not_found(detail).hint("a monitor needs the same configuration as the controller"));
    }
    let report = ask(&api, Inject::Begin { id: id.clone(), service: service.clone(), region: region.clone(), lasts });
    let report = report.await?;
    warn!(caller = %caller.name, drill = %id, %service, %region, lasts_ms, "counts a region as failed for a drill");
    Ok(Json(report))
}

/// Handles `POST /api/v1/drills/end`.
pub(crate) async fn end(
    State(api): State<Api>,
    caller: Caller,
    JsonBody(request): JsonBody<InjectionEnd>,
) -> Result<Json<InjectionReport>, ApiError> {
    let InjectionEnd { id } = request;
    let report = ask(&api, Inject::End { id: id.clone() }).await?;
    warn!(caller = %caller.name, drill = %id, endpoints = report.endpoints, "counts nothing as failed for a drill any more");
    Ok(Json(report))
}

async fn ask(api: &Api, inject: Inject) -> Result<InjectionReport, ApiError> {
    let stopping = || ApiError::unavailable("this monitor is stopping").hint("ask again in a moment");
    let (reply, answer) = oneshot::channel();
    api.reports.send(Report::Inject { inject, reply }).await.map_err(|_| stopping())?;
    let taken = answer.await.map_err(|_| stopping())?.map_err(|refused| {
        ApiError::refused(refused.to_string(), Vec::new()).hint("wait until the other drill has ended")
    })?;
    Ok(InjectionReport { vantage: api.speaker.vantage.to_string(), endpoints: taken.endpoints })
}
