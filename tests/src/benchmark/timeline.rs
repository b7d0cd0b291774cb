//! From history rows and answers to spans: where the time of one write goes.
//!
//! History has whole milliseconds of the controller's clock. Controller and poller run on one machine, so their clocks
//! can be compared; anywhere else they could not.

use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use dns_api::history::HistoryRowReport;
use jiff::Timestamp;
use serde::Serialize;

use super::poller::Moment;
use super::statistics::milliseconds;

/// The spans of one write, each from its step to the next, and from its decision to what was served.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spans {
    /// From `decided` to `permitted`: a commit, and the executor wakes.
    #[serde(rename = "decidedToPermittedMs", serialize_with = "milliseconds")]
    pub(super) permit: Duration,
    /// From `permitted` to `applied`: a commit, the UPDATE, and the zone read back.
    #[serde(rename = "permittedToAppliedMs", serialize_with = "milliseconds")]
    pub(super) write: Duration,
    /// From `applied` to `verified`: a commit, and every authoritative server asked.
    #[serde(rename = "appliedToVerifiedMs", serialize_with = "milliseconds")]
    pub(super) verify: Duration,
    /// From `decided` to the first new answer of the primary.
    #[serde(rename = "decidedToPrimaryMs", serialize_with = "milliseconds")]
    pub(super) primary: Duration,
    /// From `decided` to the first new answer of the server that was last.
    #[serde(rename = "decidedToEverywhereMs", serialize_with = "milliseconds")]
    pub(super) everywhere: Duration,
}

impl Spans {
    /// The spans of a decision's rows and of the moments in which each server, the primary first, gave the new answer.
    pub(super) fn of(rows: &[HistoryRowReport], served: &[Moment]) -> anyhow::Result<Self> {
        let decided = at(rows, "decided")?;
        let (permitted, applied) = (at(rows, "permitted")?, at(rows, "applied")?);
        let served = served.iter().map(|moment| Ok(between(decided, wall(moment.wall)?)));
        let served = served.collect::<anyhow::Result<Vec<Duration>>>()?;
        Ok(Self {
            permit: between(decided, permitted),
            write: between(permitted, applied),
            verify: between(applied, at(rows, "verified")?),
            primary: *served.first().context("no server was asked")?,
            everywhere: served.into_iter().max().unwrap_or_default(),
        })
    }
}

fn at(rows: &[HistoryRowReport], kind: &str) -> anyhow::Result<Timestamp> {
    let row = rows.iter().find(|row| row.kind == kind);
    let row = row.with_context(|| {
        let kinds: Vec<&str> = rows.iter().map(|row| row.kind.as_str()).collect();
        format!("the decision has no row `{kind}`, but {}", kinds.join(", "))
    })?;
    row.at.parse().with_context(|| format!("`{}` is no time", row.at))
}

fn wall(time: SystemTime) -> anyhow::Result<Timestamp> {
    Timestamp::try_from(time).context("the wall clock is out of range")
}

/// Nothing is served before it is decided; what looks so is the milliseconds that history rounds to.
fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::{Instant, UNIX_EPOCH};

    use super::*;

    fn row(kind: &str, millis: u64) -> HistoryRowReport {
        let at = Timestamp::UNIX_EPOCH + Duration::from_millis(millis);
        HistoryRowReport {
            position: 1,
            at: format!("{at:.3}"),
            service: "checkout".to_owned(),
            kind: kind.to_owned(),
            decision: None,
            summary: String::new(),
            page: false,
            details: serde_json::Value::Null,
        }
    }

    fn served(millis: u64) -> Moment {
        Moment { instant: Instant::now(), wall: UNIX_EPOCH + Duration::from_millis(millis) }
    }

    #[test]
    fn each_span_ends_where_the_next_begins() {
        let rows = [row("decided", 1_000), row("permitted", 1_004), row("applied", 1_030), row("verified", 1_050)];
        let spans = Spans::of(&rows, &[served(1_020), served(1_045)]).expect("spans");
        assert_eq!(spans.permit, Duration::from_millis(4));
        assert_eq!(spans.write, Duration::from_millis(26));
        assert_eq!(spans.verify, Duration::from_millis(20));
        assert_eq!(spans.primary, Duration::from_millis(20));
        assert_eq!(spans.everywhere, Duration::from_millis(45), "the last server counts");
    }

    #[test]
    fn a_step_that_is_missing_is_named() {
        let error = Spans::of(&[row("decided", 1)], &[served(2)]).expect_err("no permit").to_string();
        assert!(error.contains("`permitted`") && error.contains("decided"), "{error}");
    }

    #[test]
    fn rounding_makes_no_negative_span() {
        let rows = [row("decided", 1_000), row("permitted", 999), row("applied", 999), row("verified", 999)];
        assert_eq!(Spans::of(&rows, &[served(999)]).expect("spans").everywhere, Duration::ZERO);
    }
}
