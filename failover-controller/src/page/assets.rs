//! Style, script and icon: compiled in, and asked for again only when they are others.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use dns_core::digest::Digest;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const ICON: &str = include_str!("favicon.svg");

/// The routes, open to everyone: they say nothing of what is guarded.
pub(crate) fn routes() -> Router {
    Router::new()
        .route("/page.css", asset(STYLE, "text/css; charset=utf-8"))
        .route("/page.js", asset(SCRIPT, "text/javascript; charset=utf-8"))
        .route("/favicon.svg", asset(ICON, "image/svg+xml"))
        // Browsers ask for it by themselves where no link was read yet.
        .route("/favicon.ico", asset(ICON, "image/svg+xml"))
}

fn asset(text: &'static str, media_type: &'static str) -> axum::routing::MethodRouter {
    let tag = format!("\"{}\"", Digest::over([text.as_bytes()]));
    get(move |headers: HeaderMap| async move { respond(text, media_type, &tag, &headers) })
}

/// Kept by the browser and asked about each time: a new version of the program is used at once.
fn respond(text: &'static str, media_type: &'static str, tag: &str, headers: &HeaderMap) -> Response {
    let kept = [(ETAG, tag.to_owned()), (CACHE_CONTROL, "no-cache".to_owned())];
    let known = headers.get_all(IF_NONE_MATCH).iter().any(|known| known.as_bytes() == tag.as_bytes());
    if known {
        return (StatusCode::NOT_MODIFIED, kept).into_response();
    }
    (kept, [(CONTENT_TYPE, media_type)], text).into_response()
}
