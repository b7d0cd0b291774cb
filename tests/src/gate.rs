//! Gates of the providers' fakes: they hold calls up until a test lets them go, without a time that is too short or too
//! long.

use std::sync::Arc;

use tokio::sync::watch;

use crate::until::{PATIENCE, until};

/// Holds calls up until it is opened; clones are the same gate. A gate that is never opened stays closed.
#[derive(Clone, Debug)]
pub struct Gate {
    arrived: Arc<watch::Sender<usize>>,
    open: Arc<watch::Sender<bool>>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { arrived: Arc::new(watch::Sender::new(0)), open: Arc::new(watch::Sender::new(false)) }
    }
}

impl Gate {
    /// Waits until so many calls have come to the gate.
    ///
    /// # Panics
    ///
    /// When they don't come in time.
    pub fn await_calls(&self, count: usize) {
        let come = || {
            let arrived = *self.arrived.borrow();
            if arrived >= count { Ok(()) } else { Err(arrived) }
        };
        until(&format!("{count} calls come to the gate"), PATIENCE, come);
    }

    /// Lets everyone through, also those that come later.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    pub(crate) async fn pass(&self) {
        self.arrived.send_modify(|count| *count += 1);
        let opened = self.open.subscribe().wait_for(|open| *open).await.is_ok();
        assert!(opened, "invariant: the gate that is waited at is held by the one who waits");
    }
}
