//! Who may read a file that takes another one's place: whoever could read that one. A name server reads its zones as a user of
//! its own, mostly by the group.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt as _, fchown};

/// The user whom no rights bind.
const ROOT: u32 = 0;

/// Owner and group of a file, and what they may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rights {
    uid: u32,
    gid: u32,
    mode: u32,
}

impl Rights {
    fn of(about: &Metadata) -> Self {
        Self { uid: about.uid(), gid: about.gid(), mode: about.mode() }
    }

    /// Whether somebody but its owner may read it.
    fn is_shared(self) -> bool {
        self.mode & 0o044 != 0
    }
}

/// Gives a new file owner, group and rights of the one that it will replace.
///
/// # Errors
/// [`ErrorKind::PermissionDenied`] if who could read that one could not read this one.
pub(super) fn take_over(file: &File, old: &Metadata) -> io::Result<()> {
    keep_owner(Rights::of(&file.metadata()?), Rights::of(old), |uid, gid| fchown(file, uid, gid))?;
    // Last: to give a file away takes some rights from it.
    file.set_permissions(old.permissions())
}

/// Only root may give a file away. Its group may be any of our own, and that is enough where the group may read it.
fn keep_owner(is: Rights, was: Rights, change: impl Fn(Option<u32>, Option<u32>) -> io::Result<()>) -> io::Result<()> {
    if (is.uid, is.gid) == (was.uid, was.gid) {
        return Ok(());
    }
    match change(Some(was.uid), Some(was.gid)) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {}
        changed => return changed,
    }
    if was.uid != is.uid && was.uid != ROOT && !was.is_shared() {
        return Err(ErrorKind::PermissionDenied.into());
    }
    if is.gid == was.gid { Ok(()) } else { change(None, Some(was.gid)) }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    const OURS: Rights = Rights { uid: 1000, gid: 1000, mode: 0o600 };

    type Asked = Vec<(Option<u32>, Option<u32>)>;

    /// What the system was asked for, and what came of it, where it lets us only take these groups.
    fn kept(was: Rights, groups: &[u32]) -> (Asked, Result<(), ErrorKind>) {
        let asked = RefCell::new(Vec::new());
        let change = |uid: Option<u32>, gid: Option<u32>| {
            asked.borrow_mut().push((uid, gid));
            let may = uid.is_none_or(|uid| uid == OURS.uid) && gid.is_none_or(|gid| groups.contains(&gid));
            if may { Ok(()) } else { Err(ErrorKind::PermissionDenied.into()) }
        };
        let kept = keep_owner(OURS, was, change).map_err(|error| error.kind());
        (asked.into_inner(), kept)
    }

    #[test]
    fn what_is_as_it_was_is_left_alone() {
        assert_eq!(kept(OURS, &[1000]), (vec![], Ok(())));
    }

    #[test]
    fn a_group_is_kept_where_the_owner_cannot_be() {
        let was = Rights { uid: ROOT, gid: 53, mode: 0o640 };
        assert_eq!(kept(was, &[1000, 53]), (vec![(Some(ROOT), Some(53)), (None, Some(53))], Ok(())));
    }

    #[test]
    fn a_group_that_cannot_be_kept_is_told() {
        let was = Rights { uid: ROOT, gid: 53, mode: 0o640 };
        assert_eq!(kept(was, &[1000]).1, Err(ErrorKind::PermissionDenied));
    }

    #[test]
    fn who_alone_could_read_it_is_not_shut_out() {
        let was = Rights { uid: 53, gid: 1000, mode: 0o600 };
        assert_eq!(kept(was, &[1000]).1, Err(ErrorKind::PermissionDenied));
        assert_eq!(kept(Rights { mode: 0o640, ..was }, &[1000]).1, Ok(()), "those of its group may read it");
    }
}
