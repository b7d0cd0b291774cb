//! Binding and serving: one TCP listener, TLS when there is a certificate, bounds against slow clients, a drain.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use hyper_util::rt::TokioTimer;
use rustls::ServerConfig;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::bounded::BoundedAcceptor;
use crate::config::TlsConfig;
use crate::tls::{self, TlsError};

/// What one client may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Connections at once.
    pub connections_max: usize,
    /// How long a TLS handshake may take.
    pub handshake_timeout: Duration,
    /// How long a request's head may take, and a kept-alive connection may be silent.
    pub head_timeout: Duration,
    /// How long open responses may take to end after the stop.
    pub grace: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            // A monitor, a CLI or a scraper per connection; far below the usual limit of 1024 open files, so that
            // the process keeps sockets for its own work.
            connections_max: 256,
            // Several round trips around the world, with losses.
            handshake_timeout: Duration::from_secs(5),
            // A head fits one packet; half of what a load balancer keeps an idle connection.
            head_timeout: Duration::from_secs(10),
            // Shorter than the 30 s that Kubernetes waits between SIGTERM and SIGKILL.
            grace: Duration::from_secs(10),
        }
    }
}

/// A request's head beyond that is no request of ours; hyper's own minimum is 8 KiB.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// Where plain HTTP may be spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainHttp {
    /// Only on loopback.
    OnLoopback,
    /// Anywhere: `--insecure-listen`.
    Anywhere,
}

/// Why a daemon does not listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Everyone on the way could read the tokens.
    #[error("{0} is beyond loopback and there is no certificate; give `tls.cert` and `tls.key`, or --insecure-listen")]
    Plain(SocketAddr),
    /// The address cannot be bound.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There is a certificate and it cannot be used.
    #[error("cannot speak TLS on {address}")]
    Tls {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: TlsError,
    },
}

/// A bound listener that does not accept yet.
#[derive(Debug)]
pub struct Listening {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    bounds: Bounds,
}

/// Binds a listener. Port 0 takes a free one, see [`Listening::local_addr`].
///
/// # Errors
/// [`BindError`].
pub fn bind(address: SocketAddr, plain: PlainHttp, tls: &TlsConfig) -> Result<Listening, BindError> {
    let config = match &tls.listener {
        Some(files) => {
            let config = tls::server_config(files, tls.client_ca.as_deref());
            Some(Arc::new(config.map_err(|source| BindError::Tls { address, source })?))
        }
        None if plain == PlainHttp::OnLoopback && !address.ip().is_loopback() => return Err(BindError::Plain(address)),
        None => None,
    };
    let bound = || {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok(Listening { listener, address, tls: config, bounds: Bounds::default() })
    };
    bound().map_err(|source| BindError::Bind { address, source })
}

impl Listening {
    /// The address that is bound, with its real port.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The url of the root: `https` with a certificate.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.speaks_tls() { "https" } else { "http" }, self.address)
    }

    /// Whether there is a certificate.
    pub fn speaks_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Changes the bounds.
    #[must_use]
    pub fn with_bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// Serves until `stop`, then lets open responses end within the grace period.
    ///
    /// # Errors
    /// If the listener cannot be handed to the runtime.
    pub async fn serve(self, router: Router, stop: CancellationToken) -> io::Result<()> {
        let url = self.url();
        let Self { listener, address: _, tls, bounds } = self;
        let handle = Handle::new();
        let bounded = BoundedAcceptor::new(bounds.connections_max);
        let service = router.into_make_service();
        let server = axum_server::from_tcp(listener)?.handle(handle.clone());
        info!(%url, "listening");
        let serve = async {
            match tls {
                Some(config) => {
                    let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(config))
                        .handshake_timeout(bounds.handshake_timeout)
                        .acceptor(bounded);
                    http1(server.acceptor(acceptor), &bounds).serve(service).await
                }
                None => http1(server.acceptor(bounded), &bounds).serve(service).await,
            }
        };
        let drain = async {
            stop.cancelled().await;
            handle.graceful_shutdown(Some(bounds.grace));
            std::future::pending::<()>().await;
        };
        let outcome = tokio::select! {
            outcome = serve => outcome,
            () = drain => Ok(()),
        };
        info!(%url, "stopped listening");
        outcome
    }
}

/// HTTP/1.1 only: what we serve gains nothing from HTTP/2, whose streams would each need a bound of their own.
fn http1<A>(server: Server<SocketAddr, A>, bounds: &Bounds) -> Server<SocketAddr, A> {
    let mut server = server.http1_only();
    let mut http1 = server.http_builder().http1();
    http1.timer(TokioTimer::new()).header_read_timeout(bounds.head_timeout).max_buf_size(HEAD_BYTES_MAX);
    server
}
