mod forms;
mod reading_back;
mod together;

use std::path::Path;

use dns_api::sync::TargetReport;
use dns_service::config::Config;
use dns_service::config::secret::{Program, SecretCheck};
use dns_zone::{Limits, Repair};
use tempfile::TempDir;

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
                part: together.add(),
                told: Vec::new(),
                remembered: None,
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
