//! Removing a whole tree, link by link: what a symbolic link points to is never touched, and memory does not grow with the tree.

use std::{ffi::CStr, io, os::fd::AsFd};

use nix::{
    NixPath,
    dir::Dir,
    errno::Errno,
    unistd::{UnlinkatFlags, unlinkat},
};

use super::beneath;

/// Folders within folders at most; the vault makes fewer than ten. Each holds two descriptors while it is emptied.
const MAX_DEPTH: usize = 64;

/// Removes `name` in `folder` with everything in it; nothing there is no error. What was cut short is just called again.
pub(super) fn remove_tree(folder: impl AsFd, name: &str) -> io::Result<()> {
    remove(folder.as_fd(), name, MAX_DEPTH)
}

fn remove<P: ?Sized + NixPath>(
    folder: std::os::fd::BorrowedFd<'_>,
    name: &P,
    depth: usize,
) -> io::Result<()> {
    match unlinkat(folder, name, UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(Errno::ENOENT) => return Ok(()),
        Err(Errno::EISDIR | Errno::EPERM) => {}
        Err(other) => return Err(other.into()),
    }
    if depth == 0 {
        return Err(io::Error::other(format!(
            "more than {MAX_DEPTH} folders within folders"
        )));
    }
    let opened = beneath::open_folder(folder, name)?;
    // Some file systems skip entries of a folder that shrinks while it is read, hence again until it is empty.
    loop {
        let mut removed = 0;
        for entry in Dir::from_fd(opened.try_clone()?)?.iter() {
            let entry = entry?;
            if !is_dots(entry.file_name()) {
                remove(opened.as_fd(), entry.file_name(), depth - 1)?;
                removed += 1;
            }
        }
        match unlinkat(folder, name, UnlinkatFlags::RemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => return Ok(()),
            Err(Errno::ENOTEMPTY | Errno::EEXIST) if removed > 0 => {}
            Err(other) => return Err(other.into()),
        }
    }
}

/// Whether an entry is the folder itself or the one above.
pub(super) fn is_dots(name: &CStr) -> bool {
    matches!(name.to_bytes(), b"." | b"..")
}
