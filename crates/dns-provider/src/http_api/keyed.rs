//! Calls that carry a secret.
//!
//! One that is refused for its secret is repeated once if the file holds another one by now: it was refused before anything
//! was done, so this holds for a write as well. Nothing else is sent twice, and a write only while its permit lasts.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderName};
use reqwest::{Method, RequestBuilder, Url};

use super::{ANSWER_OCTETS_MAX, Answer, ApiSetupError, HttpApi, MEBI, NoAnswer};
use crate::calls::{self, Counter};
use crate::port::{Permit, ProviderError};
use crate::secret_file::{Secret, SecretFile};

/// What is asked, as far as it matters to what may be done about an answer.
pub(crate) trait Question {
    /// The permit, if it is a write.
    fn permit(&self) -> Option<&Permit>;

    /// The body of a success, or what went wrong.
    fn judge(&self, answer: Answer, subject: &str) -> Result<Vec<u8>, ProviderError>;

    /// How much of the answer is read.
    fn answer_octets_max(&self) -> usize {
        ANSWER_OCTETS_MAX
    }

    /// The answer is longer: to ask again would bring the same.
    fn too_long(&self, subject: &str) -> ProviderError {
        let most = self.answer_octets_max() / MEBI;
        let reason = format!("its answer is longer than {most} MiB, the most that is read of one");
        match self.permit() {
            None => ProviderError::Denied { subject: subject.to_owned(), reason },
            Some(_) => self.unanswered(subject, reason),
        }
    }

    /// Sent, and no answer that can be trusted.
    fn unanswered(&self, subject: &str, reason: String) -> ProviderError {
        let subject = subject.to_owned();
        match self.permit() {
            None => ProviderError::Transient { subject, reason },
            Some(_) => ProviderError::OutcomeUnknown { subject, reason },
        }
    }
}

/// The header that a secret goes into, and what stands before it there.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) name: HeaderName,
    pub(crate) prefix: &'static str,
}

/// One API, as one secret sees it.
#[derive(Clone)]
pub(crate) struct Keyed {
    http: HttpApi,
    secret: Arc<SecretFile>,
    header: Header,
    count: Counter,
    sent: fn(),
}

impl Keyed {
    /// One call takes `timeout` at the most.
    pub(crate) fn new(
        base: &Url,
        secret_file: PathBuf,
        header: Header,
        timeout: Duration,
    ) -> Result<Self, ApiSetupError> {
        let (http, secret) = (HttpApi::new(base, timeout)?, Arc::new(SecretFile::new(secret_file)));
        Ok(Self { http, secret, header, count: calls::uncounted(), sent: || {} })
    }

    pub(crate) fn counting(self, count: Counter) -> Self {
        Self { count, ..self }
    }

    /// `told` is called when a write was sent and before its answer is read.
    pub(crate) fn telling_when_sent(self, told: fn()) -> Self {
        Self { sent: told, ..self }
    }

    pub(crate) fn base(&self) -> &Url {
        self.http.base()
    }

    /// A request below the base, each segment encoded as needed.
    pub(crate) fn request(&self, method: Method, segments: &[&str]) -> RequestBuilder {
        self.http.request(method, segments)
    }

    /// The body of an answer of success.
    pub(crate) async fn call(
        &self,
        operation: &'static str,
        subject: &str,
        asked: &(impl Question + Sync),
        request: impl Fn() -> RequestBuilder + Send,
    ) -> Result<Vec<u8>, ProviderError> {
        let secret = self.secret.current().await?;
        let answered = self.once(operation, subject, asked, request(), &secret).await;
        if !matches!(answered, Err(ProviderError::Denied { .. })) {
            return answered;
        }
        let now = self.secret.afresh(&secret).await?;
        if now == secret { answered } else { self.once(operation, subject, asked, request(), &now).await }
    }

    async fn once(
        &self,
        operation: &'static str,
        subject: &str,
        asked: &(impl Question + Sync),
        request: RequestBuilder,
        secret: &Secret,
    ) -> Result<Vec<u8>, ProviderError> {
        let Header { name, prefix } = &self.header;
        let request = request.header(ACCEPT, "application/json").header(name, secret.header(prefix));
        let told = match asked.permit() {
            None => || {},
            Some(permit) => {
                // The last moment, of a repetition as well: nothing at the other end refuses what comes late.
                permit.check(subject, "the write could be sent")?;
                self.sent
            }
        };
        let answered = match self.http.exchange(request, told, asked.answer_octets_max()).await {
            Ok(answer) => asked.judge(answer, subject),
            Err(NoAnswer::NotSent(reason)) => Err(ProviderError::Transient { subject: subject.to_owned(), reason }),
            Err(NoAnswer::Silence(reason)) => Err(asked.unanswered(subject, reason)),
            Err(NoAnswer::TooLong) => Err(asked.too_long(subject)),
        };
        (self.count)(operation, calls::outcome(&answered));
        answered
    }
}
