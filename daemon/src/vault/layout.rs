//! Making a repository's folders, so that they are whole and durable or can be completed.

use std::{ffi::CStr, io, os::fd::OwnedFd};

use nix::{dir::Dir, errno::Errno};

use super::{
    Kind, Location, RepoFolder, Repository, VaultError, beneath,
    error::{at, blocking},
    remove::is_dots,
};

impl Location {
    /// Makes a new repository's folders, or completes them after a crash; durable when it returns. A folder that holds more than a
    /// crash can have left of that is somebody's repository: it is not taken over.
    ///
    /// # Errors
    /// [`VaultError::FolderTaken`], and nothing is made; [`VaultError::LocationUnavailable`], [`VaultError::Foreign`] if something
    /// else stands in a folder's place, [`VaultError::DiskFull`], [`VaultError::Io`].
    pub async fn create_repository(&self, folder: &RepoFolder) -> Result<Repository, VaultError> {
        let (location, folder) = (self.clone(), folder.clone());
        blocking(move || {
            let _growing = location.growing();
            let root = location.root()?;
            let mut chain = make_chain(&root, folder.segments())?;
            let Some(top) = chain.pop() else {
                return Err(VaultError::FolderGone(folder));
            };
            if !is_bare(&top).map_err(at("look into", &folder))? {
                return Err(VaultError::FolderTaken(folder));
            }
            make_kinds(&top).map_err(at("make", &folder))?;
            beneath::sync_folder(&top).map_err(at("sync", &folder))?;
            sync_chain(&root, &chain)?;
            Ok(Repository::new(location.clone(), folder, top))
        })
        .await
    }
}

/// Makes and opens each folder beneath the one before. The caller syncs them all, because an earlier try may have been cut short
/// between making and syncing.
pub(super) fn make_chain<'a>(
    root: &OwnedFd,
    segments: impl Iterator<Item = &'a str>,
) -> Result<Vec<OwnedFd>, VaultError> {
    let mut chain: Vec<OwnedFd> = Vec::new();
    for segment in segments {
        let next = beneath::ensure_folder(chain.last().unwrap_or(root), segment);
        chain.push(next.map_err(at("make", segment))?);
    }
    Ok(chain)
}

/// Syncs the folders of a chain from the deepest up to the location's own.
pub(super) fn sync_chain(root: &OwnedFd, chain: &[OwnedFd]) -> Result<(), VaultError> {
    for folder in chain.iter().rev().chain([root]) {
        beneath::sync_folder(folder).map_err(at("sync", "the folders above a repository"))?;
    }
    Ok(())
}

/// The folder of an object, made if an imported tree lacks it; durable when it returns.
pub(super) fn ensure_object_folder(repository: &OwnedFd, path: &str) -> nix::Result<OwnedFd> {
    match beneath::open_folder(repository, path) {
        Err(Errno::ENOENT) => {}
        answer => return answer,
    }
    let Some((kind, sub)) = path.split_once('/') else {
        let made = beneath::ensure_folder(repository, path)?;
        beneath::sync_folder(repository)?;
        return Ok(made);
    };
    let above = beneath::ensure_folder(repository, kind)?;
    let made = beneath::ensure_folder(&above, sub)?;
    beneath::sync_folder(&above)?;
    beneath::sync_folder(repository)?;
    Ok(made)
}

/// Whether a folder holds nothing but what [`make_kinds`] makes. Nothing is uploaded before that is done, so what holds more is no
/// repository that is just being made.
fn is_bare(top: &OwnedFd) -> io::Result<bool> {
    every(top, |name| match name.to_str().ok().and_then(Kind::parse) {
        Some(Kind::Data) => holds_only(top, name, |data, first| {
            holds_only(data, first, |_, _| Ok(false))
        }),
        Some(_) => holds_only(top, name, |_, _| Ok(false)),
        None => Ok(false),
    })
}

/// Whether a name is a folder's in which every entry passes.
fn holds_only(
    above: &OwnedFd,
    name: &CStr,
    pass: impl Fn(&OwnedFd, &CStr) -> io::Result<bool>,
) -> io::Result<bool> {
    match beneath::open_folder(above, name) {
        Ok(folder) => every(&folder, |name| pass(&folder, name)),
        Err(Errno::ENOTDIR | Errno::ELOOP) => Ok(false),
        Err(other) => Err(other.into()),
    }
}

fn every(folder: &OwnedFd, pass: impl Fn(&CStr) -> io::Result<bool>) -> io::Result<bool> {
    for entry in Dir::from_fd(folder.try_clone()?)?.iter() {
        let entry = entry?;
        if !is_dots(entry.file_name()) && !pass(entry.file_name())? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn make_kinds(repository: &OwnedFd) -> nix::Result<()> {
    for kind in Kind::ALL {
        let made = beneath::ensure_folder(repository, kind.as_str())?;
        if kind == Kind::Data {
            for first in 0..=u8::MAX {
                beneath::make_folder(&made, &format!("{first:02x}"))?;
            }
        }
        beneath::sync_folder(made)?;
    }
    Ok(())
}
