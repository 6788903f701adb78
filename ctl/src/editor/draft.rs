//! The file that a person edits: private, read back by its path, kept when it would otherwise be lost.

use std::fs;
use std::io::{self, Read, Write};

use tempfile::NamedTempFile;

use super::Desk;
use crate::exit::Problem;

/// Longest file that is read back, in bytes; a request couldn't carry more.
const LONGEST_FILE: u64 = 64 * 1024;

/// The file, and what it is opened with.
pub struct Draft {
    file: NamedTempFile,
    /// The text that it was last opened with, or is to be opened with next.
    pub opened: String,
}

impl Draft {
    /// A new file, not yet written.
    pub fn new(text: String) -> io::Result<Self> {
        // Readable by its owner only: a record may hold contact data.
        let file = tempfile::Builder::new()
            .prefix("penstock-")
            .suffix(".toml")
            .tempfile()?;
        Ok(Self { file, opened: text })
    }

    /// Lets the person edit; what stands there afterwards, and whether the editor ended well.
    pub fn open(&self, desk: &mut impl Desk) -> io::Result<(String, bool)> {
        self.write(&self.opened)?;
        let ended_well = desk.open(self.file.path())?;
        // By its path, since many editors put a new file in the old one's place.
        let mut typed = String::new();
        fs::File::open(self.file.path())?
            .take(LONGEST_FILE + 1)
            .read_to_string(&mut typed)?;
        if u64::try_from(typed.len()).unwrap_or(u64::MAX) > LONGEST_FILE {
            let limit = LONGEST_FILE / 1024;
            return Err(io::Error::other(format!(
                "the file is longer than {limit} KiB"
            )));
        }
        Ok((typed, ended_well))
    }

    /// Puts a text in the place of what stands there.
    pub fn write(&self, text: &str) -> io::Result<()> {
        let mut file = fs::File::create(self.file.path())?;
        file.write_all(text.as_bytes())
    }

    /// Ends editing with a problem, but leaves the file.
    pub fn keep(self, problem: Problem) -> Problem {
        match self.file.keep() {
            Ok((_, path)) => Problem::Kept {
                problem: Box::new(problem),
                path,
            },
            Err(error) => Problem::Editor(error.error),
        }
    }
}
