//! How adapters of HTTP APIs speak: one client, no proxy that nobody configured, no redirect that would carry a token
//! elsewhere, nothing sent twice, answers bounded in time and size.
//!
//! It tells a request that was never sent from one that was sent and not answered: for a write, that is the difference
//! between trying again and looking first. What an answer means is its API's business.

pub(crate) mod keyed;

use std::error::Error;
use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url, redirect, retry};

/// The largest answer that is read unless more is asked for: a page of 5,000 records with comments is a tenth of it.
pub(crate) const ANSWER_OCTETS_MAX: usize = 64 * MEBI;

/// Bounds are counted in these.
pub(crate) const MEBI: usize = 1024 * 1024;

/// The part of a call's time after which connecting is given up: a connection that takes longer leaves none for the
/// answer, and only a failed connection proves that nothing was sent.
const CONNECT_SHARE: f64 = 0.6;

/// How long an unused connection is kept. Servers close theirs after a minute and more; a request into a connection that
/// is just being closed would be an unknown outcome for nothing.
const IDLE_MAX: Duration = Duration::from_secs(20);

/// How much of an answer that nobody understands is quoted.
const QUOTE_CHARS_MAX: usize = 120;

/// No client can be made for an API: its URL, or the machine's TLS setup, is unusable.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up a client for {url}: {reason}")]
pub struct ApiSetupError {
    url: String,
    reason: String,
}

/// One API.
#[derive(Clone, Debug)]
pub(crate) struct HttpApi {
    client: Client,
    base: Url,
}

/// An answer, whatever it says.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// `Retry-After` in seconds; one that is a date counts as none.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
}

/// Why there is none.
#[derive(Clone, Debug)]
pub(crate) enum NoAnswer {
    /// There was no connection: nothing was sent.
    NotSent(String),
    /// It was sent, as far as anyone can tell.
    Silence(String),
    /// There is one that is longer than what was to be read of it.
    TooLong,
}

impl HttpApi {
    /// One call takes `timeout` at the most, from connecting to the last octet.
    pub(crate) fn new(base: &Url, timeout: Duration) -> Result<Self, ApiSetupError> {
        let refused = |reason: String| ApiSetupError { url: base.to_string(), reason };
        if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
            return Err(refused("it must start with http:// or https://".to_owned()));
        }
        // reqwest has no crypto of its own and panics without any. Whoever installed one first wins; failing to be second
        // is no error.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        let builder = Client::builder()
            .no_proxy()
            .referer(false)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .pool_idle_timeout(IDLE_MAX)
            .connect_timeout(timeout.mul_f64(CONNECT_SHARE))
            .timeout(timeout);
        // Without TLS no authority is needed, and a machine without any must not be refused.
        let builder = if base.scheme() == "http" { builder.tls_certs_only([]) } else { builder };
        let client = builder.build().map_err(|error| refused(causes(&error)))?;
        Ok(Self { client, base: base.clone() })
    }

    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    /// A request below the base, each segment encoded as needed.
    pub(crate) fn request(&self, method: Method, segments: &[&str]) -> RequestBuilder {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .expect("invariant: made for http and https URLs only, which have paths")
            .pop_if_empty()
            .extend(segments);
        self.client.request(method, url)
    }

    /// Sends a request once, and reads so much of the answer. `told` is called when it was sent and before the answer is read.
    pub(crate) async fn exchange(
        &self,
        request: RequestBuilder,
        told: fn(),
        octets_max: usize,
    ) -> Result<Answer, NoAnswer> {
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.is_connect() || error.is_builder() => {
                return Err(NoAnswer::NotSent(causes(&error.without_url())));
            }
            Err(error) => {
                told();
                return Err(NoAnswer::Silence(causes(&error.without_url())));
            }
        };
        told();
        let status = response.status();
        let retry_after = retry_after(&response);
        let body = whole(response, octets_max).await?;
        Ok(Answer { status, retry_after, body })
    }
}

impl Answer {
    /// Status and the start of the body on one line, without control characters that would reach a terminal.
    pub(crate) fn quote(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
        let line = words.collect::<Vec<_>>().join(" ");
        let short: String = line.chars().take(QUOTE_CHARS_MAX).collect();
        let ellipsis = if short.len() < line.len() { "…" } else { "" };
        format!("{} `{short}{ellipsis}`", self.status)
    }
}

fn retry_after(response: &Response) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

/// The body. One that is told to be too long is not even begun.
async fn whole(mut response: Response, octets_max: usize) -> Result<Vec<u8>, NoAnswer> {
    let announced = response.content_length().map_or(Ok(0), usize::try_from);
    let announced = announced.ok().filter(|octets| *octets <= octets_max).ok_or(NoAnswer::TooLong)?;
    let mut body = Vec::with_capacity(announced);
    let cut = |error: reqwest::Error| NoAnswer::Silence(causes(&error.without_url()));
    while let Some(chunk) = response.chunk().await.map_err(cut)? {
        if body.len() + chunk.len() > octets_max {
            return Err(NoAnswer::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// An error with its causes in one line: reqwest's own words alone never say what happened.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let layer = cause.to_string();
        if !text.ends_with(&layer) {
            text = format!("{text}: {layer}");
        }
        next = cause.source();
    }
    text
}
