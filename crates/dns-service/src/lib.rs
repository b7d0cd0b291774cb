//! What every daemon needs: configuration, telemetry, TLS, admin HTTP, authentication, shutdown.
//!
//! Nothing here knows what a daemon does. A daemon's `main` reads: [`args`] → [`telemetry`] → [`config`] →
//! [`http::bind`] → run until [`shutdown`] → drain → [`exit`].

pub mod args;
pub mod auth;
pub mod clock;
pub mod config;
pub mod exit;
pub mod failpoint;
pub mod http;
pub mod shutdown;
pub mod telemetry;
pub mod tls;
