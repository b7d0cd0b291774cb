//! Prints editions: renders what the engine published, once for all readers, and only while there are any.
//!
//! The one task that owns the history rows of the page. It never asks the engine and writes nothing; if it cannot
//! render, the controller works on as before.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use dns_core::time::Timestamp;
use dns_store::port::Store;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::archive::Archive;
use super::edition::Edition;
use super::view::{Orders, PageView};
use crate::engine::handle::Engine;

/// The shortest time between two editions: faster than anyone reads, and a bound on what readers cost.
const INTERVAL: Duration = Duration::from_millis(250);

/// Requests for the newest edition that wait; each is answered within one printing.
const QUEUE: usize = 64;

/// The newest edition; `None` before the first.
pub(crate) type Newest = Option<Arc<Edition>>;

type Request = oneshot::Sender<Newest>;

/// What prints.
pub(crate) struct Press {
    engine: Engine,
    store: Arc<dyn Store>,
    orders: Orders,
    requests: mpsc::Receiver<Request>,
    publish: Arc<watch::Sender<Newest>>,
    archive: Archive,
    /// What the newest edition was made of, and when.
    printed: Option<(Timestamp, Instant)>,
}

/// Where readers get editions.
#[derive(Clone)]
pub(crate) struct Kiosk {
    requests: mpsc::Sender<Request>,
    editions: Arc<watch::Sender<Newest>>,
}

impl Press {
    /// A press and its kiosk.
    pub(crate) fn new(engine: Engine, store: Arc<dyn Store>, orders: Orders) -> (Self, Kiosk) {
        let (sender, requests) = mpsc::channel(QUEUE);
        let publish = Arc::new(watch::Sender::new(None));
        let kiosk = Kiosk { requests: sender, editions: Arc::clone(&publish) };
        (Self { engine, store, orders, requests, publish, archive: Archive::default(), printed: None }, kiosk)
    }

    /// Prints until cancelled.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        loop {
            let due = self.printed.map_or_else(Instant::now, |(_, printed)| printed + INTERVAL);
            let is_read = self.publish.receiver_count() > 0;
            let engine = &mut self.engine;
            let news = async {
                sleep_until(due).await;
                engine.next_snapshot(&stop).await
            };
            tokio::select! {
                () = stop.cancelled() => return,
                // A new reader asks first, which also lets this look again whether there are any.
                Some(request) = self.requests.recv() => {
                    if Instant::now() >= due {
                        self.print().await;
                    }
                    let _gone = request.send(self.publish.borrow().clone());
                }
                news = news, if is_read => match news {
                    Some(_) => self.print().await,
                    None => return stop.cancelled().await,
                },
            }
        }
    }

    async fn print(&mut self) {
        let Some(snapshot) = self.engine.snapshot() else { return };
        let looked_at = Instant::now();
        if self.printed.is_some_and(|(at, _)| at == snapshot.at) {
            return;
        }
        self.archive.look(&*self.store, snapshot.services.keys()).await;
        self.printed = Some((snapshot.at, looked_at));
        let before = self.publish.borrow().clone();
        let (archive, orders) = (&self.archive, self.orders);
        // A fault in here would end a task, and with it the controller: showing must never stop acting.
        let printed = catch_unwind(AssertUnwindSafe(|| {
            Edition::of(&PageView::of(&snapshot, archive, orders), before.as_deref())
        }));
        match printed {
            Ok(edition) => drop(self.publish.send_replace(Some(Arc::new(edition)))),
            Err(_panic) => tracing::error!("the status page could not be rendered; it shows what was before"),
        }
    }
}

impl Kiosk {
    /// The newest edition, printed now unless one is fresh. `None` while the engine is loading or the program ends.
    pub(crate) async fn newest(&self) -> Newest {
        let (reply, answer) = oneshot::channel();
        self.requests.send(reply).await.ok()?;
        answer.await.ok()?
    }

    /// Every edition from now on. While it is kept, editions are printed.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Newest> {
        self.editions.subscribe()
    }
}
