//! The folder that everything of a run lives in, gone with the run however it ends.
//!
//! Servers die with this process by the kernel's hand (see [`crate::process`]); only files need care. A run takes
//! minutes, so it is interrupted often enough.

use std::fs;
use std::path::Path;
use std::process;
use std::thread;

use anyhow::Context as _;
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

/// The exit code of a program that a SIGINT has ended, as shells show it.
const INTERRUPTED: i32 = 130;

/// How often the folder is removed at an interruption: servers that still run may write into it once more.
const ATTEMPTS: u32 = 3;

/// Makes the folder, lets every sandbox be made within it, and removes it on SIGINT and SIGTERM.
pub(crate) fn scratch_folder() -> anyhow::Result<TempDir> {
    // Short, because paths of Unix sockets end at 108 octets.
    let folder = tempfile::Builder::new().prefix("bench-").tempdir().context("cannot make a temporary folder")?;
    tempfile::env::override_temp_dir(folder.path())
        .map_err(|earlier| anyhow::anyhow!("the temporary folder is {} already", earlier.display()))?;
    let path = folder.path().to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot listen for an interruption")?;
    thread::spawn(move || {
        if runtime.block_on(interrupted()).is_ok() {
            remove(&path);
            process::exit(INTERRUPTED);
        }
    });
    Ok(folder)
}

async fn interrupted() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        done = tokio::signal::ctrl_c() => done,
        _ = terminate.recv() => Ok(()),
    }
}

fn remove(folder: &Path) {
    for _ in 0..ATTEMPTS {
        if fs::remove_dir_all(folder).is_ok() {
            return;
        }
    }
}
