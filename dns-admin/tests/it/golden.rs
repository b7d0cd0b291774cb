//! What each command prints, to the letter. `UPDATE_GOLDEN=1` writes the files anew; look at the difference.

use std::path::Path;

use dns_admin::direct::sight::Sight;
use dns_admin::failure::Failure;
use dns_admin::follow::outcome::{Goal, Outcome};
use dns_admin::render::Width;
use dns_admin::render::{bulk, decision, explanation, fence, history, moved_by_hand, observation, service, status};
use dns_api::client::ClientError;
use dns_api::command::Accepted;
use dns_api::status::StatusReport;
use serde_json::json;

use crate::sample;

pub(crate) fn check(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).expect("writes");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "{} differs; UPDATE_GOLDEN=1 writes it anew", path.display());
    assert!(text.lines().all(|line| line == line.trim_end()), "no line ends in blanks");
}

#[test]
fn status_of_a_good_day_is_one_line_and_a_table() {
    check("status-calm", &status::status(&sample::status(sample::calm_list()), Width::Unbounded));
}

#[test]
fn status_of_a_bad_night_starts_with_the_worst() {
    let report = sample::status(sample::troubled_list());
    let text = status::status(&report, Width::Unbounded);
    check("status-troubled", &text);
    assert!(text.contains("\nPAGE checkout: failover") && text.contains("\nnote checkout: no other region"), "{text}");
    // Without a word about single lines, as of an older controller, all of a paging service are marked.
    let older = StatusReport { concerns: Vec::new(), ..report };
    assert!(status::status(&older, Width::Unbounded).contains("\nPAGE checkout: no other region"));
}

#[test]
fn status_shows_the_places_of_a_service_that_has_several() {
    check("status-places", &status::status(&sample::status(sample::list_of_places()), Width::Unbounded));
}

#[test]
fn status_fits_a_narrow_terminal() {
    let text = status::status(&sample::status(sample::troubled_list()), Width::Columns(80));
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    check("status-narrow", &text);
}

#[test]
fn the_headline_knows_every_kind_of_trouble() {
    let mut list = sample::calm_list();
    let mut lines = vec![status::headline(&list)];
    list.vantage_points[0].sight = "blind".to_owned();
    lines.push(status::headline(&list));
    list.services[0].regions[1].judgement = "unknown".to_owned();
    lines.push(status::headline(&list));
    list.services[1].state = "paused".to_owned();
    lines.push(status::headline(&list));
    list.services[1].page = true;
    lines.push(status::headline(&list));
    list.services[1].hold = sample::troubled_list().services[0].hold.clone();
    lines.push(status::headline(&list));
    list.store_error = Some("disk is full".to_owned());
    lines.push(status::headline(&list));
    list.store_error = None;
    list.services.clear();
    lines.push(status::headline(&list));
    check("headlines", &(lines.join("\n") + "\n"));
}

#[test]
fn service_show_has_everything_that_speaks_for_and_against() {
    check("service", &service::service(&sample::alone(sample::service()), Width::Unbounded));
    check("service-bare", &service::service(&sample::alone(sample::bare_service()), Width::Unbounded));
}

#[test]
fn every_place_of_a_service_is_shown_with_whether_they_agree() {
    let behind = sample::service_of_places(&sample::behind());
    check("service-places", &service::service(&behind, Width::Unbounded));
    let agreeing = sample::service_of_places(&json!({}));
    let text = fence::fence(&agreeing, Width::Unbounded).expect("has fences");
    check("fence-places", &text);
    assert!(text.ends_with("all 2 places tell of the same move\n"), "{text}");
    assert!(service::service(&agreeing, Width::Unbounded).ends_with("all 2 places tell of the same move\n"));
    let text = fence::fence(&behind, Width::Unbounded).expect("has a fence");
    assert!(
        text.contains("the controller knows of no fence there") && text.contains("1 of 2 places have no fence"),
        "{text}"
    );
}

#[test]
fn fence_show_explains_each_pair_and_how_to_check_it() {
    let mut report = sample::alone(sample::service());
    check("fence", &fence::fence(&report, Width::Unbounded).expect("has a fence"));
    report.report.verification = None;
    let text = fence::fence(&report, Width::Unbounded).expect("has a fence");
    assert!(text.ends_with(
        "  dig +norecurse +short TXT _checkout._failover.example.com. @<an authoritative server of example.com.>\n"
    ));
    assert_eq!(fence::fence(&sample::alone(sample::bare_service()), Width::Unbounded), None);
}

#[test]
fn history_reads_from_old_to_new() {
    let page = sample::history();
    check("history", &history::history(&page.rows, Width::Unbounded));
    let followed: Vec<String> = page.rows.iter().map(history::row).collect();
    check("history-follow", &(followed.join("\n") + "\n"));
    assert_eq!(history::history(&[], Width::Unbounded), "nothing happened\n");
}

#[test]
fn history_fits_a_narrow_terminal_with_decisions_that_can_be_told_apart() {
    let mut rows = sample::history().rows;
    for (row, end) in rows.iter_mut().skip(1).zip(["a000001", "b000001"]) {
        row.decision = Some(format!("01j9xk3v8q2m{end}"));
    }
    let text = history::history(&rows, Width::Columns(80));
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    check("history-narrow", &text);
    assert!(text.contains(" …a000001\n") && text.contains(" …b000001\n"), "{text}");
}

#[test]
fn a_write_says_what_happens_now_and_how_it_ended() {
    let message = "moving checkout to dr".to_owned();
    let accepted = Accepted { decision: Some("d6".to_owned()), href: None, message, awaiting_approval: None };
    check("accepted", &decision::accepted(&accepted, "checkout"));
    let verification = sample::service().verification;
    let told = |status, kind, summary| {
        let report = sample::decision(status, kind, summary);
        let outcome = Outcome::of(report, Goal::Moved, verification.clone(), Vec::new());
        decision::outcome(&outcome, Width::Unbounded)
    };
    check("outcome-done", &told("done", "verified", "every server serves it"));
    check("outcome-unverified", &told("unverified", "unverified", "1 of 3 servers is old"));
    let report = sample::decision("ended", "expired", "failover ended before it was sent: dr is failing");
    let ended = Outcome::of(report, Goal::Moved, None, Vec::new());
    check("outcome-ended", &decision::outcome(&ended, Width::Unbounded));
    check("progress", &(decision::progress(&sample::decision("written", "applied", "epoch 42, rev 57")) + "\n"));
}

#[test]
fn a_call_on_all_services_lists_each() {
    check("bulk", &bulk::bulk(&sample::bulk(), Width::Unbounded));
}

#[test]
fn a_refusal_names_each_rule_and_the_argument_that_overrides_it() {
    let failure = Failure::from(ClientError::Refused(Box::new(sample::refusal())));
    check("refused", &failure.text());
}

#[test]
fn fences_of_several_zones_are_told_with_whether_they_agree() {
    let sights = [sample::sight("main", 42, "dr"), sample::sight("second", 41, "prod"), sample::unread_sight("third")];
    check("fence-zones", &fence::zones(&sights, Width::Unbounded));
    let agreeing = [sample::sight("main", 42, "dr"), sample::sight("second", 42, "dr")];
    let text = fence::zones(&agreeing, Width::Unbounded);
    assert!(text.ends_with("all 2 places tell of the same move\n"), "{text}");
}

#[test]
fn where_nothing_could_be_read_nothing_is_said_of_fences() {
    let last = |sights: &[Sight]| fence::zones(sights, Width::Unbounded).lines().last().map(str::to_owned);
    let unread = || sample::unread_sight("main");
    let bare = || Sight { standing: "unadopted".to_owned(), ..unread() };
    let unknown = "no place could be read: whether there is a fence is not known";
    assert_eq!(last(&[unread()]).as_deref(), Some(unknown));
    assert_eq!(last(&[unread(), unread()]).as_deref(), Some(unknown));
    assert_eq!(last(&[bare(), bare()]).as_deref(), Some("no place has a fence"));
    let half = "warning: 1 of 2 places could not be read; no other place has a fence";
    assert_eq!(last(&[unread(), bare()]).as_deref(), Some(half));
}

#[test]
fn a_move_by_hand_ends_with_what_every_place_serves() {
    check("moved-by-hand", &moved_by_hand::outcome(&sample::moved_by_hand(), "record.json", Width::Unbounded));
    let mut lost = sample::moved_by_hand();
    "unknown".clone_into(&mut lost.places[0].outcome);
    let text = moved_by_hand::outcome(&lost, "record.json", Width::Unbounded);
    assert!(text.starts_with("checkout to dr: sent, and whether it was written is not known (0 of 3"), "{text}");
}

#[test]
fn a_story_has_times_by_the_clock_and_after_the_first_moment() {
    let told = sample::story();
    check("explain-decision", &explanation::story(&told, Width::Unbounded));
    let narrow = explanation::story(&told, Width::Columns(100));
    assert!(narrow.lines().all(|line| line.chars().count() <= 100), "{narrow}");
    check("explain-narrow", &narrow);
    let older = sample::decision("done", "verified", "every server serves it");
    assert!(explanation::story(&older, Width::Unbounded).contains("tells no stories"));
}

#[test]
fn a_service_that_stands_still_says_why_and_what_happened_lately() {
    let mut told = sample::explanation();
    check("explain-service", &explanation::explanation(&told, Width::Unbounded));
    told.lately.clear();
    told.history_error = Some("the disk is full".to_owned());
    let text = explanation::explanation(&told, Width::Unbounded);
    assert!(text.ends_with("what happened lately is not known: the disk is full\n"), "{text}");
}

#[test]
fn what_observing_services_would_have_done_is_counted_and_told() {
    let mut told = sample::observations();
    check("observe-report", &observation::observations(&told, Width::Unbounded));
    told.incomplete = true;
    assert!(observation::observations(&told, Width::Unbounded).contains("\nwarning: there is more"));
    told.services.clear();
    told.incomplete = false;
    let text = observation::observations(&told, Width::Unbounded);
    assert!(text.ends_with(": 0 services observe now, 0 moves would have been made\n"), "{text}");
}
