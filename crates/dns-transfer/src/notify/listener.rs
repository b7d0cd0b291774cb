//! The sockets that NOTIFY comes to: UDP and TCP at one address (RFC 1996 §2.3, §4.1).
//!
//! Bounded: connections, and how long one may be idle or slow. An answer takes no longer than to compute it, so datagrams are
//! answered one after the other.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{debug, info};

use super::{Desk, Verdict};
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

    /// Answers until it is dropped, connections with it.
    pub async fn serve(self, desk: Arc<Desk>) {
        let Self { udp, tcp } = self;
        tokio::join!(datagrams(udp, &desk), connections(tcp, &desk));
    }
}

async fn datagrams(socket: UdpSocket, desk: &Desk) {
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
        if let Some(reply) = answer(desk, buffer[..length].to_vec(), from)
            && let Err(error) = socket.send_to(&reply, from).await
        {
            debug!(%error, %from, "NOTIFY answer not sent");
        }
    }
}

async fn connections(listener: TcpListener, desk: &Arc<Desk>) {
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
            Ok((stream, from)) => {
                open.spawn(connection(stream, from, Arc::clone(desk)));
            }
            Err(error) => {
                debug!(%error, "NOTIFY accept failed");
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
            }
        }
    }
}

/// Answers requests until the client ends, is idle or slow, or sends what deserves no answer.
async fn connection(mut stream: TcpStream, from: SocketAddr, desk: Arc<Desk>) {
    while let Ok(Ok(wire)) = timeout(IDLE_MAX, receive(&mut stream)).await {
        let Some(reply) = answer(&desk, wire, from) else { return };
        let length = u16::try_from(reply.len()).expect("invariant: an answer is a question and a signature long");
        // Prefix and message in one write: some read a lone prefix as the end (RFC 7766 §8).
        let framed = [&length.to_be_bytes(), reply.as_slice()].concat();
        if !matches!(timeout(IDLE_MAX, stream.write_all(&framed)).await, Ok(Ok(()))) {
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

fn answer(desk: &Desk, wire: Vec<u8>, from: SocketAddr) -> Option<Vec<u8>> {
    let reply = desk.answer(wire, from.ip(), now_secs())?;
    match reply.verdict {
        Verdict::Woken => debug!(%from, "NOTIFY taken"),
        Verdict::Refused(reason) => info!(%from, reason, "NOTIFY refused"),
    }
    Some(reply.wire)
}

#[cfg(test)]
mod tests;
