//! The parts of the page that other programs write, each between two marks: everyone leaves the others' parts alone.

use anyhow::{Context as _, ensure};

/// Who has a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The benchmark of large installations.
    Fleet,
    /// The benchmark of zones that are kept equal.
    Sync,
}

impl Part {
    /// In their order on the page.
    const ALL: [Self; 2] = [Self::Fleet, Self::Sync];

    fn mark(self, which: &str) -> String {
        let name = match self {
            Self::Fleet => "fleet",
            Self::Sync => "sync",
        };
        format!("<!-- {name}: {which} -->\n")
    }
}

/// The page with another part, at the end if it had none.
///
/// # Errors
///
/// When only one of the marks is there.
pub(crate) fn replaced(part: Part, page: &str, text: &str) -> anyhow::Result<String> {
    let text = format!("{}{text}{}", part.mark("begin"), part.mark("end"));
    match found(part, page)? {
        Some(old) => Ok(page.replace(old, &text)),
        None => Ok(format!("{}\n\n{text}", page.trim_end())),
    }
}

/// A page that is written anew, with the parts that the one before it had.
///
/// # Errors
///
/// As [`replaced`].
pub(crate) fn kept(before: &str, anew: &str) -> anyhow::Result<String> {
    let mut page = anew.to_owned();
    for part in Part::ALL {
        if let Some(text) = found(part, before)? {
            page = format!("{}\n\n{text}", page.trim_end());
        }
    }
    Ok(page)
}

/// The part with its marks.
fn found(part: Part, page: &str) -> anyhow::Result<Option<&str>> {
    let (first, last) = (part.mark("begin"), part.mark("end"));
    let Some(begin) = page.find(&first) else {
        ensure!(!page.contains(&last), "the page has `{}` without its beginning; remove it", last.trim());
        return Ok(None);
    };
    let length = page[begin..].find(&last).with_context(|| format!("the page has no `{}`; add it", last.trim()))?;
    Ok(Some(&page[begin..begin + length + last.len()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_added_replaced_and_kept_and_nothing_else_changes() {
        let marked = |name: &str, text: &str| format!("<!-- {name}: begin -->\n{text}<!-- {name}: end -->\n");
        let first = replaced(Part::Fleet, "# Page\n\nText.\n", "one\n").expect("no marks");
        assert_eq!(first, format!("# Page\n\nText.\n\n{}", marked("fleet", "one\n")));
        let second = replaced(Part::Sync, &first, "two\n").expect("no marks of its own");
        let third = replaced(Part::Fleet, &second, "three\n").expect("both marks");
        let parts = format!("{}\n{}", marked("fleet", "three\n"), marked("sync", "two\n"));
        assert_eq!(third, format!("# Page\n\nText.\n\n{parts}"));
        assert_eq!(kept(&third, "# Anew\n").expect("both marks"), format!("# Anew\n\n{parts}"));
        assert_eq!(kept("# Page\n", "# Anew\n").expect("no marks"), "# Anew\n");
    }

    #[test]
    fn a_page_with_one_mark_is_not_touched() {
        assert!(replaced(Part::Fleet, "<!-- fleet: begin -->\ntorn", "part").is_err());
        assert!(kept("torn<!-- sync: end -->\n", "# Anew\n").is_err());
    }
}
