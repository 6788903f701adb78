//! Reading an object in pieces, one read ahead, without holding a thread between them.

use std::{fs::File, io, ops::Range, os::unix::fs::FileExt, sync::Arc};

use bytes::Bytes;
use tokio::task::JoinHandle;

/// Bytes in one piece at most; smaller ones cost noticeably more CPU for each GiB.
const PIECE: u64 = 256 * 1024;

/// An open object. It stays readable when the object is deleted meanwhile.
#[derive(Debug, Clone)]
pub struct Reader {
    file: Arc<File>,
    len: u64,
}

/// A range of an object, on its way.
#[derive(Debug)]
pub struct Chunks {
    file: Arc<File>,
    left: Range<u64>,
    ahead: Option<JoinHandle<io::Result<Bytes>>>,
}

impl Reader {
    pub(super) fn new(file: File, len: u64) -> Reader {
        Reader {
            file: Arc::new(file),
            len,
        }
    }

    /// The object's size in bytes.
    #[expect(
        clippy::len_without_is_empty,
        reason = "nobody asks an object whether it is empty"
    )]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// The bytes of `range`, which the caller keeps within [`Reader::len`]; beyond it reading fails.
    pub fn chunks(&self, range: Range<u64>) -> Chunks {
        Chunks {
            file: self.file.clone(),
            left: range,
            ahead: None,
        }
    }
}

impl Chunks {
    /// The next piece, of at most 256 KiB; `None` when the range is complete, and after an error.
    ///
    /// # Errors
    /// What the disk answered; [`io::ErrorKind::UnexpectedEof`] if the file ends within the range.
    pub async fn next(&mut self) -> Option<io::Result<Bytes>> {
        if self.ahead.is_none() {
            self.ahead = self.read_ahead();
        }
        // Awaited in its place, so that a caller who stops waiting loses no piece.
        let outcome = self.ahead.as_mut()?.await;
        let piece = outcome.unwrap_or_else(|lost| Err(io::Error::other(lost)));
        if piece.is_err() {
            self.left.end = self.left.start;
        }
        self.ahead = self.read_ahead();
        Some(piece)
    }

    fn read_ahead(&mut self) -> Option<JoinHandle<io::Result<Bytes>>> {
        if self.left.is_empty() {
            return None;
        }
        let (file, from) = (self.file.clone(), self.left.start);
        let size = PIECE.min(self.left.end - from);
        self.left.start += size;
        Some(tokio::task::spawn_blocking(move || {
            // At most 256 KiB, so the cast is exact.
            let mut piece = vec![0; size as usize];
            file.read_exact_at(&mut piece, from)?;
            Ok(Bytes::from(piece))
        }))
    }
}
