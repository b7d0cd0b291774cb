//! The status page: what is wrong, why nothing or something moves, and the orders that help; for people at 3 a.m.
//!
//! Rendered here and useful without JavaScript; with it, sections that change arrive as server-sent events. The page
//! shows what the engine publishes and what history tells, and decides nothing. It writes nothing either: its dialogs
//! call the API with an operator's token, as `dns-admin` does. It loads nothing from anywhere else, and a strict
//! content security policy holds it to that.

mod archive;
mod assets;
mod door;
mod edition;
mod forming;
mod headline;
mod press;
mod render;
mod section;
mod stream;
mod view;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use dns_core::identifier::Actor;
use dns_service::auth::Tokens;
use dns_service::clock::Clock;
use dns_service::http::{ApiError, Arguments};
use dns_store::port::Store;
use maud::Markup;
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use self::door::{Door, Reader};
use self::press::Kiosk;
pub(crate) use self::press::Press;
use self::render::shell::{self, Frame};
use self::render::sign_in::sign_in;
use self::section::Subject;
use self::stream::{Live, STREAMS_MAX};
use self::view::HISTORY_ROWS;
use crate::engine::handle::Engine;

/// Nothing but our own files, no inline style or script, no frame around us, forms only to us.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What the page is made of.
pub(crate) struct Parts {
    /// This controller's name.
    pub(crate) instance: Actor,
    /// What it shows.
    pub(crate) engine: Engine,
    /// Where history is.
    pub(crate) store: Arc<dyn Store>,
    /// The clock that everything is dated by.
    pub(crate) clock: Clock,
    /// Who may read, and order.
    pub(crate) tokens: Tokens,
    /// Whether it is served over TLS.
    pub(crate) tls: bool,
    /// Ends every live page.
    pub(crate) stop: CancellationToken,
}

/// What the handlers need.
#[derive(Clone)]
struct Desk {
    kiosk: Kiosk,
    store: Arc<dyn Store>,
    clock: Clock,
    door: Door,
    places: Arc<Semaphore>,
    run: String,
    stop: CancellationToken,
}

/// The routes, which see to it themselves who may read, and the press that has to run for them.
pub(crate) fn set_up(parts: Parts) -> (Router, Press) {
    let Parts { instance, engine, store, clock, tokens, tls, stop } = parts;
    let door = Door::new(tokens, &instance, tls);
    let (press, kiosk) = Press::new(engine, Arc::clone(&store), door.orders());
    let places = Arc::new(Semaphore::new(STREAMS_MAX));
    // Tells two runs apart; it guards nothing.
    let run = format!("{:016x}", fastrand::u64(..));
    (routes(Desk { kiosk, store, clock, door, places, run, stop }), press)
}

fn routes(desk: Desk) -> Router {
    Router::new()
        .route("/", get(front))
        .route("/services/{name}", get(service))
        .route("/history", get(history))
        .route("/events", get(events))
        .route("/session", post(open_session))
        .route("/session/end", post(end_session))
        .with_state(desk)
        .merge(assets::routes())
        .layer(map_response(guarded))
}

/// What every answer has, whatever it is.
async fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // What is guarded is not kept by a browser, and not shown by its back button after signing out.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn front(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    match desk.door.reader(&headers) {
        Some(reader) => desk.show(&reader, &Subject::All).await,
        None => html(StatusCode::OK, sign_in(None)),
    }
}

async fn service(State(desk): State<Desk>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    match desk.door.reader(&headers) {
        Some(reader) => desk.show(&reader, &Subject::Service(name)).await,
        None => html(StatusCode::OK, sign_in(None)),
    }
}

/// Query of `GET /history`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HistoryArguments {
    before: u64,
}

async fn history(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Arguments(HistoryArguments { before }): Arguments<HistoryArguments>,
) -> Response {
    let Some(reader) = desk.door.reader(&headers) else { return html(StatusCode::OK, sign_in(None)) };
    let count = u32::try_from(HISTORY_ROWS).unwrap_or(u32::MAX);
    match archive::before(&*desk.store, before, count).await {
        Ok(rows) => {
            let controller = desk.kiosk.newest().await.map(|edition| edition.controller.clone()).unwrap_or_default();
            let frame = desk.frame(&reader);
            html(StatusCode::OK, shell::history(&frame, &controller, &render::history_table(&rows)))
        }
        Err(error) => {
            let text = format!("{error}. Failover works on without it; try again in a moment.");
            html(StatusCode::SERVICE_UNAVAILABLE, shell::notice("History cannot be read", &text))
        }
    }
}

/// Query of `GET /events`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventArguments {
    service: Option<String>,
}

async fn events(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Arguments(EventArguments { service }): Arguments<EventArguments>,
) -> Result<Response, ApiError> {
    let signed_out = || ApiError::unauthorized("nobody is signed in to the page").hint("sign in at /");
    let reader = desk.door.reader(&headers).ok_or_else(signed_out)?;
    let full = || ApiError::unavailable(format!("{STREAMS_MAX} live pages are open, no more are served"));
    let place = Arc::clone(&desk.places).try_acquire_owned();
    let place = place.map_err(|_| full().hint("close some of them; a reload shows what is so now"))?;
    // Before the first edition is asked for, so that the press goes on from there.
    let editions = desk.kiosk.subscribe();
    let loading = || ApiError::unavailable("the engine is still loading, or the controller is stopping");
    let first = desk.kiosk.newest().await.ok_or_else(loading)?;
    let subject = service.map_or(Subject::All, Subject::Service);
    let Desk { door, clock, run, stop, .. } = desk;
    Ok(Live { subject, run, first, editions, door, reader, clock, stop }.respond(place).into_response())
}

async fn open_session(State(desk): State<Desk>, form: Bytes) -> Response {
    desk.door.sign_in(&form)
}

async fn end_session(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    desk.door.sign_out(&headers)
}

impl Desk {
    async fn show(&self, reader: &Reader, subject: &Subject) -> Response {
        let Some(edition) = self.kiosk.newest().await else {
            let notice = shell::notice("Loading", "The engine is still loading. Try again in a moment.");
            return ([(RETRY_AFTER, "1")], html(StatusCode::SERVICE_UNAVAILABLE, notice)).into_response();
        };
        if let Subject::Service(name) = subject
            && !edition.services.iter().any(|line| line.name == *name)
        {
            let text = format!("There is no service `{name}` in this controller's configuration.");
            return html(StatusCode::NOT_FOUND, shell::notice("No such service", &text));
        }
        html(StatusCode::OK, shell::page(&self.frame(reader), subject, &edition))
    }

    fn frame(&self, reader: &Reader) -> Frame {
        Frame { reader: reader.name.clone(), orders: self.door.orders(), run: self.run.clone() }
    }
}

fn html(status: StatusCode, markup: Markup) -> Response {
    (status, Html(markup.into_string())).into_response()
}
