//! Who calls and what the caller may do: bearer tokens (RFC 6750) from files.
//!
//! Reading needs a known token, writing one with the role operator. Without any token configured reading is open
//! and writing refused: a forgotten section must not open the door; only [`Tokens::open`] does, in code. Whether a request writes is told by its method,
//! in one place, so that no new route can forget it.

mod sessions;
mod tokens;

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use dns_core::identifier::Actor;
use tracing::info;

pub use self::sessions::{SESSION_AGE_MAX, SessionError, Sessions};
pub use self::tokens::Tokens;
use crate::config::Role;
use crate::http::ApiError;

/// Who calls; an extractor behind [`authenticate`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The token's holder; `anonymous` if there are no tokens.
    pub name: Actor,
    /// What it may do.
    pub role: Role,
}

impl Caller {
    /// Whoever calls while there are no tokens.
    fn anonymous() -> Self {
        let name = Actor::new("anonymous").expect("invariant: a plain word is a name");
        Self { name, role: Role::Viewer }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| ApiError::internal("this route does not authenticate its callers"))
    }
}

/// Middleware: finds out who calls, and refuses writes of callers without the role.
pub async fn authenticate(State(tokens): State<Tokens>, mut request: Request<Body>, next: Next) -> Response {
    match admit(&tokens, request.method(), request.headers()) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refusal) => {
            let status = refusal.status().as_u16();
            info!(method = %request.method(), path = request.uri().path(), status, "request refused");
            refusal.into_response()
        }
    }
}

fn admit(tokens: &Tokens, method: &Method, headers: &HeaderMap) -> Result<Caller, ApiError> {
    if let Some(everyone) = tokens.everyone() {
        return if method.is_safe() || is_from_here(headers) { Ok(everyone) } else { Err(from_elsewhere()) };
    }
    if tokens.is_empty() {
        if method.is_safe() {
            return Ok(Caller::anonymous());
        }
        let hint = "configure a token with the role operator and restart";
        return Err(ApiError::forbidden("writes are refused while no token is configured").hint(hint));
    }
    let Some(presented) = bearer(headers) else {
        let hint = "send `Authorization: Bearer <token>`; dns-admin takes --token-file";
        return Err(ApiError::unauthorized("the request carries no token").hint(hint));
    };
    let Some(caller) = tokens.identify(presented) else {
        return Err(ApiError::unauthorized("the token is not known here").hint("it may have been rotated"));
    };
    if !method.is_safe() && caller.role < Role::Operator {
        let detail = format!("`{}` has the role viewer; this needs operator", caller.name);
        return Err(ApiError::forbidden(detail).hint("use the token of someone who may operate"));
    }
    Ok(caller)
}

/// Where everyone may write, a page of another site that is open in someone's browser must not: browsers name the
/// page's origin with every write. A name instead of an address could be another site's own, turned to loopback.
fn is_from_here(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let address = host.and_then(|host| host.rsplit_once(':')).map_or(host, |(address, _port)| Some(address));
    let is_local = address.is_some_and(|address| matches!(address, "127.0.0.1" | "[::1]" | "localhost"));
    let origin = headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or_default());
    let is_own = origin.is_none_or(|origin| origin.strip_prefix("http://") == host);
    is_local && is_own
}

fn from_elsewhere() -> ApiError {
    let hint = "use dns-admin, or the page at this address itself";
    ApiError::forbidden("a page of another site must not write here").hint(hint)
}

/// The token of the one Authorization header. Several are an attempt to be two callers at once.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (first, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = first.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}
