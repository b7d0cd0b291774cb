//! An HTTP/1.1 server on loopback that answers as a test scripts it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// A request that was read whole.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Method and target, such as `GET /zones?page=1`.
    pub(crate) line: String,
    pub(crate) authorization: String,
    pub(crate) body: String,
}

/// What to do with a request.
pub(crate) enum Reply {
    /// Answer with a status, lines of headers and a body.
    Answer(u16, &'static str, String),
    /// The same, once the sender says so.
    Held(oneshot::Receiver<()>, String),
    /// Say nothing and keep the connection.
    Hang,
    /// Close the connection.
    Cut,
}

type Answering = dyn FnMut(&Request) -> Reply + Send;

/// A running server; it ends with the test's runtime.
pub(crate) struct HttpScript {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl HttpScript {
    pub(crate) async fn start(reply: impl FnMut(&Request) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let reply: Arc<Mutex<Box<Answering>>> = Arc::new(Mutex::new(Box::new(reply)));
        let kept = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&reply), Arc::clone(&kept)));
            }
        });
        Self { address, seen }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/v4", self.address)
    }

    /// Every request so far.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().expect("nothing panics while it holds this").clone()
    }
}

async fn serve(mut stream: TcpStream, reply: Arc<Mutex<Box<Answering>>>, seen: Arc<Mutex<Vec<Request>>>) {
    while let Some(request) = next(&mut stream).await {
        seen.lock().expect("nothing panics while it holds this").push(request.clone());
        let reply = (reply.lock().expect("no script panics"))(&request);
        let (status, headers, body) = match reply {
            Reply::Answer(status, headers, body) => (status, headers, body),
            Reply::Held(until, body) => {
                until.await.expect("the test lets it go");
                (200, "", body)
            }
            Reply::Hang => std::future::pending().await,
            Reply::Cut => return,
        };
        let length = body.len();
        let text = format!("HTTP/1.1 {status} Scripted\r\n{headers}content-length: {length}\r\n\r\n{body}");
        if stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The next request; `None` when the client is gone.
async fn next(stream: &mut TcpStream) -> Option<Request> {
    let mut octets = Vec::new();
    let head = loop {
        if let Some(end) = octets.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        (stream.read_buf(&mut octets).await.ok()? > 0).then_some(())?;
    };
    let text = String::from_utf8_lossy(&octets[..head]).into_owned();
    let header = |name: &str| {
        let line =
            text.lines().find_map(|line| line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name)));
        line.map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    let length: usize = header("content-length").parse().unwrap_or_default();
    while octets.len() < head + length {
        (stream.read_buf(&mut octets).await.ok()? > 0).then_some(())?;
    }
    let line = text.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
    let body = String::from_utf8_lossy(&octets[head..head + length]).into_owned();
    Some(Request { line, authorization: header("authorization"), body })
}
