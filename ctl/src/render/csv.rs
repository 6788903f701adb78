//! Tables for spreadsheets: a header line, then RFC 4180; columns are named as in JSON and stay.

use serde::Serialize;
use serde_json::Value;

use crate::exit::Problem;

/// The columns of a statement.
pub const STATEMENT: [&str; 8] = [
    "account", "allotted", "month", "opening", "added", "used", "closing", "clients",
];

/// The columns of the ledger.
pub const LEDGER: [&str; 16] = [
    "number", "at", "month", "account", "reseller", "customer", "client", "units", "change",
    "reason", "took", "allotted", "bank", "balance", "note", "by",
];

/// The columns of the forecast.
pub const FORECAST: [&str; 9] = [
    "account", "allotted", "month", "clients", "units", "need", "left", "short_in", "short_by",
];

/// The lines as CSV.
///
/// # Errors
/// When a line can't be written as JSON, which no reply of the contract causes.
pub fn table<L: Serialize>(columns: &[&str], lines: &[L]) -> Result<String, Problem> {
    let mut text = columns.join(",");
    text.push_str("\r\n");
    for line in lines {
        let line = serde_json::to_value(line).map_err(std::io::Error::from)?;
        let cells: Vec<String> = columns.iter().map(|column| cell(&line[*column])).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    Ok(text)
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => quoted(&harmless(text)),
        // From which numbers a debit was taken: the names of those that are true.
        Value::Object(flags) => {
            let on = flags.iter().filter(|(_, flag)| **flag == Value::Bool(true));
            let names: Vec<&str> = on.map(|(name, _)| name.as_str()).collect();
            quoted(&names.join(" "))
        }
        other => quoted(&other.to_string()),
    }
}

/// Text that a spreadsheet would take for a formula is made text by an apostrophe, as spreadsheets do themselves.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) || text.starts_with(' ') || text.ends_with(' ') {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_cell_with_commas_quotes_or_line_breaks_is_quoted() {
        assert_eq!(cell(&json!("a,b")), "\"a,b\"");
        assert_eq!(cell(&json!("say \"hi\"")), "\"say \"\"hi\"\"\"");
        assert_eq!(cell(&json!("two\nlines")), "\"two\nlines\"");
        assert_eq!(cell(&json!("plain")), "plain");
        assert_eq!(cell(&json!(null)), "");
    }

    #[test]
    fn text_is_never_a_formula_and_a_number_stays_one() {
        for text in ["=1+1", "+1", "-1", "@sum(a1)"] {
            assert_eq!(cell(&json!(text)), format!("'{text}"));
        }
        assert_eq!(cell(&json!("=a,b")), "\"'=a,b\"");
        assert_eq!(cell(&json!(-5)), "-5");
    }

    #[test]
    fn flags_are_named_when_they_are_on() {
        let took = json!({"bank": true, "customer": true, "reseller": false});
        assert_eq!(cell(&took), "bank customer");
    }
}
