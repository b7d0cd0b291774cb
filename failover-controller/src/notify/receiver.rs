//! One receiver: told in order, tried again with growing pauses, alone with its troubles.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use dns_service::config::secret::{SecretError, read_secret_line, read_secret_url};
use dns_service::exit::one_line;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::health::{Health, News};
use super::ledger::{Ledger, Next};
use super::pace::{Fault, Pace};
use super::post::{Letter, Outcome};
use super::signature::signed;
use super::story::Story;
use super::{Office, alertmanager, meter, pagerduty, slack, webhook};

/// How often the history is looked at for new rows: a read of one index for each receiver.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How letters are written.
#[derive(Clone, Debug)]
pub(super) enum Channel {
    Webhook { url: Url, secret_file: PathBuf },
    PostFlip { url: Url, secret_file: PathBuf },
    Slack { url_file: PathBuf },
    PagerDuty { url: Url, routing_key_file: PathBuf },
    Alertmanager { url: Url, token_file: Option<PathBuf> },
}

/// A receiver.
pub(super) struct Receiver {
    pub(super) name: String,
    pub(super) channel: Channel,
    pub(super) timeout: Duration,
    pub(super) office: Arc<Office>,
    pub(super) ledger: Ledger,
    pub(super) pace: Pace,
    pub(super) health: Health,
    pub(super) fault: Fault,
    /// When open alerts are repeated.
    pub(super) repeat_at: Instant,
}

/// What a turn came to.
enum Turn {
    /// There may be more.
    Busy,
    /// Nothing until then.
    Wait(Duration),
}

impl Receiver {
    /// Runs until cancelled. What was not told by then is told by the next process.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        meter::begin(&self.name);
        let working = async {
            loop {
                if let Turn::Wait(pause) = self.turn().await {
                    tokio::time::sleep(pause).await;
                }
            }
        };
        // A letter under way is let go: to wait for a receiver that hangs would hold up the end of the process.
        let _never_by_itself = stop.run_until_cancelled(working).await;
        // Without it the next process repeats what is done; nothing depends on that.
        let _repeated = self.ledger.save(true).await;
    }

    async fn turn(&mut self) -> Turn {
        // The store's troubles are the engine's to tell. What was read before can still be told.
        let looked = self.ledger.look().await.is_ok();
        self.measure();
        let told = match self.ledger.next() {
            Some(next) => self.write(&next).await,
            None => return self.rest(looked).await,
        };
        let outcome = self.send(told).await;
        let turn = self.settle(outcome);
        let _later = self.ledger.save(false).await;
        turn
    }

    /// Nothing is to be told: bookmarks are written and alerts repeated.
    async fn rest(&mut self, looked: bool) -> Turn {
        if looked {
            let _later = self.ledger.save(true).await;
        }
        if matches!(self.channel, Channel::Alertmanager { .. }) && Instant::now() >= self.repeat_at {
            let letters = self.repeated().await;
            let outcome = self.send(letters).await;
            return self.settle_repetition(outcome);
        }
        Turn::Wait(LOOK_EVERY)
    }

    async fn send(&self, letters: Result<Vec<Letter>, String>) -> Outcome {
        let letters = match letters {
            Ok(letters) => letters,
            Err(why) => return Outcome::Later { why, after: None, answered: false },
        };
        for letter in &letters {
            match self.office.poster.deliver(letter, self.timeout).await {
                Outcome::Taken => {}
                other @ (Outcome::Refused(_) | Outcome::Later { .. }) => return other,
            }
        }
        Outcome::Taken
    }

    fn settle(&mut self, outcome: Outcome) -> Turn {
        match outcome {
            Outcome::Taken => {
                self.count("delivered");
                self.pace.succeeded();
                self.fault.over();
                let news = self.health.took();
                self.tell(news);
                self.ledger.settle();
                Turn::Busy
            }
            Outcome::Refused(why) => {
                self.count("refused");
                tracing::warn!(receiver = self.name, row = self.told_next(), why, "a receiver refuses a row for good");
                self.fault.over();
                self.fail(&why, true);
                self.ledger.settle();
                Turn::Busy
            }
            Outcome::Later { why, after, answered } => {
                self.count("failed");
                tracing::debug!(receiver = self.name, row = self.told_next(), why, "a receiver did not take a row");
                self.fail(&why, false);
                self.note_fault(answered);
                Turn::Wait(self.pace.after_failure(after, fastrand::f64()))
            }
        }
    }

    fn note_fault(&mut self, answered: bool) {
        let is_row = matches!(self.ledger.next(), Some(Next::Row(_)));
        if self.fault.again(answered && is_row, Instant::now()) {
            tracing::warn!(
                receiver = self.name,
                row = self.told_next(),
                "a row is given up that a receiver cannot take"
            );
            self.ledger.drop_next();
            self.fault.over();
        }
    }

    fn settle_repetition(&mut self, outcome: Outcome) -> Turn {
        match outcome {
            Outcome::Taken => {
                self.pace.succeeded();
                let news = self.health.took();
                self.tell(news);
                self.repeat_at = Instant::now() + alertmanager::REPEAT_EVERY;
                Turn::Busy
            }
            Outcome::Refused(why) => {
                self.fail(&why, true);
                self.repeat_at = Instant::now() + alertmanager::REPEAT_EVERY;
                Turn::Busy
            }
            Outcome::Later { why, after, .. } => {
                self.fail(&why, false);
                // Rows that come meanwhile are told at once, or find out for themselves.
                self.repeat_at = Instant::now() + self.pace.after_failure(after, fastrand::f64());
                Turn::Busy
            }
        }
    }

    fn fail(&mut self, why: &str, refused: bool) {
        let news = self.health.failed(&self.name, why, refused, self.office.clock.now());
        self.tell(news);
    }

    fn tell(&self, news: Option<News>) {
        match news {
            None => {}
            Some(News::Fails(words)) => {
                tracing::warn!(receiver = self.name, "{words}");
                self.office.asides.note_receiver(&self.name, Some(words));
            }
            Some(News::Well) => {
                tracing::info!(receiver = self.name, "a receiver takes what it is told again");
                self.office.asides.note_receiver(&self.name, None);
            }
        }
    }

    fn told_next(&self) -> String {
        match self.ledger.next() {
            Some(Next::Row(item)) => webhook::id(&item.row),
            Some(Next::Sum(dropped)) => webhook::sum_id(dropped),
            None => String::new(),
        }
    }

    fn count(&self, outcome: &'static str) {
        meter::count(&self.name, outcome);
    }

    fn measure(&self) {
        let now = self.office.clock.now();
        let lag = self.ledger.oldest().map(|oldest| now.since(oldest)).unwrap_or_default();
        meter::lag(&self.name, lag);
    }

    /// The letters that tell one row, or the sum of those that were given up.
    async fn write(&self, next: &Next<'_>) -> Result<Vec<Letter>, String> {
        let (office, now) = (self.office.as_ref(), self.office.clock.wall());
        match &self.channel {
            Channel::Webhook { url, secret_file } => {
                let (id, body) = match next {
                    Next::Row(item) => (webhook::id(&item.row), webhook::row(item, office)),
                    Next::Sum(dropped) => (webhook::sum_id(dropped), webhook::sum(dropped, office)),
                };
                Ok(vec![signed(url, secret_file, &id, now, &body).await?])
            }
            Channel::PostFlip { url, secret_file } => {
                let (id, body) = match next {
                    Next::Row(item) => {
                        let story = match &item.row.entry.decision {
                            Some(decision) => Story::of(office.store.as_ref(), decision).await,
                            None => Ok(None),
                        };
                        let story = story.map_err(|error| one_line(&error))?;
                        (webhook::id(&item.row), webhook::outcome(&item.row, story.as_ref(), office))
                    }
                    Next::Sum(dropped) => (webhook::sum_id(dropped), webhook::sum(dropped, office)),
                };
                Ok(vec![signed(url, secret_file, &id, now, &body).await?])
            }
            Channel::Slack { url_file } => {
                let body = match next {
                    Next::Row(item) => slack::row(item, self.since(item), office),
                    Next::Sum(dropped) => slack::sum(dropped, office),
                };
                let url = secret(url_file, read_secret_url).await?;
                Ok(vec![plain(&url, &body, HeaderMap::new())])
            }
            Channel::PagerDuty { url, routing_key_file } => {
                let key = secret(routing_key_file, read_secret_line).await?;
                let events = match next {
                    Next::Row(item) => pagerduty::events(item, &key, office),
                    Next::Sum(dropped) => pagerduty::of_sum(dropped, &key, office),
                };
                Ok(events.iter().map(|event| plain(url, event, HeaderMap::new())).collect())
            }
            Channel::Alertmanager { .. } => {
                let none = super::trouble::Troubles::default();
                let told = self.ledger.troubles().unwrap_or(&none);
                let alerts = match next {
                    Next::Row(item) => alertmanager::alerts(item, told, now, office),
                    Next::Sum(dropped) => alertmanager::of_sum(dropped, now, office),
                };
                self.as_alerts(&[alerts]).await
            }
        }
    }

    /// When the trouble that a row tells of began.
    fn since(&self, item: &super::selection::Item) -> Option<dns_core::time::Timestamp> {
        let open = self.ledger.troubles()?.get(item.change.begins.as_ref()?)?;
        Some(open.since)
    }

    async fn repeated(&self) -> Result<Vec<Letter>, String> {
        let Some(told) = self.ledger.troubles() else { return Ok(Vec::new()) };
        self.as_alerts(&alertmanager::repeated(told, self.office.clock.wall(), &self.office)).await
    }

    async fn as_alerts(&self, bodies: &[serde_json::Value]) -> Result<Vec<Letter>, String> {
        let Channel::Alertmanager { url, token_file } = &self.channel else { return Ok(Vec::new()) };
        let mut headers = HeaderMap::new();
        if let Some(file) = token_file {
            let token = secret(file, read_secret_line).await?;
            let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
                .map_err(|_| format!("{} holds what no HTTP header can carry", file.display()))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let mut url = url.clone();
        url.path_segments_mut()
            .expect("invariant: checked to be an http or https URL, which have paths")
            .pop_if_empty()
            .extend(["api", "v2", "alerts"]);
        Ok(bodies.iter().map(|body| plain(&url, body, headers.clone())).collect())
    }
}

fn plain(url: &Url, body: &serde_json::Value, headers: HeaderMap) -> Letter {
    Letter { url: url.clone(), headers, body: body.to_string().into_bytes() }
}

/// What a file holds now: a secret that was exchanged is used with the next letter.
async fn secret<T: Send + 'static>(path: &Path, read: fn(&Path) -> Result<T, SecretError>) -> Result<T, String> {
    let path = path.to_owned();
    let held = tokio::task::spawn_blocking(move || read(&path)).await.map_err(|error| one_line(&error))?;
    held.map_err(|error| one_line(&error))
}
