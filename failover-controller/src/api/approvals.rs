//! What waits for a second person, and the answers to it.
//!
//! What still waits is in the state that the engine publishes; what became of the rest is in the history, which is also asked
//! of which service an id is: an order's answer may be here before the next snapshot.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use dns_api::approval::{
    AnswerRequest, ApprovalList, ApprovalOutcome, ApprovalReport, ApprovalStatus, AwaitingApproval,
};
use dns_api::command::Accepted;
use dns_core::approval::{Approval, ApprovalId, Awaiting};
use dns_core::history::{HistoryEntry, HistoryKind};
use dns_core::identifier::ServiceName;
use dns_core::machine::command::{Command, Order};
use dns_core::time::Timestamp;
use dns_service::auth::Caller;
use dns_service::exit::one_line;
use dns_service::http::{ApiError, JsonBody};
use dns_store::port::HistoryQuery;

use super::orders::{Outcome, checked_reason, ordered};
use super::{ApiState, published};
use crate::engine::snapshot::ServiceView;

/// Rows that an approval has: asked and answered, several times over.
const ROWS_MAX: u32 = 16;

pub(super) async fn list(State(state): State<ApiState>) -> Result<Json<ApprovalList>, ApiError> {
    let snapshot = published(&state)?;
    let approvals = snapshot.views().flat_map(|(_, view)| of_service(&view, snapshot.at)).collect();
    Ok(Json(ApprovalList { approvals }))
}

pub(super) async fn one(
    State(state): State<ApiState>,
    Path(id): Path<String>,
) -> Result<Json<ApprovalOutcome>, ApiError> {
    let id = parsed(&id)?;
    Ok(Json(outcome(&id, &rows(&state, &id).await?)?))
}

pub(super) async fn approve(
    State(state): State<ApiState>,
    caller: Caller,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<AnswerRequest>,
) -> Result<(StatusCode, Json<Accepted>), ApiError> {
    let id = parsed(&id)?;
    answer(&state, &id, Command::Approve { approval: id.clone() }, caller, &body).await
}

pub(super) async fn decline(
    State(state): State<ApiState>,
    caller: Caller,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<AnswerRequest>,
) -> Result<(StatusCode, Json<Accepted>), ApiError> {
    let id = parsed(&id)?;
    answer(&state, &id, Command::Decline { approval: id.clone() }, caller, &body).await
}

/// What a service has waiting.
pub(crate) fn waiting(view: &ServiceView) -> &[Approval] {
    view.memory.saga().map(dns_core::saga::Saga::approvals).unwrap_or_default()
}

/// What an order that waits is answered with.
pub(super) fn awaiting(awaiting: &Awaiting) -> AwaitingApproval {
    let Awaiting { id, within, why } = awaiting;
    AwaitingApproval {
        approval: id.to_string(),
        href: format!("/api/v1/approvals/{id}"),
        why: why.clone(),
        lapses_in_ms: u64::try_from(within.as_millis()).unwrap_or(u64::MAX),
    }
}

async fn answer(
    state: &ApiState,
    id: &ApprovalId,
    command: Command,
    caller: Caller,
    body: &AnswerRequest,
) -> Result<(StatusCode, Json<Accepted>), ApiError> {
    let reason = checked_reason(&body.reason)?;
    let known = outcome(id, &rows(state, id).await?)?;
    if known.status != ApprovalStatus::Waiting {
        let detail = format!("nothing waits as {id} any more: {}", known.summary);
        return Err(ApiError::refused(detail, Vec::new()));
    }
    let approves = matches!(command, Command::Approve { .. });
    let service: ServiceName =
        known.service.parse().map_err(|_| ApiError::internal("the history names a service that is no name"))?;
    let outcome = ordered(state, &service, Order::new(command, caller.name, reason)).await?;
    let decision = match outcome {
        Outcome::Taken(decision) => decision.map(String::from),
        Outcome::Awaits(_) => return Err(ApiError::internal("the answer to an approval waits for an approval")),
    };
    let message = match (approves, &decision) {
        (true, Some(_)) => format!("approved: what was ordered of `{service}` was decided"),
        (true, None) => format!("approved, for `{service}`; nothing had to be written"),
        (false, _) => format!("declined: nothing was done to `{service}`"),
    };
    let status = if decision.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
    let href = decision.as_ref().map(|decision| format!("/api/v1/decisions/{decision}"));
    Ok((status, Json(Accepted { decision, href, message, awaiting_approval: None })))
}

fn parsed(id: &str) -> Result<ApprovalId, ApiError> {
    id.parse().map_err(|_| unknown(id))
}

fn unknown(id: &str) -> ApiError {
    ApiError::not_found(format!("nothing has waited for a second person as `{id}`"))
        .hint("`dns-admin approve --list` names what does")
}

async fn rows(state: &ApiState, id: &ApprovalId) -> Result<Vec<HistoryEntry>, ApiError> {
    let query = HistoryQuery { decision: Some(id.in_history().clone()), limit: ROWS_MAX, ..HistoryQuery::default() };
    let rows = state.store.history(&query).await.map_err(|error| ApiError::unavailable(one_line(&error)))?;
    Ok(rows.into_iter().map(|row| row.entry).collect())
}

fn outcome(id: &ApprovalId, rows: &[HistoryEntry]) -> Result<ApprovalOutcome, ApiError> {
    let telling = rows.iter().rev().find_map(|row| Some((status(row.kind)?, row)));
    let (status, row) = telling.ok_or_else(|| unknown(&id.to_string()))?;
    Ok(ApprovalOutcome {
        approval: id.to_string(),
        service: row.service.to_string(),
        status,
        summary: row.summary.clone(),
        decision: row.details["decision"].as_str().map(str::to_owned),
    })
}

fn status(kind: HistoryKind) -> Option<ApprovalStatus> {
    const TELLING: [(HistoryKind, ApprovalStatus); 4] = [
        (HistoryKind::ApprovalAsked, ApprovalStatus::Waiting),
        (HistoryKind::Approved, ApprovalStatus::Approved),
        (HistoryKind::Declined, ApprovalStatus::Declined),
        (HistoryKind::ApprovalLapsed, ApprovalStatus::Lapsed),
    ];
    TELLING.iter().find(|(known, _)| *known == kind).map(|(_, status)| *status)
}

/// What a service has waiting, as the API tells it.
pub(crate) fn of_service(view: &ServiceView, now: Timestamp) -> Vec<ApprovalReport> {
    let millis = |length: std::time::Duration| u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
    let report = |approval: &Approval| ApprovalReport {
        approval: approval.id.to_string(),
        service: view.service.name.to_string(),
        what: approval.words(),
        asked_by: approval.asked_by().to_string(),
        reason: approval.reason().to_owned(),
        why: approval.why.clone(),
        age_ms: millis(now.since(approval.asked)),
        lapses_in_ms: approval.until.map(|until| millis(until.since(now))),
    };
    waiting(view).iter().map(report).collect()
}
