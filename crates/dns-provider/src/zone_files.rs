//! Whole zones as files of a folder (RFC 1035 §5), one for each zone, written canonically.
//!
//! A batch is carried out under a lock that every writer of this project takes: the file is read again, compared with what the
//! batch was made from, written beside its place and moved there. So a reader sees the file as it was or as it becomes, and two
//! of these writers never undo each other. An editor takes no lock; what it saves until right before the move is a conflict.
//!
//! A zone without a file is empty, so that it can be created. A file that is there and holds no whole zone is an error, never
//! an empty zone. Comments and the order of a hand-written file do not survive its first change.
//!
//! It knows no fence and serves nobody: services cannot be moved here.

mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use dns_zone::{Owner, SetKey, Step, TargetTraits, Weight, Zone};
use hickory_proto::rr::Name;

use self::file::ZoneFile;
use crate::port::{GuardStrength, Permit, ProviderError, Receipt};
use crate::zones::{self, Attribution, Listing, Writer, ZoneTarget, ZoneTraits};

/// A folder of zone files.
#[derive(Clone, Debug)]
pub struct ZoneFiles {
    folder: PathBuf,
    zones: BTreeSet<Owner>,
}

impl ZoneFiles {
    /// Takes a folder, which is looked at with each call, and the zones that have a file in it.
    pub fn new<'z>(folder: &Path, zones: impl IntoIterator<Item = &'z Name>) -> Self {
        Self { folder: folder.to_owned(), zones: zones.into_iter().map(zones::owner).collect() }
    }

    fn subject(&self) -> String {
        format!("zone files in {}; comments and order of a file are not kept", self.folder.display())
    }

    fn file(&self, zone: &Owner) -> Result<ZoneFile, ProviderError> {
        if self.zones.contains(zone) {
            return Ok(ZoneFile::new(&self.folder, zone));
        }
        let reason = format!("zone {zone} is not among its zones: add it to the provider's `zones`");
        Err(ProviderError::Denied { subject: self.subject(), reason })
    }
}

#[async_trait]
impl ZoneTarget for ZoneFiles {
    fn traits(&self) -> ZoneTraits {
        ZoneTraits {
            subject: self.subject(),
            guard: GuardStrength::OwnWriters,
            holds: TargetTraits::default(),
            apex_ns: Writer::Client,
            soa: Writer::Client,
            batch_max: Weight::UNBOUNDED,
        }
    }

    fn envelope(&self, _zone: &Owner) -> Weight {
        Weight::default()
    }

    fn weigh(&self, _zone: &Owner, _step: &Step) -> Weight {
        Weight::default()
    }

    /// A file is read in one piece, and is never seen half written, since it is moved to its place.
    async fn list(&self, zone: &Owner) -> Result<Listing, ProviderError> {
        let (file, apex) = (self.file(zone)?, zone.clone());
        let read = blocking(move || file.read()).await?;
        Ok(Listing {
            zone: read.map_or_else(|| Zone::new(apex), |read| read.zone),
            not_plain: Vec::new(),
            serial_stays: None,
        })
    }

    async fn apply(&self, zone: &Owner, steps: &[&Step], permit: &Permit) -> Result<Receipt, ProviderError> {
        zones::sound(self, zone, steps)?;
        let (file, permit) = (self.file(zone)?, *permit);
        let steps: Vec<Step> = steps.iter().copied().cloned().collect();
        blocking(move || file.change(&steps, &permit)).await?;
        Ok(Receipt::Complete)
    }

    fn trail(&self) -> &'static str {
        "the folder's history, if it is under version control"
    }

    /// Of a file there is one answer for all that it holds.
    async fn attribution(
        &self,
        zone: &Owner,
        keys: &BTreeSet<SetKey>,
    ) -> Result<BTreeMap<SetKey, Attribution>, ProviderError> {
        let file = self.file(zone)?;
        let told = blocking(move || file.attribution()).await?;
        Ok(told.map(|told| keys.iter().map(|key| (key.clone(), told.clone())).collect()).unwrap_or_default())
    }
}

/// Works with files where it holds up no other task. Once begun it goes on to its end, even if nobody waits for it.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ProviderError> + Send + 'static,
) -> Result<T, ProviderError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(ProviderError::OutcomeUnknown { subject: "a zone file".to_owned(), reason: error.to_string() })
    })
}

#[cfg(test)]
mod tests;
