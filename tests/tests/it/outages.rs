//! Outages that made history, to the letter. `UPDATE_GOLDEN=1` writes the stories anew; read them before you commit them:
//! each line has to make sense to whoever is woken by it.

use std::path::{Path, PathBuf};

use dns_core::history::HistoryKind;
use tests::outages;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/outages")
}

/// Plays a case and holds its story against the written one.
fn check(case: &str) -> String {
    let timeline = folder().join(format!("{case}.timeline"));
    let text = std::fs::read_to_string(&timeline).expect("the case has a timeline");
    let story = outages::play(&text).unwrap_or_else(|error| panic!("{}: {error:#}", timeline.display()));
    let path = folder().join(format!("{case}.story"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &story).expect("writes");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(story, expected, "{} differs; UPDATE_GOLDEN=1 writes it anew", path.display());
    story
}

/// How many rows of a kind a story has.
fn rows(story: &str, kind: HistoryKind) -> usize {
    story.lines().filter(|line| line.contains(&format!(" {kind}: "))).count()
}

/// What the providers hold in the end.
fn end(story: &str) -> Vec<&str> {
    let (_, end) = story.rsplit_once("* the end\n").expect("every story has an end");
    end.lines().filter(|line| line.contains(" ZONE ")).collect()
}

fn everywhere(story: &str, region: &str) -> bool {
    let end = end(story);
    !end.is_empty() && end.iter().all(|zone| zone.contains(&format!("serves `{region}`")))
}

#[test]
fn dynamodb_2025_a_stale_plan_is_refused_and_a_clean_up_is_not_made_worse() {
    let story = check("dynamodb-dns-2025");
    assert_eq!(rows(&story, HistoryKind::Applied), 1, "the stale plan was not applied");
    assert!(end(&story)[0].contains("serves NOTHING"), "nobody guesses what someone deleted");
    assert!(story.contains("PAGE foreignChange"));
}

#[test]
fn dynamodb_2025_b_a_restored_zone_goes_on_by_itself() {
    let story = check("dynamodb-dns-2025-restored");
    assert!(everywhere(&story, "dr"));
    assert_eq!(rows(&story, HistoryKind::ForeignChangeEnded), 1);
}

#[test]
fn route53_control_plane_down_the_other_provider_moves() {
    let story = check("route53-control-plane-down");
    assert!(everywhere(&story, "dr"), "the first one comes after when its API is back");
}

#[test]
fn cloudflare_dashboard_2025_writes_that_are_denied_hold_up_nobody() {
    let story = check("cloudflare-dashboard-2025");
    assert!(everywhere(&story, "dr"));
    assert!(rows(&story, HistoryKind::Denied) >= 1);
}

#[test]
fn facebook_2021_everything_failing_moves_nothing() {
    let story = check("facebook-2021");
    assert!(everywhere(&story, "prod"));
    assert_eq!(rows(&story, HistoryKind::Decided), 0);
    assert!(story.contains("allRegionsFailing"));
}

#[test]
fn github_2018_a_standby_whose_data_is_behind_is_not_entered() {
    let story = check("github-2018");
    assert_eq!(rows(&story, HistoryKind::Decided), 0, "43 seconds later nothing has to be repaired");
    assert!(story.contains("PAGE held: failover to `dr` held: gatesOpen"), "somebody is woken, and can order it");
    assert!(everywhere(&story, "prod"));
}

#[test]
fn dyn_2016_one_provider_is_gone_and_the_other_carries_the_move() {
    let story = check("dyn-2016");
    let end = end(&story);
    assert!(end[0].contains("serves `prod`") && end[1].contains("serves `dr`"));
}

#[test]
fn nlb_2025_health_that_comes_and_goes_moves_only_into_what_is_proven() {
    let story = check("nlb-2025");
    assert_eq!(rows(&story, HistoryKind::Decided), 2, "eight changes of health, two moves");
}

#[test]
fn nlb_2025_b_of_a_fleet_whose_checks_fail_only_a_few_leave_without_an_order() {
    let story = check("nlb-2025-fleet");
    let (checks, loss) = story.split_once("note: now the region is lost in truth").expect("both are told");
    let lines = |text: &str, words: &str| text.lines().filter(|line| line.contains(words)).count();
    assert_eq!(lines(checks, " shop-01 to shop-10: ZONE serves `dr`"), 1, "so many may leave");
    assert_eq!(lines(checks, "ZONE serves `dr`"), 2, "and one that somebody has ordered: {checks}");
    assert_eq!(lines(checks, "PAGE held: failover to `dr` held: blastRadius"), 2, "one of each half wakes for all");
    assert_eq!(lines(checks, "held since"), 2, "and whoever asks is told: {checks}");
    assert!(everywhere(loss, "dr"), "a region that is lost is left by all");
}

#[test]
fn both_regions_down_are_held_until_one_is_proven() {
    let story = check("both-regions-down");
    assert_eq!(rows(&story, HistoryKind::Decided), 1);
    assert!(everywhere(&story, "dr"));
}

#[test]
fn an_isolated_monitor_moves_nothing() {
    let story = check("isolated-monitor");
    assert_eq!(rows(&story, HistoryKind::Decided), 0);
    assert!(everywhere(&story, "prod"));
}

#[test]
fn flapping_moves_once() {
    let story = check("flapping");
    assert_eq!(rows(&story, HistoryKind::Decided), 1);
    assert!(everywhere(&story, "dr"));
}

#[test]
fn a_stale_leader_follows_what_happened_without_it() {
    let story = check("stale-leader");
    assert!(rows(&story, HistoryKind::Applied) == 1 && rows(&story, HistoryKind::Followed) >= 1);
    assert!(everywhere(&story, "dr"));
}

#[test]
fn throttling_is_waited_out() {
    let story = check("throttling");
    assert!(everywhere(&story, "dr"));
    assert!(rows(&story, HistoryKind::Unreachable) >= 1);
}

#[test]
fn partial_success_over_two_providers_rolls_forward() {
    let story = check("partial-success");
    assert!(everywhere(&story, "dr"));
    assert_eq!(rows(&story, HistoryKind::Burned), 1, "the delayed write was made impossible");
}

#[test]
fn resolvers_that_ignore_ttls_move_nothing_back() {
    let story = check("resolvers-ignore-ttl");
    assert_eq!(rows(&story, HistoryKind::Decided), 1);
    assert!(everywhere(&story, "dr"));
}

#[test]
fn every_timeline_is_played_and_every_story_has_one() {
    let source = include_str!("outages.rs");
    let entries = std::fs::read_dir(folder()).expect("the folder").map(|entry| entry.expect("an entry").path());
    let mut cases: Vec<PathBuf> = entries.map(|path| path.with_extension("")).collect();
    cases.sort();
    assert!(
        cases.chunks(2).all(|pair| pair.len() == 2 && pair[0] == pair[1]),
        "a timeline and a story each: {cases:?}"
    );
    for case in cases {
        let name = case.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        assert!(source.contains(&format!("check(\"{name}\")")), "no test plays `{name}`");
    }
}

#[test]
fn a_line_that_nobody_understands_is_named() {
    let error = outages::play("providers main\ncontrollers controller-1\n00:01 the moon sees prod\n");
    let error = error.expect_err("the moon sees nothing");
    assert!(format!("{error:#}").starts_with("line 3: `00:01 the moon sees prod`"), "{error:#}");
}
