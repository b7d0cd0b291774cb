//! Listens to one vantage point: subscribes, passes on what it says, and subscribes again when the stream ends.

use std::time::{Duration, Instant};

use dns_api::evidence::{EventId, EvidenceEvent};
use dns_api::evidence_stream::{EvidenceClient, EvidenceError};
use dns_core::digest::Digest;
use dns_core::identifier::VantageName;
use dns_service::clock::Clock;
use futures_util::StreamExt as _;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::engine::evidence::Heard;
use crate::engine::handle::{Engine, Message};

/// The first pause before subscribing again; it doubles up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(200);
/// How long the engine may take to make room for an event before the stream is taken for late.
const BUSY: Duration = Duration::from_secs(1);
/// The longest pause: shorter than staleness, so that a monitor that restarts is heard within one more second.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// One vantage point's listener.
pub(crate) struct Listener {
    /// Who is listened to.
    pub(crate) vantage: VantageName,
    /// The client.
    pub(crate) client: EvidenceClient,
    /// The engine.
    pub(crate) engine: Engine,
    /// The clock.
    pub(crate) clock: Clock,
    /// Changes after a stall of this process.
    pub(crate) distrust: watch::Receiver<u64>,
}

/// Why a subscription ended.
enum End {
    Failed(EvidenceError),
    /// What it covers changed, or this process stalled: only a snapshot will do.
    SnapshotDue(&'static str),
    Stopping,
}

impl Listener {
    /// Listens until cancelled.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut last: Option<EventId> = None;
        let mut pause = PAUSE_MIN;
        loop {
            let before = last.clone();
            let end = tokio::select! {
                () = stop.cancelled() => return,
                end = self.listen(&mut last) => end,
            };
            if last != before {
                pause = PAUSE_MIN;
            }
            let reason = match end {
                End::Stopping => return,
                End::Failed(error) => error.to_string(),
                End::SnapshotDue(reason) => {
                    last = None;
                    reason.to_owned()
                }
            };
            metrics::counter!("failover_controller_evidence_reconnects_total", "vantage" => self.vantage.to_string())
                .increment(1);
            if self.engine.tell(Message::Heard(self.vantage.clone(), Heard::Lost { reason })).await.is_err() {
                return;
            }
            if tokio::time::timeout(pause, stop.cancelled()).await.is_ok() {
                return;
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// After a stall the engine has forgotten what it had heard, so only a snapshot will do. A stall may come to light
    /// between two streams as well: time that stood still for this process ends the stream by its timeout first.
    fn forget_after_stall(&mut self, last: &mut Option<EventId>) {
        if self.distrust.has_changed().unwrap_or_default() {
            self.distrust.mark_unchanged();
            *last = None;
        }
    }

    async fn listen(&mut self, last: &mut Option<EventId>) -> End {
        self.forget_after_stall(last);
        let trust = *self.distrust.borrow();
        let mut stream = self.client.subscribe(last.as_ref());
        let mut coverage: Option<Digest> = None;
        loop {
            let next = tokio::select! {
                changed = self.distrust.changed() => {
                    return if changed.is_ok() { End::SnapshotDue("this controller stalled") } else { End::Stopping };
                }
                next = stream.next() => next,
            };
            let (id, event) = match next {
                None => return End::SnapshotDue("the stream ended"),
                Some(Err(error)) => return End::Failed(error),
                Some(Ok(heard)) => heard,
            };
            let bearing = match &event {
                EvidenceEvent::Snapshot(snapshot) => &snapshot.bearing,
                EvidenceEvent::Transition(transition) => &transition.bearing,
                EvidenceEvent::Heartbeat(heartbeat) => &heartbeat.bearing,
            };
            let moved_on = coverage.replace(bearing.coverage).is_some_and(|known| known != bearing.coverage);
            let is_snapshot = matches!(event, EvidenceEvent::Snapshot(_));
            let heard = Heard::Event { at: self.clock.now(), trust, event: Box::new(event) };
            let message = Message::Heard(self.vantage.clone(), heard);
            let queued = Instant::now();
            if self.engine.tell(message).await.is_err() {
                return End::Stopping;
            }
            if queued.elapsed() > BUSY {
                // What came meanwhile waits in the socket, and would be taken for as young as its arrival here.
                return End::SnapshotDue("this controller was busy");
            }
            if moved_on && !is_snapshot {
                return End::SnapshotDue("it covers other endpoints than before");
            }
            *last = Some(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use dns_api::evidence_stream::EvidenceAccess;

    use super::*;

    fn listener(distrust: watch::Receiver<u64>) -> Listener {
        let vantage: VantageName = "fra1".parse().expect("a name");
        let url = "http://127.0.0.1:9".parse().expect("a URL");
        let access = EvidenceAccess { vantage: vantage.clone(), url, token: None, ca: None };
        let client = EvidenceClient::new(&access).expect("a client");
        let (engine, _, _) = Engine::channel();
        Listener { vantage, client, engine, clock: Clock::start(), distrust }
    }

    #[test]
    fn a_stall_between_two_streams_makes_a_snapshot_due_once() {
        let (distrust, distrusted) = watch::channel(0);
        let mut listener = listener(distrusted);
        let id: EventId = "58f56720f0fda70a-7".parse().expect("an id");
        let mut last = Some(id.clone());
        listener.forget_after_stall(&mut last);
        assert_eq!(last, Some(id.clone()), "nothing has stalled");
        distrust.send_modify(|generation| *generation += 1);
        listener.forget_after_stall(&mut last);
        assert_eq!(last, None);
        last = Some(id.clone());
        listener.forget_after_stall(&mut last);
        assert_eq!(last, Some(id), "one stall, one snapshot");
    }
}
