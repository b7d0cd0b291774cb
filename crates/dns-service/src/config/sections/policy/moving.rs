//! The part of a policy that says when a region is left and entered, how often, and who brings the service back.

use std::time::Duration;

use dns_core::policy::{Capacity, Failback, FailoverBudget, OnStandbyFailure};
use dns_core::share::Share;

use crate::config::tree::{Map, Spot, if_given, or_default};

/// How long the preferred region is healthy before an automatic failback, unless the policy says otherwise: longer than most
/// second outages of one incident keep people waiting.
const SOAK_DEFAULT: Duration = Duration::from_mins(30);

/// A region that may be entered must not be one that is left.
pub(super) fn read_capacity(map: &Map<'_>) -> Option<Capacity> {
    let default = Capacity::default();
    let failing_below = if_given(map.optional("failingBelow"), |spot| spot.parse::<Share>());
    let ready = map.optional("readyFrom");
    let ready_from = or_default(ready.clone(), default.ready_from, |spot| spot.parse::<Share>());
    let (failing_below, ready_from) = (failing_below?, ready_from?);
    if let (Some(bound), Some(spot)) = (failing_below, ready)
        && ready_from < bound
    {
        let message =
            format!("a region with {ready_from} of its endpoints could be entered, and would be left at once");
        spot.fault_with_hint(message, format!("make it at least `failingBelow`, {bound}"));
        return None;
    }
    Some(Capacity { failing_below, ready_from })
}

/// `failback: { mode: automatic, soak: 30m }`.
pub(super) fn read_failback(spot: &Spot<'_>) -> Option<Failback> {
    let map = spot.map(&["mode", "soak"])?;
    let mode = map.required("mode")?;
    let soak = map.optional("soak");
    match mode.choice(&[("manual", "manual"), ("automatic", "automatic"), ("gradual", "gradual")])? {
        "automatic" => {
            let soak = or_default(soak, SOAK_DEFAULT, |spot| spot.duration())?;
            Some(Failback::Automatic { soak })
        }
        "manual" => {
            let Some(soak) = soak else { return Some(Failback::Manual) };
            soak.fault_with_hint("an operator soaks as long as he likes", "remove it, or write `mode: automatic`");
            None
        }
        _ => {
            mode.not_yet("use `automatic`, or `manual`: then an operator fails back with dns-admin");
            None
        }
    }
}

/// `onStandbyFailure: failover | hold`.
pub(super) fn read_standby(spot: &Spot<'_>) -> Option<OnStandbyFailure> {
    spot.choice(&[("failover", OnStandbyFailure::Failover), ("hold", OnStandbyFailure::Hold)])
}

/// `failoverBudget: { moves: 4, per: 1h, backoff: 1m }`.
pub(super) fn read_budget(spot: &Spot<'_>) -> Option<FailoverBudget> {
    let default = FailoverBudget::default();
    let map = spot.map(&["moves", "per", "backoff"])?;
    let moves = or_default(map.optional("moves"), default.moves, |spot| {
        u32::try_from(spot.number(1..=u64::from(FailoverBudget::MOVES_MAX))?).ok()
    });
    let per = or_default(map.optional("per"), default.per, |spot| spot.positive_duration());
    let backoff = or_default(map.optional("backoff"), default.backoff, |spot| spot.duration());
    let budget = FailoverBudget { moves: moves?, per: per?, backoff: backoff? };
    if budget.backoff > budget.per {
        spot.fault("`backoff` is longer than `per`: after two failovers the third could never come within it");
        return None;
    }
    Some(budget)
}
