//! A file under a temporary name: it gets its real name in one step, or disappears.

use std::{
    fs::File,
    io::{self, IoSlice, Write},
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
};

use bytes::Bytes;
use data_encoding::HEXLOWER;
use nix::{
    errno::Errno,
    fcntl::{AtFlags, OFlag, RenameFlags, renameat2},
    unistd::{fdatasync, linkat},
};

use super::beneath;

/// Ends every temporary name; a sweep removes nothing else.
const ENDING: &str = ".part";

/// A temporary file that is removed when dropped, unless it was placed.
#[derive(Debug)]
pub(super) struct Temporary(Option<Remains>);

#[derive(Debug)]
struct Remains {
    folder: Arc<OwnedFd>,
    name: String,
    file: File,
    placed: bool,
}

impl Temporary {
    /// Creates an empty file, readable by its owner alone, under a random name in `folder`.
    pub(super) fn create(folder: Arc<OwnedFd>) -> io::Result<Temporary> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let name = HEXLOWER.encode(&random) + ENDING;
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL;
        let file = File::from(beneath::open(&folder, &*name, flags)?);
        Ok(Temporary(Some(Remains {
            folder,
            name,
            file,
            placed: false,
        })))
    }

    /// Whether a file of that name is one that [`Temporary::create`] left behind.
    pub(super) fn is_name(name: &[u8]) -> bool {
        name.strip_suffix(ENDING.as_bytes())
            .is_some_and(|stem| stem.len() == 32 && stem.iter().all(u8::is_ascii_hexdigit))
    }

    /// Appends the pieces, without copying them together first.
    pub(super) fn write(&mut self, pieces: &[Bytes]) -> io::Result<()> {
        let mut file = &self.remains()?.file;
        let mut slices: Vec<_> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        let mut left = slices.as_mut_slice();
        IoSlice::advance_slices(&mut left, 0);
        while !left.is_empty() {
            match file.write_vectored(left) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => IoSlice::advance_slices(&mut left, written),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Makes the content durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        Ok(fdatasync(&self.remains()?.file)?)
    }

    /// Gives the file its real name; false, and still temporary, if that name is taken. The caller syncs the folder.
    pub(super) fn place(&mut self, folder: impl AsFd, name: &str) -> io::Result<bool> {
        let remains = self.0.as_mut().ok_or(io::ErrorKind::NotFound)?;
        let flags = RenameFlags::RENAME_NOREPLACE;
        match renameat2(&remains.folder, &*remains.name, &folder, name, flags) {
            Ok(()) => {
                remains.placed = true;
                Ok(true)
            }
            Err(Errno::EEXIST) => Ok(false),
            // A file system without the flag (NFS, some FUSE).
            Err(Errno::EINVAL | Errno::ENOSYS) => self.link(folder, name),
            Err(other) => Err(other.into()),
        }
    }

    /// As [`Temporary::place`], by a second name; the temporary one is removed on drop.
    pub(super) fn link(&self, folder: impl AsFd, name: &str) -> io::Result<bool> {
        let remains = self.remains()?;
        let (from, old) = (&remains.folder, &*remains.name);
        match linkat(from, old, folder, name, AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::EEXIST) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    /// Removes the file here and now; for blocking threads.
    pub(super) fn discard(mut self) {
        drop(self.0.take());
    }

    fn remains(&self) -> io::Result<&Remains> {
        self.0
            .as_ref()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let Some(remains) = self.0.take() else {
            return;
        };
        // Freeing a large file takes milliseconds that no worker should spend. A runtime that is shutting down drops the
        // closure, which removes the file just as well.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || drop(remains))),
            Err(_) => drop(remains),
        }
    }
}

impl Drop for Remains {
    fn drop(&mut self) {
        if self.placed {
            return;
        }
        if let Err(error) = beneath::unlink(&self.folder, &*self.name) {
            tracing::warn!(name = self.name, %error, "a temporary file stays until the next start");
        }
    }
}
