//! One controller per file: an advisory lock on `<path>.lock`, held as long as the store is open.
//!
//! The lock is the kernel's (flock), so a killed process leaves none behind; the lock file itself stays, since
//! removing it would let two processes lock two different files of the same name.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::holder::{holder_of, named};
use super::place::Place;

/// State and history are nobody else's business: read and write for the owner only.
const OWNER_ONLY: u32 = 0o600;

/// A process id has at most 10 digits; whatever else a lock file holds is not quoted.
const HOLDER_BYTES_MAX: u64 = 10;

/// Why the file cannot be held.
#[derive(Debug, thiserror::Error)]
pub(super) enum LockError {
    /// The folder is missing or closed to us.
    #[error("folder {} cannot be used; create it, owned by the controller's user", .folder.display())]
    Folder { folder: PathBuf, source: std::io::Error },
    /// The path names no file.
    #[error("{} names no file; `store.sqlite.path` needs the path of one", .0.display())]
    NoFile(PathBuf),
    /// Another process holds it.
    #[error(
        "another controller uses this store (lock {}, held by {holder}); this one takes over as soon as that ends, or \
         give it a store of its own",
        .lock.display()
    )]
    Held { lock: PathBuf, holder: String },
    /// The file system said no.
    #[error("cannot {verb} {}; it is tried again", .path.display())]
    File { verb: &'static str, path: PathBuf, source: std::io::Error },
}

/// The right to use a store file.
#[derive(Debug)]
pub(super) struct StoreLock {
    store: PathBuf,
    lock: PathBuf,
    _file: File,
}

impl StoreLock {
    /// Takes the lock of the store at `path`, without waiting.
    pub(super) fn take(path: &Path) -> Result<Self, LockError> {
        let store = real_path(path)?;
        let lock = lock_path(&store);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(OWNER_ONLY)
            .open(&lock)
            .map_err(|source| LockError::File { verb: "open", path: lock.clone(), source })?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::Held { holder: holder(&mut file, &lock), lock }),
            Err(TryLockError::Error(source)) => return Err(LockError::File { verb: "lock", path: lock, source }),
        }
        sign(&mut file).map_err(|source| LockError::File { verb: "write", path: lock.clone(), source })?;
        Ok(Self { store, lock, _file: file })
    }

    /// The file that this lock is for, without symbolic links.
    pub(super) fn store(&self) -> &Path {
        &self.store
    }

    /// Which files these are: the store, by its path as configured, and this lock.
    pub(super) fn take_down(&self, configured: &Path) -> Result<Place, LockError> {
        Place::take_down(configured, &self.lock).map_err(|source| LockError::File {
            verb: "look at",
            path: configured.to_owned(),
            source,
        })
    }

    /// Creates the file if it is missing. SQLite gives its log files the same mode.
    pub(super) fn create_store(&self) -> Result<(), LockError> {
        let opened = OpenOptions::new().append(true).create(true).mode(OWNER_ONLY).open(&self.store);
        opened.map(drop).map_err(|source| LockError::File { verb: "open", path: self.store.clone(), source })
    }
}

/// Two paths to one file must meet at one lock, so links are resolved first.
fn real_path(path: &Path) -> Result<PathBuf, LockError> {
    let name = path.file_name().ok_or_else(|| LockError::NoFile(path.to_owned()))?;
    if let Ok(existing) = fs::canonicalize(path) {
        return if existing.is_dir() { Err(LockError::NoFile(existing)) } else { Ok(existing) };
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let real = fs::canonicalize(folder).map_err(|source| LockError::Folder { folder: folder.to_owned(), source })?;
    Ok(real.join(name))
}

fn lock_path(store: &Path) -> PathBuf {
    let mut lock = store.as_os_str().to_owned();
    lock.push(".lock");
    PathBuf::from(lock)
}

fn sign(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.write_all(std::process::id().to_string().as_bytes())
}

/// The kernel knows; where it does not tell, the holder's signature does, if it was a controller.
fn holder(file: &mut File, lock: &Path) -> String {
    holder_of(&[lock], None).unwrap_or_else(|| signed(file))
}

fn signed(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.take(HOLDER_BYTES_MAX).read_to_string(&mut text);
    match text.trim().parse::<u32>() {
        Ok(process) if read.is_ok() => named(process),
        Ok(_) | Err(_) => "an unknown process".to_owned(),
    }
}
