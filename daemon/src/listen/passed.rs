//! Listeners that the service manager bound for us (sd_listen_fds(3)).

use std::io;
use std::net::TcpListener;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};

use socket2::{Domain, Socket, Type};

/// The listeners that were passed, non-blocking and closed on exec.
#[derive(Debug, Default)]
pub struct Passed {
    /// Data ports; if there are any they take the place of `listen`.
    pub tcp: Vec<TcpListener>,
    /// The control socket, instead of `control_socket`.
    pub control: Option<UnixListener>,
    /// The view socket, instead of `view_socket`.
    pub view: Option<UnixListener>,
}

/// Why the passed listeners can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PassedError {
    /// `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES` contradict each other or the open descriptors.
    #[error("the service manager passed listeners in a way that makes no sense: {0}")]
    Environment(io::Error),
    /// The descriptors have owners already.
    #[error("passed listeners were taken before: take them once, at start")]
    TakenBefore,
    /// A stream socket of a family that serves nothing here, or no socket at all.
    #[error(
        "the passed descriptor {name:?} is no listening TCP or Unix stream socket: correct the .socket unit"
    )]
    NotAListener {
        /// Its `FileDescriptorName=`.
        name: String,
    },
    /// A name that means nothing here, or belongs to the other family.
    #[error(
        "the passed {family} socket {name:?} has no use here: set FileDescriptorName= to {expected}"
    )]
    UnknownName {
        /// Its `FileDescriptorName=`.
        name: String,
        /// `TCP` or `Unix`.
        family: &'static str,
        /// The names that this family has.
        expected: &'static str,
    },
    /// Two listeners for one admin socket.
    #[error("two {name} sockets were passed: remove one of the .socket units' ListenStream= lines")]
    Twice {
        /// `control` or `view`.
        name: String,
    },
    /// The descriptor refused to be set up.
    #[error("the passed socket {name:?} can't be set up: {source}")]
    Setup {
        /// Its `FileDescriptorName=`.
        name: String,
        /// What the system said.
        source: io::Error,
    },
}

impl Passed {
    /// Takes what was passed to this process; nothing if `LISTEN_PID` names another. Call it once, before there are
    /// threads: descriptors are adopted that nothing else may have touched.
    ///
    /// # Errors
    /// When a listener was passed that has no use here, so that no port stays silently unserved.
    pub fn take() -> Result<Self, PassedError> {
        static TAKEN: AtomicBool = AtomicBool::new(false);
        if TAKEN.swap(true, Ordering::SeqCst) {
            return Err(PassedError::TakenBefore);
        }
        let passed = sd_notify::listen_fds_with_names().map_err(PassedError::Environment)?;
        let adopted: Vec<_> = passed
            .map(|(fd, name)| {
                #[expect(unsafe_code, reason = "descriptors arrive as bare numbers")]
                // SAFETY: listen_fds has found it open, and the protocol makes it ours; TAKEN lets nobody own it twice.
                let fd = unsafe { OwnedFd::from_raw_fd(fd) };
                (fd, name)
            })
            .collect();
        Self::sort(adopted)
    }

    /// Gives each descriptor its use, by family and name.
    ///
    /// TCP sockets are called `http`. systemd names a socket without `FileDescriptorName=` after its unit, so
    /// `penstockd.socket` is taken for it too, and `unknown`, which stands for no names at all.
    fn sort(descriptors: Vec<(OwnedFd, String)>) -> Result<Self, PassedError> {
        let mut passed = Self::default();
        for (fd, name) in descriptors {
            let socket = Socket::from(fd);
            let Some(family) = listening_family(&socket) else {
                return Err(PassedError::NotAListener { name });
            };
            let set_up = socket
                .set_nonblocking(true)
                .and_then(|()| socket.set_cloexec(true));
            if let Err(source) = set_up {
                return Err(PassedError::Setup { name, source });
            }
            match (family, name.as_str()) {
                (Family::Tcp, "http" | "penstockd.socket" | "unknown") => {
                    passed.tcp.push(socket.into());
                }
                (Family::Unix, "control") if passed.control.is_none() => {
                    passed.control = Some(socket.into());
                }
                (Family::Unix, "view") if passed.view.is_none() => {
                    passed.view = Some(socket.into());
                }
                (Family::Unix, "control" | "view") => {
                    return Err(PassedError::Twice { name });
                }
                (family, _) => {
                    return Err(PassedError::UnknownName {
                        name,
                        family: family.name(),
                        expected: family.names(),
                    });
                }
            }
        }
        Ok(passed)
    }
}

#[derive(Debug, Clone, Copy)]
enum Family {
    Tcp,
    Unix,
}

impl Family {
    fn name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Unix => "Unix",
        }
    }

    fn names(self) -> &'static str {
        match self {
            Self::Tcp => "http",
            Self::Unix => "control or view",
        }
    }
}

fn listening_family(socket: &Socket) -> Option<Family> {
    let is_listening_stream = socket.r#type().ok()? == Type::STREAM && socket.is_listener().ok()?;
    let domain = socket.local_addr().ok()?.domain();
    match domain {
        Domain::IPV4 | Domain::IPV6 if is_listening_stream => Some(Family::Tcp),
        Domain::UNIX if is_listening_stream => Some(Family::Unix),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::net::UdpSocket;

    use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
    use tempfile::TempDir;

    use super::*;

    fn tcp() -> OwnedFd {
        TcpListener::bind("127.0.0.1:0").unwrap().into()
    }

    fn unix(folder: &TempDir, name: &str) -> OwnedFd {
        UnixListener::bind(folder.path().join(name)).unwrap().into()
    }

    fn sort(descriptors: Vec<(OwnedFd, &str)>) -> Result<Passed, PassedError> {
        let owned = descriptors
            .into_iter()
            .map(|(fd, name)| (fd, name.to_owned()));
        Passed::sort(owned.collect())
    }

    #[test]
    fn each_listener_finds_its_use_by_family_and_name() {
        let folder = TempDir::new().unwrap();
        let passed = sort(vec![
            (unix(&folder, "v"), "view"),
            (tcp(), "http"),
            (unix(&folder, "c"), "control"),
            (tcp(), "penstockd.socket"),
        ])
        .unwrap();
        assert_eq!(passed.tcp.len(), 2);
        let path = |listener: Option<UnixListener>| {
            listener
                .unwrap()
                .local_addr()
                .unwrap()
                .as_pathname()
                .unwrap()
                .to_owned()
        };
        assert_eq!(path(passed.control), folder.path().join("c"));
        assert_eq!(path(passed.view), folder.path().join("v"));
    }

    #[test]
    fn what_was_passed_neither_blocks_nor_survives_an_exec() {
        let fd = tcp();
        fcntl(&fd, FcntlArg::F_SETFD(FdFlag::empty())).unwrap();
        let passed = sort(vec![(fd, "http")]).unwrap();
        let flags = fcntl(&passed.tcp[0], FcntlArg::F_GETFD).unwrap();
        assert!(FdFlag::from_bits_retain(flags).contains(FdFlag::FD_CLOEXEC));
        let flags = fcntl(&passed.tcp[0], FcntlArg::F_GETFL).unwrap();
        assert!(OFlag::from_bits_retain(flags).contains(OFlag::O_NONBLOCK));
    }

    #[test]
    fn a_name_without_a_use_is_refused_with_the_names_that_have_one() {
        let folder = TempDir::new().unwrap();
        let error = sort(vec![(tcp(), "control")]).unwrap_err().to_string();
        assert_eq!(
            error,
            "the passed TCP socket \"control\" has no use here: set FileDescriptorName= to http"
        );
        let error = sort(vec![(unix(&folder, "x"), "admin\u{1b}")])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("\"admin\\u{1b}\"") && error.ends_with("control or view"),
            "{error}"
        );
    }

    #[test]
    fn a_second_control_socket_is_refused() {
        let folder = TempDir::new().unwrap();
        let two = vec![
            (unix(&folder, "a"), "control"),
            (unix(&folder, "b"), "control"),
        ];
        assert!(matches!(sort(two), Err(PassedError::Twice { name }) if name == "control"));
    }

    #[test]
    fn what_does_not_listen_is_refused() {
        let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
        let file = File::open("/dev/null").unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let connected = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        for fd in [
            OwnedFd::from(datagrams),
            OwnedFd::from(file),
            OwnedFd::from(connected),
        ] {
            assert!(matches!(
                sort(vec![(fd, "http")]),
                Err(PassedError::NotAListener { .. })
            ));
        }
    }

    #[test]
    fn without_a_service_manager_nothing_is_passed_and_nothing_is_taken_twice() {
        // The only test that calls it: the taking is once in a process.
        let passed = Passed::take().unwrap();
        assert!(passed.tcp.is_empty() && passed.control.is_none() && passed.view.is_none());
        assert!(matches!(Passed::take(), Err(PassedError::TakenBefore)));
    }
}
