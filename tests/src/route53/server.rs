//! The HTTP side: one thread with its own runtime, loopback only, connections that can be cut.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::account::{Account, Busy, lock};
use super::fault::{Kind, Operation, wait_after, wait_before};
use super::operation::{Call, Done};
use super::refusal::Refusal;
use super::signature::{Credential, verify};
use crate::connection::{Cut, Cutting, listen};

/// The largest body that is read: the largest batch with its markup is far smaller.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A running server; it ends when it is dropped, and its connections with it.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    /// Its runtime, for what else serves as long as it does.
    pub(super) runtime: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What every request needs.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) account: Arc<Mutex<Account>>,
    pub(super) credentials: Vec<Credential>,
    pub(super) name_servers: Vec<String>,
}

/// What becomes of a request.
enum Outcome {
    Answered(Result<Done, Refusal>),
    Truncated(Result<Done, Refusal>),
    Cut,
}

impl Server {
    pub(super) fn start(shared: Arc<Shared>) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (ready, started) = mpsc::channel();
        let (listener, address) = listen();
        let thread = thread::Builder::new().name("route53-fake".to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = Cutting(TcpListener::from_std(listener).expect("a listener in the runtime"));
                ready.send(Handle::current()).expect("invariant: the starter waits");
                let router = Router::new().fallback(handle).with_state(shared);
                let service = router.into_make_service_with_connect_info::<Cut>();
                tokio::select! {
                    served = axum::serve(listener, service) => served.expect("the server runs"),
                    // A dropped sender stops it as well.
                    _ = stopped => {}
                }
            });
        });
        let thread = thread.expect("a thread");
        let runtime = started.recv().expect("the server starts");
        Self { address, runtime, stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the server has been printed; a second one here would abort the runner.
            drop(thread.join());
        }
    }
}

async fn handle(State(shared): State<Arc<Shared>>, ConnectInfo(cut): ConnectInfo<Cut>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else { return end(&cut) };
    // On a task of its own: what a service has begun, it finishes, whether or not the client still listens.
    let work = tokio::spawn(async move { answer(&shared, &parts, &body).await });
    match work.await {
        Ok(Outcome::Answered(outcome)) => respond(outcome, |document| document),
        Ok(Outcome::Truncated(outcome)) => respond(outcome, |mut document| {
            document.truncate(document.len() / 2);
            document
        }),
        // A panic of the work has been printed.
        Ok(Outcome::Cut) | Err(_) => end(&cut),
    }
}

/// Understands a request, checks who sent it, and does it as the faults allow.
async fn answer(shared: &Shared, parts: &Parts, body: &[u8]) -> Outcome {
    let account = &shared.account;
    let call = Call::of(&parts.method, &parts.uri);
    if let Some(call) = &call {
        *lock(account).requests.entry(call.operation).or_default() += 1;
    }
    let credential = match verify(&shared.credentials, parts, body, Timestamp::now()) {
        Ok(credential) => credential,
        Err(refusal) => return Outcome::Answered(Err(refusal)),
    };
    let Some(call) = call else {
        return Outcome::Answered(Err(Refusal::unknown_operation(parts.method.as_str(), parts.uri.path())));
    };
    let (admitted, faults) = {
        let mut account = lock(account);
        let admitted = account.admit().and_then(|()| permit(&account, credential, &call));
        // A call that is turned away at the door is no call that a scripted fault waits for.
        let faults = if admitted.is_ok() { account.script.strike(call.operation) } else { Vec::new() };
        (admitted, faults)
    };
    match admitted {
        Ok(()) => perform(shared, &call, body, &faults).await,
        Err(refusal) => Outcome::Answered(Err(refusal)),
    }
}

fn permit(account: &Account, credential: &Credential, call: &Call) -> Result<(), Refusal> {
    let Some(zone) = call.zone().filter(|zone| account.denied.contains(&(call.operation, (*zone).to_owned()))) else {
        return Ok(());
    };
    let action = format!("{:?}", call.operation);
    Err(Refusal::access_denied(&credential.key_id, &action, &format!("hostedzone/{zone}")))
}

async fn perform(shared: &Shared, call: &Call, body: &[u8], faults: &[Kind]) -> Outcome {
    let busy = match call.zone() {
        Some(zone) if call.operation == Operation::ChangeResourceRecordSets => Busy::begin(&shared.account, zone),
        _ => return perform_unhindered(shared, call, body, faults).await,
    };
    match busy {
        Ok(busy) => {
            let outcome = perform_unhindered(shared, call, body, faults).await;
            drop(busy);
            outcome
        }
        Err(refusal) => Outcome::Answered(Err(refusal)),
    }
}

async fn perform_unhindered(shared: &Shared, call: &Call, body: &[u8], faults: &[Kind]) -> Outcome {
    wait_before(faults).await;
    for kind in faults {
        match kind {
            Kind::Refused(failure) => return Outcome::Answered(Err(failure.refusal())),
            Kind::Cut => return Outcome::Cut,
            _ => {}
        }
    }
    let outcome = call.perform(&mut lock(&shared.account), &shared.name_servers, body, faults);
    wait_after(faults).await;
    for kind in faults {
        match kind {
            Kind::RefusedAfterwards(failure) => return Outcome::Answered(Err(failure.refusal())),
            Kind::CutAfterwards => return Outcome::Cut,
            Kind::Truncated => return Outcome::Truncated(outcome),
            _ => {}
        }
    }
    Outcome::Answered(outcome)
}

fn respond(outcome: Result<Done, Refusal>, change: impl FnOnce(String) -> String) -> Response {
    let request_id = format!("{:032x}", fastrand::u128(..));
    let done = outcome.unwrap_or_else(|refusal| Done {
        status: StatusCode::from_u16(refusal.status).expect("invariant: refusals have real statuses"),
        document: refusal.document(&request_id),
        location: None,
    });
    let mut response = Response::builder()
        .status(done.status)
        .header(header::CONTENT_TYPE, "text/xml")
        .header("x-amzn-requestid", &request_id);
    if let Some(location) = done.location {
        response = response.header(header::LOCATION, location);
    }
    response.body(Body::from(change(done.document))).expect("invariant: the headers are valid")
}

/// Breaks the connection; the response is never written.
fn end(connection: &Cut) -> Response {
    connection.now();
    Response::new(Body::empty())
}
