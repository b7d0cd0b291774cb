//! The part of a policy that says when a region is left and entered, how often, and who brings the service back.

use std::time::Duration;

use dns_core::policy::{Capacity, Failback, FailoverBudget, Gradual, OnStandbyFailure};
use dns_core::share::Share;

use crate::config::tree::{Map, Spot, if_given, or_default};

/// How long the preferred region is healthy before an automatic failback, unless the policy says otherwise: longer than most
/// second outages of one incident keep people waiting.
const SOAK_DEFAULT: Duration = Duration::from_mins(30);

/// The shares of a gradual failback, in percent: few enough answers first that an error there is found cheaply.
const STEPS_DEFAULT: [u8; 2] = [10, 50];

/// Each step is a write with its verification; more of them than this show nothing that the ones before did not.
const STEPS_MAX: usize = 10;

/// How long each share stands: a few times the TTL of a record that is meant to move, so that its share has arrived.
const STEP_EVERY_DEFAULT: Duration = Duration::from_mins(5);

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

/// `failback: { mode: gradual, soak: 30m, steps: [10%, 50%], stepEvery: 5m }`.
pub(super) fn read_failback(spot: &Spot<'_>) -> Option<Failback> {
    let map = spot.map(&["mode", "soak", "steps", "stepEvery"])?;
    let mode = map.required("mode")?;
    let mode = mode.choice(&[("manual", "manual"), ("automatic", "automatic"), ("gradual", "gradual")])?;
    let stepped: Vec<Spot<'_>> =
        ["steps", "stepEvery"].into_iter().filter_map(|key| map.optional(key)).filter(|_| mode != "gradual").collect();
    for spot in &stepped {
        spot.fault_with_hint("only a gradual failback has steps", "remove it, or write `mode: gradual`");
    }
    let soak = map.optional("soak");
    let failback = match mode {
        "manual" => {
            if let Some(soak) = soak {
                let hint = "remove it, or write `mode: automatic`";
                soak.fault_with_hint("an operator soaks as long as he likes", hint);
                return None;
            }
            Failback::Manual
        }
        "automatic" => Failback::Automatic { soak: or_default(soak, SOAK_DEFAULT, |spot| spot.duration())? },
        _ => {
            let soak = or_default(soak, SOAK_DEFAULT, |spot| spot.duration());
            let steps = or_default(map.optional("steps"), default_steps(), |spot| read_steps(&spot));
            let step_every = or_default(map.optional("stepEvery"), STEP_EVERY_DEFAULT, |spot| spot.positive_duration());
            Failback::Gradual(Box::new(Gradual { soak: soak?, steps: steps?, step_every: step_every? }))
        }
    };
    stepped.is_empty().then_some(failback)
}

fn default_steps() -> Vec<Share> {
    let share = |percent| Share::try_from(percent).expect("invariant: a constant between 1 and 100");
    STEPS_DEFAULT.map(share).to_vec()
}

/// Each share is larger than the one before, and the last step, all of the answers, goes without saying.
fn read_steps(spot: &Spot<'_>) -> Option<Vec<Share>> {
    let items = spot.list()?;
    if items.is_empty() || items.len() > STEPS_MAX {
        let hint = "write shares such as `[10%, 50%]`, or `mode: automatic` for all answers at once";
        spot.fault_with_hint(format!("has {} steps, 1 to {STEPS_MAX} can be", items.len()), hint);
        return None;
    }
    let steps: Vec<Option<Share>> = items.iter().map(Spot::parse::<Share>).collect();
    let mut clean = true;
    for (item, step) in items.iter().zip(&steps) {
        if *step == Some(Share::ALL) {
            item.fault_with_hint("all answers are the last step anyway", "leave it out");
            clean = false;
        }
    }
    for (item, pair) in items.iter().skip(1).zip(steps.windows(2)) {
        if let [Some(before), Some(after)] = pair
            && after <= before
        {
            item.fault(format!("{after} comes after {before}: each step must be larger than the one before"));
            clean = false;
        }
    }
    let steps: Option<Vec<Share>> = steps.into_iter().collect();
    steps.filter(|_| clean)
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
