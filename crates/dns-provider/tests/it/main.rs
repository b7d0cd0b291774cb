//! The adapter and verification against servers that misbehave on purpose; real servers are tested in `tests`.

mod authoritative;
mod cloudflare;
mod http_script;
mod powerdns;
mod rfc2136;
mod route53;
mod script;
mod watched;
