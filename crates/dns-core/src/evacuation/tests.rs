//! Evacuations on counts alone: what moves, when, and what stops it. How a service's own state tells of it is tested with
//! the saga.

use std::time::Duration;

use super::*;
use crate::fixture::{START, region};
use crate::kernel::Rejection;
use crate::machine::effect::Refusal;

/// Services, as they would be told by their states.
struct Scene {
    evacuation: Evacuation,
    stands: BTreeMap<ServiceName, Stand>,
    rounds: Rounds,
    now: Timestamp,
    /// Those that the kernel refuses.
    refused: Vec<ServiceName>,
    /// Everything that has begun, in order.
    begun: Vec<ServiceName>,
    /// Those whose stored states cannot be read.
    unread: Vec<ServiceName>,
}

fn service(number: usize) -> ServiceName {
    format!("s{number:05}").parse().expect("a name")
}

fn ordered() -> Evacuation {
    Evacuation {
        id: EvacuationId::at(START, 1),
        region: region("prod"),
        to: None,
        undoes: None,
        by: "oncall".parse().expect("a name"),
        reason: "the provider says so".to_owned(),
        overrides: Vec::new(),
        wave_max: None,
        started: START,
        herald: service(0),
        services: 0,
        run: 1,
        stage: Stage::Running { since: START },
        outcome: None,
    }
}

fn scene(services: usize) -> Scene {
    Scene {
        evacuation: ordered(),
        stands: (0..services).map(|number| (service(number), Stand::Waiting { ready: true })).collect(),
        rounds: Rounds::begin(START),
        now: START,
        refused: Vec::new(),
        begun: Vec::new(),
        unread: Vec::new(),
    }
}

impl Scene {
    fn next(&mut self) -> Next {
        let mut muster = Muster::default();
        self.stands.iter().for_each(|(service, stand)| muster.count(service, stand));
        self.unread.iter().for_each(|service| muster.count_unread(service));
        self.evacuation.next(&muster, &mut self.rounds, self.now)
    }

    /// As the engine does: begins what may, until nothing may. Returns how many have begun, and what follows.
    fn turn(&mut self) -> (usize, Next) {
        let before = self.begun.len();
        loop {
            let (services, mut left) = match self.next() {
                Next::Begin { services, at_most } => (services, at_most),
                other => return (self.begun.len() - before, other),
            };
            for service in services {
                if left == 0 {
                    break;
                }
                if self.refused.contains(&service) {
                    self.rounds.note_refused(&service, refusal());
                    continue;
                }
                self.rounds.note_begun(&service);
                self.stands.insert(service.clone(), Stand::UnderWay);
                self.begun.push(service);
                left -= 1;
            }
        }
    }

    /// All that is under way ends so.
    fn settle(&mut self, stand: &Stand) {
        self.stands.values_mut().filter(|one| **one == Stand::UnderWay).for_each(|one| *one = stand.clone());
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
    }

    /// Turns for as long as it takes until it ends or stops, and whatever is under way arrives. Returns the waves.
    fn run(&mut self) -> (Vec<usize>, Next) {
        let mut waves = Vec::new();
        for _ in 0..100 {
            let (wave, next) = self.turn();
            waves.extend(Some(wave).filter(|wave| *wave > 0));
            if next != Next::Wait {
                return (waves, next);
            }
            self.settle(&Stand::Arrived);
            self.pass(Duration::from_secs(1));
        }
        panic!("it never ends: {waves:?}");
    }
}

fn refusal() -> Refusal {
    Refusal::Kernel(vec![Rejection { rule: Rule::TargetProven, reason: "`dr` is not proven".to_owned() }])
}

#[test]
fn one_goes_first_and_then_waves_that_grow() {
    assert_eq!(scene(10_000).run(), (vec![1, 10, 100, 1000, 8889], Next::End));
    assert_eq!(wave_sizes(10_000, None), [1, 10, 100, 1000, 8889], "as they are previewed");
    assert_eq!(wave_sizes(30, Some(8)), [1, 8, 8, 8, 5]);
    assert_eq!(scene(1).run(), (vec![1], Next::End));
    assert_eq!(scene(0).run(), (Vec::new(), Next::End));
}

#[test]
fn no_wave_is_larger_than_was_ordered() {
    let mut scene = scene(30);
    scene.evacuation.wave_max = Some(8);
    assert_eq!(scene.run(), (vec![1, 8, 8, 8, 5], Next::End));
}

#[test]
fn no_wave_begins_before_all_of_the_last_one_are_served() {
    let mut scene = scene(50);
    assert_eq!(scene.turn(), (1, Next::Wait));
    assert_eq!(scene.turn(), (0, Next::Wait), "the first one is on its way");
    scene.settle(&Stand::Arrived);
    assert_eq!(scene.turn(), (10, Next::Wait));
    for number in 1..10 {
        scene.stands.insert(service(number), Stand::Arrived);
        assert_eq!(scene.turn(), (0, Next::Wait), "{number} of ten are served");
    }
    scene.settle(&Stand::Arrived);
    assert_eq!(scene.turn(), (39, Next::Wait));
}

#[test]
fn stops_when_more_than_a_tenth_did_not_arrive() {
    let mut first = scene(50);
    first.turn();
    first.settle(&Stand::Unserved { now: true });
    assert_eq!(first.turn(), (0, Next::Stop("1 of 1 that have begun did not arrive".to_owned())));

    let mut one_of_eleven = scene(50);
    one_of_eleven.turn();
    one_of_eleven.settle(&Stand::Arrived);
    one_of_eleven.turn();
    one_of_eleven.stands.insert(service(5), Stand::Stuck);
    one_of_eleven.settle(&Stand::Arrived);
    assert_eq!(one_of_eleven.turn(), (39, Next::Wait), "less than a tenth");
    let mut two_of_eleven = one_of_eleven;
    two_of_eleven.stands.insert(service(6), Stand::Unserved { now: true });
    two_of_eleven.stands.retain(|name, stand| *stand != Stand::UnderWay || *name < service(20));
    let next = two_of_eleven.turn();
    assert_eq!(next, (0, Next::Wait), "two of twenty are a tenth, and not more");
    two_of_eleven.stands.insert(service(7), Stand::Unserved { now: true });
    assert_eq!(two_of_eleven.turn().1, Next::Stop("3 of 20 that have begun did not arrive".to_owned()));
}

#[test]
fn what_has_failed_before_it_was_resumed_does_not_stop_it_again() {
    let mut scene = scene(20);
    scene.turn();
    scene.settle(&Stand::Unserved { now: true });
    assert!(matches!(scene.turn().1, Next::Stop(_)));
    scene.evacuation.stop(None, "one did not arrive".to_owned(), START);
    scene.evacuation.resume(START);
    assert_eq!(scene.evacuation.run, 2, "by which services tell what was before");
    scene.settle(&Stand::Arrived);
    scene.stands.values_mut().filter(|one| matches!(one, Stand::Unserved { .. })).for_each(|one| {
        *one = Stand::Unserved { now: false };
    });
    assert_eq!(scene.run(), (vec![10, 9], Next::End));
}

#[test]
fn nothing_begins_once_it_is_stopped_and_it_goes_on_where_it_was() {
    let mut scene = scene(50);
    scene.turn();
    scene.evacuation.stop(Some("oncall".parse().expect("a name")), "wait".to_owned(), START);
    scene.settle(&Stand::Arrived);
    assert_eq!(scene.turn(), (0, Next::Wait));
    assert!(scene.evacuation.bars().is_some(), "nothing comes in meanwhile");
    scene.evacuation.resume(START);
    assert_eq!(scene.run(), (vec![10, 39], Next::End));
    scene.evacuation.end(None, START);
    assert_eq!((scene.turn(), scene.evacuation.bars()), ((0, Next::Wait), None));
}

#[test]
fn a_restart_goes_on_in_the_wave_in_which_it_ended() {
    let mut scene = scene(50);
    scene.turn();
    scene.settle(&Stand::Arrived);
    scene.evacuation.wave_max = Some(4);
    scene.turn();
    let begun = scene.begun.len();
    scene.rounds = Rounds::begin(scene.now);
    assert_eq!(scene.turn(), (0, Next::Wait), "those of the wave are still on their way");
    scene.settle(&Stand::Arrived);
    let (_, next) = scene.run();
    assert_eq!((scene.begun.len(), next), (50, Next::End));
    scene.begun.sort();
    scene.begun.dedup();
    assert_eq!(scene.begun.len(), 50, "each once, {begun} of them before");
}

#[test]
fn what_is_held_is_skipped_and_asked_again_when_the_others_have_moved() {
    let mut scene = scene(13);
    scene.refused = vec![service(0), service(5)];
    assert_eq!(scene.turn(), (1, Next::Wait));
    assert_eq!(scene.begun, [service(1)], "the next one is the canary");
    scene.settle(&Stand::Arrived);
    scene.turn();
    scene.refused.clear();
    scene.settle(&Stand::Arrived);
    let (waves, next) = scene.run();
    assert_eq!((waves, next), (vec![2], Next::End));
    assert_eq!(scene.begun.last(), Some(&service(5)));
}

#[test]
fn stops_when_only_held_ones_are_left_and_asks_them_again_when_it_is_resumed() {
    let mut scene = scene(4);
    scene.refused = vec![service(2)];
    let (waves, next) = scene.run();
    assert_eq!(waves, [1, 2]);
    let words = "1 held: 1 by targetProven (`s00002`: `dr` is not proven)";
    assert_eq!(next, Next::Stop(words.to_owned()));
    assert!(scene.now >= START + Duration::from_secs(10), "it was asked more than once, with a pause");
    let held: Vec<&ServiceName> = scene.rounds.held().map(|(service, _)| service).collect();
    assert_eq!(held, [&service(2)]);
    scene.evacuation.stop(None, words.to_owned(), scene.now);
    scene.refused.clear();
    scene.evacuation.resume(scene.now);
    scene.rounds = Rounds::begin(scene.now);
    assert_eq!(scene.run(), (vec![1], Next::End));
}

/// One that has to come after another is refused until that one has moved, however many there are in a row.
#[test]
fn a_row_of_services_that_wait_for_each_other_leaves_one_after_the_other() {
    let mut scene = scene(6);
    let mut rounds = 0;
    let next = loop {
        // The last one goes first.
        scene.refused =
            (0..5).filter(|number| scene.stands[&service(number + 1)] != Stand::Arrived).map(service).collect();
        let (_, next) = scene.turn();
        scene.settle(&Stand::Arrived);
        rounds += 1;
        if next != Next::Wait || rounds > 50 {
            break next;
        }
    };
    assert_eq!(next, Next::End);
    let order: Vec<ServiceName> = (0..6).rev().map(service).collect();
    assert_eq!(scene.begun, order);
}

#[test]
fn waits_for_what_is_not_known_yet_and_asks_the_kernel_when_that_takes_too_long() {
    let mut scene = scene(2);
    scene.stands.insert(service(0), Stand::Waiting { ready: false });
    scene.turn();
    scene.settle(&Stand::Arrived);
    assert_eq!(scene.turn(), (0, Next::Wait), "one is not known, and none is left beside it");
    scene.pass(Duration::from_secs(15));
    assert_eq!(scene.turn(), (1, Next::Wait));
}

#[test]
fn does_not_end_while_one_could_not_be_written() {
    let mut scene = scene(30);
    scene.turn();
    scene.settle(&Stand::Arrived);
    scene.turn();
    scene.stands.insert(service(3), Stand::Stuck);
    let (_, next) = scene.run();
    assert_eq!(next, Next::Stop("1 could not be written".to_owned()));
}

#[test]
fn does_not_end_as_done_while_nobody_knows_where_one_is() {
    let mut scene = scene(2);
    scene.unread = vec![service(7)];
    let (waves, next) = scene.run();
    assert_eq!(waves, [1, 1], "the others are not held up");
    let words = "the stored state of `s00007` cannot be read, so nobody has moved it";
    assert_eq!(next, Next::Stop(words.to_owned()));
    scene.unread = (1..=7).map(service).collect();
    let (_, next) = scene.run();
    assert!(matches!(&next, Next::Stop(why) if why.contains("`s00005` and 2 more")), "{next:?}");
    scene.unread.clear();
    assert_eq!(scene.turn(), (0, Next::End));
}

#[test]
fn what_is_kept_reads_as_it_was_written() {
    let mut kept = ordered();
    for stage in [
        Stage::Running { since: START },
        Stage::Stopped { since: START, by: None, why: "1 held".to_owned() },
        Stage::Ended { since: START, by: Some("oncall".parse().expect("a name")) },
    ] {
        kept.stage = stage;
        let text = serde_json::to_string(&kept).expect("serialises");
        assert_eq!(serde_json::from_str::<Evacuation>(&text).expect("reads"), kept);
    }
    let golden = include_str!("tests/evacuation.v1.golden.json").trim();
    kept.overrides = vec![Rule::CooledDown];
    (kept.to, kept.wave_max, kept.undoes) = (Some(region("dr")), Some(20), Some(EvacuationId::at(START, 2)));
    assert_eq!(serde_json::from_str::<Evacuation>(golden).expect("reads"), kept);
}
