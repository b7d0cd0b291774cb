//! One port to DNS providers, one adapter each: fenced writes and consistent reads; whole zones and batches of changes to
//! them; and the questions that verification asks every authoritative server of a zone.
//!
//! Nothing here decides: what a conflict or an unknown outcome means is the caller's business, and nothing is sent
//! twice on its own.

mod asked;
pub mod authoritative;
pub mod budget;
pub mod calls;
pub mod cloudflare;
mod content;
mod http_api;
mod meant;
pub mod memory;
mod mention;
pub mod port;
pub mod powerdns;
mod presentation;
mod quoted;
mod required;
pub mod rfc2136;
pub mod route53;
mod said;
mod secret_file;
mod sound;
pub mod watched;
mod whole_names;
mod wildcard;
pub mod zone_files;
pub mod zones;
