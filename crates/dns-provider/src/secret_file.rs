//! A secret in a file of one line, read again when the file changes, so that a rotated token needs no restart.
//!
//! A file that is being rewritten in place is empty for a moment, and one that is being replaced is gone. So while it cannot
//! be used, the secret that it held before is, unless that one was refused.
//!
//! The secret shows in no error and no debug output; the path does.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use reqwest::header::HeaderValue;

use crate::port::ProviderError;

/// No token comes near it; a file that is larger is another file.
const BYTES_MAX: u64 = 16 * 1024;

/// The file and what it held last.
#[derive(Debug)]
pub(crate) struct SecretFile {
    path: PathBuf,
    kept: Mutex<Option<Kept>>,
}

/// A secret that prints as nothing.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

#[derive(Clone, Debug)]
struct Kept {
    seen: Seen,
    secret: Secret,
    /// Whether somebody asked for another one: nothing stands in for it then.
    is_refused: bool,
    /// Whether it stands in for what the file has now, which was said.
    stands_in: bool,
}

/// By what a changed file is told from the same one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    modified: Option<SystemTime>,
    len: u64,
}

impl SecretFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, kept: Mutex::new(None) }
    }

    /// The secret; from memory if the file looks as it did, or cannot be used.
    pub(crate) async fn current(&self) -> Result<Secret, ProviderError> {
        match self.look_and_read().await {
            Ok(secret) => Ok(secret),
            Err(error) => self.stand_in(error),
        }
    }

    /// The secret as the file has it now, because this one was refused; even if the file looks as it did: two writes
    /// within one tick of the file system's clock look the same.
    pub(crate) async fn afresh(&self, refused: &Secret) -> Result<Secret, ProviderError> {
        self.note_refused(refused);
        let seen = self.look().await?;
        let now = self.read(seen).await?;
        self.note_refused(refused);
        Ok(now)
    }

    fn note_refused(&self, refused: &Secret) {
        if let Some(kept) = self.lock().as_mut().filter(|kept| kept.secret == *refused) {
            kept.is_refused = true;
        }
    }

    async fn look_and_read(&self) -> Result<Secret, ProviderError> {
        let seen = self.look().await?;
        match self.kept() {
            Some(kept) if kept.seen == seen => Ok(kept.secret),
            Some(_) | None => self.read(seen).await,
        }
    }

    /// What the file held before, if nobody refused that.
    fn stand_in(&self, error: ProviderError) -> Result<Secret, ProviderError> {
        let mut kept = self.lock();
        let Some(kept) = kept.as_mut().filter(|kept| !kept.is_refused) else { return Err(error) };
        if !std::mem::replace(&mut kept.stands_in, true) {
            tracing::warn!(path = %self.path.display(), %error, "a secret cannot be read; the one before is used");
        }
        Ok(kept.secret.clone())
    }

    /// `seen` is from before the read: a file that changes in between is read again the next time.
    async fn read(&self, seen: Seen) -> Result<Secret, ProviderError> {
        if seen.len > BYTES_MAX {
            return Err(self.unusable(&format!("it has more than {BYTES_MAX} bytes")));
        }
        let text = tokio::fs::read_to_string(&self.path).await.map_err(|error| self.unusable(&error.to_string()))?;
        let line = text.trim();
        let is_one_line = !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_one_line {
            return Err(self.unusable("it must hold one line without spaces"));
        }
        let secret = Secret(line.to_owned());
        *self.lock() = Some(Kept { seen, secret: secret.clone(), is_refused: false, stands_in: false });
        Ok(secret)
    }

    async fn look(&self) -> Result<Seen, ProviderError> {
        let found = tokio::fs::metadata(&self.path).await.map_err(|error| self.unusable(&error.to_string()))?;
        Ok(Seen { modified: found.modified().ok(), len: found.len() })
    }

    fn unusable(&self, reason: &str) -> ProviderError {
        let subject = format!("the secret in {}", self.path.display());
        ProviderError::Denied { subject, reason: format!("{reason}; nothing was sent") }
    }

    fn kept(&self) -> Option<Kept> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Kept>> {
        // Only whole values are ever stored.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Secret {
    /// The value of a header that logs leave out: the secret after a prefix, such as `Bearer `.
    pub(crate) fn header(&self, prefix: &str) -> HeaderValue {
        let mut value = HeaderValue::from_str(&format!("{prefix}{}", self.0))
            .expect("invariant: a secret has graphic ASCII characters only");
        value.set_sensitive(true);
        value
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("secret-file-{}-{name}", std::process::id()));
            std::fs::create_dir_all(&path).expect("a folder");
            Self(path)
        }

        fn token(&self, text: &str) -> PathBuf {
            let path = self.0.join("token");
            std::fs::write(&path, text).expect("written");
            path
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(std::fs::remove_dir_all(&self.0));
        }
    }

    fn set_modified(path: &Path, time: SystemTime) {
        let file = std::fs::File::options().write(true).open(path).expect("opened");
        file.set_modified(time).expect("time set");
    }

    #[tokio::test]
    async fn reads_again_when_the_file_changed_and_when_told_to() {
        let folder = Folder::new("again");
        let path = folder.token("first\n");
        let file = SecretFile::new(path.clone());
        assert_eq!(file.current().await.expect("read"), Secret("first".to_owned()));
        let written = std::fs::metadata(&path).expect("metadata").modified().expect("a time");

        folder.token("other\n");
        set_modified(&path, written);
        assert_eq!(file.current().await.expect("read"), Secret("first".to_owned()), "it looks the same");
        assert_eq!(file.afresh(&Secret("first".to_owned())).await.expect("read"), Secret("other".to_owned()));

        folder.token("longer-than-before");
        assert_eq!(file.current().await.expect("read"), Secret("longer-than-before".to_owned()));
    }

    #[tokio::test]
    async fn the_secret_before_stands_in_while_the_file_cannot_be_used_unless_it_was_refused() {
        let folder = Folder::new("stand-in");
        let path = folder.token("first\n");
        let file = SecretFile::new(path.clone());
        let first = Secret("first".to_owned());
        assert_eq!(file.current().await.expect("read"), first);
        folder.token("");
        assert_eq!(file.current().await.expect("it is being rewritten"), first);
        std::fs::remove_file(&path).expect("removed");
        assert_eq!(file.current().await.expect("it is being replaced"), first);

        folder.token("first\n");
        assert_eq!(file.afresh(&first).await.expect("refused, and the same again"), first);
        folder.token("");
        file.current().await.expect_err("it was refused");
        folder.token("second\n");
        let second = file.current().await.expect("another one");
        folder.token("");
        assert_eq!(file.current().await.expect("and nobody refused that"), second);
        file.afresh(&second).await.expect_err("refused, and no other");
        file.current().await.expect_err("and not asked for again");
    }

    #[tokio::test]
    async fn names_the_path_and_never_the_secret() {
        let folder = Folder::new("path");
        let path = folder.token("one secret\n");
        let error = SecretFile::new(path).current().await.expect_err("two words").to_string();
        assert!(error.contains("/token") && !error.contains("one secret"), "{error}");
        let file = SecretFile::new(folder.token("s3cret"));
        let secret = file.current().await.expect("read");
        assert!(!format!("{file:?} {secret:?} {:?}", secret.header("Bearer ")).contains("s3cret"));
        let missing = SecretFile::new(folder.0.join("none")).current().await.expect_err("missing");
        assert!(matches!(missing, ProviderError::Denied { .. }), "{missing}");
    }
}
