//! Bytes that neither compress nor repeat, the same in every run.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::Trouble;

/// Files that the bytes are spread over: restic reads more than one at a time.
const FILES: u64 = 4;

/// A stream of bytes (splitmix64), told apart by its seed.
pub struct Noise(u64);

impl Noise {
    /// The stream of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        // Far apart, so that the streams of two small seeds don't meet.
        Self(seed.wrapping_mul(0xd134_2543_de82_ef95))
    }

    /// Fills all of it.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Makes the folder with so many MiB of files in it.
///
/// # Errors
/// When the disk is full, or the folder can't be made.
pub fn files(folder: &Path, mebibytes: u64) -> Result<(), Trouble> {
    let write = || {
        fs::create_dir(folder)?;
        let mut block = vec![0; 1 << 20];
        for number in 0..FILES {
            let mut noise = Noise::new(number + 1);
            let path = folder.join(format!("file{number}"));
            let mut file = BufWriter::new(File::create(path)?);
            for _ in 0..mebibytes.div_ceil(FILES) {
                noise.fill(&mut block);
                file.write_all(&block)?;
            }
            file.flush()?;
        }
        Ok(())
    };
    write().map_err(Trouble::system(format!(
        "{mebibytes} MiB of files in {} (TMPDIR names another place)",
        folder.display()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_streams_share_no_block() {
        let (mut one, mut other) = ([0; 4096], [0; 4096]);
        Noise::new(1).fill(&mut one);
        Noise::new(2).fill(&mut other);
        assert!(one.chunks(8).all(|c| !other.chunks(8).any(|d| c == d)));
    }
}
