//! How every zone stands, for people and for monitoring: each part of the daemon writes its own sign.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dns_api::sync::{
    AttributionReport, DRIFT_TOLD_MAX, DriftReport, SourceReport, SourceState, SyncReport, TargetReport, TargetState,
    ZoneReport,
};
use dns_core::identifier::ProviderName;
use dns_core::time::Timestamp;
use dns_service::clock::Clock;
use dns_zone::{Drifted, Owner, Serial, SetKey};

use super::metering;

/// All signs. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Signs(Arc<Mutex<Vec<ZoneSigns>>>);

#[derive(Debug)]
struct ZoneSigns {
    source: SourceSign,
    targets: Vec<TargetSign>,
}

/// The sign of a source.
#[derive(Clone, Debug)]
pub(super) struct SourceSign {
    zone: Owner,
    clock: Clock,
    report: Arc<Mutex<SourceReport>>,
}

/// The sign of a target.
#[derive(Clone, Debug)]
pub(super) struct TargetSign {
    zone: Owner,
    target: ProviderName,
    clock: Clock,
    told: Arc<Mutex<Told>>,
}

#[derive(Debug)]
struct Told {
    report: TargetReport,
    behind_since: Option<Instant>,
    /// By set, and since when it has been found so.
    drift: BTreeMap<(SetKey, Timestamp), DriftReport>,
}

/// A report is whole at every point at which a holder could have panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Signs {
    /// Adds a zone, and hands out its signs: the source's, and one for each target in their order.
    pub(super) fn add(
        &self,
        zone: &Owner,
        source: String,
        targets: &[ProviderName],
        clock: Clock,
    ) -> (SourceSign, Vec<TargetSign>) {
        let report =
            SourceReport { name: source, state: SourceState::Unread, serial: None, confirmed: None, problem: None };
        let source = SourceSign { zone: zone.clone(), clock, report: Arc::new(Mutex::new(report)) };
        let targets: Vec<TargetSign> = targets.iter().map(|target| TargetSign::new(zone, target, clock)).collect();
        lock(&self.0).push(ZoneSigns { source: source.clone(), targets: targets.clone() });
        source.meter();
        (source, targets)
    }

    /// How everything stands now.
    pub(super) fn report(&self) -> SyncReport {
        let zones = lock(&self.0);
        let zones = zones.iter().map(|signs| ZoneReport {
            zone: signs.source.zone.to_string(),
            source: lock(&signs.source.report).clone(),
            targets: signs.targets.iter().map(TargetSign::report).collect(),
        });
        SyncReport { zones: zones.collect() }
    }

    /// Measures what grows by itself.
    pub(super) fn meter(&self) {
        for signs in lock(&self.0).iter() {
            signs.targets.iter().for_each(TargetSign::meter);
        }
    }
}

impl SourceSign {
    /// It answered, and this is what it has.
    pub(super) fn confirmed(&self, serial: Option<Serial>) {
        let mut report = lock(&self.report);
        report.state = SourceState::Current;
        report.serial = serial.map(Serial::into_int);
        report.confirmed = Some(date(self.clock.wall()));
        report.problem = None;
        drop(report);
        self.meter();
    }

    /// It did not answer as it should.
    pub(super) fn failing(&self, problem: String) {
        let mut report = lock(&self.report);
        if report.state == SourceState::Current {
            report.state = SourceState::Failing;
        }
        report.problem = Some(problem);
        drop(report);
        self.meter();
    }

    /// What it said last is no longer good.
    pub(super) fn expired(&self) {
        lock(&self.report).state = SourceState::Expired;
        self.meter();
    }

    fn meter(&self) {
        let report = lock(&self.report);
        metering::source(&self.zone, &report, self.clock.wall());
    }
}

impl TargetSign {
    fn new(zone: &Owner, target: &ProviderName, clock: Clock) -> Self {
        let report = TargetReport {
            target: target.to_string(),
            state: TargetState::Unread,
            pending: 0,
            lag_ms: 0,
            reasons: Vec::new(),
            drift: Vec::new(),
            drifted: 0,
            unserved: 0,
            written: None,
            checked: None,
        };
        let told = Told { report, behind_since: None, drift: BTreeMap::new() };
        let sign = Self { zone: zone.clone(), target: target.clone(), clock, told: Arc::new(Mutex::new(told)) };
        sign.meter();
        sign
    }

    /// How it stands, and why.
    pub(super) fn state(&self, state: TargetState, reasons: Vec<String>) {
        let mut told = lock(&self.told);
        told.report.state = state;
        told.report.reasons = reasons;
        drop(told);
        self.meter();
    }

    /// There is nothing any more that it could be equal to.
    pub(super) fn source_unknown(&self) {
        let mut told = lock(&self.told);
        if told.report.state == TargetState::Unread {
            return;
        }
        told.report.state = TargetState::SourceUnknown;
        told.report.reasons.clear();
        told.drift.clear();
        told.report.drifted = 0;
        told.report.pending = 0;
        told.behind_since = None;
        drop(told);
        self.meter();
    }

    /// The source has changed, and it is not known yet whether that is to be copied.
    pub(super) fn behind(&self, since: Instant) {
        let mut told = lock(&self.told);
        if told.report.state == TargetState::Equal {
            told.report.state = TargetState::Behind;
        }
        told.behind_since = Some(since);
    }

    /// How much waits, and since when.
    pub(super) fn pending(&self, pending: usize, behind_since: Option<Instant>) {
        let mut told = lock(&self.told);
        told.report.pending = pending as u64;
        told.behind_since = behind_since;
    }

    /// It was read whole.
    pub(super) fn checked(&self) {
        lock(&self.told).report.checked = Some(date(self.clock.wall()));
    }

    /// What differs and is not written yet: the first of it, and how much it is.
    pub(super) fn drifted(&self, drifted: &[Drifted]) {
        let mut told = lock(&self.told);
        let mut last = std::mem::take(&mut told.drift);
        told.report.drifted = drifted.len() as u64;
        let reports = drifted.iter().take(DRIFT_TOLD_MAX).map(|one| {
            let found = (one.change.key.clone(), one.since);
            let attribution = last.remove(&found).and_then(|report| report.attribution);
            (found, DriftReport { what: one.to_string(), attribution })
        });
        told.drift = reports.collect();
    }

    /// What the provider tells of a set, unless that has become another meanwhile.
    pub(super) fn attributed(&self, one: &Drifted, attribution: AttributionReport) {
        if let Some(report) = lock(&self.told).drift.get_mut(&(one.change.key.clone(), one.since)) {
            report.attribution = Some(attribution);
        }
    }

    /// Something was written.
    pub(super) fn written(&self) {
        lock(&self.told).report.written = Some(date(self.clock.wall()));
    }

    /// How many changes are not served everywhere.
    pub(super) fn unserved(&self, count: usize) {
        lock(&self.told).report.unserved = count as u64;
    }

    fn report(&self) -> TargetReport {
        let told = lock(&self.told);
        let drift = told.drift.values().cloned().collect();
        let lag_ms = u64::try_from(told.lag().as_millis()).unwrap_or(u64::MAX);
        TargetReport { lag_ms, drift, ..told.report.clone() }
    }

    fn meter(&self) {
        let told = lock(&self.told);
        metering::target(&self.zone, &self.target, &told.report, told.lag());
    }
}

impl Told {
    fn lag(&self) -> Duration {
        self.behind_since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

/// As people and programs read it (RFC 3339).
pub(super) fn date(at: Timestamp) -> String {
    let millis = i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::apex;

    fn sign() -> (Signs, TargetSign) {
        let signs = Signs::default();
        let (_, mut targets) =
            signs.add(&apex(), "a file".to_owned(), &["main".parse().expect("a name")], Clock::start());
        (signs, targets.remove(0))
    }

    fn told(signs: &Signs) -> TargetReport {
        signs.report().zones.remove(0).targets.remove(0)
    }

    #[test]
    fn a_target_is_equal_to_no_source_that_is_not_known() {
        let (signs, sign) = sign();
        sign.source_unknown();
        assert_eq!(told(&signs).state, TargetState::Unread, "it never was");
        sign.state(TargetState::Equal, Vec::new());
        sign.pending(3, Some(Instant::now()));
        let key = crate::fake::key("www", dns_zone::Rtype::A);
        let change = dns_zone::SetChange { key, before: None, after: None };
        let (drift, since) = (dns_zone::Drift::Foreign, Timestamp::from_secs(0));
        sign.drifted(&[Drifted { change, drift, since, is_new: true, next: dns_zone::Next::Wait }]);
        sign.source_unknown();
        let told = told(&signs);
        assert_eq!((told.state, told.pending, told.lag_ms), (TargetState::SourceUnknown, 0, 0));
        assert_eq!((told.drift, told.drifted), (Vec::new(), 0));
    }
}
