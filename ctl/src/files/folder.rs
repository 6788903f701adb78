//! An export's folder: files are replaced whole, and those of records that are gone are removed.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::write::MARK;
use crate::exit::Problem;

/// Folders of an export, in which whatever it wrote once and doesn't write now is of a record that is gone.
const FOLDERS: [&str; 2] = ["customers", "resellers"];

/// What became of the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// How many files were written.
    pub files: u64,
    /// How many were removed.
    pub removed: u64,
}

/// Writes the files, then removes what an earlier export wrote and this one doesn't.
///
/// # Errors
/// When a file can't be written or removed; those before it are done.
pub fn write(folder: &Path, files: &BTreeMap<PathBuf, String>) -> Result<Written, Problem> {
    if folder.exists() && !folder.is_dir() {
        return Err(failed(folder, io::ErrorKind::NotADirectory.into()));
    }
    fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    for name in FOLDERS {
        let path = folder.join(name);
        fs::create_dir_all(&path).map_err(|error| failed(&path, error))?;
    }
    for (name, text) in files {
        let path = folder.join(name);
        replace(&path, text).map_err(|error| failed(&path, error))?;
    }
    let mut removed = 0;
    for name in FOLDERS {
        let inner = folder.join(name);
        for entry in fs::read_dir(&inner).map_err(|error| failed(&inner, error))? {
            let entry = entry.map_err(|error| failed(&inner, error))?;
            let path = entry.path();
            let kept = files.contains_key(&Path::new(name).join(entry.file_name()));
            if !kept && is_ours(&path).map_err(|error| failed(&path, error))? {
                fs::remove_file(&path).map_err(|error| failed(&path, error))?;
                removed += 1;
            }
        }
    }
    Ok(Written {
        files: files.len() as u64,
        removed,
    })
}

/// A reader never sees half a file.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    // Contact data isn't secret: the person's umask decides, as for any other file.
    let mut file = tempfile::Builder::new()
        .prefix(".penstockctl-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

fn is_ours(path: &Path) -> io::Result<bool> {
    let named = path.extension().is_some_and(|end| end == "toml");
    if !named || !fs::symlink_metadata(path)?.is_file() {
        return Ok(false);
    }
    let mut start = Vec::new();
    File::open(path)?
        .take(MARK.len() as u64 + 1)
        .read_to_end(&mut start)?;
    Ok(start == format!("{MARK}\n").as_bytes())
}

fn failed(path: &Path, error: io::Error) -> Problem {
    Problem::File {
        path: path.to_owned(),
        error,
    }
}
