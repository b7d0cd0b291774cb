//! How the rest of the program talks to the engine: messages in, published snapshots out.

use std::sync::Arc;
use std::time::Duration;

use dns_core::approval::Awaiting;
use dns_core::drill::injection::Honoured;
use dns_core::fence::DecisionId;
use dns_core::gate::{self, GateKey};
use dns_core::history::HistoryEntry;
use dns_core::identifier::{ServiceName, VantageName};
use dns_core::machine::command::Order;
use dns_core::machine::effect::Refusal;
use dns_core::machine::event::{Delivery, WriteOutcome};
use dns_core::service::Place;
use dns_core::time::Timestamp;
use dns_core::zone::ZoneView;
use dns_provider::port::{Permit, ProviderError};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::evacuating::{Answer, Call};
use super::evidence::Heard;
use super::snapshot::{STANDS_STILL, Snapshot};

/// Messages that wait for the engine. Senders wait when it is full.
const QUEUE: usize = 1024;

/// Evidence that waits for the engine: more than all vantage points say in a second.
const EVIDENCE_QUEUE: usize = 256;

/// What the engine is told.
#[derive(Debug)]
pub(crate) enum Message {
    /// A vantage point spoke.
    Heard(VantageName, Heard),
    /// A gate was asked.
    Gate(Box<GateAnswer>),
    /// A service's zone was read at a place, or could not be.
    Zone(ServiceName, Place, Result<Box<ZoneView>, ProviderError>),
    /// An operator gave an order.
    Order(ServiceName, Order, oneshot::Sender<OrderAnswer>),
    /// A hook says no to a decision. The answer says whether that was committed.
    Vetoed(ServiceName, DecisionId, String, oneshot::Sender<Result<(), String>>),
    /// An operator gave an order about an evacuation.
    Evacuation(Box<Call>, oneshot::Sender<Answer>),
    /// The executor wants to send.
    Permit(ServiceName, DecisionId, oneshot::Sender<Result<Permit, String>>),
    /// The executor does not know whether a write arrived.
    Uncertain(ServiceName, DecisionId, String),
    /// A write reached its end. The answer says whether that was committed.
    Settled(ServiceName, DecisionId, WriteOutcome, oneshot::Sender<Result<(), String>>),
    /// An authoritative server was seen to serve what was written, while others are still asked.
    Delivered(ServiceName, DecisionId, Delivery),
    /// The authoritative servers were asked. The answer says whether that was committed.
    Verified(ServiceName, DecisionId, Vec<Delivery>, oneshot::Sender<Result<(), String>>),
    /// A drill of a service begins or ends: from now on what it injects counts, or nothing does.
    Honour(ServiceName, Option<Honoured>),
    /// Something of a service was seen that nothing is decided by; it goes into the history.
    Recorded(Box<HistoryEntry>),
}

/// What came of a question to a gate.
#[derive(Debug)]
pub(crate) struct GateAnswer {
    /// Which gate.
    pub(crate) key: GateKey,
    /// How long a yes of it counts.
    pub(crate) within: Duration,
    /// When it was asked.
    pub(crate) asked: Timestamp,
    /// How many stalls of this process were known then.
    pub(crate) trust: u64,
    /// What it said.
    pub(crate) answer: gate::Answer,
}

/// What becomes of an order.
#[derive(Debug)]
pub(crate) enum OrderAnswer {
    /// Taken; with a decision to follow if something has to be written.
    Taken(Option<DecisionId>),
    /// It waits for a second person; nothing is decided.
    Awaiting(Awaiting),
    /// Not taken.
    Refused(Refusal),
    /// There is no such service.
    NoService,
    /// The store did not take the commit.
    StoreFailed(String),
}

/// How the rest of the program talks to the engine.
#[derive(Clone)]
pub(crate) struct Engine {
    sender: mpsc::Sender<Message>,
    evidence: mpsc::Sender<Message>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
}

/// The engine's end of its queues.
///
/// Evidence has one of its own and goes first: it is stale after three seconds, and thousands of settled writes may wait
/// before it. Whatever is decided meanwhile is decided on what was heard last.
pub(crate) struct Inbox {
    evidence: mpsc::Receiver<Message>,
    messages: mpsc::Receiver<Message>,
}

impl Inbox {
    /// The next message; `None` when nobody can send any more. Cancel safe.
    pub(crate) async fn recv(&mut self) -> Option<Message> {
        tokio::select! {
            biased;
            Some(heard) = self.evidence.recv() => Some(heard),
            message = self.messages.recv() => message,
        }
    }

    /// The next message, if one waits.
    pub(crate) fn try_recv(&mut self) -> Option<Message> {
        self.evidence.try_recv().or_else(|_| self.messages.try_recv()).ok()
    }
}

/// The engine is gone; the process is shutting down.
#[derive(Debug, thiserror::Error)]
#[error("the engine has stopped")]
pub(crate) struct EngineStopped;

impl Engine {
    /// Makes the channels; [`run`] drives the other end.
    pub(crate) fn channel() -> (Self, Inbox, watch::Sender<Arc<Snapshot>>) {
        let (sender, messages) = mpsc::channel(QUEUE);
        let (evidence, heard) = mpsc::channel(EVIDENCE_QUEUE);
        let (publish, snapshots) = watch::channel(Arc::new(Snapshot::default()));
        (Self { sender, evidence, snapshots }, Inbox { evidence: heard, messages }, publish)
    }

    /// Tells the engine something. Cancel safe: it was told or it wasn't.
    ///
    /// # Errors
    /// [`EngineStopped`].
    pub(crate) async fn tell(&self, message: Message) -> Result<(), EngineStopped> {
        let queue =
            if matches!(message, Message::Heard(..) | Message::Gate(_)) { &self.evidence } else { &self.sender };
        queue.send(message).await.map_err(|_| EngineStopped)
    }

    /// Tells the engine something that it answers.
    ///
    /// # Errors
    /// [`EngineStopped`].
    pub(crate) async fn ask<T>(&self, message: impl FnOnce(oneshot::Sender<T>) -> Message) -> Result<T, EngineStopped> {
        let (reply, answer) = oneshot::channel();
        self.tell(message(reply)).await?;
        answer.await.map_err(|_| EngineStopped)
    }

    /// Waits until the engine publishes again, or for [`STANDS_STILL`]: then what it last published, which says how it
    /// is. `None` once it or the process ends.
    pub(crate) async fn next_snapshot(&mut self, stop: &CancellationToken) -> Option<Arc<Snapshot>> {
        tokio::select! {
            () = stop.cancelled() => None,
            changed = self.snapshots.changed() => changed.ok().map(|()| self.newest()),
            () = tokio::time::sleep(STANDS_STILL) => Some(self.newest()),
        }
    }

    /// What the engine last published; `None` before it has published anything.
    pub(crate) fn snapshot(&self) -> Option<Arc<Snapshot>> {
        let snapshot = self.newest();
        snapshot.actor.is_some().then_some(snapshot)
    }

    fn newest(&self) -> Arc<Snapshot> {
        Snapshot::aged(&self.snapshots.borrow())
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    fn published(age: Duration) -> Arc<Snapshot> {
        let actor = Some("controller-1".parse().expect("a name"));
        let published = Instant::now().checked_sub(age);
        assert!(published.is_some(), "the machine has been up for longer");
        Arc::new(Snapshot { actor, published, ..Snapshot::default() })
    }

    #[test]
    fn an_engine_that_stands_still_is_told_by_what_it_published_before() {
        let (engine, _messages, publish) = Engine::channel();
        assert!(engine.snapshot().is_none(), "nothing is published");
        let fresh = published(STANDS_STILL / 2);
        publish.send_replace(Arc::clone(&fresh));
        assert!(Arc::ptr_eq(&engine.snapshot().expect("published"), &fresh), "it is as it was published");

        publish.send_replace(published(STANDS_STILL * 2));
        let aged = engine.snapshot().expect("published");
        for told in [&aged.store_error, &aged.stall] {
            assert!(told.as_ref().is_some_and(|words| words.contains("stands still since")), "{told:?}");
        }
        assert!(aged.at.since(fresh.at) >= STANDS_STILL * 2, "ages go on");
    }
}
