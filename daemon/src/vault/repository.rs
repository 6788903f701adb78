//! One repository: looking at, opening and deleting its objects.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::Arc,
};

use nix::errno::Errno;

use super::{
    Kind, Listing, Location, ObjectName, Reader, RepoFolder, Upload, VaultError,
    beneath::{self, Found},
    error::{at, blocking},
    names,
};

/// The one file of a repository that is no object.
pub(super) const CONFIG: &str = "config";

/// An open repository; cheap to clone. It stays on the folder it was opened on; uploads look at its location anew.
#[derive(Debug, Clone)]
pub struct Repository {
    inner: Arc<Inner>,
}

/// What a repository holds, as found on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// Bytes of all objects and `config`.
    pub bytes: u64,
    /// How many of these are data.
    pub data: u64,
}

#[derive(Debug)]
struct Inner {
    location: Location,
    folder: RepoFolder,
    fd: OwnedFd,
}

impl Location {
    /// Opens a repository.
    ///
    /// # Errors
    /// [`VaultError::LocationUnavailable`]; [`VaultError::FolderGone`] if the location is there and the folder isn't;
    /// [`VaultError::Foreign`] if a link or file stands in its place.
    pub async fn repository(&self, folder: &RepoFolder) -> Result<Repository, VaultError> {
        let (location, folder) = (self.clone(), folder.clone());
        blocking(move || {
            let fd = open_top(&location.root()?, &folder)?;
            Ok(Repository::new(location, folder, fd))
        })
        .await
    }
}

impl Repository {
    pub(super) fn new(location: Location, folder: RepoFolder, fd: OwnedFd) -> Repository {
        Repository {
            inner: Arc::new(Inner {
                location,
                folder,
                fd,
            }),
        }
    }

    /// Where it lives in its location.
    pub fn folder(&self) -> &RepoFolder {
        &self.inner.folder
    }

    /// The location that it lives in.
    pub fn location(&self) -> &Location {
        &self.inner.location
    }

    /// An object's size in bytes, or `None` if there is none of that name.
    ///
    /// # Errors
    /// [`VaultError::Foreign`] if it is no plain file, [`VaultError::Io`].
    pub async fn stat(&self, kind: Kind, name: ObjectName) -> Result<Option<u64>, VaultError> {
        self.size_of(object_path(kind, &name)).await
    }

    /// The size of `config` in bytes, or `None` if the repository has none yet.
    ///
    /// # Errors
    /// As [`Repository::stat`].
    pub async fn stat_config(&self) -> Result<Option<u64>, VaultError> {
        self.size_of(CONFIG.to_owned()).await
    }

    /// Opens an object, or `None` if there is none of that name.
    ///
    /// # Errors
    /// As [`Repository::stat`].
    pub async fn open(&self, kind: Kind, name: ObjectName) -> Result<Option<Reader>, VaultError> {
        self.reader(object_path(kind, &name)).await
    }

    /// Opens `config`, or `None` if the repository has none yet.
    ///
    /// # Errors
    /// As [`Repository::stat`].
    pub async fn open_config(&self) -> Result<Option<Reader>, VaultError> {
        self.reader(CONFIG.to_owned()).await
    }

    /// All objects of a kind, in batches and no order; what is uploaded or deleted meanwhile may show or not.
    ///
    /// # Errors
    /// [`VaultError::Foreign`] if a folder of objects isn't one, [`VaultError::Io`]; later batches may fail too.
    pub async fn list(&self, kind: Kind) -> Result<Listing, VaultError> {
        Listing::begin(self.clone(), kind).await
    }

    /// Deletes an object and says how many bytes it had; `None` if there was none. Of those who delete the same one at once a
    /// single one is told. Durable when it returns, in either case.
    ///
    /// # Errors
    /// [`VaultError::Foreign`] if it is no plain file (it stays), [`VaultError::Unsynced`], [`VaultError::Io`].
    pub async fn delete(&self, kind: Kind, name: ObjectName) -> Result<Option<u64>, VaultError> {
        let this = self.clone();
        blocking(move || {
            let (folder, path) = (names::folder(kind, &name), object_path(kind, &name));
            let opened = match beneath::open_folder(&this, &*folder) {
                Err(Errno::ENOENT) => return Ok(None),
                answer => answer.map_err(at("open", this.shown(&folder)))?,
            };
            let removed = {
                let _alone = this.location().deleting();
                beneath::remove_file(&opened, &name.to_string())
                    .map_err(at("delete", this.shown(&path)))?
            };
            let bytes = removed.map(|(_, bytes)| bytes);
            // Also when it was gone: the one who removed it may not have come to its sync.
            match (beneath::sync_folder(&opened), bytes) {
                (Ok(()), bytes) => Ok(bytes),
                (Err(error), Some(bytes)) => Err(VaultError::Unsynced {
                    what: format!("sync {}", this.shown(&folder)),
                    bytes,
                    source: error.into(),
                }),
                (Err(error), None) => Err(at("sync", this.shown(&folder))(error)),
            }
        })
        .await
    }

    /// Begins an upload of `len` bytes that must hash to `name`. Nothing is written, only hashed, if an object of that name and size
    /// exists ([`Upload::needs_space`]).
    ///
    /// # Errors
    /// [`VaultError::LocationUnavailable`] and [`VaultError::FolderGone`], looked up afresh; [`VaultError::Foreign`],
    /// [`VaultError::DiskFull`], [`VaultError::Io`].
    pub async fn begin_upload(
        &self,
        kind: Kind,
        name: ObjectName,
        len: u64,
    ) -> Result<Upload, VaultError> {
        Upload::begin(self, names::folder(kind, &name), Some(name), len).await
    }

    /// Begins an upload of `config`, of `len` bytes.
    ///
    /// # Errors
    /// [`VaultError::ConfigExists`] if there is one; else as [`Repository::begin_upload`].
    pub async fn begin_config(&self, len: u64) -> Result<Upload, VaultError> {
        Upload::begin(self, String::new(), None, len).await
    }

    /// The sum of the sizes of all objects and `config`, in bytes, as found on disk now.
    ///
    /// # Errors
    /// As [`Repository::list`].
    pub async fn used(&self) -> Result<Holding, VaultError> {
        let beside = self.used_beside_locks().await?;
        Ok(Holding {
            bytes: beside.bytes + self.used_by_locks().await?,
            ..beside
        })
    }

    /// [`Repository::used`] without locks, which are written while the rest is counted.
    ///
    /// # Errors
    /// As [`Repository::list`].
    pub async fn used_beside_locks(&self) -> Result<Holding, VaultError> {
        let data = self.used_by(Kind::Data).await?;
        let mut bytes = data + self.stat_config().await?.unwrap_or(0);
        for kind in [Kind::Index, Kind::Keys, Kind::Snapshots] {
            bytes += self.used_by(kind).await?;
        }
        Ok(Holding { bytes, data })
    }

    /// The sum of the sizes of all locks, in bytes.
    ///
    /// # Errors
    /// As [`Repository::list`].
    pub async fn used_by_locks(&self) -> Result<u64, VaultError> {
        self.used_by(Kind::Locks).await
    }

    /// Batch by batch, so that whoever stops waiting stops the count as well.
    async fn used_by(&self, kind: Kind) -> Result<u64, VaultError> {
        let mut listing = self.list(kind).await?;
        let mut sum = 0;
        while let Some(batch) = listing.next().await {
            sum += batch?.iter().map(|(_, size)| size).sum::<u64>();
        }
        Ok(sum)
    }

    /// A path in this repository, for people.
    pub(super) fn shown(&self, path: &str) -> String {
        format!("{}/{path}", self.inner.folder)
    }

    fn look(&self, path: &str) -> Result<Option<u64>, VaultError> {
        match beneath::look(self, path).map_err(at("look at", self.shown(path)))? {
            Found::Nothing => Ok(None),
            Found::File(size) => Ok(Some(size)),
            Found::Other => Err(VaultError::Foreign(self.shown(path))),
        }
    }

    async fn size_of(&self, path: String) -> Result<Option<u64>, VaultError> {
        let this = self.clone();
        blocking(move || this.look(&path)).await
    }

    async fn reader(&self, path: String) -> Result<Option<Reader>, VaultError> {
        let this = self.clone();
        blocking(move || {
            let found = beneath::open_file(&this, &*path).map_err(at("open", this.shown(&path)))?;
            Ok(found.map(|(file, len)| Reader::new(file, len)))
        })
        .await
    }
}

impl AsFd for Repository {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.fd.as_fd()
    }
}

/// Opens the folder of a repository beneath a location's verified root.
pub(super) fn open_top(root: &OwnedFd, folder: &RepoFolder) -> Result<OwnedFd, VaultError> {
    beneath::open_folder(root, folder.as_str()).map_err(|error| match error {
        Errno::ENOENT => VaultError::FolderGone(folder.clone()),
        other => at("open", folder)(other),
    })
}

fn object_path(kind: Kind, name: &ObjectName) -> String {
    format!("{}/{name}", names::folder(kind, name))
}
