//! Accepting administrators, a bounded number at once, until the daemon stops.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::connection::Connection;
use super::{Admin, Listener, Socket};

/// How long to leave a machine alone that has no descriptor or memory left for another connection.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// Serves a socket until the token falls; then requests being answered may finish, within the time that an answer may
/// take, and the socket's file is removed.
///
/// # Errors
/// When the socket can't be used at all.
pub async fn serve(
    listener: Listener,
    socket: Socket,
    admin: Arc<Admin>,
    stop: CancellationToken,
) -> io::Result<()> {
    // One that was passed may not be.
    listener.socket.set_nonblocking(true)?;
    let accepting = tokio::net::UnixListener::from_std(listener.socket.try_clone()?)?;
    let limits = admin.context.limits;
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = open.join_next() => report(ended),
            accepted = accepting.accept() => match accepted {
                Ok(_) if open.len() >= limits.connections => {
                    tracing::warn!(?socket, limit = limits.connections, "an administrator was turned away: too many connections");
                }
                Ok((stream, _)) => {
                    let connection = Connection::new(stream, socket, Arc::clone(&admin), stop.clone());
                    open.spawn(connection.converse());
                }
                Err(error) => {
                    tracing::warn!(?socket, %error, "no administrator can be accepted for now");
                    tokio::time::sleep(EXHAUSTED_PAUSE).await;
                }
            },
        }
    }
    drop((accepting, listener));
    let finishing = async {
        while let Some(ended) = open.join_next().await {
            report(ended);
        }
    };
    if tokio::time::timeout(limits.timeout, finishing)
        .await
        .is_err()
    {
        tracing::warn!(
            ?socket,
            "an administrator's request was cut off by the stop"
        );
    }
    open.shutdown().await;
    Ok(())
}

fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "answering an administrator failed: a fault of Penstock's own");
    }
}
