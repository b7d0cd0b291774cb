//! One exchange of DNS messages with one server: bounded in time, sent once, no retries and no cache.
//!
//! The prober, the provider adapters and verification all need exactly this, and each judges the answer by itself.
//! Resolving names is not done here. A message goes out as the bytes that the caller made, because a signed one
//! must not be encoded twice.

mod connection;

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RecordType};
use tokio::net::UdpSocket;
use tokio::time::timeout;

pub use crate::connection::Connection;

/// The largest UDP answer that is read; larger ones come truncated, since queries carry no EDNS.
const UDP_BYTES_MAX: usize = 4096;

/// A failed exchange, by how far it got.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// Nothing reached the server.
    #[error("cannot connect to {server}: {reason}")]
    Connect {
        /// The server.
        server: SocketAddr,
        /// What the system said, or that time ran out.
        reason: String,
    },
    /// Something was sent and no complete answer came.
    #[error("no answer from {server}: {reason}")]
    NoAnswer {
        /// The server.
        server: SocketAddr,
        /// What the system said, or that time ran out.
        reason: String,
    },
    /// An answer came that is no DNS message, or none to this question.
    #[error("{server} sent garbage: {reason}")]
    Garbage {
        /// The server.
        server: SocketAddr,
        /// What is wrong with it.
        reason: String,
    },
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Decoded.
    pub message: Message,
    /// As it came, for checking a signature.
    pub wire: Vec<u8>,
    /// From before connecting, or sending on an open connection, to the last byte.
    pub took: Duration,
}

/// A plain, non-recursive query.
pub fn query(id: u16, name: &Name, rtype: RecordType) -> Message {
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.add_query(Query::query(name.clone(), rtype));
    message
}

/// Sends `wire` in one datagram and waits for the answer with the same id. Others are ignored: they may be late
/// answers or forged.
///
/// # Errors
/// [`ExchangeError`]; all of it within `within`.
pub async fn udp(server: SocketAddr, wire: &[u8], within: Duration) -> Result<Answer, ExchangeError> {
    let started = Instant::now();
    let connect = |error: std::io::Error| ExchangeError::Connect { server, reason: error.to_string() };
    let silent = |reason: String| ExchangeError::NoAnswer { server, reason };
    let local: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(local).await.map_err(connect)?;
    socket.connect(server).await.map_err(connect)?;
    socket.send(wire).await.map_err(connect)?;
    let mut buffer = vec![0; UDP_BYTES_MAX];
    let answer = timeout(within, async {
        loop {
            let length = socket.recv(&mut buffer).await.map_err(|error| silent(error.to_string()))?;
            if wire.len() >= 2 && length >= 2 && buffer[..2] == wire[..2] {
                return decode(server, &buffer[..length], started);
            }
        }
    });
    answer.await.map_err(|_| silent(format!("nothing within {} ms", within.as_millis())))?
}

/// Sends `wire` over a new TCP connection (RFC 7766 §8) and waits for one answer.
///
/// # Errors
/// [`ExchangeError`]; all of it within `within`. [`ExchangeError::Connect`] promises that nothing was sent.
pub async fn tcp(server: SocketAddr, wire: &[u8], within: Duration) -> Result<Answer, ExchangeError> {
    tcp_telling(server, wire, within, || {}).await
}

/// As [`tcp`], and tells when the bytes were handed to the system and no answer was read yet: from there on a caller
/// that is dropped does not know what it did.
///
/// # Errors
/// As [`tcp`].
pub async fn tcp_telling(
    server: SocketAddr,
    wire: &[u8],
    within: Duration,
    sent: impl FnOnce() + Send,
) -> Result<Answer, ExchangeError> {
    let started = Instant::now();
    let mut connection = Connection::open(server, within).await?;
    let answer = connection.ask_telling(wire, within.saturating_sub(started.elapsed()), sent).await?;
    Ok(Answer { took: started.elapsed(), ..answer })
}

/// UDP, and again over TCP if the answer is truncated (RFC 7766 §5). Each gets `within`.
///
/// # Errors
/// [`ExchangeError`].
pub async fn udp_then_tcp(server: SocketAddr, wire: &[u8], within: Duration) -> Result<Answer, ExchangeError> {
    let answer = udp(server, wire, within).await?;
    if answer.message.metadata.truncation { tcp(server, wire, within).await } else { Ok(answer) }
}

fn decode(server: SocketAddr, bytes: &[u8], started: Instant) -> Result<Answer, ExchangeError> {
    let garbage = |reason: String| ExchangeError::Garbage { server, reason };
    let message = Message::from_vec(bytes).map_err(|error| garbage(error.to_string()))?;
    if message.metadata.message_type != MessageType::Response {
        return Err(garbage("it is no response".to_owned()));
    }
    Ok(Answer { message, wire: bytes.to_vec(), took: started.elapsed() })
}
