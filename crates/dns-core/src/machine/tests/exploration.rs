//! Random walks: any order of events, faults and crashes. The world checks its invariants after every step.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::Duration;

use proptest::prelude::*;

use super::world::*;
use crate::fixture::{COOLDOWN, Seen, rrset};
use crate::kernel::Rule;
use crate::machine::command::Command;
use crate::machine::event::{DeliveryOutcome, Event, WriteOutcome};
use crate::rrset::GuardedType;
use crate::service::{Mode, Service};
use crate::write::WriteStage;

/// One thing that can happen.
#[derive(Clone, Debug)]
enum Happening {
    See(Seen, Seen),
    Pass(u64),
    ClockBack(u64),
    Read,
    Unreadable,
    Permit,
    Send,
    Lost { applied: bool },
    Burn,
    ProviderBecomes(Provider),
    Verify,
    Order(u8, bool),
    OtherMoves { dr: bool, now: bool },
    OtherPauses,
    OtherReleases,
    HandChanges,
    HandDeletesFence,
    HandRestores,
    Crash,
    StoreLost,
    Reconfigure(Mode),
}

fn any_seen() -> impl Strategy<Value = Seen> {
    proptest::sample::select(Seen::ALL.to_vec())
}

fn any_happening() -> impl Strategy<Value = Happening> {
    use Happening::*;
    prop_oneof![
        6 => (any_seen(), any_seen()).prop_map(|(prod, dr)| See(prod, dr)),
        2 => (0_u64..700_000).prop_map(Pass),
        1 => (0_u64..100_000).prop_map(ClockBack),
        6 => Just(Read),
        1 => Just(Unreadable),
        6 => Just(Permit),
        6 => Just(Send),
        1 => any::<bool>().prop_map(|applied| Lost { applied }),
        1 => Just(Burn),
        2 => proptest::sample::select(vec![Provider::Works, Provider::Denies, Provider::Unreachable, Provider::Conflicts])
            .prop_map(ProviderBecomes),
        4 => Just(Verify),
        5 => (0_u8..7, any::<bool>()).prop_map(|(which, overriding)| Order(which, overriding)),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(dr, now)| OtherMoves { dr, now }),
        1 => Just(OtherPauses),
        1 => Just(OtherReleases),
        1 => Just(HandChanges),
        1 => Just(HandDeletesFence),
        2 => Just(HandRestores),
        2 => Just(Crash),
        1 => Just(StoreLost),
        1 => prop_oneof![3 => Just(Mode::Active), 1 => Just(Mode::Observe)].prop_map(Reconfigure),
    ]
}

fn happen(world: &mut World, backups: &mut Vec<crate::fixture::Zone>, happening: &Happening) {
    let sent = world.outbox.first().is_some_and(|(_, stage)| *stage == WriteStage::Sent);
    match happening {
        Happening::See(prod, dr) => drop(world.see(*prod, *dr)),
        Happening::Pass(millis) => drop(world.pass(Duration::from_millis(*millis))),
        Happening::ClockBack(millis) => world.now = world.now.before(Duration::from_millis(*millis)),
        Happening::Read => drop(world.read()),
        Happening::Unreadable => {
            world.step(&Event::ZoneUnreadable { reason: "timed out".to_owned(), denied: false });
        }
        Happening::Permit => drop(world.ask_permit()),
        Happening::Send if sent => drop(world.send()),
        Happening::Lost { applied } if sent => lose(world, *applied),
        Happening::Burn if sent => {
            world.settle(WriteOutcome::Burned("the fence that it requires is gone".to_owned()));
        }
        Happening::Send | Happening::Lost { .. } | Happening::Burn => {}
        Happening::ProviderBecomes(provider) => world.provider = *provider,
        Happening::Verify => drop(world.verify(DeliveryOutcome::Served)),
        Happening::Order(which, overriding) => order(world, *which, *overriding),
        Happening::OtherMoves { dr, now } => {
            let at = world.now;
            world.other_writes(if *dr { "dr" } else { "prod" }, |fence| {
                fence.moved = if *now { at } else { fence.moved };
            });
        }
        Happening::OtherPauses => {
            let (by, reason) = ("colleague".parse().expect("a name"), "drill".to_owned());
            let until = Some(crate::time::Timestamp::from_secs(world.now.as_secs() + 60));
            world.other_writes("prod", |fence| fence.pause = Some(crate::fence::Pause { by, until, reason }));
        }
        Happening::OtherReleases => {
            let at = world.now;
            world.other_writes("prod", |fence| (fence.active, fence.released) = (None, Some(at)));
        }
        Happening::HandChanges => world.zone.put(rrset("api.example.com", GuardedType::A, 60, &["203.0.113.1"])),
        Happening::HandDeletesFence => world.zone.fence = None,
        Happening::HandRestores => restore(world, backups),
        Happening::Crash => world.crash(),
        Happening::StoreLost => lose_store(world),
        Happening::Reconfigure(mode) => reconfigure(world, *mode),
    }
}

/// The answer to a write is lost; the executor finds it in the zone, or not.
fn lose(world: &mut World, applied: bool) {
    let write = world.pending().clone();
    world.step(&Event::WriteUncertain { decision: write.id.clone(), reason: "no answer".to_owned() });
    if applied && world.zone.apply(&write.change).is_ok() {
        world.settle(WriteOutcome::Applied(Box::new(world.zone.view(&world.service))));
    }
}

fn order(world: &mut World, which: u8, overriding: bool) {
    let until = world.now + Duration::from_secs(90);
    let command = match which {
        0 => failover("dr"),
        1 => failover("prod"),
        2 => Command::Failback,
        3 => Command::Pause { until: Some(until) },
        4 => Command::Resume,
        5 => Command::Adopt,
        _ => Command::Release,
    };
    world.order_with(command, if overriding { Rule::ALL } else { &[] });
}

fn restore(world: &mut World, backups: &mut Vec<crate::fixture::Zone>) {
    match backups.pop() {
        Some(backup) => world.zone = backup,
        None => backups.push(world.zone.clone()),
    }
}

fn lose_store(world: &mut World) {
    world.machine = crate::machine::Machine::new();
    (world.outbox, world.enqueued, world.dequeued) = (Vec::new(), Vec::new(), Vec::new());
    world.to_verify = None;
}

fn reconfigure(world: &mut World, mode: Mode) {
    if !world.outbox.is_empty() {
        // The world takes the mode to be that of the decision.
        return;
    }
    world.service = std::sync::Arc::new(Service { mode, ..(*world.service).clone() });
}

/// After any story: the provider works, the evidence is good, nobody touches the zone. Then everything settles.
fn calm_down(world: &mut World) {
    world.provider = Provider::Works;
    world.seen = (Seen::Proven, Seen::Proven);
    for _ in 0..3 {
        world.pass(COOLDOWN);
        world.read();
        if world.memory().pause().is_some() {
            world.order(Command::Resume);
        }
        world.run();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, max_shrink_iters: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_story_keeps_the_invariants_and_comes_to_rest(
        adopted in any::<bool>(),
        story in proptest::collection::vec(any_happening(), 0..80),
    ) {
        let mut world = if adopted { World::adopted() } else { World::new() };
        let mut backups = Vec::new();
        for happening in &story {
            happen(&mut world, &mut backups, happening);
        }
        calm_down(&mut world);
        prop_assert!(world.outbox.is_empty());
        prop_assert_eq!(world.memory().being_verified(), None, "no verification goes on for ever");
        let rows = world.history.len();
        world.pass(Duration::from_secs(1));
        world.read();
        prop_assert_eq!(world.history.len(), rows, "a quiet world makes no rows");
    }

    #[test]
    fn a_crash_between_any_two_steps_changes_nothing_that_matters(
        story in proptest::collection::vec(any_happening(), 0..40),
        at in 0_usize..40,
    ) {
        let mut straight = World::adopted();
        let mut backups = Vec::new();
        for happening in story.iter().take(at) {
            happen(&mut straight, &mut backups, happening);
        }
        let mut crashed = straight.clone();
        crashed.crash();
        calm_down(&mut straight);
        calm_down(&mut crashed);
        prop_assert_eq!(&straight.zone.rrsets, &crashed.zone.rrsets);
        prop_assert_eq!(straight.machine.state(), crashed.machine.state());
        prop_assert_eq!(straight.memory().standing().as_str(), crashed.memory().standing().as_str());
    }
}

/// What can happen while nobody breaks anything for good: such walks stay long where the states are.
fn peaceful() -> impl Strategy<Value = Happening> {
    use Happening::*;
    prop_oneof![
        6 => (any_seen(), any_seen()).prop_map(|(prod, dr)| See(prod, dr)),
        2 => (0_u64..700_000).prop_map(Pass),
        4 => Just(Read),
        5 => Just(Permit),
        5 => Just(Send),
        2 => Just(Verify),
        3 => (0_u8..5, any::<bool>()).prop_map(|(which, overriding)| Order(which, overriding)),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(dr, now)| OtherMoves { dr, now }),
        1 => Just(OtherPauses),
        1 => Just(Crash),
    ]
}

/// Every transition that deterministic random walks take, peaceful ones and others. They are walked once for all tests.
pub(super) fn all_transitions() -> &'static BTreeSet<Transition> {
    static TAKEN: LazyLock<BTreeSet<Transition>> = LazyLock::new(|| {
        let peaceful = (0..200).flat_map(|seed| walk(seed, &peaceful()).transitions);
        let faulty = (0..100).flat_map(|seed| walk(seed, &any_happening()).transitions);
        peaceful.chain(faulty).collect()
    });
    &TAKEN
}

/// A walk from a seed: the same one in every run.
fn walk(seed: u64, happenings: &impl Strategy<Value = Happening>) -> World {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut world = if seed.is_multiple_of(2) { World::adopted() } else { World::in_dr() };
    let mut backups = Vec::new();
    for _ in 0..80 {
        let happening = happenings.new_tree(&mut runner).expect("a value").current();
        happen(&mut world, &mut backups, &happening);
    }
    world
}
