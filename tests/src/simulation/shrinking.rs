//! The shortest story of a violation: what was injected is left out, in ever smaller parts, while the violation stays.
//!
//! A history with fewer injections is otherwise the same, since chance has no state. What is left cannot be left out one by
//! one: each of it is needed.

use super::happening::Injection;
use super::setting::Setting;
use super::story::{Story, Violation};
use super::{Outcome, Plan, live_script, script};

/// Histories that are lived to shorten one, at the most: minutes at the worst, and the story is short long before.
const TRIES_MAX: usize = 3_000;

/// A violation with its shortest story.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Which history.
    pub plan: Plan,
    /// What was broken.
    pub violation: Violation,
    /// How many injections it takes, of how many there were.
    pub injections: (usize, usize),
    /// Its story.
    pub story: Story,
}

/// Looks for the shortest story of a history that breaks an invariant. `None` if it breaks none.
pub fn shortest(plan: &Plan) -> Option<Failure> {
    let setting = Setting::of(plan.seed, plan.span);
    let mut script = script::draw(&setting, plan.span);
    let all = script.len();
    let violation = live_script(plan, setting.clone(), &script, false).violation?;
    script.retain(|injection| injection.at <= violation.at);
    let fails = |script: &[Injection]| {
        let found = live_script(plan, setting.clone(), script, false).violation;
        found.is_some_and(|found| found.invariant == violation.invariant)
    };
    thin_out(&mut script, fails);
    let Outcome { violation, story, .. } = live_script(plan, setting, &script, true);
    Some(Failure { plan: *plan, violation: violation?, injections: (script.len(), all), story: story? })
}

fn thin_out(script: &mut Vec<Injection>, fails: impl Fn(&[Injection]) -> bool) {
    let (mut part, mut tries) = (script.len().div_ceil(2), 0);
    while part > 0 && tries < TRIES_MAX {
        let mut shorter = false;
        let mut at = 0;
        while at < script.len() && tries < TRIES_MAX {
            let mut without = script.clone();
            without.drain(at..(at + part).min(script.len()));
            tries += 1;
            if fails(&without) {
                *script = without;
                shorter = true;
            } else {
                at += part;
            }
        }
        part = if part == 1 && shorter { 1 } else { part / 2 };
    }
}
