//! The part of an upload that blocking threads work on: hashing, writing, and giving the object its name.

use std::{
    io, mem,
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::{
    Finished, ObjectName, Repository, VaultError,
    beneath::{self, Found},
    error::at,
    layout::ensure_object_folder,
    location::INCOMING,
    repository::{CONFIG, open_top},
    temporary::Temporary,
};

/// An object between its first byte and its name; whoever holds it alone works on it.
#[derive(Debug)]
pub(super) struct Sink {
    target: Target,
    hash: Sha256,
    expected: u64,
    /// False if an object of this name and size was there at the start: then the bytes are only hashed.
    writes: bool,
    temporary: Option<Temporary>,
}

/// The name that the object is to get.
#[derive(Debug)]
struct Target {
    folder: OwnedFd,
    incoming: Arc<OwnedFd>,
    file: String,
    /// What the content must hash to; `config` has no such rule, and is never there twice.
    name: Option<ObjectName>,
    shown: String,
}

impl Sink {
    /// Looks the location and the repository up afresh, since both may have gone since they were opened. An empty `folder` is the
    /// repository itself, no `name` means `config`.
    pub(super) fn begin(
        repository: &Repository,
        folder: &str,
        name: Option<ObjectName>,
        expected: u64,
    ) -> Result<Box<Sink>, VaultError> {
        let location = repository.location();
        let root = location.root()?;
        let top = open_top(&root, repository.folder())?;
        let file = name.map_or_else(|| CONFIG.to_owned(), |name| name.to_string());
        let (opened, shown) = if folder.is_empty() {
            (top, repository.shown(&file))
        } else {
            let opened =
                ensure_object_folder(&top, folder).map_err(at("open", repository.shown(folder)))?;
            (opened, repository.shown(&format!("{folder}/{file}")))
        };
        let target = Target {
            folder: opened,
            incoming: Arc::new(location.own_folder(&root, INCOMING)?),
            file,
            name,
            shown,
        };
        let there = target.size()?;
        if name.is_none() && there.is_some() {
            return Err(VaultError::ConfigExists);
        }
        Ok(Box::new(Sink {
            target,
            hash: Sha256::new(),
            expected,
            writes: there != Some(expected),
            temporary: None,
        }))
    }

    /// False if the bytes are only hashed.
    pub(super) fn writes(&self) -> bool {
        self.writes
    }

    /// Hashes the pieces, and writes them unless the object is there.
    pub(super) fn take(&mut self, pieces: &[Bytes]) -> Result<(), VaultError> {
        if self.target.name.is_some() {
            for piece in pieces {
                self.hash.update(piece);
            }
        }
        if self.writes && !pieces.is_empty() {
            let shown = self.target.shown.clone();
            let written = self.temporary().and_then(|file| file.write(pieces));
            written.map_err(at("write", shown))?;
        }
        Ok(())
    }

    /// Takes the last pieces, checks length and hash, and stores the object durably.
    pub(super) fn finish(
        &mut self,
        pieces: &[Bytes],
        received: u64,
    ) -> Result<Finished, VaultError> {
        let expected = self.expected;
        if received < expected {
            return Err(VaultError::ShortBody { expected, received });
        }
        self.take(pieces)?;
        if let Some(name) = self.target.name {
            let hash: [u8; 32] = mem::take(&mut self.hash).finalize().into();
            if ObjectName::from(hash) != name {
                return Err(VaultError::HashMismatch(name));
            }
        }
        if self.writes {
            self.store()
        } else {
            self.target.confirm(expected)?.ok_or_else(|| {
                // Its bytes were not kept, so there is nothing to store in its place.
                VaultError::Vanished(self.target.shown.clone())
            })
        }
    }

    fn store(&mut self) -> Result<Finished, VaultError> {
        let synced = self.temporary().and_then(|file| file.sync());
        synced.map_err(at("write", &self.target.shown))?;
        // More than one turn only if the object that stood in the way is deleted just then.
        for _ in 0..8 {
            let target = &self.target;
            let placed = match &mut self.temporary {
                Some(file) => file.place(&target.folder, &target.file),
                None => Ok(false),
            };
            if placed.map_err(at("store", &target.shown))? {
                return match beneath::sync_folder(&target.folder) {
                    Ok(()) => Ok(Finished::Stored),
                    // It has its name and stays: another upload may have been answered for it already.
                    Err(error) => Err(VaultError::Unsynced {
                        what: format!("sync the folder of {}", target.shown),
                        bytes: self.expected,
                        source: error.into(),
                    }),
                };
            }
            if target.name.is_none() {
                return Err(VaultError::ConfigExists);
            }
            if let Some(finished) = target.confirm(self.expected)? {
                return Ok(finished);
            }
        }
        Err(VaultError::Vanished(self.target.shown.clone()))
    }

    fn temporary(&mut self) -> io::Result<&mut Temporary> {
        let file = match self.temporary.take() {
            Some(file) => file,
            None => Temporary::create(self.target.incoming.clone())?,
        };
        Ok(self.temporary.insert(file))
    }

    /// Removes what was written and not stored, before it returns.
    pub(super) fn discard(self) {
        if let Some(file) = self.temporary {
            file.discard();
        }
    }
}

impl Target {
    /// The size of what has the name already.
    fn size(&self) -> Result<Option<u64>, VaultError> {
        let found = beneath::look(&self.folder, &*self.file);
        match found.map_err(at("look at", &self.shown))? {
            Found::Nothing => Ok(None),
            Found::File(size) => Ok(Some(size)),
            Found::Other => Err(VaultError::Foreign(self.shown.clone())),
        }
    }

    /// Answers for the object that is there with the name our bytes hash to; `None` if it has gone.
    fn confirm(&self, expected: u64) -> Result<Option<Finished>, VaultError> {
        match self.size()? {
            None => Ok(None),
            Some(size) if size == expected => {
                // Whoever stored it may not have come to its sync yet, and this answer is a promise too.
                self.sync()?;
                Ok(Some(Finished::AlreadyThere))
            }
            Some(_) => Err(VaultError::Damaged(self.shown.clone())),
        }
    }

    fn sync(&self) -> Result<(), VaultError> {
        beneath::sync_folder(self.folder.as_fd()).map_err(at("sync the folder of", &self.shown))
    }
}
