use std::collections::BTreeSet;

use domain::base::Rtype;
use proptest::prelude::*;

use super::*;
use crate::fixture::{key, set, zone};
use crate::limit::{Bound, Bounds};
use crate::{Zone, difference};

const LENGTH: Duration = Duration::from_hours(1);

/// As many of each kind as this, and no share of anything.
fn bounds(count: u64) -> Bounds {
    let bound = Bound { count_max: Some(count), percent_max: None };
    Bounds { creates: bound, updates: bound, deletes: bound }
}

/// As many of all zones, and of one as many as anybody wants.
fn at_most(count: u64) -> Limits {
    Limits { all: bounds(count), zone: bounds(u64::MAX), ..Limits::default() }
}

/// As many of each zone.
fn each_at_most(count: u64) -> Limits {
    Limits { zone: bounds(count), all: bounds(u64::MAX), ..Limits::default() }
}

/// Pairs of a zone and a target, each of which is what was written to it.
struct World {
    window: Window,
    pairs: Vec<(PairId, Zone)>,
    now: Timestamp,
}

impl World {
    /// Targets that all hold the same.
    fn new(limits: Limits, pairs: usize, lines: &[&str]) -> Self {
        let mut window = Window::new(LENGTH, limits);
        let pairs: Vec<_> = (0..pairs).map(|_| (window.add(limits), zone(lines))).collect();
        let mut world = Self { window, pairs, now: Timestamp::from_secs(1_000_000) };
        for (pair, zone) in &world.pairs {
            world.window.has_sets(*pair, zone.sets().len() as u64);
        }
        world
    }

    fn reserve(&mut self, pair: usize, lines: &[&str]) -> Result<(Reserved, Vec<SetChange>), Vec<Overspent>> {
        let (id, is) = &self.pairs[pair];
        let changes = difference(is, &zone(lines));
        let reserved = self.window.reserve(*id, is.sets().len() as u64, &changes, self.now)?;
        Ok((reserved, changes))
    }

    /// Makes a target hold this; by which limits that is stopped, if it is.
    fn write(&mut self, pair: usize, lines: &[&str]) -> Vec<String> {
        match self.reserve(pair, lines) {
            Ok((reserved, _)) => {
                self.window.settle(reserved, |_| true, self.now);
                self.pairs[pair].1 = zone(lines);
                Vec::new()
            }
            Err(overspent) => overspent.iter().map(|one| one.exceeded.limit.to_string()).collect(),
        }
    }

    fn wait(&mut self, minutes: u64) {
        self.now = self.now + Duration::from_mins(minutes);
    }
}

const NONE: [String; 0] = [];

#[test]
fn small_pushes_of_many_zones_add_up() {
    let mut world = World::new(at_most(3), 4, &["a A 1", "b A 1", "c A 1"]);
    for pair in 0..3 {
        assert_eq!(world.write(pair, &["b A 1", "c A 1"]), NONE);
    }
    assert_eq!(world.write(3, &["b A 1", "c A 1"]), ["allDeletes"]);
    assert_eq!(world.write(3, &["a A 2", "b A 1", "c A 1"]), NONE, "another kind has room");
    assert_eq!(world.write(3, &["a A 2", "b A 1", "c A 1", "d A 1"]), NONE);
}

#[test]
fn what_is_held_goes_when_the_window_has_passed() {
    let mut world = World::new(at_most(2), 2, &["a A 1", "b A 1", "c A 1"]);
    assert_eq!(world.write(0, &["c A 1"]), NONE);
    world.wait(59);
    assert_eq!(world.write(1, &["b A 1", "c A 1"]), ["allDeletes"]);
    world.wait(1);
    assert_eq!(world.write(1, &["b A 1", "c A 1"]), NONE);
}

#[test]
fn shares_are_of_all_that_is_there_or_has_gone_within_the_window() {
    let lines: Vec<String> = (0..50).map(|one| format!("n{one:02} A 1")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let mut world = World::new(Limits { zone: bounds(u64::MAX), ..Limits::default() }, 2, &lines);
    for gone in 1..=8 {
        assert_eq!(world.write(0, &lines[gone..]), NONE, "{gone}");
    }
    assert_eq!(world.write(1, &lines[2..]), NONE, "10 of 100");
    let overspent = world.reserve(1, &lines[3..]).expect_err("one more");
    assert_eq!(
        overspent[0].to_string(),
        "allDeletesShare: 11 of 100 record sets of all zones within 60 min, allowed are 10 %; it goes on when there is room"
    );
    assert_eq!(
        world.window.lately(world.now),
        Tally { existing: 100, deletes: 10, ..Tally::default() },
        "as if it was not asked"
    );
}

#[test]
fn one_zone_at_one_target_has_its_own_limits_only() {
    let mut world = World::new(at_most(1), 1, &["a A 1", "b A 1", "c A 1"]);
    assert_eq!(world.write(0, &["a A 1"]), NONE);
}

#[test]
fn small_pushes_of_one_zone_add_up_to_its_own_limits() {
    let mut world = World::new(each_at_most(2), 2, &["a A 1", "b A 1", "c A 1"]);
    assert_eq!(world.write(0, &["b A 1", "c A 1"]), NONE);
    world.wait(30);
    assert_eq!(world.write(0, &["c A 1"]), NONE);
    assert_eq!(world.write(0, &[]), ["deletes"]);
    let overspent = world.reserve(0, &[]).expect_err("it still is");
    assert_eq!(
        overspent[0].to_string(),
        "deletes: 3 of 3 record sets within 60 min, allowed are 2; it goes on when there is room"
    );
    assert_eq!(world.write(1, &["b A 1", "c A 1"]), NONE, "another one has room");
    world.wait(30);
    assert_eq!(world.write(0, &[]), NONE);
}

#[test]
fn each_zone_has_limits_of_its_own() {
    let mut world = World::new(each_at_most(1), 1, &["a A 1", "b A 1"]);
    let wide = world.window.add(each_at_most(2));
    world.pairs.push((wide, zone(&["a A 1", "b A 1"])));
    assert_eq!(world.write(0, &[]), ["deletes"]);
    assert_eq!(world.write(1, &[]), NONE);
}

/// An operator has taken most of the zone away by hand, so that what the daemon took away before is a large share of the rest.
#[test]
fn a_share_that_grew_because_the_zone_shrank_holds_nothing_that_does_not_add_to_it() {
    let lines: Vec<String> = (0..100).map(|one| format!("n{one:02} A 1")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let mut world = World::new(Limits::default(), 2, &lines);
    assert_eq!(world.write(0, &lines[8..]), NONE);
    world.pairs[0].1 = zone(&lines[80..]);
    let more: Vec<&str> = lines[80..].iter().copied().chain(["new A 1"]).collect();
    assert_eq!(world.write(0, &more), NONE, "8 of 28 went before");
    assert_eq!(world.write(0, &more[1..]), ["deletesShare"]);
}

#[test]
fn a_set_counts_once_however_often_it_is_written() {
    let mut world = World::new(at_most(1), 2, &["a A 1", "b A 1"]);
    for octet in ["a A 2", "a A 3", "a A 4"] {
        assert_eq!(world.write(0, &[octet, "b A 1"]), NONE);
        world.wait(25);
    }
    assert_eq!(world.write(1, &["a A 2", "b A 1"]), ["allUpdates"], "the last write counts, not the first");
}

#[test]
fn what_came_within_the_window_takes_nothing_away_when_it_goes() {
    let mut world = World::new(at_most(1), 2, &["a A 1", "b A 1"]);
    for _ in 0..3 {
        assert_eq!(world.write(0, &["a A 1", "b A 1", "proof TXT x"]), NONE);
        assert_eq!(world.write(0, &["a A 1", "b A 1", "proof TXT y"]), NONE);
        assert_eq!(world.write(0, &["a A 1", "b A 1"]), NONE);
    }
    assert_eq!(world.write(1, &["b A 1"]), NONE, "no delete was counted, and no update");
    assert_eq!(world.write(0, &["a A 1", "b A 1", "other TXT x"]), ["allCreates"]);
}

#[test]
fn what_was_there_and_was_put_back_counts_as_gone_when_it_goes_again() {
    let mut world = World::new(at_most(1), 2, &["a A 1", "b A 1"]);
    assert_eq!(world.write(0, &["b A 1"]), NONE);
    world.wait(30);
    assert_eq!(world.write(0, &["a A 1", "b A 1"]), NONE);
    assert_eq!(world.write(0, &["b A 1"]), NONE);
    world.wait(30);
    assert_eq!(world.write(1, &["b A 1"]), ["allDeletes"], "it went half an hour ago");
}

#[test]
fn what_was_not_written_is_given_back_and_what_was_is_not() {
    let mut world = World::new(at_most(2), 2, &["a A 1", "b A 1", "c A 1"]);
    let (reserved, _) = world.reserve(0, &["c A 1"]).expect("room");
    assert_eq!(world.write(1, &["b A 1", "c A 1"]), ["allDeletes"], "it is under way");
    world.window.settle(reserved, |one| *one == key("a", Rtype::A), world.now);
    assert_eq!(world.write(1, &["b A 1", "c A 1"]), NONE);
    assert_eq!(world.write(1, &["c A 1"]), ["allDeletes"]);
}

#[test]
fn what_nobody_settles_counts_as_written() {
    let mut world = World::new(at_most(2), 2, &["a A 1", "b A 1", "c A 1"]);
    drop(world.reserve(0, &["c A 1"]).expect("room"));
    assert_eq!(world.write(1, &["b A 1", "c A 1"]), ["allDeletes"]);
    world.wait(60);
    assert_eq!(world.write(1, &["b A 1", "c A 1"]), NONE);
}

#[test]
fn what_counts_and_may_is_told_and_what_is_too_old_is_not() {
    let mut world = World::new(at_most(4), 2, &["a A 1", "b A 1", "c A 1"]);
    assert_eq!(world.write(0, &["a A 2", "c A 1", "d A 1"]), NONE);
    assert_eq!(world.window.lately(world.now), Tally { existing: 6, creates: 1, updates: 1, deletes: 1 });
    assert_eq!(world.window.most(), [Some(4); 3]);
    world.wait(60);
    let (id, _) = world.pairs[0];
    world.window.has_sets(id, 3);
    assert_eq!(world.window.lately(world.now), Tally { existing: 6, ..Tally::default() });
    assert_eq!(World::new(at_most(4), 1, &[]).window.most(), [None; 3]);
}

#[test]
fn a_push_that_takes_long_counts_from_when_it_is_done() {
    let mut world = World::new(at_most(1), 2, &["a A 1", "b A 1"]);
    let (reserved, _) = world.reserve(0, &["b A 1"]).expect("room");
    world.wait(50);
    world.window.settle(reserved, |_| true, world.now);
    world.wait(50);
    assert_eq!(world.write(1, &["b A 1"]), ["allDeletes"]);
}

/// One push: to which pair, which sets become what, which of them are taken, and how long after the last one.
#[derive(Clone, Debug)]
struct Push {
    pair: usize,
    sets: Vec<(u8, Option<u8>)>,
    taken: u8,
    after_minutes: u64,
}

const NAMES: u8 = 6;
const PAIRS: usize = 3;

fn any_push() -> impl Strategy<Value = Push> {
    let sets = prop::collection::vec((0..NAMES, prop::option::of(1..4_u8)), 1..4);
    (0..PAIRS, sets, any::<u8>(), 0..40_u64).prop_map(|(pair, sets, taken, after_minutes)| Push {
        pair,
        sets,
        taken,
        after_minutes,
    })
}

/// What was written: to which set of which pair, how, when, and since when the set had stood.
struct Wrote {
    set: (usize, u8),
    kind: Kind,
    at: Timestamp,
    stood_since: Option<Timestamp>,
}

#[derive(Default)]
struct History {
    wrote: Vec<Wrote>,
    /// What was written last to a set, if it stands, since when it has, and with which value.
    stands: BTreeMap<(usize, u8), (Timestamp, u8)>,
}

impl History {
    fn changes(&self, push: &Push) -> Vec<(u8, SetChange, Option<u8>)> {
        let wanted: BTreeMap<u8, Option<u8>> = push.sets.iter().copied().collect();
        let value = |octet: u8| set(Rtype::A, &[&octet.to_string()]);
        let change = |(name, after): (u8, Option<u8>)| {
            let before = self.stands.get(&(push.pair, name)).map(|(_, octet)| *octet);
            let key = key(&format!("n{name}"), Rtype::A);
            let change = SetChange { key, before: before.map(value), after: after.map(value) };
            (before != after).then_some((name, change, after))
        };
        wanted.into_iter().filter_map(change).collect()
    }

    fn write(&mut self, pair: usize, (name, change, after): &(u8, SetChange, Option<u8>), now: Timestamp) {
        let set = (pair, *name);
        let stood_since = self.stands.get(&set).map(|(since, _)| *since);
        self.wrote.push(Wrote { set, kind: change.kind(), at: now, stood_since });
        match after {
            Some(octet) => self.stands.insert(set, (stood_since.unwrap_or(now), *octet)),
            None => self.stands.remove(&set),
        };
    }

    fn within(&self, kind: Kind, now: Timestamp) -> impl Iterator<Item = &Wrote> {
        self.wrote.iter().filter(move |one| one.kind == kind && now.since(one.at) < LENGTH)
    }
}

proptest! {
    /// Never do more sets than allowed come within a window, nor go or change that had stood for one, neither of one zone nor of all;
    /// and what keeps the limits even if every single write counts is never stopped.
    #[test]
    fn the_limits_hold_whatever_is_written_and_stop_nothing_that_keeps_them(
        max in 1..8_u64,
        each_max in 1..6_u64,
        pushes in prop::collection::vec(any_push(), 1..60),
    ) {
        let mut window = Window::new(LENGTH, at_most(max));
        let pairs: Vec<PairId> = (0..PAIRS).map(|_| window.add(each_at_most(each_max))).collect();
        let mut history = History::default();
        let mut now = Timestamp::from_secs(1_000_000);
        for push in &pushes {
            now = now + Duration::from_mins(push.after_minutes);
            let changes = history.changes(push);
            let reserved = window.reserve(pairs[push.pair], 9, changes.iter().map(|(_, change, _)| change), now);
            let kinds = [Kind::Create, Kind::Update, Kind::Delete];
            let keeps_all = |kind| {
                let more = changes.iter().filter(|one| one.1.kind() == kind).count();
                let each = history.within(kind, now).filter(|one| one.set.0 == push.pair).count();
                let all = history.within(kind, now).count();
                (all + more) as u64 <= max && (each + more) as u64 <= each_max
            };
            if kinds.into_iter().all(keeps_all) {
                prop_assert!(reserved.is_ok(), "stopped although all writes together keep the limit");
            }
            let Ok(reserved) = reserved else { continue };
            let taken: Vec<_> = changes.iter().enumerate().filter(|(index, _)| push.taken >> index & 1 == 1).collect();
            let keys: BTreeSet<&SetKey> = taken.iter().map(|(_, one)| &one.1.key).collect();
            window.settle(reserved, |key| keys.contains(key), now);
            for (_, one) in taken {
                history.write(push.pair, one, now);
            }
            for kind in kinds {
                let counts = |one: &&Wrote| kind == Kind::Create || one.stood_since.is_none_or(|since| one.at.since(since) >= LENGTH);
                let sets: BTreeSet<_> = history.within(kind, now).filter(counts).map(|one| one.set).collect();
                prop_assert!(sets.len() as u64 <= max, "{kind:?}: {sets:?}");
                let each = (0..PAIRS).map(|pair| sets.iter().filter(|set| set.0 == pair).count());
                prop_assert!(each.max().is_none_or(|most| most as u64 <= each_max), "{kind:?}: {sets:?}");
            }
        }
    }
}
