//! `break-glass` and `fence show --config` against a primary: what is written, what is recorded, how it ends.

use dns_api::by_hand::MoveRecord;
use serde_json::Value;

use crate::command::{Ended, run_alone};
use crate::primary::Rig;

fn read(rig: &Rig, name: &str) -> MoveRecord {
    serde_json::from_slice(&std::fs::read(rig.record(name)).expect("the record was written")).expect("a record")
}

async fn fences(rig: &Rig) -> (Ended, Value) {
    let ended = rig.with_config(&["fence", "show", "checkout", "--output", "json"]).await;
    let printed = serde_json::from_str(&ended.stdout).unwrap_or_default();
    (ended, printed)
}

#[tokio::test]
async fn a_move_writes_zone_and_record_and_the_zone_tells_who_and_why() {
    let rig = Rig::start("", "").await;
    rig.fence().await;
    let ended = rig.break_glass("dr", &rig.record("dr.json"), &[]).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(rig.api(), ["198.51.100.10"]);
    for words in [
        "move checkout to dr, by ada: prod is under water",
        "healthy, 2 of 2 good runs in a row",
        "epoch 1, rev 1, active in prod",
        "remove  api.example.test. 60 A 192.0.2.10",
        "add     api.example.test. 60 A 198.51.100.10",
        "fence epoch 2, rev 2, active in dr, pinned by ada",
        "served after",
        "history import",
    ] {
        assert!(ended.stdout.contains(words), "`{words}`: {}", ended.stdout);
    }
    let record = read(&rig, "dr.json");
    assert_eq!((record.outcome.as_str(), record.places[0].outcome.as_str()), ("done", "applied"));
    assert!(record.places[0].fence_before.as_ref().is_some_and(|fence| fence.contains("epoch=1;")));

    let (ended, printed) = fences(&rig).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    let place = &printed[0];
    assert_eq!((&place["standing"], &place["serving"]), (&"held".into(), &"dr".into()), "{place}");
    assert_eq!((&place["fence"]["by"], &place["fence"]["epoch"]), (&"ada".into(), &2.into()), "{place}");
    assert_eq!(place["pin"], "by ada: prod is under water");
    let text = rig.with_config(&["fence", "show", "checkout"]).await;
    assert!(text.stdout.contains("to dr by ada") && text.stdout.contains("this one place"), "{text:?}");
}

#[tokio::test]
async fn json_goes_to_stdout_alone() {
    let rig = Rig::start("", "").await;
    let line = ["--override", "adopted", "--output", "json"];
    let ended = rig.break_glass("dr", &rig.record("dr.json"), &line).await;
    let printed: MoveRecord = serde_json::from_str(&ended.stdout).expect("JSON and nothing else");
    assert_eq!(printed, read(&rig, "dr.json"));
    assert!(ended.stderr.contains("move checkout to dr"), "people see it, too: {ended:?}");
}

#[tokio::test]
async fn without_a_terminal_it_asks_nobody_and_does_nothing() {
    let rig = Rig::start("", "").await;
    let ended = rig.with_config(&["break-glass", "checkout", "--to", "dr", "--reason", "x", "--by", "ada"]).await;
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stderr.contains("--yes") && ended.stdout.is_empty(), "{ended:?}");
}

#[tokio::test]
async fn all_that_is_missing_is_told_at_once() {
    let ended = run_alone(&["break-glass", "checkout", "--to", "dr", "--config", "x.yaml"]).await;
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stderr.contains("--by") && ended.stderr.contains("--reason"), "{ended:?}");
    let ended =
        run_alone(&["break-glass", "checkout", "--to", "dr", "--reason", " ", "--by", "ada", "--config", "x.yaml"])
            .await;
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stderr.contains("--yes") && ended.stderr.contains("--reason must be"), "{ended:?}");
}

/// Adds a second provider that nobody answers for.
fn with_dead_second(rig: &Rig) {
    let text = std::fs::read_to_string(rig.config()).expect("it was written");
    let folder = rig.folder.path().display();
    let second = format!(
        "providers:\n  second: {{ rfc2136: {{ server: \"127.0.0.1:1\", zones: [example.test], timeout: 200ms, \
         tsig: {{ name: flip-key., algorithm: hmac-sha256, secretFile: {folder}/tsig }} }} }}\n"
    );
    let text = text.replacen("providers:\n", &second, 1).replace("providers: [main]", "providers: [main, second]");
    std::fs::write(rig.config(), text).expect("written");
}

#[tokio::test]
async fn a_move_to_where_every_readable_place_is_already_writes_nothing() {
    let rig = Rig::start("", "").await;
    rig.fence().await;
    with_dead_second(&rig);
    let serial = rig.primary.zone().serial();
    let ended = rig.break_glass("prod", &rig.record("x.json"), &["--override", "zoneKnown"]).await;
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stderr.contains("already, everywhere but at 1 of 2 places"), "{ended:?}");
    assert!(!rig.record("x.json").exists());
    assert_eq!(rig.primary.zone().serial(), serial);
    let ended = rig.break_glass("dr", &rig.record("dr.json"), &["--override", "zoneKnown"]).await;
    assert_eq!(ended.code, 4, "a move that has something to do goes on: {ended:?}");
}

#[tokio::test]
async fn a_zone_that_nobody_can_read_is_a_problem_for_programs_and_says_nothing_of_fences() {
    let mut rig = Rig::start("", "timeout: 200ms").await;
    let text = std::fs::read_to_string(rig.config()).expect("it was written");
    let server = format!("server: \"{}\"", rig.primary.local_addr());
    std::fs::write(rig.config(), text.replace(&server, "server: \"127.0.0.1:1\"")).expect("written");
    rig.region = None;
    let ended = rig.break_glass("dr", &rig.record("x.json"), &["--output", "json"]).await;
    let problem: Value = serde_json::from_str(&ended.stdout).expect("a problem as JSON");
    assert_eq!((ended.code, &problem["type"]), (5, &"urn:dns-failover:problem:unreachable".into()), "{problem}");
    let ended = rig.with_config(&["fence", "show", "checkout"]).await;
    assert_eq!(ended.code, 5, "{ended:?}");
    assert!(ended.stdout.contains("whether there is a fence is not known"), "{ended:?}");
    assert!(!ended.stdout.contains("adopt"), "{ended:?}");
}

/// One of the two servers never answers, so asking them goes on for long after the write.
#[tokio::test]
async fn the_record_is_true_as_soon_as_the_write_is_in() {
    let rig = Rig::start("", "").await;
    rig.fence().await;
    let text = std::fs::read_to_string(rig.config()).expect("it was written");
    let servers = format!("authoritativeServers: [\"{}\"", rig.primary.local_addr());
    std::fs::write(rig.config(), text.replace(&servers, &format!("{servers}, \"127.0.0.1:1\""))).expect("written");
    let path = rig.record("dr.json");
    let running = rig.break_glass("dr", &path, &[]);
    let stopped = async {
        loop {
            // Written anew in place: a moment may show half of it.
            let told = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<MoveRecord>(&bytes).ok());
            if let Some(told) = told.filter(|told| told.places[0].outcome == "applied") {
                return told;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    let told = tokio::select! {
        ended = running => panic!("it went on to its end: {ended:?}"),
        told = stopped => told,
    };
    assert_eq!((told.outcome.as_str(), told.places[0].servers.len()), ("unverified", 0), "{told:?}");
}

#[tokio::test]
async fn wrong_usage_is_told_before_anything_is_asked() {
    let rig = Rig::start("", "").await;
    for (more, words) in [
        (&["--override", "unfenced"][..], "never overridden"),
        (&["--override", "nonsense"], "no rule"),
        (&["--by", "bob"], "cannot be used multiple times"),
    ] {
        let ended = rig.break_glass("dr", &rig.record("x.json"), more).await;
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(ended.stderr.contains(words), "`{words}`: {ended:?}");
    }
    let ended = rig.break_glass("mars", &rig.record("x.json"), &[]).await;
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stderr.contains("no region `mars`") && ended.stderr.contains("prod, dr"), "{ended:?}");
    let missing = ["break-glass", "checkout", "--to", "dr", "--reason", "x", "--yes", "--by", "ada"];
    let ended = run_alone(&[&missing[..], &["--config", "/nonexistent.yaml"]].concat()).await;
    assert_eq!(ended.code, 64, "{ended:?}");
    assert!(!rig.record("x.json").exists());
}

#[tokio::test]
async fn a_refusal_names_every_rule_and_how_to_override_it() {
    let mut rig = Rig::start("", "").await;
    rig.region = None;
    let ended = rig.break_glass("dr", &rig.record("x.json"), &[]).await;
    assert_eq!(ended.code, 3, "{ended:?}");
    for words in ["--override targetProven", "--override adopted", "example.test. at main: there is no fence"] {
        assert!(ended.stderr.contains(words), "`{words}`: {ended:?}");
    }
    assert_eq!(rig.api(), ["192.0.2.10"], "nothing was written");
    let ended = rig.break_glass("dr", &rig.record("x.json"), &["--output", "json"]).await;
    let problem: Value = serde_json::from_str(&ended.stdout).expect("the problem as JSON");
    assert_eq!(problem["rejections"][0]["rule"], "targetProven", "{problem}");
    assert!(!rig.record("x.json").exists());
    let line = ["--override", "targetProven", "--override", "adopted"];
    let ended = rig.break_glass("dr", &rig.record("x.json"), &line).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(read(&rig, "x.json").overrides, ["targetProven", "adopted"]);
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_found_in_the_zone() {
    let rig = Rig::start("", "timeout: 300ms\n      permit: 10s").await;
    rig.fence().await;
    let mut held = rig.primary.hold_next_update();
    let record = rig.record("dr.json");
    let (ended, ()) = tokio::join!(rig.break_glass("dr", &record, &[]), async {
        held.arrived().await;
        let seen = held.release().await;
        assert_eq!(seen.refusal, None, "{seen:?}");
    });
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(rig.api(), ["198.51.100.10"]);
}

#[tokio::test]
async fn a_write_that_never_shows_is_unknown_and_is_not_sent_again() {
    let rig = Rig::start("", "timeout: 200ms\n      permit: 1s").await;
    rig.fence().await;
    let mut updates = rig.primary.updates();
    let held = rig.primary.hold_next_update();
    let ended = rig.break_glass("dr", &rig.record("dr.json"), &[]).await;
    assert_eq!(ended.code, 4, "{ended:?}");
    let record = read(&rig, "dr.json");
    assert_eq!((record.outcome.as_str(), record.places[0].outcome.as_str()), ("unverified", "unknown"));
    assert_eq!(rig.api(), ["192.0.2.10"]);
    assert!(updates.try_recv().is_err(), "one message was sent, and it is still held");
    let seen = held.release().await;
    assert!(seen.tsig.is_some(), "its signature is too old by now: {seen:?}");
    let again = rig.break_glass("dr", &rig.record("again.json"), &[]).await;
    assert_eq!(again.code, 0, "{again:?}");
}

#[tokio::test]
async fn a_write_that_another_one_overtakes_conflicts() {
    let rig = Rig::start("", "timeout: 5s\n      permit: 10s").await;
    rig.fence().await;
    let mut held = rig.primary.hold_next_update();
    let (slow, fast) = (rig.record("slow.json"), rig.record("fast.json"));
    let (slow, ()) = tokio::join!(rig.break_glass("dr", &slow, &[]), async {
        held.arrived().await;
        let ended = rig.break_glass("dr", &fast, &[]).await;
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(held.release().await.failed().is_some(), "its prerequisites no longer hold");
    });
    assert_eq!(slow.code, 1, "{slow:?}");
    assert_eq!(read(&rig, "slow.json").places[0].outcome, "conflicted");
    let (_, printed) = fences(&rig).await;
    assert_eq!((&printed[0]["fence"]["epoch"], &printed[0]["fence"]["rev"]), (&2.into(), &2.into()), "{printed}");
}
