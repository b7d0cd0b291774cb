//! An HTTP server on loopback that answers as a test scripts it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// Method and path.
    pub(super) line: String,
    /// With lower-case names.
    pub(super) headers: Vec<(String, String)>,
    /// Whole.
    pub(super) body: String,
}

/// What to do with it.
pub(super) enum Reply {
    /// Answer with a status and a body.
    Answer(u16, String),
    /// Close the connection.
    Cut,
    /// Say nothing and keep the connection.
    Hang,
    /// Answer so once the test says so.
    Held(Arc<Notify>, u16, String),
}

/// A running server; it ends with the test's runtime.
pub(super) struct Http {
    pub(super) address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

type Answering = Arc<dyn Fn(usize, &Request) -> Reply + Send + Sync>;

impl Http {
    /// Serves a reply to each request, which is given with its number, from 0.
    pub(super) async fn start(reply: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let server = Self { address: listener.local_addr().expect("an address"), requests: Arc::default() };
        let (reply, requests): (Answering, _) = (Arc::new(reply), Arc::clone(&server.requests));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&reply), Arc::clone(&requests)));
            }
        });
        server
    }

    /// What came.
    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("not poisoned").clone()
    }
}

async fn serve(stream: TcpStream, reply: Answering, requests: Arc<Mutex<Vec<Request>>>) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await {
        let number = {
            let mut requests = requests.lock().expect("not poisoned");
            requests.push(request.clone());
            requests.len() - 1
        };
        let (status, body) = match reply(number, &request) {
            Reply::Answer(status, body) => (status, body),
            Reply::Cut => return,
            Reply::Hang => std::future::pending().await,
            Reply::Held(until, status, body) => {
                until.notified().await;
                (status, body)
            }
        };
        let head =
            format!("HTTP/1.1 {status} Scripted\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.get_mut().write_all((head + &body).as_bytes()).await.expect("sent");
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let line = line(stream).await?;
    let mut headers = Vec::new();
    loop {
        let header = self::line(stream).await?;
        let Some((name, value)) = header.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or("0", |(_, value)| value.as_str());
    let mut body = vec![0; length.parse().expect("a length")];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request { line, headers, body: String::from_utf8(body).expect("text") })
}

async fn line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let length = stream.read_line(&mut line).await.ok()?;
    (length > 0).then(|| line.trim_end().to_owned())
}

impl Request {
    /// The value of a header.
    pub(super) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or_else(|| panic!("no {name} in {self:?}"), |(_, value)| value)
    }
}
