//! Who goes first when calls are few: flips. Reads and questions how far a change is give way to flips that wait, for a
//! bounded time, so that an evacuation is written as fast as the account allows, and what follows from each flip is found
//! out once for many.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// How many flips wait or are being sent, at one account.
#[derive(Debug)]
pub(super) struct Precedence {
    flips: watch::Sender<usize>,
}

/// A flip that goes first for as long as this lives.
#[derive(Debug)]
pub(super) struct Turn(Arc<Precedence>);

impl Default for Precedence {
    fn default() -> Self {
        Self { flips: watch::Sender::new(0) }
    }
}

impl Precedence {
    /// A flip begins to wait.
    pub(super) fn enter(self: &Arc<Self>) -> Turn {
        self.flips.send_modify(|flips| *flips += 1);
        Turn(Arc::clone(self))
    }

    /// Waits until no flip waits, for so long at the most.
    pub(super) async fn give_way(&self, at_most: Duration) {
        let mut flips = self.flips.subscribe();
        // Over or not, it is somebody else's turn then; and the sender is ours, so it cannot be gone.
        let _over = tokio::time::timeout(at_most, flips.wait_for(|flips| *flips == 0)).await;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.flips.send_modify(|flips| *flips = flips.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn others_wait_until_the_last_flip_is_gone() {
        let precedence = Arc::new(Precedence::default());
        let turns = [precedence.enter(), precedence.enter()];
        let (waiting, long) = (Arc::clone(&precedence), Duration::from_mins(10));
        let mut other = tokio::spawn(async move { waiting.give_way(long).await });
        let [first, last] = turns;
        drop(first);
        let early = tokio::time::timeout(Duration::from_millis(50), &mut other).await;
        assert!(early.is_err(), "one flip still waits");
        drop(last);
        let over = tokio::time::timeout(Duration::from_secs(10), other).await;
        assert!(over.is_ok(), "none waits any more");
    }

    #[tokio::test]
    async fn nobody_gives_way_for_ever() {
        let precedence = Arc::new(Precedence::default());
        let _turn = precedence.enter();
        let waited = tokio::time::timeout(Duration::from_secs(10), precedence.give_way(Duration::from_millis(5))).await;
        assert!(waited.is_ok());
    }
}
