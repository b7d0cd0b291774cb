use std::path::Path;
use std::time::Duration;

use dns_provider::zones::Listing;
use dns_service::config::secret::{Program, SecretCheck};
use dns_zone::Zone;
use tempfile::TempDir;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::fake::{Fake, Happening, apex, settings, zone};

/// What the target begins with.
fn beginning() -> Zone {
    zone(&["old A 192.0.2.99"])
}

/// So many names with an address each, and nothing else.
fn names(count: usize) -> Zone {
    let lines: Vec<String> = (0..count).map(|one| format!("n{one:02} A 192.0.2.{one}")).collect();
    zone(&lines.iter().map(String::as_str).collect::<Vec<_>>())
}

/// A target that takes four changes at once, and a folder that outlives each run.
struct Rig {
    fake: Fake,
    place: Place,
    config: Config,
    output: Output,
    _folder: TempDir,
}

impl Rig {
    fn new() -> Self {
        let fake = Fake::holding(beginning(), 4);
        let (place, folder) = (fake.place(), tempfile::tempdir().expect("a folder"));
        let text = format!(
            "apiVersion: dnsfailover/v1
installation: acme
providers:
  main: {{ route53: {{ zones: {{ example.test: Z1 }} }} }}
sync:
  folder: {}
  zones: [ {{ zone: example.test, source: {{ file: wanted.zone }}, targets: [main] }} ]
",
            folder.path().display()
        );
        let texts = [(Path::new("sync.yaml"), text.as_str())];
        let config = Config::from_texts(texts, &Program::Admin(SecretCheck::Skip)).expect("valid");
        Self { fake, place, config, output: Output::new(true).without_progress(), _folder: folder }
    }

    fn run(&self) -> Run<'_> {
        Run::new(&self.config, &[], &self.output, CancellationToken::new())
    }

    fn plan(&self, source: &Zone) -> Plan {
        dns_zone::plan(source, &self.fake.state().zone, &settings())
    }

    async fn apply(&self, plan: &Plan) -> Result<Exit, Failure> {
        let order = Order { plan, target: &self.place, purpose: Purpose::Equal { source_sets: 10 } };
        self.run().carry_out(&order).await
    }

    /// Nothing if there is nothing to undo.
    async fn rollback(&self) -> Option<Result<Exit, Failure>> {
        let run = self.run();
        let (plan, target) = run.undoing(&apex(), &self.place).await.expect("it can be looked at")?;
        Some(run.carry_out(&Order { plan: &plan, target, purpose: Purpose::Undo }).await)
    }

    /// The next so many calls are as ever, and from the one after that the run hears nothing, until it is killed.
    async fn killed_after(&self, calls: usize, run: impl Future) {
        let script = (0..calls).map(|_| Happening::Taken).chain([Happening::Silence]);
        self.fake.state().script = script.collect();
        assert!(timeout(Duration::from_secs(1), run).await.is_err(), "it ended by itself");
    }

    async fn is_undone(&self) {
        let undone = self.rollback().await.expect("there is something to undo");
        assert_eq!(undone.expect("undone"), Exit::Done);
        assert_eq!(self.fake.state().zone, beginning());
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_killed_run_has_written_is_undone() {
    let rig = Rig::new();
    let plan = rig.plan(&names(10));
    rig.killed_after(2, rig.apply(&plan)).await;
    assert_eq!(rig.fake.state().zone.sets().len(), 9, "two batches of three");
    rig.is_undone().await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_killed_before_it_wrote_anything_leaves_what_undid_the_one_before() {
    let rig = Rig::new();
    assert_eq!(rig.apply(&rig.plan(&names(10))).await.expect("applied"), Exit::Done);
    let next = rig.plan(&names(20));
    rig.killed_after(0, rig.apply(&next)).await;
    rig.is_undone().await;
}

/// What undoes it stands beside its place, and the run that goes on has nothing left to write.
#[tokio::test]
async fn a_run_that_was_killed_after_its_last_batch_can_be_undone_once_it_has_gone_on() {
    let rig = Rig::new();
    let plan = rig.plan(&names(10));
    let order = Order { plan: &plan, target: &rig.place, purpose: Purpose::Equal { source_sets: 10 } };
    let run = rig.run();
    let ready = run
        .checked(&plan, Listing { zone: beginning(), not_plain: Vec::new(), serial_stays: None }, Instant::now(), None)
        .expect("ready");
    run.prepare_undoing(&order, &ready).expect("kept");
    rig.fake.state().zone = names(10);
    assert_eq!(rig.apply(&plan).await.expect("done already"), Exit::Done);
    assert_eq!(rig.fake.state().calls, [0; 0], "nothing was left to send");
    assert!(rig.run().folder.undoing(&apex(), &rig.place.name).expect("read").is_some());
    rig.is_undone().await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_interrupted_goes_on_and_all_of_it_is_undone() {
    let rig = Rig::new();
    let plan = rig.plan(&names(10));
    rig.killed_after(1, rig.apply(&plan)).await;
    assert_eq!(rig.apply(&plan).await.expect("it goes on"), Exit::Done);
    assert_eq!(rig.fake.state().zone, names(10));
    rig.is_undone().await;
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_writes_nothing_leaves_what_undoes_the_interrupted_one_before() {
    let rig = Rig::new();
    let first = rig.plan(&names(10));
    rig.killed_after(1, rig.apply(&first)).await;
    let second = rig.plan(&names(20));
    rig.fake.state().script.push_back(Happening::Conflict);
    rig.apply(&second).await.expect_err("someone else writes");
    rig.is_undone().await;
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_was_interrupted_goes_on_and_is_used_up_only_then() {
    let rig = Rig::new();
    assert_eq!(rig.apply(&rig.plan(&names(10))).await.expect("applied"), Exit::Done);
    rig.killed_after(1, rig.rollback()).await;
    assert_ne!(rig.fake.state().zone, beginning());
    rig.is_undone().await;
    assert!(rig.rollback().await.is_none(), "it is undone no second time");
}

/// Two targets that are written to one run after the other, with one folder.
struct Two {
    rig: Rig,
    /// The other target, by another name.
    other: (Fake, Place),
}

impl Two {
    fn new() -> Self {
        let (rig, fake) = (Rig::new(), Fake::holding(beginning(), 4));
        let mut place = fake.place();
        place.name = "other".parse().expect("a name");
        Self { rig, other: (fake, place) }
    }

    /// A run that makes both targets, or only the first one, hold so many names.
    async fn apply(&self, count: usize, both: bool) {
        let mut run = self.rig.run();
        // Runs are told apart by their time.
        run.began = run.began + Duration::from_secs(count as u64);
        let targets = [(&self.rig.fake, &self.rig.place), (&self.other.0, &self.other.1)];
        for (fake, place) in targets.into_iter().take(1 + usize::from(both)) {
            let mut plan = dns_zone::plan(&names(count), &fake.state().zone, &settings());
            plan.target = place.name.clone();
            let order = Order { plan: &plan, target: place, purpose: Purpose::Equal { source_sets: 10 } };
            assert_eq!(run.carry_out(&order).await.expect("applied"), Exit::Done);
        }
    }

    /// The targets of which something was undone.
    async fn rollback(&self, places: &[&Place], all: bool) -> Result<Vec<String>, Failure> {
        let (run, apex) = (self.rig.run(), apex());
        let places: Vec<_> = places.iter().map(|place| (&apex, *place)).collect();
        let found = run.find(&places, all).await?;
        for (plan, target) in &found.plans {
            let undone = run.carry_out(&Order { plan, target, purpose: Purpose::Undo }).await;
            assert_eq!(undone.expect("undone"), Exit::Done);
        }
        Ok(found.plans.into_iter().map(|(plan, _)| plan.target.to_string()).collect())
    }

    async fn rollback_all(&self) -> Result<Vec<String>, Failure> {
        self.rollback(&[&self.rig.place, &self.other.1], true).await
    }
}

#[tokio::test]
async fn what_is_undone_is_what_the_last_run_has_written_and_no_older_one() {
    let two = Two::new();
    two.apply(10, true).await;
    two.apply(20, false).await;
    assert_eq!(two.rollback_all().await.expect("the last run"), ["main"]);
    assert_eq!((two.rig.fake.state().zone.clone(), two.other.0.state().zone.clone()), (names(10), names(10)));
    let refused = two.rollback_all().await.expect_err("half of a run");
    assert_eq!(refused.exit(), Exit::Refused);
    let reason = refused.reason();
    assert!(reason.contains("at `other`, which --zone and --target undo"), "{reason}");
    assert_eq!(two.rollback(&[&two.other.1], false).await.expect("on purpose"), ["other"]);
    assert_eq!(two.other.0.state().zone, beginning());
    assert!(two.rollback_all().await.expect("nothing is left").is_empty());
    // A run after that can be undone again.
    two.apply(30, true).await;
    assert_eq!(two.rollback_all().await.expect("the last run"), ["main", "other"]);
}

#[tokio::test]
async fn the_rest_of_a_run_of_which_a_part_was_undone_is_undone() {
    let two = Two::new();
    two.apply(10, true).await;
    assert_eq!(two.rollback(&[&two.rig.place], false).await.expect("a part"), ["main"]);
    assert_eq!(two.rollback_all().await.expect("the rest"), ["other"]);
}

/// Whoever goes on has sent nothing of it, and still nobody has seen it served.
#[tokio::test(start_paused = true)]
async fn a_run_that_goes_on_asks_for_what_was_written_before_it() {
    let mut rig = Rig::new();
    let plan = rig.plan(&names(10));
    assert_eq!(rig.apply(&plan).await.expect("applied"), Exit::Done, "nobody can be asked");
    // Nobody listens there.
    rig.place.servers.push(([127, 0, 0, 1], 1).into());
    assert_eq!(rig.apply(&plan).await.expect("done already"), Exit::Unverified);
}

#[tokio::test]
async fn without_a_run_there_is_nothing_to_undo() {
    assert!(Rig::new().rollback().await.is_none());
}
