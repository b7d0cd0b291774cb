//! Drills: begin and stop them, read what they have come to, and the report of measured recovery times.
//!
//! How long a way took is not kept: it is read from the rows that its moves left in the history.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use dns_api::drill::{
    DrillList, DrillReport, DrillRequest, DrillStopRequest, RecoveryReport, ServiceRecovery, SpreadReport, WayReport,
};
use dns_api::problem::RejectionReport;
use dns_core::drill::measure::{self, Journey, Stages, journeys};
use dns_core::drill::report::{Spread, Spreads, Summary};
use dns_core::drill::{Drill, Method, STAY_DEFAULT, STAY_MAX, Stage};
use dns_core::fence::DecisionId;
use dns_core::history::HistoryEntry;
use dns_core::identifier::ServiceName;
use dns_core::time::Timestamp;
use dns_service::auth::Caller;
use dns_service::exit::one_line;
use dns_service::http::{ApiError, Arguments, JsonBody};
use dns_store::port::{DrillQuery, HistoryQuery, Position, StoredDrill};
use serde::Deserialize;

use super::observations::{PAGE, READ_WITHIN, ROWS_MAX, read, too_slow};
use super::orders::checked_reason;
use super::report::{rejections, rfc3339};
use super::{ApiState, no_service, published};
use crate::drills::{Refused, Wanted};

/// Drills that a list has unless it is asked for more.
const LISTED_DEFAULT: u32 = 50;
/// The most that a list has.
const LISTED_MAX: u32 = 1000;

/// Drills that a report is made of, at the most.
const REPORTED_MAX: u32 = 10_000;

/// How far back a report goes unless it is asked for less: auditors ask for a year.
const SINCE_DEFAULT: Duration = Duration::from_hours(365 * 24);

type Begun = Result<(StatusCode, Json<DrillReport>), ApiError>;

/// Query of a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ListArguments {
    limit: Option<u32>,
}

/// Query of the report.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ReportArguments {
    service: Option<String>,
    since_secs: Option<u64>,
}

pub(super) async fn begin(
    State(state): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    JsonBody(body): JsonBody<DrillRequest>,
) -> Begun {
    let DrillRequest { to, stay_secs, reason, no_injection } = body;
    let service: ServiceName = name.parse().map_err(|_| no_service(&name))?;
    let stay = stay_secs.map_or(STAY_DEFAULT, Duration::from_secs);
    if stay > STAY_MAX {
        let detail = format!("`staySecs` must be at most {}", STAY_MAX.as_secs());
        return Err(ApiError::bad_request(detail).hint("for longer, order a failover"));
    }
    let wanted = Wanted {
        service,
        to,
        by: caller.name,
        reason: checked_reason(&reason)?,
        stay,
        method: if no_injection { Method::Ordered } else { Method::Injected },
        schedule: None,
    };
    let begun = state.drills.begin(wanted).await.map_err(|refused| problem("drill", &name, refused))?;
    Ok((StatusCode::ACCEPTED, Json(report_of(&begun, &[]))))
}

pub(super) async fn stop(
    State(state): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    JsonBody(DrillStopRequest {}): JsonBody<DrillStopRequest>,
) -> Begun {
    let service: ServiceName = name.parse().map_err(|_| no_service(&name))?;
    let stopped = state.drills.stop(service, caller.name).await;
    let stopped = stopped.map_err(|refused| problem("stop of a drill", &name, refused))?;
    Ok((StatusCode::ACCEPTED, Json(report_of(&stopped, &[]))))
}

fn problem(what: &str, name: &str, refused: Refused) -> ApiError {
    match refused {
        Refused::NoService => no_service(name),
        Refused::Objection(why) => ApiError::refused(format!("{what} of `{name}`: {why}"), Vec::new()),
        Refused::Unavailable(why) => ApiError::unavailable(why),
        Refused::Kernel(all) => {
            let detail =
                format!("the failover that the {what} of `{name}` tries would be refused by the safety kernel");
            // A drill overrides nothing.
            let told = rejections(&all).into_iter().map(|one| RejectionReport { overridable: false, ..one });
            ApiError::refused(detail, told.collect()).hint("a drill waits for a calm moment, and overrides no rule")
        }
    }
}

pub(super) async fn of_service(
    State(state): State<ApiState>,
    Path(name): Path<String>,
    Arguments(arguments): Arguments<ListArguments>,
) -> Result<Json<DrillList>, ApiError> {
    let service: ServiceName = name.parse().map_err(|_| no_service(&name))?;
    let listed = list(&state, Some(service.clone()), &arguments).await?;
    if listed.drills.is_empty() && !published(&state)?.services.contains_key(&service) {
        return Err(no_service(&name));
    }
    Ok(Json(listed))
}

pub(super) async fn all(
    State(state): State<ApiState>,
    Arguments(arguments): Arguments<ListArguments>,
) -> Result<Json<DrillList>, ApiError> {
    Ok(Json(list(&state, None, &arguments).await?))
}

async fn list(
    state: &ApiState,
    service: Option<ServiceName>,
    arguments: &ListArguments,
) -> Result<DrillList, ApiError> {
    let limit = arguments.limit.unwrap_or(LISTED_DEFAULT).clamp(1, LISTED_MAX);
    let drills = drills(state, DrillQuery { service: service.clone(), limit, ..DrillQuery::default() }).await?;
    let Some(oldest) = drills.iter().map(|drill| drill.begun).min() else { return Ok(DrillList { drills: vec![] }) };
    let moves = moves(state, service, oldest).await?.0;
    Ok(DrillList { drills: drills.iter().map(|drill| report_of(drill, &moves)).collect() })
}

pub(super) async fn one(State(state): State<ApiState>, Path(id): Path<String>) -> Result<Json<DrillReport>, ApiError> {
    let unknown = || ApiError::not_found(format!("there is no drill `{id}`")).hint("`dns-admin drill list` lists them");
    let query = DrillQuery { id: Some(id.parse().map_err(|_| unknown())?), limit: 1, ..DrillQuery::default() };
    let drill = drills(&state, query).await?.pop().ok_or_else(unknown)?;
    let moves = moves(&state, Some(drill.service.clone()), drill.begun).await?.0;
    Ok(Json(report_of(&drill, &moves)))
}

pub(super) async fn report(
    State(state): State<ApiState>,
    Arguments(arguments): Arguments<ReportArguments>,
) -> Result<Json<RecoveryReport>, ApiError> {
    let ReportArguments { service, since_secs } = arguments;
    let service = service.map(|name| ServiceName::new(name.as_str()).map_err(|_| no_service(&name))).transpose()?;
    let snapshot = published(&state)?;
    let since = snapshot.at.before(since_secs.map_or(SINCE_DEFAULT, Duration::from_secs));
    let query =
        DrillQuery { service: service.clone(), since: Some(since), limit: REPORTED_MAX, ..DrillQuery::default() };
    let drills = drills(&state, query).await?;
    let (moves, incomplete) = moves(&state, service.clone(), since).await?;
    let configured = snapshot.services.keys().filter(|name| service.as_ref().is_none_or(|only| only == *name));
    let told = drills.iter().map(|drill| &drill.service).chain(moves.iter().map(|journey| &journey.service));
    let names: BTreeSet<&ServiceName> = configured.chain(told).collect();
    if let Some(name) = service.as_ref().filter(|_| names.is_empty()) {
        return Err(no_service(name.as_str()));
    }
    let objective = |name| snapshot.view(name)?.service.policy.recovery_time_objective;
    let services = names.into_iter().map(|name| recovery(name, &drills, &moves, objective(name))).collect();
    Ok(Json(RecoveryReport { since: rfc3339(since), until: rfc3339(snapshot.at), services, incomplete }))
}

async fn drills(state: &ApiState, query: DrillQuery) -> Result<Vec<Drill>, ApiError> {
    let stored = state.store.drills(&query).await.map_err(|error| {
        ApiError::unavailable(one_line(&error)).hint("drills are in the store; failover works on, see /readyz")
    })?;
    // One that a newer program has written says nothing here.
    Ok(stored.iter().filter_map(|StoredDrill { body, .. }| Drill::from_text(body).ok()).collect())
}

/// The moves since then, and whether there are more than can be read.
async fn moves(
    state: &ApiState,
    service: Option<ServiceName>,
    since: Timestamp,
) -> Result<(Vec<Journey>, bool), ApiError> {
    let query = HistoryQuery {
        service,
        kinds: measure::KINDS.to_vec(),
        since: Some(since),
        after: Some(Position::default()),
        limit: PAGE,
        ..HistoryQuery::default()
    };
    let reading = read(&*state.store, query, ROWS_MAX);
    let rows: Vec<HistoryEntry> = tokio::time::timeout(READ_WITHIN, reading).await.map_err(|_late| too_slow())??;
    Ok((journeys(&rows), rows.len() >= ROWS_MAX))
}

fn report_of(drill: &Drill, moves: &[Journey]) -> DrillReport {
    let way = |decision: Option<&DecisionId>, failure: Option<Timestamp>| {
        let decision = decision?;
        let journey = moves.iter().find(|journey| journey.decision == *decision);
        Some(way_report(decision, journey.map(|journey| journey.stages(failure)).unwrap_or_default()))
    };
    let why = match &drill.stage {
        Stage::Ended { why, .. } => Some(why.clone()),
        Stage::Begun | Stage::Injected | Stage::Away | Stage::Returning => None,
    };
    DrillReport {
        id: drill.id.to_string(),
        service: drill.service.to_string(),
        from: drill.from.to_string(),
        to: drill.to.to_string(),
        method: drill.method.as_str().to_owned(),
        by: drill.by.to_string(),
        reason: drill.reason.clone(),
        schedule: drill.schedule.clone(),
        stay_ms: ms(drill.stay),
        begun: rfc3339(drill.begun),
        stage: drill.stage.as_str().to_owned(),
        since: rfc3339(drill.since),
        outcome: drill.outcome().map(|outcome| outcome.to_string()),
        why,
        held: drill.held.clone(),
        away: way(drill.away.as_ref(), drill.injected),
        back: way(drill.back.as_ref(), None),
    }
}

fn way_report(decision: &DecisionId, stages: Stages) -> WayReport {
    let Stages { detection, decision: decided, write, propagation, drain, total } = stages;
    WayReport {
        decision: decision.to_string(),
        detection_ms: detection.map(ms),
        decision_ms: decided.map(ms),
        write_ms: write.map(ms),
        propagation_ms: propagation.map(ms),
        drain_ms: drain.map(ms),
        total_ms: total.map(ms),
    }
}

fn recovery(name: &ServiceName, drills: &[Drill], moves: &[Journey], objective: Option<Duration>) -> ServiceRecovery {
    let drills: Vec<Drill> = drills.iter().filter(|drill| drill.service == *name).cloned().collect();
    let moves: Vec<Journey> = moves.iter().filter(|journey| journey.service == *name).cloned().collect();
    let Summary { drills, completed, failovers, measured, last, succeeded: _ } = Summary::of(&drills, &moves);
    let Spreads { detection, decision, write, propagation, drain, recovery } = measured;
    ServiceRecovery {
        service: name.to_string(),
        drills,
        completed,
        failovers,
        recovery: recovery.map(spread),
        detection: detection.map(spread),
        decision: decision.map(spread),
        write: write.map(spread),
        propagation: propagation.map(spread),
        drain: drain.map(spread),
        last_drill: last.map(|(at, _)| rfc3339(at)),
        last_outcome: last.map(|(_, outcome)| outcome.to_string()),
        objective_ms: objective.map(ms),
        within_objective: objective.zip(recovery).map(|(objective, recovery)| recovery.worst <= objective),
    }
}

fn spread(spread: Spread) -> SpreadReport {
    let Spread { count, median, worst, last } = spread;
    SpreadReport { count, median_ms: ms(median), worst_ms: ms(worst), last_ms: ms(last) }
}

fn ms(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}
