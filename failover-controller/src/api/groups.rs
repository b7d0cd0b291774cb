//! Groups: how they stand, and orders for all of their members.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use dns_api::command::{Accepted, BulkAccepted, FailoverRequest, PauseRequest, ReasonedRequest};
use dns_api::group::{GroupList, GroupMemberReport, GroupReport};
use dns_core::companion::Stance;
use dns_core::fence::DecisionId;
use dns_core::group::{Group, Member};
use dns_core::identifier::{RegionName, ServiceName};
use dns_core::machine::command::{Command, Order};
use dns_core::machine::memory::LastMove;
use dns_service::auth::Caller;
use dns_service::http::{ApiError, JsonBody};

use super::orders::{Outcome, Scope, accepted, give_all, ordered, pause_order, reasoned};
use super::{ApiState, published, report};
use crate::attention::concerns;
use crate::engine::snapshot::{ServiceView, Snapshot};

type Answer = Result<(StatusCode, Json<Accepted>), ApiError>;

pub(super) async fn groups(State(state): State<ApiState>) -> Result<Json<GroupList>, ApiError> {
    let snapshot = published(&state)?;
    Ok(Json(GroupList { groups: state.groups.iter().map(|group| report_of(group, &snapshot)).collect() }))
}

pub(super) async fn failover(
    State(state): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    JsonBody(body): JsonBody<FailoverRequest>,
) -> Answer {
    let group = named(&state, &name)?;
    let FailoverRequest { to, reason, overrides, override_for_secs } = body;
    let body = ReasonedRequest { reason, overrides, override_for_secs };
    let order = reasoned(Command::LeadGroup { to: to.clone() }, caller.name, body)?;
    lead(&state, &group, &to, order).await
}

pub(super) async fn failback(
    State(state): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    JsonBody(body): JsonBody<ReasonedRequest>,
) -> Answer {
    let group = named(&state, &name)?;
    let snapshot = published(&state)?;
    let view = group.names().find_map(|name| snapshot.view(name));
    let to = view.map(|view| view.service.preferred().clone());
    let to = to.ok_or_else(|| ApiError::unavailable("its services are still loading"))?;
    let order = reasoned(Command::LeadGroup { to: to.clone() }, caller.name, body)?;
    lead(&state, &group, &to, order).await
}

pub(super) async fn pause(
    State(state): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    JsonBody(body): JsonBody<PauseRequest>,
) -> Result<Json<BulkAccepted>, ApiError> {
    let group = named(&state, &name)?;
    let order = pause_order(&state, caller.name, body)?;
    Ok(Json(give_all(&state, &order, &Scope::Group(&group)).await?))
}

pub(super) async fn resume(
    State(state): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    JsonBody(body): JsonBody<ReasonedRequest>,
) -> Result<Json<BulkAccepted>, ApiError> {
    let group = named(&state, &name)?;
    let order = reasoned(Command::Resume, caller.name, body)?;
    Ok(Json(give_all(&state, &order, &Scope::Group(&group)).await?))
}

fn named(state: &ApiState, name: &str) -> Result<Arc<Group>, ApiError> {
    let found = state.groups.iter().find(|group| group.name.as_str() == name);
    let no_group =
        || ApiError::not_found(format!("there is no group `{name}`")).hint("`dns-admin group status` lists them");
    found.cloned().ok_or_else(no_group)
}

/// The first that is elsewhere decides for the group; the others come after it.
async fn lead(state: &ApiState, group: &Group, to: &RegionName, order: Order) -> Answer {
    let snapshot = published(state)?;
    let is_elsewhere = |name: &&ServiceName| snapshot.view(name).is_none_or(|view| view.memory.active() != Some(to));
    let Some(first) = group.names().find(is_elsewhere) else {
        let detail = format!("all of group `{}` is in region `{to}` already", group.name);
        return Err(ApiError::refused(detail, Vec::new()));
    };
    let outcome = ordered(state, first, order.clone()).await?;
    let Outcome::Taken(decision) = outcome else {
        let (status, accepted) = accepted(&order.command, first, outcome);
        return Ok((status, Json(accepted)));
    };
    let message = format!(
        "the move of group `{}` to `{to}` was decided, `{first}` goes first; `dns-admin group status` shows how far it is",
        group.name
    );
    let href = decision.as_ref().map(|decision| format!("/api/v1/decisions/{decision}"));
    Ok((
        StatusCode::ACCEPTED,
        Json(Accepted { decision: decision.map(Into::into), href, message, awaiting_approval: None }),
    ))
}

/// A member with where it stands.
struct Standing<'a> {
    member: &'a Member,
    view: Option<Arc<ServiceView>>,
    stance: Stance,
}

impl Standing<'_> {
    /// The group's decision that brought it to where it is.
    fn came_by(&self, group: &Group) -> Option<(DecisionId, &LastMove)> {
        let last = self.stance.last_move()?;
        let with = last.group.as_ref().filter(|with| with.group == group.name)?;
        Some((with.decision_of(&last.plan), last))
    }
}

fn report_of(group: &Group, snapshot: &Snapshot) -> GroupReport {
    let standing = |member| {
        let view = snapshot.view(&member_name(member));
        let saga = view.as_ref().and_then(|view| Some((view.memory.saga()?, &view.service)));
        let stance = saga.map(|(saga, lead)| Stance::of(saga, lead, snapshot.at)).unwrap_or_default();
        Standing { member, view, stance }
    };
    let all: Vec<Standing<'_>> = group.members.iter().map(standing).collect();
    let first = all.first().and_then(|one| one.stance.active());
    let together = first.filter(|first| all.iter().all(|one| one.stance.active() == Some(*first)));
    let under_way = under_way(group, &all);
    GroupReport {
        name: group.name.to_string(),
        move_when: group.move_when.to_string(),
        active: together.map(ToString::to_string),
        decision: under_way.as_ref().map(|(decision, _)| decision.to_string()),
        summary: summary(&all, together, under_way.as_ref()),
        members: all.iter().map(|one| member_report(one, group)).collect(),
    }
}

fn member_name(member: &Member) -> ServiceName {
    member.service.clone()
}

/// The newest decision of the group that some of those that it names have yet to come along with, and where to.
fn under_way(group: &Group, all: &[Standing<'_>]) -> Option<(DecisionId, RegionName)> {
    let moves = all.iter().filter_map(|one| Some((one.came_by(group)?, one.stance.active()?)));
    let ((decision, last), to) = moves.max_by(|((one, _), _), ((other, _), _)| one.cmp(other))?;
    let names = last.group.as_ref().map(|with| with.members.as_slice()).unwrap_or_default();
    let is_due = |one: &&Standing<'_>| {
        let is_older = one.stance.plan().is_none_or(|plan| *plan <= decision);
        names.contains(&one.member.service) && one.stance.active() != Some(to) && is_older
    };
    let waits = all.iter().any(|one| is_due(&one))
        || all.iter().any(|one| names.contains(&one.member.service) && !one.stance.has_arrived());
    waits.then(|| (decision, to.clone()))
}

fn summary(
    all: &[Standing<'_>],
    together: Option<&RegionName>,
    under_way: Option<&(DecisionId, RegionName)>,
) -> String {
    if let Some((_, to)) = under_way {
        let there = all.iter().filter(|one| one.stance.active() == Some(to) && one.stance.has_arrived()).count();
        return format!("on its way to `{to}`: {there} of {} have arrived", all.len());
    }
    if let Some(region) = together {
        return format!("all of it is in `{region}`");
    }
    let place = |one: &Standing<'_>| {
        let active = one.stance.active().map_or("nowhere that is known".to_owned(), |active| format!("in `{active}`"));
        format!("`{}` {active}", one.member.service)
    };
    format!("it is split: {}", all.iter().map(place).collect::<Vec<_>>().join(", "))
}

fn member_report(one: &Standing<'_>, group: &Group) -> GroupMemberReport {
    let held = one.view.as_ref().and_then(|view| view.memory.hold()).and_then(|hold| hold.rejections.first());
    let pause = one.view.as_ref().and_then(|view| view.here().find_map(|here| here.memory.pause()));
    GroupMemberReport {
        service: one.member.service.to_string(),
        active: one.stance.active().map(ToString::to_string),
        state: one.view.as_ref().map_or("not loaded", |view| view.state.as_str()).to_owned(),
        arrived: one.stance.has_arrived(),
        after: one.member.after.iter().map(ToString::to_string).collect(),
        decision: one.came_by(group).map(|(decision, _)| decision.to_string()),
        held: held.map(|rejection| format!("{}: {}", rejection.rule, rejection.reason)),
        pause: pause.map(report::pause),
        page: one.view.as_ref().is_some_and(|view| concerns(view).iter().any(|concern| concern.page)),
    }
}
