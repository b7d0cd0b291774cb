//! Holds one write up between the client that has sent it and the provider.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use dns_provider::memory::Hold;
use tests::PATIENCE;
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// More than any message of these tests.
const CHUNK_OCTETS: usize = 64 * 1024;

/// Tells a write by its first octets.
type IsWrite = fn(&[u8]) -> bool;

/// Where one write is held up: everything else passes, and so do later writes.
pub(crate) enum Stall {
    /// In the provider itself.
    InMemory(Option<Hold>),
    /// In a proxy in front of it, whose threads end with the test runner.
    OnTheWay { address: SocketAddr, gate: Arc<Gate> },
}

/// The state of the proxy, and who waits for it to change.
#[derive(Default)]
pub(crate) struct Gate(Mutex<Passage>, Condvar);

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Passage {
    #[default]
    Armed,
    Held,
    Open,
}

impl Stall {
    pub(crate) fn in_memory(hold: Hold) -> Self {
        Self::InMemory(Some(hold))
    }

    pub(crate) fn on_the_way_to(target: SocketAddr, is_write: IsWrite) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let gate = Arc::new(Gate::default());
        let shared = Arc::clone(&gate);
        thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                let server = TcpStream::connect(target).expect("the provider listens");
                let ends = || (client.try_clone().expect("a socket"), server.try_clone().expect("a socket"));
                let ((up, to_server), (to_client, down)) = (ends(), ends());
                let gate = Arc::clone(&shared);
                thread::spawn(move || pump(up, to_server, |octets| gate.pass(is_write(octets))));
                thread::spawn(move || pump(down, to_client, |_| ()));
            }
        });
        Self::OnTheWay { address, gate }
    }

    /// Where clients are sent.
    pub(crate) fn address(&self) -> SocketAddr {
        match self {
            Self::InMemory(_) => panic!("nobody connects to a zone in memory"),
            Self::OnTheWay { address, .. } => *address,
        }
    }

    /// Waits until the write is on its way and held up.
    pub(crate) fn until_held(&mut self, runtime: &Runtime) {
        match self {
            Self::InMemory(hold) => {
                let hold = hold.as_mut().expect("it is held up once");
                runtime.block_on(async { timeout(PATIENCE, hold.reached()).await }).expect("no write came");
            }
            Self::OnTheWay { gate, .. } => gate.until_held(),
        }
    }

    /// Lets it go on.
    pub(crate) fn let_go(&mut self) {
        match self {
            Self::InMemory(hold) => hold.take().expect("it is held up once").open(),
            Self::OnTheWay { gate, .. } => gate.set(Passage::Open),
        }
    }
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, Passage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, passage: Passage) {
        *self.lock() = passage;
        self.1.notify_all();
    }

    /// Holds the first write until it is let go.
    fn pass(&self, is_write: bool) {
        let mut passage = self.lock();
        if *passage == Passage::Armed && is_write {
            *passage = Passage::Held;
            self.1.notify_all();
            drop(self.1.wait_while(passage, |passage| *passage == Passage::Held));
        }
    }

    fn until_held(&self) {
        let armed = |passage: &mut Passage| *passage == Passage::Armed;
        let (passage, waited) =
            self.1.wait_timeout_while(self.lock(), PATIENCE, armed).unwrap_or_else(PoisonError::into_inner);
        drop(passage);
        assert!(!waited.timed_out(), "no write came within {PATIENCE:?}");
    }
}

/// Passes on what comes, until one side ends.
fn pump(mut from: TcpStream, mut to: TcpStream, pass: impl Fn(&[u8])) {
    let mut buffer = vec![0; CHUNK_OCTETS];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        pass(&buffer[..count]);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    // The other side may have ended by itself.
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
