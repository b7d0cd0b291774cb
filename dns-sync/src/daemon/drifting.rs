//! What somebody else has changed at a target: told at once, undone later or never, as the configuration says.
//!
//! Only what would be undone is judged: a change that the source makes too, or that plans leave alone, is no drift.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dns_core::time::Timestamp;
use dns_zone::{
    Drifted, Follower, Ledger, Manifest, Next, Patience, RecordSet, Repair, SetChange, SetKey, Settings, Step, Zone,
};

/// How long a provider may go on showing what was before a write.
const GRACE: Duration = Duration::from_mins(1);

/// How far back own writes are remembered: long enough that a job of somebody else that runs every hour is seen to undo them.
const AGE_MAX: Duration = Duration::from_hours(24);

/// And how many.
const COUNT_MAX: usize = 10_000;

/// What is known of one target's drift.
pub(super) struct Drifting {
    ledger: Ledger,
    patience: Patience,
    /// What should stand where somebody else has changed something.
    believed: BTreeMap<SetKey, Option<RecordSet>>,
    /// Those of them that are left as they are for now.
    held: BTreeSet<SetKey>,
    /// What was written, and not read since.
    unread: BTreeSet<SetKey>,
    /// What was written and read since, but not judged.
    unseen: BTreeSet<SetKey>,
}

impl Drifting {
    /// Nothing is known yet.
    pub(super) fn new(repair: Repair) -> Self {
        Self {
            ledger: Ledger::new(AGE_MAX, COUNT_MAX),
            patience: Patience { grace: GRACE, repair },
            believed: BTreeMap::new(),
            held: BTreeSet::new(),
            unread: BTreeSet::new(),
            unseen: BTreeSet::new(),
        }
    }

    /// Takes note of what others have changed.
    pub(super) fn seen<'c>(&mut self, changes: impl IntoIterator<Item = &'c SetChange>) {
        for change in changes {
            self.believed.entry(change.key.clone()).or_insert_with(|| change.before.clone());
        }
    }

    /// Takes note that all of the target was read.
    pub(super) fn was_read(&mut self) {
        self.unseen.append(&mut self.unread);
    }

    /// Takes note of what was written.
    pub(super) fn wrote(&mut self, changes: &[SetChange], now: Timestamp) {
        for change in changes {
            self.believed.remove(&change.key);
            self.held.remove(&change.key);
            self.unread.insert(change.key.clone());
        }
        self.ledger.wrote(changes, now);
    }

    /// Judges what would be undone: what must wait is held, what has waited long enough is let go. Says what was judged;
    /// afterwards something else may be proposed than `steps`. Without `may_repair` everything waits.
    pub(super) fn judge(
        &mut self,
        steps: &[Step],
        target: &Zone,
        follower: &mut Follower,
        settings: &Settings,
        (now, may_repair): (Timestamp, bool),
    ) -> Vec<Drifted> {
        self.leave_to_others(target, settings);
        let proposed: BTreeMap<&SetKey, &Option<RecordSet>> =
            steps.iter().flat_map(|step| &step.changes).map(|change| (&change.key, &change.after)).collect();
        self.held.retain(|key| follower.holds(key));
        // What is neither proposed nor held is as the source has it, or nobody's business; what is proposed otherwise than it was
        // is the source's own change.
        let held = &self.held;
        self.believed.retain(|key, believed| held.contains(key) || proposed.get(key) == Some(&&*believed));
        if self.believed.is_empty() && self.unseen.is_empty() {
            self.ledger.nothing_differs();
            return Vec::new();
        }
        let [believed, listed] = self.both(target);
        let patience = match self.patience {
            Patience { grace, repair: Repair::After(_) } if !may_repair => {
                Patience { grace, repair: Repair::After(Duration::MAX) }
            }
            patience => patience,
        };
        let judged = self.ledger.compare(&believed, &listed, settings, patience, now);
        for Drifted { change, next, .. } in &judged {
            match next {
                Next::Believe | Next::Repair => {
                    self.held.remove(&change.key);
                    follower.let_go(&change.key);
                }
                Next::Nothing | Next::Wait | Next::Keep | Next::Hold => {
                    self.held.insert(change.key.clone());
                    follower.hold(change.key.clone());
                }
            }
        }
        judged
    }

    /// What another installation owns should stand as that has it now.
    fn leave_to_others(&mut self, target: &Zone, settings: &Settings) {
        if self.believed.is_empty() {
            return;
        }
        // A manifest that cannot be read stops every proposal.
        let Ok(manifest) = Manifest::read(target) else { return };
        for (key, believed) in &mut self.believed {
            let (before, after) = (target.get(key).cloned(), believed.take());
            *believed = manifest.allowed(&SetChange { key: key.clone(), before, after }, &settings.install);
        }
    }

    /// What should stand in the target, and what does, as far as anything is to be learnt of it.
    fn both(&mut self, target: &Zone) -> [Zone; 2] {
        let mut both = [Zone::new(target.apex().clone()), Zone::new(target.apex().clone())];
        let keys: BTreeSet<SetKey> = self.believed.keys().cloned().chain(std::mem::take(&mut self.unseen)).collect();
        for key in keys {
            let listed = target.get(&key);
            let believed = self.believed.get(&key).map_or(listed, Option::as_ref);
            for (zone, set) in both.iter_mut().zip([believed, listed]) {
                if let Some(set) = set {
                    zone.put(key.clone(), set.clone()).expect("invariant: it is a set of the same zone");
                }
            }
        }
        both
    }
}

#[cfg(test)]
mod tests {
    use dns_zone::{Drift, Limits, MarkerForms, Protected, Rtype, TargetTraits, TtlPolicy};

    use super::*;
    use crate::fake::{key, zone};

    const PATIENCE: Duration = Duration::from_mins(10);

    /// A source and a target that were equal, and what is known of them.
    struct Pair {
        source: Zone,
        target: Zone,
        follower: Follower,
        drifting: Drifting,
        now: Timestamp,
    }

    fn settings() -> Settings {
        Settings {
            target: "main".parse().expect("a name"),
            traits: TargetTraits::default(),
            ttl_policy: TtlPolicy::Adjust,
            limits: Limits::default(),
            protected: Protected::SoaAndNs,
            install: "acme".parse().expect("a name"),
            markers: MarkerForms::default(),
            not_plain: BTreeMap::new(),
            serial_stays: None,
            source_sets_known: None,
            made: Timestamp::from_secs(0),
            valid_for: Duration::ZERO,
        }
    }

    impl Pair {
        fn new() -> Self {
            let both = zone(&["www A 192.0.2.1", "api A 192.0.2.2"]);
            let drifting = Drifting::new(Repair::After(PATIENCE));
            let now = Timestamp::from_secs(1_000_000);
            let mut pair = Self { source: both.clone(), target: both, follower: Follower::new(), drifting, now };
            assert_eq!(pair.judged(), []);
            pair
        }

        /// One set of a zone becomes another.
        fn change(zone: &mut Zone, lines: &[&str]) -> SetChange {
            let line = crate::fake::zone(lines);
            let (key, set) = line.sets().next().expect("one set");
            let before = zone.put(key.clone(), set.clone()).expect("in the zone");
            SetChange { key: key.clone(), before, after: Some(set.clone()) }
        }

        fn somebody_makes(&mut self, line: &str) {
            self.somebody_makes_all(&[line]);
        }

        /// The values of one set.
        fn somebody_makes_all(&mut self, lines: &[&str]) {
            let change = Self::change(&mut self.target, lines);
            self.follower.target_changed(std::slice::from_ref(&change));
            self.drifting.seen([&change]);
        }

        fn source_becomes(&mut self, line: &str) {
            let change = Self::change(&mut self.source, &[line]);
            self.follower.source_changed(&[change]);
        }

        fn steps(&mut self) -> Vec<Step> {
            self.follower.propose(&self.source, &self.target, &settings()).steps
        }

        fn judged(&mut self) -> Vec<(SetKey, Drift, bool)> {
            let steps = self.steps();
            let Self { target, follower, drifting, now, .. } = self;
            let judged = drifting.judge(&steps, target, follower, &settings(), (*now, true));
            judged.into_iter().map(|one| (one.change.key, one.drift, one.is_new)).collect()
        }
    }

    #[test]
    fn somebodys_change_is_told_once_and_written_over_when_it_has_stood_long_enough() {
        let mut pair = Pair::new();
        pair.somebody_makes("www A 192.0.2.9");
        let www = || key("www", Rtype::A);
        assert_eq!(pair.judged(), [(www(), Drift::Foreign, true)]);
        assert_eq!(pair.steps().len(), 0, "it waits");
        pair.follower.compare_all();
        pair.now = pair.now + PATIENCE / 2;
        assert_eq!(pair.judged(), [(www(), Drift::Foreign, false)]);
        assert_eq!(pair.steps().len(), 0, "comparing everything does not end that");
        pair.now = pair.now + PATIENCE / 2;
        assert_eq!(pair.judged().len(), 1);
        assert_eq!(pair.steps().len(), 1);
    }

    #[test]
    fn what_the_source_wants_otherwise_or_as_well_is_no_drift() {
        let mut pair = Pair::new();
        pair.somebody_makes("www A 192.0.2.9");
        pair.source_becomes("www A 192.0.2.8");
        assert_eq!(pair.judged(), [], "the source has the last word");
        assert_eq!(pair.steps().len(), 1);
        let mut pair = Pair::new();
        pair.somebody_makes("www A 192.0.2.9");
        pair.source_becomes("www A 192.0.2.9");
        assert_eq!((pair.judged(), pair.steps().len()), (vec![], 0));
        let mut pair = Pair::new();
        pair.somebody_makes("www A 192.0.2.9");
        pair.judged();
        pair.source_becomes("www A 192.0.2.8");
        assert_eq!(pair.judged(), [], "also where it waited");
        assert_eq!(pair.steps().len(), 1);
    }

    /// A set of which the SPF is ours and the rest beta's.
    #[test]
    fn a_part_that_another_installation_owns_is_no_drift_and_hides_none() {
        let text = |install: &str, more: &str| {
            format!("_dns-sync TXT \"v=dnssync1;install={install};own=name:@;types=txt;{more}\"")
        };
        let (whole, ours) = (text("beta", ""), text("acme", "part=value:v=spf1;"));
        let mut pair = Pair::new();
        pair.source = zone(&["@ TXT \"v=spf1 a\"", "www A 192.0.2.1"]);
        pair.target = zone(&["@ TXT \"v=spf1 a\"", "@ TXT \"proof\"", "www A 192.0.2.1", &whole, &ours]);
        pair.follower = Follower::new();
        assert_eq!((pair.judged(), pair.steps().len()), (vec![], 0));
        let apex = || key("@", Rtype::TXT);
        pair.somebody_makes_all(&["@ TXT \"v=spf1 a\"", "@ TXT \"another proof\""]);
        assert_eq!((pair.judged(), pair.steps().len()), (vec![], 0), "beta's");
        pair.somebody_makes_all(&["@ TXT \"v=spf1 b\"", "@ TXT \"a third proof\""]);
        assert_eq!(pair.judged(), [(apex(), Drift::Foreign, true)], "ours, whatever came with it");
        assert_eq!(pair.steps().len(), 0, "it waits");
        pair.now = pair.now + PATIENCE;
        assert_eq!(pair.judged(), [(apex(), Drift::Foreign, false)]);
        let steps = pair.steps();
        let after = steps[0].changes[0].after.clone();
        let expected = zone(&["@ TXT \"v=spf1 a\"", "@ TXT \"a third proof\""]);
        assert_eq!(after.as_ref(), expected.get(&apex()), "only ours is undone");
    }

    #[test]
    fn what_comes_back_by_itself_is_drift_no_more() {
        let mut pair = Pair::new();
        pair.somebody_makes("www A 192.0.2.9");
        assert_eq!(pair.judged().len(), 1);
        pair.somebody_makes("www A 192.0.2.1");
        assert_eq!((pair.judged(), pair.steps().len()), (vec![], 0));
    }

    /// Otherwise it would be written over at once, and nobody would hear of it.
    #[test]
    fn somebodys_change_that_comes_again_is_told_again_and_waits_again() {
        let mut pair = Pair::new();
        pair.somebody_makes("www A 192.0.2.9");
        assert_eq!(pair.judged().len(), 1);
        pair.somebody_makes("www A 192.0.2.1");
        assert_eq!(pair.judged(), []);
        pair.now = pair.now + 2 * PATIENCE;
        pair.somebody_makes("www A 192.0.2.9");
        assert_eq!(pair.judged(), [(key("www", Rtype::A), Drift::Foreign, true)]);
        assert_eq!(pair.steps().len(), 0, "it waits");
    }
}
