//! What `apply` reads: a file, standard input, or every TOML file of a folder, in the order of their names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use penstock_wire::declared::Declared;

use super::read::{Found, parse};
use super::{MOST_RECORDS, address, order, title};
use crate::exit::Problem;
use crate::terminal::Terminal;

/// Most bytes of all files together.
const MOST_BYTES: u64 = 64 << 20;

/// How deep folders may lie in one another; `customers/` is one deep.
const DEEPEST: usize = 4;

/// The name of standard input on the command line.
pub const STANDARD: &str = "-";

/// What was declared.
#[derive(Debug)]
pub struct Gathered {
    /// The records, in the order in which they are applied.
    pub records: Vec<Declared>,
    /// `FILE:LINE` of each, by [`address`].
    pub places: BTreeMap<String, String>,
}

/// All records below a path, in the order in which they are applied. With `whole` what isn't declared goes: then whoever
/// has a declared client is declared too.
///
/// # Errors
/// When something can't be read or taken, is too much, or one record is declared twice.
pub fn gather(terminal: &mut Terminal, path: &Path, whole: bool) -> Result<Gathered, Problem> {
    let mut left = MOST_BYTES;
    let mut found: Vec<Found> = Vec::new();
    if path.as_os_str() == STANDARD {
        let text = text("standard input", &mut terminal.input, &mut left)?;
        found = parse("standard input", &text)?;
    } else {
        for file in files(path)? {
            let name = file.display().to_string();
            let mut opened = File::open(&file).map_err(|error| unreadable(&file, error))?;
            let text = text(&name, &mut opened, &mut left)?;
            found.extend(parse(&name, &text)?);
            if found.len() > MOST_RECORDS {
                break;
            }
        }
    }
    if found.len() > MOST_RECORDS {
        return Err(Problem::Usage(format!(
            "there are more than {MOST_RECORDS} records; apply them in parts, without --prune"
        )));
    }
    only_once(&found)?;
    let mut places: BTreeMap<String, String> = BTreeMap::new();
    for found in &found {
        let place = format!("{}:{}", found.file, found.line);
        // A customer of whom only clients are declared is declared where the first of them is.
        if let Declared::Client { customer, .. } = &found.record {
            places
                .entry(customer.clone())
                .or_insert_with(|| place.clone());
        }
        places.insert(address(&found.record), place);
    }
    let mut records: Vec<Declared> = found.into_iter().map(|found| found.record).collect();
    if whole {
        records.extend(unnamed_customers(&records));
    }
    records.sort_by(|a, b| order(a).cmp(&order(b)));
    Ok(Gathered { records, places })
}

/// The customers of whom only clients are declared.
fn unnamed_customers(records: &[Declared]) -> Vec<Declared> {
    let declared: BTreeSet<&str> = records
        .iter()
        .filter(|record| matches!(record, Declared::Customer { .. }))
        .map(|record| order(record).1)
        .collect();
    let owners: BTreeSet<&str> = records
        .iter()
        .filter(|record| matches!(record, Declared::Client { .. }))
        .map(|record| order(record).1)
        .collect();
    owners
        .difference(&declared)
        .map(|short| Declared::Customer {
            short: (*short).to_owned(),
            name: None,
            reseller: None,
            fields: Vec::new(),
        })
        .collect()
}

fn only_once(found: &[Found]) -> Result<(), Problem> {
    let mut seen = BTreeMap::new();
    for one in found {
        if let Some(other) = seen.insert(order(&one.record), one) {
            return Err(Problem::Usage(format!(
                "{} is declared twice: in {}:{} and in {}:{}; keep one of them",
                title(&one.record),
                other.file,
                other.line,
                one.file,
                one.line
            )));
        }
    }
    Ok(())
}

fn text(name: &str, from: &mut impl Read, left: &mut u64) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    let read = from.take(*left + 1).read_to_end(&mut bytes);
    let read = read.map_err(|error| unreadable(Path::new(name), error))?;
    *left = left.checked_sub(read as u64).ok_or_else(|| {
        Problem::Usage(format!(
            "{name}: more than {} MiB are too much to apply at once; split it",
            MOST_BYTES >> 20
        ))
    })?;
    String::from_utf8(bytes).map_err(|_| {
        Problem::Usage(format!(
            "{name}: it isn't text in UTF-8; give files of TOML"
        ))
    })
}

fn files(path: &Path) -> Result<Vec<PathBuf>, Problem> {
    let kind = fs::metadata(path).map_err(|error| unreadable(path, error))?;
    if !kind.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    below(path, DEEPEST, &mut files)?;
    if files.is_empty() {
        return Err(Problem::Usage(format!(
            "{}: there is no file that ends in .toml in this folder",
            path.display()
        )));
    }
    files.sort();
    Ok(files)
}

/// Files and folders that begin with a dot are somebody else's.
fn below(folder: &Path, deep: usize, files: &mut Vec<PathBuf>) -> Result<(), Problem> {
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, error))? {
        let entry = entry.map_err(|error| unreadable(folder, error))?;
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let kind = entry
            .file_type()
            .map_err(|error| unreadable(&path, error))?;
        if kind.is_dir() && deep > 0 {
            below(&path, deep - 1, files)?;
        } else if !kind.is_dir() && path.extension().is_some_and(|end| end == "toml") {
            files.push(path);
        }
        if files.len() > MOST_RECORDS {
            return Err(Problem::Usage(format!(
                "{}: there are more than {MOST_RECORDS} files",
                folder.display()
            )));
        }
    }
    Ok(())
}

fn unreadable(path: &Path, error: io::Error) -> Problem {
    Problem::File {
        path: path.to_owned(),
        error,
    }
}
