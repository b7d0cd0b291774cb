//! Keeps the copy of a source that tells of no change by itself, a file or an API: it is read again and again.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::original::Original;
use super::signs::SourceSign;
use crate::place::Job;
use crate::source::{self, Read};

/// A source, with what is needed to keep its copy.
pub(super) struct Keeper {
    pub(super) job: Job,
    pub(super) original: Arc<Original>,
    pub(super) sign: SourceSign,
    pub(super) every: Duration,
}

impl Keeper {
    /// Keeps the copy until `stop`.
    pub(super) async fn run(self, stop: CancellationToken) {
        let mut warned = String::new();
        while !stop.is_cancelled() {
            stop.run_until_cancelled(self.look(&mut warned)).await;
            stop.run_until_cancelled(tokio::time::sleep(self.every)).await;
        }
    }

    /// What is wrong with a source is told once, and again when it changes.
    async fn look(&self, warned: &mut String) {
        let zone = self.original.apex();
        match source::read(&self.job).await {
            Ok(Read { zone: read, not_plain, warnings }) => {
                let told = warnings.to_string();
                if !told.is_empty() && told != *warned {
                    warn!(%zone, "the source has what is unwise\n{told}");
                }
                *warned = told;
                let serial = read.serial();
                let changes = self.original.replace(read, not_plain);
                if changes > 0 {
                    info!(%zone, changes, "the source has changed");
                }
                self.sign.confirmed(serial);
            }
            Err(error) => {
                let told = dns_service::exit::one_line(&error);
                if told != *warned {
                    warn!(%zone, "the source cannot be taken; what was read before stays good: {told}");
                }
                self.sign.failing(told.clone());
                *warned = told;
            }
        }
    }
}
