//! The adapter and verification against servers that misbehave on purpose; real servers are tested in `tests`.

mod authoritative;
mod rfc2136;
mod script;
