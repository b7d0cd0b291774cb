//! Stands between the controller and a server, knows where each question and each answer ends, and damages single
//! exchanges: for real servers what the faults of the stand-ins are for those.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::process::Sandbox;

/// How long a server on loopback has to answer an exchange; then it counts as cut.
const SERVER_WITHIN: Duration = Duration::from_secs(20);

/// The largest message; every one of the tests is far smaller.
const MESSAGE_OCTETS_MAX: usize = 1024 * 1024;

/// What a server says that is out of order, in place of an answer.
const UNAVAILABLE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy";

/// How messages are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// HTTP/1.1 with announced lengths; calls are named by their method.
    Http,
    /// DNS over TCP (RFC 1035 §4.2.2); calls are named by their opcode, `QUERY` or `UPDATE`.
    DnsOverTcp,
}

/// What happens to an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Nothing is passed on, and the connection ends.
    Cut,
    /// It is passed on, and the connection ends without an answer.
    CutAfterwards,
    /// It is passed on only after this time.
    Latency(Duration),
    /// It is passed on, and the answer waits.
    SlowAnswer(Duration),
    /// It is passed on, and the answer breaks off in the middle.
    Truncated,
    /// It is answered as by a server out of order, and not passed on. HTTP only.
    Unavailable,
    /// It is passed on and then answered as by a server out of order. HTTP only.
    UnavailableAfterwards,
}

/// Damages some exchanges of a call: after `skip` of them, the next `times`.
#[derive(Clone, Copy, Debug)]
pub struct Toll {
    /// Which call, as [`Framing`] names it.
    pub call: &'static str,
    /// How many are left alone first.
    pub skip: usize,
    /// How many are damaged.
    pub times: usize,
    /// How.
    pub damage: Damage,
}

/// A relay in front of one address.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
    /// Keeps the address claimed.
    _sandbox: Sandbox,
}

#[derive(Debug)]
struct Shared {
    target: SocketAddr,
    framing: Framing,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    over: bool,
    calls: BTreeMap<String, usize>,
    tolls: Vec<(Toll, usize)>,
}

impl Relay {
    /// Starts a relay on a fresh port of the sandbox.
    ///
    /// # Panics
    ///
    /// When it cannot listen.
    pub fn start(sandbox: &Sandbox, target: SocketAddr, framing: Framing) -> Self {
        let address = sandbox.socket();
        let listener = TcpListener::bind(address).unwrap_or_else(|error| panic!("cannot listen on {address}: {error}"));
        let shared = Arc::new(Shared { target, framing, state: Mutex::default() });
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

    /// How many exchanges each call has had, damaged ones included.
    pub fn calls(&self) -> BTreeMap<String, usize> {
        self.shared.lock().calls.clone()
    }

    /// Damages exchanges that are to come.
    pub fn inject(&self, toll: Toll) {
        self.shared.lock().tolls.push((toll, 0));
    }

    /// How many exchanges are still to be damaged.
    pub fn pending(&self) -> usize {
        self.shared.lock().tolls.iter().map(|(toll, seen)| toll.times - seen.saturating_sub(toll.skip)).sum()
    }

    /// Damages nothing any more.
    pub fn heal(&self) {
        self.shared.lock().tolls.clear();
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        // The acceptor looks once it has accepted somebody.
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

    /// Counts an exchange and says what is to happen to it.
    fn meet(&self, call: &str) -> Option<Damage> {
        let mut state = self.lock();
        *state.calls.entry(call.to_owned()).or_default() += 1;
        let mut struck = None;
        for (toll, seen) in state.tolls.iter_mut().filter(|(toll, _)| toll.call == call) {
            if *seen >= toll.skip {
                struck = Some(toll.damage);
            }
            *seen += 1;
        }
        state.tolls.retain(|(toll, seen)| *seen < toll.skip + toll.times);
        struck
    }

    /// Asks the server, on a connection of its own.
    fn ask(&self, question: &[u8]) -> io::Result<Vec<u8>> {
        let mut server = TcpStream::connect(self.target)?;
        server.set_read_timeout(Some(SERVER_WITHIN))?;
        server.write_all(question)?;
        read_message(&mut server, self.framing)
    }

    /// The octets that the client gets and whether the connection lives on.
    fn answer(&self, question: &[u8]) -> io::Result<(Vec<u8>, bool)> {
        let damage = self.meet(&call_of(question, self.framing));
        match damage {
            None => Ok((self.ask(question)?, true)),
            Some(Damage::Cut) => Ok((Vec::new(), false)),
            Some(Damage::CutAfterwards) => self.ask(question).map(|_| (Vec::new(), false)),
            Some(Damage::Latency(time)) => {
                thread::sleep(time);
                Ok((self.ask(question)?, true))
            }
            Some(Damage::SlowAnswer(time)) => {
                let answer = self.ask(question)?;
                thread::sleep(time);
                Ok((answer, true))
            }
            Some(Damage::Truncated) => {
                let answer = self.ask(question)?;
                Ok((answer[..answer.len() / 2].to_vec(), false))
            }
            Some(Damage::Unavailable) => Ok((UNAVAILABLE.to_vec(), false)),
            Some(Damage::UnavailableAfterwards) => self.ask(question).map(|_| (UNAVAILABLE.to_vec(), false)),
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.lock().over {
            return;
        }
        let Ok(client) = client else { continue };
        let shared = Arc::clone(shared);
        thread::spawn(move || serve(client, &shared));
    }
}

/// One exchange after the other, until one side ends.
fn serve(mut client: TcpStream, shared: &Shared) {
    while let Ok(question) = read_message(&mut client, shared.framing) {
        let Ok((answer, goes_on)) = shared.answer(&question) else { break };
        if client.write_all(&answer).is_err() || !goes_on {
            break;
        }
    }
    // It may have gone by itself.
    let _ = client.shutdown(Shutdown::Both);
}

fn read_message(stream: &mut TcpStream, framing: Framing) -> io::Result<Vec<u8>> {
    let mut message = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        if let Some(length) = length_of(&message, framing)
            && message.len() >= length
        {
            return Ok(message);
        }
        let count = stream.read(&mut buffer)?;
        if count == 0 || message.len() + count > MESSAGE_OCTETS_MAX {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        message.extend_from_slice(&buffer[..count]);
    }
}

/// How long a message is in all, once its beginning says so.
fn length_of(message: &[u8], framing: Framing) -> Option<usize> {
    match framing {
        Framing::DnsOverTcp => {
            let [first, second] = message.get(..2)?.try_into().ok()?;
            Some(2 + usize::from(u16::from_be_bytes([first, second])))
        }
        Framing::Http => {
            let head = message.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
            let text = String::from_utf8_lossy(&message[..head]).to_ascii_lowercase();
            let announced = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
            Some(head + announced.unwrap_or(0))
        }
    }
}

fn call_of(question: &[u8], framing: Framing) -> String {
    match framing {
        Framing::Http => {
            question.split(|octet| *octet == b' ').next().map(String::from_utf8_lossy).unwrap_or_default().into()
        }
        // The header after the length: id, then flags with the opcode in bits 1 to 4.
        Framing::DnsOverTcp => match question.get(4).map(|flags| (flags >> 3) & 0x0f) {
            Some(5) => "UPDATE".to_owned(),
            _ => "QUERY".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_where_a_message_ends_and_what_it_calls() {
        let patch = b"PATCH /x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";
        assert_eq!(length_of(patch, Framing::Http), Some(patch.len()));
        assert_eq!(length_of(&patch[..20], Framing::Http), None);
        assert_eq!(call_of(patch, Framing::Http), "PATCH");
        let update = [0, 4, 1, 2, 0x28, 0];
        assert_eq!(length_of(&update, Framing::DnsOverTcp), Some(6));
        assert_eq!(call_of(&update, Framing::DnsOverTcp), "UPDATE");
    }

    #[test]
    fn damages_the_exchanges_it_was_told_to_and_no_others() {
        let shared = Shared { target: ([127, 0, 0, 1], 1).into(), framing: Framing::Http, state: Mutex::default() };
        shared.lock().tolls.push((Toll { call: "GET", skip: 1, times: 1, damage: Damage::Cut }, 0));
        let met: Vec<Option<Damage>> = ["GET", "PATCH", "GET", "GET"].iter().map(|call| shared.meet(call)).collect();
        assert_eq!(met, [None, None, Some(Damage::Cut), None]);
        assert_eq!(shared.lock().calls["GET"], 3);
    }
}
