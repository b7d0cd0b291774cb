//! A small daemon on a real listener, for the other modules.

use std::net::SocketAddr;
use std::path::Path;

use axum::Router;
use axum::routing::{get, post};
use dns_service::auth::{Caller, Tokens};
use dns_service::config::{Role, TlsConfig, TokenConfig};
use dns_service::http::{self, Arguments, Bounds, JsonBody, Kit, PlainHttp, Readiness};
use dns_service::telemetry::Metrics;
use serde::Deserialize;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Serves until dropped.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) url: String,
    pub(crate) readiness: Readiness,
    pub(crate) stop: CancellationToken,
    pub(crate) task: JoinHandle<std::io::Result<()>>,
    _stop_at_drop: DropGuard,
}

/// What a [`Served`] is made of.
#[derive(Default)]
pub(crate) struct Setup {
    pub(crate) tokens: Tokens,
    pub(crate) tls: TlsConfig,
    pub(crate) bounds: Bounds,
}

#[derive(Deserialize)]
struct Note {
    text: String,
}

#[derive(Deserialize)]
struct Page {
    limit: u32,
}

fn api() -> Router {
    Router::new()
        .route("/api/v1/who", get(|caller: Caller| async move { format!("{} {:?}", caller.name, caller.role) }))
        .route("/api/v1/note", post(|caller: Caller, JsonBody(note): JsonBody<Note>| async move {
            format!("{}: {}", caller.name, note.text)
        }))
        .route("/api/v1/page", get(|Arguments(page): Arguments<Page>| async move { page.limit.to_string() }))
        .route("/api/v1/forever", get(std::future::pending::<()>))
}

pub(crate) fn serve(setup: Setup) -> Served {
    let Setup { tokens, tls, bounds } = setup;
    let readiness = Readiness::starting(&["engine"]);
    let kit = Kit::new(tokens, readiness.clone(), Metrics::global(), &json!({ "openapi": "3.1.0" })).expect("kit");
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listening = http::bind(any, PlainHttp::OnLoopback, &tls).expect("bound").with_bounds(bounds);
    let (address, url) = (listening.local_addr(), listening.url());
    let stop = CancellationToken::new();
    let task = tokio::spawn(listening.serve(http::router(api(), kit), stop.clone()));
    Served { address, url, readiness, task, _stop_at_drop: stop.clone().drop_guard(), stop }
}

/// A viewer's and an operator's token, in files of a folder.
pub(crate) fn tokens(folder: &Path) -> Tokens {
    let token = |name: &str, role| {
        let file = folder.join(name);
        std::fs::write(&file, format!("{name}-secret\n")).expect("written");
        TokenConfig { name: name.parse().expect("name"), role, file }
    };
    Tokens::load(&[token("board", Role::Viewer), token("oncall", Role::Operator)]).expect("tokens")
}

/// A client that goes nowhere but where it is told.
pub(crate) fn client() -> reqwest::Client {
    dns_service::tls::install_crypto_provider();
    reqwest::Client::builder().no_proxy().build().expect("client")
}
