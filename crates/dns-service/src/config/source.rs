//! Finding and reading the files that `--config` names.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::fault::{Fault, Place, Report};

/// The largest file. A hundred thousand services are about 35 MiB of YAML; a wrong path to a log must not be swallowed.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// One file's text.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) file: PathBuf,
    pub(super) text: String,
}

/// Reads every file, in the order given and, within a folder, by name.
pub(super) fn read_all(paths: &[PathBuf], report: &Report) -> Vec<Source> {
    if paths.is_empty() {
        let hint = "name a file or folder with --config".to_owned();
        report.fault(Fault::new(&Place::file(Path::new("configuration")), "", "there is no file", Some(hint)));
    }
    let mut seen = BTreeSet::new();
    let mut sources = Vec::new();
    for file in paths.iter().flat_map(|path| expand(path, report)) {
        let complain = |message: String| report.fault(Fault::new(&Place::file(&file), "", message, None));
        // Two ways to write one path would otherwise be reported as every name given twice.
        if !seen.insert(file.canonicalize().unwrap_or_else(|_| file.clone())) {
            complain("the file is named twice".to_owned());
            continue;
        }
        match read(&file) {
            Ok(text) => sources.push(Source { file, text }),
            Err(error) => complain(format!("cannot read: {error}")),
        }
    }
    sources
}

/// A file as it is; a folder as its `*.yaml` and `*.yml`.
fn expand(path: &Path, report: &Report) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path.to_owned()];
    }
    let complain = |message: String| report.fault(Fault::new(&Place::file(path), "", message, None));
    match files_of(path) {
        Ok(files) if files.is_empty() => complain("the folder holds no *.yaml or *.yml".to_owned()),
        Ok(files) => return files,
        Err(error) => complain(format!("cannot read the folder: {error}")),
    }
    Vec::new()
}

fn files_of(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        // A mounted ConfigMap keeps its versions in hidden folders beside the links to the current one.
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if yaml && !hidden && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(file: &Path) -> io::Result<String> {
    let mut content = Vec::new();
    File::open(file)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut content)?;
    if content.len() as u64 > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("it is larger than {FILE_BYTES_MAX} bytes")));
    }
    String::from_utf8(content).map_err(|_| io::Error::other("it is not UTF-8"))
}
