//! Facts that are told afterwards: moves that were made by hand while no controller ran.
//!
//! A fact becomes one row of history and nothing else, but for an acknowledgement that is asked for where the policy wants a
//! second person. What follows from the move, the fence has told already; a controller
//! that acted on a record would replay an effect.

use axum::Json;
use axum::extract::{Path, State};
use dns_api::by_hand::{MoveRecord, VERSION};
use dns_api::command::Accepted;
use dns_core::fence::DecisionId;
use dns_core::history::{HistoryEntry, HistoryKind};
use dns_core::identifier::ServiceName;
use dns_core::machine::command::{Command, Order};
use dns_service::auth::Caller;
use dns_service::http::{ApiError, JsonBody};
use dns_store::port::{HistoryQuery, StoreError};
use serde_json::json;

use super::orders::ordered;
use super::{ApiState, no_service, published};

/// Rows that one decision has at the most, several times over.
const ROWS_MAX: u32 = 100;

pub(super) async fn take_down(
    State(state): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    JsonBody(record): JsonBody<MoveRecord>,
) -> Result<Json<Accepted>, ApiError> {
    let service: ServiceName = name.parse().map_err(|_| no_service(&name))?;
    let snapshot = published(&state)?;
    let view = snapshot.view(&service).ok_or_else(|| no_service(&name))?;
    let decision = checked(&record, &service, view.service.installation.as_str())?;
    let accepted = |message: String| Accepted {
        decision: Some(decision.to_string()),
        href: None,
        message,
        awaiting_approval: None,
    };
    if is_known(&state, &decision).await? {
        return Ok(Json(accepted(format!("history has this move of `{service}` already"))));
    }
    // First what a person has to answer: if the row cannot be written, the import is repeated, and asks for no second one.
    ask_to_acknowledge(&state, &service, &decision, &record, &caller).await?;
    let entry = HistoryEntry {
        at: state.clock.now(),
        service: service.clone(),
        kind: HistoryKind::Imported,
        decision: Some(decision.clone()),
        summary: summary(&record),
        page: false,
        details: json!({ "importedBy": caller.name, "record": record }).into(),
    };
    state.store.append(&entry).await.map_err(|error| unavailable(&error))?;
    Ok(Json(accepted(format!("history has this move of `{service}` now; nothing else was done"))))
}

/// Whoever breaks the glass acts alone. Where the policy wants a second person, one acknowledges it afterwards.
async fn ask_to_acknowledge(
    state: &ApiState,
    service: &ServiceName,
    plan: &DecisionId,
    record: &MoveRecord,
    caller: &Caller,
) -> Result<(), ApiError> {
    let bad = |what: &str, value: &str| ApiError::bad_request(format!("`{value}` in the record is no {what}"));
    let to = record.to.parse().map_err(|_| bad("region's name", &record.to))?;
    let by = record.by.parse().map_err(|_| bad("person's name", &record.by))?;
    let command = Command::TellOfMove { plan: plan.clone(), to, by };
    ordered(state, service, Order::new(command, caller.name.clone(), record.reason.clone())).await.map(drop)
}

/// A record is a file that travelled: it must be of this version, this installation and this service.
fn checked(record: &MoveRecord, service: &ServiceName, installation: &str) -> Result<DecisionId, ApiError> {
    if record.record != VERSION {
        let detail = format!("`{}` is not `{VERSION}`, the version that this controller reads", record.record);
        return Err(ApiError::bad_request(detail));
    }
    if record.installation != installation || record.service != service.as_str() {
        let detail = format!(
            "the record is of service `{}` of installation `{}`, not of `{service}` of `{installation}`",
            record.service, record.installation
        );
        return Err(ApiError::bad_request(detail));
    }
    record.plan.parse().map_err(|_| ApiError::bad_request(format!("`{}` is no plan's id", record.plan)))
}

async fn is_known(state: &ApiState, decision: &DecisionId) -> Result<bool, ApiError> {
    let query = HistoryQuery { decision: Some(decision.clone()), limit: ROWS_MAX, ..HistoryQuery::default() };
    let rows = state.store.history(&query).await.map_err(|error| unavailable(&error))?;
    Ok(rows.iter().any(|row| row.entry.kind == HistoryKind::Imported))
}

fn summary(record: &MoveRecord) -> String {
    let MoveRecord { to, by, reason, at, outcome, places, overrides, .. } = record;
    let applied = places.iter().filter(|place| place.outcome == "applied").count();
    let against = if overrides.is_empty() { String::new() } else { format!(", overriding {}", overrides.join(", ")) };
    format!(
        "moved by break-glass to `{to}` at {at} by `{by}`{against}: {reason} ({outcome}, {applied} of {} places written)",
        places.len()
    )
}

fn unavailable(error: &StoreError) -> ApiError {
    ApiError::unavailable(format!("the record was not imported: {}", dns_service::exit::one_line(error)))
}
