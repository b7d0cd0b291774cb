//! Who may read the page: everyone, or whoever showed a token and holds a session since.
//!
//! A session only reads. Orders go to the API with a token of their own, which no cookie replaces.

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use dns_core::identifier::Actor;
use dns_service::auth::{Caller, SESSION_AGE_MAX, SessionError, Sessions, Tokens};

use super::render::sign_in::sign_in;
use super::view::Orders;

/// The door.
#[derive(Clone)]
pub(crate) struct Door {
    tokens: Tokens,
    sessions: Sessions,
    /// One name per controller: browsers do not keep cookies of two ports of one host apart.
    cookie: String,
    /// Only over TLS, if that is spoken.
    secure: bool,
}

/// Someone who may read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reader {
    /// Who has signed in; `None` where nobody has to.
    pub(crate) name: Option<String>,
    session: Option<String>,
}

impl Door {
    /// A door that opens to holders of `tokens`.
    pub(crate) fn new(tokens: Tokens, instance: &Actor, secure: bool) -> Self {
        let sessions = Sessions::new(tokens.clone());
        Self { tokens, sessions, cookie: format!("failover-{instance}"), secure }
    }

    /// Who may give orders behind it.
    pub(crate) fn orders(&self) -> Orders {
        match (self.tokens.everyone(), self.tokens.is_empty()) {
            (Some(_), _) => Orders::Open,
            (None, true) => Orders::Refused,
            (None, false) => Orders::WithToken,
        }
    }

    /// Who reads; `None` for someone who has to sign in.
    pub(crate) fn reader(&self, headers: &HeaderMap) -> Option<Reader> {
        if self.orders() != Orders::WithToken {
            return Some(Reader::default());
        }
        let session = self.presented(headers)?;
        let Caller { name, role: _ } = self.sessions.reader(&session)?;
        Some(Reader { name: Some(name.to_string()), session: Some(session) })
    }

    /// Whether someone who could read still can.
    pub(crate) fn still_open_to(&self, reader: &Reader) -> bool {
        reader.session.as_ref().is_none_or(|session| self.sessions.reader(session).is_some())
    }

    /// Signs in the sender of a form, and shows the page.
    pub(crate) fn sign_in(&self, form: &[u8]) -> Response {
        let token = url::form_urlencoded::parse(form).find(|(field, _)| field == "token");
        let token = token.map(|(_, token)| token.trim().to_owned()).unwrap_or_default();
        match self.sessions.open(&token) {
            Ok(session) => {
                let set = self.set_cookie(&session, SESSION_AGE_MAX.as_secs());
                let name = self.sessions.reader(&session).map(|reader| reader.name.to_string());
                tracing::info!(name, "signed in to the page");
                ([(SET_COOKIE, set)], Redirect::to("/")).into_response()
            }
            Err(error @ SessionError::UnknownToken) => {
                tracing::info!("sign-in to the page refused");
                let text = format!("Not signed in: {error}. It may have been rotated.");
                (StatusCode::FORBIDDEN, Html(sign_in(Some(&text)).into_string())).into_response()
            }
            Err(error @ SessionError::NoRandomness) => {
                tracing::error!(%error, "nobody can sign in to the page");
                let text = format!("Not signed in: {error}. Use dns-admin meanwhile.");
                (StatusCode::SERVICE_UNAVAILABLE, Html(sign_in(Some(&text)).into_string())).into_response()
            }
        }
    }

    /// Ends the sender's session.
    pub(crate) fn sign_out(&self, headers: &HeaderMap) -> Response {
        if let Some(session) = self.presented(headers) {
            self.sessions.end(&session);
        }
        ([(SET_COOKIE, self.set_cookie("", 0))], Redirect::to("/")).into_response()
    }

    fn presented(&self, headers: &HeaderMap) -> Option<String> {
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == self.cookie).map(|(_, value)| value.to_owned())
    }

    /// Strict: a link from elsewhere shows the sign-in page first, which costs a click and gives nothing away.
    fn set_cookie(&self, value: &str, secs: u64) -> HeaderValue {
        let secure = if self.secure { "; Secure" } else { "" };
        let text = format!("{}={value}; Path=/; Max-Age={secs}; HttpOnly; SameSite=Strict{secure}", self.cookie);
        HeaderValue::try_from(text).expect("invariant: names of controllers and hexadecimal ids are plain ASCII")
    }
}
