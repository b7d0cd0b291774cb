//! The sockets that NOTIFY comes to: UDP and TCP at one address (RFC 1996 §2.3, §4.1).
//!
//! Bounded: connections, and how long one may be idle or slow. Only who may wake a zone is connected to, and who was refused is
//! connected to no longer, so that nobody else can use up the connections. An answer takes no longer than to compute it, so
//! datagrams are answered one after the other; what strangers send costs a line of the log now and then.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{debug, info};

use super::refusals::{Refusals, Tell};
use super::{Desk, Reply, Verdict};
use crate::client::now_secs;

/// How many connections are open at once; more wait in the system's backlog. Primaries open one for a moment.
const CONNECTIONS_MAX: usize = 32;

/// How long a connection may take for one request, the time before it included.
const IDLE_MAX: Duration = Duration::from_secs(10);

/// The longest datagram there is.
const DATAGRAM_OCTETS_MAX: usize = 65_535;

/// How long to leave a socket alone that reports an error, such as too many open files, instead of spinning on it.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(50);

/// An address at which NOTIFY is taken.
#[derive(Debug)]
pub struct Listener {
    udp: UdpSocket,
    tcp: TcpListener,
}

impl Listener {
    /// Binds UDP and TCP; with port 0 to one that is free for both.
    ///
    /// # Errors
    /// What the system says, with the address.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let named =
            |error: io::Error| io::Error::new(error.kind(), format!("cannot listen for NOTIFY on {address}: {error}"));
        let tcp = TcpListener::bind(address).await.map_err(named)?;
        let udp = UdpSocket::bind(tcp.local_addr()?).await.map_err(named)?;
        Ok(Self { udp, tcp })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Answers until it is dropped, connections with it. `refused` is called for each request or connection that is refused.
    pub async fn serve(self, desk: Arc<Desk>, refused: fn()) {
        let Self { udp, tcp } = self;
        let counter = Arc::new(Counter { desk, refused, refusals: Mutex::default() });
        tokio::join!(datagrams(udp, &counter), connections(tcp, &counter));
    }
}

/// Where requests are answered, and refusals counted.
struct Counter {
    desk: Arc<Desk>,
    refused: fn(),
    refusals: Mutex<Refusals>,
}

impl Counter {
    fn answer(&self, wire: Vec<u8>, from: SocketAddr) -> Option<Reply> {
        let reply = self.desk.answer(wire, from.ip(), now_secs())?;
        match reply.verdict {
            Verdict::Woken => debug!(%from, "NOTIFY taken"),
            Verdict::Refused(reason) => self.refuse(from, reason),
        }
        Some(reply)
    }

    /// Whether the address may wake some zone.
    fn admits(&self, from: SocketAddr) -> bool {
        let admitted = self.desk.knows(from.ip());
        if !admitted {
            self.refuse(from, "no zone is watched for this address");
        }
        admitted
    }

    fn refuse(&self, from: SocketAddr, reason: &'static str) {
        (self.refused)();
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        match refusals.add(from.ip(), Instant::now()) {
            Tell::Now { untold } => info!(%from, reason, untold, "NOTIFY refused"),
            Tell::Later => debug!(%from, reason, "NOTIFY refused"),
        }
    }
}

async fn datagrams(socket: UdpSocket, counter: &Counter) {
    let mut buffer = vec![0; DATAGRAM_OCTETS_MAX];
    loop {
        let (length, from) = match socket.recv_from(&mut buffer).await {
            Ok(received) => received,
            Err(error) => {
                debug!(%error, "NOTIFY receive failed");
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                continue;
            }
        };
        if let Some(reply) = counter.answer(buffer[..length].to_vec(), from)
            && let Err(error) = socket.send_to(&reply.wire, from).await
        {
            debug!(%error, %from, "NOTIFY answer not sent");
        }
    }
}

async fn connections(listener: TcpListener, counter: &Arc<Counter>) {
    // Dropped with this future, and its tasks with it.
    let mut open = JoinSet::new();
    loop {
        while open.len() >= CONNECTIONS_MAX {
            open.join_next().await;
        }
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = open.join_next() => continue,
        };
        match accepted {
            Ok((stream, from)) if counter.admits(from) => {
                open.spawn(connection(stream, from, Arc::clone(counter)));
            }
            // Closed as it is dropped.
            Ok(_) => {}
            Err(error) => {
                debug!(%error, "NOTIFY accept failed");
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
            }
        }
    }
}

/// Answers requests until the client ends, is idle or slow, sends what deserves no answer, or is refused: whoever may wake a zone
/// connects again.
async fn connection(mut stream: TcpStream, from: SocketAddr, counter: Arc<Counter>) {
    while let Ok(Ok(wire)) = timeout(IDLE_MAX, receive(&mut stream)).await {
        let Some(Reply { wire, verdict }) = counter.answer(wire, from) else { return };
        let length = u16::try_from(wire.len()).expect("invariant: an answer is a question and a signature long");
        // Prefix and message in one write: some read a lone prefix as the end (RFC 7766 §8).
        let framed = [&length.to_be_bytes(), wire.as_slice()].concat();
        let sent = timeout(IDLE_MAX, stream.write_all(&framed)).await;
        if verdict != Verdict::Woken || !matches!(sent, Ok(Ok(()))) {
            return;
        }
    }
}

async fn receive(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let length = stream.read_u16().await?;
    let mut wire = vec![0; usize::from(length)];
    stream.read_exact(&mut wire).await?;
    Ok(wire)
}

#[cfg(test)]
mod tests;
