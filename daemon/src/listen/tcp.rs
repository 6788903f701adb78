//! TCP listeners that are bound here, and the accepting of their connections.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpStream;

/// Connections that the kernel keeps until they are accepted.
const BACKLOG: i32 = 1024;

/// How long to leave a machine alone that has no descriptor or memory left for another connection.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// An address that can't be listened on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Someone else has it.
    #[error("{0} is already in use: stop what listens there (ss -ltnp shows it), or change listen")]
    InUse(SocketAddr),
    /// Ports below 1024 are root's.
    #[error(
        "{0} may not be opened by this user: choose a port above 1023, or pass it by a systemd socket"
    )]
    Forbidden(SocketAddr),
    /// No interface has it.
    #[error(
        "{0} is no address of this machine: correct listen, or wait for the network before starting"
    )]
    NotHere(SocketAddr),
    /// Anything else.
    #[error("{address} can't be listened on: {source}")]
    Other {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// Listens on `address`, non-blocking. An IPv6 address takes IPv6 alone, so `0.0.0.0` and `[::]` go together.
///
/// # Errors
/// When the system refuses the address; the text says what to do.
pub fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    listen(address).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse(address),
        io::ErrorKind::PermissionDenied => BindError::Forbidden(address),
        io::ErrorKind::AddrNotAvailable => BindError::NotHere(address),
        _ => BindError::Other { address, source },
    })
}

/// The next connection, without Nagle's delay, and its peer; an IPv4 peer always as IPv4.
///
/// Connections that broke before they were accepted are skipped; when descriptors or memory have run out it waits
/// for them. Safe to cancel.
///
/// # Errors
/// Only what concerns the listener itself: it won't accept again.
pub async fn accept(listener: &tokio::net::TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Fails only for a connection that is already dead; the first read says so.
                let _ = stream.set_nodelay(true);
                let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
                return Ok((stream, peer));
            }
            Err(error) => match Failure::of(&error) {
                Failure::Connection => {}
                Failure::Exhausted => {
                    tracing::warn!(%error, "no connection can be accepted for now");
                    tokio::time::sleep(EXHAUSTED_PAUSE).await;
                }
                Failure::Listener => return Err(error),
            },
        }
    }
}

/// What a failed accept(2) is about.
#[derive(Debug, PartialEq, Eq)]
enum Failure {
    Connection,
    Exhausted,
    Listener,
}

impl Failure {
    fn of(error: &io::Error) -> Self {
        use nix::errno::Errno as E;
        match error.raw_os_error().map(E::from_raw) {
            Some(E::EMFILE | E::ENFILE | E::ENOBUFS | E::ENOMEM) => Self::Exhausted,
            // Linux hands on errors of the new connection; accept(2) asks to treat these as a retry.
            Some(
                E::ECONNABORTED
                | E::ECONNRESET
                | E::EINTR
                | E::EAGAIN
                | E::EPROTO
                | E::EPERM
                | E::ENETDOWN
                | E::ENETUNREACH
                | E::EHOSTDOWN
                | E::EHOSTUNREACH
                | E::ENONET
                | E::ENOPROTOOPT
                | E::EOPNOTSUPP
                | E::ETIMEDOUT,
            ) => Self::Connection,
            _ => Self::Listener,
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // A restart must not wait for the old daemon's connections to leave TIME_WAIT.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loopback() -> SocketAddr {
        "127.0.0.1:0".parse().unwrap()
    }

    #[tokio::test]
    async fn a_connection_comes_without_delay_and_with_its_peer() {
        let bound = bind(loopback()).unwrap();
        let listener = tokio::net::TcpListener::from_std(bound).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (stream, peer) = accept(&listener).await.unwrap();
        assert!(stream.nodelay().unwrap());
        assert_eq!(peer, client.local_addr().unwrap());
    }

    #[test]
    fn both_families_share_a_port() {
        let four = bind("0.0.0.0:0".parse().unwrap()).unwrap();
        let port = four.local_addr().unwrap().port();
        // A machine without IPv6 has nothing to share.
        match bind(SocketAddr::new("::".parse().unwrap(), port)) {
            Ok(_) => {}
            Err(BindError::Other { source, .. }) => {
                assert_eq!(
                    source.raw_os_error(),
                    Some(nix::errno::Errno::EAFNOSUPPORT as i32)
                );
            }
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn an_address_in_use_is_named_with_what_to_do() {
        let first = bind(loopback()).unwrap();
        let address = first.local_addr().unwrap();
        let error = bind(address).unwrap_err();
        assert!(matches!(error, BindError::InUse(named) if named == address));
        assert!(error.to_string().starts_with(&format!(
            "{address} is already in use: stop what listens there"
        )));
    }

    #[test]
    fn an_address_of_another_machine_is_named_with_what_to_do() {
        // TEST-NET-1 (RFC 5737) belongs to nobody.
        let error = bind("192.0.2.1:0".parse().unwrap()).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("192.0.2.1:0 is no address of this machine: ")
        );
    }

    #[test]
    fn a_dead_connection_is_skipped_and_a_dead_listener_is_not() {
        let of = |errno: nix::errno::Errno| Failure::of(&io::Error::from(errno));
        assert_eq!(of(nix::errno::Errno::ECONNABORTED), Failure::Connection);
        assert_eq!(of(nix::errno::Errno::EMFILE), Failure::Exhausted);
        assert_eq!(of(nix::errno::Errno::EBADF), Failure::Listener);
        assert_eq!(
            Failure::of(&io::Error::other("no errno")),
            Failure::Listener
        );
    }
}
