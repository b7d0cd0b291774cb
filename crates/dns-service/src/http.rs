//! The HTTP side of every daemon: one listener, a few common routes, errors as RFC 9457 problems.
//!
//! Invariants: a listener beyond loopback speaks TLS unless the operator said otherwise; a slow or greedy client
//! costs one of a bounded number of connections for a bounded time; every error has the same shape. Routing,
//! readiness and metrics live here, what the API does lives in the daemons.

mod bounded;
pub mod error;
pub mod listener;
pub mod readiness;
pub mod request;

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use serde_json::json;

pub use self::error::ApiError;
pub use self::listener::{BindError, Bounds, Listening, PlainHttp, bind};
pub use self::readiness::Readiness;
pub use self::request::{Arguments, JsonBody};
use crate::auth::{self, Tokens};
use crate::telemetry::Metrics;

/// What the common routes need.
#[derive(Clone, Debug)]
pub struct Kit {
    /// Who may call the API.
    pub tokens: Tokens,
    /// Whether the daemon can do its work.
    pub readiness: Readiness,
    /// What `/metrics` shows.
    pub metrics: Metrics,
    /// What `/openapi.json` shows, as JSON text.
    pub openapi: Arc<str>,
}

impl Kit {
    /// A kit with an OpenAPI document.
    ///
    /// # Errors
    /// If the document does not serialise.
    pub fn new(
        tokens: Tokens,
        readiness: Readiness,
        metrics: Metrics,
        openapi: &impl Serialize,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self { tokens, readiness, metrics, openapi: serde_json::to_string(openapi)?.into() })
    }
}

/// Completes a daemon's API: its routes behind authentication and bounds, and beside them the common ones, which
/// are open to everyone who can connect: `/healthz`, `/readyz`, `/metrics`, `/openapi.json`.
pub fn router(api: Router, kit: Kit) -> Router {
    router_with_pages(api, Router::new(), kit)
}

/// [`router`] with pages for browsers, which have the same bounds and see to it themselves who may read them: a
/// browser that follows a link sends no token.
pub fn router_with_pages(api: Router, pages: Router, kit: Kit) -> Router {
    let Kit { tokens, readiness, metrics, openapi } = kit;
    // axum refuses a route layer without routes, and a daemon under test may have none.
    let api = if api.has_routes() {
        let api = api.route_layer(middleware::from_fn(request::read_bounded));
        api.route_layer(middleware::from_fn_with_state(tokens, auth::authenticate))
            .route_layer(middleware::from_fn(measure))
    } else {
        api
    };
    let pages = if pages.has_routes() {
        pages.route_layer(middleware::from_fn(request::read_bounded)).route_layer(middleware::from_fn(measure))
    } else {
        pages
    };
    Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(|| async move { ready(&readiness) }))
        .route("/metrics", get(|| async move { exposition(&metrics) }))
        .route("/openapi.json", get(|| async move { ([(CONTENT_TYPE, "application/json")], openapi.to_string()) }))
        .merge(api)
        .merge(pages)
        .method_not_allowed_fallback(no_method)
        .fallback(no_route)
}

fn ready(readiness: &Readiness) -> Response {
    let reasons = readiness.reasons();
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": reasons.is_empty(), "reasons": reasons }))).into_response()
}

fn exposition(metrics: &Metrics) -> Response {
    // The media type of the text format, version 0.0.4.
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics.render()).into_response()
}

async fn no_route(uri: Uri) -> ApiError {
    ApiError::not_found(format!("there is nothing at `{}`", uri.path())).hint("/openapi.json lists what there is")
}

async fn no_method(method: Method, uri: Uri) -> ApiError {
    let detail = format!("`{method}` is not possible at `{}`", uri.path());
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "method not allowed", detail)
}

/// Counts requests and the time to the head of their responses; a stream's body goes on after that.
async fn measure(route: Option<MatchedPath>, request: Request<Body>, next: Next) -> Response {
    let route = route.map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let started = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    metrics::histogram!("http_response_head_seconds", "route" => route.clone()).record(started.elapsed());
    metrics::counter!("http_requests_total", "route" => route, "status" => status).increment(1);
    response
}
