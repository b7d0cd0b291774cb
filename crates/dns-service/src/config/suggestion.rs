//! "Did you mean": the known word nearest to an unknown one.

/// The known word that was probably meant.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A third of the letters may differ: `intervall` is near, `foo` is near to nothing.
    let bound = (word.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|candidate| (distance(&folded(word), &folded(candidate)), candidate))
        .filter(|(distance, _)| *distance <= bound)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The hint that goes with an unknown word: the nearest known one, else all of them.
pub(super) fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(candidate) = nearest(word, known.clone()) {
        return format!("did you mean `{candidate}`?");
    }
    let all: Vec<&str> = known.into_iter().collect();
    if all.is_empty() { "there is none".to_owned() } else { format!("known: {}", all.join(", ")) }
}

/// Case and word separators are the commonest slips: `ready_for` for `readyFor`.
fn folded(word: &str) -> Vec<char> {
    word.chars().filter(|letter| !matches!(letter, '_' | '-')).flat_map(char::to_lowercase).collect()
}

/// Levenshtein's distance, one row at a time.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_invents_nothing() {
        let known = ["interval", "readyFor", "quorum"];
        assert_eq!(nearest("intervall", known), Some("interval"));
        assert_eq!(nearest("ready_for", known), Some("readyFor"));
        assert_eq!(nearest("quorom", known), Some("quorum"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(hint("colour", known), "known: interval, readyFor, quorum");
        assert_eq!(hint("colour", []), "there is none");
    }
}
