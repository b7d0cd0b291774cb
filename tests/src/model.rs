//! The model check of fence, permit, burning, saga and crash: every state of a small model is visited.
//!
//! Two zones at two providers, two or three controllers, messages that arrive late or never, answers that are lost,
//! signatures that get too old, processes that die at any step, empty stores, deleted fences, restored backups,
//! providers that go down, controllers that judge differently. [`settings`] says how much of each; docs/model.md says
//! what is modelled and what came of it.
//!
//! The order of fences and what a look at a zone means are the core's own functions; what the machine wants and what the
//! executor does are mirrored ([`deciding`](self), [`carrying_out`](self)). Each [`guard::Guard`] can be taken out, and
//! a test shows what breaks without it.
//!
//! What it does not model: operators' orders but resuming, foreign hands at records, changed configurations, a third
//! region, how long anything takes.

pub mod action;
mod carrying_out;
mod deciding;
pub mod graph;
pub mod guard;
pub mod report;
pub mod settings;
mod standing;
pub mod violation;
pub mod world;

use guard::{Guard, Guards};
pub use settings::Settings;

/// The model that is checked.
#[derive(Clone, Debug)]
pub struct Protocol {
    /// How large.
    pub settings: Settings,
    /// The guards that are in place.
    pub guards: Guards,
}

impl Protocol {
    /// With every guard.
    pub fn guarded(settings: Settings) -> Self {
        Self { settings, guards: Guards::default() }
    }

    /// With every guard but one.
    pub fn without(guard: Guard, settings: Settings) -> Self {
        Self { guards: Guards::without(guard), ..Self::guarded(settings) }
    }
}
