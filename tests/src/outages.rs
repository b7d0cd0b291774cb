//! Outages that made history, played to the real core: a timeline goes in, and what the controllers decide, hold and say
//! comes out, to the letter.
//!
//! A timeline is a text in `tests/golden/outages`, read by [`timeline`]; the shell around the core ([`stage`], [`part`],
//! [`controller`], [`provider`]) is small and has no clock but the timeline's: one turn a second, nothing by chance. The
//! core is the real one (`judge`, `Saga`, the safety kernel), and so is the zone: `dns_provider::memory::Memory`, which
//! keeps every condition and refuses what was signed too long ago.
//!
//! Invariants: the same timeline makes the same story; a line that nobody understands ends the run with its number.
//!
//! It does not probe: timelines say what vantage points see. It does not find faults by chance: the simulation does.

pub mod controller;
pub mod crowd;
pub mod gate;
pub mod part;
pub mod provider;
pub mod stage;
pub mod story;
pub mod timeline;

/// Plays a timeline and tells what followed.
///
/// # Errors
/// The first line that cannot be understood or played, with its number.
pub fn play(text: &str) -> anyhow::Result<String> {
    let timeline = timeline::Timeline::parse(text)?;
    let mut stage = stage::Stage::new(&timeline)?;
    stage.play(&timeline)?;
    Ok(stage.into_story())
}
