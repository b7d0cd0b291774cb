//! A TCP and UDP server on loopback that answers as a test scripts it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
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
    connections: Arc<AtomicUsize>,
}

impl Script {
    /// Serves TCP with a reply to each request, any number of connections at a time.
    pub(crate) async fn tcp(reply: impl FnMut(&Message, &[u8]) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let script = Self { address, requests: Arc::default(), connections: Arc::default() };
        let (reply, requests) = (Arc::new(Mutex::new(reply)), Arc::clone(&script.requests));
        let connections = Arc::clone(&script.connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, Arc::clone(&reply), Arc::clone(&requests)));
            }
        });
        script
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
        let script = Self { address, requests: Arc::default(), connections: Arc::default() };
        let count = Arc::clone(&script.requests);
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok((length, client)) = socket.recv_from(&mut buffer).await {
                count.fetch_add(1, Ordering::SeqCst);
                let Some(answer) = reply(&Message::from_vec(&buffer[..length]).expect("a message")) else { continue };
                tokio::time::sleep(way).await;
                socket.send_to(&answer.to_vec().expect("bytes"), client).await.expect("sent");
            }
        });
        script
    }

    /// How many TCP connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// How many requests came.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

async fn serve(
    mut stream: TcpStream,
    reply: Arc<Mutex<impl FnMut(&Message, &[u8]) -> Reply + Send>>,
    count: Arc<AtomicUsize>,
) {
    while let Ok(length) = stream.read_u16().await {
        let mut wire = vec![0; usize::from(length)];
        stream.read_exact(&mut wire).await.expect("a whole message");
        count.fetch_add(1, Ordering::SeqCst);
        let request = Message::from_vec(&wire).expect("a message");
        let reply = (*reply.lock().expect("no reply panics"))(&request, &wire);
        let (bytes, last) = match reply {
            Reply::Bytes(bytes) => (bytes, false),
            Reply::Last(bytes) => (bytes, true),
            // The connection stays open.
            Reply::Hang => return std::future::pending().await,
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
