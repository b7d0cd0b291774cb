//! Whether files stood still while they were read. A file that is rewritten in place is cut for a moment, and what is cut within a
//! line can be a zone: `A 192.0.2.1` of `A 192.0.2.10`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::{ZoneFolder, unreadable};
use crate::finding::{Finding, Place};
use crate::zonefile::{FileError, Files, Source};

/// What tells one state of a file from another without reading it. The times are the file system's and only compared for equality:
/// nobody's clock has to be right. A program may set back when a file was modified, but not when its inode changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    octets: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(about: &Metadata) -> Self {
        Self {
            device: about.dev(),
            inode: about.ino(),
            octets: about.len(),
            modified: (about.mtime(), about.mtime_nsec()),
            changed: (about.ctime(), about.ctime_nsec()),
        }
    }
}

/// How files were when they were read, each from before its first octet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamps(BTreeMap<PathBuf, Stamp>);

impl Stamps {
    /// Takes one more file, before it is read. Of a file that is taken twice the first state counts.
    ///
    /// # Errors
    /// What the system says.
    pub fn take(&mut self, file: &Path) -> io::Result<()> {
        let stamp = Stamp::of(&fs::metadata(file)?);
        self.0.entry(file.to_owned()).or_insert(stamp);
        Ok(())
    }

    /// A file that is no longer what it was, if there is one. A link that leads elsewhere by now counts, too.
    pub fn changed(&self) -> Option<&Path> {
        let same =
            |(file, stamp): (&PathBuf, &Stamp)| fs::metadata(file).is_ok_and(|about| Stamp::of(&about) == *stamp);
        self.0.iter().find(|one| !same(*one)).map(|(file, _)| file.as_path())
    }
}

/// A folder whose files are read, and how they were before that.
#[derive(Debug)]
pub struct Watched<'f> {
    folder: &'f ZoneFolder,
    seen: RefCell<(Stamps, Option<Finding>)>,
}

impl<'f> Watched<'f> {
    /// Nothing is read yet.
    pub fn new(folder: &'f ZoneFolder) -> Self {
        Self { folder, seen: RefCell::default() }
    }

    /// What was read, and the first last line among it that has no end.
    pub fn seen(self) -> (Stamps, Option<Finding>) {
        self.seen.into_inner()
    }
}

impl Files for Watched<'_> {
    fn read(&self, name: &str, beside: Option<&str>) -> Result<Source, FileError> {
        let named = self.folder.named(name, beside);
        let mut seen = self.seen.borrow_mut();
        let (stamps, open) = &mut *seen;
        stamps.take(&named).map_err(|error| unreadable(&error))?;
        let source = self.folder.read(name, beside)?;
        if open.is_none() {
            *open = open_end(&source.name, &source.octets);
        }
        Ok(source)
    }
}

/// A last line without an end: of a file that was cut, or from an editor that leaves it away.
pub fn open_end(file: &str, octets: &[u8]) -> Option<Finding> {
    if octets.last().is_none_or(|octet| *octet == b'\n') {
        return None;
    }
    let start = octets.iter().rposition(|octet| *octet == b'\n').map_or(0, |end| end + 1);
    let line = octets.split(|octet| *octet == b'\n').count();
    let message = "the last line has no end: was the file cut off?";
    let advice = "if it is whole, end its last line with a line break";
    let place = Place { file: file.into(), line, column: 0 };
    Some(Finding::warning(String::from_utf8_lossy(&octets[start..]), message, advice).at(Some(place)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, ZoneFolder) {
        let root = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            fs::write(root.path().join(name), text).expect("a file");
        }
        let folder = ZoneFolder::open(root.path()).expect("a folder");
        (root, folder)
    }

    /// The files that were read, after something was done to them.
    fn changed_by(act: impl FnOnce(&Path)) -> Option<PathBuf> {
        let (root, folder) = folder(&[("a.zone", "$INCLUDE b.zone\n"), ("b.zone", "www A 192.0.2.10\n"), ("c", "c")]);
        let watched = Watched::new(&folder);
        watched.read("a.zone", None).expect("a file");
        watched.read("b.zone", Some("a.zone")).expect("a file");
        act(root.path());
        let (stamps, open) = watched.seen();
        assert_eq!(open, None);
        stamps.changed().and_then(Path::file_name).map(PathBuf::from)
    }

    #[test]
    fn a_file_that_changes_in_any_way_after_it_was_read_is_told() {
        assert_eq!(changed_by(|_| {}), None);
        assert_eq!(changed_by(|root| fs::write(root.join("c"), "other").expect("written")), None, "nobody read it");
        let cut = |root: &Path| fs::write(root.join("b.zone"), "www A 192.0.2.1").expect("written");
        assert_eq!(changed_by(cut), Some("b.zone".into()));
        let gone = |root: &Path| fs::remove_file(root.join("a.zone")).expect("removed");
        assert_eq!(changed_by(gone), Some("a.zone".into()));
        let replaced = |root: &Path| {
            fs::write(root.join("new"), "www A 192.0.2.10\n").expect("written");
            fs::rename(root.join("new"), root.join("b.zone")).expect("moved");
        };
        assert_eq!(changed_by(replaced), Some("b.zone".into()), "of the same length");
    }

    #[test]
    fn a_link_that_leads_elsewhere_by_now_is_told() {
        let (root, folder) = folder(&[("one", "same\n"), ("two", "same\n")]);
        let link = root.path().join("a.zone");
        std::os::unix::fs::symlink("one", &link).expect("a link");
        let watched = Watched::new(&folder);
        watched.read("a.zone", None).expect("a file");
        fs::remove_file(&link).expect("removed");
        std::os::unix::fs::symlink("two", &link).expect("a link");
        assert!(watched.seen().0.changed().is_some());
    }

    #[test]
    fn a_last_line_without_an_end_is_told_with_its_place_and_text() {
        let finding = open_end("a.zone", b"www A 192.0.2.2\napi A 192.0.2.1").expect("it has none");
        let text = "a.zone:2: warning: `api A 192.0.2.1`: the last line has no end: was the file cut off?";
        assert_eq!(finding.to_string().lines().next(), Some(text));
        assert_eq!((open_end("a.zone", b""), open_end("a.zone", b"www A 192.0.2.2\n")), (None, None));
        let (_root, folder) = folder(&[("a.zone", "$INCLUDE b.zone\n"), ("b.zone", "www A 192.0.2.1")]);
        let watched = Watched::new(&folder);
        watched.read("b.zone", None).expect("a file");
        watched.read("a.zone", None).expect("a file");
        assert!(watched.seen().1.is_some_and(|finding| finding.subject == "www A 192.0.2.1"), "also of one before");
    }
}
