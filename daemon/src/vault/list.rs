//! Listing a repository's objects batch by batch: no thread and no more than two batches are held, however slow the reader is.

use std::os::fd::OwnedFd;

use nix::{
    dir::{Dir, OwningIter},
    errno::Errno,
    fcntl::AtFlags,
    sys::stat::{SFlag, fstatat},
};
use tokio::task::JoinHandle;

use super::{
    Kind, ObjectName, Repository, VaultError,
    error::{at, blocking, joined},
};

/// Objects in one batch at most.
const BATCH: usize = 1024;

type Batch = Vec<(ObjectName, u64)>;

/// The objects of one kind, still being read.
#[derive(Debug)]
pub struct Listing {
    ready: Option<Batch>,
    ahead: Option<JoinHandle<Result<Step, VaultError>>>,
}

#[derive(Debug)]
struct Step {
    batch: Option<Batch>,
    walker: Walker,
}

/// Walks the folders of one kind.
#[derive(Debug)]
struct Walker {
    repository: Repository,
    kind: Kind,
    /// The number of the next folder to open: 256 of `data/`, one of any other kind.
    next: u16,
    current: Option<Current>,
}

#[derive(Debug)]
struct Current {
    folder: OwnedFd,
    entries: OwningIter,
    path: String,
    /// In a subfolder of `data/`: the first byte that its objects' names must have.
    first: Option<u8>,
}

impl Listing {
    pub(super) async fn begin(repository: Repository, kind: Kind) -> Result<Listing, VaultError> {
        let walker = Walker::new(repository, kind);
        let step = blocking(move || walker.step()).await?;
        let mut listing = Listing {
            ready: None,
            ahead: None,
        };
        listing.ready = listing.advance(step);
        Ok(listing)
    }

    /// The next batch of names and sizes in bytes, never empty; `None` at the end, and after an error.
    ///
    /// # Errors
    /// As [`Repository::list`]: the list so far is not the whole.
    pub async fn next(&mut self) -> Option<Result<Vec<(ObjectName, u64)>, VaultError>> {
        if let Some(batch) = self.ready.take() {
            return Some(Ok(batch));
        }
        // Awaited in its place, so that a caller who stops waiting loses no batch.
        let outcome = joined(self.ahead.as_mut()?.await);
        self.ahead = None;
        match outcome {
            Ok(step) => self.advance(step).map(Ok),
            Err(error) => Some(Err(error)),
        }
    }

    fn advance(&mut self, step: Step) -> Option<Batch> {
        let batch = step.batch?;
        self.ahead = Some(tokio::task::spawn_blocking(move || step.walker.step()));
        Some(batch)
    }
}

impl Walker {
    fn new(repository: Repository, kind: Kind) -> Walker {
        Walker {
            repository,
            kind,
            next: 0,
            current: None,
        }
    }

    fn step(mut self) -> Result<Step, VaultError> {
        Ok(Step {
            batch: self.next_batch()?,
            walker: self,
        })
    }

    /// The next names and sizes; `None` at the end.
    fn next_batch(&mut self) -> Result<Option<Batch>, VaultError> {
        let mut batch = Vec::new();
        while batch.len() < BATCH {
            if self.current.is_none() && !self.open_next()? {
                break;
            }
            let Some(current) = &mut self.current else {
                continue;
            };
            match current.entries.next() {
                None => self.current = None,
                Some(entry) => {
                    let found = entry.and_then(|entry| current.object(entry.file_name()));
                    batch.extend(found.map_err(at("read", self.repository.shown(&current.path)))?);
                }
            }
        }
        Ok(Some(batch).filter(|batch| !batch.is_empty()))
    }

    /// Opens the next folder; false if there is none. One that an imported tree lacks is passed over.
    fn open_next(&mut self) -> Result<bool, VaultError> {
        let (first, path) = match (self.kind, u8::try_from(self.next)) {
            (Kind::Data, Ok(first)) => (Some(first), format!("data/{first:02x}")),
            (flat, Ok(0)) => (None, flat.as_str().to_owned()),
            _ => return Ok(false),
        };
        self.next += 1;
        let folder = match super::beneath::open_folder(&self.repository, &*path) {
            Err(Errno::ENOENT) => return Ok(true),
            answer => answer.map_err(at("open", self.repository.shown(&path)))?,
        };
        // A second descriptor: reading the entries takes one over.
        let entries = folder
            .try_clone()
            .and_then(|copy| Ok(Dir::from_fd(copy)?.into_iter()))
            .map_err(at("read", self.repository.shown(&path)))?;
        self.current = Some(Current {
            folder,
            entries,
            path,
            first,
        });
        Ok(true)
    }
}

impl Current {
    /// The object that an entry is, unless it is a stray name, no plain file, or gone again.
    fn object(&self, entry: &std::ffi::CStr) -> nix::Result<Option<(ObjectName, u64)>> {
        let name = ObjectName::from_digits(entry.to_bytes())
            .filter(|name| self.first.is_none_or(|first| name.as_bytes()[0] == first));
        let Some(name) = name else {
            return Ok(None);
        };
        let found = match fstatat(&self.folder, entry, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Err(Errno::ENOENT) => return Ok(None),
            answer => answer?,
        };
        let plain = SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT == SFlag::S_IFREG;
        Ok(u64::try_from(found.st_size)
            .ok()
            .filter(|_| plain)
            .map(|size| (name, size)))
    }
}
