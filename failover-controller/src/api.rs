//! The controller's HTTP API: thin handlers over what the engine publishes and takes.
//!
//! Reads never ask the engine itself, so they answer while it is busy. Writes become orders, pass the kernel in the
//! engine, and answer 202 with a decision to follow, 200 if nothing has to be written, or 409 with the rules that
//! said no.

pub(crate) mod approvals;
mod drills;
pub(crate) mod evacuations;
mod explanations;
mod facts;
mod groups;
mod observations;
mod orders;
mod reads;
pub(crate) mod report;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use dns_core::group::Group;
use dns_core::identifier::ProviderName;
use dns_service::clock::Clock;
use dns_service::http::ApiError;
use dns_store::port::Store;

use crate::drills::Drills;
use crate::engine::handle::Engine;
use crate::engine::snapshot::Snapshot;
use crate::providers::allowance::Allowance;

/// What handlers need.
#[derive(Clone)]
pub(crate) struct ApiState {
    /// The engine.
    pub(crate) engine: Engine,
    /// The store, for history.
    pub(crate) store: Arc<dyn Store>,
    /// The clock, for the ends of pauses.
    pub(crate) clock: Clock,
    /// How fast each provider takes moves, for previews.
    pub(crate) allowances: Arc<BTreeMap<ProviderName, Allowance>>,
    /// The services that move together.
    pub(crate) groups: Arc<[Arc<Group>]>,
    /// Who conducts drills.
    pub(crate) drills: Drills,
}

/// Every route of the API.
pub(crate) fn routes(state: ApiState) -> Router {
    Router::new()
        .route("/api/v1/services", get(reads::services))
        .route("/api/v1/services/{name}", get(reads::service))
        .route("/api/v1/services/{name}/explanation", get(explanations::explanation))
        .route("/api/v1/observations", get(observations::observations))
        .route("/api/v1/services/{name}/drills", get(drills::of_service).post(drills::begin))
        .route("/api/v1/services/{name}/drills/stop", post(drills::stop))
        .route("/api/v1/drills", get(drills::all))
        .route("/api/v1/drills/report", get(drills::report))
        .route("/api/v1/drills/{id}", get(drills::one))
        .route("/api/v1/history", get(reads::history))
        .route("/api/v1/decisions/{id}", get(reads::decision))
        .route("/api/v1/approvals", get(approvals::list))
        .route("/api/v1/approvals/{id}", get(approvals::one))
        .route("/api/v1/approvals/{id}/approve", post(approvals::approve))
        .route("/api/v1/approvals/{id}/decline", post(approvals::decline))
        .route("/api/v1/services/{name}/failover", post(orders::failover))
        .route("/api/v1/services/{name}/failback", post(orders::failback))
        .route("/api/v1/services/{name}/pause", post(orders::pause))
        .route("/api/v1/services/{name}/resume", post(orders::resume))
        .route("/api/v1/services/{name}/adopt", post(orders::adopt))
        .route("/api/v1/services/{name}/release", post(orders::release))
        .route("/api/v1/services/{name}/facts", post(facts::take_down))
        .route("/api/v1/groups", get(groups::groups))
        .route("/api/v1/groups/{name}/failover", post(groups::failover))
        .route("/api/v1/groups/{name}/failback", post(groups::failback))
        .route("/api/v1/groups/{name}/pause", post(groups::pause))
        .route("/api/v1/groups/{name}/resume", post(groups::resume))
        .route("/api/v1/pause", post(orders::pause_all))
        .route("/api/v1/resume", post(orders::resume_all))
        .route("/api/v1/regions", get(evacuations::regions))
        .route("/api/v1/regions/{name}/evacuations", post(evacuations::evacuate))
        .route("/api/v1/evacuations", get(evacuations::all))
        .route("/api/v1/evacuations/{id}", get(evacuations::one))
        .route("/api/v1/evacuations/{id}/stop", post(evacuations::stop))
        .route("/api/v1/evacuations/{id}/resume", post(evacuations::resume))
        .route("/api/v1/evacuations/{id}/close", post(evacuations::close))
        .route("/api/v1/evacuations/{id}/return", post(evacuations::bring_back))
        .with_state(state)
}

/// What the engine publishes, as soon as it has loaded.
fn published(state: &ApiState) -> Result<Arc<Snapshot>, ApiError> {
    state.engine.snapshot().ok_or_else(|| ApiError::unavailable("the engine is still loading"))
}

fn no_service(name: &str) -> ApiError {
    ApiError::not_found(format!("there is no service `{name}`")).hint("`dns-admin service list` lists them")
}
