//! The house: what each package may depend on, which way the arrows between the daemon's rooms point, and what every
//! file looks like. Each check is a function over text, shown to fail before it is trusted.
#![cfg(test)]

mod packages;
mod rooms;

use std::path::{Path, PathBuf};

/// The most lines of a file, its tests included.
const LONGEST: usize = 500;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package stands in the workspace")
}

/// Every Rust file below the folder, with its path from there and its text, in order.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let place = path.strip_prefix(folder).unwrap();
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((place.to_string_lossy().into_owned(), text));
            }
        }
    }
    assert!(!found.is_empty(), "no source below {}", folder.display());
    found.sort();
    found
}

/// The text without line comments, which may speak of anything.
fn code(text: &str) -> String {
    text.lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

/// What a file's first line and length break.
fn shape(place: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if !text.starts_with("//! ") {
        found.push(format!(
            "{place} doesn't open with a `//!` line that says what it is for"
        ));
    }
    let lines = text.lines().count();
    if lines > LONGEST {
        found.push(format!(
            "{place} has {lines} lines; more than {LONGEST} are two files"
        ));
    }
    found
}

fn nothing<T: std::fmt::Display>(faults: impl IntoIterator<Item = T>) {
    let faults: Vec<String> = faults.into_iter().map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn every_file_opens_with_what_it_is_for_and_ends_within_500_lines() {
    let files = sources(root());
    nothing(files.iter().flat_map(|(place, text)| shape(place, text)));
}

#[test]
fn a_nameless_or_endless_file_is_found() {
    assert_eq!(
        shape("a.rs", "//! For this.\nfn a() {}\n"),
        Vec::<String>::new()
    );
    assert_eq!(shape("a.rs", "fn a() {}\n").len(), 1);
    assert_eq!(
        shape("a.rs", &format!("//! Long.\n{}", "\n".repeat(LONGEST))).len(),
        1
    );
}
