use super::*;
use crate::Rtype;
use crate::fixture::{fence, fence_text, key, set, settings, txt_of, zone};
use crate::{Proposal, Rdata, SetKey, Zone, difference};

const GRACE_SECS: u64 = 30;
const WAIT_SECS: u64 = 300;

/// A target that somebody else writes too.
struct Watch {
    ledger: Ledger,
    believed: Zone,
    /// What a listing gives.
    listed: Zone,
    patience: Patience,
    now: u64,
}

impl Watch {
    /// A target that is believed to be what it is.
    fn over(lines: &[&str]) -> Self {
        let repair = Repair::After(Duration::from_secs(WAIT_SECS));
        Self {
            ledger: Ledger::new(Duration::from_hours(1), 10),
            believed: zone(lines),
            listed: zone(lines),
            patience: Patience { grace: Duration::from_secs(GRACE_SECS), repair },
            now: 1_000,
        }
    }

    /// Writes a set, which is not listed yet.
    fn write(&mut self, line: &str) {
        let line = zone(&[line]);
        let (key, set) = line.sets().next().expect("one set");
        let change = SetChange { key: key.clone(), before: self.believed.get(key).cloned(), after: Some(set.clone()) };
        change.apply_to(&mut self.believed).expect("in the zone");
        self.ledger.wrote(&[change], Timestamp::from_secs(self.now));
    }

    fn is_listed(&mut self, line: &str) {
        let line = zone(&[line]);
        let (key, set) = line.sets().next().expect("one set");
        self.listed.put(key.clone(), set.clone()).expect("in the zone");
    }

    /// What differs after so many seconds.
    fn drifted(&mut self, secs: u64) -> Vec<Drifted> {
        self.now += secs;
        let now = Timestamp::from_secs(self.now);
        self.ledger.compare(&self.believed, &self.listed, &settings(), self.patience, now)
    }

    /// How the only set that differs does, after so many seconds.
    fn drift(&mut self, secs: u64) -> (Drift, Next) {
        let drifted = self.drifted(secs);
        assert_eq!(drifted.len(), 1, "{drifted:?}");
        (drifted[0].drift.clone(), drifted[0].next)
    }

    /// Waits until the only set that differs is to be repaired, and writes it again; how it differed.
    fn repair(&mut self) -> Drift {
        let mut drift = self.drift(0);
        if drift.1 == Next::Wait {
            drift = self.drift(WAIT_SECS);
        }
        if drift.1 == Next::Wait {
            drift = self.drift(WAIT_SECS);
        }
        assert_eq!(drift.1, Next::Repair);
        let changes: Vec<SetChange> = difference(&self.listed, &self.believed);
        self.ledger.wrote(&changes, Timestamp::from_secs(self.now));
        drift.0
    }

    fn told(&mut self, secs: u64) -> String {
        self.drifted(secs).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }
}

#[test]
fn a_write_that_is_not_seen_lags_for_the_grace_and_is_reverted_after_it() {
    let mut watch = Watch::over(&["www A 1"]);
    watch.write("www A 2");
    assert_eq!(watch.drift(0), (Drift::Lag, Next::Wait));
    assert_eq!(watch.drift(GRACE_SECS), (Drift::Lag, Next::Wait), "the grace includes its end");
    let reverted = watch.drifted(1);
    assert_eq!((&reverted[0].drift, reverted[0].next), (&Drift::Reverted, Next::Wait));
    assert!(reverted[0].is_new, "it was found before, but not so");
    watch.is_listed("www A 2");
    assert_eq!(watch.drifted(0), []);
}

#[test]
fn what_is_neither_written_nor_from_before_is_foreign_within_the_grace_too() {
    let mut watch = Watch::over(&["www A 1"]);
    watch.write("www A 2");
    watch.is_listed("www A 7");
    assert_eq!(watch.drift(0).0, Drift::Foreign);
}

#[test]
fn a_value_that_is_never_taken_is_reverted_and_no_form() {
    let mut watch = Watch::over(&["www A 1"]);
    watch.write("www A 2");
    watch.now += GRACE_SECS + 1;
    assert_eq!(watch.repair(), Drift::Reverted);
    assert_eq!(watch.drift(GRACE_SECS + 1).0, Drift::Reverted);
}

#[test]
fn a_value_that_was_taken_once_and_never_again_is_reverted_and_no_form() {
    let mut watch = Watch::over(&["www A 1"]);
    watch.write("www A 2");
    watch.is_listed("www A 2");
    assert_eq!(watch.drifted(1), []);
    watch.is_listed("www A 1");
    assert_eq!(watch.repair(), Drift::Reverted);
    assert_eq!(watch.drift(GRACE_SECS + 1).0, Drift::Reverted);
}

#[test]
fn a_write_that_was_seen_and_is_gone_is_reverted_however_recent_it_is() {
    let mut watch = Watch::over(&["www A 1"]);
    watch.write("www A 2");
    watch.is_listed("www A 2");
    assert_eq!(watch.drifted(1), []);
    watch.is_listed("www A 1");
    assert_eq!(watch.drift(1).0, Drift::Reverted);
    let told = "www.example.test. A is again as it was before the last write: 192.0.2.1 in place of 192.0.2.2";
    assert_eq!(watch.told(0), told);
}

#[test]
fn the_form_in_which_a_target_keeps_what_is_written_twice_counts_as_equal() {
    let mut watch = Watch::over(&["www TXT old"]);
    watch.write("www TXT Text");
    watch.is_listed("www TXT text");
    assert_eq!(watch.repair(), Drift::Foreign, "so far somebody may have changed it");
    assert_eq!(watch.drift(GRACE_SECS).0, Drift::Lag);
    let told = watch.told(1);
    let expected = "www.example.test. TXT is kept by the target in a form of its own, which counts as equal: \
                    \"text\" in place of \"Text\"";
    assert_eq!(told, expected);
    assert_eq!(watch.drifted(WAIT_SECS), [], "told once");
    let mut listed = watch.listed.clone();
    watch.ledger.read_as_written(&mut listed);
    assert_eq!(listed, watch.believed);
    watch.is_listed("www TXT TEXT");
    assert_eq!(watch.drift(0).0, Drift::Foreign, "that form and no other");
    let mut listed = watch.listed.clone();
    watch.ledger.read_as_written(&mut listed);
    assert_eq!(listed, watch.listed);
}

#[test]
fn another_spelling_that_stood_there_before_anything_is_remembered_is_a_form_after_two_writes() {
    let mut watch = Watch::over(&["www TXT text"]);
    watch.write("www TXT Text");
    assert_eq!(watch.drift(0), (Drift::Lag, Next::Wait));
    watch.now += GRACE_SECS + 1;
    assert_eq!(watch.repair(), Drift::Reverted, "so far the write may have been ignored");
    assert_eq!(watch.drift(GRACE_SECS).0, Drift::Lag);
    assert_eq!(watch.drift(1), (Drift::Normalised, Next::Nothing));
    assert_eq!(watch.drifted(WAIT_SECS), []);
}

#[test]
fn another_text_that_stood_there_before_is_no_form_however_often_it_is_written() {
    let mut watch = Watch::over(&["www TXT old"]);
    watch.write("www TXT new");
    for _ in 0..REPAIRS_MAX {
        watch.now += GRACE_SECS + 1;
        assert_eq!(watch.repair(), Drift::Reverted);
    }
    watch.now += GRACE_SECS + 1;
    assert_eq!(watch.drift(WAIT_SECS), (Drift::Reverted, Next::Hold));
}

#[test]
fn a_write_that_is_sent_twice_before_it_is_read_hides_no_form() {
    let mut watch = Watch::over(&["www TXT old"]);
    watch.write("www TXT Text");
    watch.is_listed("www TXT text");
    watch.repair();
    watch.ledger.wrote(&difference(&watch.listed, &watch.believed), Timestamp::from_secs(watch.now));
    assert_eq!(watch.drift(GRACE_SECS + 1).0, Drift::Normalised);
}

#[test]
fn a_form_is_that_of_one_value() {
    let mut watch = Watch::over(&["www TXT old"]);
    watch.write("www TXT Text");
    watch.is_listed("www TXT text");
    watch.repair();
    assert_eq!(watch.drift(GRACE_SECS + 1).0, Drift::Normalised);
    watch.write("www TXT Other");
    assert_eq!(watch.drift(GRACE_SECS + 1).0, Drift::Foreign, "it came back from neither write");
    let mut listed = watch.listed.clone();
    watch.ledger.read_as_written(&mut listed);
    assert_eq!(listed, watch.listed);
}

#[test]
fn what_was_seen_as_written_is_not_kept_in_another_form() {
    let mut watch = Watch::over(&["www TXT old"]);
    watch.write("www TXT Text");
    watch.is_listed("www TXT Text");
    assert_eq!(watch.drifted(1), []);
    watch.is_listed("www TXT text");
    assert_eq!(watch.repair(), Drift::Foreign);
    assert_eq!(watch.drift(GRACE_SECS + 1).0, Drift::Reverted);
}

#[test]
fn a_form_that_the_second_write_did_not_take_is_none() {
    let mut watch = Watch::over(&["www TXT old"]);
    watch.write("www TXT Text");
    watch.is_listed("www TXT text");
    watch.repair();
    watch.is_listed("www TXT Text");
    assert_eq!(watch.drifted(1), []);
    watch.is_listed("www TXT text");
    assert_eq!(watch.drift(GRACE_SECS + 1).0, Drift::Reverted, "between, it was as written");
}

#[test]
fn what_is_missing_is_no_form_of_what_was_written() {
    let mut watch = Watch::over(&["www TXT old"]);
    watch.write("www TXT Text");
    watch.listed.remove(&key("www", Rtype::TXT));
    assert_eq!(watch.repair(), Drift::Foreign);
    assert_eq!(watch.drift(GRACE_SECS + 1).0, Drift::Reverted);
}

#[test]
fn what_somebody_else_creates_changes_or_deletes_is_foreign() {
    let mut watch = Watch::over(&["a A 1", "b A 1", "c A 1"]);
    watch.is_listed("a A 7");
    watch.listed.remove(&key("b", Rtype::A));
    watch.listed.put(key("c", Rtype::A), set(Rtype::A, &["1"]).with_ttl(crate::fixture::ttl(60))).expect("in the zone");
    watch.is_listed("new A 8 9");
    let expected = [
        "a.example.test. A was changed by someone else: 192.0.2.7 in place of 192.0.2.1",
        "b.example.test. A was deleted by someone else: nothing in place of 192.0.2.1",
        "c.example.test. A was changed by someone else: 192.0.2.1 (TTL 60 s) in place of 192.0.2.1 (TTL 300 s)",
        "new.example.test. A was created by someone else: 192.0.2.8, 192.0.2.9 in place of nothing",
    ];
    assert_eq!(watch.told(1), expected.join("\n"));
}

#[test]
fn a_value_that_was_believed_after_our_write_is_not_ours() {
    let mut watch = Watch::over(&["www A 1"]);
    watch.write("www A 2");
    watch.believed = zone(&["www A 3"]);
    assert_eq!(watch.drift(0).0, Drift::Foreign);
}

#[test]
fn what_plans_leave_alone_is_believed() {
    let mut watch = Watch::over(&["api A 1", "www A 1"]);
    watch.is_listed("api A 2");
    let fence = fence(&watch.listed, "shop", &["api"], "main", (4, 0));
    watch.listed.put(key("_shop._failover", Rtype::TXT), txt_of(&fence_text(&fence))).expect("in the zone");
    let drifted = watch.drifted(0);
    assert!(drifted.iter().all(|one| one.next == Next::Believe), "{drifted:?}");
    let told =
        "api.example.test. A is another now, and left alone (held by service `shop`): 192.0.2.2 in place of 192.0.2.1";
    assert_eq!(drifted[1].to_string(), told);
}

#[test]
fn soa_and_what_signers_make_is_not_looked_at() {
    let mut watch = Watch::over(&["@ SOA 1", "www A 1"]);
    watch.is_listed("@ SOA 2");
    let keys = Rdata::from_wire(Rtype::CDNSKEY, &[1, 1, 3, 13, 7, 7]).expect("a key");
    let signers = crate::RecordSet::of_one(crate::fixture::ttl(60), keys);
    watch.listed.put(key("@", Rtype::CDNSKEY), signers).expect("in the zone");
    assert_eq!(watch.drifted(0), []);
}

#[test]
fn a_change_is_told_at_once_and_once_and_repaired_when_it_has_stayed() {
    let mut watch = Watch::over(&["www A 1"]);
    watch.is_listed("www A 7");
    let first = watch.drifted(0);
    assert_eq!((first[0].is_new, first[0].next), (true, Next::Wait));
    let second = watch.drifted(WAIT_SECS - 1);
    assert_eq!((second[0].is_new, second[0].since, second[0].next), (false, first[0].since, Next::Wait));
    assert_eq!(watch.drift(1).1, Next::Repair);
    assert!(watch.told(0).ends_with("; it will be repaired"));
}

#[test]
fn one_that_changes_again_or_went_away_in_between_has_not_stayed() {
    let mut watch = Watch::over(&["www A 1"]);
    watch.is_listed("www A 7");
    watch.drifted(0);
    watch.is_listed("www A 8");
    assert_eq!(watch.drift(WAIT_SECS).1, Next::Wait);
    watch.is_listed("www A 1");
    assert_eq!(watch.drifted(1), []);
    watch.is_listed("www A 8");
    assert_eq!(watch.drift(WAIT_SECS).1, Next::Wait);
}

#[test]
fn nothing_is_repaired_where_repairs_are_off() {
    let mut watch = Watch::over(&["www A 1"]);
    watch.patience.repair = Repair::Never;
    watch.is_listed("www A 7");
    assert_eq!((watch.drift(0).1, watch.drift(WAIT_SECS).1), (Next::Keep, Next::Keep));
    assert!(watch.told(0).ends_with("; repairs are switched off"));
}

#[test]
fn a_set_with_two_writers_is_held_after_three_repairs_until_the_source_changes_it() {
    let mut watch = Watch::over(&["www A 7"]);
    watch.write("www A 1");
    watch.now += GRACE_SECS + 1;
    for _ in 0..REPAIRS_MAX {
        assert_eq!(watch.repair(), Drift::Reverted);
        watch.is_listed("www A 1");
        assert_eq!(watch.drifted(1), []);
        watch.is_listed("www A 7");
    }
    assert_eq!(watch.drift(WAIT_SECS), (Drift::Reverted, Next::Hold));
    assert!(watch.told(0).contains("it was repaired 3 times and has two writers"));
    let believed = std::mem::replace(&mut watch.believed, zone(&["www A 5"]));
    assert_eq!(watch.drift(0), (Drift::Foreign, Next::Wait), "what was repaired is not what is believed");
    watch.believed = believed;
    watch.write("www A 2");
    watch.is_listed("www A 2");
    assert_eq!(watch.drifted(1), []);
    watch.is_listed("www A 7");
    assert_eq!(watch.drift(1).1, Next::Wait, "another value begins anew");
}

#[test]
fn writes_are_forgotten_when_they_are_old() {
    let mut watch = Watch::over(&["www A 1"]);
    watch.write("www A 2");
    assert_eq!(watch.drift(3_600).0, Drift::Reverted);
    assert_eq!(watch.drift(1).0, Drift::Foreign);
}

#[test]
fn the_oldest_writes_are_forgotten_when_they_are_too_many() {
    let lines: Vec<String> = (0..11).map(|index| format!("n{index:02} A 1")).collect();
    let mut watch = Watch::over(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    for index in (0..11).rev() {
        watch.now += 1;
        watch.write(&format!("n{index:02} A 2"));
    }
    let foreign: Vec<SetKey> =
        watch.drifted(0).into_iter().filter(|one| one.drift != Drift::Lag).map(|one| one.change.key).collect();
    assert_eq!(foreign, [key("n10", Rtype::A)]);
}

#[test]
fn a_clock_that_is_set_back_starts_grace_and_waiting_anew_and_no_more() {
    let mut watch = Watch::over(&["www A 1"]);
    watch.write("www A 2");
    watch.now = 100;
    assert_eq!(watch.drift(0).0, Drift::Lag);
    assert_eq!(watch.drift(GRACE_SECS + 1).0, Drift::Reverted, "not only when the clock has come round");
    let mut watch = Watch::over(&["www A 1"]);
    watch.is_listed("www A 7");
    watch.drifted(0);
    watch.now = 100;
    assert_eq!(watch.drift(0).1, Next::Wait);
    assert_eq!(watch.drift(WAIT_SECS).1, Next::Repair);
}

#[test]
fn what_is_repaired_is_what_a_proposal_makes_of_it() {
    let mut watch = Watch::over(&["www A 1", "api A 1"]);
    watch.is_listed("www A 7");
    watch.drifted(0);
    let drifted = watch.drifted(WAIT_SECS);
    assert_eq!(drifted[0].next, Next::Repair);
    let source = watch.believed.clone();
    drifted[0].change.apply_to(&mut watch.believed).expect("in the zone");
    let proposal = Proposal::of(&source, &watch.believed, &settings());
    assert_eq!(proposal.steps[0].changes, [drifted[0].change.inverse()]);
}

#[test]
fn a_part_that_another_installation_owns_does_not_drift_and_ours_beside_it_does() {
    let shared = "_dns-sync TXT v=dnssync1;install=beta;own=name:@;types=txt; \
                  v=dnssync1;install=acme;own=name:@;types=txt;part=value:v=spf1;";
    let mut watch = Watch::over(&["@ TXT v=spf1-a proof", "www A 1", shared]);
    watch.is_listed("@ TXT v=spf1-a another-proof");
    let drifted = watch.drifted(1);
    assert!(matches!(&drifted[0].drift, Drift::LeftAlone(Why::ClaimedPart { .. })), "{:?}", drifted[0].drift);
    assert_eq!((drifted.len(), drifted[0].next), (1, Next::Believe));
    watch.is_listed("@ TXT v=spf1-x another-proof");
    let drifted = watch.drifted(1);
    assert_eq!((drifted.len(), &drifted[0].drift, drifted[0].next), (1, &Drift::Foreign, Next::Wait));
}
