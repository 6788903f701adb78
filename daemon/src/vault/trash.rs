//! The trash of a location: removed folders, restorable until they are emptied.

use std::{
    io::{
        self,
        ErrorKind::{AlreadyExists, DirectoryNotEmpty},
    },
    os::fd::OwnedFd,
};

use nix::{
    dir::Dir,
    errno::Errno,
    unistd::{UnlinkatFlags, unlinkat},
};

use super::{
    Holding, Location, RepoFolder, Repository, VaultError, beneath,
    error::{at, blocking},
    folder::plain,
    layout::{make_chain, sync_chain},
    location::TRASH,
    remove::remove_tree,
    repository::open_top,
};

/// Marks what is being emptied: no longer restorable, because part of it may be gone.
const EMPTYING: &str = ".emptying-";

/// Something in the trash.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trashed {
    /// The name that it was given.
    pub name: String,
    /// Emptying has begun and was cut short; [`Location::empty_trash`] goes on with it.
    pub emptying: bool,
}

/// The name that a schedule's folder has in the trash: of the trash's item, and of the schedule.
#[must_use]
pub fn trash_name(item: u64, schedule: u64) -> String {
    format!("{item}-{schedule}")
}

impl Location {
    /// Moves a folder, a repository or a whole client or customer, to the trash, and removes the folders above it that are empty then.
    /// `trash_name` is a plain folder name of at most 200 bytes.
    ///
    /// # Errors
    /// [`VaultError::FolderGone`]; [`VaultError::Exists`] if the name is taken; [`VaultError::BadName`];
    /// [`VaultError::LocationUnavailable`], [`VaultError::Foreign`], [`VaultError::Io`].
    pub async fn trash(&self, folder: &RepoFolder, trash_name: &str) -> Result<(), VaultError> {
        trash_name_rules(trash_name)?;
        let (location, folder, name) = (self.clone(), folder.clone(), trash_name.to_owned());
        blocking(move || {
            let _moving = location.moving();
            let root = location.root()?;
            // Opening it first refuses a link or a file in its place.
            open_top(&root, &folder)?;
            let above = match folder.parent() {
                Some(parent) => open_top(&root, &parent)?,
                None => root.try_clone().map_err(at("open", &folder))?,
            };
            let trash = location.own_folder(&root, TRASH)?;
            moved(
                beneath::move_folder(&above, folder.leaf(), &trash, &name),
                &format!("{name:?} in the trash"),
            )?;
            beneath::sync_folder(&trash).map_err(at("sync", TRASH))?;
            beneath::sync_folder(&above).map_err(at("sync the folder above", &folder))?;
            if let Err(error) = remove_empty_parents(&root, &folder) {
                // The folder is in the trash; an empty one left behind does no harm.
                tracing::warn!(%folder, %error, "empty folders stay above a trashed one");
            }
            Ok(())
        })
        .await
    }

    /// The sum of the sizes of all files that count of a repository in the trash; `None` if it isn't there. `folder` is where
    /// it was, for messages.
    ///
    /// # Errors
    /// [`VaultError::LocationUnavailable`], [`VaultError::BadName`], [`VaultError::Foreign`], [`VaultError::Io`].
    pub async fn used_in_trash(
        &self,
        trash_name: &str,
        folder: &RepoFolder,
    ) -> Result<Option<Holding>, VaultError> {
        trash_name_rules(trash_name)?;
        let (location, folder, name) = (self.clone(), folder.clone(), trash_name.to_owned());
        let found = blocking(move || {
            let trash = location.own_folder(&location.root()?, TRASH)?;
            match beneath::open_folder(&trash, &*name) {
                Err(Errno::ENOENT) => Ok(None),
                Ok(fd) => Ok(Some(Repository::new(location, folder, fd))),
                Err(error) => Err(at("open in the trash", &name)(error)),
            }
        });
        match found.await? {
            Some(repository) => repository.used().await.map(Some),
            None => Ok(None),
        }
    }

    /// Moves something from the trash back to `folder`, making the folders above it.
    ///
    /// # Errors
    /// [`VaultError::NotInTrash`], also if its emptying has begun; [`VaultError::Exists`] if something is at `folder`; else as
    /// [`Location::trash`].
    pub async fn restore_from_trash(
        &self,
        trash_name: &str,
        folder: &RepoFolder,
    ) -> Result<(), VaultError> {
        trash_name_rules(trash_name)?;
        let (location, folder, name) = (self.clone(), folder.clone(), trash_name.to_owned());
        blocking(move || {
            let _moving = location.moving();
            let root = location.root()?;
            let trash = location.own_folder(&root, TRASH)?;
            match beneath::open_folder(&trash, &*name) {
                Err(Errno::ENOENT) => return Err(VaultError::NotInTrash(name)),
                answer => drop(answer.map_err(at("open in the trash", &name))?),
            }
            let parent = folder.parent();
            let segments = parent.iter().flat_map(|parent| parent.segments());
            let chain = make_chain(&root, segments)?;
            let above = chain.last().unwrap_or(&root);
            moved(
                beneath::move_folder(&trash, &name, above, folder.leaf()),
                folder.as_str(),
            )?;
            sync_chain(&root, &chain)?;
            beneath::sync_folder(&trash).map_err(at("sync", TRASH))
        })
        .await
    }

    /// Removes something in the trash for good. What was cut short goes on where it stopped; what isn't there is no error.
    ///
    /// # Errors
    /// [`VaultError::LocationUnavailable`], [`VaultError::BadName`], [`VaultError::Foreign`], [`VaultError::Io`].
    pub async fn empty_trash(&self, trash_name: &str) -> Result<(), VaultError> {
        trash_name_rules(trash_name)?;
        let (location, name) = (self.clone(), trash_name.to_owned());
        blocking(move || {
            let trash = location.own_folder(&location.root()?, TRASH)?;
            let doomed = format!("{EMPTYING}{name}");
            remove_tree(&trash, &doomed).map_err(at("empty from the trash", &name))?;
            match beneath::move_folder(&trash, &name, &trash, &doomed) {
                Err(e) if e.raw_os_error() == Some(Errno::ENOENT as i32) => {}
                answer => {
                    answer.map_err(at("empty from the trash", &name))?;
                    beneath::sync_folder(&trash).map_err(at("sync", TRASH))?;
                    remove_tree(&trash, &doomed).map_err(at("empty from the trash", &name))?;
                }
            }
            beneath::sync_folder(&trash).map_err(at("sync", TRASH))
        })
        .await
    }

    /// What is in the trash, sorted by name.
    ///
    /// # Errors
    /// [`VaultError::LocationUnavailable`], [`VaultError::Foreign`], [`VaultError::Io`].
    pub async fn list_trash(&self) -> Result<Vec<Trashed>, VaultError> {
        let location = self.clone();
        blocking(move || {
            let trash = location.own_folder(&location.root()?, TRASH)?;
            let mut found = Vec::new();
            for entry in Dir::from_fd(trash).map_err(at("read", TRASH))? {
                let entry = entry.map_err(at("read", TRASH))?;
                let Ok(name) = entry.file_name().to_str() else {
                    continue;
                };
                let (name, emptying) = match name.strip_prefix(EMPTYING) {
                    Some(name) => (name, true),
                    None => (name, false),
                };
                if trash_name_rules(name).is_ok() {
                    found.push(Trashed {
                        name: name.to_owned(),
                        emptying,
                    });
                }
            }
            found.sort();
            Ok(found)
        })
        .await
    }
}

/// Removes the folders above a moved one, as far as they are empty. A crash in between leaves empty folders, which do no harm.
fn remove_empty_parents(root: &OwnedFd, folder: &RepoFolder) -> Result<(), VaultError> {
    let mut next = folder.parent();
    while let Some(empty) = next {
        next = empty.parent();
        let above = match &next {
            Some(parent) => open_top(root, parent)?,
            None => root.try_clone().map_err(at("open", &empty))?,
        };
        match unlinkat(&above, empty.leaf(), UnlinkatFlags::RemoveDir) {
            Ok(()) => beneath::sync_folder(&above).map_err(at("sync the folder above", &empty))?,
            Err(Errno::ENOTEMPTY | Errno::EEXIST | Errno::ENOENT) => break,
            Err(other) => return Err(at("remove", &empty)(other)),
        }
    }
    Ok(())
}

fn moved(answer: io::Result<()>, to: &str) -> Result<(), VaultError> {
    match answer {
        Err(e) if matches!(e.kind(), AlreadyExists | DirectoryNotEmpty) => {
            Err(VaultError::Exists(to.to_owned()))
        }
        answer => answer.map_err(at("move to", to)),
    }
}

fn trash_name_rules(name: &str) -> Result<(), VaultError> {
    plain(name)?;
    if name.len() > 200 {
        return Err(VaultError::BadName {
            name: name.chars().take(80).collect(),
            why: "a name in the trash has at most 200 bytes",
        });
    }
    Ok(())
}
