//! Wire types of the HTTP APIs, shared by daemons, CLI and tests, and their typed client.
//!
//! Field names are camelCase JSON. Ages are milliseconds at the moment of sending; points in time are RFC 3339.

pub mod approval;
pub mod ask;
pub mod by_hand;
pub mod client;
pub mod command;
pub mod drill;
pub mod evacuation;
pub mod evidence;
pub mod evidence_stream;
pub mod explain;
pub mod group;
pub mod history;
pub mod injection;
pub mod openapi;
pub mod probe;
pub mod problem;
pub mod status;
pub mod sync;
pub mod timeline;
pub mod transport;
