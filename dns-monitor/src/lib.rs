//! Probe engine of one vantage point: what it sees from here, and how sure it is.
//!
//! The way of an observation: [`schedule`] → [`probe`] → outcome → [`detector`] → [`evidence`] → [`stream`]. One task
//! owns all verdicts and hears of everything by message; [`sight`] decides whether what comes in may be believed.
//! Nothing here judges a region, compares vantage points or keeps state across a restart: an incarnation starts
//! undecided.

pub mod api;
pub mod args;
pub mod asking;
pub mod control;
pub mod coverage;
pub mod detector;
pub mod evidence;
pub mod injecting;
pub mod injection;
mod metering;
pub mod probe;
pub mod resolve;
pub mod run;
pub mod runner;
pub mod schedule;
pub mod sight;
pub mod stream;
