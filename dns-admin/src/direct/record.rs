//! The local record of a move by hand: what was done while no controller could write it down.
//!
//! It is made before anything is written, so that a place for it is sure, and completed afterwards. An existing file is
//! never overwritten. A controller imports it as a fact (`history import`) and never acts on it: the fence has told it.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};

use dns_api::by_hand::MoveRecord;
use dns_service::exit::Exit;

use crate::failure::Failure;

/// The file of a record.
#[derive(Debug)]
pub struct RecordFile {
    path: PathBuf,
    file: File,
}

impl RecordFile {
    /// Makes the file with what is known before the first write.
    ///
    /// # Errors
    /// If it exists already or cannot be written: nothing was done then.
    pub fn create(path: &Path, record: &MoveRecord) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| {
            let what = format!("nothing was written: cannot make the record {}: {error}", path.display());
            Failure::new(Exit::Failed, what)
                .hint("name another file with --record; an existing one is never overwritten")
        };
        let file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
        let mut own = Self { path: path.to_owned(), file };
        own.put(record).map_err(failed)?;
        Ok(own)
    }

    /// Replaces the content by what is known now.
    ///
    /// # Errors
    /// If the disk refuses; what was known before may be gone.
    pub fn put(&mut self, record: &MoveRecord) -> std::io::Result<()> {
        let text = serde_json::to_string_pretty(record)? + "\n";
        self.file.rewind()?;
        self.file.set_len(0)?;
        self.file.write_all(text.as_bytes())?;
        self.file.sync_all()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use dns_api::by_hand::VERSION;

    use super::*;

    pub(crate) fn record() -> MoveRecord {
        MoveRecord {
            record: VERSION.to_owned(),
            installation: "acme".to_owned(),
            service: "checkout".to_owned(),
            to: "dr".to_owned(),
            by: "ada".to_owned(),
            reason: "prod is under water".to_owned(),
            overrides: Vec::new(),
            overrides_expire: None,
            plan: "p1".to_owned(),
            at: "2026-11-21T03:10:00Z".to_owned(),
            probed: Vec::new(),
            places: Vec::new(),
            outcome: "begun".to_owned(),
        }
    }

    #[test]
    fn a_record_is_completed_in_place_and_never_overwrites_another() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("record.json");
        let mut file = RecordFile::create(&path, &record()).expect("makes it");
        let done = MoveRecord { outcome: "x".to_owned(), ..record() };
        file.put(&done).expect("completes it");
        let read: MoveRecord = serde_json::from_slice(&std::fs::read(&path).expect("reads")).expect("JSON");
        assert_eq!(read, done, "no rest of the longer one is left");
        let failure = RecordFile::create(&path, &record()).expect_err("it is there");
        assert!(failure.text().contains("nothing was written") && failure.text().contains("--record"), "{failure:?}");
        assert_eq!(std::fs::read_to_string(&path).expect("reads").matches("begun").count(), 0);
    }
}
