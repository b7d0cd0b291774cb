//! The parts of the daemon, which run beside one another until it ends.
//!
//! A part that breaks would leave its zone behind, and nobody would hear of it: the others go on, and so does the listener. So
//! it ends the daemon, and whoever started that starts it again.

use std::collections::HashMap;

use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::error;

/// All that was started. Dropped, it ends them where they are.
#[derive(Debug, Default)]
pub(super) struct Parts {
    running: JoinSet<()>,
    names: HashMap<Id, String>,
}

/// A part has ended that nobody told to.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the daemon ends, since its part for {part} broke: {reason}")]
pub(super) struct Broken {
    part: String,
    reason: String,
}

impl Parts {
    /// Starts one, which runs until the daemon ends.
    pub(super) fn start(&mut self, part: impl Into<String>, run: impl Future<Output = ()> + Send + 'static) {
        let id = self.running.spawn(run).id();
        self.names.insert(id, part.into());
    }

    /// Waits until all have ended. The first that does so too early ends the others.
    ///
    /// # Errors
    /// [`Broken`], the first.
    pub(super) async fn ended(mut self, stop: &CancellationToken) -> Result<(), Broken> {
        let mut first = None;
        while let Some(ended) = self.running.join_next_with_id().await {
            let (id, reason) = match ended {
                Ok((_, ())) if stop.is_cancelled() => continue,
                Ok((id, ())) => (id, "it ended by itself".to_owned()),
                Err(error) => (error.id(), error.to_string()),
            };
            let part = self.names.remove(&id).unwrap_or_default();
            error!(part, reason, "a part of the daemon broke, so all of it ends");
            stop.cancel();
            first.get_or_insert(Broken { part, reason });
        }
        first.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(stop: &CancellationToken) -> impl Future<Output = ()> + Send + use<> {
        stop.clone().cancelled_owned()
    }

    #[tokio::test]
    async fn a_part_that_panics_ends_all() {
        let (mut parts, stop) = (Parts::default(), CancellationToken::new());
        parts.start("a.test. at `main`", waits(&stop));
        parts.start("b.test. at `main`", async { panic!("a broken invariant") });
        let broken = parts.ended(&stop).await.expect_err("one broke").to_string();
        assert!(stop.is_cancelled(), "the others are told to end");
        assert!(broken.contains("b.test. at `main`") && broken.contains("a broken invariant"), "{broken}");
    }

    #[tokio::test]
    async fn a_part_that_ends_before_it_is_told_to_ends_all() {
        let (mut parts, stop) = (Parts::default(), CancellationToken::new());
        parts.start("one", waits(&stop));
        parts.start("other", async {});
        assert!(parts.ended(&stop).await.is_err_and(|broken| broken.part == "other"));
    }

    #[tokio::test]
    async fn parts_that_are_told_to_end_are_waited_for() {
        let (mut parts, stop) = (Parts::default(), CancellationToken::new());
        parts.start("one", waits(&stop));
        parts.start("other", waits(&stop));
        stop.cancel();
        assert_eq!(parts.ended(&stop).await, Ok(()));
    }
}
