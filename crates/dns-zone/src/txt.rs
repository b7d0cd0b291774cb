//! The strings of TXT records, in which fences and ownership markers are written (RFC 1035 §3.3.14).

use crate::rdata::Rdata;

/// The strings of one value.
pub(crate) fn strings_of(value: &Rdata) -> Vec<&[u8]> {
    let mut strings = Vec::new();
    let mut rest = value.as_wire();
    while let Some((length, after)) = rest.split_first() {
        let (string, after) = after.split_at_checked(usize::from(*length)).unwrap_or((after, &[]));
        strings.push(string);
        rest = after;
    }
    strings
}

/// Its strings as one text; none if they hold anything but UTF-8.
pub(crate) fn text_of(value: &Rdata) -> Option<String> {
    String::from_utf8(strings_of(value).concat()).ok()
}
