//! A small authoritative server in this process, for development, demonstrations and simulation: one zone, one key, a
//! primary that takes DNS UPDATE, and secondaries that follow it at a distance.
//!
//! It behaves as a strict real server does where the product depends on it: prerequisites are compared exactly and under
//! one mutex with the change, signatures are checked against the clock, and answers follow the RFCs that a resolver, `dig`
//! and `nsupdate` rely on. And it does what no real server can: hold an UPDATE back on its way, change records by hand in
//! between, and say why it refused.
//!
//! It is no production server: the zone is in memory only, unsigned (no DNSSEC), and there are no transfers, no NOTIFY
//! and no access lists.
//!
//! - [`zone`]: what a zone holds and answers; pure.
//! - [`update`]: an UPDATE judged on a zone; pure.
//! - [`Primary`], [`Secondary`]: the servers.

mod listener;
mod message;
mod primary;
mod responder;
mod secondary;
mod tsig;
pub mod update;
pub mod zone;

pub use crate::listener::Bound;
pub use crate::primary::{Editor, HeldUpdate, Primary, UpdateSeen};
pub use crate::secondary::Secondary;
pub use crate::tsig::{KeyAlgorithm, UpdateKey};
pub use crate::zone::{Zone, ZoneError};

#[cfg(test)]
mod fixture;
