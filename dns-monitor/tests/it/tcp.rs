//! The TCP prober.

use std::time::Duration;

use dns_core::probe::TcpProbe;
use dns_monitor::probe::tcp;

use crate::peers::{LOOPBACK, PATIENCE, closed_port, hang, tcp_peer};

#[tokio::test]
async fn a_connection_that_opens_is_good() {
    let peer = tcp_peer(hang).await;
    let outcome = tcp::run(LOOPBACK, &TcpProbe { port: peer.port() }, PATIENCE).await;
    assert_eq!(outcome.as_str(), "good");
}

#[tokio::test]
async fn a_closed_port_is_refused() {
    let outcome = tcp::run(LOOPBACK, &TcpProbe { port: closed_port().await }, PATIENCE).await;
    assert_eq!((outcome.as_str(), outcome.message()), ("bad", Some("connection refused")));
}

#[tokio::test]
async fn a_full_backlog_times_out_while_connecting() {
    // Nobody accepts, and the backlog is full: further connections get no answer.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind((LOOPBACK, 0).into()).expect("bound");
    let listener = socket.listen(1).expect("listens");
    let port = listener.local_addr().expect("bound").port();
    let spec = TcpProbe { port };
    let mut waiting = Vec::new();
    loop {
        let within = Duration::from_millis(200);
        match tokio::time::timeout(within, tokio::net::TcpStream::connect((LOOPBACK, port))).await {
            Ok(stream) => waiting.push(stream.expect("connects")),
            Err(_) => break,
        }
        assert!(waiting.len() < 100, "the backlog never fills");
    }
    let outcome = tcp::run(LOOPBACK, &spec, Duration::from_millis(150)).await;
    assert_eq!(outcome.message(), Some("timed out after 150 ms while connecting"));
}
