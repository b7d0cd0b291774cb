//! What the rendering tests show: one service in two regions, seen by three vantage points.

use dns_api::history::HistoryRowReport;
use dns_api::problem::RejectionReport;
use dns_api::status::{
    EndpointVotes, FenceReport, HoldReport, RegionReport, RegionSummary, ServiceList, ServiceReport, ServiceSummary,
    VantageReport, VoteReport,
};
use dns_core::time::Timestamp;

use crate::page::view::{Orders, PageView, Pane};

/// When the sample is.
pub(super) const NOW: Timestamp = Timestamp::from_millis(1_795_246_200_500);

/// A word that no browser may take for an element.
pub(super) const HOSTILE: &str = "<script>alert('x')</script>&\"";

/// `checkout`, steady in `prod`; every vantage point sees both regions healthy.
pub(super) fn view() -> PageView {
    let report = report();
    PageView {
        at: NOW,
        list: ServiceList {
            controller: "controller-1".to_owned(),
            services: vec![report.summary.clone()],
            vantage_points: ["v1", "v2", "v3"].map(sighted).into(),
            store_error: None,
        },
        evacuations: Vec::new(),
        panes: vec![Pane { report, newest_move: None, rows: Vec::new(), approvals: Vec::new() }],
        newest: Vec::new(),
        history_error: None,
        orders: Orders::WithToken,
    }
}

/// The same with a summary changed everywhere it stands.
pub(super) fn view_with(change: impl Fn(&mut ServiceSummary)) -> PageView {
    let mut view = view();
    view.list.services.iter_mut().for_each(&change);
    view.panes.iter_mut().for_each(|pane| change(&mut pane.report.summary));
    view
}

pub(super) fn report() -> ServiceReport {
    ServiceReport {
        summary: ServiceSummary {
            name: "checkout".to_owned(),
            mode: "active".to_owned(),
            state: "steady on the preferred region".to_owned(),
            state_age_ms: 60_000,
            group: None,
            active: Some("prod".to_owned()),
            regions: vec![region("prod"), region("dr")],
            hold: None,
            coming_back: None,
            places: Vec::new(),
            attention: Vec::new(),
            page: false,
        },
        zone: "example.test.".to_owned(),
        provider: "knot".to_owned(),
        quorum: 2,
        regions: ["prod", "dr"]
            .map(|name| RegionReport { summary: region(name), endpoints: vec![endpoint()], gates: Vec::new() })
            .into(),
        fence: Some(fence()),
        standing: "held".to_owned(),
        standing_detail: None,
        read_age_ms: Some(500),
        records: vec!["api.example.test. 60 A 192.0.2.10".to_owned(), "www.example.test. 60 A 192.0.2.11".to_owned()],
        pause: None,
        pin: None,
        open: None,
        drains: Vec::new(),
        verification: None,
    }
}

pub(super) fn region(name: &str) -> RegionSummary {
    RegionSummary {
        name: name.to_owned(),
        judgement: "healthy".to_owned(),
        proven: true,
        ready_age_ms: None,
        shut_gates: Vec::new(),
    }
}

fn endpoint() -> EndpointVotes {
    let votes = ["v1", "v2", "v3"].map(|vantage| vote(vantage, "healthy", Some(30_500), None));
    EndpointVotes {
        endpoint: "192.0.2.10".to_owned(),
        judgement: "healthy".to_owned(),
        votes: votes.into(),
        certificate_days_left: None,
    }
}

pub(super) fn vote(vantage: &str, vote: &str, age_ms: Option<u64>, error: Option<&str>) -> VoteReport {
    VoteReport { vantage: vantage.to_owned(), vote: vote.to_owned(), age_ms, error: error.map(str::to_owned) }
}

/// `prod` with these votes on its one endpoint.
pub(super) fn failing_region(judgement: &str, votes: Vec<VoteReport>) -> RegionReport {
    let summary = RegionSummary { judgement: judgement.to_owned(), proven: false, ..region("prod") };
    let endpoint = EndpointVotes { judgement: judgement.to_owned(), votes, ..endpoint() };
    RegionReport { summary, endpoints: vec![endpoint], gates: Vec::new() }
}

fn fence() -> FenceReport {
    FenceReport {
        name: "_checkout._failover.example.test.".to_owned(),
        epoch: 42,
        rev: 57,
        active: Some("prod".to_owned()),
        by: "controller-1".to_owned(),
        moved: "2026-11-21T07:10:00.000Z".to_owned(),
        released: None,
        text: vec!["v=dnsfo1;install=acme;".to_owned(), "active=prod;".to_owned()],
    }
}

fn sighted(name: &str) -> VantageReport {
    let (name, sight) = (name.to_owned(), "sighted".to_owned());
    VantageReport { name, sight, reason: None, heard_age_ms: Some(300), config: None }
}

pub(super) fn hold(rules: &[(&str, &str)]) -> HoldReport {
    let rejection = |(rule, reason): &(&str, &str)| RejectionReport {
        rule: (*rule).to_owned(),
        reason: (*reason).to_owned(),
        overridable: false,
    };
    HoldReport { wanted: "failover".to_owned(), rejections: rules.iter().map(rejection).collect(), age_ms: 1000 }
}

/// A row; `details` is JSON.
pub(super) fn row(position: u64, kind: &str, summary: &str, details: &str) -> HistoryRowReport {
    HistoryRowReport {
        position,
        at: format!("2026-11-21T07:10:{:02}.000Z", position % 60),
        service: "checkout".to_owned(),
        kind: kind.to_owned(),
        decision: Some("0000000000000000000000000000000a".to_owned()),
        summary: summary.to_owned(),
        page: kind == "decided",
        details: details.parse().expect("JSON"),
    }
}
