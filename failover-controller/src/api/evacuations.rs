//! Regions as a whole: where services are, what an evacuation would do, and the orders about one.
//!
//! What is previewed is computed here, from what the engine published: it never waits for ten thousand answers.

mod impact;
mod preview;
pub(crate) mod report;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use dns_api::command::ReasonedRequest;
use dns_api::evacuation::{EvacuationList, EvacuationReport, EvacuationRequest, RegionList, ReturnRequest};
use dns_core::evacuation::forecast::Question;
use dns_core::identifier::RegionName;
use dns_service::auth::Caller;
use dns_service::http::{ApiError, JsonBody};

use super::orders::{checked_reason, rules};
use super::{ApiState, published};
use crate::engine::evacuating::{Begin, Call, EvacuationView, Refused, Subject};
use crate::engine::handle::Message;

type Answer = Result<Json<EvacuationReport>, ApiError>;

pub(super) async fn regions(State(state): State<ApiState>) -> Result<Json<RegionList>, ApiError> {
    Ok(Json(report::regions(&*published(&state)?)))
}

pub(super) async fn all(State(state): State<ApiState>) -> Result<Json<EvacuationList>, ApiError> {
    let snapshot = published(&state)?;
    Ok(Json(EvacuationList { evacuations: snapshot.evacuations.iter().map(report::in_brief).collect() }))
}

pub(super) async fn one(State(state): State<ApiState>, Path(which): Path<String>) -> Answer {
    let snapshot = published(&state)?;
    let found = EvacuationView::find(&snapshot.evacuations, &which);
    let found = found.ok_or_else(|| {
        let detail = format!("there is no evacuation `{which}`, and none of such a region");
        ApiError::not_found(detail).hint("`dns-admin region evacuations` lists them")
    })?;
    Ok(Json(report::in_detail(found)))
}

pub(super) async fn evacuate(
    State(state): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    JsonBody(body): JsonBody<EvacuationRequest>,
) -> Result<Response, ApiError> {
    let EvacuationRequest { to, reason, overrides, wave_max, preview } = body;
    let region: RegionName = name.parse().map_err(|_| no_region(&name))?;
    let (reason, overrides) = (checked_reason(&reason)?, rules(&overrides)?);
    let wave_max = checked_wave(wave_max)?;
    if preview {
        let snapshot = published(&state)?;
        if !report::regions(&snapshot).regions.iter().any(|known| known.name == name) {
            return Err(no_region(&name));
        }
        let question = Question { region, to, by: caller.name, overrides };
        let allowances = Arc::clone(&state.allowances);
        // Thousands of plans are made: the runtime's threads have other things to do.
        let made =
            tokio::task::spawn_blocking(move || preview::preview(&question, wave_max, &snapshot, &allowances)).await;
        let made = made.map_err(|error| ApiError::internal(format!("the preview ended: {error}")))?;
        return Ok(Json(made).into_response());
    }
    let begin = Begin { region, to, by: caller.name, reason, overrides, wave_max };
    let taken = give(&state, Call::Begin(begin)).await?;
    Ok((StatusCode::ACCEPTED, taken).into_response())
}

pub(super) async fn stop(
    State(state): State<ApiState>,
    caller: Caller,
    Path(which): Path<String>,
    JsonBody(body): JsonBody<ReasonedRequest>,
) -> Answer {
    give(&state, Call::Stop(subject(which, caller, &body.reason)?)).await
}

pub(super) async fn resume(
    State(state): State<ApiState>,
    caller: Caller,
    Path(which): Path<String>,
    JsonBody(body): JsonBody<ReasonedRequest>,
) -> Answer {
    give(&state, Call::Resume(subject(which, caller, &body.reason)?)).await
}

pub(super) async fn close(
    State(state): State<ApiState>,
    caller: Caller,
    Path(which): Path<String>,
    JsonBody(body): JsonBody<ReasonedRequest>,
) -> Answer {
    give(&state, Call::Close(subject(which, caller, &body.reason)?)).await
}

pub(super) async fn bring_back(
    State(state): State<ApiState>,
    caller: Caller,
    Path(which): Path<String>,
    JsonBody(body): JsonBody<ReturnRequest>,
) -> Result<(StatusCode, Json<EvacuationReport>), ApiError> {
    let ReturnRequest { reason, overrides, wave_max } = body;
    let (by, overrides) = (caller.name.clone(), rules(&overrides)?);
    let wave_max = checked_wave(wave_max)?;
    let found = {
        let snapshot = published(&state)?;
        EvacuationView::find(&snapshot.evacuations, &which).map(|view| view.evacuation.region.clone())
    };
    let region = found.ok_or_else(|| ApiError::not_found(format!("there is no evacuation `{which}`")))?;
    let subject = subject(which, caller, &reason)?;
    let begin = Begin { region, to: None, by, reason: subject.reason.clone(), overrides, wave_max };
    Ok((StatusCode::ACCEPTED, give(&state, Call::Return(subject, begin)).await?))
}

fn subject(which: String, caller: Caller, reason: &str) -> Result<Subject, ApiError> {
    Ok(Subject { which, by: caller.name, reason: checked_reason(reason)? })
}

fn checked_wave(wave_max: Option<usize>) -> Result<Option<usize>, ApiError> {
    match wave_max {
        Some(0) => Err(ApiError::bad_request("`waveMax` must be 1 or more").hint("leave it out for waves that grow")),
        other => Ok(other),
    }
}

async fn give(state: &ApiState, call: Call) -> Answer {
    let answer = state.engine.ask(|reply| Message::Evacuation(Box::new(call), reply)).await;
    match answer.map_err(|stopped| ApiError::unavailable(stopped.to_string()))? {
        Ok(view) => Ok(Json(report::in_detail(&view))),
        Err(error @ Refused::NotFound(_)) => {
            Err(ApiError::not_found(error.to_string()).hint("`dns-admin region list` names every region"))
        }
        Err(Refused::Impossible { what, hint }) => Err(ApiError::refused(what, Vec::new()).hint(hint)),
        Err(error @ Refused::Store(_)) => Err(ApiError::unavailable(error.to_string())),
    }
}

fn no_region(name: &str) -> ApiError {
    ApiError::not_found(format!("no service has a region `{name}`")).hint("`dns-admin region list` names every region")
}
