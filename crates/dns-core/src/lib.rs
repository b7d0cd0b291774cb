//! The pure decisions of the failover control plane: names, records, policy, evidence, fences, the safety kernel
//! and the state machine of a service.
//!
//! Nothing here runs, waits, reads a clock, draws a random number or does I/O: `now` and nonces come in as
//! arguments, decisions go out as values. That is what makes simulation, backtesting and explanation possible.

pub mod approval;
pub mod blend;
pub mod break_glass;
pub mod certificate;
pub mod change;
pub mod companion;
pub mod digest;
pub mod drill;
pub mod dwell;
pub mod evacuation;
pub mod evidence;
pub mod explain;
pub mod fence;
pub mod fleet;
pub mod gate;
pub mod group;
pub mod history;
pub mod identifier;
pub mod judgement;
pub mod kernel;
pub mod machine;
pub mod overriding;
pub mod policy;
pub mod probe;
pub mod relation;
pub mod rrset;
pub mod saga;
pub mod service;
pub mod share;
pub mod shared;
pub mod standing;
pub mod time;
pub mod window;
pub mod write;
pub mod zone;

#[cfg(test)]
mod fixture;
