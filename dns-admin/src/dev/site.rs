//! A place that can be broken: an address that answers HTTP until someone says otherwise.
//!
//! One task owns its socket. While the place is broken its port stays bound and refuses connections, as a machine does
//! whose server has died, so that the system gives the port to nobody else until it is healed.

use std::io;
use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::http::header::CONNECTION;
use jiff::Timestamp;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;

/// Connections that wait to be accepted: a few vantage points' worth.
const BACKLOG: u32 = 64;

/// One place. Its task ends with it.
#[derive(Debug)]
pub(crate) struct Site {
    address: SocketAddr,
    wanted: watch::Sender<Condition>,
    condition: watch::Receiver<Report>,
}

/// Whether it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// It does.
    Answering,
    /// It refuses connections.
    Broken,
}

/// What the task has done.
#[derive(Clone, Copy, Debug)]
struct Report {
    condition: Condition,
    since: Timestamp,
}

impl Site {
    /// Takes a free port of an address and answers there with the place's name. Needs a runtime.
    ///
    /// # Errors
    /// If the address is not this machine's.
    pub(crate) fn open(name: &str, ip: IpAddr) -> io::Result<Self> {
        let socket = bound((ip, 0).into())?;
        let address = socket.local_addr()?;
        let (wanted, wishes) = watch::channel(Condition::Answering);
        let (report, condition) = watch::channel(Report { condition: Condition::Answering, since: Timestamp::now() });
        let listener = socket.listen(BACKLOG)?;
        tokio::spawn(own(name.to_owned(), listener, wishes, report));
        Ok(Self { address, wanted, condition })
    }

    /// Where it is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Since when it has been broken, if it is.
    pub(crate) fn broken_since(&self) -> Option<Timestamp> {
        let report = *self.condition.borrow();
        (report.condition == Condition::Broken).then_some(report.since)
    }

    /// Makes it answer, or refuse every connection, and waits until it does. Says when that came about.
    ///
    /// # Errors
    /// If the system gave its port to someone else.
    pub(crate) async fn become_(&self, condition: Condition) -> io::Result<Timestamp> {
        self.wanted.send_replace(condition);
        let mut reports = self.condition.clone();
        let report = reports.wait_for(|report| report.condition == condition).await;
        report.map(|report| report.since).map_err(|_gone| io::Error::other("its port was lost"))
    }
}

/// Answers and refuses in turns, until the place is dropped or its port is lost.
async fn own(
    name: String,
    listener: TcpListener,
    mut wishes: watch::Receiver<Condition>,
    report: watch::Sender<Report>,
) {
    let mut listener = listener;
    let told = |condition| report.send_replace(Report { condition, since: Timestamp::now() });
    loop {
        let Ok(address) = listener.local_addr() else { return };
        // Both arms drop the listener with everything that waits in it.
        tokio::select! {
            _served = axum::serve(listener, router(&name)).into_future() => return,
            held = wait(&mut wishes, Condition::Broken) => if !held { return },
        }
        let Ok(reserved) = bound(address) else { return };
        told(Condition::Broken);
        if !wait(&mut wishes, Condition::Answering).await {
            return;
        }
        listener = match reserved.listen(BACKLOG) {
            Ok(listener) => listener,
            Err(_) => return,
        };
        told(Condition::Answering);
    }
}

/// False if the place was dropped.
async fn wait(wishes: &mut watch::Receiver<Condition>, condition: Condition) -> bool {
    wishes.wait_for(|wish| *wish == condition).await.is_ok()
}

fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Connections of before that are being forgotten must not keep the port.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// No connection outlives its answer, so that breaking the place breaks everything.
fn router(name: &str) -> Router {
    let body = format!("{name} is well\n");
    Router::new().fallback(async move || ([(CONNECTION, "close")], body))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn a_broken_place_refuses_until_it_is_healed() {
        let site = Site::open("prod", Ipv4Addr::LOCALHOST.into()).expect("a place");
        assert_eq!(site.broken_since(), None);
        for _ in 0..3 {
            TcpStream::connect(site.address()).await.expect("it answers");
            let since = site.become_(Condition::Broken).await.expect("broken");
            assert_eq!(site.broken_since(), Some(since));
            let refused = TcpStream::connect(site.address()).await.expect_err("it refuses");
            assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
            site.become_(Condition::Answering).await.expect("healed");
        }
        TcpStream::connect(site.address()).await.expect("it answers again");
    }
}
