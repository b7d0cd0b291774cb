//! Going to the providers themselves: no controller and no store, only the configuration and the providers' credentials.
//!
//! Everything here reads from where writes are checked, and nothing is sent twice. What may be written is decided in
//! [`dns_core::break_glass`].

pub mod operator;
pub mod places;
pub mod probing;
pub mod record;
pub mod sight;
pub mod verifying;
pub mod writing;
