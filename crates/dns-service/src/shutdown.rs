//! The end of a process by signal: the first SIGTERM, SIGINT or SIGHUP starts the drain, the second ends it at once.
//!
//! SIGHUP is what a closed terminal sends, and what asks other programs to read their configuration again: whoever keeps a
//! process running starts it anew, with the configuration as it is then.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::exit::Exit;

/// A token that the first SIGTERM, SIGINT or SIGHUP cancels. On a second one the process exits with [`Exit::Failed`], since
/// then someone has decided not to wait for the drain.
///
/// # Errors
/// If the handlers cannot be installed.
///
/// # Panics
/// Outside a tokio runtime.
pub fn on_signals() -> io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
            _ = hangup.recv() => "SIGHUP",
        };
        info!(signal = name, "stopping; a second signal ends the process at once");
        token.cancel();
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hangup.recv() => {}
        }
        warn!("second signal, ending without a drain");
        std::process::exit(i32::from(Exit::Failed.code()));
    });
    Ok(stop)
}
