//! One query over a TCP connection of its own, and the messages of its answer, one at a time.
//!
//! A message is read when it is asked for and not before: who reads slowly makes the server wait, and nothing is lost between.
//! The time that the reader takes is its own; only waiting for the server counts as idle.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use crate::client::Limits;
use crate::error::Fault;
use crate::message::Asked;
use crate::tsig::Sequence;

/// A query that was sent.
#[derive(Debug)]
pub(crate) struct Conversation {
    stream: BufReader<TcpStream>,
    asked: Asked,
    /// None if the query was not signed.
    sequence: Option<Sequence>,
    messages: u32,
    limits: Limits,
    ends_at: Instant,
}

impl Conversation {
    /// Connects and sends a query in its final bytes.
    pub(crate) async fn start(
        server: SocketAddr,
        asked: Asked,
        wire: &[u8],
        sequence: Option<Sequence>,
        limits: Limits,
    ) -> Result<Self, Fault> {
        let ends_at = Instant::now() + limits.whole;
        let connected = timeout(limits.idle, TcpStream::connect(server)).await;
        let stream = connected.map_err(|_| Fault::Connect(format!("none within {} ms", limits.idle.as_millis())))?;
        let stream = BufReader::new(stream.map_err(|error| Fault::Connect(error.to_string()))?);
        let mut conversation = Self { stream, asked, sequence, messages: 0, limits, ends_at };
        conversation.send(wire).await?;
        Ok(conversation)
    }

    async fn send(&mut self, wire: &[u8]) -> Result<(), Fault> {
        let length = u16::try_from(wire.len()).expect("invariant: a query is a name and an SOA long");
        // One write for prefix and message: some servers answer FORMERR to a lone length (RFC 7766 §8).
        let framed = [&length.to_be_bytes(), wire].concat();
        let sent = timeout(self.limits.idle, self.stream.write_all(&framed)).await;
        sent.map_err(|_| Fault::Idle(self.limits.idle))?.map_err(|error| broken(&error))
    }

    /// The next message, without its signature, once all is checked that a message alone can be checked for. The order is what
    /// makes errors clear: whose answer it is, what the server refuses, and only then whether it may be believed.
    pub(crate) async fn next(&mut self) -> Result<Vec<u8>, Fault> {
        let mut wire = self.read().await?;
        self.asked.check_id(&wire)?;
        if let Some(sequence) = &self.sequence {
            sequence.refusal(&wire)?;
        }
        Asked::check_rcode(&wire)?;
        if let Some(sequence) = &mut self.sequence {
            sequence.verify(&mut wire)?;
        }
        self.asked.check(&wire, self.messages == 0)?;
        self.messages += 1;
        Ok(wire)
    }

    async fn read(&mut self) -> Result<Vec<u8>, Fault> {
        let idle_at = Instant::now() + self.limits.idle;
        match timeout_at(idle_at.min(self.ends_at), receive(&mut self.stream)).await {
            Ok(received) => received.map_err(|error| broken(&error)),
            Err(_) if self.ends_at <= idle_at => Err(Fault::TooLong(self.limits.whole)),
            Err(_) => Err(Fault::Idle(self.limits.idle)),
        }
    }

    /// Whether what has come may be believed to its end.
    pub(crate) fn finish(&self) -> Result<(), Fault> {
        self.sequence.as_ref().map_or(Ok(()), Sequence::finish).map_err(Fault::from)
    }
}

async fn receive(stream: &mut BufReader<TcpStream>) -> std::io::Result<Vec<u8>> {
    let length = stream.read_u16().await?;
    let mut wire = vec![0; usize::from(length)];
    stream.read_exact(&mut wire).await?;
    Ok(wire)
}

fn broken(error: &std::io::Error) -> Fault {
    match error.kind() {
        ErrorKind::UnexpectedEof => Fault::Cut,
        _ => Fault::Broken(error.to_string()),
    }
}
