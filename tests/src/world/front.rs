//! Stands in front of an authoritative server and counts the questions that it passes on: who asks the server itself is not
//! counted, so the count tells who was sent here.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::relay::{Framing, Relay};
use crate::process::Sandbox;

/// How long a server on loopback has to answer; then the question is left alone, as by a network that loses packets.
const SERVER_WITHIN: Duration = Duration::from_secs(2);

/// The largest datagram; questions carry no EDNS, so answers are far smaller.
const DATAGRAM_OCTETS_MAX: usize = 4096;

/// A front on UDP and TCP.
#[derive(Debug)]
pub struct Front {
    tcp: Relay,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    target: SocketAddr,
    questions: AtomicUsize,
    over: AtomicBool,
}

impl Front {
    /// Starts one on a fresh port of the sandbox.
    ///
    /// # Panics
    ///
    /// When it cannot listen.
    pub fn start(sandbox: &Sandbox, target: SocketAddr) -> Self {
        let tcp = Relay::start(sandbox, target, Framing::DnsOverTcp);
        let address = tcp.address();
        let udp = UdpSocket::bind(address).unwrap_or_else(|error| panic!("cannot listen on {address}: {error}"));
        let shared = Arc::new(Shared { target, questions: AtomicUsize::new(0), over: AtomicBool::new(false) });
        let thread = thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.serve(&udp)
        });
        Self { tcp, shared, thread: Some(thread) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.tcp.address()
    }

    /// How many questions have come over UDP, by which each exchange begins.
    pub fn questions(&self) -> usize {
        self.shared.questions.load(Ordering::SeqCst)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        // The thread looks once something has come.
        let woken = UdpSocket::bind((self.address().ip(), 0)).and_then(|socket| socket.send_to(&[], self.address()));
        if let (Ok(_), Some(thread)) = (woken, self.thread.take()) {
            // A panic of the thread has been printed; a second one here would abort the runner.
            drop(thread.join());
        }
    }
}

impl Shared {
    fn serve(&self, udp: &UdpSocket) {
        let mut question = [0; DATAGRAM_OCTETS_MAX];
        while let Ok((length, client)) = udp.recv_from(&mut question) {
            if self.over.load(Ordering::SeqCst) {
                return;
            }
            self.questions.fetch_add(1, Ordering::SeqCst);
            // A server that does not answer leaves the client without an answer, and so does this.
            if let Ok(answer) = self.ask(&question[..length]) {
                drop(udp.send_to(&answer, client));
            }
        }
    }

    fn ask(&self, question: &[u8]) -> io::Result<Vec<u8>> {
        let server = UdpSocket::bind((self.target.ip(), 0))?;
        server.set_read_timeout(Some(SERVER_WITHIN))?;
        server.connect(self.target)?;
        server.send(question)?;
        let mut answer = vec![0; DATAGRAM_OCTETS_MAX];
        let length = server.recv(&mut answer)?;
        answer.truncate(length);
        Ok(answer)
    }
}
