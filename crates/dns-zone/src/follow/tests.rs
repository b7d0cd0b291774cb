use dns_core::time::Timestamp;
use domain::base::Rtype;
use proptest::prelude::*;

use super::*;
use crate::content::Protected;
use crate::fixture::{fence, fence_text, key, name, settings, txt_of, zone};
use crate::left_alone::LeftAlone;
use crate::lossy::{TargetTraits, TtlPolicy, Types};
use crate::marker::OctoDns;
use crate::record_set::RecordSet;

/// A source and a target that are followed; every proposal is compared with that of the whole zones.
struct Pair {
    source: Zone,
    target: Zone,
    settings: Settings,
    follower: Follower,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum In {
    Source,
    Target,
}

impl Pair {
    /// Zones that have been compared whole.
    fn new(source: &[&str], target: &[&str]) -> Self {
        let mut pair =
            Self { source: zone(source), target: zone(target), settings: settings(), follower: Follower::new() };
        pair.propose();
        pair
    }

    fn zone(&mut self, side: In) -> &mut Zone {
        match side {
            In::Source => &mut self.source,
            In::Target => &mut self.target,
        }
    }

    fn change(&mut self, side: In, key: &SetKey, after: Option<RecordSet>) {
        let zone = self.zone(side);
        let change = SetChange { key: key.clone(), before: zone.get(key).cloned(), after };
        change.apply_to(zone).expect("in the zone");
        match side {
            In::Source => self.follower.source_changed(&[change]),
            In::Target => self.follower.target_changed(&[change]),
        }
    }

    fn put(&mut self, side: In, line: &str) {
        let line = zone(&[line]);
        let (key, set) = line.sets().next().expect("one set");
        self.change(side, key, Some(set.clone()));
    }

    fn remove(&mut self, side: In, name: &str, rtype: Rtype) {
        self.change(side, &key(name, rtype), None);
    }

    /// Writes a fence that vouches for what the zone has now.
    fn fence(&mut self, side: In, service: &str, guards: &[&str], provider: &str, epoch: u64) {
        let fence = fence(self.zone(side), service, guards, provider, (epoch, 0));
        self.change(side, &key(&format!("_{service}._failover"), Rtype::TXT), Some(txt_of(&fence_text(&fence))));
    }

    fn propose(&mut self) -> Proposal {
        let Self { source, target, settings, follower } = self;
        let found = follower.propose(source, target, settings);
        let survey = Survey::of(source, target, settings, [&follower.refused, &follower.held]);
        let whole = survey.propose(difference(target, source), settings).proposal;
        let Proposal { tally, steps, left_alone, adjusted, exceeded, stray_markers, refusals } = &found;
        assert_eq!(*steps, whole.steps, "steps; left alone by the whole: {:?}", told(&whole.left_alone));
        assert_eq!((tally, exceeded), (&whole.tally, &whole.exceeded));
        assert_eq!((stray_markers, refusals), (&whole.stray_markers, &whole.refusals));
        assert!(left_alone.iter().all(|one| whole.left_alone.contains(one)), "{:?}", told(left_alone));
        assert!(adjusted.iter().all(|one| whole.adjusted.contains(one)), "{adjusted:?}");
        found
    }

    /// The target refuses what is proposed of a set, with all of its step.
    fn refuse(&mut self, name: &str, rtype: Rtype) {
        let steps = self.propose().steps;
        let step = steps.iter().find(|step| step.changes.iter().any(|change| change.key == key(name, rtype)));
        self.follower.set_aside(step.expect("it is proposed"));
    }

    /// The names of what is proposed, in order, after which it is done.
    fn done(&mut self) -> Vec<String> {
        let steps = self.propose().steps;
        let changes: Vec<SetChange> = steps.into_iter().flat_map(|step| step.changes).collect();
        for change in &changes {
            self.change(In::Target, &change.key, change.after.clone());
        }
        let apex = self.target.apex();
        changes.iter().map(|one| format!("{} {}", one.key.owner.relative_to(apex), one.key.rtype)).collect()
    }
}

fn told(left: &[LeftAlone]) -> Vec<String> {
    left.iter().map(|one| format!("{}: {}", one.set, one.why)).collect()
}

fn nothing() -> Vec<String> {
    Vec::new()
}

#[test]
fn a_change_is_proposed_until_it_is_done() {
    let mut pair = Pair::new(&["www A 1"], &["www A 1"]);
    assert!(pair.follower.is_settled() && !Follower::new().is_settled());
    pair.put(In::Source, "www A 2");
    assert!(!pair.follower.is_settled());
    assert_eq!(pair.propose().steps.len(), 1);
    assert!(!pair.follower.is_settled(), "proposed is not done");
    assert_eq!(pair.done(), ["www A"]);
    assert_eq!(pair.done(), nothing());
    assert!(pair.follower.is_settled());
    pair.put(In::Target, "www A 1");
    assert!(!pair.follower.is_settled(), "somebody else changed it");
    assert_eq!(pair.done(), ["www A"]);
}

#[test]
fn the_first_proposal_compares_everything_and_so_does_one_that_is_asked_to() {
    let mut pair = Pair::new(&["www A 1"], &[]);
    assert_eq!(pair.done(), ["www A"]);
    pair.target.remove(&key("www", Rtype::A));
    pair.follower.compare_all();
    assert_eq!(pair.done(), ["www A"], "nobody told that it was gone");
}

#[test]
fn a_set_that_changed_twice_was_what_it_was_at_first() {
    let mut pair = Pair::new(&["www A 1"], &["www A 1"]);
    pair.remove(In::Source, "www", Rtype::A);
    pair.put(In::Source, "www A 1");
    pair.put(In::Target, "new A 1");
    pair.remove(In::Target, "new", Rtype::A);
    assert_eq!(pair.done(), nothing());
    assert!(pair.follower.is_settled());
}

#[test]
fn sizes_are_kept_up_so_that_shares_and_an_empty_source_stop_it() {
    let lines: Vec<String> = (0..20).map(|index| format!("n{index:02} A 1")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let mut pair = Pair::new(&lines, &lines);
    lines[..8].iter().for_each(|line| pair.remove(In::Source, &line[..3], Rtype::A));
    assert_eq!(pair.propose().exceeded.len(), 2, "deletesShare and shrink");
    lines[8..].iter().for_each(|line| pair.remove(In::Source, &line[..3], Rtype::A));
    assert_eq!(pair.propose().refusals.len(), 1, "empty");
    (20..60).for_each(|index| pair.put(In::Source, &format!("n{index} A 1")));
    assert_eq!((pair.propose().refusals.len(), pair.propose().tally.existing), (0, 20));
    (20..60).for_each(|index| pair.put(In::Target, &format!("n{index} A 1")));
    assert_eq!(pair.propose().tally.existing, 60);
}

#[test]
fn soa_apex_ns_and_signatures_count_for_nothing() {
    let mut pair = Pair::new(&["www A 1"], &["www A 1"]);
    pair.put(In::Source, "@ SOA 2");
    pair.put(In::Source, "@ NS a");
    pair.remove(In::Source, "www", Rtype::A);
    assert_eq!(pair.propose().refusals.len(), 1, "empty");
}

#[test]
fn a_fence_that_comes_holds_what_was_proposed_and_one_that_goes_frees_it() {
    let mut pair = Pair::new(&["api A 2"], &["api A 1"]);
    pair.fence(In::Target, "shop", &["api"], "main", 4);
    assert_eq!(pair.done(), nothing());
    assert!(pair.follower.is_settled(), "what is held is settled");
    pair.remove(In::Target, "_shop._failover", Rtype::TXT);
    assert_eq!(pair.done(), ["api A"]);
}

#[test]
fn a_fence_that_guards_other_names_frees_those_that_it_guarded() {
    let mut pair = Pair::new(&["api A 2", "www A 2"], &["api A 1", "www A 1"]);
    pair.fence(In::Target, "shop", &["api", "www"], "main", 4);
    assert_eq!(pair.done(), nothing());
    pair.fence(In::Target, "shop", &["api"], "main", 5);
    assert_eq!(pair.done(), ["www A"]);
    pair.put(In::Target, "_shop._failover TXT torn");
    let proposal = pair.propose();
    assert_eq!((proposal.steps.len(), proposal.refusals.len()), (1, 1), "nobody knows what it guards");
}

#[test]
fn what_a_fence_vouches_for_again_is_pushed_whole() {
    let mut pair = Pair::new(&["api A 1", "www A 1"], &["api A 1", "www A 1"]);
    pair.put(In::Source, "api A 2");
    pair.put(In::Source, "www A 2");
    pair.fence(In::Source, "shop", &["api", "www"], "hidden", 5);
    pair.put(In::Source, "www A 3");
    assert_eq!(pair.done(), nothing(), "read in the middle of a move");
    pair.put(In::Source, "www A 2");
    assert_eq!(pair.done(), ["_shop._failover TXT", "api A", "www A"], "the fence and `api` have not changed since");
}

#[test]
fn a_marker_that_comes_or_goes_holds_or_frees_what_it_owns() {
    let mut pair = Pair::new(&["www A 2"], &["www A 1"]);
    pair.put(In::Target, "_owner.a.www TXT *octodns*");
    assert_eq!(pair.done(), nothing());
    assert!(pair.follower.is_settled());
    pair.put(In::Target, "_owner.a.www TXT x");
    assert_eq!(pair.done(), ["www A", "_owner.a.www TXT"]);
    pair.put(In::Target, "_owner.a.gone TXT *octodns*");
    assert_eq!(pair.propose().stray_markers, [key("_owner.a.gone", Rtype::TXT)]);
}

#[test]
fn a_manifest_that_changes_lets_everything_be_judged_again() {
    let theirs = "_dns-sync TXT v=dnssync1;install=beta;own=below:dev;";
    let mut pair = Pair::new(&["x.dev A 2"], &["x.dev A 1", theirs]);
    assert!(pair.follower.is_settled(), "claimed by another installation");
    pair.put(In::Target, "_dns-sync TXT v=dnssync1;install=acme;own=below:dev;");
    assert_eq!(pair.done(), ["x.dev A"]);
}

/// A pair that is settled with the settings of the tests changed in one way, and open once they are as ever.
fn opened_by(changed: impl FnOnce(&mut Settings), source: &[&str], target: &[&str]) -> Vec<String> {
    let mut pair = Pair::new(source, target);
    changed(&mut pair.settings);
    pair.done();
    assert_eq!((pair.done(), pair.follower.is_settled()), (nothing(), true));
    pair.settings = settings();
    pair.done()
}

#[test]
fn settings_that_judge_otherwise_let_everything_be_judged_again() {
    let (new, old) = (["www A 2"], ["www A 1"]);
    let alias = |settings: &mut Settings| settings.not_plain = [(name("www"), "an alias".to_owned())].into();
    assert_eq!(opened_by(alias, &new, &old), ["www A"]);
    let slow = |settings: &mut Settings| settings.traits.ttl_secs = 600..=900;
    assert_eq!(opened_by(slow, &new, &old), ["www A"]);
    let manifest = "_dns-sync TXT v=dnssync1;install=acme;own=zone;";
    let install = |settings: &mut Settings| settings.install = "beta".parse().expect("a name");
    assert_eq!(opened_by(install, &new, &[old[0], manifest]), ["www A"]);
    let octodns = OctoDns { name: "_own".to_owned(), value: "x".to_owned() };
    let markers = |settings: &mut Settings| settings.markers.octodns = Some(octodns);
    assert_eq!(opened_by(markers, &new, &[old[0], "_own.a.www TXT x"]), ["www A", "_own.a.www TXT"]);
}

#[test]
fn a_target_of_another_name_lets_everything_be_judged_again() {
    let mut pair = Pair::new(&["api A 2"], &["api A 1"]);
    pair.settings.target = "hidden".parse().expect("a name");
    pair.fence(In::Source, "shop", &["api"], "hidden", 4);
    assert_eq!(pair.done(), nothing(), "only its controller restores it");
    pair.settings.target = "main".parse().expect("a name");
    assert_eq!(pair.done(), ["_shop._failover TXT", "api A"]);
}

#[test]
fn an_apex_that_is_protected_no_longer_is_proposed() {
    let mut pair = Pair::new(&["@ NS a", "www A 1"], &["@ NS b", "www A 1"]);
    assert!(pair.follower.is_settled());
    pair.settings.protected = Protected::Soa;
    assert_eq!(pair.done(), ["@ NS"]);
}

#[test]
fn a_ttl_that_may_no_longer_be_adjusted_is_refused() {
    let mut pair = Pair::new(&["www A 2"], &["www A 1"]);
    pair.settings.traits.ttl_secs = 600..=900;
    pair.done();
    assert_eq!(pair.done(), nothing());
    pair.settings.ttl_policy = TtlPolicy::Refuse;
    assert_eq!(pair.propose().refusals.len(), 1);
}

#[test]
fn bounds_and_times_judge_no_single_set() {
    let mut pair = Pair::new(&["www A 2"], &["www A 1"]);
    pair.propose();
    pair.target.remove(&key("www", Rtype::A));
    pair.follower.open.clear();
    pair.settings.made = Timestamp::from_secs(2_000);
    pair.settings.source_sets_known = Some(1);
    assert_eq!(pair.follower.propose(&pair.source, &pair.target, &pair.settings).steps, [], "not compared whole");
}

#[test]
fn what_hinges_on_a_cname_follows_it() {
    let manifest = "_dns-sync TXT v=dnssync1;install=beta;own=name:shop;types=txt;";
    let mut pair = Pair::new(&["shop CNAME x", "www A 1"], &["shop A 1", "shop TXT x", "www A 1", manifest]);
    assert!(pair.follower.is_settled(), "A and CNAME hinge on the TXT");
    pair.remove(In::Target, "shop", Rtype::TXT);
    assert_eq!(pair.done(), ["shop A", "shop CNAME"]);
}

#[test]
fn a_cname_that_is_gone_frees_its_name() {
    let mut pair = Pair::new(&["shop A 1", "www A 1"], &["shop CNAME x", "www A 1", "_owner.cname.shop TXT *octodns*"]);
    assert!(pair.follower.is_settled(), "nothing comes beside a CNAME that octoDNS owns");
    pair.remove(In::Target, "shop", Rtype::CNAME);
    assert_eq!(pair.done(), ["shop A"]);
}

#[test]
fn what_hinges_on_a_delegation_follows_it() {
    let target = ["api.eu A 1", "www.eu A 2", "_owner.a.api.eu TXT *octodns*"];
    let mut pair = Pair::new(&["eu NS ns.example.net.", "us A 1"], &target);
    assert_eq!(pair.done(), ["us A"]);
    assert_eq!((pair.done(), pair.follower.is_settled()), (nothing(), true), "it would hide what octoDNS owns");
    pair.put(In::Target, "www.eu A 3");
    assert_eq!(pair.done(), nothing(), "a change below hinges on the delegation above");
    pair.remove(In::Target, "_owner.a.api.eu", Rtype::TXT);
    assert_eq!(pair.done(), ["eu NS", "api.eu A", "www.eu A"]);
}

#[test]
fn a_delegation_that_the_source_gives_up_frees_what_hinged_on_it() {
    let target = ["api.eu A 1", "www.eu A 2", "_owner.a.api.eu TXT *octodns*"];
    let mut pair = Pair::new(&["eu NS ns.example.net.", "us A 1"], &target);
    assert_eq!(pair.done(), ["us A"]);
    pair.remove(In::Source, "eu", Rtype::NS);
    assert_eq!(pair.done(), ["www.eu A"]);
}

#[test]
fn what_the_target_refused_waits_until_the_source_changes_it() {
    let mut pair = Pair::new(&["shop CNAME x", "www A 1"], &["shop A 1"]);
    assert_eq!(pair.propose().steps.len(), 2);
    pair.refuse("shop", Rtype::CNAME);
    assert_eq!(pair.done(), ["www A"], "nor is the A deleted for a CNAME that does not come");
    assert_eq!((pair.done(), pair.follower.is_settled()), (nothing(), true));
    pair.put(In::Source, "shop CNAME y");
    assert_eq!(pair.done(), ["shop A", "shop CNAME"]);
    pair.put(In::Source, "www A 2");
    pair.refuse("www", Rtype::A);
    pair.follower.compare_all();
    assert_eq!(pair.done(), ["www A"], "everything is compared, so everything is tried");
    pair.put(In::Source, "www A 3");
    pair.refuse("www", Rtype::A);
    pair.settings.install = "other".parse().expect("a name");
    assert_eq!(pair.done(), ["www A"], "settings that judge otherwise compare everything too");
}

/// The address was never at fault: it has to go only because the CNAME comes.
#[test]
fn a_change_of_one_set_frees_all_of_its_refused_step() {
    let mut pair = Pair::new(&["shop CNAME x"], &["shop A 1"]);
    pair.refuse("shop", Rtype::CNAME);
    assert_eq!(pair.done(), nothing());
    pair.put(In::Source, "shop CNAME y");
    assert_eq!(pair.done(), ["shop A", "shop CNAME"]);

    let mut pair = Pair::new(&["api A 1", "www A 1"], &["api A 9", "www A 9"]);
    pair.fence(In::Source, "shop", &["api", "www"], "hidden", 1);
    pair.refuse("api", Rtype::A);
    assert_eq!(pair.done(), nothing(), "a fence never moves without its records");
    pair.put(In::Source, "api A 2");
    pair.fence(In::Source, "shop", &["api", "www"], "hidden", 2);
    assert_eq!(pair.done().len(), 3);
}

#[test]
fn what_the_target_refused_is_proposed_again_when_it_shall_be_tried_again() {
    let mut pair = Pair::new(&["shop CNAME x", "www A 1"], &["shop A 1"]);
    pair.refuse("shop", Rtype::CNAME);
    assert_eq!(pair.done(), ["www A"]);
    pair.follower.try_again();
    assert!(!pair.follower.is_settled());
    assert_eq!(pair.done(), ["shop A", "shop CNAME"]);
    assert_eq!(pair.follower.refused().len(), 0);
}

#[test]
fn what_is_held_stays_as_it_is_until_it_is_let_go_or_the_source_changes_it() {
    let mut pair = Pair::new(&["api A 1", "www A 1"], &["api A 1", "www A 1"]);
    pair.propose();
    for name in ["api", "www"] {
        pair.put(In::Target, &format!("{name} A 9"));
        pair.follower.hold(key(name, Rtype::A));
    }
    assert_eq!((pair.done(), pair.follower.is_settled()), (nothing(), true));
    pair.follower.compare_all();
    assert_eq!(pair.done(), nothing(), "comparing everything takes over nobody's change");
    pair.follower.let_go(&key("api", Rtype::A));
    assert_eq!(pair.done(), ["api A"]);
    pair.put(In::Source, "www A 2");
    assert_eq!(pair.done(), ["www A"], "the source has the last word");
}

/// A target of which beta owns the texts but those that begin with `v=spf1`.
const SHARED: &str = "_dns-sync TXT v=dnssync1;install=beta;own=name:@;types=txt; \
                      v=dnssync1;install=acme;own=name:@;types=txt;part=value:v=spf1;";

#[test]
fn what_is_shared_is_settled_once_our_part_is_done() {
    let mut pair = Pair::new(&["@ TXT v=spf1-a", "www A 1"], &["@ TXT v=spf1-a proof", "www A 1", SHARED]);
    assert!(pair.follower.is_settled(), "the rest is beta's");
    pair.put(In::Target, "@ TXT v=spf1-a another-proof");
    assert_eq!((pair.done(), pair.follower.is_settled()), (nothing(), true));
    pair.put(In::Source, "@ TXT v=spf1-b");
    assert_eq!(pair.done(), ["@ TXT"]);
    assert_eq!((pair.done(), pair.follower.is_settled()), (nothing(), true));
    pair.put(In::Target, "@ TXT v=spf1-x another-proof");
    assert_eq!(pair.done(), ["@ TXT"]);
}

#[test]
fn a_shared_set_is_refused_or_held_no_longer_than_our_part_differs() {
    let mut pair = Pair::new(&["@ TXT v=spf1-b", "www A 1"], &["@ TXT v=spf1-a proof", "www A 1", SHARED]);
    pair.refuse("@", Rtype::TXT);
    assert_eq!((pair.done(), pair.follower.refused().len()), (nothing(), 1));
    pair.put(In::Target, "@ TXT v=spf1-b proof");
    assert_eq!((pair.done(), pair.follower.refused().len()), (nothing(), 0), "it came all the same");
    pair.put(In::Target, "@ TXT v=spf1-x proof");
    pair.follower.hold(key("@", Rtype::TXT));
    assert_eq!(pair.done(), nothing());
    pair.put(In::Target, "@ TXT v=spf1-b another");
    assert_eq!((pair.done(), pair.follower.holds(&key("@", Rtype::TXT))), (nothing(), false), "ours is back");
}

#[test]
fn what_was_refused_and_came_all_the_same_is_refused_no_more() {
    let mut pair = Pair::new(&["www A 1"], &[]);
    pair.refuse("www", Rtype::A);
    pair.put(In::Target, "www A 1");
    assert_eq!((pair.done(), pair.follower.refused().len()), (nothing(), 0));
    pair.remove(In::Target, "www", Rtype::A);
    assert_eq!(pair.done(), ["www A"]);
}

#[test]
fn what_the_target_cannot_hold_is_told_each_time() {
    let mut pair = Pair::new(&["www A 1"], &["www A 1"]);
    pair.settings.traits = TargetTraits { types: Types::Only([Rtype::A].into()), ..TargetTraits::default() };
    pair.put(In::Source, "www TXT x");
    assert_eq!((pair.propose().refusals.len(), pair.propose().refusals.len()), (1, 1));
    assert!(!pair.follower.is_settled());
}

#[test]
fn a_ttl_that_is_adjusted_is_settled_once_done() {
    let mut pair = Pair::new(&["www A 1"], &["www A 1"]);
    pair.settings.traits.ttl_secs = 600..=900;
    pair.put(In::Source, "www A 2");
    assert_eq!(pair.done(), ["www A"]);
    assert_eq!((pair.done(), pair.follower.is_settled()), (nothing(), true));
}

#[test]
fn ten_changes_in_a_large_zone_concern_ten_sets_and_the_fence_among_them() {
    let lines: Vec<String> = (0..100_000).map(|index| format!("n{index} A 1")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let mut pair = Pair::new(&lines, &lines);
    pair.fence(In::Source, "shop", &["n1", "n2", "n3"], "hidden", 5);
    (10..20).for_each(|index| pair.put(In::Source, &format!("n{index} A 2")));
    let Pair { source, target, settings, follower } = &mut pair;
    let guarded = Guarded::read(source, target, &settings.target);
    let fences = Fences::of(target.apex());
    let news = follower.source.clone().take_news(source, &settings.markers, fences.as_ref());
    let reached = Reach::of(source, target, &guarded.groups, &news, &follower.open);
    assert_eq!(reached.len(), 10 + 1 + 9, "the fence, and all types that a controller moves at its three names");
    assert_eq!(pair.done().len(), 11);
}

#[derive(Clone, Debug)]
enum Edit {
    Put(In, String),
    Remove(In, String, Rtype),
    Fence {
        side: In,
        service: String,
        guards: Vec<String>,
        provider: String,
        epoch: u64,
    },
    /// The target gets the source's set.
    Copy(String, Rtype),
    NotPlain(Option<String>),
}

/// What becomes of a proposal.
#[derive(Clone, Debug)]
enum After {
    Done,
    /// Some steps are done.
    Interrupted(usize),
    /// A step is refused.
    Refused(usize),
    Stopped,
    CompareAll,
}

fn any_side() -> impl Strategy<Value = In> {
    prop_oneof![Just(In::Source), Just(In::Target)]
}

const NAME: &str = "(@|api|a\\.api|b\\.a\\.api|www|sub|x\\.sub|_failover|_shop\\._failover|_pay\\._failover|_owner\\.a\\.x\\.sub|_owner\\.cname\\.www|a-api|_dns-sync)";

fn any_edit() -> impl Strategy<Value = Edit> {
    let data = "(A [1-3]|A [1-3]|A 1 [2-3]|AAAA [1-2]|TXT [a-b]|TXT a b|NS [a-b]|CNAME [a-b]|CNAME [a-b]|DNAME [a-b]|DS [1-2]|SOA [1-2])";
    let rtype = prop::sample::select(vec![
        Rtype::A,
        Rtype::AAAA,
        Rtype::TXT,
        Rtype::NS,
        Rtype::CNAME,
        Rtype::DNAME,
        Rtype::DS,
        Rtype::SOA,
    ]);
    let marker = "((_owner\\.a\\.x\\.sub|_owner\\.cname\\.www|_owner\\.ns\\.sub) TXT \\*octodns\\*|(a-api|sub) TXT heritage=external-dns,external-dns/owner=[ab])";
    let manifest = "_dns-sync TXT v=dnssync1;install=(acme|beta);own=(zone|below:api|name:www|name:sub;types=a);(part=(ttl|values);)?( v=dnssync1;install=(acme|beta);own=(zone|name:www|name:@);types=txt;part=value:[a-b];)?";
    let guards = prop::collection::vec("(api|a\\.api|www|x\\.sub|sub)", 1..3);
    let fence = (any_side(), "(shop|pay)", guards, "(main|hidden)", 1..4_u64);
    prop_oneof![
        8 => (any_side(), NAME, data).prop_map(|(side, name, data)| Edit::Put(side, format!("{name} {data}"))),
        4 => (any_side(), NAME, rtype.clone()).prop_map(|(side, name, rtype)| Edit::Remove(side, name, rtype)),
        4 => fence.prop_map(|(side, service, guards, provider, epoch)| Edit::Fence { side, service, guards, provider, epoch }),
        3 => (NAME, rtype).prop_map(|(name, rtype)| Edit::Copy(name, rtype)),
        2 => (any_side(), marker).prop_map(|(side, marker)| Edit::Put(side, marker)),
        1 => (any_side(), manifest).prop_map(|(side, manifest)| Edit::Put(side, manifest)),
        1 => prop::option::of(NAME).prop_map(Edit::NotPlain),
    ]
}

fn any_after() -> impl Strategy<Value = After> {
    prop_oneof![
        4 => Just(After::Done),
        2 => (0..4_usize).prop_map(After::Interrupted),
        2 => (0..4_usize).prop_map(After::Refused),
        2 => Just(After::Stopped),
        1 => Just(After::CompareAll),
    ]
}

impl Pair {
    fn edit(&mut self, edit: &Edit) {
        match edit {
            Edit::Put(side, line) => self.put(*side, line),
            Edit::Remove(side, name, rtype) => self.remove(*side, name, *rtype),
            Edit::Fence { side, service, guards, provider, epoch } => {
                let guards: Vec<&str> = guards.iter().map(String::as_str).collect();
                self.fence(*side, service, &guards, provider, *epoch);
            }
            Edit::Copy(name, rtype) => {
                let key = key(name, *rtype);
                let set = self.source.get(&key).cloned();
                self.change(In::Target, &key, set);
            }
            Edit::NotPlain(owner) => {
                self.settings.not_plain = owner.iter().map(|owner| (name(owner), "an alias".to_owned())).collect();
            }
        }
    }

    fn react(&mut self, after: &After) {
        let steps = self.propose().steps;
        let count = match after {
            After::Done => steps.len(),
            After::Interrupted(count) => *count,
            After::Refused(index) => {
                return steps.get(*index).into_iter().for_each(|step| self.follower.set_aside(step));
            }
            After::Stopped => 0,
            After::CompareAll => return self.follower.compare_all(),
        };
        for change in steps.iter().take(count).flat_map(|step| &step.changes) {
            self.change(In::Target, &change.key, change.after.clone());
        }
    }
}

proptest! {
    #[test]
    fn what_is_proposed_of_changes_is_what_is_proposed_of_the_whole(
        rounds in prop::collection::vec((prop::collection::vec(any_edit(), 0..6), any_after()), 1..12),
    ) {
        let mut pair = Pair::new(&["keep A 1", "api A 1", "www A 1"], &["keep A 1", "api A 1"]);
        for (edits, after) in &rounds {
            for edit in edits {
                pair.edit(edit);
            }
            pair.react(after);
        }
        pair.propose();
        pair.done();
        prop_assert_eq!(pair.done(), nothing());
        prop_assert!(pair.follower.is_settled() || !pair.propose().refusals.is_empty());
    }
}
