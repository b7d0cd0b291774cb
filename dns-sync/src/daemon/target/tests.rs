mod forms;
mod reading_back;
mod together;

use std::path::Path;

use dns_api::sync::TargetReport;
use dns_service::config::Config;
use dns_service::config::secret::{Program, SecretCheck};
use dns_zone::{Limits, Repair};
use futures_util::FutureExt as _;
use tempfile::TempDir;

use super::looking::REMEMBER_EVERY;
use super::*;
use crate::daemon::signs::Signs;
use crate::daemon::together::Together;
use crate::fake::{Fake, apex, zone};
use crate::place::Job;

const CHECK_EVERY: Duration = Duration::from_mins(5);
const REPAIR_AFTER: Duration = Duration::from_mins(10);

/// One zone with several targets, as the daemon holds them between two rounds. Time is the test's.
struct Rig {
    fakes: Vec<Fake>,
    original: Arc<Original>,
    targets: Vec<(Target, Option<Known>)>,
    signs: Signs,
    _folder: TempDir,
}

fn config() -> Config {
    let text = "apiVersion: dnsfailover/v1
installation: acme
providers: { main: { route53: { zones: { example.test: Z1 } } } }
sync: { zones: [ { zone: example.test, source: { file: a.zone }, targets: [main] } ] }
";
    let texts = [(Path::new("sync.yaml"), text)];
    Config::from_texts(texts, &Program::Admin(SecretCheck::Skip)).expect("valid")
}

impl Rig {
    /// A daemon that has just been started over these targets.
    fn new(fakes: Vec<Fake>, source: &[&str], limits: Limits) -> Self {
        let (clock, config, folder) = (Clock::start(), config(), TempDir::new().expect("a folder"));
        let together = Together::new(limits, clock);
        let signs = Signs::default();
        let names: Vec<_> = fakes.iter().map(|_| "main".parse().expect("a name")).collect();
        let (_, target_signs) = signs.add(&apex(), "a test".to_owned(), &names, clock);
        let followings: Vec<_> = target_signs.iter().cloned().map(Following::new).collect();
        let original = Arc::new(Original::new(apex(), followings.clone()));
        original.replace(zone(source), Vec::new());
        let parts = fakes.iter().zip(target_signs).zip(followings);
        let targets = parts.map(|((fake, sign), following)| {
            let mut place = fake.place();
            place.servers = vec!["192.0.2.53:53".parse().expect("an address")];
            let zone = config.sync.zones[0].clone();
            let job = Job { zone: apex(), config: zone, source: None, targets: vec![place.clone()] };
            let alarms = Alarms::new(&place, &apex(), sign.clone());
            let target = Target {
                alarms,
                place,
                original: Arc::clone(&original),
                following,
                planner: planning::Planner::new(&config, &job),
                folder: Folder::new(folder.path()),
                sign,
                unserved: Unserved::default(),
                clock,
                check_every: CHECK_EVERY,
                drifting: Drifting::new(Repair::After(REPAIR_AFTER)),
                part: together.add(limits),
                told: Vec::new(),
                held_looks: 0,
                troubled: Told::default(),
                poison: BTreeMap::new(),
                remember_at: None,
                stop: CancellationToken::new(),
            };
            (target, None)
        });
        Self { targets: targets.collect(), fakes, original, signs, _folder: folder }
    }

    /// One target that holds this, as the daemon has just been started.
    fn one(fake: Fake, source: &[&str]) -> Self {
        Self::new(vec![fake], source, Limits::default())
    }

    fn source_becomes(&self, lines: &[&str]) {
        self.original.replace(zone(lines), Vec::new());
    }

    /// One round of a target, as after a change or when a check is due.
    async fn round(&mut self, number: usize) -> Result<(), Trouble> {
        let (target, known) = &mut self.targets[number];
        let ended = target.round(known).await.map(drop);
        if let (Err(_), Some(known)) = (&ended, known) {
            known.due = Instant::now();
        }
        ended
    }

    async fn rounds(&mut self) {
        for number in 0..self.targets.len() {
            self.round(number).await.expect("nothing goes wrong");
        }
    }

    /// Checks again and again for so long.
    async fn check_for(&mut self, time: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < time {
            tokio::time::advance(CHECK_EVERY).await;
            self.original.confirmed();
            self.rounds().await;
        }
    }

    fn report(&self, number: usize) -> TargetReport {
        self.signs.report().zones[0].targets[number].clone()
    }

    /// What waits to be served.
    fn unserved(&self) -> Vec<SetKey> {
        self.targets[0].0.unserved.keys()
    }

    fn writes(&self) -> usize {
        self.fakes[0].state().calls.len()
    }
}

const THREE: [&str; 3] = ["a A 192.0.2.1", "b A 192.0.2.2", "c A 192.0.2.3"];

#[test]
fn a_held_target_is_read_ever_more_rarely_and_never_most_of_the_time() {
    let small = |looks| held_pause(looks, Duration::from_secs(1)).as_secs();
    assert_eq!([1, 2, 3].map(small), [30, 60, 120]);
    let large = |looks| held_pause(looks, Duration::from_mins(5)).as_secs();
    assert_eq!([1, 2].map(large), [50 * 60, 100 * 60]);
    assert!(held_pause(u32::MAX, Duration::MAX) > Duration::from_hours(24), "it saturates");
}

/// None of its steps is poison: nothing of the source has to change for them to be taken later, and nothing is withheld.
#[tokio::test(start_paused = true)]
async fn a_target_that_was_frozen_is_written_once_it_is_not() {
    let fake = Fake::holding(zone(&["www A 192.0.2.1", "old A 192.0.2.1"]), 8);
    let all = ["www", "api", "old"].map(|name| crate::fake::key(name, dns_zone::Rtype::A));
    fake.state().denied = all.into();
    let mut rig = Rig::one(fake, &["www A 192.0.2.2", "api A 192.0.2.2"]);
    let denied = rig.round(0).await;
    assert!(matches!(denied, Err(Trouble::Denied { .. })), "{denied:?}");
    rig.fakes[0].state().denied.clear();
    rig.rounds().await;
    assert_eq!(rig.report(0).state, TargetState::Equal);
    assert_eq!(rig.fakes[0].state().zone, zone(&["www A 192.0.2.2", "api A 192.0.2.2"]), "what is gone is, too");
}

#[tokio::test(start_paused = true)]
async fn a_refused_record_is_tried_again_when_all_is_read() {
    let fake = Fake::holding(zone(&["old A 192.0.2.1"]), 8);
    fake.state().denied = [crate::fake::key("www", dns_zone::Rtype::A)].into();
    let mut rig = Rig::one(fake, &["www A 192.0.2.2", "api A 192.0.2.2"]);
    rig.rounds().await;
    assert_eq!(rig.report(0).state, TargetState::Refusing);
    let held_up = rig.fakes[0].state().zone.get(&crate::fake::key("api", dns_zone::Rtype::A)).is_none();
    assert!(!held_up, "it holds up no other");
    let tries = rig.writes();
    rig.rounds().await;
    assert_eq!(rig.writes(), tries, "not before all is read");
    rig.check_for(CHECK_EVERY * 2).await;
    assert!(rig.writes() > tries);
    assert_eq!(rig.report(0).state, TargetState::Refusing);
    rig.fakes[0].state().denied.clear();
    rig.check_for(CHECK_EVERY * 2).await;
    assert_eq!(rig.report(0).state, TargetState::Equal);
}

/// However often it is restarted: a source that loses a few sets each time would be gone before anybody is asked.
#[tokio::test(start_paused = true)]
async fn how_large_the_source_was_is_kept_over_a_restart_within_a_day() {
    let lines: Vec<String> = (0..40).map(|one| format!("n{one} A 192.0.2.1")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let mut rig = Rig::one(Fake::holding(zone(&lines), 8), &lines);
    rig.rounds().await;
    let kept =
        |rig: &Rig| rig.targets[0].0.folder.source_sets(&apex(), &"main".parse().expect("a name")).expect("read");
    assert_eq!(kept(&rig), Some(40));
    // As after a restart.
    rig.targets[0].0.remember_at = None;
    rig.source_becomes(&lines[3..]);
    rig.rounds().await;
    assert_eq!((rig.report(0).state, kept(&rig)), (TargetState::Equal, Some(40)));
    rig.check_for(REMEMBER_EVERY + CHECK_EVERY).await;
    assert_eq!(kept(&rig), Some(37));
}

/// Refused ones that stand in a row, more than it takes to believe that a target refuses everything.
#[tokio::test(start_paused = true)]
async fn however_many_records_are_refused_in_a_row_what_is_behind_them_comes() {
    let refused: Vec<String> = (0..70).map(|one| format!("bad{one:02} A 192.0.2.1")).collect();
    let source: Vec<&str> = refused.iter().map(String::as_str).chain(["good A 192.0.2.2"]).collect();
    let fake = Fake::holding(zone(&["old A 192.0.2.1"]), 8);
    fake.state().poison = (0..70).map(|one| crate::fake::key(&format!("bad{one:02}"), dns_zone::Rtype::A)).collect();
    let mut rig = Rig::one(fake, &source);
    rig.rounds().await;
    assert_eq!(rig.report(0).state, TargetState::Refusing);
    assert_eq!(rig.fakes[0].state().zone, zone(&["good A 192.0.2.2", "old A 192.0.2.1"]));
}

/// The address of the new one is refused: the old one stays in use, and there.
#[tokio::test(start_paused = true)]
async fn nothing_is_led_to_a_name_that_the_target_has_refused() {
    let stands = ["lb1 A 192.0.2.1", "mail MX 10 lb1", "www CNAME lb1"];
    let fake = Fake::holding(zone(&stands), 8);
    fake.state().poison = [crate::fake::key("lb2", dns_zone::Rtype::A)].into();
    let mut rig = Rig::one(fake, &["lb2 A 192.0.2.2", "mail MX 10 lb2", "www CNAME lb2"]);
    rig.rounds().await;
    assert_eq!(rig.fakes[0].state().zone, zone(&stands));
    rig.fakes[0].state().poison.clear();
    rig.check_for(CHECK_EVERY * 2).await;
    assert_eq!(rig.fakes[0].state().zone, zone(&["lb2 A 192.0.2.2", "mail MX 10 lb2", "www CNAME lb2"]));
}

/// Many batches are under way when the source says something else.
#[tokio::test(start_paused = true)]
async fn what_a_newer_source_says_waits_for_one_batch_and_no_more() {
    let lines: Vec<String> = (0..40).map(|one| format!("n{one:02} A 192.0.2.1")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let fake = Fake::holding(zone(&["old A 192.0.2.1"]), 2);
    let mut rig = Rig::one(fake, &[lines.as_slice(), &["old A 192.0.2.1"]].concat());
    let original = Arc::clone(&rig.original);
    let newer = zone(&["n00 A 192.0.2.1", "old A 192.0.2.9"]);
    rig.fakes[0].state().meanwhile = Some(Box::new(move || {
        original.replace(newer, Vec::new());
    }));
    rig.rounds().await;
    assert_eq!(rig.report(0).state, TargetState::Equal);
    assert_eq!(rig.fakes[0].state().calls, [2, 2], "the first batch, and what became of it all");
}

#[test]
fn a_move_takes_with_it_what_comes_to_the_names_that_it_leads_to() {
    let set = |line: &str| zone(&[line]).sets().next().map(|(key, set)| (key.clone(), set.clone())).expect("one");
    let change = |before: Option<&str>, after: Option<&str>| {
        let (before, after) = (before.map(set), after.map(set));
        let key = before.as_ref().or(after.as_ref()).map(|(key, _)| key.clone()).expect("one of them");
        SetChange { key, before: before.map(|(_, set)| set), after: after.map(|(_, set)| set) }
    };
    let step = |changes: Vec<SetChange>| Step::from(changes);
    let new = step(vec![change(None, Some("dr A 192.0.2.2"))]);
    let other = step(vec![change(None, Some("other A 192.0.2.2"))]);
    let moved = vec![change(Some("shop CNAME prod"), Some("shop CNAME dr"))];
    let moved = Step { service: Some("shop".parse().expect("a name")), ..step(moved) };
    let gone = step(vec![change(Some("prod A 192.0.2.1"), None)]);
    let steps = vec![new.clone(), other, moved.clone(), gone];
    assert_eq!(moves(steps), [new, moved]);
}

/// Somebody has turned an alias back to the old address, which nobody undoes yet; so the old address stays, though the source has
/// dropped it.
#[tokio::test(start_paused = true)]
async fn what_somebody_elses_change_leads_to_is_not_taken_away() {
    let stands = ["lb1 A 192.0.2.1", "lb2 A 192.0.2.2", "www CNAME lb2"];
    let mut rig = Rig::one(Fake::holding(zone(&stands), 8), &stands);
    rig.rounds().await;
    let turned = zone(&["lb1 A 192.0.2.1", "lb2 A 192.0.2.2", "www CNAME lb1"]);
    rig.fakes[0].state().zone = turned.clone();
    tokio::time::advance(CHECK_EVERY).await;
    rig.rounds().await;
    rig.source_becomes(&stands[1..]);
    rig.rounds().await;
    assert_eq!(rig.fakes[0].state().zone, turned);
    rig.check_for(REPAIR_AFTER + CHECK_EVERY * 2).await;
    assert_eq!(rig.fakes[0].state().zone, zone(&stands[1..]), "once it is undone");
}

/// An operator has applied what the source says by hand, and no NOTIFY came: what is known here is old, not what stands there wrong.
#[tokio::test(start_paused = true)]
async fn nothing_is_undone_before_the_source_was_asked() {
    let mut rig = Rig::one(Fake::holding(zone(&THREE), 8), &THREE);
    rig.rounds().await;
    let applied = zone(&["a A 192.0.2.9", THREE[1], THREE[2]]);
    rig.fakes[0].state().zone = applied.clone();
    for _ in 0..5 {
        tokio::time::advance(CHECK_EVERY).await;
        rig.rounds().await;
    }
    assert_eq!((rig.fakes[0].state().zone.clone(), rig.report(0).drift.len()), (applied.clone(), 1));
    assert!(rig.original.asked().now_or_never().is_some(), "its keeper was asked");
    rig.source_becomes(&["a A 192.0.2.9", THREE[1], THREE[2]]);
    rig.check_for(REPAIR_AFTER * 2).await;
    assert_eq!((rig.fakes[0].state().zone.clone(), rig.report(0).drift.len()), (applied, 0));
    assert_eq!(rig.report(0).state, TargetState::Equal);
}
