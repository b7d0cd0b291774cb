//! The end of a process by signal: the first SIGTERM or SIGINT starts the drain, the second ends it at once.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::exit::Exit;

/// A token that the first SIGTERM or SIGINT cancels. On a second one the process exits with [`Exit::Failed`], since
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
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        info!(signal = name, "stopping; a second signal ends the process at once");
        token.cancel();
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        warn!("second signal, ending without a drain");
        std::process::exit(i32::from(Exit::Failed.code()));
    });
    Ok(stop)
}
