//! What goes on until it is interrupted tells what is new, and survives an absent controller.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use dns_api::history::HistoryPage;
use serde_json::Value;
use tokio::io::{BufReader, Lines};
use tokio::process::ChildStdout;

use crate::command::{serve, start};
use crate::sample;

async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    lines.next_line().await.expect("reads").expect("goes on")
}

#[tokio::test]
async fn status_watch_adds_a_line_when_something_changed() {
    let asked = Arc::new(AtomicUsize::new(0));
    let list = async move || match asked.fetch_add(1, Ordering::Relaxed) {
        0 | 1 => Json(sample::calm_list()),
        _ => Json(sample::troubled_list()),
    };
    let server = serve(Router::new().route("/api/v1/services", get(list))).await;
    let (_child, mut lines) = start(server, &["status", "--watch"]);
    assert!(next(&mut lines).await.ends_with("Z all 2 services steady"));
    assert!(next(&mut lines).await.contains("Z PAGE: checkout: "), "the second calm answer adds nothing");
}

#[tokio::test]
async fn history_follow_goes_on_after_the_last_row() {
    let asked = Arc::new(AtomicUsize::new(0));
    let page = async move |Query(query): Query<Value>| {
        let mut rows = sample::history().rows;
        match asked.fetch_add(1, Ordering::Relaxed) {
            0 => rows.truncate(2),
            1 => return (StatusCode::OK, Json(HistoryPage { rows: Vec::new() })).into_response(),
            _ if query["after"] == "2" => drop(rows.drain(..2)),
            _ => return StatusCode::BAD_REQUEST.into_response(),
        }
        Json(HistoryPage { rows }).into_response()
    };
    let server = serve(Router::new().route("/api/v1/history", get(page))).await;
    let (_child, mut lines) = start(server, &["history", "--follow", "--service", "checkout"]);
    for position in ["1 ", "2 ", "3 "] {
        let line = next(&mut lines).await;
        assert!(line.starts_with(position), "{line}");
    }
}
