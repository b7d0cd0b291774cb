//! Answers: status, headers and body, before they are HTTP.

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use serde_json::{Value, json};

use super::listing::Page;
use super::refusal::Refusal;
use super::throttle::Standing;

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    status: u16,
    headers: Vec<(HeaderName, String)>,
    media_type: &'static str,
    body: Vec<u8>,
}

impl Answer {
    pub(super) fn ok(result: &Value) -> Self {
        Self::json(200, &json!({ "result": result, "success": true, "errors": [], "messages": [] }))
    }

    pub(super) fn page(page: &Page) -> Self {
        let Page { items, info } = page;
        Self::json(200, &json!({ "result": items, "success": true, "errors": [], "messages": [], "result_info": info }))
    }

    pub(super) fn refused(refusal: &Refusal) -> Self {
        Self::json(refusal.status, &refusal.to_json())
    }

    pub(super) fn throttled(retry_after_secs: u64) -> Self {
        let refusal = Refusal::new(429, 971, "Please wait and consider throttling your request speed");
        let mut answer = Self::refused(&refusal);
        answer.headers.push((RETRY_AFTER, retry_after_secs.to_string()));
        answer
    }

    pub(super) fn error(status: u16) -> Self {
        Self::refused(&Refusal::new(status, 10001, "Internal server error"))
    }

    /// What the edge says when what is behind it does not.
    pub(super) fn edge_page(status: u16) -> Self {
        let body = format!(
            "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head><title>api.cloudflare.com | {status}</title></head>\n\
             <body><h1>Web server is returning an unknown error</h1><p>Error code {status}</p></body>\n</html>\n"
        );
        Self { status, headers: Vec::new(), media_type: "text/html; charset=UTF-8", body: body.into_bytes() }
    }

    /// The same without its second half.
    pub(super) fn truncated(mut self) -> Self {
        self.body.truncate(self.body.len() / 2);
        self
    }

    /// The same, with what every answer tells of the limit on requests.
    pub(super) fn with_standing(mut self, standing: &Standing) -> Self {
        let (left, resets) = (standing.remaining, standing.resets_in_secs());
        let (quota, window) = (standing.rate.requests, standing.rate.window.as_secs());
        self.headers.push((HeaderName::from_static("ratelimit"), format!("\"default\";r={left};t={resets}")));
        self.headers.push((HeaderName::from_static("ratelimit-policy"), format!("\"default\";q={quota};w={window}")));
        self
    }

    pub(super) fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() =
            http::StatusCode::from_u16(self.status).expect("invariant: faults and rules name real statuses");
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        for (name, value) in self.headers {
            headers.insert(name, HeaderValue::try_from(value).expect("invariant: made of digits and names"));
        }
        response
    }

    fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: Vec::new(), media_type: "application/json", body: body.to_string().into_bytes() }
    }
}
