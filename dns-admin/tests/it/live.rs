//! `config check --live`: every fault at once, each with service, provider and record, and nothing written.

use serde_json::Value;

use crate::command::{Ended, run_alone};
use crate::primary::Rig;

async fn check(rig: &Rig, more: &[&str]) -> Ended {
    let config = rig.config();
    run_alone(&[&["config", "check", "--live", &config.to_string_lossy()], more].concat()).await
}

#[tokio::test]
async fn a_good_installation_passes_line_by_line() {
    let rig = Rig::start("", "").await;
    rig.fence().await;
    let serial = rig.primary.zone().serial();
    let ended = check(&rig, &[]).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.contains("good    provider main: zone example.test. is there, served by ns1.example.test."));
    assert!(ended.stdout.contains("good    service checkout, provider main: fence epoch 1, rev 1"), "{ended:?}");
    assert!(ended.stdout.contains("0 faults"), "{ended:?}");
    // Nobody was named who could be asked for the parent.
    assert!(ended.stdout.contains("is delegated is not known: add `resolvers`"), "{ended:?}");
    assert_eq!(rig.primary.zone().serial(), serial, "nothing was written");
}

#[tokio::test]
async fn what_would_fail_on_the_day_fails_now() {
    let rig = Rig::start("", "").await;
    let ended = check(&rig, &[]).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.contains("warning service checkout, provider main: no fence"), "{ended:?}");

    rig.fence().await;
    rig.primary.edit(|editor| editor.replace("api 60 A 203.0.113.9")).expect("a record");
    let ended = check(&rig, &["--output", "json"]).await;
    assert_eq!(ended.code, 64, "{ended:?}");
    let printed: Value = serde_json::from_str(&ended.stdout).expect("JSON and nothing else");
    let faults: Vec<&Value> =
        printed["findings"].as_array().expect("a list").iter().filter(|found| found["verdict"] == "fault").collect();
    let [fault] = faults.as_slice() else { panic!("one fault: {printed}") };
    assert_eq!((&fault["service"], &fault["provider"]), (&"checkout".into(), &"main".into()));
    assert!(fault["message"].as_str().is_some_and(|message| message.contains("203.0.113.9")), "{fault}");
}

#[tokio::test]
async fn a_wrong_key_a_missing_secret_and_a_silent_primary_are_faults_with_their_provider() {
    let rig = Rig::start("", "").await;
    std::fs::write(rig.folder.path().join("tsig"), "b3RoZXItc2VjcmV0LW90aGVyLXNlY3JldC0zMi1ieXQ=\n").expect("written");
    let ended = check(&rig, &[]).await;
    assert_eq!(ended.code, 64, "{ended:?}");
    assert!(ended.stdout.contains("error   provider main: primary"), "{ended:?}");
    assert!(ended.stdout.contains("BADSIG"), "{ended:?}");

    std::fs::remove_file(rig.folder.path().join("tsig")).expect("removed");
    let ended = check(&rig, &[]).await;
    assert_eq!(ended.code, 64, "{ended:?}");
    assert!(ended.stdout.contains("error   provider main: provider main: its secret: cannot read"), "{ended:?}");
}
