//! The sockets of one server: UDP and TCP at one address.
//!
//! Bounded: datagrams in work, connections, and how long a connection may be idle or slow. A request that waits (a held
//! UPDATE) blocks nobody else over UDP, and over TCP only what its own connection sends after it. Every task ends with the token.

mod tcp;

use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::message::Transport;
use crate::primary::Primary;
use crate::secondary::Secondary;
use crate::tsig::UpdateKey;
use crate::zone::Zone;

/// How often another port is tried when the one that is free for UDP is taken for TCP. Ports are given out at
/// random from thousands, so a few in a row mean that something else is wrong.
const PORT_ATTEMPTS_MAX: u32 = 16;

/// How many datagrams are in work at once. Each takes microseconds unless it is held; more are dropped, and their
/// clients ask again as after any loss.
const DATAGRAMS_IN_WORK_MAX: usize = 256;

/// The longest datagram there is.
const DATAGRAM_BYTES_MAX: usize = 65_535;

/// How long to leave a socket alone that reports an error, such as too many open files, instead of spinning on it.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(50);

/// What answers requests.
pub(crate) trait Service: Send + Sync + 'static {
    /// Answers one request; `None` means silence.
    fn answer(&self, wire: Vec<u8>, transport: Transport) -> impl Future<Output = Option<Vec<u8>>> + Send;
}

/// An address that is taken and not served yet.
#[derive(Debug)]
pub struct Bound {
    address: SocketAddr,
    udp: UdpSocket,
    tcp: TcpListener,
}

impl Bound {
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        match address.port() {
            0 => first_free(|| Self::bind_once(address)),
            _ => Self::bind_once(address),
        }
    }

    fn bind_once(address: SocketAddr) -> io::Result<Self> {
        let named = |protocol: &str, at: SocketAddr, error: &io::Error| {
            io::Error::new(error.kind(), format!("cannot listen on {at} ({protocol}): {error}"))
        };
        let udp = UdpSocket::bind(address).map_err(|error| named("UDP", address, &error))?;
        let address = udp.local_addr()?;
        let tcp = TcpListener::bind(address).map_err(|error| named("TCP", address, &error))?;
        udp.set_nonblocking(true)?;
        tcp.set_nonblocking(true)?;
        Ok(Self { address, udp, tcp })
    }

    /// The address, with the port that was taken.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves a zone as its primary until `stop`. Needs a tokio runtime.
    ///
    /// # Errors
    /// What the system says when the sockets are handed to the runtime.
    pub fn serve(self, zone: Zone, key: UpdateKey, stop: &CancellationToken) -> io::Result<Primary> {
        Primary::start(self, zone, key, stop)
    }

    /// Serves, until `stop`, what `primary` served `lag` ago. Needs a tokio runtime.
    ///
    /// # Errors
    /// What the system says when the sockets are handed to the runtime.
    pub fn follow(self, primary: &Primary, lag: Duration, stop: &CancellationToken) -> io::Result<Secondary> {
        Secondary::start(self, primary, lag, stop)
    }

    pub(crate) fn spawn<S: Service>(self, service: Arc<S>, stop: &CancellationToken) -> io::Result<()> {
        let udp = tokio::net::UdpSocket::from_std(self.udp)?;
        let tcp = tokio::net::TcpListener::from_std(self.tcp)?;
        tokio::spawn(stop.clone().run_until_cancelled_owned(datagrams(udp, Arc::clone(&service), stop.clone())));
        tokio::spawn(stop.clone().run_until_cancelled_owned(tcp::connections(tcp, service, stop.clone())));
        Ok(())
    }
}

/// The first attempt that does not meet a taken address, or the last one.
fn first_free<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for _ in 1..PORT_ATTEMPTS_MAX {
        match attempt() {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            outcome => return outcome,
        }
    }
    attempt()
}

async fn datagrams<S: Service>(socket: tokio::net::UdpSocket, service: Arc<S>, stop: CancellationToken) {
    let socket = Arc::new(socket);
    let slots = Arc::new(Semaphore::new(DATAGRAMS_IN_WORK_MAX));
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        let (length, client) = match socket.recv_from(&mut buffer).await {
            Ok(received) => received,
            Err(error) => {
                debug!(%error, "UDP receive failed");
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                continue;
            }
        };
        let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else { continue };
        let (wire, socket, service) = (buffer[..length].to_vec(), Arc::clone(&socket), Arc::clone(&service));
        tokio::spawn(stop.clone().run_until_cancelled_owned(async move {
            if let Some(reply) = service.answer(wire, Transport::Udp).await
                && let Err(error) = socket.send_to(&reply, client).await
            {
                debug!(%error, %client, "UDP answer not sent");
            }
            drop(slot);
        }));
    }
}

#[cfg(test)]
mod tests;
