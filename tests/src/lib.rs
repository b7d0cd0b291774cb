//! The rig that starts real servers, and the end-to-end tests that use it.
//!
//! The tests run against the software that operators run: Knot DNS, BIND, `PowerDNS` and nginx from the
//! distribution's packages, asked with `dig` and changed with `nsupdate`. [`AuthServer`] hides which of the three
//! name servers it is, so one test runs over all of them. The status page is looked at in Chromium, by [`Browser`].
//!
//! Invariants: traffic stays on loopback; every process belongs to a [`Sandbox`] and dies with the test, however the
//! test ends; nothing waits longer than it says; a missing program fails the test and is never a reason to skip it.
//!
//! Everything here blocks and runs outside any async runtime, so that it can be called from plain and async tests alike.
//! The rig panics instead of returning errors: its callers are tests, and a broken rig is a failed test.

pub mod auth;
pub mod authority;
pub mod benchmark;
pub mod browser;
pub mod cloudflare;
pub mod command;
mod connection;
pub mod daemon;
pub mod endpoint;
pub mod evacuation;
#[cfg(feature = "fleet")]
pub mod fleet;
mod gate;
pub mod http;
pub mod loopback;
pub mod model;
pub mod nsd;
pub mod outages;
pub mod process;
pub mod proxy;
pub mod python;
pub mod receiver;
pub mod resolver;
pub mod route53;
pub mod simulation;
pub mod subject;
pub mod sync_benchmark;
pub mod until;
pub mod world;

pub use auth::{AuthServer, Key, Kind, Setup};
pub use authority::Authority;
pub use browser::Browser;
pub use daemon::{Daemon, Launch, admin};
pub use endpoint::Endpoint;
pub use loopback::Loopback;
pub use nsd::Nsd;
pub use process::{Process, Program, Sandbox, find_program};
pub use proxy::Proxy;
pub use resolver::Resolver;
pub use until::{PATIENCE, until, until_eq};
pub use world::{Hearing, Plan, Region, World};
