//! Reading calls.

use axum::Json;
use axum::extract::{Path, State};
use dns_api::command::{DecisionReport, DecisionStatus};
use dns_api::history::{HistoryPage, HistoryRowReport};
use dns_api::status::{ServiceDetail, StatusReport};
use dns_core::fence::DecisionId;
use dns_core::history::{HistoryEntry, HistoryKind};
use dns_core::identifier::ServiceName;
use dns_service::exit::one_line;
use dns_service::http::{ApiError, Arguments};
use dns_store::port::{HistoryQuery, HistoryRow, Position, StoreError};
use serde::Deserialize;

use super::{ApiState, explanations, no_service, published, report};

/// Rows of history that one call returns without a limit of its own.
const ROWS_DEFAULT: u32 = 100;
/// The most that one call returns: enough for a day of trouble, small enough to render.
const ROWS_MAX: u32 = 1000;

/// Query of `GET /api/v1/history`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct HistoryArguments {
    service: Option<String>,
    after: Option<u64>,
    limit: Option<u32>,
}

pub(super) async fn services(State(state): State<ApiState>) -> Result<Json<StatusReport>, ApiError> {
    Ok(Json(report::status(&*published(&state)?)))
}

pub(super) async fn service(
    State(state): State<ApiState>,
    Path(name): Path<String>,
) -> Result<Json<ServiceDetail>, ApiError> {
    let snapshot = published(&state)?;
    let found = snapshot.services.iter().find(|(known, _)| known.as_str() == name);
    let found = found.map(|(known, shown)| (known, snapshot.whole(shown)));
    let (_, view) = found.ok_or_else(|| no_service(&name))?;
    Ok(Json(report::detail(&view, snapshot.at)))
}

pub(super) async fn history(
    State(state): State<ApiState>,
    Arguments(arguments): Arguments<HistoryArguments>,
) -> Result<Json<HistoryPage>, ApiError> {
    let HistoryArguments { service, after, limit } = arguments;
    let service = service.map(|name| ServiceName::new(name.as_str()).map_err(|_| no_service(&name))).transpose()?;
    let asked_for = service.clone();
    let limit = limit.unwrap_or(ROWS_DEFAULT).clamp(1, ROWS_MAX);
    let query = HistoryQuery { service, after: after.map(Position), limit, ..HistoryQuery::default() };
    let rows = state.store.history(&query).await.map_err(|error| unavailable(&error))?;
    // A service that left the configuration keeps its history; a name that was never one is a typing mistake.
    if let Some(name) = asked_for.filter(|_| rows.is_empty() && after.is_none())
        && !published(&state)?.services.contains_key(&name)
    {
        return Err(no_service(name.as_str()));
    }
    Ok(Json(HistoryPage { rows: rows.into_iter().map(row).collect() }))
}

pub(super) async fn decision(
    State(state): State<ApiState>,
    Path(id): Path<String>,
) -> Result<Json<DecisionReport>, ApiError> {
    let unknown = || ApiError::not_found(format!("there is no decision `{id}`"));
    let decision: DecisionId = id.parse().map_err(|_| unknown())?;
    let query = HistoryQuery { decision: Some(decision), limit: ROWS_MAX, ..HistoryQuery::default() };
    let rows = state.store.history(&query).await.map_err(|error| unavailable(&error))?;
    let service = rows.first().map(|row| row.entry.service.to_string()).ok_or_else(unknown)?;
    let status = status(&rows);
    let entries: Vec<HistoryEntry> = rows.iter().map(|row| row.entry.clone()).collect();
    let story = explanations::sentences(&dns_core::explain::story(&entries));
    Ok(Json(DecisionReport { decision: id, service, status, rows: rows.into_iter().map(row).collect(), story }))
}

fn unavailable(error: &StoreError) -> ApiError {
    ApiError::unavailable(one_line(error)).hint("history is in the store; failover works on, see /readyz")
}

/// The last telling row says how a decision stands.
fn status(rows: &[HistoryRow]) -> DecisionStatus {
    let telling = rows.iter().rev().find_map(|row| match row.entry.kind {
        // What an approval has led to is a decision of its own.
        HistoryKind::Verified | HistoryKind::Approved => Some(DecisionStatus::Done),
        HistoryKind::Unverified => Some(DecisionStatus::Unverified),
        HistoryKind::Applied | HistoryKind::Imported => Some(DecisionStatus::Written),
        HistoryKind::Expired
        | HistoryKind::Conflicted
        | HistoryKind::Denied
        | HistoryKind::Unreachable
        | HistoryKind::Burned
        | HistoryKind::Declined
        | HistoryKind::ApprovalLapsed => Some(DecisionStatus::Ended),
        HistoryKind::StateChanged
        | HistoryKind::ApprovalAsked
        | HistoryKind::Decided
        | HistoryKind::WouldMove
        | HistoryKind::Held
        | HistoryKind::Unheld
        | HistoryKind::Permitted
        | HistoryKind::OutcomeUnknown
        | HistoryKind::Drained
        | HistoryKind::StandbyUnready
        | HistoryKind::StandbyReady
        | HistoryKind::DrillBegun
        | HistoryKind::DrillEnded
        | HistoryKind::DrillSkipped
        | HistoryKind::DrillOverdue
        | HistoryKind::Followed
        | HistoryKind::FenceLost
        | HistoryKind::Split
        | HistoryKind::ForeignChange
        | HistoryKind::ForeignChangeEnded
        | HistoryKind::Unreadable
        | HistoryKind::ReadableAgain
        | HistoryKind::Paused
        | HistoryKind::Resumed
        | HistoryKind::EvacuationStarted
        | HistoryKind::EvacuationStopped
        | HistoryKind::EvacuationResumed
        | HistoryKind::EvacuationEnded => None,
    });
    telling.unwrap_or(DecisionStatus::Open)
}

fn row(row: HistoryRow) -> HistoryRowReport {
    let HistoryRow { position, entry } = row;
    HistoryRowReport {
        position: position.0,
        at: report::rfc3339(entry.at),
        service: entry.service.to_string(),
        kind: entry.kind.to_string(),
        decision: entry.decision.map(String::from),
        summary: entry.summary,
        page: entry.page,
        details: entry.details.into_value(),
    }
}
