//! Receiving an object: hashed on the way, written in batches, and given its name only when it is whole and durable.
//!
//! Pieces are collected while the batch before them is hashed and written on a blocking thread: one batch is in flight and one
//! being collected, and no thread is held while a throttled client sends nothing.

use std::mem;

use bytes::Bytes;
use tokio::task::JoinHandle;

use super::{
    ObjectName, Repository, VaultError,
    error::{blocking, joined},
    sink::Sink,
};

/// Bytes that are collected before they are written, unless [`Upload::set_batch`] says less.
const MAX_BATCH: usize = 1024 * 1024;
/// Pieces in one batch at most: what one vectored write takes, and a bound for bodies that come in crumbs.
const MAX_PIECES: usize = 1024;

/// An object on its way in. Dropping it at any point leaves nothing behind.
#[derive(Debug)]
pub struct Upload {
    state: State,
    pieces: Vec<Bytes>,
    collected: usize,
    batch: usize,
    received: u64,
    expected: u64,
    writes: bool,
}

/// How an upload ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finished {
    /// The object is new, and durable.
    Stored,
    /// An object of that name and size was there, and is durable; nothing was added.
    AlreadyThere,
}

#[derive(Debug)]
enum State {
    Idle(Box<Sink>),
    Busy(JoinHandle<Result<Box<Sink>, VaultError>>),
    Failed,
}

impl Upload {
    /// Looks the location and the repository up afresh, since both may have gone since they were opened.
    pub(super) async fn begin(
        repository: &Repository,
        folder: String,
        name: Option<ObjectName>,
        expected: u64,
    ) -> Result<Upload, VaultError> {
        let repository = repository.clone();
        let sink = blocking(move || Sink::begin(&repository, &folder, name, expected)).await?;
        Ok(Upload {
            writes: sink.writes(),
            state: State::Idle(sink),
            pieces: Vec::new(),
            collected: 0,
            batch: MAX_BATCH,
            received: 0,
            expected,
        })
    }

    /// Whether the bytes will be written; false if they are only hashed, because an object of that name and size is there.
    pub fn needs_space(&self) -> bool {
        self.writes
    }

    /// Bytes taken so far.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Writes as soon as so many bytes have been collected (1 byte to 1 MiB, the default): small for a throttled client.
    pub fn set_batch(&mut self, bytes: usize) {
        self.batch = bytes.clamp(1, MAX_BATCH);
    }

    /// Takes a piece of the body; waits if the batch before is still being written. A piece is taken even if the caller stops waiting.
    ///
    /// # Errors
    /// [`VaultError::LongBody`], [`VaultError::DiskFull`], [`VaultError::Io`]; after any of them the upload is over and nothing of it
    /// is left.
    pub async fn write(&mut self, piece: Bytes) -> Result<(), VaultError> {
        self.received = self.received.saturating_add(piece.len() as u64);
        if self.received > self.expected {
            self.abandon().await;
            return Err(VaultError::LongBody {
                expected: self.expected,
            });
        }
        if !piece.is_empty() {
            self.collected += piece.len();
            self.pieces.push(piece);
        }
        if self.collected < self.batch && self.pieces.len() < MAX_PIECES {
            return Ok(());
        }
        let mut sink = self.settle().await?;
        let pieces = mem::take(&mut self.pieces);
        self.collected = 0;
        self.state = State::Busy(tokio::task::spawn_blocking(move || {
            match sink.take(&pieces) {
                Ok(()) => Ok(sink),
                Err(error) => {
                    sink.discard();
                    Err(error)
                }
            }
        }));
        Ok(())
    }

    /// Checks length and hash, makes the object durable and gives it its name. On an error nothing of it is left.
    ///
    /// The work goes on if the caller stops waiting, and then may store the object: whoever counts bytes waits.
    ///
    /// # Errors
    /// [`VaultError::ShortBody`], [`VaultError::HashMismatch`], [`VaultError::ConfigExists`], [`VaultError::Damaged`] if another size is
    /// stored under the name, [`VaultError::Vanished`], [`VaultError::Unsynced`] (then it is there all the same), [`VaultError::DiskFull`], [`VaultError::Io`].
    pub async fn finish(mut self) -> Result<Finished, VaultError> {
        let mut sink = self.settle().await?;
        let pieces = mem::take(&mut self.pieces);
        let received = self.received;
        blocking(move || {
            let outcome = sink.finish(&pieces, received);
            sink.discard();
            outcome
        })
        .await
    }

    /// Gives the upload up; nothing of it is left when this returns. Dropping does the same a little later.
    pub async fn abort(mut self) {
        self.abandon().await;
    }

    async fn abandon(&mut self) {
        if let Ok(sink) = self.settle().await {
            // It fails only when the runtime is going down, and then the file goes with it.
            let _ = blocking(move || {
                sink.discard();
                Ok(())
            })
            .await;
        }
    }

    /// Waits for the batch in flight and hands the sink out; the state is `Failed` until it is put back.
    async fn settle(&mut self) -> Result<Box<Sink>, VaultError> {
        if let State::Busy(task) = &mut self.state {
            // Awaited in its place, so that a caller who stops waiting loses nothing.
            let outcome = joined(task.await);
            self.state = State::Failed;
            return outcome;
        }
        match mem::replace(&mut self.state, State::Failed) {
            State::Idle(sink) => Ok(sink),
            State::Busy(_) | State::Failed => Err(VaultError::UploadFailed),
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let State::Busy(task) = &self.state {
            // A batch that no thread has begun is not worth writing; one in flight removes the file at its end.
            task.abort();
        }
    }
}
