//! One client for all that is told and asked over HTTP: no proxy that nobody configured, no redirect that would carry a
//! secret elsewhere, nothing sent twice by itself, answers bounded in time and size.

use std::error::Error;
use std::sync::OnceLock;
use std::time::Duration;

use dns_api::transport;
use reqwest::Client;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use url::Url;

/// The largest answer that is read; a verdict with its reason is a hundredth of it.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// How much of an answer that says no is quoted.
const QUOTE_CHARS_MAX: usize = 160;

/// The longest `Retry-After` that is kept to: one that asks for a day would be a way to be told nothing.
const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);

/// How long an unused connection is kept: servers close theirs after a minute and more.
const IDLE_MAX: Duration = Duration::from_secs(20);

/// One JSON document on its way.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    /// Where to. It may be a secret: no error quotes it.
    pub(crate) url: Url,
    /// Signatures and tokens.
    pub(crate) headers: HeaderMap,
    /// The document.
    pub(crate) body: Vec<u8>,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// `Retry-After` in seconds; one that is a date counts as none.
    pub(crate) retry_after: Option<Duration>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

/// What a receiver made of a letter, by what is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It has it.
    Taken,
    /// It will never take it.
    Refused(String),
    /// Not now.
    Later {
        /// Why.
        why: String,
        /// How long it wants to be left alone.
        after: Option<Duration>,
        /// Whether it answered at all: then it may be this letter that it cannot take.
        answered: bool,
    },
}

/// The client. Both kinds are made when they are first needed: a machine without any authority can tell plain receivers.
#[derive(Debug, Default)]
pub(crate) struct Poster {
    plain: OnceLock<Client>,
    tls: OnceLock<Client>,
}

impl Poster {
    /// Posts a letter once; all of it takes `within` at the most. Cancel safe in the sense that it may have arrived.
    ///
    /// # Errors
    /// Why there is no answer, without the URL.
    pub(crate) async fn post(&self, letter: &Letter, within: Duration) -> Result<Answer, String> {
        let Letter { url, headers, body } = letter;
        let request = self
            .client(url)?
            .post(url.clone())
            .headers(headers.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .timeout(within)
            .body(body.clone());
        let mut response = request.send().await.map_err(|error| causes(&error.without_url()))?;
        let status = response.status().as_u16();
        let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let retry_after = after.map(|secs| Duration::from_secs(secs).min(RETRY_AFTER_MAX));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| causes(&error.without_url()))? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(format!("the answer is longer than {ANSWER_BYTES_MAX} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, retry_after, body })
    }

    /// Posts a letter and says what became of it.
    pub(crate) async fn deliver(&self, letter: &Letter, within: Duration) -> Outcome {
        match self.post(letter, within).await {
            Ok(answer) => answer.outcome(),
            Err(why) => Outcome::Later { why, after: None, answered: false },
        }
    }

    fn client(&self, url: &Url) -> Result<&Client, String> {
        let kept = if url.scheme() == "https" { &self.tls } else { &self.plain };
        if let Some(client) = kept.get() {
            return Ok(client);
        }
        let builder = transport::builder(url, None).map_err(|error| causes(&error))?;
        let builder = builder.referer(false).retry(reqwest::retry::never()).pool_idle_timeout(IDLE_MAX);
        let client = builder.build().map_err(|error| causes(&error))?;
        Ok(kept.get_or_init(|| client))
    }
}

impl Answer {
    /// A redirect is a wrong URL, and goes with what says no for good.
    fn outcome(&self) -> Outcome {
        match self.status {
            200..=299 => Outcome::Taken,
            408 | 429 | 500.. => {
                Outcome::Later { why: self.quote(), after: self.retry_after, answered: self.status >= 500 }
            }
            _ => Outcome::Refused(self.quote()),
        }
    }

    /// Status and the start of the body on one line, without control characters that would reach a terminal.
    pub(crate) fn quote(&self) -> String {
        format!("it answered {} `{}`", self.status, clean(&String::from_utf8_lossy(&self.body), QUOTE_CHARS_MAX))
    }
}

/// A stranger's words on one line, cut to a length.
pub(crate) fn clean(text: &str, chars_max: usize) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    let short: String = line.chars().take(chars_max).collect();
    if short.len() < line.len() { short + "…" } else { short }
}

/// An error with its causes in one line: reqwest's own words alone never say what happened.
fn causes(error: &(dyn Error + 'static)) -> String {
    let layers = std::iter::successors(Some(error), |error: &&(dyn Error + 'static)| (*error).source());
    let mut text = String::new();
    for layer in layers.map(ToString::to_string) {
        if !text.ends_with(&layer) {
            text = if text.is_empty() { layer } else { format!("{text}: {layer}") };
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16) -> Outcome {
        Answer { status, retry_after: Some(Duration::from_secs(7)), body: b"no\x1b[2J\n room".to_vec() }.outcome()
    }

    #[test]
    fn a_status_says_whether_to_try_again() {
        for status in [200, 202, 204] {
            assert_eq!(answer(status), Outcome::Taken);
        }
        for status in [301, 302, 400, 401, 403, 404, 410] {
            assert!(matches!(answer(status), Outcome::Refused(_)), "{status}");
        }
        for (status, broken) in [(408, false), (429, false), (500, true), (503, true)] {
            let Outcome::Later { why, after, answered } = answer(status) else { panic!("{status}") };
            assert_eq!((after, answered), (Some(Duration::from_secs(7)), broken), "{status}");
            assert_eq!(why, format!("it answered {status} `no [2J room`"), "nothing reaches a terminal");
        }
    }

    #[tokio::test]
    async fn a_secret_url_shows_in_no_error() {
        let url = Url::parse("http://127.0.0.1:1/services/T0/B0/s3cret").expect("a URL");
        let letter = Letter { url, headers: HeaderMap::new(), body: Vec::new() };
        let why = Poster::default().post(&letter, Duration::from_secs(5)).await.expect_err("nobody listens");
        assert!(!why.contains("s3cret") && !why.is_empty(), "{why}");
    }
}
