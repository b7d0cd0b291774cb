//! Names in what a provider says: which records a refusal is about. A hint for people, nothing follows from it.

/// How many records an error lists before it only counts them.
const LISTED_MAX: usize = 5;

/// Whether `name`, with its final dot, stands in `message` as a whole name.
pub(crate) fn names(message: &str, name: &str) -> bool {
    let is_part = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.' | '\\');
    message.match_indices(name).any(|(at, _)| !message[..at].ends_with(is_part))
}

/// The first of some records, and how many more there are.
pub(crate) fn listed(records: &[String]) -> String {
    match records.split_at_checked(LISTED_MAX) {
        Some((first, rest)) if !rest.is_empty() => format!("{} and {} more", first.join(", "), rest.len()),
        _ => records.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_not_named_by_a_longer_one() {
        assert!(names("Record api.example.test./A: bad", "api.example.test."));
        assert!(!names("Record www.api.example.test./A: bad", "api.example.test."));
        assert!(!names("Record my-api.example.test./A: bad", "api.example.test."));
        assert!(names("[name='api.example.test.', type='A']", "api.example.test."));
    }

    #[test]
    fn a_long_list_is_counted() {
        let records: Vec<String> = (1..=7).map(|number| number.to_string()).collect();
        assert_eq!(listed(&records[..5]), "1, 2, 3, 4, 5");
        assert_eq!(listed(&records), "1, 2, 3, 4, 5 and 2 more");
    }
}
