use std::path::Path;

use dns_api::sync::SourceState;
use dns_service::clock::Clock;
use dns_service::config::Config;
use dns_service::config::secret::{Program, SecretCheck};

use super::super::signs::Signs;
use super::*;
use crate::arguments::Selection;
use crate::fake::apex;
use crate::place::Places;

/// The last line begins with one that is as good.
const WHOLE: &str = "$TTL 60\n@ SOA ns host 1 600 300 3600 60\n@ NS ns\nns A 192.0.2.1\nwww A 192.0.2.10\n";
const EVERY: Duration = Duration::from_mins(1);

/// A keeper of a file.
struct Rig {
    folder: tempfile::TempDir,
    keeper: Keeper,
    signs: Signs,
}

impl Rig {
    fn holding(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = format!(
            "apiVersion: dnsfailover/v1
installation: acme
providers:
  main: {{ route53: {{ zones: {{ example.test: Z1 }} }} }}
sync:
  zones:
    - {{ zone: example.test, source: {{ file: {} }}, targets: [main] }}
",
            folder.path().join("a.zone").display()
        );
        let texts = [(Path::new("sync.yaml"), config.as_str())];
        let config = Config::from_texts(texts, &Program::Admin(SecretCheck::Skip)).expect("valid");
        let places = Places::new(&config).expect("adapters");
        let job = places.jobs(&Selection::default()).expect("one zone").remove(0);
        let signs = Signs::default();
        let (sign, _) = signs.add(&apex(), "a file".to_owned(), &[], Clock::start());
        let keeper = Keeper { job, original: Arc::new(Original::new(apex(), Vec::new())), sign, every: EVERY };
        let rig = Self { folder, keeper, signs };
        rig.write(text);
        rig
    }

    fn write(&self, text: &str) {
        std::fs::write(self.folder.path().join("a.zone"), text).expect("a file");
    }

    fn sets(&self) -> Option<usize> {
        self.keeper.original.read().as_ref().map(|copy| copy.zone.sets().len())
    }

    fn state(&self) -> SourceState {
        self.signs.report().zones[0].source.state
    }

    fn problem(&self) -> String {
        self.signs.report().zones[0].source.problem.clone().unwrap_or_default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_being_written_is_not_taken_before_it_stands_still() {
    let (begun, _) = WHOLE.split_at(WHOLE.find("www").expect("a line"));
    let (rig, mut memory) = (Rig::holding(begun), Memory::default());
    let writing = async {
        tokio::time::sleep(SETTLE / 2).await;
        rig.write(WHOLE);
    };
    let (pause, ()) = tokio::join!(rig.keeper.look(&mut memory), writing);
    assert_eq!((rig.sets(), pause), (None, SETTLE), "it is looked at again soon");
    assert!(rig.problem().contains("is being written"), "{}", rig.problem());
    assert_eq!((rig.keeper.look(&mut memory).await, rig.sets()), (EVERY, Some(4)));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_was_cut_within_a_line_is_not_taken() {
    let (rig, mut memory) = (Rig::holding(WHOLE), Memory::default());
    rig.keeper.look(&mut memory).await;
    rig.write(WHOLE.strip_suffix("0\n").expect("it ends so"));
    rig.keeper.look(&mut memory).await;
    let www = crate::fake::key("www", dns_zone::Rtype::A);
    let known = rig.keeper.original.read().as_ref().and_then(|copy| copy.zone.get(&www).cloned()).expect("a set");
    assert_eq!(known.values()[0].display(www.rtype).to_string(), "192.0.2.10", "as it was");
    let wanted = "a.zone:5: warning: `www A 192.0.2.1`: the last line has no end: was the file cut off?";
    assert!(rig.problem().contains(wanted), "{}", rig.problem());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_good_until_the_soas_expire_and_then_until_it_can() {
    let (rig, mut memory) = (Rig::holding(WHOLE), Memory::default());
    rig.keeper.look(&mut memory).await;
    let read_at = Instant::now();
    std::fs::remove_file(rig.folder.path().join("a.zone")).expect("removed");
    let expire = Duration::from_hours(1);
    tokio::time::advance(Duration::from_secs(3_599)).await;
    rig.keeper.look(&mut memory).await;
    assert_eq!((rig.sets(), rig.state()), (Some(4), SourceState::Failing));
    tokio::time::sleep_until(read_at + expire).await;
    rig.keeper.look(&mut memory).await;
    assert_eq!((rig.sets(), rig.state()), (None, SourceState::Expired));
    rig.keeper.look(&mut memory).await;
    assert_eq!((rig.sets(), rig.state()), (None, SourceState::Expired), "and stays so");
    rig.write(WHOLE);
    rig.keeper.look(&mut memory).await;
    assert_eq!((rig.sets(), rig.state()), (Some(4), SourceState::Current));
}

#[tokio::test(start_paused = true)]
async fn what_no_soa_bounds_is_good_for_a_week_and_for_two_looks() {
    let rig = Rig::holding("");
    assert_eq!(rig.keeper.good_for(), EXPIRE);
    let seldom = Keeper { every: EXPIRE, ..rig.keeper };
    assert_eq!(seldom.good_for(), EXPIRE * 2);
}
