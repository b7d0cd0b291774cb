//! A TCP proxy that misbehaves on command: the cut, hanging or lying network between two programs.
//!
//! It knows nothing of what passes through it. Replacements have the length of what they replace, so that lengths
//! which the protocol announced still hold.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use crate::process::Sandbox;

/// What is read at once: larger than any event of a stream in the tests, and nothing depends on it.
const CHUNK_BYTES: usize = 16 * 1024;

/// The header by which a subscriber says what it has seen, as hyper writes it, and a header that nobody knows.
const SEEN: (&[u8], &[u8]) = (b"last-event-id:", b"lost-event-id:");

/// A proxy in front of one address.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
    /// Keeps the address claimed.
    _sandbox: Sandbox,
}

#[derive(Debug)]
struct Shared {
    target: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    flow: Flow,
    /// Replaced in what the server says.
    answers: Option<Replacement>,
    /// Replaced in what clients say.
    requests: Option<Replacement>,
    connections: Vec<TcpStream>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Open,
    Held,
    Cut,
    Ended,
}

#[derive(Clone, Debug)]
struct Replacement {
    from: Vec<u8>,
    to: Vec<u8>,
}

/// What becomes of what was read.
enum Passage {
    AsItIs,
    Changed(Replacement),
    Closed,
}

#[derive(Clone, Copy)]
enum Direction {
    Requests,
    Answers,
}

impl Proxy {
    /// Starts a proxy on a fresh port of the sandbox; nobody needs to listen on `target` yet.
    ///
    /// # Panics
    ///
    /// When it cannot listen.
    pub fn start(sandbox: &Sandbox, target: SocketAddr) -> Self {
        let address = sandbox.socket();
        let listener = TcpListener::bind(address).unwrap_or_else(|error| panic!("cannot listen on {address}: {error}"));
        let state = State { flow: Flow::Open, answers: None, requests: None, connections: Vec::new() };
        let shared = Arc::new(Shared { target, state: Mutex::new(state), changed: Condvar::new() });
        let acceptor = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Self { address, shared, acceptor: Some(acceptor), _sandbox: sandbox.clone() }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Breaks every connection, and each new one as soon as it is made.
    pub fn cut(&self) {
        self.set(Flow::Cut);
    }

    /// Accepts, and lets nothing through in either direction; what arrives meanwhile is passed on afterwards.
    pub fn hold(&self) {
        self.set(Flow::Held);
    }

    /// Lets everything through again.
    pub fn open(&self) {
        self.set(Flow::Open);
    }

    /// Replaces `from` by `to` in everything that the server says. Open connections are broken, and what clients say
    /// they have seen is made unreadable, so that the server says everything anew.
    ///
    /// # Panics
    ///
    /// When the two differ in length.
    pub fn falsify(&self, from: &str, to: &str) {
        assert_eq!(from.len(), to.len(), "announced lengths must still hold");
        let mut state = self.shared.lock();
        state.answers = Some(Replacement { from: from.into(), to: to.into() });
        state.requests = Some(Replacement { from: SEEN.0.into(), to: SEEN.1.into() });
        state.break_connections();
    }

    /// Tells the truth again, and everything anew.
    pub fn be_honest(&self) {
        let mut state = self.shared.lock();
        state.answers = None;
        state.break_connections();
    }

    fn set(&self, flow: Flow) {
        let mut state = self.shared.lock();
        state.flow = flow;
        if matches!(flow, Flow::Cut | Flow::Ended) {
            state.break_connections();
        }
        self.shared.changed.notify_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.set(Flow::Ended);
        // The acceptor looks at the flow once it has accepted somebody.
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            // A panic of the acceptor has been printed; a second one here would abort the runner.
            drop(acceptor.join());
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits while the flow is held; says what becomes of what was read.
    fn pass(&self, direction: Direction) -> Passage {
        let held = |state: &mut State| state.flow == Flow::Held;
        let state = self.changed.wait_while(self.lock(), held).unwrap_or_else(PoisonError::into_inner);
        let replacement = match direction {
            Direction::Requests => &state.requests,
            Direction::Answers => &state.answers,
        };
        match (state.flow, replacement) {
            (Flow::Open, None) => Passage::AsItIs,
            (Flow::Open, Some(replacement)) => Passage::Changed(replacement.clone()),
            (Flow::Held | Flow::Cut | Flow::Ended, _) => Passage::Closed,
        }
    }
}

impl State {
    fn break_connections(&mut self) {
        for connection in self.connections.drain(..) {
            // One that its peer has closed already is as broken as it should be.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

impl Replacement {
    /// Adds `read` to what waits and takes out all that can be passed on: the end may be the beginning of a match.
    fn apply(&self, waiting: &mut Vec<u8>, read: &[u8]) -> Vec<u8> {
        waiting.extend_from_slice(read);
        let mut at = 0;
        while at + self.from.len() <= waiting.len() {
            let window = at..at + self.from.len();
            if waiting[window.clone()] == self.from {
                waiting[window].copy_from_slice(&self.to);
                at += self.from.len();
            } else {
                at += 1;
            }
        }
        let begins = |length: &usize| waiting[at..].len() >= *length && waiting.ends_with(&self.from[..*length]);
        let kept = (1..self.from.len()).rev().find(begins).unwrap_or(0);
        let rest = waiting.split_off(waiting.len() - kept);
        std::mem::replace(waiting, rest)
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        let flow = shared.lock().flow;
        match (flow, client) {
            (Flow::Ended, _) => return,
            (Flow::Open | Flow::Held, Ok(client)) => join(&client, shared),
            (Flow::Cut, _) | (_, Err(_)) => {}
        }
    }
}

/// Connects a client with the target. A target that refuses costs the client its connection, as without a proxy.
fn join(client: &TcpStream, shared: &Arc<Shared>) {
    let Ok(server) = TcpStream::connect(shared.target) else { return };
    let ends = || Some((client.try_clone().ok()?, server.try_clone().ok()?));
    let (Some(up), Some(down), Some(known)) = (ends(), ends(), ends()) else { return };
    let mut state = shared.lock();
    if !matches!(state.flow, Flow::Open | Flow::Held) {
        return;
    }
    state.connections.extend([known.0, known.1]);
    drop(state);
    for (from, to, direction) in [(up.0, up.1, Direction::Requests), (down.1, down.0, Direction::Answers)] {
        let shared = Arc::clone(shared);
        thread::spawn(move || pump(from, to, direction, &shared));
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream, direction: Direction, shared: &Shared) {
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut waiting = Vec::new();
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let passed = match shared.pass(direction) {
            Passage::AsItIs => [std::mem::take(&mut waiting), buffer[..count].to_vec()].concat(),
            Passage::Changed(replacement) => replacement.apply(&mut waiting, &buffer[..count]),
            Passage::Closed => break,
        };
        if to.write_all(&passed).is_err() {
            break;
        }
    }
    // Half-open connections are not what is tested here.
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_across_reads_and_holds_back_no_more_than_a_beginning() {
        let replacement = Replacement { from: b"healthy".to_vec(), to: b"failing".to_vec() };
        let mut waiting = Vec::new();
        assert_eq!(replacement.apply(&mut waiting, b"a healthy b hea"), b"a failing b ");
        assert_eq!(replacement.apply(&mut waiting, b"lth"), b"");
        assert_eq!(replacement.apply(&mut waiting, b"y c"), b"failing c");
        assert_eq!(replacement.apply(&mut waiting, b"hea"), b"");
        assert_eq!(replacement.apply(&mut waiting, b"ven"), b"heaven");
    }
}
