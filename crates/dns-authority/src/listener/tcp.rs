//! DNS over TCP (RFC 7766): several requests on a connection, answered in their order.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{self, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::{PAUSE_AFTER_ERROR, Service};
use crate::message::Transport;

/// How many connections are open at once; more wait in the system's backlog. Far beyond what the clients of one test or
/// demonstration open.
const CONNECTIONS_MAX: usize = 256;

/// How long a connection may take for one request, the time before it included, and for taking one answer: RFC 7766
/// §6.2.3 leaves it to the server and asks for seconds.
const IDLE_MAX: Duration = Duration::from_secs(10);

/// Accepts connections and serves each in a task of its own.
pub(super) async fn connections<S: Service>(listener: TcpListener, service: Arc<S>, stop: CancellationToken) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let slot = Arc::clone(&slots).acquire_owned().await.expect("invariant: the semaphore is never closed");
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                debug!(%error, "TCP accept failed");
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                continue;
            }
        };
        let service = Arc::clone(&service);
        tokio::spawn(stop.clone().run_until_cancelled_owned(async move {
            if let Err(error) = serve(stream, &*service, IDLE_MAX).await {
                debug!(%error, "TCP connection ended");
            }
            drop(slot);
        }));
    }
}

/// Answers requests until the client ends, is idle or slow for `idle_max`, or sends what deserves no answer.
async fn serve(mut stream: TcpStream, service: &impl Service, idle_max: Duration) -> io::Result<()> {
    // An answer is one small write; waiting for more of it only adds delay.
    stream.set_nodelay(true)?;
    loop {
        let wire = timeout(idle_max, receive(&mut stream)).await??;
        // Time that the request is held is not the client's.
        let Some(reply) = service.answer(wire, Transport::Tcp).await else { return Ok(()) };
        timeout(idle_max, send(&mut stream, &reply)).await??;
    }
}

async fn receive(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let length = stream.read_u16().await?;
    let mut wire = vec![0; usize::from(length)];
    stream.read_exact(&mut wire).await?;
    Ok(wire)
}

/// Prefix and message in one write: some clients read a lone prefix as the end (RFC 7766 §8).
async fn send(stream: &mut TcpStream, reply: &[u8]) -> io::Result<()> {
    let length = u16::try_from(reply.len()).map_err(|_| io::Error::other("an answer exceeds 65535 bytes"))?;
    let mut framed = Vec::with_capacity(reply.len() + 2);
    framed.extend_from_slice(&length.to_be_bytes());
    framed.extend_from_slice(reply);
    stream.write_all(&framed).await
}

#[cfg(test)]
mod tests;
