//! How far changes are, asked once for all flips that shared a batch.
//!
//! A batch has one id, and each of its flips asks for it. Whoever waits for the same id at the same time shares one call,
//! and a change that is done stays done.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::client::Api;
use super::outcome::Failure;
use crate::port::{Progress, Urgency};

/// How long a question waits for others to join.
const GATHER: Duration = Duration::from_millis(5);

/// How long a question lets flips go first: half of the time that a verification has by default.
const GIVE_WAY: Duration = Duration::from_secs(30);

/// Questions that can wait; one more waits for a place among them.
const WAITING_MAX: usize = 16_384;

/// Changes that are remembered as done: more than an evacuation of 10,000 services needs. A forgotten one costs a call.
const REMEMBERED_MAX: usize = 1_024;

type Reply = oneshot::Sender<Result<Progress, Failure>>;

/// The changes of one account.
pub(super) struct Changes {
    api: Arc<Api>,
    asked: OnceLock<mpsc::Sender<(String, Reply)>>,
}

impl Changes {
    pub(super) fn new(api: Arc<Api>) -> Self {
        Self { api, asked: OnceLock::new() }
    }

    /// How far a change is.
    pub(super) async fn progress(&self, id: &str) -> Result<Progress, Failure> {
        let ended = || Failure::NotSent("the task that follows changes has ended".to_owned());
        let (reply, answer) = oneshot::channel();
        self.asked.get_or_init(|| self.start()).send((id.to_owned(), reply)).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }

    fn start(&self) -> mpsc::Sender<(String, Reply)> {
        let (asked, questions) = mpsc::channel(WAITING_MAX);
        tokio::spawn(run(Arc::clone(&self.api), questions));
        asked
    }
}

async fn run(api: Arc<Api>, mut questions: mpsc::Receiver<(String, Reply)>) {
    let mut done: VecDeque<String> = VecDeque::new();
    while let Some((id, reply)) = questions.recv().await {
        tokio::time::sleep(GATHER).await;
        if !done.contains(&id) {
            api.precedence.give_way(GIVE_WAY).await;
        }
        let mut waiting: BTreeMap<String, Vec<Reply>> = BTreeMap::from([(id, vec![reply])]);
        while let Ok((id, reply)) = questions.try_recv() {
            waiting.entry(id).or_default().push(reply);
        }
        for (id, replies) in waiting {
            let known = done.contains(&id);
            let progress = if known { Ok(Progress::Complete) } else { api.progress(&id, Urgency::Flip).await };
            if !known && progress == Ok(Progress::Complete) {
                done.push_back(id);
                if done.len() > REMEMBERED_MAX {
                    done.pop_front();
                }
            }
            for reply in replies {
                // Nobody listens to a question that was given up.
                let _ = reply.send(progress.clone());
            }
        }
    }
}
