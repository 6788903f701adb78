//! A backup location: a folder on the operator's disks that proves with its marker that it is the recorded one.

use std::{
    fs::{DirBuilder, File},
    io::{self, Read},
    os::{fd::OwnedFd, unix::fs::DirBuilderExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use bytes::Bytes;
use data_encoding::HEXLOWER;
use nix::{
    dir::Dir,
    errno::Errno,
    fcntl::{OFlag, open},
    sys::{stat::Mode, statvfs::fstatvfs},
};

use penstock_policy::space::Disk;

use super::{
    VaultError, beneath,
    error::{at, blocking},
    temporary::Temporary,
};

/// The file that makes a folder a location: one line with the location's id.
const MARKER: &str = ".penstock-location";
/// Where uploads grow: on the same file system as every repository of the location.
pub(super) const INCOMING: &str = ".incoming";
/// Where removed folders go.
pub(super) const TRASH: &str = ".trash";

/// A folder with a marker; cheap to clone. It stays usable as a value while its disk is away.
#[derive(Debug, Clone)]
pub struct Location {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    id: String,
    /// Read while folders are made, write while they are moved or removed: else a folder could be made beneath one just removed.
    shape: RwLock<()>,
    /// Whether what an earlier process left half written was looked for.
    swept: Mutex<bool>,
    /// Held while an object is deleted: of two who delete the same one, one learns its size.
    deleting: Mutex<()>,
}

impl Location {
    /// A location as it was recorded, without looking at the disk, which may be away.
    ///
    /// # Errors
    /// [`VaultError::BadName`] if the id is not 1 to 128 visible ASCII characters.
    pub fn recorded(path: &Path, id: &str) -> Result<Location, VaultError> {
        if id.is_empty() || id.len() > 128 || !id.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(VaultError::BadName {
                name: id.chars().take(80).collect(),
                why: "a location id is 1 to 128 visible ASCII characters",
            });
        }
        Ok(Location {
            inner: Arc::new(Inner {
                path: path.to_owned(),
                id: id.to_owned(),
                shape: RwLock::new(()),
                swept: Mutex::new(false),
                deleting: Mutex::new(()),
            }),
        })
    }

    /// Opens the location at `path`, whatever its id is.
    ///
    /// # Errors
    /// [`VaultError::LocationUnavailable`] if there is no folder with a marker.
    pub async fn open(path: &Path) -> Result<Location, VaultError> {
        let path = path.to_owned();
        blocking(move || {
            let root = open_root(&path)?;
            let id = read_marker(&root)
                .and_then(|id| id.ok_or_else(|| io::Error::other("it has no marker")))
                .map_err(|found| unavailable(&path, found))?;
            Location::recorded(&path, &id).map_err(|found| unavailable(&path, found))
        })
        .await
    }

    /// Makes `path` the location `id`: the folder if it is missing (never its parents), the folders of its own, the marker last.
    /// Nothing changes if it already is that location.
    ///
    /// # Errors
    /// [`VaultError::LocationTaken`] if it is another one; [`VaultError::BadName`] for an unusable id.
    pub async fn create(path: &Path, id: &str) -> Result<Location, VaultError> {
        let location = Location::recorded(path, id)?;
        blocking(move || location.make().map(|()| location)).await
    }

    /// A new id for [`Location::create`]: 128 random bits as hex digits.
    ///
    /// # Errors
    /// [`VaultError::Io`] if the system has no randomness to give.
    pub fn generate_id() -> Result<String, VaultError> {
        let mut random = [0; 16];
        getrandom::fill(&mut random)
            .map_err(io::Error::other)
            .map_err(at("draw", "random bytes for a location id"))?;
        Ok(HEXLOWER.encode(&random))
    }

    /// The folder, as recorded.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// The id in the marker.
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    /// Looks afresh whether the folder is there with the recorded marker.
    ///
    /// # Errors
    /// [`VaultError::LocationUnavailable`] if it isn't.
    pub async fn check(&self) -> Result<(), VaultError> {
        let location = self.clone();
        blocking(move || location.root().map(drop)).await
    }

    /// Removes the temporary files of uploads that a crash cut short, and says how many. Only for the start: it would cut running
    /// ones. A location that was away then sees to it by itself when it is back, before anything is written there.
    ///
    /// # Errors
    /// [`VaultError::LocationUnavailable`], [`VaultError::Foreign`] if the folder of uploads is not one, [`VaultError::Io`].
    pub async fn sweep(&self) -> Result<u64, VaultError> {
        let location = self.clone();
        blocking(move || {
            let root = location.marked()?;
            let mut swept = location.swept();
            *swept = true;
            location.remove_unfinished(&root)
        })
        .await
    }

    fn remove_unfinished(&self, root: &OwnedFd) -> Result<u64, VaultError> {
        let incoming = self.own_folder(root, INCOMING)?;
        let names = Dir::from_fd(incoming.try_clone().map_err(at("open", INCOMING))?)
            .map_err(at("read", INCOMING))?;
        let mut removed = 0;
        for entry in names {
            let entry = entry.map_err(at("read", INCOMING))?;
            let name = entry.file_name();
            if Temporary::is_name(name.to_bytes())
                && beneath::unlink(&incoming, name).map_err(at("sweep", INCOMING))?
            {
                removed += 1;
            }
        }
        Ok(removed)
    }

    fn swept(&self) -> MutexGuard<'_, bool> {
        let swept = self.inner.swept.lock();
        swept.unwrap_or_else(PoisonError::into_inner)
    }

    /// Room on the file system.
    ///
    /// # Errors
    /// [`VaultError::LocationUnavailable`], [`VaultError::Io`].
    pub async fn free(&self) -> Result<Disk, VaultError> {
        let location = self.clone();
        blocking(move || {
            let found = fstatvfs(location.root()?)
                .map_err(at("ask for the room of", location.path().display()))?;
            Ok(Disk {
                free: found.blocks_available() * found.fragment_size(),
                total: found.blocks() * found.fragment_size(),
            })
        })
        .await
    }

    /// The location's folder, opened afresh, with the recorded marker in it: the only way into a location.
    pub(super) fn root(&self) -> Result<OwnedFd, VaultError> {
        let root = self.marked()?;
        let mut swept = self.swept();
        if !*swept {
            // Whoever uploads comes through here first, so that nothing of this process can be half written yet.
            *swept = true;
            match self.remove_unfinished(&root) {
                Ok(0) => {}
                Ok(files) => {
                    let path = self.path().display();
                    tracing::info!(location = %path, files, "removed unfinished uploads");
                }
                Err(error) => {
                    let path = self.path().display();
                    tracing::warn!(location = %path, %error, "unfinished uploads stay");
                }
            }
        }
        Ok(root)
    }

    fn marked(&self) -> Result<OwnedFd, VaultError> {
        let root = open_root(&self.inner.path)?;
        match read_marker(&root) {
            Ok(Some(id)) if id == self.inner.id => Ok(root),
            Ok(Some(_)) => Err(unavailable(self.path(), "its marker is another location's")),
            Ok(None) => Err(unavailable(self.path(), "it has no marker")),
            Err(error) => Err(unavailable(self.path(), error)),
        }
    }

    /// One of the location's own folders, made if it is missing.
    pub(super) fn own_folder(&self, root: &OwnedFd, name: &str) -> Result<OwnedFd, VaultError> {
        match beneath::open_folder(root, name) {
            Err(Errno::ENOENT) => {
                let made = beneath::ensure_folder(root, name).map_err(at("make", name))?;
                beneath::sync_folder(root).map_err(at("sync", self.path().display()))?;
                Ok(made)
            }
            answer => answer.map_err(at("open", name)),
        }
    }

    /// Held while folders are made.
    pub(super) fn growing(&self) -> RwLockReadGuard<'_, ()> {
        // It guards nothing in memory that a panic could have left half changed.
        let lock = self.inner.shape.read();
        lock.unwrap_or_else(PoisonError::into_inner)
    }

    /// Held while folders are moved or removed.
    pub(super) fn moving(&self) -> RwLockWriteGuard<'_, ()> {
        let lock = self.inner.shape.write();
        lock.unwrap_or_else(PoisonError::into_inner)
    }

    /// Held while an object's name is removed.
    pub(super) fn deleting(&self) -> MutexGuard<'_, ()> {
        let lock = self.inner.deleting.lock();
        lock.unwrap_or_else(PoisonError::into_inner)
    }

    fn make(&self) -> Result<(), VaultError> {
        let path = self.path();
        match DirBuilder::new().mode(0o700).create(path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            made => {
                made.map_err(at("make", path.display()))?;
                if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
                    let above = File::open(above).map_err(at("open", above.display()))?;
                    beneath::sync_folder(above).map_err(at("sync", path.display()))?;
                }
            }
        }
        let root = open_root(path)?;
        self.mine_or_free(&root)?;
        let incoming = Arc::new(self.own_folder(&root, INCOMING)?);
        self.own_folder(&root, TRASH)?;
        let mut marker = Temporary::create(incoming).map_err(at("write", MARKER))?;
        marker
            .write(&[Bytes::from(format!("{}\n", self.id()))])
            .and_then(|()| marker.sync())
            .and_then(|()| marker.place(&root, MARKER))
            .map_err(at("write", MARKER))?;
        marker.discard();
        beneath::sync_folder(&root).map_err(at("sync", path.display()))?;
        // Another creator may have been quicker.
        self.mine_or_free(&root)
    }

    fn mine_or_free(&self, root: &OwnedFd) -> Result<(), VaultError> {
        match read_marker(root).map_err(at("read", MARKER))? {
            Some(found) if found != self.inner.id => Err(VaultError::LocationTaken {
                path: self.path().to_owned(),
                found,
            }),
            _ => Ok(()),
        }
    }
}

/// Opens a location's folder. Its path is the administrator's own, so links in it are followed: the marker decides.
fn open_root(path: &Path) -> Result<OwnedFd, VaultError> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    open(path, flags, Mode::empty()).map_err(|error| match error {
        // That is this process's trouble, and says nothing about the disk.
        Errno::EMFILE | Errno::ENFILE | Errno::ENOMEM => at("open", path.display())(error),
        _ => unavailable(path, error),
    })
}

fn read_marker(root: &OwnedFd) -> io::Result<Option<String>> {
    let Some((file, _)) = beneath::open_file(root, MARKER)? else {
        return Ok(None);
    };
    let mut line = String::new();
    file.take(256).read_to_string(&mut line)?;
    Ok(Some(line.trim_end().to_owned()))
}

fn unavailable(path: &Path, why: impl ToString) -> VaultError {
    VaultError::LocationUnavailable {
        path: path.to_owned(),
        why: why.to_string(),
    }
}
