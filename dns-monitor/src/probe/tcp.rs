//! Opens a TCP connection and closes it again.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use dns_core::probe::TcpProbe;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Failure, Outcome, fault};

/// Good if the connection opens within `within`.
pub async fn run(target: IpAddr, spec: &TcpProbe, within: Duration) -> Outcome {
    connect((target, spec.port).into(), within).await
}

/// Good if a connection to `address` opens within `within`.
pub(crate) async fn connect(address: SocketAddr, within: Duration) -> Outcome {
    let started = Instant::now();
    let failure = match timeout(within, TcpStream::connect(address)).await {
        Ok(Ok(_)) => return Outcome::Good { latency: started.elapsed() },
        Ok(Err(error)) => fault::sort(&error),
        Err(_) => Failure::Theirs(format!("timed out after {} ms while connecting", within.as_millis())),
    };
    failure.outcome(started.elapsed())
}
