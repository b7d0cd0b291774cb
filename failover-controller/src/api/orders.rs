//! Writing calls: each becomes an order to the engine. That the caller may write was checked before, by the method.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use dns_api::command::{Accepted, BulkAccepted, BulkResult, FailoverRequest, PauseRequest, ReasonedRequest};
use dns_core::approval::Awaiting;
use dns_core::fence::{DecisionId, Pause};
use dns_core::group::Group;
use dns_core::identifier::ServiceName;
use dns_core::kernel::Rule;
use dns_core::machine::command::{Command, Order};
use dns_core::machine::effect::Refusal;
use dns_core::overriding::OverrideTerm;
use dns_service::auth::Caller;
use dns_service::http::{ApiError, JsonBody};

use super::{ApiState, approvals, no_service, published, report};
use crate::engine::handle::{Message, OrderAnswer};
use crate::engine::snapshot::Snapshot;

/// The longest reason, in bytes: it stands in history, logs and, cut, in the fence.
const REASON_BYTES_MAX: usize = 500;

/// The longest pause with an end: a year. Longer ones are meant to be open.
const PAUSE_SECS_MAX: u64 = 366 * 24 * 3600;

type Answer = Result<(StatusCode, Json<Accepted>), ApiError>;

pub(super) async fn failover(
    State(state): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    JsonBody(body): JsonBody<FailoverRequest>,
) -> Answer {
    let FailoverRequest { to, reason, overrides, override_for_secs } = body;
    let body = ReasonedRequest { reason, overrides, override_for_secs };
    give(&state, &name, reasoned(Command::Failover { to }, caller.name, body)?).await
}

pub(super) async fn failback(
    State(state): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    JsonBody(body): JsonBody<ReasonedRequest>,
) -> Answer {
    give(&state, &name, reasoned(Command::Failback, caller.name, body)?).await
}

pub(super) async fn adopt(
    State(state): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    JsonBody(body): JsonBody<ReasonedRequest>,
) -> Answer {
    give(&state, &name, reasoned(Command::Adopt, caller.name, body)?).await
}

pub(super) async fn release(
    State(state): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    JsonBody(body): JsonBody<ReasonedRequest>,
) -> Answer {
    give(&state, &name, reasoned(Command::Release, caller.name, body)?).await
}

pub(super) async fn resume(
    State(state): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    JsonBody(body): JsonBody<ReasonedRequest>,
) -> Answer {
    give(&state, &name, reasoned(Command::Resume, caller.name, body)?).await
}

pub(super) async fn pause(
    State(state): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    JsonBody(body): JsonBody<PauseRequest>,
) -> Answer {
    let order = pause_order(&state, caller.name, body)?;
    give(&state, &name, order).await
}

pub(super) async fn pause_all(
    State(state): State<ApiState>,
    caller: Caller,
    JsonBody(body): JsonBody<PauseRequest>,
) -> Result<Json<BulkAccepted>, ApiError> {
    let order = pause_order(&state, caller.name, body)?;
    Ok(Json(give_all(&state, &order, &Scope::All).await?))
}

pub(super) async fn resume_all(
    State(state): State<ApiState>,
    caller: Caller,
    JsonBody(body): JsonBody<ReasonedRequest>,
) -> Result<Json<BulkAccepted>, ApiError> {
    let order = reasoned(Command::Resume, caller.name, body)?;
    Ok(Json(give_all(&state, &order, &Scope::All).await?))
}

pub(super) fn pause_order(
    state: &ApiState,
    by: dns_core::identifier::Actor,
    body: PauseRequest,
) -> Result<Order, ApiError> {
    let PauseRequest { reason, for_secs } = body;
    if for_secs.is_some_and(|secs| secs == 0 || secs > PAUSE_SECS_MAX) {
        let detail = format!("`forSecs` must be 1 to {PAUSE_SECS_MAX}");
        return Err(ApiError::bad_request(detail).hint("leave it out to pause until someone resumes"));
    }
    let until = for_secs.map(|secs| state.clock.now() + Duration::from_secs(secs));
    Ok(Order::new(Command::Pause { until }, by, checked_reason(&reason)?))
}

pub(super) fn reasoned(
    command: Command,
    by: dns_core::identifier::Actor,
    body: ReasonedRequest,
) -> Result<Order, ApiError> {
    let ReasonedRequest { reason, overrides, override_for_secs } = body;
    let override_for = override_for_secs.map(Duration::from_secs);
    if override_for.is_some_and(|length| length.is_zero() || length > OverrideTerm::LONGEST_MAX) {
        let detail = format!("`overrideForSecs` must be 1 to {}", OverrideTerm::LONGEST_MAX.as_secs());
        return Err(ApiError::bad_request(detail).hint("leave it out for as long as the service's policy says"));
    }
    let order = Order::new(command, by, checked_reason(&reason)?);
    Ok(Order { overrides: rules(&overrides)?, override_for, ..order })
}

/// A reason is for whoever reads the history at night: one line, not empty.
pub(super) fn checked_reason(reason: &str) -> Result<String, ApiError> {
    let reason = reason.trim();
    if reason.is_empty() || reason.len() > REASON_BYTES_MAX || reason.chars().any(char::is_control) {
        let detail = format!("`reason` must be one line of 1 to {REASON_BYTES_MAX} bytes");
        return Err(ApiError::bad_request(detail).hint("say why: it is kept in history and fence"));
    }
    Ok(reason.to_owned())
}

pub(super) fn rules(names: &[String]) -> Result<Vec<Rule>, ApiError> {
    let overridable: Vec<&str> =
        Rule::ALL.iter().filter(|rule| rule.is_overridable()).map(|rule| rule.as_str()).collect();
    let rule = |name: &String| match name.parse::<Rule>() {
        Ok(rule) if rule.is_overridable() => Ok(rule),
        Ok(rule) => Err(ApiError::bad_request(format!("rule `{rule}` is never overridden"))),
        Err(error) => Err(ApiError::bad_request(error.to_string())),
    };
    let hint = format!("these can be overridden: {}", overridable.join(", "));
    names.iter().map(rule).collect::<Result<_, _>>().map_err(|error| error.hint(hint))
}

async fn give(state: &ApiState, name: &str, order: Order) -> Answer {
    let service: ServiceName = name.parse().map_err(|_| no_service(name))?;
    let command = order.command.clone();
    let outcome = ordered(state, &service, order).await?;
    let (status, accepted) = accepted(&command, &service, outcome);
    Ok((status, Json(accepted)))
}

/// For whom an order to several services is given. It stands in front of its reason, so that history, fence and status say
/// whose pause it is, and so that ending one scope's pause leaves those of others alone.
pub(super) enum Scope<'a> {
    /// Every service.
    All,
    /// The services of a group.
    Group(&'a Group),
}

impl Scope<'_> {
    fn prefix(&self) -> String {
        match self {
            Self::All => "with all services: ".to_owned(),
            Self::Group(group) => format!("with group `{}`: ", group.name),
        }
    }

    fn services(&self, snapshot: &Snapshot) -> Vec<ServiceName> {
        match self {
            Self::All => snapshot.services.keys().cloned().collect(),
            Self::Group(group) => group.names().cloned().collect(),
        }
    }

    /// Why a service is left as it is: it is paused for another reason, that outlasts this one or that this one must not end.
    fn leaves(&self, command: &Command, pause: &Pause) -> Option<String> {
        if pause.reason.starts_with(&self.prefix()) {
            return None;
        }
        let whose = report::pause(pause);
        match (self, command, pause.until) {
            (_, Command::Pause { .. }, None) => Some(format!("paused already, and left so: {whose}")),
            (_, Command::Pause { until: Some(until) }, Some(end)) if end >= *until => {
                Some(format!("paused for longer already, and left so: {whose}"))
            }
            (Self::Group(_), Command::Resume, _) => {
                Some(format!("left paused, which is not the group's pause: {whose}"))
            }
            // Everything means everything.
            (_, _, _) => None,
        }
    }
}

/// Gives an order to several services, one after the other: each commits for itself, and each has its own result.
pub(super) async fn give_all(state: &ApiState, order: &Order, scope: &Scope<'_>) -> Result<BulkAccepted, ApiError> {
    let snapshot = published(state)?;
    let order = Order { reason: format!("{}{}", scope.prefix(), order.reason), ..order.clone() };
    let mut results = Vec::new();
    for service in scope.services(&snapshot) {
        let view = snapshot.view(&service);
        let pause = view.as_ref().and_then(|view| view.here().find_map(|here| here.memory.pause()));
        let left = pause.and_then(|pause| scope.leaves(&order.command, pause));
        results.push(match left {
            Some(message) => BulkResult { service: service.to_string(), message, decision: None, problem: None },
            None => give_one(state, service, &order).await,
        });
    }
    let refused = results.iter().filter(|result| result.problem.is_some()).count();
    Ok(BulkAccepted { accepted: results.len() - refused, refused, results })
}

async fn give_one(state: &ApiState, service: ServiceName, order: &Order) -> BulkResult {
    match ordered(state, &service, order.clone()).await {
        Ok(outcome) => {
            let (_, Accepted { decision, message, .. }) = accepted(&order.command, &service, outcome);
            BulkResult { service: service.to_string(), message, decision, problem: None }
        }
        Err(error) => {
            let problem = error.problem().clone();
            let message = problem.detail.clone();
            BulkResult { service: service.to_string(), message, decision: None, problem: Some(problem) }
        }
    }
}

pub(super) fn accepted(command: &Command, service: &ServiceName, outcome: Outcome) -> (StatusCode, Accepted) {
    let verb = verb(command);
    let none = |message| Accepted { decision: None, href: None, message, awaiting_approval: None };
    let decision = match outcome {
        Outcome::Taken(Some(decision)) => decision,
        Outcome::Taken(None) => return (StatusCode::OK, none(done(command, service))),
        Outcome::Awaits(awaiting) => {
            let message = format!("{verb} of `{service}` waits for a second person: {}", awaiting.why);
            let awaiting_approval = Some(approvals::awaiting(&awaiting));
            return (StatusCode::ACCEPTED, Accepted { awaiting_approval, ..none(message) });
        }
    };
    let accepted = Accepted {
        href: Some(format!("/api/v1/decisions/{decision}")),
        message: format!("{verb} of `{service}` was decided"),
        decision: Some(decision.into()),
        awaiting_approval: None,
    };
    (StatusCode::ACCEPTED, accepted)
}

/// What an order that writes nothing has brought about, and until when.
fn done(command: &Command, service: &ServiceName) -> String {
    match command {
        Command::Pause { until } => {
            let until = until.map_or_else(|| "someone resumes it".to_owned(), report::rfc3339);
            format!("`{service}` is paused until {until}: automation writes nothing, your orders still do")
        }
        Command::Resume => format!("`{service}` is resumed: automation acts again"),
        Command::Failover { .. }
        | Command::Failback
        | Command::LeadGroup { .. }
        | Command::Evacuate { .. }
        | Command::Drill { .. }
        | Command::Adopt
        | Command::Release
        | Command::Approve { .. }
        | Command::Decline { .. }
        | Command::TellOfMove { .. } => format!("{} of `{service}` is done", verb(command)),
    }
}

fn verb(command: &Command) -> &'static str {
    match command {
        Command::Failover { .. } => "failover",
        Command::Failback => "failback",
        Command::Evacuate { .. } => "evacuation",
        Command::LeadGroup { .. } => "move of the group",
        Command::Drill { .. } => "drill",
        Command::Pause { .. } => "pause",
        Command::Resume => "resume",
        Command::Adopt => "adoption",
        Command::Release => "release",
        Command::Approve { .. } => "approval",
        Command::Decline { .. } => "declining",
        Command::TellOfMove { .. } => "import",
    }
}

/// What an order that was not refused has led to.
pub(super) enum Outcome {
    /// A decision, or something that needs none.
    Taken(Option<DecisionId>),
    /// A second person is asked; nothing is decided.
    Awaits(Awaiting),
}

pub(super) async fn ordered(state: &ApiState, service: &ServiceName, order: Order) -> Result<Outcome, ApiError> {
    let verb = verb(&order.command);
    let name = service.clone();
    let answer = state.engine.ask(|reply| Message::Order(name, order, reply)).await;
    match answer {
        Err(stopped) => Err(ApiError::unavailable(stopped.to_string())),
        Ok(OrderAnswer::Taken(decision)) => Ok(Outcome::Taken(decision)),
        Ok(OrderAnswer::Awaiting(awaiting)) => Ok(Outcome::Awaits(awaiting)),
        Ok(OrderAnswer::NoService) => Err(no_service(service.as_str())),
        Ok(OrderAnswer::StoreFailed(error)) => Err(ApiError::unavailable(format!("nothing was done: {error}"))),
        Ok(OrderAnswer::Refused(refusal)) => Err(refused(verb, service, refusal)),
    }
}

fn refused(verb: &str, service: &ServiceName, refusal: Refusal) -> ApiError {
    match refusal {
        Refusal::Kernel(rejections) => {
            let detail = format!("{verb} of `{service}` was refused by the safety kernel");
            ApiError::refused(detail, report::rejections(&rejections))
        }
        Refusal::Pointless(why) => ApiError::refused(format!("{verb}: {why}"), Vec::new()),
        Refusal::Invalid(why) | Refusal::SecondPerson(why) => {
            ApiError::refused(format!("{verb} of `{service}` is not possible: {why}"), Vec::new())
        }
        Refusal::Unexpected => ApiError::internal(format!("{verb} of `{service}` met a state that does not take it")),
    }
}
