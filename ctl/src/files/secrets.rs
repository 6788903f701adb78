//! New secrets in a file that only its owner can read, on the disk before they come to hold.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use penstock_wire::reply::NewSecret;

use crate::exit::Problem;
use crate::literal::{key, string};

/// The secrets as TOML: pass keys of customers, passwords of clients.
pub fn text(secrets: &[NewSecret]) -> String {
    let sorted: BTreeMap<(&str, Option<&str>), &str> = secrets
        .iter()
        .map(|new| {
            let address = match new.address.split_once('/') {
                Some((customer, client)) => (customer, Some(client)),
                None => (new.address.as_str(), None),
            };
            (address, new.secret.reveal())
        })
        .collect();
    let mut text =
        "# secrets of records that `penstockctl apply` added; hand them on, then delete this file\n"
            .to_owned();
    for ((customer, client), secret) in sorted {
        let customer = key(customer);
        let secret = string(secret);
        text.push_str(&match client {
            None => format!("\n[customer.{customer}]\npass_key = {secret}\n"),
            Some(client) => {
                let client = key(client);
                format!("\n[customer.{customer}.client.{client}]\npassword = {secret}\n")
            }
        });
    }
    text
}

/// Writes them into a file that isn't there yet, for its owner only, and waits until the disk has it.
///
/// # Errors
/// When the file exists already or can't be written; then there is none.
pub fn keep(path: &Path, secrets: &[NewSecret]) -> Result<(), Problem> {
    let failed = |error| Problem::File {
        path: path.to_owned(),
        error,
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(failed)?;
    let written = file
        .write_all(text(secrets).as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| sync_folder_of(path));
    written.map_err(|error| {
        // Half a list of secrets is worth nothing; the error is told all the same.
        let _ = fs::remove_file(path);
        failed(error)
    })
}

/// The name of a new file is durable when its folder is.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
