//! Where files come from. The reader asks for them by the names that stand in them, and knows no disk.

use std::sync::Arc;

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name: one file has one, however it was asked for, so that a loop is noticed.
    pub name: Arc<str>,
    /// Its octets.
    pub octets: Vec<u8>,
}

/// Why there is no such file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// There is none.
    #[error("there is no such file")]
    Missing,
    /// It lies where zone files must not come from, by `..`, by a link or as an absolute path.
    #[error("the file lies outside the folder of zone files")]
    Outside,
    /// It is no file: a folder, a device, a pipe.
    #[error("this is no regular file")]
    NoFile,
    /// It is larger than this program reads.
    #[error("the file has {octets} octets, more than {most}")]
    TooLarge {
        /// How many it has.
        octets: u64,
        /// The bound.
        most: u64,
    },
    /// It is included by a file that is read alone, since it will be written anew as a whole.
    #[error("nothing is included here: this file is read and written as a whole")]
    Included,
    /// The system refuses it.
    #[error("the file cannot be read: {0}")]
    Unreadable(String),
}

impl FileError {
    /// What to do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Missing => "names are relative to the file that they stand in; correct this one or add the file",
            Self::Outside => "move the file into the folder of zone files",
            Self::NoFile => "name a file",
            Self::TooLarge { .. } => "split the file",
            Self::Included => "put its records into this file, or name this file as a source with `file:`",
            Self::Unreadable(_) => "let this program's user read it",
        }
    }
}

/// Gives files to the reader.
pub trait Files {
    /// Reads the file of that name; relative names lie beside the file `beside`, if there is one.
    ///
    /// # Errors
    /// [`FileError`].
    fn read(&self, name: &str, beside: Option<&str>) -> Result<Source, FileError>;
}
