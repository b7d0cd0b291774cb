//! The source of a zone as it is known here, shared by the one who keeps it and the targets that follow it.
//!
//! Whoever changes it tells every follower which sets changed, under the same lock: no follower ever plans from a copy whose
//! changes it has not been told.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use dns_provider::zones::NotPlain;
use dns_transfer::{Differences, Soa, TransferError};
use dns_zone::{Follower, Owner, Rtype, SetChange, SetKey, Zone, difference};
use tokio::sync::Notify;

use super::signs::TargetSign;

/// For how long a source that was found to be as it is known counts as such, where somebody else's change is about to be undone.
const CONFIRMED_FOR: Duration = Duration::from_mins(1);

/// A copy of the source.
#[derive(Debug)]
pub(super) struct Copy {
    /// The zone.
    pub(super) zone: Zone,
    /// What the source holds that is no record set.
    pub(super) not_plain: Vec<NotPlain>,
}

/// The source, and who follows it.
#[derive(Debug)]
pub(super) struct Original {
    apex: Owner,
    copy: RwLock<Option<Copy>>,
    followers: Vec<Arc<Following>>,
    /// When it was last found to be as the copy says.
    confirmed: Mutex<Option<tokio::time::Instant>>,
    /// A follower wants to know whether it still is.
    asked: Notify,
    is_asked: AtomicBool,
}

/// What a target has yet to look at.
#[derive(Debug)]
pub(super) struct Following {
    state: Mutex<State>,
    wake: Notify,
    sign: TargetSign,
}

#[derive(Debug)]
pub(super) struct State {
    /// What may differ.
    pub(super) follower: Follower,
    /// When the oldest change was learnt that the target lacks.
    pub(super) behind_since: Option<Instant>,
}

impl Original {
    /// A source that was not read yet.
    pub(super) fn new(apex: Owner, followers: Vec<Arc<Following>>) -> Self {
        let (copy, confirmed) = (RwLock::new(None), Mutex::new(None));
        Self { apex, copy, followers, confirmed, asked: Notify::new(), is_asked: AtomicBool::new(false) }
    }

    /// Takes note that the source is as the copy says. Whoever asked is woken.
    pub(super) fn confirmed(&self) {
        *self.confirmed.lock().unwrap_or_else(PoisonError::into_inner) = Some(tokio::time::Instant::now());
        if self.is_asked.swap(false, Ordering::AcqRel) {
            self.followers.iter().for_each(|follower| follower.wake.notify_one());
        }
    }

    /// Whether that was a moment ago.
    pub(super) fn is_confirmed(&self) -> bool {
        let confirmed = *self.confirmed.lock().unwrap_or_else(PoisonError::into_inner);
        confirmed.is_some_and(|at| at.elapsed() < CONFIRMED_FOR)
    }

    /// Asks its keeper to look whether it still is: a NOTIFY may have been lost.
    pub(super) fn ask(&self) {
        if !self.is_asked.swap(true, Ordering::AcqRel) {
            self.asked.notify_one();
        }
    }

    /// Waits until somebody asks. Cancel safe.
    pub(super) async fn asked(&self) {
        self.asked.notified().await;
    }

    /// The zone's name.
    pub(super) fn apex(&self) -> &Owner {
        &self.apex
    }

    /// What is known, while the guard is held; none if it was not read yet or is known no longer.
    pub(super) fn read(&self) -> RwLockReadGuard<'_, Option<Copy>> {
        self.copy.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Option<Copy>> {
        // A zone is changed set by set and followers hear of it afterwards; who panicked in between ends the process.
        self.copy.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// A zone that holds the SOA alone: what a server is asked about.
    pub(super) fn soa_alone(&self) -> Zone {
        let mut alone = Zone::new(self.apex.clone());
        let key = SetKey::new(self.apex.clone(), Rtype::SOA);
        if let Some(set) = self.read().as_ref().and_then(|copy| copy.zone.get(&key)) {
            alone.put(key, set.clone()).expect("invariant: the SOA is at the apex");
        }
        alone
    }

    /// Its SOA.
    pub(super) fn soa(&self) -> Option<Soa> {
        self.read().as_ref().and_then(|copy| Soa::of_zone(&copy.zone))
    }

    /// Takes what was read whole; how many sets changed, or are there if that cannot be told.
    pub(super) fn replace(&self, zone: Zone, not_plain: Vec<NotPlain>) -> usize {
        let mut copy = self.write();
        let changes = match &*copy {
            Some(before) if before.not_plain == not_plain => Some(difference(&before.zone, &zone)),
            Some(_) | None => None,
        };
        let sets = zone.sets().len();
        *copy = Some(Copy { zone, not_plain });
        let Some(changes) = changes else {
            self.followers.iter().for_each(|follower| follower.compare_all());
            return sets;
        };
        self.tell(&changes);
        changes.len()
    }

    /// Takes what a server says has changed; which sets those are.
    ///
    /// # Errors
    /// [`TransferError`] if it does not fit what is known here.
    pub(super) fn change(&self, differences: Differences) -> Result<Vec<SetChange>, TransferError> {
        let mut copy = self.write();
        let mut empty = Zone::new(self.apex.clone());
        let zone = copy.as_mut().map_or(&mut empty, |copy| &mut copy.zone);
        let changes = differences.apply_to(zone)?;
        self.tell(&changes);
        Ok(changes)
    }

    fn tell(&self, changes: &[SetChange]) {
        if !changes.is_empty() {
            self.followers.iter().for_each(|follower| follower.source_changed(changes));
        }
    }

    /// Nobody has confirmed it for too long: nothing is copied from it any more.
    pub(super) fn forget(&self) {
        *self.write() = None;
        self.followers.iter().for_each(|follower| follower.wake.notify_one());
    }
}

impl Following {
    /// Nothing is known yet.
    pub(super) fn new(sign: TargetSign) -> Arc<Self> {
        let state = State { follower: Follower::new(), behind_since: None };
        Arc::new(Self { state: Mutex::new(state), wake: Notify::new(), sign })
    }

    /// What is to be looked at.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is something new since this last returned. Cancel safe.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    fn source_changed(&self, changes: &[SetChange]) {
        self.behind(|follower| follower.source_changed(changes));
    }

    fn compare_all(&self) {
        self.behind(Follower::compare_all);
    }

    fn behind(&self, change: impl FnOnce(&mut Follower)) {
        let mut state = self.state();
        change(&mut state.follower);
        let since = *state.behind_since.get_or_insert_with(Instant::now);
        // Under the lock: whoever finds it equal meanwhile has seen the change.
        self.sign.behind(since);
        drop(state);
        self.wake.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use dns_service::clock::Clock;
    use futures_util::FutureExt as _;

    use super::*;
    use crate::daemon::signs::Signs;
    use crate::fake::{apex, zone};

    #[test]
    fn who_follows_is_woken_when_the_source_is_known_no_longer() {
        let target = "main".parse().expect("a name");
        let (_, mut targets) = Signs::default().add(&apex(), "a file".to_owned(), &[target], Clock::start());
        let following = Following::new(targets.remove(0));
        let original = Original::new(apex(), vec![Arc::clone(&following)]);
        original.replace(zone(&["www A 192.0.2.1"]), Vec::new());
        assert!(following.woken().now_or_never().is_some() && following.woken().now_or_never().is_none());
        original.forget();
        assert!(original.read().is_none() && following.woken().now_or_never().is_some());
    }
}
