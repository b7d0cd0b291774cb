//! NOTIFY (RFC 1996) to secondaries right after the primary accepted a write, so that they ask it at once.
//!
//! A primary notifies its secondaries itself, but may gather changes first: Knot waits a second, and for that
//! second users of a secondary are still sent to the region that failed.
//!
//! Invariants: it is a hint and never part of a write. It starts when the write's outcome is known, in tasks of its
//! own, so it can neither delay nor change that outcome. Tries, time and tasks per server are bounded. A secondary
//! takes nothing from it but the advice to ask its own primary, so the message has no answer section (optional,
//! RFC 1996 §3.7), and an answer to it that is forged ends the repeats and does nothing else.
//!
//! It does not know what a server serves afterwards; verification asks for that, and the primary's own NOTIFY
//! and the zone's refresh timer stand behind it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RecordType};
use tokio::sync::Semaphore;

use super::keyring::Keyring;
use super::{outcome, reason};

/// Once, and twice more for a lost datagram: each loss in a row is rarer, and the primary's own NOTIFY follows.
const TRIES: u32 = 3;

/// How long one try waits for its answer: above the round trip to any place on Earth. All tries together end within
/// two seconds, when a primary's own NOTIFY is on its way.
const ANSWER_WITHIN: Duration = Duration::from_millis(500);

/// Between two tries: a server that refuses the datagram at once may be restarting.
const PAUSE: Duration = Duration::from_millis(200);

/// How many NOTIFYs may wait for one server's answer, as many as writes are sent to a primary at once. A server that
/// answers frees its place within a round trip, one that does not loses nothing by being told less often.
const WAITING_MAX: usize = 16;

/// A NOTIFY that did not reach its aim, by what can be done about it. The write that it told of stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotifyError {
    /// No answer: look at the server, and at the UDP path to it.
    #[error("secondary {server} did not answer NOTIFY for zone {zone}: {reason}")]
    Silent {
        /// The server.
        server: SocketAddr,
        /// The zone.
        zone: Name,
        /// What happened at the last try.
        reason: String,
    },
    /// The server answered that it does not take it: only a change of its configuration, or of ours, helps.
    #[error("secondary {server} does not take NOTIFY for zone {zone}: {reason}")]
    Refused {
        /// The server.
        server: SocketAddr,
        /// The zone.
        zone: Name,
        /// What it said, and a hint.
        reason: String,
    },
    /// Not sent, since too many wait for this server's answer already: it is as good as silent.
    #[error("secondary {server} was not sent NOTIFY for zone {zone}: {WAITING_MAX} others wait for its answer")]
    Crowded {
        /// The server.
        server: SocketAddr,
        /// The zone.
        zone: Name,
    },
}

/// Hears what became of each NOTIFY, once for each server and write.
type Told = Arc<dyn Fn(SocketAddr, Result<(), NotifyError>) + Send + Sync>;

/// Those who are told of accepted writes.
#[derive(Clone, Debug, Default)]
pub(super) struct Notifier {
    targets: Vec<Arc<Target>>,
}

impl Notifier {
    /// Tells `servers`, with signatures of `fudge` and the key in use, and `told` what became of it.
    pub(super) fn new(
        servers: &[SocketAddr],
        keyring: &Arc<Keyring>,
        fudge: Duration,
        told: impl Fn(SocketAddr, Result<(), NotifyError>) + Send + Sync + 'static,
    ) -> Self {
        let told: Told = Arc::new(told);
        let target = |server: &SocketAddr| Target {
            server: *server,
            keyring: Arc::clone(keyring),
            fudge,
            places: Arc::new(Semaphore::new(WAITING_MAX)),
            told: Arc::clone(&told),
        };
        Self { targets: servers.iter().map(target).map(Arc::new).collect() }
    }

    /// Begins to tell every server that the zone has changed, and returns without waiting.
    pub(super) fn tell(&self, zone: &Name) {
        for target in &self.targets {
            Arc::clone(target).begin(zone.clone());
        }
    }
}

/// One server to tell.
struct Target {
    server: SocketAddr,
    keyring: Arc<Keyring>,
    fudge: Duration,
    places: Arc<Semaphore>,
    told: Told,
}

impl Target {
    fn begin(self: Arc<Self>, zone: Name) {
        let server = self.server;
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return (self.told)(server, Err(NotifyError::Crowded { server, zone }));
        };
        tokio::spawn(async move {
            let outcome = self.notify(&zone).await;
            drop(place);
            (self.told)(server, outcome);
        });
    }

    /// Tries until an answer comes, whatever it says.
    async fn notify(&self, zone: &Name) -> Result<(), NotifyError> {
        let mut last = String::new();
        for number in 0..TRIES {
            if number > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            match self.try_once(zone).await {
                Ok(answered) => return answered,
                Err(reason) => last = reason,
            }
        }
        Err(NotifyError::Silent { server: self.server, zone: zone.clone(), reason: last })
    }

    /// What the server answered, or why there is no answer. Each try is signed anew, by its own time.
    async fn try_once(&self, zone: &Name) -> Result<Result<(), NotifyError>, String> {
        let key = self.keyring.key(self.keyring.proven());
        let signed = key.sign_now(&message(zone), self.fudge)?;
        let answer = dns_wire::udp(self.server, signed.wire(), ANSWER_WITHIN).await.map_err(reason)?;
        if answer.message.metadata.op_code != OpCode::Notify {
            return Err("it answers another operation".to_owned());
        }
        let taken = outcome::of_notify(zone, &answer.message, &signed.verify(&answer));
        Ok(taken.map_err(|reason| NotifyError::Refused { server: self.server, zone: zone.clone(), reason }))
    }
}

impl fmt::Debug for Target {
    /// Leaves out who is told.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, keyring, fudge, places, told: _ } = self;
        let mut shown = f.debug_struct("Target");
        shown.field("server", server).field("keyring", keyring).field("fudge", fudge).field("places", places);
        shown.finish_non_exhaustive()
    }
}

/// RFC 1996 §3.7: the zone's SOA is asked for, with authority.
fn message(zone: &Name) -> Message {
    let mut message = Message::new(Message::query().metadata.id, MessageType::Query, OpCode::Notify);
    message.metadata.authoritative = true;
    message.add_query(Query::query(zone.clone(), RecordType::SOA));
    message
}

#[cfg(test)]
mod tests;
