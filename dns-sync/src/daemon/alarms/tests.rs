use dns_core::time::Timestamp;
use dns_provider::zones::Remark;
use dns_service::clock::Clock;
use dns_zone::{Drift, Rtype, SetChange};

use super::*;
use crate::daemon::signs::Signs;
use crate::fake::{Fake, Tells, apex, key, zone};

/// A target's alarms, what it holds, and what is reported of it.
struct Rig {
    fake: Fake,
    signs: Signs,
    sign: TargetSign,
    alarms: Alarms,
}

impl Rig {
    fn new(tells: Tells) -> Self {
        let fake = Fake::holding(zone(&[]), 10);
        fake.state().tells = tells;
        let (signs, place) = (Signs::default(), fake.place());
        let (_, mut targets) =
            signs.add(&apex(), "a file".to_owned(), std::slice::from_ref(&place.name), Clock::start());
        let sign = targets.remove(0);
        Self { alarms: Alarms::new(&place, &apex(), sign.clone()), fake, signs, sign }
    }

    async fn tell(&mut self, found: &[Drifted]) {
        self.sign.drifted(found);
        self.alarms.raise(found.to_vec());
        while self.alarms.asking.join_next().await.is_some() {}
    }

    /// Of each set that differs, what is told of who has changed it.
    fn told(&self) -> Vec<Option<AttributionReport>> {
        let report = self.signs.report();
        report.zones[0].targets[0].drift.iter().map(|one| one.attribution.clone()).collect()
    }

    fn texts(&self) -> Vec<String> {
        self.told().into_iter().map(|told| told.map_or_else(|| "nothing".to_owned(), |told| told.text)).collect()
    }
}

fn found(name: &str, since: u64, next: Next) -> Drifted {
    let set = zone(&[&format!("{name} A 192.0.2.9")]).sets().next().map(|(_, set)| set.clone());
    let change = SetChange { key: key(name, Rtype::A), before: None, after: set };
    Drifted { change, drift: Drift::Foreign, since: Timestamp::from_secs(since), is_new: true, next }
}

fn by(name: &str) -> Attribution {
    let at = Some(Timestamp::from_secs(1_700_000_000));
    Attribution { basis: Basis::Comment, at, by: Remark::of(name), note: Remark::of("ticket 7") }
}

const SILENT: &str = "the provider does not tell who did it: look in its log";
const UNASKED: &str = "the provider was not asked, or did not answer, who did it: look in its log";

#[tokio::test]
async fn an_alarm_says_whom_the_provider_names_and_else_where_to_look() {
    let mut rig = Rig::new(Tells::This([(key("www", Rtype::A), by("alice"))].into()));
    rig.tell(&[found("api", 1, Next::Wait), found("www", 1, Next::Hold)]).await;
    let [api, www] = rig.told().try_into().expect("two sets");
    assert_eq!(api.map(|told| (told.text, told.by)), Some((SILENT.to_owned(), None)));
    let www = www.expect("it is told");
    assert_eq!((www.by.as_deref(), www.note.as_deref()), (Some("alice"), Some("ticket 7")));
    assert_eq!((www.at.as_deref(), www.basis), (Some("2023-11-14T22:13:20Z"), Some(AttributionBasis::Comment)));
}

#[test]
fn a_file_or_a_time_names_nobody_who_did_it() {
    for basis in [Basis::Records, Basis::File] {
        let text = report(Some(&Some(Attribution { basis, ..by("user id 7") })), "its log").text;
        assert!(text.ends_with("; who did it: look in its log"), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_alarm_does_not_wait_for_a_provider_that_says_nothing_or_fails() {
    for tells in [Tells::Never, Tells::Error] {
        let mut rig = Rig::new(tells);
        let start = tokio::time::Instant::now();
        rig.tell(&[found("www", 1, Next::Wait)]).await;
        assert_eq!(rig.texts(), [UNASKED]);
        assert!(start.elapsed() <= ANSWER_WITHIN, "{:?}", start.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn at_the_end_all_is_told_at_once() {
    let mut rig = Rig::new(Tells::Never);
    let start = tokio::time::Instant::now();
    rig.sign.drifted(&[found("www", 1, Next::Wait)]);
    rig.alarms.raise(vec![found("www", 1, Next::Wait)]);
    rig.alarms.tell_all().await;
    assert_eq!((rig.texts(), start.elapsed()), (vec![UNASKED.to_owned()], Duration::ZERO));
}

#[tokio::test]
async fn of_many_sets_only_some_are_asked_about_and_all_are_told() {
    let mut rig = Rig::new(Tells::This(BTreeMap::new()));
    let many: Vec<Drifted> = (0..2 * ASKED_MAX).map(|number| found(&format!("a{number}"), 1, Next::Wait)).collect();
    rig.tell(&many).await;
    assert_eq!(rig.fake.state().asked, [ASKED_MAX]);
    let texts = rig.texts();
    let count = |text: &str| texts.iter().filter(|one| *one == text).count();
    assert_eq!((count(SILENT), count(UNASKED)), (ASKED_MAX, ASKED_MAX));
}

#[tokio::test]
async fn what_is_written_over_at_once_is_not_asked_about() {
    let mut rig = Rig::new(Tells::This([(key("www", Rtype::A), by("ourselves"))].into()));
    rig.tell(&[found("www", 1, Next::Repair)]).await;
    assert_eq!((rig.fake.state().asked.len(), rig.texts()), (0, vec![UNASKED.to_owned()]));
}

#[tokio::test]
async fn what_is_told_stays_while_a_set_differs_and_is_never_that_of_another_change() {
    let mut rig = Rig::new(Tells::This([(key("www", Rtype::A), by("alice"))].into()));
    rig.tell(&[found("www", 1, Next::Wait)]).await;
    rig.sign.drifted(&[found("www", 1, Next::Keep)]);
    assert_eq!(rig.told()[0].as_ref().and_then(|told| told.by.as_deref()), Some("alice"));
    rig.sign.drifted(&[found("www", 2, Next::Wait)]);
    assert_eq!(rig.told(), [None], "somebody has changed it again");
    rig.sign.attributed(&found("www", 1, Next::Wait), report(Some(&Some(by("alice"))), "its log"));
    assert_eq!(rig.told(), [None], "an answer that comes late");
}
