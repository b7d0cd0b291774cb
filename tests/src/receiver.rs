//! Strict stand-ins for whoever is told and asked over HTTP: webhooks and hooks signed as the Standard Webhooks
//! specification has it, Slack's incoming webhooks, `PagerDuty`'s Events API v2, Alertmanager's API v2.
//!
//! Each checks every request against the rules that the real one publishes, answers a wrong one with 400, and keeps what
//! was wrong for the test. What it answers to a right one is the test's choice.

mod rules;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub use rules::Kind;

/// A request, as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its path.
    pub path: String,
    /// The `webhook-id` header; empty without one.
    pub id: String,
    /// The document; null if it was none.
    pub body: Value,
    /// The status that it was answered with; 0 for none.
    pub answered: u16,
}

/// What a right request is answered with.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A status without more.
    Status(u16),
    /// 200 and a document.
    Document(Value),
    /// Nothing, for as long as the client waits.
    Silence,
}

/// A stand-in that ends with this.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    state: Arc<Mutex<Stand>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Stand {
    kind: Kind,
    requests: Vec<Request>,
    faults: Vec<String>,
    script: VecDeque<Reply>,
    usual: Reply,
}

impl Receiver {
    /// Starts one on an address. It takes what is right.
    ///
    /// # Panics
    ///
    /// When the address cannot be bound.
    pub fn start(address: SocketAddr, kind: Kind) -> Self {
        let usual = kind.usual();
        let stand = Stand { kind, requests: Vec::new(), faults: Vec::new(), script: VecDeque::new(), usual };
        let state = Arc::new(Mutex::new(stand));
        let (stop, stopped) = oneshot::channel();
        let listener = std::net::TcpListener::bind(address).expect("a free address of the sandbox");
        listener.set_nonblocking(true).expect("a listener");
        let shared = Arc::clone(&state);
        let thread = thread::spawn(move || run(listener, shared, stopped));
        Self { address, state, stop: Some(stop), thread: Some(thread) }
    }

    /// A URL of it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Every request, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.lock().requests.clone()
    }

    /// Those that it took.
    pub fn taken(&self) -> Vec<Request> {
        self.requests().into_iter().filter(|request| (200..300).contains(&request.answered)).collect()
    }

    /// What was wrong with requests.
    pub fn faults(&self) -> Vec<String> {
        self.lock().faults.clone()
    }

    /// Answers the next right requests so, one after the other, before the usual answer.
    pub fn answer_next(&self, replies: impl IntoIterator<Item = Reply>) {
        self.lock().script.extend(replies);
    }

    /// Answers right requests so from now on.
    pub fn answer(&self, usual: Reply) {
        self.lock().usual = usual;
    }

    fn lock(&self) -> MutexGuard<'_, Stand> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed; a second one here would abort the runner.
            drop(thread.join());
        }
    }
}

fn run(listener: std::net::TcpListener, state: Arc<Mutex<Stand>>, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener).expect("a listener in the runtime");
        let routes = Router::new().fallback(handle).with_state(state);
        // Without grace: a client that still waits sees its connection end.
        tokio::select! {
            result = async { axum::serve(listener, routes).await } => result.expect("serves"),
            _ = stopped => {}
        }
    });
}

async fn handle(
    State(state): State<Arc<Mutex<Stand>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match take(&state, &method, &uri, &headers, &body) {
        Reply::Status(status) => StatusCode::from_u16(status).expect("a status").into_response(),
        Reply::Document(document) => axum::Json(document).into_response(),
        Reply::Silence => std::future::pending().await,
    }
}

/// Writes a request down and chooses the answer.
fn take(state: &Mutex<Stand>, method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Reply {
    let mut stand = state.lock().unwrap_or_else(PoisonError::into_inner);
    let document = serde_json::from_slice(body).unwrap_or(Value::Null);
    let wrong = stand.kind.faults(method, uri.path(), headers, body, &document);
    let reply = if wrong.is_empty() {
        let usual = stand.usual.clone();
        stand.script.pop_front().unwrap_or(usual)
    } else {
        Reply::Status(400)
    };
    stand.faults.extend(wrong);
    let answered = match &reply {
        Reply::Status(status) => *status,
        Reply::Document(_) => 200,
        Reply::Silence => 0,
    };
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    stand.requests.push(Request { path: uri.path().to_owned(), id, body: document, answered });
    reply
}
