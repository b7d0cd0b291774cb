//! Asks the gates of every region all the time, so that a decision finds their answers and waits for none.
//!
//! One task per gate: a gate that hangs delays no other. Each question opens a connection of its own, through no proxy and
//! along no redirect, and has a bounded time; how many are open at once is bounded, too. What an answer means is the
//! core's business ([`dns_core::gate`]); nothing here decides or remembers.
//!
//! An answer counts from when it was *asked for*, and only while the process has not stood still since: then every gate is
//! asked again at once.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dns_api::transport::{self, BearerToken, SetupError};
use dns_core::gate::{Answer, GateKey, GateSpec, HttpGate};
use dns_core::service::Everywhere;
use dns_service::clock::Clock;
use dns_service::config::secret::read_secret_line;
use dns_service::exit::one_line;
use reqwest::{Client, Response, retry};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::engine::handle::{Engine, GateAnswer, Message};

/// Questions under way at once: each holds a socket for at most its timeout, and a thousand gates that all hang for two
/// seconds out of ten still get their turn.
const ASKED_AT_ONCE_MAX: usize = 256;

/// How much of an answer is read: figures, and no page.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// Within which time all gates are asked for the first time: spread, and known before a probe has proven anything.
const FIRST_WITHIN: Duration = Duration::from_millis(500);

/// The shortest pause between two questions, as a share of the configured one: gates of one host drift apart, and none is
/// asked later than its time allows.
const PAUSE_SHARE_MIN: f64 = 0.9;

/// Answers by kind.
const ANSWERS: &str = "failover_controller_gate_answers_total";

/// Everything that asks.
#[derive(Clone)]
pub(crate) struct Gates {
    clients: BTreeMap<String, Client>,
    places: Arc<Semaphore>,
    engine: Engine,
    clock: Clock,
    distrust: watch::Receiver<u64>,
}

/// Describes what is counted.
pub(crate) fn describe() {
    metrics::describe_counter!(ANSWERS, "answers of gates: yes, no, or silent for none that counts");
}

/// Every gate of every service, in a region each.
pub(crate) fn of<'s>(services: impl IntoIterator<Item = &'s Everywhere>) -> Vec<(GateKey, GateSpec)> {
    let mut all = Vec::new();
    for service in services.into_iter().map(Everywhere::lead) {
        for region in &service.regions {
            let key = |gate: &GateSpec| GateKey {
                service: service.name.clone(),
                region: region.name.clone(),
                gate: gate.name.clone(),
            };
            all.extend(region.gates.iter().map(|gate| (key(gate), gate.clone())));
        }
    }
    all
}

impl Gates {
    /// Prepares to ask; `ca` is the authority of peers, without it the system's.
    ///
    /// # Errors
    /// [`SetupError`] if the authority cannot be used.
    pub(crate) fn new(
        gates: &[(GateKey, GateSpec)],
        ca: Option<&Path>,
        engine: Engine,
        clock: Clock,
        distrust: watch::Receiver<u64>,
    ) -> Result<Self, SetupError> {
        let mut clients = BTreeMap::new();
        // One for each scheme: to read the system's authorities for every gate would take seconds and megabytes.
        for url in gates.iter().filter_map(|(_, gate)| Url::parse(&gate.http.url).ok()) {
            if !clients.contains_key(url.scheme()) {
                clients.insert(url.scheme().to_owned(), client(&url, ca)?);
            }
        }
        Ok(Self { clients, places: Arc::new(Semaphore::new(ASKED_AT_ONCE_MAX)), engine, clock, distrust })
    }

    /// Asks one gate until cancelled.
    pub(crate) async fn keep_asking(mut self, key: GateKey, gate: GateSpec, stop: CancellationToken) {
        let mut next = Instant::now() + FIRST_WITHIN.min(gate.every).mul_f64(fastrand::f64());
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep_until(next) => {}
                changed = self.distrust.changed() => if changed.is_err() { return },
            }
            let asked = tokio::select! {
                () = stop.cancelled() => return,
                asked = self.ask(&key, &gate) => asked,
            };
            let Asked { began, answer } = asked;
            next = began + gate.every.mul_f64(PAUSE_SHARE_MIN + (1.0 - PAUSE_SHARE_MIN) * fastrand::f64());
            if self.engine.tell(Message::Gate(Box::new(answer))).await.is_err() {
                return;
            }
        }
    }

    /// One question.
    async fn ask(&mut self, key: &GateKey, gate: &GateSpec) -> Asked {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.expect("invariant: the semaphore is never closed");
        let trust = *self.distrust.borrow_and_update();
        let (began, asked) = (Instant::now(), self.clock.now());
        let answer = match timeout(gate.http.timeout, self.exchange(&gate.http)).await {
            Ok(answer) => answer,
            Err(_) => Answer::Silent(format!("no answer within {} ms", gate.http.timeout.as_millis())),
        };
        drop(place);
        metrics::counter!(ANSWERS, "answer" => answer.as_str()).increment(1);
        tracing::debug!(gate = %key, ?answer, "gate asked");
        Asked { began, answer: GateAnswer { key: key.clone(), within: gate.within, asked, trust, answer } }
    }

    async fn exchange(&self, gate: &HttpGate) -> Answer {
        match self.request(gate).await {
            Ok((status, body)) => gate.judge(status, &body),
            Err(why) => Answer::Silent(why),
        }
    }

    async fn request(&self, gate: &HttpGate) -> Result<(u16, String), String> {
        let url = Url::parse(&gate.url).map_err(|error| format!("`{}`: {error}", gate.url))?;
        let client = self.clients.get(url.scheme()).ok_or_else(|| format!("`{url}` is neither https nor http"))?;
        let mut request = client.get(url);
        if let Some(path) = gate.token_file.clone() {
            let read = tokio::task::spawn_blocking(move || read_secret_line(&path)).await;
            let token = read.map_err(|error| error.to_string())?.map_err(|error| one_line(&error))?;
            let token = BearerToken::new(&token).map_err(|error| error.to_string())?;
            request = request.header(http::header::AUTHORIZATION, token.header());
        }
        let response = request.send().await.map_err(|error| one_line(&error.without_url()))?;
        let status = response.status().as_u16();
        Ok((status, body(response).await?))
    }
}

/// The outcome of a question, and when it began.
struct Asked {
    began: Instant,
    answer: GateAnswer,
}

fn client(url: &Url, ca: Option<&Path>) -> Result<Client, SetupError> {
    // A connection that is kept would hide a gate that takes no new ones, and a retry what one question met.
    let builder = transport::builder(url, ca)?.retry(retry::never()).referer(false).pool_max_idle_per_host(0);
    builder.build().map_err(|source| SetupError::Backend { url: url.to_string(), source })
}

async fn body(mut response: Response) -> Result<String, String> {
    let mut read = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| one_line(&error.without_url()))? {
        if read.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(format!("its answer is longer than {ANSWER_BYTES_MAX} bytes"));
        }
        read.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8_lossy(&read).into_owned())
}

#[cfg(test)]
mod tests;
