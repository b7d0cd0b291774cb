//! Connections that have answered and wait for the next read.
//!
//! Only reads come here. A server may close an idle connection in the moment in which it is used again, and then nobody can
//! tell whether it took the message: a question is asked once more on a new connection, but a write would be an unknown
//! outcome, which costs far more than connecting.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use dns_wire::Connection;
use tokio::time::Instant;

/// How many wait at most. Reads of many services follow each other closely and overlap little, and servers give all of
/// their clients some hundred connections (`BIND`: 150).
const IDLE_MAX: usize = 4;

/// How long one waits at most: less than servers wait before they close it (`PowerDNS` 5 s, Knot 10 s, BIND 30 s), so that
/// few are used that are gone.
const IDLE_FOR_MAX: Duration = Duration::from_secs(4);

/// Connections to one server, with the time since which they wait, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Idle(Arc<Mutex<Vec<(Instant, Connection)>>>);

impl Idle {
    /// The one that waits for the shortest time, if it is not too old.
    pub(super) fn take(&self) -> Option<Connection> {
        let mut waiting = self.lock();
        let (since, connection) = waiting.pop()?;
        if since.elapsed() < IDLE_FOR_MAX {
            return Some(connection);
        }
        // All others are older still.
        waiting.clear();
        None
    }

    /// Keeps a connection that has answered everything it was asked.
    pub(super) fn give(&self, connection: Connection) {
        let mut waiting = self.lock();
        waiting.retain(|(since, _)| since.elapsed() < IDLE_FOR_MAX);
        if waiting.len() < IDLE_MAX {
            waiting.push((Instant::now(), connection));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Instant, Connection)>> {
        self.0.lock().expect("invariant: nothing panics while it holds this lock")
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    async fn connection(server: &TcpListener) -> Connection {
        let address = server.local_addr().expect("an address");
        Connection::open(address, Duration::from_secs(5)).await.expect("connected")
    }

    #[tokio::test]
    async fn keeps_few_and_not_for_long() {
        let server = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let idle = Idle::default();
        for _ in 0..=IDLE_MAX {
            idle.give(connection(&server).await);
        }
        assert_eq!(idle.lock().len(), IDLE_MAX);
        assert!(idle.take().is_some());
        tokio::time::pause();
        tokio::time::advance(IDLE_FOR_MAX).await;
        assert!(idle.take().is_none());
        assert!(idle.lock().is_empty(), "the older ones are closed as well");
    }
}
