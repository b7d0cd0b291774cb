//! Whose fault an error of the operating system is, and what to call it.

use std::io::{self, ErrorKind};

use rustix::io::Errno;

use super::Failure;

/// Errors that this machine makes by itself: no descriptors, memory, buffers or ports, a local filter, no network.
const OURS: [Errno; 8] = [
    Errno::MFILE,
    Errno::NFILE,
    Errno::NOBUFS,
    Errno::NOMEM,
    Errno::ADDRNOTAVAIL,
    Errno::PERM,
    Errno::ACCESS,
    Errno::NETDOWN,
];

/// Sorts an error of a socket.
pub(crate) fn sort(error: &io::Error) -> Failure {
    if is_ours(error) {
        return Failure::Ours(format!("this machine cannot open a connection: {error}"));
    }
    Failure::Theirs(describe(error))
}

/// Whether this machine made the error by itself.
pub(crate) fn is_ours(error: &io::Error) -> bool {
    Errno::from_io_error(error).is_some_and(|errno| OURS.contains(&errno))
}

/// The error in words that need no table of error numbers.
pub(crate) fn describe(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        ErrorKind::ConnectionReset => "connection reset".to_owned(),
        ErrorKind::ConnectionAborted => "connection aborted".to_owned(),
        ErrorKind::HostUnreachable => "host unreachable".to_owned(),
        ErrorKind::NetworkUnreachable => "network unreachable".to_owned(),
        ErrorKind::UnexpectedEof => "connection closed too early".to_owned(),
        ErrorKind::TimedOut => "timed out in the network stack".to_owned(),
        _ => error.to_string(),
    }
}

/// The error whose text ends in `(os error N)`, as the standard library writes it. DNS exchanges hand errors on as
/// text.
pub(crate) fn from_text(text: &str) -> Option<io::Error> {
    let (_, number) = text.strip_suffix(')')?.rsplit_once("(os error ")?;
    Some(io::Error::from_raw_os_error(number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exhaustion_of_this_machine_says_nothing_about_the_endpoint() {
        for errno in [Errno::MFILE, Errno::NOBUFS, Errno::ADDRNOTAVAIL] {
            assert!(matches!(sort(&errno.into()), Failure::Ours(_)), "{errno}");
        }
        for errno in [Errno::CONNREFUSED, Errno::HOSTUNREACH, Errno::CONNRESET] {
            assert!(matches!(sort(&errno.into()), Failure::Theirs(_)), "{errno}");
        }
    }

    #[test]
    fn an_error_is_recognised_in_the_text_that_it_prints() {
        let error = io::Error::from(Errno::MFILE);
        let found = from_text(&format!("cannot bind: {error}")).expect("recognised");
        assert_eq!(found.raw_os_error(), error.raw_os_error());
        assert!(from_text("nothing within 5 ms").is_none());
    }
}
