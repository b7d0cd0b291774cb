//! Sessions of browsers, which cannot send a bearer token when they follow a link.
//!
//! A session says who reads, and nothing more: [`super::authenticate`] does not know sessions, so no request can write
//! with one, and no page of another site can make a browser do so. Sessions live in memory, in bounded number and for a
//! bounded time. They end with their token: whoever rotates or removes its file ends every session opened with it. Only
//! a digest of a session's id is kept, so a memory dump opens none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use rustls::crypto::aws_lc_rs;
use sha2::{Digest as _, Sha256};

use super::tokens::TokenMark;
use super::{Caller, Tokens};

/// How long a session lasts at the most: a shift. After it someone shows again that they hold a token.
pub const SESSION_AGE_MAX: Duration = Duration::from_hours(12);

/// Sessions at once, as many as connections. The oldest ends when one more is opened, so that forgotten ones lock
/// nobody out.
const SESSIONS_MAX: usize = 256;

/// Random bytes of an id: nobody guesses 256 bits.
const ID_BYTES: usize = 32;

/// Who reads pages. Clones share their state.
#[derive(Clone, Debug)]
pub struct Sessions {
    tokens: Tokens,
    open: Arc<Mutex<HashMap<IdDigest, Session>>>,
}

type IdDigest = [u8; 32];

#[derive(Clone, Copy, Debug)]
struct Session {
    token: TokenMark,
    since: Instant,
}

/// Why no session was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The caller has to show another token.
    #[error("the token is not known here")]
    UnknownToken,
    /// The machine is at fault; trying again may help.
    #[error("the system gives no random numbers")]
    NoRandomness,
}

impl Sessions {
    /// None yet.
    pub fn new(tokens: Tokens) -> Self {
        Self { tokens, open: Arc::default() }
    }

    /// Opens a session for the holder of a token and returns its id, a secret for the holder's browser.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn open(&self, token: &str) -> Result<String, SessionError> {
        let mark = TokenMark::of(token);
        self.tokens.holder(mark).ok_or(SessionError::UnknownToken)?;
        let mut bytes = [0; ID_BYTES];
        let random = aws_lc_rs::default_provider().secure_random;
        random.fill(&mut bytes).map_err(|_| SessionError::NoRandomness)?;
        let id = HEXLOWER.encode(&bytes);
        self.insert(digest(&id), Session { token: mark, since: Instant::now() });
        Ok(id)
    }

    /// Who reads with the session `id`; `None` if it has ended or never was.
    pub fn reader(&self, id: &str) -> Option<Caller> {
        self.reader_at(id, Instant::now())
    }

    /// Ends a session, if it is one.
    pub fn end(&self, id: &str) {
        self.lock().remove(&digest(id));
    }

    fn reader_at(&self, id: &str, now: Instant) -> Option<Caller> {
        let key = digest(id);
        let session = self.lock().get(&key).copied()?;
        let young = now.duration_since(session.since) < SESSION_AGE_MAX;
        // Looks at files, so not under the lock.
        let reader = self.tokens.holder(session.token).filter(|_| young);
        if reader.is_none() {
            self.lock().remove(&key);
        }
        reader
    }

    fn insert(&self, key: IdDigest, session: Session) {
        let mut open = self.lock();
        open.retain(|_, known| session.since.duration_since(known.since) < SESSION_AGE_MAX);
        if open.len() >= SESSIONS_MAX {
            let oldest = open.iter().min_by_key(|(_, known)| known.since).map(|(key, _)| *key);
            oldest.map(|key| open.remove(&key));
        }
        open.insert(key, session);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<IdDigest, Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest(id: &str) -> IdDigest {
    Sha256::digest(id.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Role, TokenConfig};

    fn sessions(folder: &tempfile::TempDir) -> Sessions {
        let file = folder.path().join("board");
        std::fs::write(&file, "board-secret\n").expect("written");
        let config = TokenConfig { name: "board".parse().expect("a name"), role: Role::Viewer, file };
        Sessions::new(Tokens::load(&[config]).expect("tokens"))
    }

    #[test]
    fn a_token_opens_a_session_and_a_guess_does_not() {
        let folder = tempfile::tempdir().expect("folder");
        let sessions = sessions(&folder);
        let id = sessions.open("board-secret").expect("a session");
        assert_eq!(sessions.reader(&id).expect("a reader").name.as_str(), "board");
        assert_ne!(id, sessions.open("board-secret").expect("another"), "ids are random");
        assert_eq!(sessions.open("guess"), Err(SessionError::UnknownToken));
        assert!(sessions.reader("board-secret").is_none(), "a token is no session");
        sessions.end(&id);
        assert!(sessions.reader(&id).is_none());
    }

    #[test]
    fn a_session_ends_after_its_time() {
        let folder = tempfile::tempdir().expect("folder");
        let sessions = sessions(&folder);
        let id = sessions.open("board-secret").expect("a session");
        let now = Instant::now();
        assert!(sessions.reader_at(&id, now + SESSION_AGE_MAX / 2).is_some());
        assert!(sessions.reader_at(&id, now + SESSION_AGE_MAX).is_none());
        assert!(sessions.reader_at(&id, now).is_none(), "what has ended stays ended");
    }

    #[test]
    fn a_session_ends_with_its_token() {
        let folder = tempfile::tempdir().expect("folder");
        let sessions = sessions(&folder);
        let id = sessions.open("board-secret").expect("a session");
        std::fs::write(folder.path().join("board"), "a-rotated-secret\n").expect("written");
        sessions.tokens.recheck_now();
        assert!(sessions.reader(&id).is_none());
        let id = sessions.open("a-rotated-secret").expect("a session");
        std::fs::remove_file(folder.path().join("board")).expect("removed");
        sessions.tokens.recheck_now();
        assert!(sessions.reader(&id).is_none());
    }

    #[test]
    fn one_session_too_many_ends_the_oldest() {
        let folder = tempfile::tempdir().expect("folder");
        let sessions = sessions(&folder);
        let first = sessions.open("board-secret").expect("a session");
        let second = sessions.open("board-secret").expect("a session");
        for _ in 2..=SESSIONS_MAX {
            sessions.open("board-secret").expect("a session");
        }
        assert_eq!(sessions.lock().len(), SESSIONS_MAX);
        assert!(sessions.reader(&first).is_none());
        assert!(sessions.reader(&second).is_some());
    }
}
