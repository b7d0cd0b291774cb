//! HTTP requests by `curl`: what an operator would type, and usable from plain and async tests alike (a blocking client
//! inside an async test would start a runtime within a runtime).

use std::path::Path;

use crate::command;

/// Seconds for one request; a server on loopback that needs longer is not answering.
const LIMIT_S: &str = "2";

/// What curl adds after the body, in a line of its own.
const WRITE_OUT: &str = "\n%{http_code} %{content_type}";

/// An HTTP answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The media type with its parameters; empty without one.
    pub media_type: String,
    /// The body.
    pub body: String,
}

/// Gets a URL; `ca` is the certificate that an HTTPS server must be signed by.
///
/// # Errors
///
/// curl's message when there is no answer.
pub fn get(url: &str, ca: Option<&Path>) -> Result<Answer, String> {
    match ca.map(|path| path.display().to_string()) {
        None => curl(url, &[]),
        Some(ca) => curl(url, &["--cacert", &ca]),
    }
}

/// Gets a URL and returns `Ok` when the status is 200; shaped for [`until`](crate::until()).
///
/// # Errors
///
/// The other answer, or curl's message.
pub fn is_ok(url: &str, ca: Option<&Path>) -> Result<(), String> {
    match get(url, ca)? {
        Answer { status: 200, .. } => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

/// Gets an HTTPS URL whose certificate is not checked.
///
/// # Errors
///
/// curl's message when there is no answer.
pub fn get_insecurely(url: &str) -> Result<Answer, String> {
    curl(url, &["--insecure"])
}

/// Sends any request, with a bearer token and a JSON body if they are given.
///
/// # Errors
///
/// curl's message when there is no answer.
pub fn request(method: &str, url: &str, token: Option<&str>, json: Option<&str>) -> Result<Answer, String> {
    let authorization = token.map(|token| format!("Authorization: Bearer {token}"));
    let header = authorization.iter().flat_map(|line| ["--header", line]);
    let body = json.iter().flat_map(|json| ["--header", "Content-Type: application/json", "--data-raw", *json]);
    let options: Vec<&str> = ["--request", method].into_iter().chain(header).chain(body).collect();
    curl(url, &options)
}

fn curl(url: &str, options: &[&str]) -> Result<Answer, String> {
    // No proxy: the environment's would take loopback traffic off the machine.
    let common = ["--silent", "--show-error", "--max-time", LIMIT_S, "--noproxy", "*", "--write-out", WRITE_OUT];
    let finished = command::run("curl", common.iter().chain(options).chain([&url]), "");
    if !finished.is_success() {
        return Err(finished.stderr);
    }
    let (body, last) = finished.stdout.rsplit_once('\n').ok_or("no status from curl")?;
    let (status, media_type) = last.split_once(' ').ok_or("no media type from curl")?;
    let status = status.parse().map_err(|error| format!("status {status:?}: {error}"))?;
    Ok(Answer { status, media_type: media_type.to_owned(), body: body.to_owned() })
}
