//! The part of the page that another program writes, between two marks: each leaves the other's part alone.

use anyhow::{Context as _, ensure};

/// Before the part.
const BEGIN: &str = "<!-- fleet: begin -->\n";

/// After it.
const END: &str = "<!-- fleet: end -->\n";

/// The page with another part, at the end if it had none.
///
/// # Errors
///
/// When only one of the marks is there.
#[cfg(any(test, feature = "fleet"))]
pub(crate) fn replaced(page: &str, part: &str) -> anyhow::Result<String> {
    let part = format!("{BEGIN}{part}{END}");
    match found(page)? {
        Some(old) => Ok(page.replace(old, &part)),
        None => Ok(format!("{}\n\n{part}", page.trim_end())),
    }
}

/// A page that is written anew, with the part that the one before it had.
///
/// # Errors
///
/// As [`replaced`].
pub(crate) fn kept(before: &str, anew: &str) -> anyhow::Result<String> {
    let part = found(before)?;
    Ok(part.map_or_else(|| anew.to_owned(), |part| format!("{}\n\n{part}", anew.trim_end())))
}

/// The part with its marks.
fn found(page: &str) -> anyhow::Result<Option<&str>> {
    let Some(begin) = page.find(BEGIN) else {
        ensure!(!page.contains(END), "the page has `{}` without its beginning; remove it", END.trim());
        return Ok(None);
    };
    let length = page[begin..].find(END).with_context(|| format!("the page has no `{}`; add it", END.trim()))?;
    Ok(Some(&page[begin..begin + length + END.len()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_is_added_replaced_and_kept_and_nothing_else_changes() {
        let first = replaced("# Page\n\nText.\n", "one\n").expect("no marks");
        assert_eq!(first, format!("# Page\n\nText.\n\n{BEGIN}one\n{END}"));
        let second = replaced(&first, "two\n").expect("both marks");
        assert_eq!(second, format!("# Page\n\nText.\n\n{BEGIN}two\n{END}"));
        assert_eq!(kept(&second, "# Anew\n").expect("both marks"), format!("# Anew\n\n{BEGIN}two\n{END}"));
        assert_eq!(kept("# Page\n", "# Anew\n").expect("no marks"), "# Anew\n");
    }

    #[test]
    fn a_page_with_one_mark_is_not_touched() {
        assert!(replaced(&format!("{BEGIN}torn"), "part").is_err());
        assert!(kept(&format!("torn{END}"), "anew").is_err());
    }
}
