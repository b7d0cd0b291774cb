//! The account behind the API: its zones, its changes, what it is asked, and what is done to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::fault::{Kind, Operation, Script};
use super::name::RecordName;
use super::refusal::Refusal;
use super::request::ChangeBatch;
use super::zone::{Rules, Sets, Zone};
use super::{Batch, Rate, Setup};

/// What the service's ids are made of.
const ID_LENGTH: usize = 19;

/// The account, behind its lock.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) zones: BTreeMap<String, Zone>,
    pub(super) requests: BTreeMap<Operation, usize>,
    pub(super) batches: Vec<Batch>,
    pub(super) script: Script,
    pub(super) denied: BTreeSet<(Operation, String)>,
    pub(super) health_checks: BTreeSet<String>,
    pub(super) propagation: Duration,
    pub(super) sets_per_zone_max: usize,
    changes: BTreeMap<String, ChangeInfo>,
    busy: BTreeSet<String>,
    bucket: Option<Bucket>,
}

/// A change on its way to the name servers.
#[derive(Clone, Debug)]
pub(super) struct ChangeInfo {
    pub(super) id: String,
    pub(super) submitted: Timestamp,
    pub(super) comment: Option<String>,
    /// `None` is never.
    in_sync: Option<Instant>,
}

impl ChangeInfo {
    pub(super) fn status(&self) -> &'static str {
        if self.in_sync.is_some_and(|time| time <= Instant::now()) { "INSYNC" } else { "PENDING" }
    }
}

impl Account {
    pub(super) fn new(setup: &Setup) -> Self {
        Self {
            zones: BTreeMap::new(),
            requests: BTreeMap::new(),
            batches: Vec::new(),
            script: Script::default(),
            denied: BTreeSet::new(),
            health_checks: BTreeSet::new(),
            propagation: setup.propagation,
            sets_per_zone_max: setup.sets_per_zone_max,
            changes: BTreeMap::new(),
            busy: BTreeSet::new(),
            bucket: setup.rate.map(Bucket::new),
        }
    }

    /// Takes a token of the account's rate.
    pub(super) fn admit(&mut self) -> Result<(), Refusal> {
        let admitted = self.bucket.as_mut().is_none_or(|bucket| bucket.take(Instant::now()));
        if admitted { Ok(()) } else { Err(Refusal::throttling()) }
    }

    pub(super) fn zone(&self, id: &str) -> Result<&Zone, Refusal> {
        self.zones.get(id).ok_or_else(|| Refusal::no_such_hosted_zone(id))
    }

    /// Adds a zone and returns its id.
    pub(super) fn add_zone(
        &mut self,
        name: RecordName,
        reference: String,
        comment: Option<String>,
        servers: Vec<String>,
    ) -> String {
        let id = fresh_id("Z", |id| self.zones.contains_key(id));
        let mut zone = Zone::new(id.clone(), name, reference, servers);
        zone.comment = comment;
        self.zones.insert(id.clone(), zone);
        id
    }

    /// Applies a batch and begins its propagation.
    pub(super) fn change(&mut self, zone: &str, batch: ChangeBatch, faults: &[Kind]) -> Result<ChangeInfo, Refusal> {
        let rules = Rules { sets_max: self.sets_per_zone_max, health_checks: &self.health_checks };
        let held = self.zones.get_mut(zone).ok_or_else(|| Refusal::no_such_hosted_zone(zone))?;
        let outcome = held.apply(&batch, &rules);
        let refusal = outcome.as_ref().err().map(|refusal| refusal.message.clone());
        let (zone, records, characters) = (zone.to_owned(), batch.records(), batch.characters());
        self.batches.push(Batch { zone: zone.clone(), records, characters, changes: batch.changes, refusal });
        outcome?;
        Ok(self.begin_change_of(&zone, batch.comment, faults))
    }

    /// Changes a zone past all rules and begins the propagation, as someone's hand in the console does.
    pub(super) fn edit<T>(&mut self, zone: &str, edit: impl FnOnce(&mut Zone) -> T) -> T {
        let held = self.zones.get_mut(zone).unwrap_or_else(|| panic!("the test names the zone {zone}: there is none"));
        let outcome = edit(held);
        self.begin_change_of(zone, None, &[]);
        outcome
    }

    /// What the name servers answer of a zone.
    pub(super) fn sets_in_sync(&self, zone: &str) -> Option<Sets> {
        let has_arrived = |id: &str| self.changes.get(id).is_some_and(|change| change.status() == "INSYNC");
        Some(Arc::clone(self.zones.get(zone)?.sets_in_sync(has_arrived)))
    }

    fn begin_change_of(&mut self, zone: &str, comment: Option<String>, faults: &[Kind]) -> ChangeInfo {
        let change = self.begin_change(comment, faults);
        if let Some(zone) = self.zones.get_mut(zone) {
            zone.set_change(&change.id);
        }
        change
    }

    pub(super) fn begin_change(&mut self, comment: Option<String>, faults: &[Kind]) -> ChangeInfo {
        let mut in_sync = Some(Instant::now() + self.propagation);
        for kind in faults {
            match kind {
                Kind::Propagation(time) => in_sync = Some(Instant::now() + *time),
                Kind::NeverInSync => in_sync = None,
                _ => {}
            }
        }
        let id = fresh_id("C", |id| self.changes.contains_key(id));
        let change = ChangeInfo { id: id.clone(), submitted: Timestamp::now(), comment, in_sync };
        self.changes.insert(id, change.clone());
        change
    }

    pub(super) fn change_info(&self, id: &str) -> Result<&ChangeInfo, Refusal> {
        self.changes.get(id).ok_or_else(|| Refusal::no_such_change(id))
    }

    /// Lets every change arrive now.
    pub(super) fn finish_propagation(&mut self) {
        let now = Instant::now();
        self.changes.values_mut().for_each(|change| change.in_sync = Some(now));
    }
}

/// Marks a zone as being changed for as long as it lives.
#[derive(Debug)]
pub(super) struct Busy {
    account: Arc<Mutex<Account>>,
    zone: String,
}

impl Busy {
    pub(super) fn begin(account: &Arc<Mutex<Account>>, zone: &str) -> Result<Self, Refusal> {
        if !lock(account).busy.insert(zone.to_owned()) {
            return Err(Refusal::prior_request_not_complete());
        }
        Ok(Self { account: Arc::clone(account), zone: zone.to_owned() })
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        lock(&self.account).busy.remove(&self.zone);
    }
}

/// The account. A panic cannot leave it half changed: zones are replaced whole.
pub(super) fn lock(account: &Mutex<Account>) -> MutexGuard<'_, Account> {
    account.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A token bucket.
#[derive(Debug)]
struct Bucket {
    rate: Rate,
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    fn new(rate: Rate) -> Self {
        Self { rate, tokens: f64::from(rate.burst), filled: Instant::now() }
    }

    fn take(&mut self, now: Instant) -> bool {
        let gained = now.duration_since(self.filled).as_secs_f64() * self.rate.per_second;
        self.tokens = (self.tokens + gained).min(f64::from(self.rate.burst));
        self.filled = now;
        let admitted = self.tokens >= 1.0;
        if admitted {
            self.tokens -= 1.0;
        }
        admitted
    }
}

fn fresh_id(prefix: &str, is_taken: impl Fn(&str) -> bool) -> String {
    const LETTERS: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    loop {
        let rest: String = (0..ID_LENGTH).map(|_| char::from(LETTERS[fastrand::usize(..LETTERS.len())])).collect();
        let id = format!("{prefix}0{rest}");
        if !is_taken(&id) {
            return id;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admits_a_burst_and_then_the_rate() {
        let mut bucket = Bucket::new(Rate { per_second: 5.0, burst: 3 });
        let start = bucket.filled;
        let admitted = |bucket: &mut Bucket, at: Instant| (0..10).filter(|_| bucket.take(at)).count();
        assert_eq!(admitted(&mut bucket, start), 3);
        assert_eq!(admitted(&mut bucket, start + Duration::from_millis(400)), 2);
        assert_eq!(admitted(&mut bucket, start + Duration::from_mins(1)), 3);
    }
}
