//! Answers as text: for people aligned and escaped, for programs as JSON.

pub mod applied;
pub mod csv;
pub mod edited;
pub mod lists;
pub mod live;
pub mod mcal;
pub mod sheet;
pub mod space;
mod table;
pub mod verdict;

use penstock_policy::edit::Change;
use penstock_policy::explain::Binding;
use penstock_policy::units::human;
use penstock_wire::reply::Failure;
use penstock_wire::view::HeldBy;
use serde::Serialize;

use crate::exit::Problem;
use crate::moment;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use table::Table;

/// How text for people looks.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Whether escape sequences may be used.
    pub colour: bool,
}

impl Look {
    /// Headings.
    pub fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// What is wrong.
    pub fn red(self, text: &str) -> String {
        self.paint("31", text)
    }

    /// What should be looked at.
    pub fn yellow(self, text: &str) -> String {
        self.paint("33", text)
    }

    /// What is well.
    pub fn green(self, text: &str) -> String {
        self.paint("32", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Text from elsewhere, made harmless for a terminal: no control characters, nothing that turns the direction of
/// writing.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Pretty JSON with a line break at its end.
///
/// # Errors
/// When the value can't be written as JSON, which no reply of the contract causes.
pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<String, Problem> {
    let mut text = serde_json::to_string_pretty(value).map_err(std::io::Error::from)?;
    text.push('\n');
    Ok(text)
}

/// One line of JSON.
///
/// # Errors
/// As [`json`].
pub fn json_line<T: Serialize>(value: &T) -> Result<String, Problem> {
    let mut text = serde_json::to_string(value).map_err(std::io::Error::from)?;
    text.push('\n');
    Ok(text)
}

/// A failure for programs: `{"error": {...}}`.
pub fn failure_json(failure: &Failure) -> String {
    #[derive(Serialize)]
    struct Error<'a> {
        error: &'a Failure,
    }
    json(&Error { error: failure })
        .unwrap_or_else(|_| "{\"error\": {\"code\": \"internal\"}}\n".to_owned())
}

/// A problem for people: a sentence, and of a conflict what the other changed.
pub fn problem(problem: &Problem, look: Look) -> String {
    let mut text = format!("penstockctl: {}\n", escape(&problem.to_string()));
    if let Problem::Failed(failure) = problem {
        if let Some(at) = failure.retry_at {
            let at = moment::second(at, &TimeZone::UTC);
            text.push_str(&format!("try again after {at}\n"));
        }
        if !failure.differences.is_empty() {
            let now = failure.revision.map_or_else(String::new, |revision| {
                format!(" (revision {revision} now)")
            });
            text.push_str(&format!("changed by somebody else{now}:\n"));
            text.push_str(&changes(&failure.differences, look));
        }
    }
    text
}

/// Fields before and after.
pub fn changes(changes: &[Change], look: Look) -> String {
    let mut table = Table::new(&["FIELD", "~BEFORE", "~AFTER"]);
    for change in changes {
        table.row([change.field.clone(), shown(&change.from), shown(&change.to)]);
    }
    table.render(look)
}

/// A changed field's value, whole; a word where there is none, and an instant to the second.
fn shown(value: &str) -> String {
    if value.is_empty() {
        return "(empty)".to_owned();
    }
    value.parse().map_or_else(
        |_| value.to_owned(),
        |at: Timestamp| moment::second(at, &TimeZone::UTC),
    )
}

/// A number, or a word where there is none.
fn number_or<T: ToString>(number: Option<T>, word: &str) -> String {
    number.map_or_else(|| word.to_owned(), |number| number.to_string())
}

/// Bytes for people, or a word where there is no number.
fn bytes_or(bytes: Option<u64>, word: &str) -> String {
    bytes.map_or_else(|| word.to_owned(), human)
}

/// `8Mbit/s (customer, until 2026-12-24 18:00 +01:00)`
pub fn binding(binding: &Binding, zone: &TimeZone) -> String {
    let level = binding.level.map(|level| level.to_string());
    let until = binding
        .until
        .map(|until| format!("until {}", moment::minute(until, zone)));
    let why: Vec<String> = level.into_iter().chain(until).collect();
    if why.is_empty() {
        return binding.rate.clone();
    }
    format!("{} ({})", binding.rate, why.join(", "))
}

/// `throttle 80 %, client 15 %`: what held a backup back, the greatest first.
pub fn held_by(held: HeldBy) -> String {
    let mut parts = [
        ("throttle", held.throttle),
        ("client", held.client),
        ("disk", held.disk),
    ];
    parts.sort_by_key(|(_, percent)| std::cmp::Reverse(*percent));
    let parts: Vec<String> = parts
        .iter()
        .filter(|(_, percent)| *percent > 0)
        .map(|(name, percent)| format!("{name} {percent} %"))
        .collect();
    if parts.is_empty() {
        "-".to_owned()
    } else {
        parts.join(", ")
    }
}

/// Bytes a second: `4.0 MiB/s`.
pub fn rate(bytes: u64) -> String {
    format!("{}/s", human(bytes))
}

/// `1 backup`, `2 backups`.
pub fn count(number: u64, one: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{number} {one}s")
    }
}

fn yes_no(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_never_reach_the_terminal() {
        assert_eq!(escape("a\x1b[31m\u{9b}b\n"), "a\\u{1b}[31m\\u{9b}b\\n");
        assert_eq!(escape("abc\u{202e}gpj"), "abc\\u{202e}gpj");
        assert_eq!(escape("Müller & Söhne"), "Müller & Söhne");
    }

    #[test]
    fn what_held_a_backup_most_comes_first() {
        let held = HeldBy {
            throttle: 10,
            client: 70,
            disk: 0,
        };
        assert_eq!(held_by(held), "client 70 %, throttle 10 %");
        assert_eq!(held_by(HeldBy::default()), "-");
    }
}
