//! The socket's file: made with its mode and group before anybody sees it, and taken away at a clean stop.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nix::unistd::chown;

use super::peer::group_id;

/// The socket's name until it is ready. Shorter than any sensible name: socket paths end at 107 bytes (unix(7)).
const UNREADY: &str = ".new";

/// A socket that listens.
#[derive(Debug)]
pub struct Listener {
    pub(super) socket: UnixListener,
    made: Option<Made>,
}

/// The file that was made for it.
#[derive(Debug)]
struct Made {
    path: PathBuf,
    device: u64,
    inode: u64,
}

/// Why a socket can't be listened at.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody answers there.
    #[error("somebody listens at {} already; stop that penstockd, or give this one another socket", .0.display())]
    InUse(PathBuf),
    /// A file that is no socket, or a link.
    #[error("{} is there and is no socket; look what it is and move it away", .0.display())]
    NotASocket(PathBuf),
    /// The system refuses it.
    #[error("the socket {} can't be made: {source}; check its folder's owner and mode", .path.display())]
    Failed {
        /// The socket's path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Listener {
    /// Listens at `path`, mode 0660, for `group`. A missing folder is made with mode 0750; one that is there keeps its
    /// mode. What a dead daemon left behind is replaced.
    ///
    /// # Errors
    /// When a live daemon listens there, something else stands there, or the system refuses. A group that doesn't
    /// exist, or may not be given, is only warned of.
    pub fn bind(path: &Path, group: Option<&str>) -> Result<Self, BindError> {
        refuse_to_replace_others(path)?;
        let failed = |source| BindError::Failed {
            path: path.to_owned(),
            source,
        };
        let (socket, made) = make(path, group).map_err(failed)?;
        Ok(Self {
            socket,
            made: Some(made),
        })
    }

    /// A listener that the service manager passed; its file is the service manager's.
    #[must_use]
    pub fn passed(socket: UnixListener) -> Self {
        Self { socket, made: None }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let Some(made) = &self.made else {
            return;
        };
        // A later daemon may have put its own there.
        let ours = fs::symlink_metadata(&made.path)
            .is_ok_and(|found| (found.dev(), found.ino()) == (made.device, made.inode));
        if ours && let Err(error) = fs::remove_file(&made.path) {
            tracing::warn!(socket = %made.path.display(), %error, "the socket stays behind");
        }
    }
}

fn refuse_to_replace_others(path: &Path) -> Result<(), BindError> {
    match fs::symlink_metadata(path) {
        Err(_) => return Ok(()),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(BindError::NotASocket(path.to_owned()));
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(BindError::InUse(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // Its queue is full: somebody is behind it.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            Err(BindError::InUse(path.to_owned()))
        }
        Err(source) => Err(BindError::Failed {
            path: path.to_owned(),
            source,
        }),
    }
}

fn make(path: &Path, group: Option<&str>) -> io::Result<(UnixListener, Made)> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    if !folder.exists() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o750)
            .create(folder)?;
        // The process's mask may have taken the group's part away.
        fs::set_permissions(folder, Permissions::from_mode(0o750))?;
        give(folder, group);
    }
    let unready = folder.join(UNREADY);
    if fs::symlink_metadata(&unready).is_ok_and(|found| found.file_type().is_socket()) {
        fs::remove_file(&unready)?;
    }
    let socket = UnixListener::bind(&unready)?;
    let made = finish(&unready, path, group);
    if made.is_err() {
        // Best effort: the error that is returned says more.
        let _ = fs::remove_file(&unready);
    }
    let made = made?;
    Ok((socket, made))
}

fn finish(unready: &Path, path: &Path, group: Option<&str>) -> io::Result<Made> {
    fs::set_permissions(unready, Permissions::from_mode(0o660))?;
    give(unready, group);
    fs::rename(unready, path)?;
    let found = fs::symlink_metadata(path)?;
    Ok(Made {
        path: path.to_owned(),
        device: found.dev(),
        inode: found.ino(),
    })
}

/// Gives a file to the group. Without it root and the daemon's own user still get in, so this is no error.
fn give(file: &Path, group: Option<&str>) {
    let Some(group) = group else {
        return;
    };
    let Some(gid) = group_id(group) else {
        tracing::warn!(
            group,
            "there is no such group: only root and penstockd's own user can use its socket; make it with: groupadd --system {group}"
        );
        return;
    };
    if fs::metadata(file).is_ok_and(|found| found.gid() == gid.as_raw()) {
        return;
    }
    if let Err(error) = chown(file, None, Some(gid)) {
        tracing::warn!(
            group, file = %file.display(), %error,
            "the file can't be given to the group: only root and penstockd's own user can use it; make penstockd's user a member"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_socket_and_its_new_folder_are_closed_to_others() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("control/penstockd.sock");
        let listener = Listener::bind(&path, None).unwrap();
        assert_eq!(mode(&path), 0o660);
        assert_eq!(mode(path.parent().unwrap()), 0o750);
        assert!(UnixStream::connect(&path).is_ok());
        drop(listener);
        assert!(!path.exists());
        assert!(!path.with_file_name(UNREADY).exists());
    }

    #[test]
    fn a_folder_that_is_there_keeps_its_mode() {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), Permissions::from_mode(0o711)).unwrap();
        let _listener = Listener::bind(&dir.path().join("s"), None).unwrap();
        assert_eq!(mode(dir.path()), 0o711);
    }

    #[test]
    fn a_live_socket_is_refused_and_a_stale_one_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("penstockd.sock");
        let first = UnixListener::bind(&path).unwrap();
        let refused = Listener::bind(&path, None).unwrap_err();
        assert!(matches!(&refused, BindError::InUse(named) if *named == path));
        drop(first);
        assert!(path.exists(), "a socket's file outlives its process");
        let _listener = Listener::bind(&path, None).unwrap();
        assert!(UnixStream::connect(&path).is_ok());
    }

    #[test]
    fn a_file_or_link_in_its_place_is_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        fs::write(&file, "kept").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        for path in [&file, &link] {
            let refused = Listener::bind(path, None).unwrap_err();
            assert!(matches!(refused, BindError::NotASocket(_)), "{refused}");
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), "kept");
    }

    #[test]
    fn anothers_socket_is_left_alone_at_the_stop() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("penstockd.sock");
        let listener = Listener::bind(&path, None).unwrap();
        fs::remove_file(&path).unwrap();
        let _other = UnixListener::bind(&path).unwrap();
        drop(listener);
        assert!(path.exists());
    }

    #[test]
    fn a_missing_group_is_no_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("penstockd.sock");
        assert!(Listener::bind(&path, Some("no-such-group-here")).is_ok());
    }
}
