//! The tokens of a process, re-read when their files change.
//!
//! A token is kept as a digest and compared in constant time with every known one, so that neither a memory dump
//! nor the time of an answer tells much about it. Files are looked at when a request comes in, at most once per
//! [`RECHECK_AFTER`]. A file that is gone takes its token with it; one that is only faulty keeps the old token,
//! since locking everyone out in the middle of an incident is the worse mistake.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use dns_core::identifier::Actor;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use tracing::{info, warn};

use super::Caller;
use crate::config::secret::{SecretError, read_secret_line};
use crate::config::{Role, TokenConfig};
use crate::exit::one_line;

/// How often files are looked at, at the most: a rotation takes effect within a second, and a flood of requests
/// costs no more than that.
const RECHECK_AFTER: Duration = Duration::from_secs(1);

/// Who may call. Clones share their state.
#[derive(Clone, Debug, Default)]
pub struct Tokens(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    entries: Vec<Entry>,
    checked: Option<Instant>,
    /// Who everyone without a token is, if that is allowed to be an operator.
    open_as: Option<Actor>,
}

struct Entry {
    config: TokenConfig,
    /// `None` while its file is gone.
    digest: Option<[u8; 32]>,
    seen: Option<Version>,
}

/// Remembers a token without being able to present it: what a session was opened with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TokenMark([u8; 32]);

impl TokenMark {
    /// The mark of a presented token, known or not.
    pub(super) fn of(presented: &str) -> Self {
        Self(digest(presented))
    }
}

/// What tells a changed file from an unchanged one. A swapped link (as mounted secrets are) changes the inode's time.
type Version = (SystemTime, u64);

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.entries.iter().map(|entry| &entry.config)).finish()
    }
}

impl Tokens {
    /// Reads every token.
    ///
    /// # Errors
    /// [`SecretError`] of the first file that holds none.
    pub fn load(configs: &[TokenConfig]) -> Result<Self, SecretError> {
        let read = |config: &TokenConfig| {
            let seen = version(&config.file).ok();
            let digest = Some(digest(&read_secret_line(&config.file)?));
            Ok(Entry { config: config.clone(), digest, seen })
        };
        let entries: Result<Vec<_>, SecretError> = configs.iter().map(read).collect();
        Ok(Self(Arc::new(Mutex::new(Known { entries: entries?, checked: Some(Instant::now()), open_as: None }))))
    }

    /// No tokens, and everyone who can connect is the operator `name`. For an installation that only lives on the
    /// loopback of someone's own machine; a daemon never asks for this.
    pub fn open(name: Actor) -> Self {
        Self(Arc::new(Mutex::new(Known { open_as: Some(name), ..Known::default() })))
    }

    /// Who calls without a token, if everyone may.
    pub fn everyone(&self) -> Option<Caller> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.open_as.clone().map(|name| Caller { name, role: Role::Operator })
    }

    /// Whether none is configured.
    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entries.is_empty()
    }

    /// Whose token this is. May look at files, which are local and few.
    pub fn identify(&self, presented: &str) -> Option<Caller> {
        self.holder(TokenMark::of(presented))
    }

    /// Whose token has this mark, as long as it is one. May look at files, like [`Tokens::identify`].
    pub(super) fn holder(&self, mark: TokenMark) -> Option<Caller> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.recheck(Instant::now());
        known.find(mark)
    }
}

#[cfg(test)]
impl Tokens {
    /// Makes the next request look at the files.
    pub(super) fn recheck_now(&self) {
        self.0.lock().expect("lock").checked = None;
    }
}

impl Known {
    fn recheck(&mut self, now: Instant) {
        if self.checked.is_some_and(|checked| now.duration_since(checked) < RECHECK_AFTER) {
            return;
        }
        self.checked = Some(now);
        self.entries.iter_mut().for_each(Entry::refresh);
    }

    /// Compares with every token, without an early end.
    fn find(&self, TokenMark(presented): TokenMark) -> Option<Caller> {
        let mut found = u64::MAX;
        for (index, entry) in (0_u64..).zip(&self.entries) {
            let known = entry.digest.unwrap_or_default();
            let equal = known.ct_eq(&presented) & Choice::from(u8::from(entry.digest.is_some()));
            found.conditional_assign(&index, equal);
        }
        let entry = self.entries.get(usize::try_from(found).ok()?)?;
        Some(Caller { name: entry.config.name.clone(), role: entry.config.role })
    }
}

impl Entry {
    fn refresh(&mut self) {
        let (name, path) = (&self.config.name, &self.config.file);
        let found = match version(path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if self.digest.take().is_some() {
                    warn!(token = %name, path = %path.display(), "token file is gone, token revoked");
                }
                self.seen = None;
                return;
            }
            Err(error) => {
                warn!(token = %name, path = %path.display(), %error, "token file cannot be looked at");
                return;
            }
        };
        if self.seen == Some(found) {
            return;
        }
        match read_secret_line(path) {
            Ok(line) => {
                self.digest = Some(digest(&line));
                self.seen = Some(found);
                info!(token = %name, "token re-read");
            }
            Err(error) => warn!(token = %name, error = one_line(&error), "token file is faulty, keeping the old token"),
        }
    }
}

fn version(path: &Path) -> io::Result<Version> {
    let metadata = fs::metadata(path)?;
    Ok((metadata.modified()?, metadata.len()))
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(path: &Path, name: &str) -> TokenConfig {
        TokenConfig { name: name.parse().expect("name"), role: Role::Operator, file: path.join(name) }
    }

    /// Looks at the files as if a recheck were due.
    fn identify(tokens: &Tokens, presented: &str) -> Option<String> {
        tokens.recheck_now();
        tokens.identify(presented).map(|caller| caller.name.to_string())
    }

    #[test]
    fn rotated_files_are_picked_up_and_removed_ones_revoke() {
        let folder = tempfile::tempdir().expect("folder");
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
        write("a", "first-a\n");
        write("b", "first-b\n");
        let configs = [config(folder.path(), "a"), config(folder.path(), "b")];
        let tokens = Tokens::load(&configs).expect("tokens");
        assert_eq!(identify(&tokens, "first-a").as_deref(), Some("a"));
        assert_eq!(identify(&tokens, "first-b").as_deref(), Some("b"));
        assert_eq!(identify(&tokens, "other"), None);

        write("a", "second-token-a\n");
        assert_eq!(identify(&tokens, "second-token-a").as_deref(), Some("a"));
        assert_eq!(identify(&tokens, "first-a"), None);

        write("a", "two\nlines of nonsense\n");
        assert_eq!(identify(&tokens, "second-token-a").as_deref(), Some("a"), "a faulty file keeps the old token");

        fs::remove_file(folder.path().join("b")).expect("removed");
        assert_eq!(identify(&tokens, "first-b"), None);
        write("b", "third-b\n");
        assert_eq!(identify(&tokens, "third-b").as_deref(), Some("b"));
    }

    #[test]
    fn files_are_not_looked_at_for_every_request() {
        let folder = tempfile::tempdir().expect("folder");
        fs::write(folder.path().join("a"), "first\n").expect("written");
        let tokens = Tokens::load(&[config(folder.path(), "a")]).expect("tokens");
        fs::remove_file(folder.path().join("a")).expect("removed");
        let mut known = tokens.0.lock().expect("lock");
        let checked = known.checked.expect("checked");
        known.recheck(checked + RECHECK_AFTER / 2);
        assert!(known.find(TokenMark::of("first")).is_some());
        known.recheck(checked + RECHECK_AFTER);
        assert!(known.find(TokenMark::of("first")).is_none());
    }

    #[test]
    fn a_missing_file_is_an_error_at_the_start() {
        assert!(Tokens::load(&[config(Path::new("/nonexistent"), "a")]).is_err());
    }
}
