use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dns_core::time::Timestamp;

use super::*;
use crate::zone_files::tests::{TEXT, changes, folder};

fn permit(secs: u64) -> Permit {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    let granted = Timestamp::from_millis(u64::try_from(now.as_millis()).expect("a small number"));
    Permit { granted, length: Duration::from_secs(secs) }
}

fn file(folder: &Path) -> ZoneFile {
    ZoneFile::new(folder, &"example.test.".parse().expect("a name"))
}

/// What an editor saves after the file was read, and before the new one is moved there.
#[test]
fn what_was_saved_while_the_new_file_was_written_is_not_lost() {
    let folder = folder(TEXT);
    let file = file(folder.path());
    let Read { zone, digest } = file.read().expect("read").expect("a file");
    let saved = TEXT.replace("192.0.2.1", "192.0.2.77");
    fs::write(file.path(), &saved).expect("saved");
    let refused = file.replace(&zone, Some(digest), &permit(10)).expect_err("another file");
    assert!(matches!(&refused, ProviderError::Conflict { .. }), "{refused}");
    assert_eq!(fs::read_to_string(file.path()).expect("a file"), saved);
    fs::remove_file(file.path()).expect("removed");
    assert!(file.replace(&zone, Some(digest), &permit(10)).is_err(), "it is gone");
    fs::write(file.path(), &saved).expect("saved");
    assert!(file.replace(&zone, None, &permit(10)).is_err(), "there was none");
}

#[test]
fn nothing_is_written_when_the_leave_has_run_out() {
    let folder = folder(TEXT);
    let refused = file(folder.path())
        .change(&[Step::from(changes(TEXT, "api A 192.0.2.2\n"))], &permit(0))
        .expect_err("too late");
    assert!(matches!(&refused, ProviderError::Transient { .. }), "{refused}");
    assert_eq!(fs::read_to_string(file(folder.path()).path()).expect("a file"), TEXT);
}

#[test]
fn nobody_writes_while_another_one_does() {
    let folder = folder(TEXT);
    let file = file(folder.path());
    let lock = file.lock().expect("nobody has it");
    let batch = [Step::from(changes(TEXT, "more A 192.0.2.2\n"))];
    let refused = file.change(&batch, &permit(10)).expect_err("somebody has it");
    assert!(matches!(&refused, ProviderError::Transient { .. }), "{refused}");
    drop(lock);
    file.change(&batch, &permit(10)).expect("nobody has it");
}

#[test]
fn what_a_crash_left_beside_the_file_is_harmless() {
    let folder = folder(TEXT);
    let file = file(folder.path());
    fs::write(file.beside("new"), "torn").expect("written");
    assert_eq!(file.read().expect("read").expect("a file").zone.serial(), Some(dns_zone::Serial::new(7)));
    file.change(&[Step::from(changes(TEXT, "more A 192.0.2.2\n"))], &permit(10)).expect("written");
    let text = fs::read_to_string(file.path()).expect("a file");
    assert!(text.contains("more IN A 192.0.2.2") && !text.contains("torn"), "{text}");
    assert!(!file.beside("new").exists());
}

#[cfg(unix)]
#[test]
fn the_rights_of_the_file_stay() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder(TEXT);
    let file = file(folder.path());
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o640)).expect("set");
    file.change(&[Step::from(changes(TEXT, "more A 192.0.2.2\n"))], &permit(10)).expect("written");
    assert_eq!(fs::metadata(file.path()).expect("a file").permissions().mode() & 0o777, 0o640);
}

/// Where the test may not give files away, its own stay its own.
#[test]
fn owner_and_group_of_the_file_stay() {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let folder = folder(TEXT);
    let file = file(folder.path());
    drop(chown(file.path(), Some(12_345), Some(23_456)));
    let owners = || fs::metadata(file.path()).map(|about| (about.uid(), about.gid())).expect("a file");
    let before = owners();
    file.change(&[Step::from(changes(TEXT, "more A 192.0.2.2\n"))], &permit(10)).expect("written");
    assert_eq!(owners(), before);
}

#[test]
fn nothing_is_written_through_a_link_that_stands_where_the_new_file_is_made() {
    let folder = folder(TEXT);
    let file = file(folder.path());
    let victim = folder.path().join("victim");
    fs::write(&victim, "as it was").expect("written");
    std::os::unix::fs::symlink(&victim, file.beside("new")).expect("a link");
    file.change(&[Step::from(changes(TEXT, "more A 192.0.2.2\n"))], &permit(10)).expect("written");
    assert_eq!(fs::read_to_string(&victim).expect("read"), "as it was");
    assert!(fs::symlink_metadata(file.path()).expect("a file").is_file());
}

#[test]
fn a_link_and_a_folder_that_is_not_there_are_refused() {
    let folder = folder(TEXT);
    let file = file(folder.path());
    let elsewhere = folder.path().join("elsewhere");
    fs::rename(file.path(), &elsewhere).expect("moved");
    std::os::unix::fs::symlink(&elsewhere, file.path()).expect("a link");
    assert!(matches!(file.read(), Err(ProviderError::Denied { .. })));
    let nowhere = self::file(&folder.path().join("nowhere"));
    assert!(matches!(nowhere.read(), Err(ProviderError::Denied { .. })), "that is no zone without a file");
}
