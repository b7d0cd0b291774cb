//! One TCP connection to one server that carries one exchange after the other (RFC 7766 §6.2.1).
//!
//! There is no pipelining, so an answer belongs to the only question in flight. After an error the stream may
//! hold the rest of an answer, so the connection refuses further questions; opening another one is the caller's
//! decision.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::{Answer, ExchangeError, decode};

/// An open connection.
#[derive(Debug)]
pub struct Connection {
    server: SocketAddr,
    /// `None` after a failed or dropped exchange.
    stream: Option<TcpStream>,
    answered: u32,
}

impl Connection {
    /// Connects. Nothing is sent.
    ///
    /// # Errors
    /// [`ExchangeError::Connect`], within `within`.
    pub async fn open(server: SocketAddr, within: Duration) -> Result<Self, ExchangeError> {
        let connect = |reason: String| ExchangeError::Connect { server, reason };
        let stream = timeout(within, TcpStream::connect(server))
            .await
            .map_err(|_| connect(format!("no connection within {} ms", within.as_millis())))?
            .map_err(|error| connect(error.to_string()))?;
        Ok(Self { server, stream: Some(stream), answered: 0 })
    }

    /// How many questions were answered on it. A server may close an idle connection at any time (RFC 7766 §6.2.3), so
    /// a failure after the first answer says less about the server than one before it.
    pub fn answered(&self) -> u32 {
        self.answered
    }

    /// Sends `wire` once and waits for its answer. A dropped call ends the connection.
    ///
    /// # Errors
    /// [`ExchangeError::Connect`] if an earlier exchange ended the connection: nothing was sent. Any other
    /// [`ExchangeError`] ends it. All of it within `within`.
    pub async fn ask(&mut self, wire: &[u8], within: Duration) -> Result<Answer, ExchangeError> {
        self.ask_telling(wire, within, || {}).await
    }

    /// As [`ask`](Self::ask), and tells when the bytes were handed to the system and no answer was read yet.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn ask_telling(
        &mut self,
        wire: &[u8],
        within: Duration,
        sent: impl FnOnce() + Send,
    ) -> Result<Answer, ExchangeError> {
        let (server, started) = (self.server, Instant::now());
        let silent = |reason: String| ExchangeError::NoAnswer { server, reason };
        // Taken out, and put back only after a whole answer: neither an error nor a drop leaves half of one behind.
        let Some(mut stream) = self.stream.take() else {
            return Err(ExchangeError::Connect { server, reason: "the connection has ended".to_owned() });
        };
        let read = timeout(within, talk(&mut stream, wire, sent))
            .await
            .map_err(|_| silent(format!("nothing within {} ms", within.as_millis())))?;
        let bytes = read.map_err(|error| silent(error.to_string()))?;
        if bytes.get(..2) != wire.get(..2) {
            return Err(ExchangeError::Garbage { server, reason: "its id is another".to_owned() });
        }
        let answer = decode(server, &bytes, started)?;
        self.stream = Some(stream);
        self.answered = self.answered.saturating_add(1);
        Ok(answer)
    }
}

async fn talk(stream: &mut TcpStream, wire: &[u8], sent: impl FnOnce() + Send) -> std::io::Result<Vec<u8>> {
    let length = u16::try_from(wire.len())
        .map_err(|_| std::io::Error::other(format!("a message of {} bytes exceeds 65535", wire.len())))?;
    // One write for prefix and message: some servers answer FORMERR to a lone length (RFC 7766 §8).
    let mut framed = Vec::with_capacity(wire.len() + 2);
    framed.extend_from_slice(&length.to_be_bytes());
    framed.extend_from_slice(wire);
    stream.write_all(&framed).await?;
    sent();
    let length = stream.read_u16().await?;
    let mut bytes = vec![0; usize::from(length)];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}
