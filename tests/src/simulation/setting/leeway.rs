//! How freely the service of a world may move, and who is asked before: what a policy says beside how it is watched.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use dns_core::policy::{Capacity, Failback, FailoverBudget, OnStandbyFailure};
use dns_core::share::Share;
use dns_core::window::{EmergencyFailover, Weekday, When, Window};

use super::super::Ms;
use super::super::chance::Dice;
use super::super::controller::START;
use super::super::script::PEACE;

const HOUR: Ms = 3_600_000;
/// Windows that open once, in one world, at the most: beside storms of a year a few are met.
const WINDOWS_MAX: usize = 12;

/// How freely it may move.
#[derive(Clone, Debug)]
pub(in super::super) struct Leeway {
    pub(in super::super) failback: Failback,
    pub(in super::super) on_standby_failure: OnStandbyFailure,
    pub(in super::super) budget: FailoverBudget,
    pub(in super::super) capacity: Capacity,
    pub(in super::super) cooldown: Duration,
    pub(in super::super) closures: Vec<Closure>,
    /// By region: the vantage points that stand in it.
    pub(in super::super) inside: Vec<Vec<usize>>,
    /// By region: whether a gate has to say yes.
    pub(in super::super) gated: Vec<bool>,
    /// What the silence of the hook means, if one is asked.
    pub(in super::super) hook: Option<Silence>,
}

/// What it means that a hook says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Silence {
    Consent,
    Veto,
}

/// A window, as the simulation itself reckons with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Closure {
    when: Opening,
    /// Whether it holds up the leaving of a region that fails.
    pub(in super::super) blocks_all: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Opening {
    Once {
        from: Ms,
        until: Ms,
    },
    /// On a day of the week, counted from Monday, at a full hour, for so many hours.
    Weekly {
        day: usize,
        hour: u64,
        hours: u64,
    },
}

impl Leeway {
    /// Half of all worlds have the defaults, as most services will.
    pub(in super::super) fn draw(dice: &mut Dice, regions: usize, vantages: usize, span: Ms) -> Self {
        let is_default = dice.one_in(2);
        let drawn = Self {
            failback: failback(dice),
            on_standby_failure: dice.pick(&[OnStandbyFailure::Failover, OnStandbyFailure::Hold]),
            budget: budget(dice),
            capacity: capacity(dice),
            cooldown: Duration::from_mins(dice.pick(&[2, 10, 10, 30])),
            closures: closures(dice, span),
            inside: inside(dice, regions, vantages),
            gated: (0..regions).map(|_| dice.one_in(3)).collect(),
            hook: dice.pick(&[None, None, Some(Silence::Consent), Some(Silence::Veto)]),
        };
        if !is_default {
            return drawn;
        }
        Self {
            failback: Failback::Manual,
            on_standby_failure: OnStandbyFailure::Failover,
            budget: FailoverBudget::default(),
            capacity: Capacity::default(),
            cooldown: Duration::from_mins(10),
            closures: Vec::new(),
            inside: vec![Vec::new(); regions],
            gated: vec![false; regions],
            hook: None,
        }
    }

    pub(in super::super) fn windows(&self) -> Arc<[Window]> {
        self.closures.iter().enumerate().map(|(number, closure)| closure.window(number)).collect()
    }

    pub(in super::super) fn is_gated(&self) -> bool {
        self.gated.contains(&true)
    }
}

fn failback(dice: &mut Dice) -> Failback {
    let soak = Duration::from_mins(dice.pick(&[5, 15, 45]));
    if dice.one_in(3) { Failback::Manual } else { Failback::Automatic { soak } }
}

fn budget(dice: &mut Dice) -> FailoverBudget {
    let of = |moves, per, backoff| FailoverBudget {
        moves,
        per: Duration::from_mins(per),
        backoff: Duration::from_secs(backoff),
    };
    dice.pick(&[FailoverBudget::default(), of(1, 90, 60), of(2, 60, 30), of(3, 120, 300), of(8, 30, 10)])
}

/// A region can be entered only where it would not be left at once.
fn capacity(dice: &mut Dice) -> Capacity {
    let share = |percent: u8| Share::try_from(percent).expect("invariant: a share");
    let failing_below = dice.pick(&[None, None, Some(50), Some(75), Some(100)]);
    let ready_from = dice.pick(&[50, 100, 100]).max(failing_below.unwrap_or(1));
    Capacity { failing_below: failing_below.map(share), ready_from: share(ready_from) }
}

/// Nothing that opens once reaches into the calm at the end, and nothing weekly is open in the morning, at which it comes.
fn closures(dice: &mut Dice, span: Ms) -> Vec<Closure> {
    let mut all = Vec::new();
    for _ in 0..dice.below(WINDOWS_MAX) {
        let from = dice.between(PEACE, span);
        let until = (from + dice.spread(HOUR, 100 * HOUR)).min(span);
        all.push(Closure { when: Opening::Once { from, until }, blocks_all: dice.one_in(2) });
    }
    if dice.one_in(3) {
        let (day, hour, hours) = (dice.below(7), dice.between(18, 22), dice.between(1, 8));
        all.push(Closure { when: Opening::Weekly { day, hour, hours }, blocks_all: dice.one_in(3) });
    }
    all
}

/// Some stand in a region, and one at least stands outside of all.
fn inside(dice: &mut Dice, regions: usize, vantages: usize) -> Vec<Vec<usize>> {
    let mut inside = vec![Vec::new(); regions];
    match dice.below(4) {
        0 => inside[0] = vec![0],
        1 => inside[0] = vec![0, 1],
        2 => (inside[0], inside[1]) = (vec![0], vec![vantages - 1]),
        _ => {}
    }
    inside
}

impl Closure {
    /// Whether it is open at a time of somebody's clock.
    pub(in super::super) fn is_open(&self, clock: Ms) -> bool {
        match self.when {
            Opening::Once { from, until } => {
                let start = START.as_millis();
                (start + from..start + until).contains(&clock)
            }
            Opening::Weekly { day, hour, hours } => {
                // Day 0 was a Thursday.
                let since_monday = (clock + 3 * 24 * HOUR) % (7 * 24 * HOUR);
                let opens = (u64::try_from(day).unwrap_or_default() * 24 + hour) * HOUR;
                (since_monday + 7 * 24 * HOUR - opens) % (7 * 24 * HOUR) < hours * HOUR
            }
        }
    }

    fn window(&self, number: usize) -> Window {
        let at = |at: Ms| START + Duration::from_millis(at);
        let when = match self.when {
            Opening::Once { from, until } => When::Once { from: at(from), until: at(until) },
            Opening::Weekly { day, hour, hours } => When::Weekly {
                days: BTreeSet::from([Weekday::ALL[day]]),
                from: format!("{hour:02}:00").parse().expect("invariant: a time of day"),
                length: Duration::from_hours(hours),
            },
        };
        let emergency_failover = if self.blocks_all { EmergencyFailover::Block } else { EmergencyFailover::Allow };
        Window { name: format!("window-{number}"), when, emergency_failover }
    }
}
