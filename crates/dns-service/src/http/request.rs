//! Reading requests within bounds, with faults told as problems.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::LengthLimitError;
use serde::de::DeserializeOwned;

use super::ApiError;

/// The largest request body. The largest request of our APIs is a reason of a few sentences.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// How long a body may take to arrive. It fits a few packets; slower is broken or hostile.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads the whole body before the handler runs: within [`BODY_BYTES_MAX`] and [`BODY_TIMEOUT`].
pub(super) async fn read_bounded(request: Request<Body>, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match tokio::time::timeout(BODY_TIMEOUT, axum::body::to_bytes(body, BODY_BYTES_MAX)).await {
        Ok(Ok(bytes)) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Ok(Err(error)) => unreadable(error).into_response(),
        Err(_) => {
            let detail = format!("the body took longer than {} s", BODY_TIMEOUT.as_secs());
            ApiError::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "request too slow", detail).into_response()
        }
    }
}

fn unreadable(error: axum::Error) -> ApiError {
    if error.into_inner().is::<LengthLimitError>() {
        let detail = format!("the body is larger than {BODY_BYTES_MAX} bytes");
        return ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "request too large", detail);
    }
    ApiError::bad_request("the body could not be read to its end")
}

/// A body in JSON.
#[derive(Clone, Copy, Debug)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|error| ApiError::bad_request(error.body_text()))?;
        let value = serde_json::from_slice(&bytes);
        value.map(Self).map_err(|error| ApiError::bad_request(format!("the body is not what is expected: {error}")))
    }
}

/// The query string.
#[derive(Clone, Copy, Debug)]
pub struct Arguments<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Arguments<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = Query::from_request_parts(parts, state).await;
        query.map(|Query(value)| Self(value)).map_err(|error| ApiError::bad_request(error.body_text()))
    }
}
