//! The HTTP side: a thread with a runtime of its own, and the way of a request through faults and rules.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::connect_info::ConnectInfo;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::AUTHORIZATION;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::account::{Account, View};
use super::answer::Answer;
use super::call::{self, Call, Operation};
use super::fault::Kind;
use crate::connection::{Cut, Cutting, listen};

/// A server that ends with this.
#[derive(Debug)]
pub(super) struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Clone, Debug)]
struct Shared {
    account: Arc<Mutex<Account>>,
    body_octets_max: usize,
}

/// A request that was read whole.
struct Asked {
    /// The operation, or the path that has none.
    call: Result<Call, String>,
    authorization: Option<String>,
    body: Bytes,
    faults: Vec<Kind>,
}

/// What is to be done with the connection.
enum Reply {
    Answer(Answer),
    Cut,
}

impl Server {
    pub(super) fn start(account: Arc<Mutex<Account>>, body_octets_max: usize) -> Self {
        let (listener, address) = listen();
        let (stop, stopped) = oneshot::channel();
        let shared = Shared { account, body_octets_max };
        let thread = thread::spawn(move || run(listener, shared, stopped));
        Self { address, stop: Some(stop), thread: Some(thread) }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Dropping the sender ends the server; joining it frees the port before the next test starts.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the server has been printed; a second one here would abort the runner.
            drop(thread.join());
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request and says what is to go wrong with it.
    fn meet(&self, operation: Option<Operation>) -> Vec<Kind> {
        let mut account = self.lock();
        account.seen.request(operation);
        operation.map(|operation| account.faults.strike(operation)).unwrap_or_default()
    }

    /// Applied to its end even when the client has gone: the service doesn't notice that.
    async fn reply(self, asked: Asked) -> Reply {
        if let Some(reply) = before(&asked.faults).await {
            return reply;
        }
        let call = asked.call.as_ref().map_err(String::as_str);
        let view = view(&asked.faults);
        let answer = self.lock().answer(call, asked.authorization.as_deref(), &asked.body, view);
        after(&asked.faults, answer).await
    }
}

fn run(listener: std::net::TcpListener, shared: Shared, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = Cutting(TcpListener::from_std(listener).expect("a listener in the runtime"));
        let routes = Router::new().fallback(handle).with_state(shared);
        let serving = axum::serve(listener, routes.into_make_service_with_connect_info::<Cut>());
        // Without grace: a client that still waits sees its connection end.
        tokio::select! {
            result = serving => result.expect("invariant: the listener retries and never ends"),
            _ = stopped => {}
        }
    });
    runtime.shutdown_background();
}

async fn handle(State(shared): State<Shared>, ConnectInfo(cut): ConnectInfo<Cut>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let call = call::parse(&parts.method, &parts.uri).ok_or_else(|| parts.uri.path().to_owned());
    let faults = shared.meet(call.as_ref().ok().map(|call| call.operation));
    let Ok(body) = to_bytes(body, shared.body_octets_max).await else { return too_large() };
    let authorization = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let replying = tokio::spawn(shared.reply(Asked { call, authorization, body, faults }));
    match replying.await {
        Ok(Reply::Answer(answer)) => answer.into_response(),
        // Also after a panic, which has been printed: no answer is what a crashed server gives.
        Ok(Reply::Cut) | Err(_) => {
            cut.now();
            Response::new(Body::empty())
        }
    }
}

/// Said by the edge, in HTML.
fn too_large() -> Response {
    Answer::edge_page(413).into_response()
}

/// Waits for what comes before the call is done; the first fault that answers it stands in for the rules.
async fn before(faults: &[Kind]) -> Option<Reply> {
    for fault in faults {
        match fault {
            Kind::Latency(time) => tokio::time::sleep(*time).await,
            Kind::Gate(gate) => gate.pass().await,
            Kind::Refused(failure) => return Some(Reply::Answer(failure.answer())),
            Kind::Cut => return Some(Reply::Cut),
            Kind::SlowAnswer(_)
            | Kind::RefusedAfterwards(_)
            | Kind::CutAfterwards
            | Kind::Stale(_)
            | Kind::ShortPage(_)
            | Kind::Truncated => {}
        }
    }
    None
}

fn view(faults: &[Kind]) -> View {
    let mut view = View::default();
    for fault in faults {
        match fault {
            Kind::Stale(changes_ago) => view.changes_ago = *changes_ago,
            Kind::ShortPage(missing) => view.missing = *missing,
            Kind::Latency(_)
            | Kind::Gate(_)
            | Kind::SlowAnswer(_)
            | Kind::Refused(_)
            | Kind::RefusedAfterwards(_)
            | Kind::Cut
            | Kind::CutAfterwards
            | Kind::Truncated => {}
        }
    }
    view
}

async fn after(faults: &[Kind], mut answer: Answer) -> Reply {
    for fault in faults {
        match fault {
            Kind::SlowAnswer(time) => tokio::time::sleep(*time).await,
            Kind::RefusedAfterwards(failure) => return Reply::Answer(failure.answer()),
            Kind::CutAfterwards => return Reply::Cut,
            Kind::Truncated => answer = answer.truncated(),
            // They have happened by now, or are in the answer.
            Kind::Latency(_) | Kind::Gate(_) | Kind::Refused(_) | Kind::Cut | Kind::Stale(_) | Kind::ShortPage(_) => {}
        }
    }
    Reply::Answer(answer)
}
