//! What every daemon needs: configuration, telemetry, TLS, admin HTTP, authentication, shutdown.

pub mod config;
