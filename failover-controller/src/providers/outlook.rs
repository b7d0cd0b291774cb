//! From where a provider's authoritative servers are asked: from here, or by way of the vantage points inside their network.
//!
//! One round of questions goes by way of one vantage point, so that what is told of a server was seen from one place. The
//! one that was last answered is asked first; if it brings nothing, all others are asked at once, and the first of them that
//! is answered counts. Nothing is asked from here then, however near the server may be: what this process can reach says
//! nothing about who is inside.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dns_adapters::vantage::AtVantage;
use dns_api::ask::ANSWER_TIMEOUT;
use dns_core::identifier::VantageName;
use dns_provider::authoritative::{Asker, Content, Expected, Here, Served, ask_by, serves_by};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use hickory_proto::rr::{Name, RecordType};

/// How long one question to one server may take from here: longer than any way around the world.
const QUESTION: Duration = Duration::from_secs(1);

/// From where servers are asked.
#[derive(Clone)]
pub(crate) enum Outlook {
    /// From here.
    Here,
    /// By way of these vantage points.
    Inside(Arc<Inside>),
}

/// Vantage points inside a private network.
pub(crate) struct Inside {
    points: Vec<(VantageName, Box<dyn Asker>)>,
    /// Which one was last answered.
    first: AtomicUsize,
}

/// What one server was seen to serve.
#[derive(Debug)]
pub(crate) struct Seen {
    /// What it serves.
    pub(crate) served: Served,
    /// The vantage point that saw it; `None` if that was this process, or nobody.
    pub(crate) from: Option<VantageName>,
}

impl Outlook {
    /// By way of these vantage points; from here if there are none.
    pub(crate) fn through(points: Vec<AtVantage>) -> Self {
        let points: Vec<_> = points.into_iter().map(|point| (point.vantage().clone(), Box::new(point) as _)).collect();
        if points.is_empty() { Self::Here } else { Self::inside(points) }
    }

    fn inside(points: Vec<(VantageName, Box<dyn Asker>)>) -> Self {
        Self::Inside(Arc::new(Inside { points, first: AtomicUsize::new(0) }))
    }

    /// Whether this process asks itself.
    pub(crate) fn is_here(&self) -> bool {
        match self {
            Self::Here => true,
            Self::Inside(_) => false,
        }
    }

    /// One round of questions to one server.
    pub(crate) async fn serves(&self, server: SocketAddr, expected: &Expected<'_>) -> Seen {
        match self {
            Self::Here => Seen { served: serves_by(&Here, server, expected, QUESTION).await, from: None },
            Self::Inside(inside) => inside.serves(server, expected).await,
        }
    }

    /// One question to one server, by way of whoever was last answered; `None` if there is no answer.
    pub(crate) async fn ask(&self, server: SocketAddr, name: &Name, rtype: RecordType) -> Option<Content> {
        match self {
            Self::Here => ask_by(&Here, server, name, rtype, QUESTION).await.ok(),
            Self::Inside(inside) => {
                for (_, (_, asker)) in inside.in_order() {
                    if let Ok(content) = ask_by(asker.as_ref(), server, name, rtype, ANSWER_TIMEOUT).await {
                        return Some(content);
                    }
                }
                None
            }
        }
    }
}

impl Inside {
    async fn serves(&self, server: SocketAddr, expected: &Expected<'_>) -> Seen {
        let mut all = self.in_order();
        let mut silence = Silence::default();
        let Some(first) = all.next() else { return silence.into_seen() };
        if let Some(seen) = silence.or_seen(self.round(first, server, expected).await) {
            return seen;
        }
        let mut rounds: FuturesUnordered<_> = all.map(|point| self.round(point, server, expected)).collect();
        while let Some(round) = rounds.next().await {
            if let Some(seen) = silence.or_seen(round) {
                return seen;
            }
        }
        silence.into_seen()
    }

    /// Every vantage point with its position, beginning with the one that was last answered.
    fn in_order(&self) -> impl Iterator<Item = (usize, &(VantageName, Box<dyn Asker>))> {
        let (count, first) = (self.points.len(), self.first.load(Ordering::Relaxed));
        self.points.iter().enumerate().cycle().skip(first).take(count)
    }

    async fn round(
        &self,
        (position, (vantage, asker)): (usize, &(VantageName, Box<dyn Asker>)),
        server: SocketAddr,
        expected: &Expected<'_>,
    ) -> (usize, VantageName, Served) {
        let answer = serves_by(asker.as_ref(), server, expected, ANSWER_TIMEOUT).await;
        match &answer {
            // Only a hint whom to ask first: whoever writes last is as right as the others.
            Served::New | Served::Old { .. } => self.first.store(position, Ordering::Relaxed),
            Served::Silent { .. } => {}
        }
        (position, vantage.clone(), answer)
    }
}

/// What vantage points said that brought nothing.
#[derive(Default)]
struct Silence {
    reasons: Vec<(usize, String)>,
    heard: bool,
}

impl Silence {
    fn or_seen(&mut self, (position, vantage, served): (usize, VantageName, Served)) -> Option<Seen> {
        match served {
            served @ (Served::New | Served::Old { .. }) => Some(Seen { served, from: Some(vantage) }),
            Served::Silent { reason, heard } => {
                self.heard |= heard;
                self.reasons.push((position, format!("{vantage}: {reason}")));
                None
            }
        }
    }

    fn into_seen(mut self) -> Seen {
        // In the order of the configuration, so that two rounds say the same.
        self.reasons.sort_unstable();
        let reasons: Vec<String> = self.reasons.into_iter().map(|(_, reason)| reason).collect();
        Seen { served: Served::Silent { reason: reasons.join("; "), heard: self.heard }, from: None }
    }
}

#[cfg(test)]
pub(crate) mod tests;
