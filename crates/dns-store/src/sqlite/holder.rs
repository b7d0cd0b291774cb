//! Who holds a lock on a file, as far as the kernel tells: for the person who has to end it.
//!
//! `/proc/locks` (proc(5)) names the process of every lock by the file's device and inode. Processes of other
//! namespaces are not in it, and other systems have no such file; then nobody is named.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// A process that holds a lock on one of these files, other than `but_not`.
pub(super) fn holder_of(files: &[&Path], but_not: Option<u32>) -> Option<String> {
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let wanted: Vec<String> = files.iter().filter_map(|file| lock_id(file)).collect();
    let process = locks
        .lines()
        .filter_map(held)
        .find(|(process, id)| wanted.iter().any(|wanted| wanted == id) && Some(*process) != but_not);
    process.map(|(process, _)| named(process))
}

/// A process with its name, if it can be told.
pub(super) fn named(process: u32) -> String {
    match fs::read_to_string(format!("/proc/{process}/comm")) {
        Ok(name) => format!("process {process} ({})", name.trim_end()),
        Err(_) => format!("process {process}"),
    }
}

/// The holder and the file of a line such as `1: POSIX  ADVISORY  WRITE 1234 fe:01:5678 0 EOF`. Lines with an arrow are
/// of processes that wait, and a reader locks nobody out.
fn held(line: &str) -> Option<(u32, &str)> {
    let mut fields = line.split_whitespace().skip(1);
    let (_kind, _mode, access) = (fields.next().filter(|kind| *kind != "->")?, fields.next()?, fields.next()?);
    let (process, id) = (fields.next()?.parse().ok()?, fields.next()?);
    (access == "WRITE").then_some((process, id))
}

/// Device and inode as `/proc/locks` writes them; the numbers are packed into `st_dev` as makedev(3) does it.
fn lock_id(file: &Path) -> Option<String> {
    let data = fs::metadata(file).ok()?;
    let device = data.dev();
    let major = ((device >> 8) & 0xfff) | ((device >> 32) & !0xfff);
    let minor = (device & 0xff) | ((device >> 12) & 0xffff_ff00);
    Some(format!("{major:02x}:{minor:02x}:{}", data.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_who_holds_what_and_neither_who_waits_nor_who_reads() {
        let line = "1: POSIX  ADVISORY  WRITE 1234 fe:01:5678 0 EOF";
        assert_eq!(held(line), Some((1234, "fe:01:5678")));
        assert_eq!(held("1: -> POSIX  ADVISORY  WRITE 77 fe:01:5678 0 EOF"), None);
        assert_eq!(held("2: FLOCK  ADVISORY  READ 1234 fe:01:5678 0 EOF"), None);
    }

    #[test]
    fn finds_this_process_as_the_holder_of_its_own_lock() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        assert_eq!(holder_of(&[file.path()], None), None);
        file.as_file().lock().expect("locks");
        let holder = holder_of(&[file.path()], None).expect("is found");
        assert!(holder.starts_with(&format!("process {} (", std::process::id())), "{holder}");
        assert_eq!(holder_of(&[file.path()], Some(std::process::id())), None);
    }
}
