//! One port to DNS providers, one adapter each: fenced writes and consistent reads; and the questions that
//! verification asks every authoritative server of a zone.
//!
//! Nothing here decides: what a conflict or an unknown outcome means is the caller's business, and nothing is sent
//! twice on its own.

pub mod authoritative;
pub mod budget;
pub mod cloudflare;
mod content;
pub mod memory;
pub mod port;
pub mod powerdns;
pub mod rfc2136;
pub mod route53;
mod sound;
mod wildcard;
