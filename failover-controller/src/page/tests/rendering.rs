//! What the page says, from values alone.

use std::time::Duration;

use dns_api::status::{GateReport, PlaceReport, ServerReport, VerificationReport};
use dns_api::timeline::{Step, StepStatus, Timeline};

use super::sample::{HOSTILE, NOW, failing_region, hold, report, row, view, view_with, vote};
use crate::page::edition::Edition;
use crate::page::forming::forming;
use crate::page::headline::{Severity, headline};
use crate::page::render::shell::{self, Frame};
use crate::page::section::Subject;
use crate::page::view::{Orders, PageView};

/// The whole front page.
fn page(view: &PageView) -> String {
    let frame = Frame { reader: Some("oncall".to_owned()), orders: view.orders, run: "1".to_owned() };
    shell::page(&frame, &Subject::All, &Edition::of(view, None)).into_string()
}

fn said(view: &PageView) -> (Severity, String) {
    let line = headline(&view.list, view.at);
    let age = line.since.map(|since| format!(" for {} s", view.at.since(since).as_secs())).unwrap_or_default();
    (line.severity, format!("{}{age}{}", line.before, line.after))
}

#[test]
fn nothing_from_outside_becomes_an_element() {
    let hostile = || HOSTILE.to_owned();
    let mut view = view_with(|summary| {
        summary.attention = vec![hostile()];
        summary.state = hostile();
        summary.mode = hostile();
        summary.hold = Some(hold(&[(HOSTILE, HOSTILE)]));
    });
    view.list.controller = hostile();
    view.list.vantage_points[0].reason = Some(hostile());
    view.history_error = Some(hostile());
    view.newest =
        vec![row(1, HOSTILE, HOSTILE, r#"{"evidence":{"<script>":{"seen":"<script>","health":"<script>"}}}"#)];
    let report = &mut view.panes[0].report;
    report.regions[0] = failing_region(HOSTILE, vec![vote(HOSTILE, HOSTILE, None, Some(HOSTILE))]);
    report.regions[0].endpoints[0].endpoint = hostile();
    (report.pin, report.standing, report.standing_detail) = (Some(hostile()), hostile(), Some(hostile()));
    report.records = vec![hostile()];
    let fence = report.fence.as_mut().expect("a fence");
    (fence.by, fence.text, fence.active) = (hostile(), vec![hostile()], Some(hostile()));
    let html = page(&view);
    assert_eq!(html.matches("<script").count(), 1, "only our own: {html}");
    assert!(html.contains("&lt;script&gt;"), "it is shown as text");
    assert!(!html.contains("=\"<") && !html.contains("\"&\""), "not in attributes either");
}

#[test]
fn a_standby_says_since_when_it_is_ready_and_what_its_gates_say() {
    let mut view = view();
    let gate = |state: &str, said: &str| GateReport {
        name: "replication".to_owned(),
        state: state.to_owned(),
        said: said.to_owned(),
        age_ms: Some(60_000),
        asked_age_ms: Some(4000),
    };
    let regions = &mut view.panes[0].report.regions;
    regions[0].summary.ready_age_ms = Some(60_000);
    regions[1].gates = vec![gate("closed", HOSTILE)];
    let shut = page(&view);
    assert!(shut.contains(r#"data-gate="replication" data-state="closed""#) && !shut.contains("ready <time"), "{shut}");
    assert_eq!(shut.matches("<script").count(), 1, "what a gate says is shown as text: {shut}");
    let regions = &mut view.panes[0].report.regions;
    regions[1].gates = vec![gate("open", "lagSeconds 3")];
    regions[1].summary.ready_age_ms = Some(60_000);
    let ready = page(&view);
    assert_eq!(ready.matches("ready <time").count(), 1, "of the standby alone: {ready}");
    assert!(ready.contains(": lagSeconds 3"), "{ready}");
}

#[test]
fn the_headline_says_the_worst_first() {
    assert_eq!(said(&view()), (Severity::Steady, "checkout is steady".to_owned()));

    let cooling = view_with(|summary| summary.state = "cooling down".to_owned());
    assert_eq!(said(&cooling), (Severity::Note, "checkout: cooling down for 60 s".to_owned()));

    let mut paging = view_with(|summary| {
        summary.page = true;
        summary.attention = vec!["failover to `dr` is held by targetProven: dr is unknown".to_owned()];
    });
    let words = "PAGE: checkout: failover to dr is held by targetProven: dr is unknown";
    assert_eq!(said(&paging), (Severity::Page, words.to_owned()));

    paging.list.vantage_points[1].sight = "silent".to_owned();
    let mut quiet = paging.list.services[0].clone();
    (quiet.name, quiet.page) = ("api".to_owned(), false);
    paging.list.services.insert(0, quiet);
    let (severity, text) = said(&paging);
    assert_eq!(severity, Severity::Page);
    assert_eq!(text, format!("{words} (and 1 more of 2); 1 of 3 vantage points are blind or not heard"));

    paging.list.store_error = Some("disk full".to_owned());
    assert!(said(&paging).1.starts_with("PAGE: the controller's store does not work"));
}

#[test]
fn the_title_is_the_headline() {
    let view = view_with(|summary| summary.attention = vec!["look here".to_owned()]);
    let html = page(&view);
    assert!(html.contains("<title>checkout: look here</title>"), "{html}");
    assert!(html.contains("<h1 id=\"headline\">checkout: look here</h1>"), "{html}");
}

#[test]
fn time_alone_changes_no_section() {
    let first = Edition::of(&view(), None);
    let mut later = view_with(|summary| summary.state_age_ms += 5000);
    later.at = NOW + Duration::from_secs(5);
    for region in &mut later.panes[0].report.regions {
        region.endpoints[0].votes.iter_mut().for_each(|vote| vote.age_ms = vote.age_ms.map(|age| age + 5000));
    }
    later.panes[0].report.read_age_ms = Some(5500);
    let second = Edition::of(&later, Some(&first));
    assert_eq!(second.changed_since(first.number, &Subject::All).keys().collect::<Vec<_>>(), [""; 0]);
    assert!(!second.changed_since(0, &Subject::All).is_empty());
}

#[test]
fn only_the_section_that_changed_is_sent() {
    let first = Edition::of(&view(), None);
    let mut changed = view();
    changed.panes[0].report.regions[1].endpoints[0].votes[2] = vote("v3", "failing", Some(0), Some("timed out"));
    let second = Edition::of(&changed, Some(&first));
    let sections = second.changed_since(first.number, &Subject::All);
    assert_eq!(sections.keys().collect::<Vec<_>>(), ["evidence-of-checkout"]);
    assert!(sections["evidence-of-checkout"].contains("timed out"));
    let elsewhere = Subject::Service("check".to_owned());
    assert!(second.changed_since(first.number, &elsewhere).is_empty(), "another service's page has no such section");
}

#[test]
fn places_are_shown_if_there_are_several() {
    assert!(!page(&view()).contains("data-place"));
    let place = |name: &str, diverges: bool| PlaceReport {
        name: name.to_owned(),
        provider: name.to_owned(),
        zone: "example.test.".to_owned(),
        active: Some("prod".to_owned()),
        epoch: Some(41),
        rev: None,
        standing: "held".to_owned(),
        state: "suspected".to_owned(),
        trouble: diverges.then(|| format!("does not answer {HOSTILE}")),
        diverges,
    };
    let html = page(&view_with(|summary| summary.places = vec![place("main", true), place("second", false)]));
    for text in ["data-place=\"main\" data-diverges=\"true\"", "held, diverges", "data-place=\"second\"", "41"] {
        assert!(html.contains(text), "{text}: {html}");
    }
    assert!(html.contains("does not answer") && !html.contains(HOSTILE));
}

#[test]
fn every_vote_is_a_word_with_its_reason() {
    let mut view = view();
    let votes = vec![
        vote("v1", "failing", Some(2000), Some("connection refused")),
        vote("v2", "blind", None, Some("control targets fail")),
        vote("v3", "notCovered", None, None),
    ];
    view.panes[0].report.regions[0] = failing_region("unknown", votes);
    let html = page(&view);
    for text in ["connection refused", "control targets fail", "> not covered<", "> blind<", "> failing<", "> unknown<"]
    {
        assert!(html.contains(text), "{text}: {html}");
    }
    assert!(html.contains("data-vantage=\"v1\" data-state=\"failing\""), "{html}");
    assert!(html.contains("data-region=\"prod\" data-state=\"unknown\" data-active=\"true\""), "{html}");
}

#[test]
fn a_move_that_forms_says_what_it_waits_for() {
    let mut report = report();
    let one = vec![vote("v1", "failing", Some(2000), None), vote("v2", "healthy", Some(9000), None)];
    report.regions[0] = failing_region("healthy", one);
    let told = forming(&report, NOW).expect("one vantage point suspects it");
    let steps: Vec<(Step, StepStatus)> = told.steps.iter().map(|step| (step.step, step.status)).collect();
    let pending = [Step::Decision, Step::Permit, Step::Written, Step::Served].map(|step| (step, StepStatus::Pending));
    assert_eq!(steps[..2], [(Step::Suspicion, StepStatus::Done), (Step::Judgement, StepStatus::Current)]);
    assert_eq!(steps[2..], pending);
    let waits = told.steps[1].detail.as_deref().expect("a reason");
    assert_eq!(waits, "1 of the 2 vantage points that are needed see it failing");

    let two = vec![vote("v1", "failing", Some(2000), None), vote("v2", "failing", Some(1500), None)];
    report.regions[0] = failing_region("failing", two);
    report.summary.hold = Some(hold(&[("targetProven", "region `dr` is unknown")]));
    let told = forming(&report, NOW).expect("the quorum agrees");
    assert_eq!(told.steps[1].offset_ms, Some(500), "the second vote made the quorum");
    assert_eq!(told.steps[2].status, StepStatus::Current);
    assert_eq!(told.steps[2].detail.as_deref(), Some("held by targetProven: region `dr` is unknown"));

    report.regions[0] = super::sample::report().regions[0].clone();
    assert_eq!(forming(&report, NOW), None, "nobody suspects anything");
}

#[test]
fn a_move_is_told_step_by_step_and_each_server_as_it_is_confirmed() {
    let details = r#"{"kind":"failover","from":"prod","to":"dr","initiative":"automatic"}"#;
    let rows = [
        row(1, "decided", "failover", details),
        row(2, "permitted", "the kernel agreed again", "null"),
        row(3, "applied", "in the zone", "null"),
    ];
    let mut view = view();
    let told = Timeline::newest_move(&rows).expect("a move");
    let server = |name: &str, outcome: &str| ServerReport {
        server: name.to_owned(),
        outcome: outcome.to_owned(),
        took_ms: Some(12),
        detail: None,
    };
    let servers = vec![server("192.0.2.53:53", "served"), server("198.51.100.53:53", "old")];
    view.panes[0].report.verification =
        Some(VerificationReport { decision: told.decision.clone(), running: true, servers });
    view.panes[0].newest_move = Some(told);
    let html = page(&view);
    assert!(html.contains("Failover prod → dr"), "{html}");
    for (step, state) in [("decision", "done"), ("permit", "done"), ("written", "done"), ("served", "current")] {
        assert!(html.contains(&format!("data-step=\"{step}\" data-state=\"{state}\"")), "{step}: {html}");
    }
    assert!(html.contains("data-server=\"192.0.2.53:53\""), "{html}");
    assert!(!html.contains("data-server=\"198.51.100.53:53\""), "it is still asked: {html}");
}

#[test]
fn a_hold_shows_every_rule() {
    let view = view_with(|summary| {
        summary.hold = Some(hold(&[("targetProven", "dr is unknown"), ("notPaused", "paused by `oncall`")]));
    });
    let html = page(&view);
    for text in ["failover is held", "targetProven", "dr is unknown", "notPaused", "paused by <code>oncall</code>"] {
        assert!(html.contains(text), "{text}: {html}");
    }
}

#[test]
fn an_order_says_what_it_will_do() {
    let html = page(&view());
    let says = "Move checkout from prod to dr: 2 record sets change. dr is proven: a quorum has seen it healthy since \
                2026-11-21 07:29:30 UTC.";
    assert!(html.contains(says), "{html}");
    assert!(!html.contains("id=\"failback-checkout\""), "it is where it should be");

    let mut elsewhere = view_with(|summary| summary.active = Some("dr".to_owned()));
    elsewhere.panes[0].report.regions[0].summary.proven = false;
    let html = page(&elsewhere);
    assert!(html.contains("id=\"failback-checkout\""), "{html}");
    assert!(
        html.contains("Move checkout from dr to prod: 2 record sets change. prod is healthy and not proven."),
        "{html}"
    );
}

#[test]
fn what_waits_for_a_second_person_can_be_answered_and_what_has_happened_only_acknowledged() {
    let mut view = view();
    let waits = |id: &str, what: &str, lapses_in_ms| dns_api::approval::ApprovalReport {
        approval: id.to_owned(),
        service: "checkout".to_owned(),
        what: what.to_owned(),
        asked_by: "oncall".to_owned(),
        reason: HOSTILE.to_owned(),
        why: "the policy wants two".to_owned(),
        age_ms: 1000,
        lapses_in_ms,
    };
    view.panes[0].approvals =
        vec![waits("a1", "the failover to `dr`", Some(60_000)), waits("a2", "the move to `dr` by hand", None)];
    let html = page(&view);
    for id in ["approve-a1", "decline-a1", "approve-a2"] {
        assert!(html.contains(&format!("id=\"{id}\"")), "{id}: {html}");
    }
    assert!(!html.contains("decline-a2"), "it has happened: {html}");
    assert!(html.contains("data-order=\"approve\" data-service=\"checkout\" data-approval=\"a1\""), "{html}");
    assert!(html.contains("<li data-verb=\"decline\" data-approval=\"a1\">the failover to dr: "), "{html}");
    assert!(!html.contains(HOSTILE), "a reason is text: {html}");
    view.orders = Orders::Refused;
    assert!(!page(&view).contains("approve-a1"), "nobody may");
}

#[test]
fn a_token_is_asked_for_where_one_is_needed() {
    let asks = |orders| {
        let mut view = view();
        view.orders = orders;
        let html = page(&view);
        (html.contains("type=\"password\""), html.contains("data-order=\"pause\""))
    };
    assert_eq!(asks(Orders::WithToken), (true, true));
    assert_eq!(asks(Orders::Open), (false, true));
    assert_eq!(asks(Orders::Refused), (false, false));
}

#[test]
fn history_marks_pages_and_keeps_the_evidence_of_a_decision() {
    let mut view = view();
    let evidence = r#"{"evidence":{"prod":{"health":"failing","proven":false,"seen":"2 of 3 failing"}}}"#;
    view.newest = vec![row(8, "permitted", "sent now", "null"), row(7, "decided", "failover", evidence)];
    let html = page(&view);
    assert!(html.contains("id=\"row-7\" data-kind=\"decided\" data-page=\"true\""), "{html}");
    assert!(html.contains("2 of 3 failing"), "{html}");
    assert!(!html.contains("/history?before="), "there are no older rows than these");
    view.newest = (0..30).map(|position| row(60 - position, "resumed", "resumed", "null")).collect();
    assert!(page(&view).contains("/history?before=31"), "older rows are a link away");
}

#[test]
fn pages_have_no_inline_script_or_style() {
    let html = page(&view());
    assert!(html.contains("<script src=\"/page.js\"></script>"));
    assert!(!html.contains("<style") && !html.contains(" style=") && !html.contains(" onclick="), "{html}");
    assert!(!html.contains("http://") && !html.contains("https://") && !html.contains("src=\"//"), "{html}");
}
