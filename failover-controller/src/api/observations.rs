//! `GET /api/v1/observations`: what services that only observe would have done, by their history.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use dns_api::explain::{ObservationReport, ObservedService, TroubleReport};
use dns_api::problem::RejectionReport;
use dns_core::explain::observed::{KINDS, WouldBeMove, would_be_moves};
use dns_core::history::HistoryEntry;
use dns_core::identifier::ServiceName;
use dns_core::kernel::Rule;
use dns_core::service::Mode;
use dns_core::time::Timestamp;
use dns_core::write::WriteKind;
use dns_service::exit::one_line;
use dns_service::http::{ApiError, Arguments};
use dns_store::port::{HistoryQuery, Position, Store};
use serde::Deserialize;

use super::report::rfc3339;
use super::{ApiState, no_service, published};
use crate::engine::snapshot::Snapshot;

/// How far back a report goes unless it is asked for more: a month of observing is a fair trial.
const SINCE_DEFAULT: Duration = Duration::from_hours(30 * 24);

/// Rows of one read: what a store returns at the most.
pub(super) const PAGE: u32 = 1000;

/// Rows that one report is made of at the most, some ten thousand troubles: more is no reading for a person.
pub(super) const ROWS_MAX: usize = 20_000;

/// How long the store may take for all of them: an index by kind does not exist, and a year of history is long.
pub(super) const READ_WITHIN: Duration = Duration::from_secs(8);

/// Query of `GET /api/v1/observations`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ObservationArguments {
    service: Option<String>,
    since_secs: Option<u64>,
}

pub(super) async fn observations(
    State(state): State<ApiState>,
    Arguments(arguments): Arguments<ObservationArguments>,
) -> Result<Json<ObservationReport>, ApiError> {
    let ObservationArguments { service, since_secs } = arguments;
    let service = service.map(|name| ServiceName::new(name.as_str()).map_err(|_| no_service(&name))).transpose()?;
    let snapshot = published(&state)?;
    let since = snapshot.at.before(since_secs.map_or(SINCE_DEFAULT, Duration::from_secs));
    let query = HistoryQuery {
        service: service.clone(),
        kinds: KINDS.to_vec(),
        since: Some(since),
        after: Some(Position::default()),
        limit: PAGE,
        ..HistoryQuery::default()
    };
    let rows =
        tokio::time::timeout(READ_WITHIN, read(&*state.store, query, ROWS_MAX)).await.map_err(|_late| too_slow())??;
    if let Some(name) = service.as_ref().filter(|name| rows.is_empty() && !snapshot.services.contains_key(name)) {
        return Err(no_service(name.as_str()));
    }
    Ok(Json(report(&rows, service.as_ref(), since, &snapshot)))
}

pub(super) fn too_slow() -> ApiError {
    ApiError::unavailable(format!("the history was not read within {} s", READ_WITHIN.as_secs()))
        .hint("ask for a shorter time, or for one service")
}

/// Rows, oldest first, page by page: so many at the most, or a page more.
pub(super) async fn read(
    store: &dyn Store,
    mut query: HistoryQuery,
    rows_max: usize,
) -> Result<Vec<HistoryEntry>, ApiError> {
    let mut all = Vec::new();
    while all.len() < rows_max {
        let page = store.history(&query).await.map_err(|error| {
            ApiError::unavailable(one_line(&error)).hint("history is in the store; failover works on, see /readyz")
        })?;
        // A page may be short of rows that this program does not understand: only an empty one is the last.
        let Some(last) = page.last() else { break };
        query.after = Some(last.position);
        all.extend(page.into_iter().map(|row| row.entry));
    }
    Ok(all)
}

fn report(
    rows: &[HistoryEntry],
    only: Option<&ServiceName>,
    since: Timestamp,
    snapshot: &Snapshot,
) -> ObservationReport {
    let mut found: BTreeMap<ServiceName, Vec<WouldBeMove>> = BTreeMap::new();
    for (name, view) in snapshot.views() {
        if view.service.mode == Mode::Observe && only.is_none_or(|only| only == name) {
            found.entry(name.clone()).or_default();
        }
    }
    for trouble in would_be_moves(rows) {
        found.entry(trouble.service.clone()).or_default().push(trouble);
    }
    let observes = |name: &ServiceName| snapshot.view(name).is_some_and(|view| view.service.mode == Mode::Observe);
    ObservationReport {
        since: rfc3339(since),
        until: rfc3339(snapshot.at),
        services: found.iter().map(|(name, all)| observed(name, observes(name), all, snapshot.at)).collect(),
        incomplete: rows.len() >= ROWS_MAX,
    }
}

fn observed(name: &ServiceName, observes: bool, troubles: &[WouldBeMove], now: Timestamp) -> ObservedService {
    let moved = troubles.iter().filter(|trouble| trouble.moved.is_some()).count();
    // A region that a failback leaves is well.
    let failing = troubles.iter().filter(|trouble| trouble.kind == WriteKind::Failover.as_str());
    let lasted: Duration = failing.map(|trouble| trouble.lasted(now)).sum();
    ObservedService {
        service: name.to_string(),
        observes,
        would_have_moved: moved,
        would_have_been_held: troubles.len() - moved,
        trouble_ms: ms(lasted),
        troubles: troubles.iter().map(|trouble| trouble_report(trouble, now)).collect(),
    }
}

fn trouble_report(trouble: &WouldBeMove, now: Timestamp) -> TroubleReport {
    let WouldBeMove { service: _, kind, began, suspected, from, to, moved, held_by, ended } = trouble;
    let rejection = |(rule, reason): (&Rule, &String)| RejectionReport {
        rule: rule.to_string(),
        reason: reason.clone(),
        overridable: rule.is_overridable(),
    };
    TroubleReport {
        kind: kind.clone(),
        began: rfc3339(*began),
        suspected: suspected.map(rfc3339),
        from: from.clone(),
        to: to.clone(),
        would_have_moved: moved.map(rfc3339),
        ended: ended.map(|(at, _)| rfc3339(at)),
        end: ended.map(|(_, end)| end.as_str().to_owned()),
        lasted_ms: ms(trouble.lasted(now)),
        held_by: held_by.iter().map(rejection).collect(),
    }
}

fn ms(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use dns_core::history::HistoryKind;
    use dns_store::sqlite::SqliteStore;
    use serde_json::json;

    use super::*;

    fn row(service: &str, second: u64) -> HistoryEntry {
        HistoryEntry {
            at: Timestamp::from_secs(second),
            service: service.parse().expect("a name"),
            kind: HistoryKind::WouldMove,
            decision: None,
            summary: second.to_string(),
            page: false,
            details: json!({ "wanted": "failover", "from": "prod", "to": "dr" }).into(),
        }
    }

    async fn seconds(store: &SqliteStore, rows_max: usize) -> Vec<u64> {
        let query = HistoryQuery { after: Some(Position::default()), limit: 2, ..HistoryQuery::default() };
        let rows = read(store, query, rows_max).await.expect("reads");
        rows.iter().map(|row| row.at.as_secs()).collect()
    }

    #[tokio::test]
    async fn every_page_is_read_up_to_the_bound() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::open(&folder.path().join("state.db")).await.expect("opens");
        for second in 1..=5 {
            store.append(&row("checkout", second)).await.expect("appends");
        }
        assert_eq!(seconds(&store, 100).await, [1, 2, 3, 4, 5]);
        assert_eq!(seconds(&store, 3).await, [1, 2, 3, 4], "not much beyond the bound");
        store.close().await;
    }

    #[test]
    fn a_service_that_left_the_configuration_keeps_its_report() {
        let snapshot = Snapshot { at: Timestamp::from_secs(100), ..Snapshot::default() };
        let told = report(&[row("gone", 40)], None, Timestamp::from_secs(10), &snapshot);
        let [gone] = told.services.as_slice() else { panic!("one service: {told:?}") };
        assert_eq!((gone.service.as_str(), gone.observes, gone.would_have_moved), ("gone", false, 1));
        assert_eq!((gone.trouble_ms, gone.troubles[0].lasted_ms), (60_000, 60_000));
        assert!(!told.incomplete);
    }

    #[test]
    fn a_way_back_counts_as_a_move_and_as_no_trouble() {
        let back = HistoryEntry {
            details: json!({ "wanted": "failback", "from": "dr", "to": "prod" }).into(),
            ..row("checkout", 40)
        };
        let snapshot = Snapshot { at: Timestamp::from_secs(100), ..Snapshot::default() };
        let told = report(&[back], None, Timestamp::default(), &snapshot);
        assert_eq!((told.services[0].would_have_moved, told.services[0].trouble_ms), (1, 0));
    }

    #[test]
    fn a_report_that_holds_not_everything_says_so() {
        let rows: Vec<HistoryEntry> = (0..ROWS_MAX as u64).map(|second| row("checkout", second)).collect();
        assert!(report(&rows, None, Timestamp::default(), &Snapshot::default()).incomplete);
        assert!(!report(&rows[1..], None, Timestamp::default(), &Snapshot::default()).incomplete);
    }
}
