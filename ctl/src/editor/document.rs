//! A record as commented TOML: written for a person, read back with the places of everything, merged after a conflict.

use std::collections::BTreeMap;
use std::ops::Range;

use penstock_policy::edit::Assignment;
use penstock_policy::names::nearest;
use penstock_policy::record::{Field, Record};
use toml::de::DeTable;

use super::Snapshot;
use crate::fields::Sample;
use crate::literal::{literal, plain};

/// Begins the lines at the top that say what is to be done; they are taken out again when the file is reopened.
const NOTICE: &str = "#! ";

/// A field as it stands in the file.
#[derive(Debug)]
struct Entry {
    /// The value as policy writes it.
    value: String,
    /// Where its key stands.
    key: Range<usize>,
    /// Where its value stands.
    place: Range<usize>,
}

/// The record with each field under its help.
pub fn write<R: Record>(snapshot: &Snapshot) -> String {
    let mut text = format!(
        "# {}, revision {}\n# Save and leave the editor to apply what you changed. A field whose line is taken out stays as \
         it is;\n# an empty file changes nothing.\n",
        one_line(&snapshot.record),
        snapshot.revision
    );
    for field in R::FIELDS {
        let value = literal(field.shape, snapshot.value(field.name));
        text.push_str(&format!("\n# {}\n{} = {value}\n", field.help, field.name));
    }
    text
}

/// What the file sets that the snapshot doesn't have.
///
/// # Errors
/// With a sentence about the first thing that can't be taken.
pub fn assignments<R: Sample>(text: &str, base: &Snapshot) -> Result<Vec<Assignment>, String> {
    let entries = read::<R>(text, base)?;
    Ok(R::FIELDS
        .iter()
        .filter_map(|field| Some((field.name, entries.get(field.name)?)))
        .filter(|(name, entry)| entry.value != base.value(name))
        .map(|(name, entry)| Assignment {
            field: name.to_owned(),
            value: entry.value.clone(),
        })
        .collect())
}

/// The text with a sentence at its top, in place of the one that stood there.
pub fn with_notice(text: &str, notice: &str) -> String {
    let mut noted = String::new();
    for line in notice.lines() {
        noted.push_str(&format!("{NOTICE}{}\n", one_line(line)));
    }
    noted.push_str(without_notice(text));
    noted
}

/// The text as typed, brought up to a record that somebody else changed meanwhile: fields that only they changed are
/// theirs now, and where both did, theirs stands as a comment above ours.
pub fn merge<R: Sample>(text: &str, base: &Snapshot, now: &Snapshot) -> Result<String, String> {
    let text = without_notice(text);
    let entries = read::<R>(text, base)?;
    let mut patches: Vec<(Range<usize>, String)> = Vec::new();
    for field in R::FIELDS {
        let (was, theirs) = (base.value(field.name), now.value(field.name));
        let Some(ours) = entries.get(field.name).filter(|_| was != theirs) else {
            continue;
        };
        if ours.value == theirs {
            continue;
        }
        let written = literal(field.shape, theirs);
        let said = if ours.value == was {
            patches.push((ours.place.clone(), written));
            let was = comment(&literal(field.shape, was));
            format!("# changed meanwhile by somebody else; it was: {was}\n")
        } else {
            let written = comment(&written);
            format!(
                "# somebody else set meanwhile: {} = {written}\n",
                field.name
            )
        };
        let line = text[..ours.key.start].rfind('\n').map_or(0, |end| end + 1);
        patches.push((line..line, said));
    }
    patches.sort_by_key(|(place, _)| std::cmp::Reverse(place.start));
    let mut merged = text.to_owned();
    for (place, patch) in patches {
        merged.replace_range(place, &patch);
    }
    Ok(merged)
}

/// Whether there is nothing in the file but comments and blanks: the person gave up.
pub fn is_blank(text: &str) -> bool {
    text.lines()
        .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
}

fn read<R: Sample>(text: &str, base: &Snapshot) -> Result<BTreeMap<&'static str, Entry>, String> {
    let table = DeTable::parse(text).map_err(|error| not_toml(text, &error))?;
    let mut entries = BTreeMap::new();
    for (key, value) in table.get_ref() {
        let name = key.get_ref().as_ref();
        let field = R::FIELDS
            .iter()
            .find(|field| field.name == name)
            .ok_or_else(|| unknown::<R>(name))?;
        let typed = plain(value.get_ref()).ok_or_else(|| {
            format!(
                "{name}: write the value in quotes, such as {name} = \"...\" ({})",
                field.help
            )
        })?;
        let entry = Entry {
            value: canonical(field, base.value(name), &typed)
                .map_err(|problem| format!("{name}: {problem}"))?,
            key: key.span(),
            place: value.span(),
        };
        entries.insert(field.name, entry);
    }
    Ok(entries)
}

/// The value as policy itself would write it, so that `true` and `yes`, or `8 mbit/s` and `8Mbit/s always`, are one; what
/// is typed with a sign is added to the record's own.
fn canonical<R: Sample>(field: &Field<R>, own: &str, typed: &str) -> Result<String, String> {
    let mut sample = R::sample().map_err(|error| error.0)?;
    // A field that the daemon doesn't know has no value of its own.
    let _ = (field.set)(&mut sample, own);
    (field.set)(&mut sample, typed).map_err(|error| error.0)?;
    Ok((field.get)(&sample))
}

fn unknown<R: Record>(name: &str) -> String {
    let meant = nearest(name, R::FIELDS.iter().map(|field| field.name))
        .map_or_else(String::new, |meant| format!("; did you mean {meant:?}?"));
    format!("a {} has no field {name:?}{meant}", R::KIND)
}

fn not_toml(text: &str, error: &toml::de::Error) -> String {
    let line = error
        .span()
        .and_then(|span| text.get(..span.start))
        .and_then(|before| text.lines().nth(before.matches('\n').count()))
        .unwrap_or_default();
    format!(
        "{} in the line `{}`; text goes in quotes",
        error.message(),
        line.trim()
    )
}

/// Several lines as one comment.
fn comment(text: &str) -> String {
    text.replace('\n', "\n#   ")
}

fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

fn without_notice(mut text: &str) -> &str {
    while text.starts_with(NOTICE) {
        text = text.split_once('\n').map_or("", |(_, rest)| rest);
    }
    text
}

#[cfg(test)]
mod tests {
    use penstock_policy::record::{Client, Customer, Reseller, Server};
    use proptest::prelude::*;

    use super::*;

    fn snapshot<R: Sample>(set: &[(&str, &str)]) -> Snapshot {
        let mut record = R::sample().unwrap();
        for (name, value) in set {
            let field = R::FIELDS.iter().find(|field| field.name == *name).unwrap();
            (field.set)(&mut record, value).unwrap();
        }
        let fields = R::FIELDS
            .iter()
            .map(|field| (field.name.to_owned(), (field.get)(&record)))
            .collect();
        Snapshot {
            record: "sample".to_owned(),
            revision: 7,
            fields,
        }
    }

    fn round_trip<R: Sample>() {
        let base = snapshot::<R>(&[]);
        assert_eq!(assignments::<R>(&write::<R>(&base), &base), Ok(vec![]));
    }

    #[test]
    fn a_record_read_back_as_it_was_written_changes_nothing() {
        round_trip::<Server>();
        round_trip::<Reseller>();
        round_trip::<Customer>();
        round_trip::<Client>();
        let base = snapshot::<Customer>(&[
            ("activated", "no"),
            ("until", "2026-12-24T08:00"),
            ("throttle", "8Mbit/s 08:00-18:00 weekend-exempt"),
            ("maximum_client_limit", "5"),
            ("append_only", "inherit"),
        ]);
        let text = write::<Customer>(&base);
        assert_eq!(assignments::<Customer>(&text, &base), Ok(vec![]));
    }

    #[test]
    fn every_field_stands_under_its_help() {
        let text = write::<Customer>(&snapshot::<Customer>(&[]));
        for field in Customer::FIELDS {
            let lines = format!("# {}\n{} = ", field.help, field.name);
            assert!(text.contains(&lines), "{}", field.name);
        }
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest() {
        let base = snapshot::<Customer>(&[]);
        let error = assignments::<Customer>("throtle = \"unlimited\"", &base).unwrap_err();
        assert!(error.contains("did you mean \"throttle\"?"), "{error}");
    }

    #[test]
    fn a_value_without_quotes_is_named_with_its_line() {
        let base = snapshot::<Customer>(&[]);
        let error =
            assignments::<Customer>("city = \"Bonn\"\nthrottle = 8Mbit/s\n", &base).unwrap_err();
        assert!(error.contains("`throttle = 8Mbit/s`"), "{error}");
    }

    #[test]
    fn dates_and_numbers_may_stand_without_quotes() {
        let base = snapshot::<Customer>(&[]);
        let text = "until = 2026-12-24\nmaximum_client_limit = 5\nactivated = false\n";
        let set: Vec<_> = assignments::<Customer>(text, &base)
            .unwrap()
            .into_iter()
            .map(|a| (a.field, a.value))
            .collect();
        let expected = [
            ("activated", "no"),
            ("until", "2026-12-24"),
            ("maximum_client_limit", "5"),
        ];
        assert_eq!(
            set,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn an_amount_with_a_sign_is_added_to_what_the_record_has() {
        let base = snapshot::<Customer>(&[("space", "10GiB"), ("mcals", "Auto")]);
        let set = assignments::<Customer>("space = \"+5GiB\"", &base).unwrap();
        assert_eq!(set[0].value, "15GiB");
        let error = assignments::<Customer>("mcals = \"+5\"", &base).unwrap_err();
        assert!(error.contains("it is Auto"), "{error}");
    }

    #[test]
    fn after_a_conflict_both_values_stand_and_what_only_they_changed_is_theirs() {
        let base = snapshot::<Customer>(&[("city", "Bonn")]);
        let now = snapshot::<Customer>(&[("city", "Köln"), ("throttle", "4MiB/s")]);
        let typed = write::<Customer>(&base)
            .replace("throttle = \"inherit\"", "throttle = \"8MiB/s\"  # mine")
            .replace(
                "restore_throttle = \"8MiB/s\"  # mine",
                "restore_throttle = \"inherit\"",
            );
        let merged = merge::<Customer>(&typed, &base, &now).unwrap();
        assert!(merged.contains(
            "# somebody else set meanwhile: throttle = \"4MiB/s always\"\nthrottle = \"8MiB/s\"  # mine\n"
        ));
        assert!(merged.contains("it was: \"Bonn\"\ncity = \"Köln\"\n"));
        let set = assignments::<Customer>(&merged, &now).unwrap();
        assert_eq!(set.len(), 1, "{set:?}");
        assert_eq!(set[0].value, "8MiB/s always");
    }

    #[test]
    fn a_notice_takes_the_place_of_the_one_before() {
        let first = with_notice("city = \"a\"\n", "one\ntwo");
        assert_eq!(first, "#! one\n#! two\ncity = \"a\"\n");
        assert_eq!(with_notice(&first, "three"), "#! three\ncity = \"a\"\n");
    }

    proptest! {
        #[test]
        fn any_text_that_a_record_holds_is_read_back(city in "\\PC{0,60}", notes in "(\\PC{0,20}\n){0,4}\\PC{0,20}") {
            let base = snapshot::<Customer>(&[("city", &city), ("notes", &notes)]);
            prop_assert_eq!(assignments::<Customer>(&write::<Customer>(&base), &base), Ok(vec![]));
        }
    }
}
