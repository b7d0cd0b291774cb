//! What can be wrong with a call, in words for whoever made it.

use http::StatusCode;

use crate::problem::Problem;

/// How much of an answer that is no JSON is quoted.
const QUOTE_CHARS_MAX: usize = 200;

/// A failed call, by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No connection, so nothing was asked: try again, or another controller.
    #[error("cannot reach the controller at {server}: {reason}")]
    Unreachable {
        /// Its URL.
        server: String,
        /// What happened, down to the cause.
        reason: String,
    },
    /// Asked, but no answer came: a write may have been accepted. Look before repeating it.
    #[error("no answer from the controller at {server}: {reason}")]
    NoAnswer {
        /// Its URL.
        server: String,
        /// What happened, down to the cause.
        reason: String,
    },
    /// The safety kernel or the service's state says no (409): see the rejections.
    #[error("refused: {}", .0.detail)]
    Refused(Box<Problem>),
    /// No token, or one that the controller does not know (401).
    #[error("not authenticated: {}", .0.detail)]
    Unauthorized(Box<Problem>),
    /// The token's role does not allow it (403).
    #[error("not allowed: {}", .0.detail)]
    Forbidden(Box<Problem>),
    /// There is no such service or decision (404).
    #[error("not found: {}", .0.detail)]
    NotFound(Box<Problem>),
    /// Any other error that the controller reports.
    #[error("the controller answered {}: {}", .0.status, .0.detail)]
    Other(Box<Problem>),
    /// The answer is not what a controller says: is it one?
    #[error("{server} does not answer like a controller: {reason}")]
    Garbled {
        /// Its URL.
        server: String,
        /// What is wrong with the answer.
        reason: String,
    },
}

/// What an answer that is no success says.
pub(super) fn failure(status: StatusCode, body: &[u8]) -> ClientError {
    let problem = Box::new(serde_json::from_slice(body).unwrap_or_else(|_| foreign_problem(status, body)));
    match status {
        StatusCode::CONFLICT => ClientError::Refused(problem),
        StatusCode::UNAUTHORIZED => ClientError::Unauthorized(problem),
        StatusCode::FORBIDDEN => ClientError::Forbidden(problem),
        StatusCode::NOT_FOUND => ClientError::NotFound(problem),
        _ => ClientError::Other(problem),
    }
}

/// What something between us and the controller said, such as a load balancer, in the form of a problem.
fn foreign_problem(status: StatusCode, body: &[u8]) -> Problem {
    let title = status.canonical_reason().unwrap_or("Unknown").to_owned();
    let quoted = quote(body);
    let detail = if quoted.is_empty() { title.clone() } else { format!("{title}: {quoted}") };
    let hint = Some("this is not a controller's own answer: check the URL and what stands in front of it".to_owned());
    Problem { kind: "about:blank".to_owned(), title, status: status.as_u16(), detail, hint, rejections: Vec::new() }
}

/// The start of a body on one line, without control characters that would reach a terminal.
pub(super) fn quote(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let mut words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let first: String = words.next().unwrap_or_default().to_owned();
    let line = words.fold(first, |line, word| line + " " + word);
    if line.chars().count() <= QUOTE_CHARS_MAX {
        return line;
    }
    line.chars().take(QUOTE_CHARS_MAX).chain(['…']).collect()
}

/// An error with all its causes in one line: reqwest's own words alone never say what happened.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut layers: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        layers.push(cause.to_string());
        next = cause.source();
    }
    // The HTTP stack wraps what happened into layers that only say where in the stack it did.
    let telling: Vec<&String> = layers.iter().filter(|layer| !WRAPPERS.contains(&layer.as_str())).collect();
    let kept = if telling.is_empty() { layers.iter().collect() } else { telling };
    let mut text = String::new();
    for layer in kept.into_iter().filter(|layer| !layer.is_empty()) {
        if text.ends_with(layer.as_str()) {
            continue;
        }
        text.push_str(if text.is_empty() { "" } else { ": " });
        text.push_str(layer);
    }
    text
}

/// Messages of the HTTP stack's outer layers.
const WRAPPERS: [&str; 4] =
    ["error sending request", "client error (Connect)", "client error (SendRequest)", "tcp connect error"];
