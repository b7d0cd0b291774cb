//! Who calls and what the caller may do: bearer tokens (RFC 6750) from files.
//!
//! Reading needs a known token, writing one with the role operator. Without any token configured reading is open
//! and writing refused: a forgotten section must not open the door. Whether a request writes is told by its method,
//! in one place, so that no new route can forget it.

mod tokens;

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use dns_core::identifier::Actor;
use tracing::info;

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

/// The token of the one Authorization header. Several are an attempt to be two callers at once.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (first, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = first.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}
