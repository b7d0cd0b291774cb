//! What the page shows, as plain values: everything that rendering needs, so that rendering is pure.

use dns_api::approval::ApprovalReport;
use dns_api::evacuation::EvacuationReport;
use dns_api::history::HistoryRowReport;
use dns_api::status::{ServiceList, ServiceReport};
use dns_api::timeline::Timeline;
use dns_core::time::Timestamp;

use super::archive::Archive;
use super::forming::forming;
use crate::api::{approvals, evacuations, report};
use crate::engine::snapshot::{ServiceView, Snapshot};

/// Rows of history on the page, of all services and of each.
pub(crate) const HISTORY_ROWS: usize = 30;

/// Everything that the page shows, as of one moment.
pub(crate) struct PageView {
    /// When.
    pub(crate) at: Timestamp,
    /// The lines of `status`: services, vantage points, the store.
    pub(crate) list: ServiceList,
    /// Evacuations that are open.
    pub(crate) evacuations: Vec<EvacuationReport>,
    /// Every service in full, by name.
    pub(crate) panes: Vec<Pane>,
    /// The newest rows of all services, newest first.
    pub(crate) newest: Vec<HistoryRowReport>,
    /// Why history is missing or old.
    pub(crate) history_error: Option<String>,
    /// Who may give orders.
    pub(crate) orders: Orders,
}

/// One service.
pub(crate) struct Pane {
    /// As the API tells it.
    pub(crate) report: ServiceReport,
    /// The move that is forming or under way, else the newest one.
    pub(crate) newest_move: Option<Timeline>,
    /// Its newest rows, newest first.
    pub(crate) rows: Vec<HistoryRowReport>,
    /// What waits for a second person, oldest first.
    pub(crate) approvals: Vec<ApprovalReport>,
}

/// Who may give orders through the API, and so by the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Orders {
    /// Whoever shows an operator's token with each order.
    WithToken,
    /// Everyone.
    Open,
    /// Nobody: no token is configured.
    Refused,
}

impl PageView {
    /// Puts together what the engine published and what history tells.
    pub(crate) fn of(snapshot: &Snapshot, archive: &Archive, orders: Orders) -> Self {
        let pane = |view: &ServiceView| {
            let report = report::report(view, snapshot.at);
            let rows = archive.of_service(&report.summary.name);
            let newest_move = forming(&report, snapshot.at).or_else(|| Timeline::newest_move(rows));
            let rows = rows.iter().rev().take(HISTORY_ROWS).cloned().collect();
            Pane { report, newest_move, rows, approvals: approvals::of_service(view, snapshot.at) }
        };
        Self {
            at: snapshot.at,
            list: report::list(snapshot),
            evacuations: evacuations::report::open(snapshot),
            panes: snapshot.views().map(|(_, view)| pane(&view)).collect(),
            newest: archive.newest(HISTORY_ROWS),
            history_error: archive.error().map(str::to_owned),
            orders,
        }
    }
}

impl Pane {
    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.report.summary.name
    }

    /// The region that it should be in, by order of preference.
    pub(crate) fn preferred(&self) -> Option<&str> {
        self.report.regions.first().map(|region| region.summary.name.as_str())
    }
}
