//! The disk that the controller has for itself, filled and freed while it runs.
//!
//! It is mounted in the controller's own mount namespace, so it is reached through the process and is gone with it.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use super::World;

/// Where it is mounted, in the sandbox.
pub(super) const FOLDER: &str = "disk";

/// What fills it.
const BALLAST: &str = "ballast";

/// Blocks of the ballast: tmpfs gives room by the page.
const PAGE_BYTES: usize = 4096;

impl World {
    /// The disk, as the controller sees it.
    pub fn disk(&self) -> PathBuf {
        let inside = self.sandbox.path().join(FOLDER);
        let root = PathBuf::from(format!("/proc/{}/root", self.controller.pid()));
        root.join(inside.strip_prefix("/").expect("invariant: a sandbox has an absolute path"))
    }

    /// The controller's store.
    pub fn store(&self) -> PathBuf {
        let folder = if self.on_own_disk { self.disk() } else { self.sandbox.path().to_owned() };
        folder.join("state.db")
    }

    /// Fills the disk to the last page.
    ///
    /// # Panics
    ///
    /// When writing fails for any other reason than a full disk.
    pub fn fill_disk(&self) {
        let path = self.disk().join(BALLAST);
        let mut ballast = File::create(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let error = loop {
            if let Err(error) = ballast.write_all(&[0; PAGE_BYTES]) {
                break error;
            }
        };
        assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
    }

    /// Frees what [`fill_disk`](Self::fill_disk) took.
    ///
    /// # Panics
    ///
    /// When nothing was taken.
    pub fn free_disk(&self) {
        let path = self.disk().join(BALLAST);
        fs::remove_file(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}
