//! Keeps the copy of a source that tells of no change by itself, a file or an API: it is read again and again.
//!
//! Files are taken only when they stand still. Who rewrites one in place leaves it cut for a moment, and what is cut can be a zone;
//! nobody looks at what a daemon does with it, as somebody does at a plan. And as with a secondary, what cannot be read for too long
//! is good no longer: a zone that nobody keeps up would undo what people do at the targets meanwhile.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dns_transfer::refresh::Bounds;
use dns_zone::files::Stamps;
use dns_zone::finding::Finding;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::original::Original;
use super::signs::SourceSign;
use crate::place::Job;
use crate::source::{self, Read, SourceError, SourceFiles};

/// How long files that have changed have to stay as they are before they are taken: longer than a program that writes one pauses.
const SETTLE: Duration = Duration::from_secs(2);

/// For how long a zone is good that cannot be read, if it has no SOA that says so.
const EXPIRE: Duration = Duration::from_hours(7 * 24);

/// A source, with what is needed to keep its copy.
pub(super) struct Keeper {
    pub(super) job: Job,
    pub(super) original: Arc<Original>,
    pub(super) sign: SourceSign,
    pub(super) every: Duration,
}

/// What is remembered from one look to the next.
#[derive(Default)]
struct Memory {
    /// Why it was not taken, as it was told last; empty if it was.
    problem: String,
    /// What is unwise about what was taken, as it was told.
    unwise: String,
    /// The files that were taken last.
    taken: Option<Stamps>,
    /// Until when what is known is good, if nothing confirms it.
    good_until: Option<Instant>,
}

/// Why what a source says now is not taken.
#[derive(Debug, thiserror::Error)]
enum NotTaken {
    #[error(transparent)]
    Unread(#[from] SourceError),
    #[error("{} is being written: it is taken when it has stayed as it is for {} s", .0.display(), SETTLE.as_secs())]
    Unsettled(PathBuf),
    #[error("{0}")]
    OpenEnd(Finding),
}

impl Keeper {
    /// Keeps the copy until `stop`.
    pub(super) async fn run(self, stop: CancellationToken) {
        let mut memory = Memory::default();
        stop.run_until_cancelled(async {
            loop {
                let pause = self.look(&mut memory).await;
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = self.original.asked() => {}
                }
            }
        })
        .await;
    }

    /// Looks once; when to look again.
    async fn look(&self, memory: &mut Memory) -> Duration {
        match self.read(memory.taken.as_ref()).await {
            Ok(read) => self.take(read, memory),
            Err(reason) => {
                self.failed(&reason, memory);
                if matches!(reason, NotTaken::Unsettled(_)) {
                    return self.every.min(SETTLE);
                }
            }
        }
        self.every
    }

    /// Reads the source. Files that are not those that were taken last have to stand still first.
    async fn read(&self, taken: Option<&Stamps>) -> Result<Read, NotTaken> {
        let read = source::read(&self.job).await?;
        let Some(SourceFiles { stamps, open_end }) = &read.files else { return Ok(read) };
        if let Some(finding) = open_end {
            return Err(NotTaken::OpenEnd(finding.clone()));
        }
        if taken != Some(stamps) {
            tokio::time::sleep(SETTLE).await;
            if let Some(file) = stamps.changed() {
                return Err(NotTaken::Unsettled(file.to_owned()));
            }
        }
        Ok(read)
    }

    /// What is wrong with a source is told once, and again when it changes.
    fn take(&self, read: Read, memory: &mut Memory) {
        let zone = self.original.apex();
        let Read { zone: read, not_plain, warnings, files } = read;
        let unwise = if warnings.is_empty() { String::new() } else { warnings.to_string() };
        if !unwise.is_empty() && unwise != memory.unwise {
            warn!(%zone, "the source has what is unwise\n{unwise}");
        }
        let serial = read.serial();
        let changes = self.original.replace(read, not_plain);
        if changes > 0 {
            info!(%zone, changes, "the source has changed");
        }
        self.sign.confirmed(serial);
        self.original.confirmed();
        let good_until = Some(Instant::now() + self.good_for());
        let taken = files.map(|files| files.stamps);
        *memory = Memory { problem: String::new(), unwise, taken, good_until };
    }

    /// As its SOA says, but not before a look and one more have failed.
    fn good_for(&self) -> Duration {
        let expire = self.original.soa().map_or(EXPIRE, |soa| Bounds::default().expire(&soa));
        expire.max(self.every * 2)
    }

    fn failed(&self, reason: &NotTaken, memory: &mut Memory) {
        let zone = self.original.apex();
        let told = dns_service::exit::one_line(reason);
        if told != memory.problem {
            match reason {
                // It will be over in a moment.
                NotTaken::Unsettled(_) => info!(%zone, "the source is not taken yet: {told}"),
                NotTaken::Unread(_) | NotTaken::OpenEnd(_) => {
                    let known_is_good = memory.good_until.is_some();
                    warn!(%zone, known_is_good, "the source cannot be taken: {told}");
                }
            }
        }
        self.sign.failing(told.clone());
        memory.problem = told;
        if memory.good_until.take_if(|until| *until <= Instant::now()).is_some() {
            error!(%zone, "the source could not be taken for longer than it is good: nothing is copied from it until it can be");
            memory.taken = None;
            self.original.forget();
            self.sign.expired();
        }
    }
}

#[cfg(test)]
mod tests;
