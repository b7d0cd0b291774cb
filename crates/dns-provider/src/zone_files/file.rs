//! One zone's file: read whole, and changed under a lock by moving a new one to its place.

mod rights;

use std::cell::Cell;
use std::fs::{self, File, Metadata, TryLockError};
use std::io::{self, BufWriter, ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use dns_core::digest::Digest;
use dns_core::time::Timestamp;
use dns_zone::files::{ZoneFolder, zone_file_name};
use dns_zone::finding::Findings;
use dns_zone::zonefile::{self, FileError, Files, Source, ZoneText};
use dns_zone::{Owner, Rtype, SetKey, Step, Zone, lint};

use crate::port::{Permit, ProviderError};
use crate::zones::{self, Attribution, Basis, Remark};

/// A zone's file, which may not be there yet.
#[derive(Clone, Debug)]
pub(super) struct ZoneFile {
    zone: Owner,
    folder: PathBuf,
    name: String,
}

/// What a file holds.
pub(super) struct Read {
    /// The zone.
    pub(super) zone: Zone,
    /// Of all octets that it was read from.
    digest: Digest,
}

impl ZoneFile {
    /// The file of a zone in a folder. No other file there has such a name: it ends with `.zone`.
    pub(super) fn new(folder: &Path, zone: &Owner) -> Self {
        Self { zone: zone.clone(), folder: folder.to_owned(), name: zone_file_name(zone) }
    }

    fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    fn beside(&self, what: &str) -> PathBuf {
        self.folder.join(format!("{}.{what}", self.name))
    }

    fn subject(&self) -> String {
        format!("the zone file {}", self.path().display())
    }

    /// What it holds; nothing if it is not there, and its folder is.
    pub(super) fn read(&self) -> Result<Option<Read>, ProviderError> {
        let folder = ZoneFolder::open(&self.folder).map_err(|error| self.unusable(&error))?;
        match fs::symlink_metadata(self.path()) {
            // Moving a new file to its place would replace the link, and leave what it leads to as it is.
            Ok(about) if about.is_symlink() => return Err(self.denied("it is a link: put the file itself there")),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.unusable(&error)),
        }
        let alone = Alone { folder: &folder, digest: Cell::new(None) };
        let read = zonefile::read(&self.zone, &self.name, &alone);
        let zone = read.map_err(|findings| self.denied(findings.to_string()))?.zone;
        servable(&zone).map_err(|findings| self.denied(findings.to_string()))?;
        let digest = alone.digest.take().expect("invariant: what was read was digested");
        Ok(Some(Read { zone, digest }))
    }

    /// Carries changes out, all or none. Unless the SOA is among them, its serial goes forward.
    pub(super) fn change(&self, steps: &[Step], permit: &Permit) -> Result<(), ProviderError> {
        let _lock = self.lock()?;
        let read = self.read()?;
        let (is, digest) = match read {
            Some(Read { zone, digest }) => (zone, Some(digest)),
            None => (Zone::new(self.zone.clone()), None),
        };
        let all: Vec<&Step> = steps.iter().collect();
        zones::compare(&self.zone, &all, |key| Ok(is.get(key).cloned()))?;
        let changes = || steps.iter().flat_map(|step| &step.changes);
        if changes().all(|change| change.before == change.after) {
            return Ok(());
        }
        let mut becomes = is;
        for change in changes() {
            change.apply_to(&mut becomes).map_err(|error| self.invalid(error.to_string()))?;
        }
        let soa = SetKey::new(self.zone.clone(), Rtype::SOA);
        if changes().all(|change| change.key != soa) {
            becomes.advance_serial();
        }
        // What no server loads would be no zone to go on from either.
        servable(&becomes).map_err(|findings| self.invalid(findings.to_string()))?;
        self.replace(&becomes, digest, permit)
    }

    /// Puts a zone in the place of what was read.
    fn replace(&self, zone: &Zone, was: Option<Digest>, permit: &Permit) -> Result<(), ProviderError> {
        let new = self.beside("new");
        self.write(&new, zone)?;
        // It may have taken seconds. From here on there is nothing to wait for.
        if self.digest().map_err(|error| self.unusable(&error))? != was {
            let reason = "the file was saved by someone else meanwhile".to_owned();
            return Err(ProviderError::Conflict { zone: self.zone.to_string(), reason });
        }
        if permit.left().is_zero() {
            return Err(self.passing("the leave to write it has run out"));
        }
        fs::rename(&new, self.path()).map_err(|error| self.unusable(&error))?;
        // Without this a crash of the machine may bring the old file back.
        File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| ProviderError::OutcomeUnknown { subject: self.subject(), reason: error.to_string() })
    }

    /// Writes a file whole, with owner, group and rights of the one that it will replace, which nobody else reads until then.
    fn write(&self, path: &Path, zone: &Zone) -> Result<(), ProviderError> {
        let unusable = |error: io::Error| self.unusable(&error);
        let old = existing(&self.path()).map_err(unusable)?;
        let file = create(path, if old.is_some() { 0o600 } else { 0o666 }).map_err(unusable)?;
        let mut file = BufWriter::new(file);
        write!(file, "{}", ZoneText::of(zone)).map_err(unusable)?;
        let file = file.into_inner().map_err(|error| unusable(error.into_error()))?;
        if let Some(old) = &old {
            rights::take_over(&file, old).map_err(|error| self.not_ours_to_give(old, &error))?;
        }
        file.sync_all().map_err(unusable)
    }

    fn not_ours_to_give(&self, old: &Metadata, error: &io::Error) -> ProviderError {
        if error.kind() != ErrorKind::PermissionDenied {
            return self.unusable(error);
        }
        let (uid, gid) = (old.uid(), old.gid());
        let hint = "let a group read it that this program's user is in";
        self.denied(format!(
            "who reads it now (user {uid}, group {gid}) could not read what would take its place: {hint}"
        ))
    }

    /// When it was written, and whose it is; nothing if it is not there.
    pub(super) fn attribution(&self) -> Result<Option<Attribution>, ProviderError> {
        let about = match fs::metadata(self.path()) {
            Ok(about) => about,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.unusable(&error)),
        };
        let written = about.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let at = written.and_then(|since| u64::try_from(since.as_millis()).ok()).map(Timestamp::from_millis);
        let by = Remark::of(&format!("user id {}", about.uid()));
        Ok(Some(Attribution { basis: Basis::File, at, by, note: None }))
    }

    /// Of what stands there now; nothing if nothing does.
    fn digest(&self) -> io::Result<Option<Digest>> {
        match fs::read(self.path()) {
            Ok(octets) => Ok(Some(digest_of(&octets))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps other writers out until it is dropped. The lock's file stays: whoever removed it could let two in.
    fn lock(&self) -> Result<File, ProviderError> {
        let path = self.beside("lock");
        let opened = File::options().create(true).truncate(false).write(true).open(&path);
        let file = opened.map_err(|error| self.unusable(&error))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(self.passing("another process is writing it")),
            Err(TryLockError::Error(error)) => Err(self.unusable(&error)),
        }
    }

    fn denied(&self, reason: impl Into<String>) -> ProviderError {
        ProviderError::Denied { subject: self.subject(), reason: reason.into() }
    }

    fn invalid(&self, reason: String) -> ProviderError {
        ProviderError::Invalid { subject: self.subject(), record: "the batch".to_owned(), reason }
    }

    fn passing(&self, reason: &str) -> ProviderError {
        ProviderError::Transient { subject: self.subject(), reason: reason.to_owned() }
    }

    /// What only a person can change is told apart from what may pass, such as a disk that is full.
    fn unusable(&self, error: &io::Error) -> ProviderError {
        match error.kind() {
            ErrorKind::NotFound
            | ErrorKind::NotADirectory
            | ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::InvalidFilename => {
                self.denied(format!("{error}; the folder has to exist, and this program's user to own it"))
            }
            _ => self.passing(&error.to_string()),
        }
    }
}

/// The file without what it would include.
struct Alone<'f> {
    folder: &'f ZoneFolder,
    digest: Cell<Option<Digest>>,
}

impl Files for Alone<'_> {
    fn read(&self, name: &str, beside: Option<&str>) -> Result<Source, FileError> {
        if beside.is_some() {
            return Err(FileError::Included);
        }
        let source = self.folder.read(name, None)?;
        self.digest.set(Some(digest_of(&source.octets)));
        Ok(source)
    }
}

/// What is known of a file or link; nothing if there is none.
fn existing(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(about) => Ok(Some(about)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes a new file. What a crash has left at its name, or somebody has put there, is removed and never written through.
fn create(path: &Path, mode: u32) -> io::Result<File> {
    if existing(path)?.is_some() {
        fs::remove_file(path)?;
    }
    File::options().write(true).create_new(true).mode(mode).open(path)
}

/// Whether servers would load it.
fn servable(zone: &Zone) -> Result<(), Findings> {
    let findings = lint::check(zone, None, lint::Apex::Here);
    if findings.refused() > 0 { Err(findings) } else { Ok(()) }
}

fn digest_of(octets: &[u8]) -> Digest {
    Digest::over([octets])
}

#[cfg(test)]
mod tests;
