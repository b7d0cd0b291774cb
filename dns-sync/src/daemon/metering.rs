//! The metrics of the daemon. Labels are bounded by the configuration: zone, target, state, kind, outcome.

use std::fmt;
use std::time::Duration;

use dns_api::sync::{SourceReport, SourceState, TargetReport, TargetState};
use dns_core::identifier::ProviderName;
use dns_core::time::Timestamp;
use dns_zone::{Drift, Kind, Owner};
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

const SERIAL: &str = "dns_sync_source_serial";
const SOURCE_STATE: &str = "dns_sync_source_state";
const CONFIRMED: &str = "dns_sync_source_confirmed_timestamp_seconds";
const WOKEN: &str = "dns_sync_notify_total";
const REFUSED: &str = "dns_sync_notify_refused_total";
const TRANSFERS: &str = "dns_sync_transfers_total";
const TARGET_STATE: &str = "dns_sync_target_state";
const PENDING: &str = "dns_sync_pending";
const LAG: &str = "dns_sync_lag_seconds";
const UNSERVED: &str = "dns_sync_unserved";
const DRIFT: &str = "dns_sync_drift";
const DRIFTED: &str = "dns_sync_drift_total";
const CHANGES: &str = "dns_sync_changes_total";
const UNREAD: &str = "dns_sync_target_unread_total";
const PUSHES: &str = "dns_sync_pushes_total";
const RECENT: &str = "dns_sync_recent_changes";
const RECENT_MAX: &str = "dns_sync_recent_changes_max";
const SERVED: &str = "dns_sync_served_seconds";

const SOURCE_STATES: [(SourceState, &str); 4] = [
    (SourceState::Unread, "unread"),
    (SourceState::Current, "current"),
    (SourceState::Failing, "failing"),
    (SourceState::Expired, "expired"),
];

const TARGET_STATES: [(TargetState, &str); 7] = [
    (TargetState::Unread, "unread"),
    (TargetState::Equal, "equal"),
    (TargetState::Behind, "behind"),
    (TargetState::Held, "held"),
    (TargetState::Refusing, "refusing"),
    (TargetState::Failing, "failing"),
    (TargetState::SourceUnknown, "source-unknown"),
];

/// Says what each metric means.
pub(super) fn describe() {
    describe_gauge!(SERIAL, "The serial of the source that is known, by zone.");
    describe_gauge!(SOURCE_STATE, "1 for the state that a zone's source is in: unread, current, failing, expired.");
    describe_gauge!(CONFIRMED, "When the source last answered that this is what it has, by zone.");
    describe_counter!(WOKEN, "Times that a NOTIFY woke a zone; several that come together are one.");
    describe_counter!(REFUSED, "Requests and connections that were refused where NOTIFY is taken.");
    describe_counter!(TRANSFERS, "Transfers from sources, by zone and kind: axfr, ixfr, failed.");
    describe_gauge!(
        TARGET_STATE,
        "1 for the state that a target is in: unread, equal, behind, held, refusing, failing, source-unknown; held wants a person."
    );
    describe_gauge!(PENDING, "Record sets of a target that may differ from the source.");
    describe_gauge!(LAG, "How long the oldest change waits that a target lacks.");
    describe_gauge!(UNSERVED, "Changes that were written and that not every authoritative server serves yet.");
    describe_gauge!(
        DRIFT,
        "Record sets that differ at a target and are not written yet: somebody else has changed them, or it lags."
    );
    describe_counter!(DRIFTED, "Drift that was found, by kind: lag, reverted, normalised, foreign, left-alone.");
    describe_counter!(CHANGES, "Record sets written, by zone, target and kind: create, update, delete.");
    describe_counter!(UNREAD, "Times that a target could not be read.");
    describe_counter!(PUSHES, "Pushes to a target, by outcome: done, refused, drifted, failed.");
    describe_gauge!(
        RECENT,
        "Record sets of all zones at all targets that were written within the last hour, as the limits `all…` count them."
    );
    describe_gauge!(
        RECENT_MAX,
        "How many of them there may be before pushes are held; absent where nothing limits them."
    );
    describe_histogram!(
        SERVED,
        "From when a change was learnt until every authoritative server of a target served it."
    );
}

/// How a zone came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transfer {
    /// Whole.
    Axfr,
    /// What has changed.
    Ixfr,
}

impl fmt::Display for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Axfr => "AXFR",
            Self::Ixfr => "IXFR",
        })
    }
}

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Push {
    /// All of it was taken.
    Done,
    /// Some of it was refused.
    Refused,
    /// Somebody else had changed the target.
    Drifted,
    /// The target could not be written.
    Failed,
}

pub(super) fn woken(zone: &Owner) {
    counter!(WOKEN, "zone" => zone.to_string()).increment(1);
}

pub(super) fn notify_refused() {
    counter!(REFUSED).increment(1);
}

pub(super) fn transferred(zone: &Owner, how: Transfer) {
    let kind = match how {
        Transfer::Axfr => "axfr",
        Transfer::Ixfr => "ixfr",
    };
    counter!(TRANSFERS, "zone" => zone.to_string(), "kind" => kind).increment(1);
}

pub(super) fn transfer_failed(zone: &Owner) {
    counter!(TRANSFERS, "zone" => zone.to_string(), "kind" => "failed").increment(1);
}

pub(super) fn pushed(zone: &Owner, target: &ProviderName, outcome: Push) {
    let outcome = match outcome {
        Push::Done => "done",
        Push::Refused => "refused",
        Push::Drifted => "drifted",
        Push::Failed => "failed",
    };
    counter!(PUSHES, "zone" => zone.to_string(), "target" => target.to_string(), "outcome" => outcome).increment(1);
}

pub(super) fn unread(zone: &Owner, target: &ProviderName) {
    counter!(UNREAD, "zone" => zone.to_string(), "target" => target.to_string()).increment(1);
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Create => "create",
        Kind::Update => "update",
        Kind::Delete => "delete",
    }
}

pub(super) fn changed(zone: &Owner, target: &ProviderName, kind: Kind, count: u64) {
    let (zone, target) = (zone.to_string(), target.to_string());
    counter!(CHANGES, "zone" => zone, "target" => target, "kind" => name(kind)).increment(count);
}

#[expect(clippy::cast_precision_loss, reason = "counts of record sets, far below 2^53")]
pub(super) fn together(kind: Kind, count: u64, most: Option<u64>) {
    gauge!(RECENT, "kind" => name(kind)).set(count as f64);
    if let Some(most) = most {
        gauge!(RECENT_MAX, "kind" => name(kind)).set(most as f64);
    }
}

pub(super) fn drifted(zone: &Owner, target: &ProviderName, drift: &Drift) {
    let kind = match drift {
        Drift::LeftAlone(_) => "left-alone",
        Drift::Lag => "lag",
        Drift::Reverted => "reverted",
        Drift::Normalised => "normalised",
        Drift::Foreign => "foreign",
    };
    counter!(DRIFTED, "zone" => zone.to_string(), "target" => target.to_string(), "kind" => kind).increment(1);
}

pub(super) fn served(zone: &Owner, target: &ProviderName, after: Duration) {
    histogram!(SERVED, "zone" => zone.to_string(), "target" => target.to_string()).record(after);
}

#[expect(clippy::cast_precision_loss, reason = "a point in time in seconds, far below 2^53")]
pub(super) fn source(zone: &Owner, report: &SourceReport, now: Timestamp) {
    let zone = zone.to_string();
    if let Some(serial) = report.serial {
        gauge!(SERIAL, "zone" => zone.clone()).set(serial);
    }
    if report.state == SourceState::Current {
        gauge!(CONFIRMED, "zone" => zone.clone()).set(now.as_secs() as f64);
    }
    for (state, name) in SOURCE_STATES {
        gauge!(SOURCE_STATE, "zone" => zone.clone(), "state" => name).set(f64::from(u8::from(report.state == state)));
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of records, far below 2^53")]
pub(super) fn target(zone: &Owner, target: &ProviderName, report: &TargetReport, lag: Duration) {
    let (zone, target) = (zone.to_string(), target.to_string());
    let set = |name: &'static str, value: f64| {
        gauge!(name, "zone" => zone.clone(), "target" => target.clone()).set(value);
    };
    set(PENDING, report.pending as f64);
    set(LAG, lag.as_secs_f64());
    set(UNSERVED, report.unserved as f64);
    set(DRIFT, report.drifted as f64);
    for (state, name) in TARGET_STATES {
        let value = f64::from(u8::from(report.state == state));
        gauge!(TARGET_STATE, "zone" => zone.clone(), "target" => target.clone(), "state" => name).set(value);
    }
}
