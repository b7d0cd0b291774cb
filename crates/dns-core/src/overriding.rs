//! How long an order's overrides count: whoever overrides a rule has looked at what is so now, and not at what will be.
//!
//! After the end the overridden rules bind again, at a permit as well as for a place that comes after the others late.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long overrides of a service's orders count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OverrideTerm {
    /// Of an order that does not say.
    pub usual: Duration,
    /// At the most.
    pub longest: Duration,
}

/// An order's overrides would count for longer than the policy allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("overrides of this service last at most {} s, not {} s", .longest.as_secs(), .wanted.as_secs())]
pub struct TooLong {
    /// What was asked for.
    pub wanted: Duration,
    /// What the policy allows.
    pub longest: Duration,
}

impl OverrideTerm {
    /// The longest that any policy may allow: after a day the person who looked has gone home.
    pub const LONGEST_MAX: Duration = Duration::from_hours(24);

    /// How long the overrides of an order count that asks for `wanted`.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn grant(self, wanted: Option<Duration>) -> Result<Duration, TooLong> {
        let Some(wanted) = wanted else { return Ok(self.usual) };
        if wanted > self.longest { Err(TooLong { wanted, longest: self.longest }) } else { Ok(wanted) }
    }
}

/// A move and its retries after a provider's short outage fit into ten minutes; an hour is an incident.
impl Default for OverrideTerm {
    fn default() -> Self {
        Self { usual: Duration::from_mins(10), longest: Duration::from_hours(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_gets_what_it_asks_for_up_to_the_longest() {
        let term = OverrideTerm::default();
        assert_eq!(term.grant(None), Ok(term.usual));
        assert_eq!(term.grant(Some(term.longest)), Ok(term.longest));
        let wanted = term.longest + Duration::from_secs(1);
        let refused = term.grant(Some(wanted)).expect_err("too long");
        assert_eq!(refused.to_string(), "overrides of this service last at most 3600 s, not 3601 s");
    }
}
