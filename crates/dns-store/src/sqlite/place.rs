//! Whether the file that is open is still the one that its path names.
//!
//! An open file outlives its name: after `rm` or `mv` SQLite goes on writing into a file that nobody will ever find
//! again, and a second controller can lock the new one. So the files are told by device and inode, which a rename,
//! a copy and another file system all change, and looked at before each commit.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// One file, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}

/// A path with the file that it named when the store was opened.
#[derive(Clone, Debug)]
struct Named {
    path: PathBuf,
    identity: Identity,
}

impl Named {
    fn now(path: &Path) -> std::io::Result<Self> {
        Ok(Self { path: path.to_owned(), identity: Identity::of(&fs::metadata(path)?) })
    }

    /// An error other than a missing file says nothing of what the path names.
    fn is_in_place(&self) -> std::io::Result<bool> {
        match fs::metadata(&self.path) {
            Ok(found) => Ok(Identity::of(&found) == self.identity),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Where the files of an open store were.
#[derive(Clone, Debug)]
pub(super) struct Place {
    store: Named,
    lock: Named,
}

impl Place {
    /// Takes down which files these are. `store` is the path as configured: a link that is turned to another file
    /// replaces the store, too.
    pub(super) fn take_down(store: &Path, lock: &Path) -> std::io::Result<Self> {
        Ok(Self { store: Named::now(store)?, lock: Named::now(lock)? })
    }

    /// Whether store and lock are the files that were opened.
    ///
    /// # Errors
    /// If the file system does not tell.
    pub(super) fn is_unchanged(&self) -> std::io::Result<bool> {
        Ok(self.store.is_in_place()? && self.lock.is_in_place()?)
    }
}
