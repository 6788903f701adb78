//! A repository that its client attacks from, and what lies around it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::support::{Client, Object, Server, administered};

/// What lies in every file that no client may read.
pub const SECRET: &str = "canary-that-no-client-may-read";

/// A server with two customers' repositories, and secrets around them.
pub struct Besieged {
    /// The server.
    pub server: Server,
    password: String,
    /// A file of the attacker's own.
    pub own: Object,
}

impl Besieged {
    /// Fresh, with the attacker's and the victim's repositories.
    pub fn new() -> Self {
        let server = Server::start();
        let laptop = administered(&server);
        laptop.create().is(200);
        laptop.ask("POST", "config", b"config").is(200);
        let own = Object::of(1000, 1);
        laptop.post("data", &own).is(200);
        server.ctl(["customer", "add", "Victim"]).fine();
        let victim = Client::added(&server, "victim", "pc");
        victim.create().is(200);
        for kind in ["data", "keys", "locks", "snapshots"] {
            victim.post(kind, &secret()).is(200);
        }
        victim.ask("POST", "config", SECRET.as_bytes()).is(200);
        for file in [
            server.folder().join("secret"),
            server.folder().join("state/secret"),
            server.location().join("secret"),
            server.location().join("abc-inc/secret"),
            laptop.folder().join("secret"),
            server.location().join(".trash/secret"),
            server.location().join(".incoming/secret"),
        ] {
            fs::write(file, SECRET).unwrap();
        }
        let password = laptop.password.clone();
        Self {
            server,
            password,
            own,
        }
    }

    /// A client of the first customer, with a password that is right.
    pub fn attacker(&self) -> Client<'_> {
        Client::with(&self.server, "abc-inc", "laptop", &self.password)
    }

    /// All that lies in the test's folder but the records, which count refusals, and when uploads came last.
    pub fn surroundings(&self) -> BTreeMap<PathBuf, String> {
        let mut found = BTreeMap::new();
        digest(self.server.folder(), &mut found);
        found.retain(|path, _| !path.ends_with("penstock.redb") && !path.ends_with(".incoming"));
        // Each of them is there, so that the comparison compares something.
        assert!(found.len() > 2 * 256, "{}", found.len());
        found
    }
}

/// An object that reads like a secret.
pub fn secret() -> Object {
    Object::new(SECRET.as_bytes().to_vec())
}

/// What each thing below a folder is: kind, rights, when it was changed, and what is in it.
fn digest(folder: &Path, found: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is = fs::symlink_metadata(&path).unwrap();
        let inside = if is.is_file() {
            HEXLOWER.encode(&Sha256::digest(fs::read(&path).unwrap()))
        } else if is.is_symlink() {
            fs::read_link(&path).unwrap().display().to_string()
        } else {
            String::new()
        };
        if is.is_dir() {
            digest(&path, found);
        }
        let (mode, seconds, nanos) = (is.permissions().mode(), is.mtime(), is.mtime_nsec());
        found.insert(path, format!("{mode:o} {seconds}.{nanos} {inside}"));
    }
}
