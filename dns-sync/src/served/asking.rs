//! Asking one server for many sets. Answers count as they come, and a server that keeps silent is not asked on and on.

use std::net::SocketAddr;

use dns_zone::SetChange;
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::Unseen;

/// Questions under way at once, to one server.
const AT_ONCE: usize = 64;

/// After so many questions in a row without an answer a server is taken for dead: it is asked one question a round until it
/// answers. One datagram may be lost, and so may its repetition.
const SILENT_AFTER: u32 = 3;

/// Asks one server, and knows how long it has kept silent.
#[derive(Debug)]
pub(crate) struct Asker {
    server: SocketAddr,
    /// Questions in a row that it has not answered.
    unanswered: u32,
}

impl Asker {
    /// Of a server that was not asked yet.
    pub(crate) fn new(server: SocketAddr) -> Self {
        Self { server, unanswered: 0 }
    }

    /// The server.
    pub(crate) fn server(&self) -> SocketAddr {
        self.server
    }

    /// Asks for each once, and tells each answer as it comes. Of a server that is taken for dead the rest is told without asking.
    pub(crate) async fn round<'c, F: Future<Output = Result<(), Unseen>>>(
        &mut self,
        changes: Vec<&'c SetChange>,
        ask: &impl Fn(SocketAddr, &'c SetChange) -> F,
        mut told: impl FnMut(&'c SetChange, Result<(), Unseen>),
    ) {
        let server = self.server;
        let mut rest = changes.into_iter();
        let mut first = true;
        let mut under_way = FuturesUnordered::new();
        loop {
            let most = if self.unanswered < SILENT_AFTER { AT_ONCE } else { usize::from(first) };
            let room = most.saturating_sub(under_way.len());
            under_way.extend(rest.by_ref().take(room).map(|change| async move { (change, ask(server, change).await) }));
            first = false;
            let Some((change, seen)) = under_way.next().await else { break };
            self.unanswered = match &seen {
                Err(Unseen::Silent(_)) => self.unanswered.saturating_add(1),
                Ok(()) | Err(Unseen::Unasked | Unseen::Other(_)) => 0,
            };
            told(change, seen);
        }
        rest.for_each(|change| told(change, Err(Unseen::Silent("it answers no other question either".to_owned()))));
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use dns_zone::difference;

    use super::*;
    use crate::fake::zone;

    /// So many changes.
    fn changes(count: usize) -> Vec<SetChange> {
        let lines: Vec<String> = (0..count).map(|one| format!("n{one} A 192.0.2.1")).collect();
        difference(&zone(&[]), &zone(&lines.iter().map(String::as_str).collect::<Vec<_>>()))
    }

    /// How many of so many questions were asked, and how many of them were found to be served, in one round.
    async fn round(
        asker: &mut Asker,
        changes: &[SetChange],
        ask: impl Fn(usize) -> Result<(), Unseen>,
    ) -> (usize, usize) {
        let (count, mut told, mut served) = (Cell::new(0), 0, 0);
        let answer = |_, _: &SetChange| {
            let which = count.replace(count.get() + 1);
            std::future::ready(ask(which))
        };
        let tell = |_: &SetChange, seen: Result<(), Unseen>| {
            told += 1;
            served += usize::from(seen.is_ok());
        };
        asker.round(changes.iter().collect(), &answer, tell).await;
        assert_eq!(told, changes.len(), "something is told of each");
        (count.get(), served)
    }

    fn asker() -> Asker {
        Asker::new(([192, 0, 2, 53], 53).into())
    }

    fn silent(_: usize) -> Result<(), Unseen> {
        Err(Unseen::Silent("nothing came".to_owned()))
    }

    #[tokio::test]
    async fn a_server_that_answers_is_asked_for_everything() {
        let changes = changes(1_000);
        assert_eq!(round(&mut asker(), &changes, |_| Ok(())).await, (1_000, 1_000));
        let lags = |_| Err(Unseen::Other("it has no such set".to_owned()));
        assert_eq!(round(&mut asker(), &changes, lags).await, (1_000, 0), "it may serve the one and not the other");
    }

    #[tokio::test]
    async fn a_dead_server_is_asked_one_question_a_round_until_it_answers() {
        let (changes, mut asker) = (changes(1_000), asker());
        let (count, _) = round(&mut asker, &changes, silent).await;
        assert!(count <= AT_ONCE + SILENT_AFTER as usize, "{count} of 1,000");
        assert_eq!(round(&mut asker, &changes, silent).await, (1, 0));
        assert_eq!(round(&mut asker, &changes, silent).await, (1, 0));
        assert_eq!(round(&mut asker, &changes, |_| Ok(())).await, (1_000, 1_000));
    }

    #[tokio::test]
    async fn a_server_that_answers_now_and_then_is_not_dead() {
        let (changes, mut asker) = (changes(1_000), asker());
        let lossy = |which: usize| if which % 3 == 2 { Ok(()) } else { silent(which) };
        assert_eq!(round(&mut asker, &changes, lossy).await, (1_000, 333));
    }
}
