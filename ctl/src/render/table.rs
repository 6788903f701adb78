//! Aligned tables: widths by characters, two blanks between columns, nothing after the last.

use super::{Look, escape};

/// Widest cell of a column of long texts, in characters.
const WIDEST_CELL: usize = 48;

/// A table that grows row by row.
#[derive(Debug)]
pub struct Table {
    head: Vec<&'static str>,
    right: Vec<bool>,
    wrapped: Vec<bool>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table; a heading that begins with `>` is of numbers, which stand to the right, and one that begins with
    /// `~` of texts that go on in the next line when they are long.
    pub fn new(head: &[&'static str]) -> Self {
        Self {
            head: head
                .iter()
                .map(|name| name.trim_start_matches(['>', '~']))
                .collect(),
            right: head.iter().map(|name| name.starts_with('>')).collect(),
            wrapped: head.iter().map(|name| name.starts_with('~')).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; what comes from elsewhere is escaped here.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells = cells.into_iter().map(|cell| escape(&cell));
        let mut columns: Vec<Vec<String>> = cells
            .zip(&self.wrapped)
            .map(|(cell, &long)| match long {
                true => wrapped(&cell, WIDEST_CELL),
                false => vec![cell],
            })
            .collect();
        let lines = columns.iter().map(Vec::len).max().unwrap_or(0);
        for line in 0..lines {
            let cell = |column: &mut Vec<String>| column.get_mut(line).map(std::mem::take);
            let cells = columns
                .iter_mut()
                .map(|column| cell(column).unwrap_or_default());
            self.rows.push(cells.collect());
        }
    }

    /// The table as lines; without rows a line that says so.
    pub fn render(&self, look: Look) -> String {
        if self.rows.is_empty() {
            return "none\n".to_owned();
        }
        let widths: Vec<usize> = (0..self.head.len())
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                let widest = cells.map(|cell| cell.chars().count()).max();
                widest.unwrap_or(0).max(self.head[column].chars().count())
            })
            .collect();
        let head: Vec<String> = self.head.iter().map(|&name| name.to_owned()).collect();
        let mut text = look.bold(&self.line(&head, &widths));
        text.push('\n');
        for row in &self.rows {
            text.push_str(&self.line(row, &widths));
            text.push('\n');
        }
        text
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, &width), &right) in cells.iter().zip(widths).zip(&self.right) {
            let cell = if right {
                format!("{cell:>width$}")
            } else {
                format!("{cell:<width$}")
            };
            line.push_str(&cell);
            line.push_str("  ");
        }
        line.trim_end().to_owned()
    }
}

/// The text in lines of at most that many characters, broken at blanks where there are some.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some((end, _)) = rest.char_indices().nth(width) {
        let blank = rest[..end].rfind(' ').filter(|&blank| blank > 0);
        let (head, tail) = rest.split_at(blank.unwrap_or(end));
        lines.push(head.to_owned());
        rest = tail.strip_prefix(' ').unwrap_or(tail);
    }
    lines.push(rest.to_owned());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_goes_on_below_itself_and_nothing_of_it_is_lost() {
        let mut table = Table::new(&["FIELD", "~BEFORE", "~AFTER"]);
        let words = "word ".repeat(20);
        let cells = ["notes", words.trim(), &"x".repeat(60)].map(str::to_owned);
        table.row(cells);
        let text = table.render(Look { colour: false });
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert_eq!(text.matches("word").count(), 20);
        assert_eq!(text.matches('x').count(), 60);
        assert!(lines[2].starts_with("       word"), "{text}");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_in_characters() {
        let mut table = Table::new(&["NAME", ">CLIENTS", "CITY"]);
        table.row(["Müller".to_owned(), "7".to_owned(), "Köln".to_owned()]);
        table.row(["a".to_owned(), "12".to_owned(), String::new()]);
        let plain = Look { colour: false };
        assert_eq!(
            table.render(plain),
            "NAME    CLIENTS  CITY\nMüller        7  Köln\na            12\n"
        );
    }
}
