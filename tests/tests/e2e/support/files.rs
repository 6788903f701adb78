//! Files to back up, and objects as restic makes them.

use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// An object: its bytes and the name that they hash to.
#[derive(Debug, Clone)]
pub struct Object {
    /// 64 lower-case hex digits.
    pub name: String,
    /// Its bytes.
    pub body: Vec<u8>,
}

impl Object {
    /// An object of so many bytes that nothing compresses; each seed gives another.
    pub fn of(bytes: usize, seed: u64) -> Self {
        Self::new(noise(bytes, seed))
    }

    /// An object of these bytes.
    pub fn new(body: Vec<u8>) -> Self {
        Self {
            name: HEXLOWER.encode(&Sha256::digest(&body)),
            body,
        }
    }
}

/// Bytes that nothing compresses, the same for the same seed (xorshift64*).
fn noise(bytes: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut noise = Vec::with_capacity(bytes + 8);
    while noise.len() < bytes {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        noise.extend(state.wrapping_mul(0x2545_F491_4F6C_DD1D).to_le_bytes());
    }
    noise.truncate(bytes);
    noise
}

/// Makes a folder of files of so many KiB each.
pub fn tree(folder: &Path, kib: &[usize], seed: u64) {
    fs::create_dir_all(folder.join("below")).unwrap();
    for (number, size) in (0u64..).zip(kib) {
        let name = if number % 2 == 0 { "a" } else { "below/b" };
        let bytes = noise(size * 1024, seed * 1000 + number);
        fs::write(folder.join(format!("{name}{number}")), bytes).unwrap();
    }
}

/// Every file below a folder, as paths from there, in order.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        // A folder that goes away meanwhile has no files.
        let Ok(entries) = fs::read_dir(&next) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_path_buf());
            }
        }
    }
    found.sort();
    found
}
