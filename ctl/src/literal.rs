//! Values, keys and places of TOML, as fields' texts are written and read in files.

use penstock_policy::record::Shape;
use toml::de::DeValue;

/// Where a text's lines end.
#[derive(Debug)]
pub struct Lines(Vec<usize>);

/// A field's text as TOML: yes and no as booleans, whole numbers as integers, the rest as strings.
pub fn literal(shape: Shape, value: &str) -> String {
    match (shape, value) {
        (Shape::YesNo, "yes") => "true".to_owned(),
        (Shape::YesNo, "no") => "false".to_owned(),
        (Shape::Number, number) if is_whole(number) => number.to_owned(),
        (_, text) => string(text),
    }
}

/// Text as a TOML string; as one of several lines where it has several.
pub fn string(text: &str) -> String {
    if text.contains('\n') {
        format!("\"\"\"\n{}\"\"\"", escaped(text, true))
    } else {
        format!("\"{}\"", escaped(text, false))
    }
}

/// A key, in quotes where it needs them.
pub fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.chars().all(bare) {
        name.to_owned()
    } else {
        string(name)
    }
}

/// A value as the text of a field; none for what no field can be.
pub fn plain(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Boolean(true) => Some("yes".to_owned()),
        DeValue::Boolean(false) => Some("no".to_owned()),
        DeValue::Datetime(time) => Some(time.to_string()),
        DeValue::Float(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

impl Lines {
    /// Looks through the text once.
    pub fn of(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self(breaks.map(|(place, _)| place).collect())
    }

    /// The number of the line, from 1, in which that byte stands.
    pub fn number(&self, place: usize) -> usize {
        1 + self.0.partition_point(|&end| end < place)
    }
}

fn is_whole(text: &str) -> bool {
    text.parse::<u32>()
        .is_ok_and(|number| number.to_string() == text)
}

fn escaped(text: &str, lines: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => escaped.extend(['\\', c]),
            '\n' if lines => escaped.push(c),
            c if c.is_control() => escaped.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => escaped.push(c),
        }
    }
    escaped
}
