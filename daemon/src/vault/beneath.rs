//! The system calls of this room, confined: every name is resolved beneath an open folder, and no link is followed.

use std::{
    fs::File,
    io,
    os::fd::{AsFd, OwnedFd},
};

use nix::{
    NixPath,
    errno::Errno,
    fcntl::{OFlag, OpenHow, RenameFlags, ResolveFlag, openat2, renameat, renameat2},
    sys::stat::{Mode, mkdirat},
    unistd::{UnlinkatFlags, unlinkat},
};

/// What a name beneath a folder stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// A plain file of so many bytes.
    File(u64),
    /// A folder, a link, a device.
    Other,
}

/// Opens `path` beneath `folder`; a symbolic link anywhere in it is `ELOOP`, a way out of the folder `EXDEV`.
pub(super) fn open<P: ?Sized + NixPath>(
    folder: impl AsFd,
    path: &P,
    flags: OFlag,
) -> nix::Result<OwnedFd> {
    let mode = if flags.contains(OFlag::O_CREAT) {
        Mode::S_IRUSR | Mode::S_IWUSR
    } else {
        Mode::empty()
    };
    let how = OpenHow::new()
        .flags(flags | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW)
        .mode(mode)
        .resolve(
            ResolveFlag::RESOLVE_BENEATH
                | ResolveFlag::RESOLVE_NO_SYMLINKS
                | ResolveFlag::RESOLVE_NO_MAGICLINKS,
        );
    loop {
        match openat2(&folder, path, how) {
            Err(Errno::EINTR) => {}
            answer => return answer,
        }
    }
}

/// Opens a folder beneath `folder`.
pub(super) fn open_folder<P: ?Sized + NixPath>(
    folder: impl AsFd,
    path: &P,
) -> nix::Result<OwnedFd> {
    open(folder, path, OFlag::O_RDONLY | OFlag::O_DIRECTORY)
}

/// Opens a plain file for reading with its size; `None` if nothing is there, `ELOOP` if it is no plain file.
pub(super) fn open_file<P: ?Sized + NixPath>(
    folder: impl AsFd,
    path: &P,
) -> io::Result<Option<(File, u64)>> {
    // Non-blocking, so that a planted pipe can't hold the thread.
    let file = match open(folder, path, OFlag::O_RDONLY | OFlag::O_NONBLOCK) {
        Ok(fd) => File::from(fd),
        Err(Errno::ENOENT) => return Ok(None),
        // What opening a socket or a device without a driver answers.
        Err(Errno::ENXIO | Errno::ENODEV) => return Err(Errno::ELOOP.into()),
        Err(other) => return Err(other.into()),
    };
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(Errno::ELOOP.into());
    }
    Ok(Some((file, found.len())))
}

/// What is at `path` beneath `folder`, without opening it.
pub(super) fn look<P: ?Sized + NixPath>(folder: impl AsFd, path: &P) -> io::Result<Found> {
    match open(folder, path, OFlag::O_PATH) {
        Ok(fd) => {
            let found = File::from(fd).metadata()?;
            Ok(if found.is_file() {
                Found::File(found.len())
            } else {
                Found::Other
            })
        }
        Err(Errno::ENOENT) => Ok(Found::Nothing),
        Err(other) => Err(other.into()),
    }
}

/// Makes the folder `name` in `folder` unless it is there, and opens it. The caller syncs `folder`.
pub(super) fn ensure_folder(folder: impl AsFd, name: &str) -> nix::Result<OwnedFd> {
    make_folder(&folder, name)?;
    open_folder(folder, name)
}

/// Makes the folder `name` in `folder` unless that name is taken. The caller syncs `folder`.
pub(super) fn make_folder(folder: impl AsFd, name: &str) -> nix::Result<()> {
    match mkdirat(folder, name, Mode::S_IRWXU) {
        Ok(()) | Err(Errno::EEXIST) => Ok(()),
        Err(other) => Err(other),
    }
}

/// Moves a folder; `EEXIST` if the new name is taken.
pub(super) fn move_folder(
    from: impl AsFd,
    name: &str,
    to: impl AsFd,
    new_name: &str,
) -> io::Result<()> {
    match renameat2(&from, name, &to, new_name, RenameFlags::RENAME_NOREPLACE) {
        // A file system without the flag (NFS): the caller lets nobody else move folders meanwhile.
        Err(Errno::EINVAL | Errno::ENOSYS) => match look(&to, new_name)? {
            Found::Nothing => Ok(renameat(from, name, to, new_name)?),
            _ => Err(Errno::EEXIST.into()),
        },
        answer => Ok(answer?),
    }
}

/// Removes the file's name; false if it wasn't there. A link is removed itself, never followed.
pub(super) fn unlink<P: ?Sized + NixPath>(folder: impl AsFd, name: &P) -> nix::Result<bool> {
    match unlinkat(folder, name, UnlinkatFlags::NoRemoveDir) {
        Ok(()) => Ok(true),
        Err(Errno::ENOENT) => Ok(false),
        Err(other) => Err(other),
    }
}

/// Removes a plain file and says how many bytes it had; `None` if nothing is there, `ELOOP` if it is no plain file. The
/// caller lets nobody else remove one of the folder meanwhile. Its blocks are given back when the result is dropped.
pub(super) fn remove_file(folder: impl AsFd, name: &str) -> io::Result<Option<(File, u64)>> {
    let file = match open(&folder, name, OFlag::O_PATH) {
        Ok(fd) => File::from(fd),
        Err(Errno::ENOENT) => return Ok(None),
        Err(other) => return Err(other.into()),
    };
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(Errno::ELOOP.into());
    }
    let was_there = unlink(&folder, name)?;
    Ok(was_there.then_some((file, found.len())))
}

/// Makes the names in a folder durable: the one place to gather several callers into one sync.
pub(super) fn sync_folder(folder: impl AsFd) -> nix::Result<()> {
    nix::unistd::fsync(folder)
}
