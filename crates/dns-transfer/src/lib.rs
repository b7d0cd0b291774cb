//! Whole zones over the wire, as a secondary gets them: AXFR (RFC 5936), IXFR (RFC 1995), the SOA query before it, NOTIFY
//! (RFC 1996), TSIG over all of it (RFC 8945), and the timers that say when (RFC 1035 §3.3.13).
//!
//! What answers mean is decided by code without a socket or a clock, one message after the other; [`Client`] and
//! [`notify::Listener`] carry the messages. A zone comes out whole and verified, or an error does that says from which server,
//! which zone, and after how many records.
//!
//! There are no retries here, and nothing is kept: when to ask again is decided by [`refresh::Secondary`] or by the caller.

mod axfr;
mod client;
mod conversation;
mod delta;
mod error;
mod ixfr;
mod message;
pub mod notify;
pub mod refresh;
mod soa;
pub mod tsig;

#[cfg(test)]
mod fixture;

pub use self::client::{Axfr, AxfrStep, Client, Differences, Fetched, IxfrOutcome, Limits};
pub use self::delta::DeltaError;
pub use self::error::{Fault, Operation, TransferError};
pub use self::soa::Soa;
