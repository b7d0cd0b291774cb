//! A way to a server that counts the octets of its answers, and that can be cut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tests::Sandbox;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What is read at once.
const PIECE: usize = 16 * 1024;

#[derive(Debug, Default)]
struct Shared {
    answered: AtomicUsize,
    is_cut: AtomicBool,
}

/// The way.
#[derive(Debug)]
pub(crate) struct Counted {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Counted {
    /// Begins to pass on what comes.
    pub(crate) async fn to(sandbox: &Sandbox, server: SocketAddr) -> Self {
        let address = sandbox.socket();
        let listener = TcpListener::bind(address).await.expect("a port of the sandbox");
        let shared = Arc::new(Shared::default());
        let kept = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass_on(client, server, Arc::clone(&kept)));
            }
        });
        Self { address, shared }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Octets of answers since the last call.
    pub(crate) fn octets(&self) -> usize {
        self.shared.answered.swap(0, Ordering::Relaxed)
    }

    /// Lets nothing through any more.
    pub(crate) fn cut(&self) {
        self.shared.is_cut.store(true, Ordering::Relaxed);
    }
}

async fn pass_on(client: TcpStream, server: SocketAddr, shared: Arc<Shared>) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let uncounted = AtomicUsize::new(0);
    tokio::select! {
        () = pump(&mut from_client, &mut to_server, &uncounted, &shared.is_cut) => {}
        () = pump(&mut from_server, &mut to_client, &shared.answered, &shared.is_cut) => {}
    }
}

async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    count: &AtomicUsize,
    is_cut: &AtomicBool,
) {
    let mut piece = vec![0; PIECE];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        count.fetch_add(length, Ordering::Relaxed);
        if is_cut.load(Ordering::Relaxed) || to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}
