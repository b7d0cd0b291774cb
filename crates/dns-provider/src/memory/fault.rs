//! What goes wrong on demand: a gate in front of the next write, and failures of single calls.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::port::ProviderError;

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// [`read`](crate::port::Provider::read)
    Read,
    /// [`apply`](crate::port::Provider::apply)
    Apply,
    /// [`status`](crate::port::Provider::status)
    Status,
    /// [`zone`](crate::port::Provider::zone)
    Zone,
}

/// A failure of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// [`ProviderError::Transient`]; nothing was written.
    Transient,
    /// [`ProviderError::Throttled`]; nothing was written.
    Throttled {
        /// How long the provider asks to wait.
        retry_after: Duration,
    },
    /// [`ProviderError::Denied`]; nothing was written.
    Denied,
    /// [`ProviderError::OutcomeUnknown`], and it was not written; as `Transient` if there was nothing to write.
    LostBeforeApplying,
    /// [`ProviderError::OutcomeUnknown`], and it was written if its conditions held; otherwise as `LostBeforeApplying`.
    LostAfterApplying,
}

const REASON: &str = "a fault of the test";

impl Fault {
    /// What a write ends with that did not get to the zone.
    pub(super) fn before(self, subject: &str) -> Option<ProviderError> {
        let subject = subject.to_owned();
        match self {
            Self::LostAfterApplying => None,
            Self::LostBeforeApplying => Some(ProviderError::OutcomeUnknown { subject, reason: REASON.to_owned() }),
            Self::Transient | Self::Throttled { .. } | Self::Denied => Some(self.of_question(&subject)),
        }
    }

    /// What a write ends with that was applied.
    pub(super) fn after(self, subject: &str) -> Option<ProviderError> {
        let unknown = ProviderError::OutcomeUnknown { subject: subject.to_owned(), reason: REASON.to_owned() };
        (self == Self::LostAfterApplying).then_some(unknown)
    }

    /// What a call ends with that writes nothing.
    pub(super) fn of_question(self, subject: &str) -> ProviderError {
        let (subject, reason) = (subject.to_owned(), REASON.to_owned());
        match self {
            Self::Transient | Self::LostBeforeApplying | Self::LostAfterApplying => {
                ProviderError::Transient { subject, reason }
            }
            Self::Throttled { retry_after } => ProviderError::Throttled { subject, reason, retry_after },
            Self::Denied => ProviderError::Denied { subject, reason },
        }
    }
}

/// The faults that are to come.
#[derive(Debug, Default)]
pub(super) struct Faults(VecDeque<(Call, Fault)>);

impl Faults {
    pub(super) fn add(&mut self, call: Call, fault: Fault) {
        self.0.push_back((call, fault));
    }

    pub(super) fn draw(&mut self, call: Call) -> Option<Fault> {
        let index = self.0.iter().position(|(of, _)| *of == call)?;
        self.0.remove(index).map(|(_, fault)| fault)
    }
}

/// The write's side of a gate.
#[derive(Debug)]
pub(super) struct Gate {
    reached: oneshot::Sender<()>,
    opened: oneshot::Receiver<()>,
}

/// The test's side of a gate. Dropped, it opens.
#[derive(Debug)]
pub struct Hold {
    reached: oneshot::Receiver<()>,
    opened: oneshot::Sender<()>,
}

pub(super) fn gate() -> (Gate, Hold) {
    let (at, reached) = oneshot::channel();
    let (open, opened) = oneshot::channel();
    (Gate { reached: at, opened }, Hold { reached, opened: open })
}

impl Gate {
    /// Says that the write is here, and waits. Nobody may be listening any more; then it goes on.
    pub(super) async fn pass(self) {
        let _ = self.reached.send(());
        let _ = self.opened.await;
    }
}

impl Hold {
    /// Waits until a write stands at the gate.
    ///
    /// # Panics
    /// If another hold has taken the place of this one before a write came.
    pub async fn reached(&mut self) {
        (&mut self.reached).await.expect("a write came to the gate");
    }

    /// Lets the write go on.
    pub fn open(self) {
        // A write whose caller has gone is not there to be told.
        let _ = self.opened.send(());
    }
}
