//! A move that is not decided yet, step by step: what the vantage points see now, and what the decision waits for.
//!
//! History tells a move from its decision on. Before it there is only evidence, and that is when people begin to look.

use dns_api::status::{EndpointVotes, RegionReport, ServiceReport, VoteReport};
use dns_api::timeline::{Step, StepStatus, Timeline, TimelineStep};
use dns_core::time::Timestamp;

use crate::api::report::rfc3339;

/// The move that is forming, if the active region is suspected and nothing is being written.
pub(crate) fn forming(report: &ServiceReport, now: Timestamp) -> Option<Timeline> {
    let active = report.summary.active.as_ref()?;
    let region = report.regions.iter().find(|region| region.summary.name == *active)?;
    let first = failing_since(&region.endpoints, now).into_iter().min()?;
    if report.open.is_some() || report.verification.as_ref().is_some_and(|running| running.running) {
        return None;
    }
    let held = held(report);
    // Another endpoint still serves, or the quorum waits for a second opinion: nothing moves, and nothing should.
    let judged = region.summary.judgement == "failing";
    let agreed = if judged { agreed_at(region, report.quorum, now) } else { None };
    let mut steps = vec![done(Step::Suspicion, first, None, first)];
    steps.push(match agreed {
        Some(agreed) => done(Step::Judgement, agreed, None, first),
        None => coming(Step::Judgement, StepStatus::Current, Some(waiting(region, report.quorum))),
    });
    let decision = if agreed.is_some() { StepStatus::Current } else { StepStatus::Pending };
    steps.push(coming(Step::Decision, decision, held));
    steps.extend([Step::Permit, Step::Written, Step::Served].map(|step| coming(step, StepStatus::Pending, None)));
    Some(Timeline {
        service: report.summary.name.clone(),
        decision: String::new(),
        kind: "failover".to_owned(),
        from: Some(active.clone()),
        to: None,
        steps,
    })
}

/// The rules that keep the decision from being made.
fn held(report: &ServiceReport) -> Option<String> {
    let hold = report.summary.hold.as_ref().filter(|hold| hold.wanted == "failover")?;
    let rules: Vec<String> =
        hold.rejections.iter().map(|rejection| format!("{}: {}", rejection.rule, rejection.reason)).collect();
    Some(format!("held by {}", rules.join("; ")))
}

fn failing(endpoint: &EndpointVotes) -> impl Iterator<Item = &VoteReport> {
    endpoint.votes.iter().filter(|vote| vote.vote == "failing")
}

fn failing_since(endpoints: &[EndpointVotes], now: Timestamp) -> Vec<Timestamp> {
    endpoints.iter().flat_map(failing).map(|vote| since(vote, now)).collect()
}

fn since(vote: &VoteReport, now: Timestamp) -> Timestamp {
    now.before(std::time::Duration::from_millis(vote.age_ms.unwrap_or_default()))
}

/// When the quorum's last vote of the last endpoint came: a region fails with its last endpoint.
fn agreed_at(region: &RegionReport, quorum: usize, now: Timestamp) -> Option<Timestamp> {
    let of_endpoint = |endpoint: &EndpointVotes| {
        let mut votes: Vec<Timestamp> = failing(endpoint).map(|vote| since(vote, now)).collect();
        votes.sort_unstable();
        votes.get(quorum.saturating_sub(1)).copied()
    };
    region.endpoints.iter().map(of_endpoint).max().flatten()
}

fn waiting(region: &RegionReport, quorum: usize) -> String {
    let most = region.endpoints.iter().map(|endpoint| failing(endpoint).count()).max();
    let serving = region.endpoints.iter().filter(|endpoint| endpoint.judgement != "failing").count();
    match most.unwrap_or_default() {
        agree if agree < quorum => format!("{agree} of the {quorum} vantage points that are needed see it failing"),
        _ => format!("{serving} of {} endpoints are not judged failing", region.endpoints.len()),
    }
}

fn done(step: Step, at: Timestamp, detail: Option<String>, first: Timestamp) -> TimelineStep {
    let offset = i64::try_from(at.since(first).as_millis()).ok();
    TimelineStep { step, status: StepStatus::Done, at: Some(rfc3339(at)), offset_ms: offset, server: None, detail }
}

fn coming(step: Step, status: StepStatus, detail: Option<String>) -> TimelineStep {
    TimelineStep { step, status, at: None, offset_ms: None, server: None, detail }
}
