//! "Did you mean": the nearest of a few known words.

/// The candidate that `word` was most likely meant to be, if one is near enough. Case, `_` and `-` do not count.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = folded(word);
    // One slip in a short word, two in a longer one; beyond that a suggestion misleads more than it helps.
    let allowed = if word.chars().count() <= 4 { 1 } else { 2 };
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, &folded(candidate)), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn distance(word: &str, candidate: &str) -> usize {
    let shorter = word.len().min(candidate.len());
    let begins = candidate.starts_with(word) || word.starts_with(candidate);
    if shorter >= 4 && begins {
        return 1;
    }
    strsim::osa_distance(word, candidate)
}

fn folded(word: &str) -> String {
    // Capped, so that a key of a megabyte costs nothing.
    word.chars().filter(|c| !matches!(c, '_' | '-')).take(64).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_recognised_and_strangers_are_not() {
        let known = ["host", "port", "stateDir", "fsRoots", "auth", "controlUi"];
        assert_eq!(nearest("prot", known), Some("port"));
        assert_eq!(nearest("state_dir", known), Some("stateDir"));
        assert_eq!(nearest("controlUI", known), Some("controlUi"));
        assert_eq!(nearest("fsRoot", known), Some("fsRoots"));
        assert_eq!(nearest("authentication", known), Some("auth"));
        assert_eq!(nearest("model", known), None);
        assert_eq!(nearest("", known), None);
    }
}
