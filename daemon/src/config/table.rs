//! Typed reading of a TOML table that remembers lines, notes every fault and misses no unknown key.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Complaint, Fault, complaint};
use super::nearest::nearest;

/// Collects faults. Reading goes on after each of them, with a default in the faulty value's place.
pub(super) struct Report<'t> {
    text: &'t str,
    faults: RefCell<Vec<Fault>>,
}

/// A value and the line it stands on.
#[derive(Debug, Clone)]
pub(super) struct Located<T> {
    pub(super) line: usize,
    pub(super) value: T,
}

/// A table being read. Also stands for a table that the file doesn't have.
pub(super) struct Table<'a, 'i> {
    report: &'a Report<'a>,
    name: &'static str,
    /// Where its header or key stands; `None` if the file doesn't have it.
    line: Option<usize>,
    entries: Option<&'a DeTable<'i>>,
    known: Vec<&'static str>,
}

impl<'t> Report<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            faults: RefCell::default(),
        }
    }

    pub(super) fn add(&self, line: Option<usize>, key: impl Into<String>, complaint: Complaint) {
        self.faults.borrow_mut().push(Fault {
            line,
            key: key.into(),
            problem: complaint.problem,
            remedy: complaint.remedy,
        });
    }

    pub(super) fn line(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().iter().take(offset);
        1 + before.filter(|byte| **byte == b'\n').count()
    }

    pub(super) fn into_faults(self) -> Vec<Fault> {
        self.faults.into_inner()
    }
}

impl<'a, 'i> Table<'a, 'i> {
    /// The file's top level.
    pub(super) fn root(report: &'a Report<'a>, entries: &'a DeTable<'i>) -> Self {
        Self {
            report,
            name: "",
            line: Some(1),
            entries: Some(entries),
            known: Vec::new(),
        }
    }

    /// Where the table begins, if the file has it.
    pub(super) fn line(&self) -> Option<usize> {
        self.line
    }

    /// The table `[key]`, which may be absent.
    pub(super) fn table(&mut self, key: &'static str) -> Table<'a, 'i> {
        let found = self.take(key);
        let entries = found.as_ref().and_then(|found| found.value.as_table());
        if let (Some(found), None) = (&found, entries) {
            self.wrong_type(
                key,
                found,
                &format!("write a table: [{key}] on a line of its own"),
            );
        }
        Table {
            report: self.report,
            name: key,
            line: found.map(|found| found.line),
            entries,
            known: Vec::new(),
        }
    }

    /// Whether the file says anything for `key`, be it right or wrong.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries
            .is_some_and(|entries| entries.contains_key(key))
    }

    /// The text at `key`, understood by `parse`.
    pub(super) fn text<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, Complaint>,
    ) -> Option<Located<T>> {
        let found = self.take(key)?;
        self.understand(key, &found, &parse)
    }

    /// The list of texts at `key`, as many as `sizes` allows, without those that `parse` refused.
    pub(super) fn texts<T>(
        &mut self,
        key: &'static str,
        sizes: RangeInclusive<usize>,
        parse: impl Fn(&str) -> Result<T, Complaint>,
    ) -> Option<Vec<Located<T>>> {
        let found = self.take(key)?;
        let Some(elements) = found.value.as_array() else {
            self.wrong_type(key, &found, &format!("write a list: {key} = [\"...\"]"));
            return None;
        };
        if elements.len() < *sizes.start() {
            let remedy = "name at least one, or remove the key";
            self.complain(found.line, key, complaint("is empty", remedy));
        } else if elements.len() > *sizes.end() {
            let problem = format!("{} entries are too many", elements.len());
            let remedy = format!("keep it to {}", sizes.end());
            self.complain(found.line, key, complaint(problem, remedy));
        }
        let understood = elements.iter().take(*sizes.end()).filter_map(|element| {
            let element = self.locate(element);
            self.understand(key, &element, &parse)
        });
        Some(understood.collect())
    }

    /// The whole number at `key`.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        range: RangeInclusive<usize>,
    ) -> Option<Located<usize>> {
        let found = self.take(key)?;
        let remedy = format!(
            "write a whole number from {} to {}",
            range.start(),
            range.end()
        );
        let Some(integer) = found.value.as_integer() else {
            self.wrong_type(key, &found, &remedy);
            return None;
        };
        match usize::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(value) if range.contains(&value) => Some(Located {
                line: found.line,
                value,
            }),
            // Negative numbers and those beyond 64 bits are as far out of range as any other.
            _ => {
                self.complain(
                    found.line,
                    key,
                    complaint(format!("{integer} is out of range"), remedy),
                );
                None
            }
        }
    }

    /// The yes or no at `key`.
    pub(super) fn switch(&mut self, key: &'static str) -> Option<bool> {
        let found = self.take(key)?;
        let value = found.value.as_bool();
        if value.is_none() {
            self.wrong_type(key, &found, "write true or false, without quotes");
        }
        value
    }

    /// Notes a fault of `key`.
    pub(super) fn complain(&self, line: impl Into<Option<usize>>, key: &str, complaint: Complaint) {
        self.report.add(line.into(), self.full_name(key), complaint);
    }

    fn take(&mut self, key: &'static str) -> Option<Located<&'a DeValue<'i>>> {
        self.known.push(key);
        let (key, value) = self.entries?.get_key_value(key)?;
        Some(Located {
            line: self.report.line(key.span().start),
            value: value.get_ref(),
        })
    }

    fn locate(&self, value: &'a Spanned<DeValue<'i>>) -> Located<&'a DeValue<'i>> {
        Located {
            line: self.report.line(value.span().start),
            value: value.get_ref(),
        }
    }

    fn understand<T>(
        &self,
        key: &str,
        found: &Located<&DeValue<'_>>,
        parse: &impl Fn(&str) -> Result<T, Complaint>,
    ) -> Option<Located<T>> {
        let Some(text) = found.value.as_str() else {
            self.wrong_type(key, found, "write a text in double quotes");
            return None;
        };
        match parse(text) {
            Ok(value) => Some(Located {
                line: found.line,
                value,
            }),
            Err(complaint) => {
                self.complain(found.line, key, complaint);
                None
            }
        }
    }

    fn wrong_type(&self, key: &str, found: &Located<&DeValue<'_>>, remedy: &str) {
        let problem = format!("is of the wrong kind: {}", found.value.type_str());
        self.complain(found.line, key, complaint(problem, remedy));
    }

    fn full_name(&self, key: &str) -> String {
        match self.name {
            "" => key.to_owned(),
            table => format!("{table}.{key}"),
        }
    }

    fn place(&self) -> String {
        match self.name {
            "" => "at the top of the file, before the first [table]".to_owned(),
            table => format!("in [{table}]"),
        }
    }
}

/// Notes every key that nobody asked for. `tables` are all of the file's, read to the end.
pub(super) fn refuse_unknown(tables: &[Table<'_, '_>]) {
    for table in tables {
        for key in table.entries.into_iter().flat_map(|entries| entries.keys()) {
            let name: &str = key.get_ref();
            if table.known.contains(&name) {
                continue;
            }
            let elsewhere = tables.iter().find(|other| other.known.contains(&name));
            let remedy = match (elsewhere, nearest(name, table.known.iter().copied())) {
                (Some(home), _) => format!("it belongs {}", home.place()),
                (None, Some(near)) => format!("did you mean {near}?"),
                (None, None) => "remove it".to_owned(),
            };
            let line = table.report.line(key.span().start);
            table.complain(line, name, complaint("is not a known key", remedy));
        }
    }
}
