//! Fields as data: one table for each record drives flags, the edited file, audit, undo and output alike.

use crate::edit::Change;
use crate::names::is_hidden;
use crate::units::cut;

/// One field that an administrator can set.
#[derive(Debug)]
pub struct Field<R> {
    /// The name on the command line (with `-` for `_`), on the wire, in the store's audit and in files.
    pub name: &'static str,
    /// The name on a screen for people, as on the page that the rules come from.
    pub label: &'static str,
    /// One line: what it does and what can be written.
    pub help: &'static str,
    /// What its text stands for.
    pub shape: Shape,
    /// The value as text; what it gives, `set` takes.
    pub get: fn(&R) -> String,
    /// Takes the value from text.
    pub set: fn(&mut R, &str) -> Result<(), FieldError>,
}

/// What a field's text stands for, so that programs can be given more than text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Text, or a word with a meaning.
    Text,
    /// `yes` or `no`, or a word such as `inherit`.
    YesNo,
    /// A whole number, or a word such as `unlimited`.
    Number,
}

/// Why a value isn't taken: a sentence that names what was wrong and what can be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FieldError(pub String);

/// A record that an administrator edits through its fields.
pub trait Record: Clone + Sized + 'static {
    /// All fields that can be set, in the order in which they are shown.
    const FIELDS: &'static [Field<Self>];
    /// What the record is called in a sentence.
    const KIND: &'static str;

    /// Counts administrators' edits.
    fn revision(&self) -> u64;

    /// Sets the revision.
    fn set_revision(&mut self, revision: u64);

    /// What the fields imply for one another, after an edit: clears what has lost its sense.
    ///
    /// # Errors
    /// When two fields contradict each other.
    fn settle(&mut self) -> Result<(), FieldError> {
        Ok(())
    }

    /// Every field whose value differs, before and after.
    fn changes_to(&self, after: &Self) -> Vec<Change> {
        Self::FIELDS
            .iter()
            .map(|field| Change {
                field: field.name.to_owned(),
                from: (field.get)(self),
                to: (field.get)(after),
            })
            .filter(|change| change.from != change.to)
            .collect()
    }
}

/// Parses with the type's own parser and says its error.
pub(super) fn parse<T: std::str::FromStr>(value: &str) -> Result<T, FieldError>
where
    T::Err: std::fmt::Display,
{
    value
        .trim()
        .parse()
        .map_err(|error: T::Err| FieldError(error.to_string()))
}

/// A value changed by its own rules, or why it isn't.
pub(super) fn changed<T, E: std::fmt::Display>(value: Result<T, E>) -> Result<T, FieldError> {
    value.map_err(|error| FieldError(error.to_string()))
}

/// `yes` or `no`.
pub(super) fn yes_no(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

/// Reads `yes` or `no` (also `true`, `false`, `on`, `off`).
pub(super) fn parse_yes_no(value: &str) -> Result<bool, FieldError> {
    match value.trim().to_ascii_lowercase().as_str() {
        "yes" | "true" | "on" => Ok(true),
        "no" | "false" | "off" => Ok(false),
        _ => Err(FieldError(format!(
            "{:?} is neither yes nor no",
            cut(value)
        ))),
    }
}

/// An optional value, with a word for none.
pub(super) fn or_word<T: ToString>(value: Option<&T>, word: &str) -> String {
    value.map_or_else(|| word.to_owned(), T::to_string)
}

/// Reads an optional value, with a word for none.
pub(super) fn parse_or_word<T: std::str::FromStr>(
    value: &str,
    word: &str,
) -> Result<Option<T>, FieldError>
where
    T::Err: std::fmt::Display,
{
    if value.trim().eq_ignore_ascii_case(word) {
        return Ok(None);
    }
    value
        .trim()
        .parse()
        .map(Some)
        .map_err(|error: T::Err| FieldError(format!("{error}; or write {word}")))
}

/// Text of one line: at most `limit` characters, no control characters.
pub(super) fn line(value: &str, limit: usize) -> Result<String, FieldError> {
    text(value, limit, |_| false)
}

/// Text that may have line breaks.
pub(super) fn lines(value: &str, limit: usize) -> Result<String, FieldError> {
    text(value, limit, |c| c == '\n')
}

fn text(value: &str, limit: usize, also: fn(char) -> bool) -> Result<String, FieldError> {
    let value = value.trim();
    let count = value.chars().count();
    if count > limit {
        return Err(FieldError(format!(
            "the text has {count} characters; at most {limit} are kept"
        )));
    }
    let unfit = |c: &char| (c.is_control() || is_hidden(*c)) && !also(*c);
    match value.chars().find(unfit) {
        Some(found) => Err(FieldError(format!(
            "the text can't contain the control character {found:?}"
        ))),
        None => Ok(value.to_owned()),
    }
}
