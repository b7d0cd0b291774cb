//! What the kit does for a daemon, from outside: whole configuration files and real listeners on loopback.

mod ability;
mod auth;
mod config;
mod drill;
mod gates;
mod gradual;
mod groups;
mod listener;
mod notification;
mod ordering;
mod served;
mod sharing;
mod shutdown;
mod sync;
mod tls;
