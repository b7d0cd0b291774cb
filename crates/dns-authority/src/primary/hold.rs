//! An UPDATE held back on its way, as if the network had swallowed it for a while.

use std::sync::Arc;

use hickory_proto::op::Metadata;
use tokio::sync::oneshot;

use super::{Shared, UpdateSeen};
use crate::message::Transport;

/// An UPDATE that was received and not looked at, with the way back to its sender.
pub(super) struct Parked {
    pub(super) wire: Vec<u8>,
    header: Metadata,
    transport: Transport,
    reply: Option<oneshot::Sender<Vec<u8>>>,
}

impl Parked {
    pub(super) fn new(wire: Vec<u8>, header: Metadata, transport: Transport) -> Self {
        Self { wire, header, transport, reply: None }
    }

    /// Hands it to a hold and gives back where the reply will come from; or itself, if the hold was given up.
    pub(super) fn hand_to(mut self, hold: oneshot::Sender<Self>) -> Result<oneshot::Receiver<Vec<u8>>, Self> {
        let (reply, replied) = oneshot::channel();
        self.reply = Some(reply);
        hold.send(self).map(|()| replied)
    }
}

/// A hold on the next UPDATE. Dropped before one arrived, it holds nothing; dropped with one, that one is lost as on the
/// network: never judged, never answered.
#[must_use = "a dropped hold holds nothing"]
pub struct HeldUpdate {
    shared: Arc<Shared>,
    arrives: oneshot::Receiver<Parked>,
    parked: Option<Parked>,
}

impl HeldUpdate {
    pub(super) fn new(shared: Arc<Shared>, arrives: oneshot::Receiver<Parked>) -> Self {
        Self { shared, arrives, parked: None }
    }

    /// Waits until an UPDATE has arrived; for ever if none does, so the caller bounds it. Cancel safe.
    pub async fn arrived(&mut self) {
        if self.parked.is_none() {
            let parked = (&mut self.arrives).await;
            self.parked = Some(parked.expect("invariant: the primary, held here, keeps the sender until it sends"));
        }
    }

    /// Lets the UPDATE go on: its signature, its time and its prerequisites are judged now, and its sender gets the
    /// answer if it still listens. Waits until one has arrived. Not cancel safe: a dropped call loses the UPDATE.
    pub async fn release(mut self) -> UpdateSeen {
        self.arrived().await;
        let parked = self.parked.take().expect("invariant: it has arrived");
        let (reply, seen) = self.shared.judge(&parked.wire, parked.header, parked.transport);
        if let Some(sender) = parked.reply {
            // A sender that hung up is what the hold is for.
            let _ = sender.send(reply);
        }
        seen
    }
}
