//! Which names count as the same, and which was probably meant.

use unicode_normalization::UnicodeNormalization;

/// The form under which two names count as the same: compatibility normalisation, lower case, single blanks.
#[must_use]
pub fn fold(name: &str) -> String {
    let folded: String = name.nfkc().flat_map(char::to_lowercase).nfkc().collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The one of the others that differs from the name, but not when folded.
pub fn same_but_for_case<'a>(
    name: &str,
    others: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let folded = fold(name);
    let mut same = None;
    for other in others {
        if other == name {
            return None;
        }
        if fold(other) == folded {
            same = Some(other);
        }
    }
    same
}

/// Whether a character shows nothing itself but changes how others are shown: zero-width and bidirectional ones, with
/// which two names could look alike (Unicode's general category Cf, as far as it is met in names).
#[must_use]
pub fn is_hidden(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// The candidate nearest to what was typed, if one is near enough to be meant.
pub fn nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = fold(typed);
    let allowed = (typed.chars().count() / 3).clamp(1, 4);
    let near = |length: usize| length.abs_diff(typed.chars().count()) <= allowed;
    candidates
        .into_iter()
        .map(|candidate| (fold(candidate), candidate))
        // What is far longer or shorter isn't meant, and would only cost work.
        .filter(|(folded, _)| near(folded.chars().count()))
        .map(|(folded, candidate)| (distance(&typed, &folded), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Optimal string alignment: edits, and swaps of neighbours counted once.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1)
                .min(row[j - 1] + 1)
                .min(rows[i - 1][j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_only_by_case_or_normalisation_fold_to_one() {
        assert_eq!(fold("ABC  Inc."), fold("abc inc."));
        assert_eq!(fold("Zoe\u{301}"), fold("ZO\u{c9}"));
        assert_eq!(fold("ＡＢＣ"), fold("abc"));
        assert_ne!(fold("abc"), fold("abd"));
    }

    #[test]
    fn a_mistyped_name_gets_the_nearest_one() {
        let names = ["abc-inc", "acme", "zenith"];
        assert_eq!(nearest("abc-icn", names), Some("abc-inc"));
        assert_eq!(nearest("Acm", names), Some("acme"));
        assert_eq!(nearest("qqqqqq", names), None);
    }
}
