//! From a file to a configuration, or to everything that is wrong with it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{self, Path, PathBuf};

use toml::de::DeTable;

use super::fault::{ConfigFaults, Fault};
use super::table::{Report, Table, refuse_unknown};
use super::{Config, schema};

/// Far above any configuration that was written by hand.
const LARGEST_FILE: u64 = 1 << 20;

pub(super) fn load(file: &Path) -> Result<Config, ConfigFaults> {
    let read = read_text(file).and_then(|text| Ok((text, base_dir(file)?)));
    let checked = match read {
        Ok((text, base)) => parse(&text, &base),
        Err(error) => Err(vec![Fault {
            line: None,
            key: String::new(),
            problem: format!("cannot be read: {error}"),
            remedy: "check the path given with --config, and that the daemon's user may read it"
                .to_owned(),
        }]),
    };
    checked.map_err(|faults| ConfigFaults::new(file, faults))
}

pub(super) fn parse(text: &str, base: &Path) -> Result<Config, Vec<Fault>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    let report = Report::new(text);
    let mut faults = syntax_faults(&report, &errors);

    let mut top = Table::root(&report, root.get_ref());
    let mut tls = top.table("tls");
    let mut limits = top.table("limits");
    let config = schema::config(&mut top, &mut tls, &mut limits, base);
    refuse_unknown(&[top, tls, limits]);

    // Where the text isn't TOML, what it means there is a guess, and what seems missing may stand there.
    let broken: Vec<_> = faults.iter().map(|fault| fault.line).collect();
    let is_founded = |fault: &Fault| {
        broken.is_empty() || (fault.line.is_some() && !broken.contains(&fault.line))
    };
    faults.extend(report.into_faults().into_iter().filter(is_founded));
    match config {
        Some(config) if faults.is_empty() => Ok(config),
        _ => Err(faults),
    }
}

/// What isn't TOML: the first fault of each line, since the rest of the line mostly follows from it.
fn syntax_faults(report: &Report<'_>, errors: &[toml::de::Error]) -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    for error in errors {
        let line = error.span().map(|span| report.line(span.start));
        if faults.iter().all(|fault| fault.line != line) {
            faults.push(Fault {
                line,
                key: String::new(),
                problem: error.message().replace('\n', ", "),
                remedy: "write KEY = VALUE, each key once, texts in double quotes: see toml.io"
                    .to_owned(),
            });
        }
    }
    faults
}

fn base_dir(file: &Path) -> io::Result<PathBuf> {
    let absolute = path::absolute(file)?;
    fs::canonicalize(absolute.parent().unwrap_or(Path::new("/")))
}

fn read_text(file: &Path) -> io::Result<String> {
    // Opening a pipe would wait for its writer for ever.
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        ));
    }
    let mut text = String::new();
    File::open(file)?
        .take(LARGEST_FILE + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST_FILE {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "larger than 1 MiB",
        ));
    }
    Ok(text)
}
