//! The known word nearest to a mistyped one.

/// The one of `known` that `word` was most likely meant to be, or none that is near enough to suggest.
pub(super) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    // Beyond this nobody mistyped a key, and the distance costs the product of the lengths.
    if word.len() > 64 {
        return None;
    }
    let word = word.to_lowercase().replace('-', "_");
    known
        .into_iter()
        .map(|candidate| (distance(&word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance: insertions, deletions and substitutions of characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 4] = ["listen", "log", "location_roots", "main_location"];

    #[test]
    fn a_slip_of_the_finger_finds_its_key() {
        assert_eq!(nearest("lisen", KEYS), Some("listen"));
        assert_eq!(nearest("location-roots", KEYS), Some("location_roots"));
        assert_eq!(nearest("Location_root", KEYS), Some("location_roots"));
    }

    #[test]
    fn a_word_far_from_every_key_suggests_nothing() {
        assert_eq!(nearest("colour", KEYS), None);
        assert_eq!(nearest(&"l".repeat(1000), KEYS), None);
    }

    #[test]
    fn the_distance_is_the_number_of_single_edits() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
