//! The live page: server-sent events with the sections that changed.
//!
//! The first event has every section, each further one what changed since, and never more often than the press prints.
//! A beat comes when nothing else does, with the clock of the controller and the time of what it shows: the browser
//! tells a quiet system from a dead stream by it, and both from an engine that stands still.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::{Event, Sse};
use dns_service::clock::Clock;
use futures_util::Stream;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::door::{Door, Reader};
use super::edition::Edition;
use super::press::Newest;
use super::section::Subject;

/// Live pages at once: a team and its wall screens, and far fewer than connections, so that monitors, scrapers and
/// `dns-admin` always find room.
pub(crate) const STREAMS_MAX: usize = 64;

/// A beat at least so often: a browser calls a stream dead after a few missing ones, and does so within seconds.
const BEAT: Duration = Duration::from_secs(2);

/// One reader's stream.
pub(crate) struct Live {
    /// What it is about.
    pub(crate) subject: Subject,
    /// Names this run of the program.
    pub(crate) run: String,
    /// The edition to begin with.
    pub(crate) first: Arc<Edition>,
    /// Every further one.
    pub(crate) editions: watch::Receiver<Newest>,
    /// Whether the reader may still read is asked again with each beat.
    pub(crate) door: Door,
    /// Who reads.
    pub(crate) reader: Reader,
    /// The clock.
    pub(crate) clock: Clock,
    /// The end of the program, which must not wait for streams.
    pub(crate) stop: CancellationToken,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Beat<'a> {
    /// The controller's clock, in milliseconds since the epoch.
    now: u64,
    /// As of when the page is.
    at: u64,
    run: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    sections: BTreeMap<String, &'a str>,
}

struct Speaking {
    live: Live,
    /// The last edition that was told of; `None` before the first event.
    seen: Option<Arc<Edition>>,
    beat: Instant,
    /// The place among all streams, given back at the end.
    _place: OwnedSemaphorePermit,
}

impl Live {
    /// The response, which keeps its place until it ends.
    pub(crate) fn respond(self, place: OwnedSemaphorePermit) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
        let speaking = Speaking { live: self, seen: None, beat: Instant::now() + BEAT, _place: place };
        Sse::new(futures_util::stream::unfold(speaking, |mut speaking| async {
            let event = speaking.next().await?;
            Some((Ok(event), speaking))
        }))
    }
}

impl Speaking {
    /// The next event; `None` when the program ends, or the reader may no longer read.
    async fn next(&mut self) -> Option<Event> {
        let (edition, before) = match self.seen.clone() {
            None => (Arc::clone(&self.live.first), 0),
            Some(seen) => self.news(seen).await?,
        };
        if !self.live.door.still_open_to(&self.live.reader) {
            return None;
        }
        self.say(edition, before)
    }

    /// Waits for an edition with something new for this page, or for the next beat; `None` when the program ends.
    async fn news(&mut self, mut seen: Arc<Edition>) -> Option<(Arc<Edition>, u64)> {
        let Live { subject, editions, stop, .. } = &mut self.live;
        loop {
            let before = seen.number;
            tokio::select! {
                () = stop.cancelled() => return None,
                () = sleep_until(self.beat) => return Some((seen, before)),
                changed = editions.changed() => {
                    changed.ok()?;
                    let Some(edition) = editions.borrow_and_update().clone() else { continue };
                    if !edition.changed_since(before, subject).is_empty() {
                        return Some((edition, before));
                    }
                    // As new, only younger: a beat tells of it that the engine goes on.
                    seen = edition;
                }
            }
        }
    }

    fn say(&mut self, edition: Arc<Edition>, before: u64) -> Option<Event> {
        let sections = edition.changed_since(before, &self.live.subject);
        let name = if sections.is_empty() { "beat" } else { "page" };
        let (now, at) = (self.live.clock.now().as_millis(), edition.at.as_millis());
        let event = Event::default().event(name).json_data(Beat { now, at, run: &self.live.run, sections });
        self.beat = Instant::now() + BEAT;
        self.seen = Some(edition);
        // Strings and numbers always serialise; if they did not, the browser would ask again.
        event.ok()
    }
}
