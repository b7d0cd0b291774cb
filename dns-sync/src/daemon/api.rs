//! The daemon's API: `GET /api/v1/sync`.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use dns_api::sync::SyncReport;
use dns_service::auth::Caller;

use super::signs::Signs;

/// The routes, without authentication; `dns_service::http::router` adds it.
pub(super) fn routes(signs: Signs) -> Router {
    Router::new().route("/api/v1/sync", get(report)).with_state(signs)
}

async fn report(State(signs): State<Signs>, _: Caller) -> Json<SyncReport> {
    Json(signs.report())
}
