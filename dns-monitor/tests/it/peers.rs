//! Small servers that behave well or badly, exactly as a test wants.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hickory_proto::op::{Message, MessageType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

pub(crate) const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Long enough for anything that should happen on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A TCP server that hands every connection to `serve`.
pub(crate) async fn tcp_peer<F, S>(serve: F) -> TcpPeer
where
    F: Fn(TcpStream) -> S + Send + 'static,
    S: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind((LOOPBACK, 0)).await.expect("bound");
    let address = listener.local_addr().expect("bound");
    let accepted = Arc::new(AtomicUsize::new(0));
    let counter = accepted.clone();
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(serve(stream));
        }
    });
    TcpPeer { address, accepted, task }
}

/// See [`tcp_peer`]; ends when dropped.
pub(crate) struct TcpPeer {
    pub(crate) address: SocketAddr,
    pub(crate) accepted: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl TcpPeer {
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for TcpPeer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An HTTP peer whose whole response is given per request head, after which the connection is closed.
pub(crate) async fn http_peer<F>(respond: F) -> TcpPeer
where
    F: Fn(&str) -> String + Send + Sync + 'static,
{
    let respond = Arc::new(respond);
    tcp_peer(move |mut stream| {
        let respond = respond.clone();
        async move {
            let head = read_head(&mut stream).await;
            // The prober may have left already.
            let _ = stream.write_all(respond(&head).as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}

/// A response that ends with its connection.
pub(crate) fn response(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}", body.len())
}

/// Reads to the end of a request's head.
pub(crate) async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte).await {
            Ok(1) => head.push(byte[0]),
            _ => break,
        }
    }
    String::from_utf8(head).expect("ASCII")
}

/// Holds a connection open and says nothing, until the peer closes it.
pub(crate) async fn hang(mut stream: TcpStream) {
    let mut sink = [0; 1024];
    while matches!(stream.read(&mut sink).await, Ok(1..)) {}
}

/// A port of the loopback interface on which nobody listens.
pub(crate) async fn closed_port() -> u16 {
    let listener = TcpListener::bind((LOOPBACK, 0)).await.expect("bound");
    listener.local_addr().expect("bound").port()
}

/// How a question came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    Udp,
    Tcp,
}

/// A DNS server on UDP and TCP that fills in answers; `None` means silence.
pub(crate) async fn dns_peer<F>(answer: F) -> DnsPeer
where
    F: Fn(Message, Over) -> Option<Message> + Send + Sync + 'static,
{
    let (udp, tcp) = udp_and_tcp().await;
    let address = tcp.local_addr().expect("bound");
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let answer = Arc::new(move |wire: &[u8], over| {
        counter.fetch_add(1, Ordering::SeqCst);
        let mut message = Message::from_vec(wire).expect("a DNS message");
        message.metadata.message_type = MessageType::Response;
        answer(message, over).map(|message| message.to_vec().expect("encodes"))
    });
    let over_udp = tokio::spawn(serve_udp(udp, answer.clone()));
    let over_tcp = tokio::spawn(serve_tcp(tcp, answer));
    DnsPeer { address, asked, tasks: [over_udp, over_tcp] }
}

/// See [`dns_peer`]; ends when dropped.
pub(crate) struct DnsPeer {
    pub(crate) address: SocketAddr,
    asked: Arc<AtomicUsize>,
    tasks: [tokio::task::JoinHandle<()>; 2],
}

impl DnsPeer {
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Drop for DnsPeer {
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

/// One port for both; the kernel hands out TCP ports without regard to UDP, so a few attempts may be needed.
async fn udp_and_tcp() -> (UdpSocket, TcpListener) {
    for _ in 0..100 {
        let tcp = TcpListener::bind((LOOPBACK, 0)).await.expect("bound");
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr().expect("bound")).await {
            return (udp, tcp);
        }
    }
    panic!("no port is free for both UDP and TCP");
}

async fn serve_udp(socket: UdpSocket, answer: Arc<impl Fn(&[u8], Over) -> Option<Vec<u8>>>) {
    let mut buffer = vec![0; 4096];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        if let Some(wire) = answer(&buffer[..length], Over::Udp) {
            socket.send_to(&wire, from).await.expect("sent");
        }
    }
}

async fn serve_tcp(listener: TcpListener, answer: Arc<impl Fn(&[u8], Over) -> Option<Vec<u8>>>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let Ok(length) = stream.read_u16().await else { continue };
        let mut wire = vec![0; usize::from(length)];
        stream.read_exact(&mut wire).await.expect("a whole message");
        let Some(wire) = answer(&wire, Over::Tcp) else { continue };
        let length = u16::try_from(wire.len()).expect("fits");
        stream.write_u16(length).await.expect("sent");
        stream.write_all(&wire).await.expect("sent");
    }
}
