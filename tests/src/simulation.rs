//! A discrete-event simulation of the control plane around its real core.
//!
//! One *history* is one service for a stretch of time, usually a year: several vantage points, controllers and providers,
//! operators, and everything that goes wrong between them. The sagas, judgements, plans and fences are those of `dns-core`;
//! what is simulated is what lies around: probes, evidence on its way, the engine's and the executor's shells, stores,
//! clocks, providers. Time is virtual. Between two interesting events nothing is done: verdicts, waits and looks that
//! change nothing are computed or left out, so that a year costs milliseconds.
//!
//! A history follows from its seed alone. After everything that could break one, the invariants are checked
//! ([`Invariant`]); a broken one ends the history, and what was injected is thinned out until the shortest story is left
//! ([`shortest`]).

mod calm;
mod chance;
mod consenting;
mod controller;
mod convoy;
mod ending;
mod fleet;
mod guard;
mod happening;
mod hearing;
mod invariants;
mod ledger;
mod losses;
mod operators;
mod oracle;
mod process;
mod queue;
mod reading;
mod resolving;
mod script;
mod setting;
mod shell;
mod shrinking;
mod story;
mod striking;
mod tally;
mod waiting;
mod watch;
mod world;
mod writing;
mod zone;

pub use fleet::{Arguments, Output, run};
pub use guard::Guard;
pub use invariants::Invariant;
pub use losses::{LossRow, QuietLosses};
pub use shrinking::{Failure, shortest};
pub use story::{Story, Violation};
pub use tally::Tally;
pub use watch::{Opinion, Watch};

use happening::Injection;
use setting::Setting;
use world::World;

/// Milliseconds since the beginning of a history.
pub type Ms = u64;

/// Milliseconds of a day.
pub const DAY: Ms = 24 * 3_600_000;

/// Which history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What it follows from.
    pub seed: u64,
    /// How long faults go on.
    pub span: Ms,
    /// The guard that is removed.
    pub without: Option<Guard>,
}

/// What came of a history.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was counted.
    pub tally: Tally,
    /// What was broken first.
    pub violation: Option<Violation>,
    /// What happened, if it was to be told.
    pub story: Option<Story>,
}

/// Lives through one history.
pub fn live(plan: &Plan) -> Outcome {
    let setting = Setting::of(plan.seed, plan.span);
    let script = script::draw(&setting, plan.span);
    live_script(plan, setting, &script, false)
}

/// The same with its story.
pub fn tell(plan: &Plan) -> Outcome {
    let setting = Setting::of(plan.seed, plan.span);
    let script = script::draw(&setting, plan.span);
    live_script(plan, setting, &script, true)
}

fn live_script(plan: &Plan, setting: Setting, script: &[Injection], tells: bool) -> Outcome {
    if convoy::is_one(plan.seed) {
        return convoy::live(plan, &setting, script, tells);
    }
    let mut world = World::new(setting, script, plan.span, plan.without);
    world.story = tells.then(Story::default);
    world.tell_setting();
    world.run();
    Outcome { tally: world.tally, violation: world.violation, story: world.story }
}
