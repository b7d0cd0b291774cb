//! Zone files of a folder on disk, and what they are called. The only place of this crate that reads anything.

mod steady;

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

pub use self::steady::{Stamps, Watched, open_end};
use crate::owner::Owner;
use crate::zonefile::{FileError, Files, Source};

/// The largest file that is read: some 20 million records.
const OCTETS_MAX: u64 = 1 << 30;

/// What of a zone's name stands in a file's name as it is.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// A zone's name as the beginning of a file's, with its final dot. No name leaves the folder, and no two are the same file.
pub fn file_name(zone: &Owner) -> String {
    let name = utf8_percent_encode(&zone.to_string(), KEPT).to_string();
    // The root's would hide the file, and `root.` could be a zone.
    if name == "." { "%2E.".to_owned() } else { name }
}

/// The name of a zone's own file in a folder of such.
pub fn zone_file_name(zone: &Owner) -> String {
    format!("{}zone", file_name(zone))
}

/// A folder whose files are read and no others: paths that leave it are refused, whether by `..`, by a symbolic link or by
/// beginning elsewhere. Someone who may write into the folder while it is read is trusted.
#[derive(Clone, Debug)]
pub struct ZoneFolder {
    root: PathBuf,
    /// What stands before the names of its files wherever they are told.
    shown: PathBuf,
}

impl ZoneFolder {
    /// Takes the folder.
    ///
    /// # Errors
    /// What the system says if it is not there or no folder.
    pub fn open(root: &Path) -> io::Result<Self> {
        let root = root.canonicalize()?;
        if root.is_dir() { Ok(Self { root, shown: PathBuf::new() }) } else { Err(ErrorKind::NotADirectory.into()) }
    }

    /// The same, whose files are asked for and told as people know them: below this folder.
    #[must_use]
    pub fn shown_as(self, folder: &Path) -> Self {
        Self { shown: folder.to_owned(), ..self }
    }

    /// A file's name without what is shown before it.
    fn below<'n>(&self, name: &'n str) -> &'n Path {
        let name = Path::new(name);
        name.strip_prefix(&self.shown).unwrap_or(name)
    }

    /// The path that a name stands for, links and all.
    fn named(&self, name: &str, beside: Option<&str>) -> PathBuf {
        match beside.map(|file| self.below(file).parent().unwrap_or(Path::new(""))) {
            Some(folder) => self.root.join(folder).join(name),
            None => self.root.join(self.below(name)),
        }
    }

    fn path(&self, name: &str, beside: Option<&str>) -> Result<PathBuf, FileError> {
        // Links and `..` are resolved by the system, so that what is compared is what will be opened.
        let path = self.named(name, beside).canonicalize().map_err(|error| unreadable(&error))?;
        if path.starts_with(&self.root) { Ok(path) } else { Err(FileError::Outside) }
    }
}

fn unreadable(error: &io::Error) -> FileError {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => FileError::Missing,
        _ => FileError::Unreadable(error.to_string()),
    }
}

impl Files for ZoneFolder {
    fn read(&self, name: &str, beside: Option<&str>) -> Result<Source, FileError> {
        let path = self.path(name, beside)?;
        let about = fs::metadata(&path).map_err(|error| unreadable(&error))?;
        if !about.is_file() {
            return Err(FileError::NoFile);
        }
        if about.len() > OCTETS_MAX {
            return Err(FileError::TooLarge { octets: about.len(), most: OCTETS_MAX });
        }
        let octets = fs::read(&path).map_err(|error| unreadable(&error))?;
        let below = path.strip_prefix(&self.root).unwrap_or(&path);
        Ok(Source { name: self.shown.join(below).to_string_lossy().into(), octets })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, ZoneFolder) {
        let outer = tempfile::tempdir().expect("a folder");
        let root = outer.path().join("zones");
        fs::create_dir_all(root.join("sub")).expect("a folder");
        fs::write(root.join("a.zone"), "a").expect("a file");
        fs::write(root.join("sub/b.zone"), "b").expect("a file");
        fs::write(outer.path().join("secret"), "s").expect("a file");
        let folder = ZoneFolder::open(&root).expect("a folder");
        (outer, folder)
    }

    #[test]
    fn no_zone_leaves_the_folder_and_no_two_share_a_file() {
        let named = |zone: &str| file_name(&zone.parse().expect("a name"));
        assert_eq!(named("Example.test."), "example.test.");
        assert_eq!(named("a/b.test."), "a%2Fb.test.");
        assert_ne!(named("a/b.test."), named("a%2Fb.test."));
        assert_ne!(named("."), named("root."));
        assert_eq!(named(r"\.\.\/x."), "%5C.%5C.%2Fx.");
        assert!(["..", "."].iter().all(|folder| named(".") != *folder));
    }

    #[test]
    fn names_are_relative_to_the_file_that_they_stand_in() {
        let (_outer, folder) = folder();
        let read = folder.read("b.zone", Some("sub/c.zone")).expect("a file");
        assert_eq!((&*read.name, &*read.octets), ("sub/b.zone", &b"b"[..]));
        assert_eq!(&*folder.read("../a.zone", Some("sub/b.zone")).expect("a file").name, "a.zone");
        assert_eq!(folder.read("a.zone", Some("sub/b.zone")), Err(FileError::Missing));
    }

    #[test]
    fn nothing_outside_is_read() {
        let (outer, folder) = folder();
        let secret = outer.path().join("secret");
        assert_eq!(folder.read("../secret", None), Err(FileError::Outside));
        assert_eq!(folder.read("sub/../../secret", None), Err(FileError::Outside));
        assert_eq!(folder.read(&secret.to_string_lossy(), None), Err(FileError::Outside));
        std::os::unix::fs::symlink(&secret, outer.path().join("zones/link")).expect("a link");
        assert_eq!(folder.read("link", None), Err(FileError::Outside));
    }

    #[test]
    fn what_is_no_file_is_not_read() {
        let (_outer, folder) = folder();
        assert_eq!(folder.read("sub", None), Err(FileError::NoFile));
        assert_eq!(folder.read("none", None), Err(FileError::Missing));
    }

    /// What is wrong with the zone in `a.zone`, without what to do.
    fn faults(folder: &ZoneFolder) -> Vec<String> {
        let apex = "example.test.".parse().expect("a name");
        let findings = crate::zonefile::read(&apex, "a.zone", folder).expect_err("faults");
        findings.iter().map(|finding| finding.to_string().lines().next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn an_include_that_leaves_the_folder_is_told_where_it_stands() {
        let (outer, folder) = folder();
        fs::write(outer.path().join("zones/a.zone"), "$INCLUDE sub/b.zone\n").expect("a file");
        fs::write(outer.path().join("zones/sub/b.zone"), "\n$INCLUDE ../../secret\n").expect("a file");
        assert_eq!(
            faults(&folder),
            ["sub/b.zone:2:10: `../../secret`: the file lies outside the folder of zone files"]
        );
    }

    #[test]
    fn files_are_told_as_they_were_named() {
        let (outer, folder) = folder();
        let zones = outer.path().join("zones");
        fs::write(zones.join("a.zone"), "$INCLUDE sub/b.zone\n").expect("a file");
        fs::write(zones.join("sub/b.zone"), "\n$INCLUDE nowhere\n$INCLUDE ../a.zone\n").expect("a file");
        let folder = folder.shown_as(Path::new("in/zones"));
        let apex = "example.test.".parse().expect("a name");
        let findings = crate::zonefile::read(&apex, "in/zones/a.zone", &folder).expect_err("faults").to_string();
        assert!(findings.starts_with("in/zones/sub/b.zone:2:10: `nowhere`: there is no such file\n"), "{findings}");
        assert!(findings.contains("in/zones/a.zone → in/zones/sub/b.zone → in/zones/a.zone"), "{findings}");
    }

    #[test]
    fn a_loop_through_a_link_is_one() {
        let (outer, folder) = folder();
        let zones = outer.path().join("zones");
        fs::write(zones.join("a.zone"), "$INCLUDE sub/link\n").expect("a file");
        std::os::unix::fs::symlink("../a.zone", zones.join("sub/link")).expect("a link");
        assert_eq!(faults(&folder), ["a.zone:1:10: `sub/link`: the files include each other: a.zone → a.zone"]);
    }
}
