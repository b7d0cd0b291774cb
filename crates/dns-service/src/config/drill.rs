//! Drills as configured.

use std::time::Duration;

use dns_core::drill::schedule::Schedule;

/// Drills of all services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrillsConfig {
    /// How many may be under way at once. Default 1.
    pub at_once: usize,
    /// How long no drill of a service that a schedule names may have gone well until someone is woken; `None` wakes nobody.
    pub warning: Option<Duration>,
    /// Those that begin by themselves.
    pub schedules: Vec<Schedule>,
}
