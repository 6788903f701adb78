//! Aligned tables: widths by characters, two blanks between columns, nothing after the last.

use super::{Look, escape};

/// A table that grows row by row.
#[derive(Debug)]
pub struct Table {
    head: Vec<&'static str>,
    right: Vec<bool>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table; a heading that begins with `>` is of numbers, which stand to the right.
    pub fn new(head: &[&'static str]) -> Self {
        Self {
            head: head
                .iter()
                .map(|name| name.trim_start_matches('>'))
                .collect(),
            right: head.iter().map(|name| name.starts_with('>')).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; what comes from elsewhere is escaped here.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows
            .push(cells.into_iter().map(|cell| escape(&cell)).collect());
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

#[cfg(test)]
mod tests {
    use super::*;

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
