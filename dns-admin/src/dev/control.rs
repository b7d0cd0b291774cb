//! `dev break` and `dev heal`: a small API of the running installation, and its client.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::post;
use dns_api::problem::Problem;
use dns_api::transport;
use dns_service::auth::Tokens;
use dns_service::exit::{Exit, chain};
use dns_service::http::{ApiError, Kit, Readiness, router};
use dns_service::telemetry::Metrics;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::installation::{Sites, actor};
use super::port;
use super::site::Condition;
use crate::arguments::Switch;
use crate::failure::Failure;
use crate::output::Output;

/// The verb that breaks.
pub(super) const BREAK: &str = "break";
/// The verb that heals.
pub(super) const HEAL: &str = "heal";

/// How long an installation on this machine may take to answer.
const WITHIN: Duration = Duration::from_secs(10);

/// What became of it.
#[derive(Debug, Serialize, Deserialize)]
struct Switched {
    name: String,
    /// `answering` or `broken`.
    condition: String,
    /// Since when, RFC 3339.
    since: String,
}

/// The API of a running installation.
pub(super) struct Control {
    address: SocketAddr,
    stop: CancellationToken,
}

impl Control {
    /// Listens for what is to be broken.
    ///
    /// # Errors
    /// If the port is taken.
    pub(super) fn start(address: SocketAddr, sites: Sites) -> Result<Self, Failure> {
        let listening = port::http(address, "--control-listen")?;
        let (address, stop) = (listening.local_addr(), CancellationToken::new());
        let kit = Kit {
            tokens: Tokens::open(actor("you")),
            readiness: Readiness::starting(&[]),
            metrics: Metrics::global(),
            openapi: Arc::from("{}"),
        };
        let routes = Router::new()
            .route("/api/v1/sites/{name}/break", post(async |state, path| switch(state, path, Condition::Broken).await))
            .route(
                "/api/v1/sites/{name}/heal",
                post(async |state, path| switch(state, path, Condition::Answering).await),
            )
            .with_state(sites);
        let token = stop.clone();
        tokio::spawn(async move { listening.serve(router(routes, kit), token).await });
        Ok(Self { address, stop })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }
}

async fn switch(
    State(sites): State<Sites>,
    Path(name): Path<String>,
    condition: Condition,
) -> Result<Json<Switched>, ApiError> {
    let site = sites.get(&name).ok_or_else(|| {
        let hint = format!("there are {}", sites.keys().cloned().collect::<Vec<_>>().join(", "));
        ApiError::not_found(format!("there is no region or vantage point `{name}`")).hint(hint)
    })?;
    let since = site.become_(condition).await.map_err(|error| ApiError::internal(format!("`{name}`: {error}")))?;
    let condition = match condition {
        Condition::Answering => "answering",
        Condition::Broken => "broken",
    };
    Ok(Json(Switched { name, condition: condition.to_owned(), since: format!("{since:.3}") }))
}

/// Asks a running installation to break or heal something.
///
/// # Errors
/// If none runs there, or it knows nothing of that name.
pub(super) async fn ask(switch: &Switch, verb: &str, output: &Output) -> Result<Exit, Failure> {
    let Switch { name, control } = switch;
    let unreachable = |error: &(dyn std::error::Error + 'static)| {
        // The innermost cause is what happened; the layers around it only say where in the HTTP stack it did.
        let cause = chain(error).last().map(ToString::to_string).unwrap_or_default();
        let control = control.as_str().trim_end_matches('/');
        Failure::new(Exit::Unreachable, format!("no `dns-admin dev` answers at {control}: {cause}")).hint(
            "start `dns-admin dev` in another terminal (with --config there is nothing to break); --control or \
                 DNS_ADMIN_DEV_CONTROL says where it listens",
        )
    };
    let client = transport::builder(control, None)?.timeout(WITHIN).build().map_err(|error| unreachable(&error))?;
    let mut url = control.clone();
    let Ok(mut segments) = url.path_segments_mut() else {
        return Err(Failure::new(Exit::Usage, format!("`{control}` is no URL of a server")));
    };
    segments.pop_if_empty().extend(["api", "v1", "sites", name, verb]);
    drop(segments);
    let answer = client.post(url).send().await.map_err(|error| unreachable(&error))?;
    if !answer.status().is_success() {
        return Err(refused(control.as_str(), answer).await);
    }
    let switched: Switched = answer.json().await.map_err(|error| unreachable(&error))?;
    output.answer(&switched, |_| format!("{} is {} since {}\n", switched.name, switched.condition, switched.since))?;
    Ok(Exit::Done)
}

async fn refused(control: &str, answer: reqwest::Response) -> Failure {
    let status = answer.status();
    match answer.json::<Problem>().await {
        Ok(problem) => {
            let failure = Failure::new(Exit::Failed, problem.detail);
            problem.hint.into_iter().fold(failure, Failure::hint)
        }
        Err(_) => Failure::new(Exit::Failed, format!("{control} answered {status}"))
            .hint("does --control lead to a running `dns-admin dev`?"),
    }
}
