//! What is wrong with a configuration file, in words that an administrator can act on.

use std::fmt;
use std::path::{Path, PathBuf};

/// One thing wrong with the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, counted from one. `None` where no line is to blame: a missing key, an unreadable file.
    pub line: Option<usize>,
    /// The key with its table, as in `limits.uploads`. Empty where the text isn't TOML.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

/// Everything wrong with a file: at least one fault, in the order of the lines.
///
/// Displayed one a line: `penstock.toml:12: listen: what is wrong (what to do)`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigFaults {
    file: PathBuf,
    faults: Vec<Fault>,
}

/// A problem with its remedy, before it is known where in the file it stands.
#[derive(Debug)]
pub(super) struct Complaint {
    pub(super) problem: String,
    pub(super) remedy: String,
}

impl ConfigFaults {
    pub(super) fn new(file: &Path, mut faults: Vec<Fault>) -> Self {
        faults.sort_by_key(|fault| fault.line.unwrap_or(usize::MAX));
        Self {
            file: file.to_owned(),
            faults,
        }
    }

    /// The faults, in the order of the lines; those without a line come last.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl IntoIterator for ConfigFaults {
    type Item = Fault;
    type IntoIter = std::vec::IntoIter<Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.faults.into_iter()
    }
}

impl fmt::Display for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{}", self.file.display())?;
            if let Some(line) = fault.line {
                write!(f, ":{line}")?;
            }
            write!(f, ": {fault}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key.escape_debug())?;
        }
        write!(f, "{} ({})", self.problem, self.remedy)
    }
}

pub(super) fn complaint(problem: impl Into<String>, remedy: impl Into<String>) -> Complaint {
    Complaint {
        problem: problem.into(),
        remedy: remedy.into(),
    }
}
