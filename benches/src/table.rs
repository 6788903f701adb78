//! What is printed: tables, and a verdict for each goal.

/// Rows of text under headings, each column as wide as it must be.
pub struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// One goal and what was measured.
pub struct Verdict {
    /// What was measured.
    pub what: String,
    /// The worst value.
    pub measured: f64,
    /// The most that is good.
    pub goal: f64,
    /// The unit of both.
    pub unit: &'static str,
}

impl Table {
    /// An empty table.
    #[must_use]
    pub fn new(headings: &[&'static str]) -> Self {
        Self {
            headings: headings.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let headings = self.headings.iter().map(|&h| h.to_owned()).collect();
        let lines: Vec<&Vec<String>> = std::iter::once(&headings).chain(&self.rows).collect();
        let width = |column: usize| {
            let cells = lines.iter().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        for line in &lines {
            for (column, cell) in line.iter().enumerate() {
                let width = width(column);
                match column {
                    0 => write!(f, "  {cell:<width$}")?,
                    _ => write!(f, "  {cell:>width$}")?,
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            what,
            measured,
            goal,
            unit,
        } = self;
        let met = if measured <= goal { "met" } else { "NOT met" };
        write!(
            f,
            "{what:<56} {measured:>8.2} {unit}, goal <= {goal} {unit}: {met}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_as_wide_as_its_widest_cell() {
        let mut table = Table::new(&["rate", "off"]);
        table.row(["4MiB/s".to_owned(), "-0.10".to_owned()]);
        assert_eq!(table.to_string(), "  rate      off\n  4MiB/s  -0.10\n");
    }

    #[test]
    fn a_goal_that_is_just_reached_is_met() {
        let verdict = |measured| {
            let what = String::new();
            let (goal, unit) = (2.0, "%");
            Verdict {
                what,
                measured,
                goal,
                unit,
            }
            .to_string()
        };
        assert!(verdict(2.0).ends_with(": met"));
        assert!(verdict(2.01).ends_with("NOT met"));
    }
}
