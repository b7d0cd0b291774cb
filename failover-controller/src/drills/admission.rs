//! Whether a drill may begin, and where its service stands.

use std::sync::Arc;

use dns_core::drill::{Drill, Method, Sight, Stage};
use dns_core::fleet::Presence;
use dns_core::identifier::RegionName;
use dns_core::judgement::Health;
use dns_core::kernel::{Rejection, Rule};
use dns_core::saga::{Around, Saga};
use dns_core::service::{Everywhere, Service};
use dns_core::write::{Initiative, WriteKind};

use super::{Refused, Wanted};
use crate::engine::snapshot::{ServiceView, Snapshot};

/// Where an admitted drill goes.
pub(super) struct Admitted {
    pub(super) from: RegionName,
    pub(super) to: RegionName,
}

/// Asks everything that speaks against a drill: a drill waits for a calm moment, since it has the choice.
pub(super) fn admit<'a>(
    wanted: &Wanted,
    snapshot: &Snapshot,
    under_way: impl Iterator<Item = &'a Drill>,
    at_once: usize,
) -> Result<Admitted, Refused> {
    let view = &*snapshot.view(&wanted.service).ok_or(Refused::NoService)?;
    if let Some(fault) = view.fault.as_ref().or(snapshot.store_error.as_ref()) {
        return Err(Refused::Unavailable(fault.clone()));
    }
    let saga = view.memory.saga().ok_or_else(|| Refused::Unavailable("its state is being loaded".to_owned()))?;
    beside_others(wanted, under_way, at_once)?;
    if let Some(why) = must_not_move_alone(wanted, view) {
        return Err(Refused::Objection(why));
    }
    let ends = ends(wanted, view, snapshot)?;
    if let Some(why) = unrest(view, saga, &ends.from) {
        return Err(Refused::Objection(why));
    }
    match obstacles(view, snapshot, &ends.to, wanted.method) {
        rejections if rejections.is_empty() => Ok(ends),
        rejections => Err(Refused::Kernel(rejections)),
    }
}

/// Why a drill must not move this service alone: its group would be split, or a second person passed over.
fn must_not_move_alone(wanted: &Wanted, view: &ServiceView) -> Option<String> {
    if let Some(group) = view.companions.as_ref().and_then(|all| all.group()) {
        return Some(format!("it moves with group `{}`, and a drill moves one service alone", group.name));
    }
    let wants_two = view.service.policy.approval.orders.contains(&WriteKind::Failover);
    (wants_two && wanted.schedule.is_none()).then(|| {
        "its policy wants a second person for a failover; a drill that stands in the configuration (`drills`) needs none"
            .to_owned()
    })
}

fn beside_others<'a>(
    wanted: &Wanted,
    under_way: impl Iterator<Item = &'a Drill>,
    at_once: usize,
) -> Result<(), Refused> {
    let all: Vec<&Drill> = under_way.collect();
    if let Some(own) = all.iter().find(|drill| drill.service == wanted.service) {
        return Err(Refused::Objection(format!("drill {} of `{}` is under way", own.id, own.service)));
    }
    if all.len() < at_once {
        return Ok(());
    }
    let others: Vec<String> = all.iter().map(|drill| format!("{} of `{}`", drill.id, drill.service)).collect();
    let text = format!("`drillsAtOnce` is {at_once}, and under way is drill {}", others.join(", "));
    Err(Refused::Objection(text))
}

fn ends(wanted: &Wanted, view: &ServiceView, snapshot: &Snapshot) -> Result<Admitted, Refused> {
    let service = &view.service;
    let from = service.preferred().clone();
    if view.memory.active() != Some(&from) {
        let is =
            view.memory.active().map_or_else(|| "it is not known where".to_owned(), |at| format!("it is in `{at}`"));
        let text = format!("a drill leaves the preferred region `{from}`, and {is}; fail it back first");
        return Err(Refused::Objection(text));
    }
    let others = || service.regions.iter().map(|region| &region.name).filter(|name| **name != from);
    let judgement = view.memory.judgement();
    let proven = |name: &&RegionName| judgement.is_some_and(|judgement| judgement.is_ready(name, snapshot.at));
    let to = match &wanted.to {
        Some(to) if others().any(|other| other == to) => to,
        Some(to) => {
            let known: Vec<&str> = others().map(RegionName::as_str).collect();
            let text = format!("the service cannot go to `{to}` from `{from}`; it can to {}", known.join(", "));
            return Err(Refused::Objection(text));
        }
        None => others()
            .find(proven)
            .or_else(|| others().next())
            .ok_or_else(|| Refused::Objection("the service has no other region".to_owned()))?,
    };
    Ok(Admitted { to: to.clone(), from })
}

/// What is no rule of the kernel, and still no calm moment.
fn unrest(view: &ServiceView, saga: &Saga, from: &RegionName) -> Option<String> {
    let judged = view.memory.judgement().and_then(|judgement| judgement.regions.get(from));
    let healthy = judged.is_some_and(|judged| judged.health == Health::Healthy && !judged.is_suspected());
    if !healthy {
        let seen = judged.map(dns_core::judgement::RegionJudgement::describe).unwrap_or_default();
        return Some(format!("the region `{from}`, which it would come back to, is not seen healthy by all; {seen}"));
    }
    if let Some(place) = view.places.iter().find(|place| place.lag.is_some()) {
        return Some(format!("the place {} has not come after the others", place.label));
    }
    let asking = saga.machines().any(|(_, machine)| machine.memory().being_verified().is_some());
    asking.then(|| "servers are still being asked for the last move".to_owned())
}

/// The rules that would say no to the failover that is tried. That the region does not fail is what the drill is for.
fn obstacles(view: &ServiceView, snapshot: &Snapshot, to: &RegionName, method: Method) -> Vec<Rejection> {
    let nobody = || Rejection { rule: Rule::ZoneKnown, reason: "the service's state is not loaded".to_owned() };
    let all = Everywhere::new(view.here().map(|here| Service::clone(&here.service)));
    let (Some(saga), Some(service), Some(actor)) = (view.memory.saga(), all, &snapshot.actor) else {
        return vec![nobody()];
    };
    let mut fleet = snapshot.fleet.clone().with_companions(view.companions.clone());
    fleet.discount(&Presence::of(saga, snapshot.fleet.radius(), snapshot.at));
    let around = Around { service, actor: actor.clone(), now: snapshot.at, nonce: 0, fleet: Arc::new(fleet) };
    let Some(preview) = saga.preview(to, &Initiative::Automatic, &around) else { return vec![nobody()] };
    let binds = |rule: Rule| method == Method::Injected || !only_unordered(rule);
    let obstacles = preview.obstacles().filter(|answer| binds(answer.rule));
    obstacles.map(|answer| Rejection { rule: answer.rule, reason: answer.why.clone().unwrap_or_default() }).collect()
}

/// Whether a rule binds only what nobody has ordered.
fn only_unordered(rule: Rule) -> bool {
    matches!(rule, Rule::FailoverBudget | Rule::BlastRadius | Rule::Wave | Rule::StandbyHolds | Rule::WriteBackoff)
}

/// Whether a rule says no only for a moment, as long as a read, a write or a wait goes on.
fn is_passing(rule: Rule) -> bool {
    matches!(rule, Rule::ZoneKnown | Rule::OneWrite | Rule::Wave | Rule::WriteBackoff)
}

/// Where the service of a drill stands.
pub(super) fn sight(view: &ServiceView, snapshot: &Snapshot, drill: &Drill) -> Sight {
    let Some(saga) = view.memory.saga().filter(|_| view.fault.is_none()) else { return Sight::default() };
    let memories = || saga.machines().map(|(_, machine)| machine.memory());
    let moving = memories().any(|memory| memory.open().is_some_and(|open| open.write.kind.moves()));
    let asked = memories().any(|memory| memory.being_verified().is_some());
    let together = view.places.iter().all(|place| place.lag.is_none() || place.lasts);
    let last = view.memory.last_move();
    let leaving = matches!(drill.stage, Stage::Begun | Stage::Injected) && !moving;
    Sight {
        active: view.memory.active().cloned(),
        plan: view.memory.held().map(|held| held.plan.clone()),
        drill: last.and_then(|last| last.drill.clone()),
        reason: last.map(|last| last.reason.clone()),
        moving,
        settled: !moving && !asked && together,
        objection: leaving.then(|| objection(view, snapshot, drill)).flatten(),
    }
}

fn objection(view: &ServiceView, snapshot: &Snapshot, drill: &Drill) -> Option<String> {
    let lasting = obstacles(view, snapshot, &drill.to, drill.method);
    let first = lasting.into_iter().find(|rejection| !is_passing(rejection.rule))?;
    Some(format!("{}: {}", first.rule, first.reason))
}
