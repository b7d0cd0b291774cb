//! A TCP and UDP server on loopback that answers as a test scripts it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hickory_proto::op::{Message, ResponseCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// What to do with a request.
pub(crate) enum Reply {
    /// Answer these bytes, and wait for the next request.
    Bytes(Vec<u8>),
    /// Answer these bytes, and close the connection.
    Last(Vec<u8>),
    /// Say nothing and keep the connection.
    Hang,
    /// Reset the connection.
    Reset,
}

/// A running server; it ends with the test's runtime.
pub(crate) struct Script {
    pub(crate) address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl Script {
    /// Serves TCP with a reply to each request.
    pub(crate) async fn tcp(mut reply: impl FnMut(&Message, &[u8]) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let requests = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&requests);
        tokio::spawn(async move {
            // Kept, so that a hanging connection stays open.
            let mut kept = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                serve(&mut stream, &mut reply, &count).await;
                kept.push(stream);
            }
        });
        Self { address, requests }
    }

    /// Serves UDP with an answer to each request.
    pub(crate) async fn udp(mut reply: impl FnMut(&Message) -> Message + Send + 'static) -> Self {
        Self::udp_from_afar(Duration::ZERO, move |request| Some(reply(request))).await
    }

    /// Serves UDP with an answer to each request that is not lost, after the time that its way takes.
    pub(crate) async fn udp_from_afar(
        way: Duration,
        mut reply: impl FnMut(&Message) -> Option<Message> + Send + 'static,
    ) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        let address = socket.local_addr().expect("an address");
        let requests = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&requests);
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok((length, client)) = socket.recv_from(&mut buffer).await {
                count.fetch_add(1, Ordering::SeqCst);
                let Some(answer) = reply(&Message::from_vec(&buffer[..length]).expect("a message")) else { continue };
                tokio::time::sleep(way).await;
                socket.send_to(&answer.to_vec().expect("bytes"), client).await.expect("sent");
            }
        });
        Self { address, requests }
    }

    /// How many requests came.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

async fn serve(
    stream: &mut TcpStream,
    reply: &mut (impl FnMut(&Message, &[u8]) -> Reply + Send),
    count: &Arc<AtomicUsize>,
) {
    while let Ok(length) = stream.read_u16().await {
        let mut wire = vec![0; usize::from(length)];
        stream.read_exact(&mut wire).await.expect("a whole message");
        count.fetch_add(1, Ordering::SeqCst);
        let (bytes, last) = match reply(&Message::from_vec(&wire).expect("a message"), &wire) {
            Reply::Bytes(bytes) => (bytes, false),
            Reply::Last(bytes) => (bytes, true),
            Reply::Hang => return,
            Reply::Reset => {
                stream.set_zero_linger().expect("linger");
                return stream.shutdown().await.unwrap_or_default();
            }
        };
        let length = u16::try_from(bytes.len()).expect("a short answer");
        stream.write_all(&[&length.to_be_bytes(), bytes.as_slice()].concat()).await.expect("sent");
        if last {
            return stream.shutdown().await.unwrap_or_default();
        }
    }
}

/// An answer without records.
pub(crate) fn answer_to(request: &Message, rcode: ResponseCode) -> Message {
    let mut message = Message::response(request.metadata.id, request.metadata.op_code);
    message.metadata.authoritative = true;
    message.metadata.response_code = rcode;
    message.queries.clone_from(&request.queries);
    message
}
