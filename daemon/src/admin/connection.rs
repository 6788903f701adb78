//! One administrator's connection: the greeting, then requests and replies in turn.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use penstock_wire::frame::{self, FrameError, MAX_REPLY, MAX_REQUEST};
use penstock_wire::reply::{Failure, FailureCode, Reply};
use penstock_wire::request::Request;
use penstock_wire::view::Who;
use penstock_wire::{Role, VERSION, Welcome};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::apply::Staging;
use super::{Admin, Socket, handle, watch};

/// How long a connection may be without a request.
const IDLE: Duration = Duration::from_secs(600);

/// How long, and how much, is read of a peer that is being cut, so that it gets to read why.
const DRAIN: Duration = Duration::from_secs(1);
const DRAIN_BYTES: u64 = 1 << 20;

/// One connection.
pub(super) struct Connection {
    pub(super) stream: UnixStream,
    pub(super) admin: Arc<Admin>,
    pub(super) stop: CancellationToken,
    socket: Socket,
    staging: Staging,
}

/// The version alone: a later version may greet with more.
#[derive(Deserialize)]
struct AnyHello {
    version: u32,
}

impl Connection {
    pub(super) fn new(
        stream: UnixStream,
        socket: Socket,
        admin: Arc<Admin>,
        stop: CancellationToken,
    ) -> Self {
        Self {
            stream,
            admin,
            stop,
            socket,
            staging: Staging::default(),
        }
    }

    /// Talks until either side ends it.
    pub(super) async fn converse(mut self) {
        match self.talk().await {
            Ok(()) | Err(FrameError::Closed) => {}
            Err(error) => tracing::debug!(%error, "an administrator's connection ended early"),
        }
    }

    async fn talk(&mut self) -> Result<(), FrameError> {
        let Some((who, role)) = self.greet().await? else {
            return self.dismiss().await;
        };
        while let Some(item) = self.next(IDLE).await? {
            let request: Request = match frame::decode(&item) {
                Ok(request) => request,
                Err(error) => {
                    let failure = Failure::new(
                        FailureCode::Usage,
                        format!(
                            "the request can't be understood: {error}; is penstockctl of the daemon's version?"
                        ),
                    );
                    self.send(&Reply::Failed(failure)).await?;
                    continue;
                }
            };
            if role != Role::Control && !request.is_view() {
                self.send(&Reply::Failed(only_looking())).await?;
                continue;
            }
            if let Request::Watch { address } = request {
                return watch::watch(self, address).await;
            }
            let answered = match request {
                Request::Stage { records } => {
                    self.staging.stage(&self.admin, records, item.len()).await
                }
                Request::Apply { dry_run, prune } => {
                    self.staging.apply(&self.admin, &who, dry_run, prune).await
                }
                Request::Applied { page } => self.staging.applied(&page),
                other => handle::handle(&self.admin, &who, other).await,
            };
            let reply = match answered {
                Ok(answer) => Reply::Done(Box::new(answer)),
                Err(fault) => Reply::Failed(fault.into_failure()),
            };
            self.send(&reply).await?;
        }
        Ok(())
    }

    /// Who it is and what it may do; none when the conversation ends here.
    async fn greet(&mut self) -> Result<Option<(Who, Role)>, FrameError> {
        let peer = self.stream.peer_cred()?;
        let patience = self.admin.context.limits.timeout;
        let identifying = self.admin.peers.identify(self.socket, peer);
        let (who, role) = timeout(patience, identifying).await.map_err(too_late)?;
        let Some(item) = self.next(patience).await? else {
            return Ok(None);
        };
        let hello: AnyHello = frame::decode(&item)?;
        let welcome = Welcome {
            version: VERSION,
            daemon: self.admin.context.version.clone(),
            role,
        };
        self.send_any(&welcome).await?;
        if role == Role::Nobody {
            tracing::warn!(user = %who.user, uid = who.uid, socket = ?self.socket, "somebody who isn't permitted was turned away");
            return Ok(None);
        }
        Ok((hello.version == VERSION).then_some((who, role)))
    }

    /// The next frame's item; none when the peer closed, was idle for too long, or the daemon stops.
    async fn next(&mut self, idle: Duration) -> Result<Option<Vec<u8>>, FrameError> {
        let mut header = [0; 4];
        let first = tokio::select! {
            () = self.stop.cancelled() => return Ok(None),
            first = timeout(idle, self.stream.read(&mut header)) => first,
        };
        let first = match first {
            Err(_) | Ok(Ok(0)) => return Ok(None),
            Ok(first) => first?,
        };
        let patience = self.admin.context.limits.timeout;
        let stream = &mut self.stream;
        let rest = async {
            stream.read_exact(&mut header[first..]).await?;
            let mut item = vec![0; frame::announced(header, MAX_REQUEST)?];
            stream.read_exact(&mut item).await?;
            Ok(item)
        };
        match timeout(patience, rest).await.map_err(too_late)? {
            Err(error @ FrameError::TooLong { .. }) => {
                // What follows can't be told apart from another frame.
                let failure = Failure::new(FailureCode::Usage, error.to_string());
                self.send(&Reply::Failed(failure)).await?;
                self.dismiss().await?;
                Ok(None)
            }
            item => item.map(Some),
        }
    }

    /// Sends a reply; one that doesn't fit is a failure instead.
    pub(super) async fn send(&mut self, reply: &Reply) -> Result<(), FrameError> {
        match self.send_any(reply).await {
            Err(FrameError::TooLong { length, .. }) => {
                tracing::error!(length, "a reply didn't fit: a fault of Penstock's own");
                let failure = Failure::new(
                    FailureCode::Internal,
                    format!("the answer has {length} bytes, more than a reply can hold"),
                );
                self.send_any(&Reply::Failed(failure)).await
            }
            sent => sent,
        }
    }

    async fn send_any<T: Serialize>(&mut self, item: &T) -> Result<(), FrameError> {
        let frame = frame::encode(item, MAX_REPLY)?;
        let patience = self.admin.context.limits.timeout;
        let written = timeout(patience, self.stream.write_all(&frame));
        Ok(written.await.map_err(too_late)??)
    }

    /// Ends the conversation so that the peer gets to read the last reply.
    async fn dismiss(&mut self) -> Result<(), FrameError> {
        self.stream.shutdown().await?;
        let mut rest = (&mut self.stream).take(DRAIN_BYTES);
        // Only so that closing doesn't throw the reply away; what comes doesn't matter.
        let _ = timeout(DRAIN, tokio::io::copy(&mut rest, &mut tokio::io::sink())).await;
        Ok(())
    }
}

fn only_looking() -> Failure {
    Failure::new(
        FailureCode::NotPermitted,
        "this socket only lets you look; use the control socket, as root or a member of its group",
    )
}

pub(super) fn too_late(_: tokio::time::error::Elapsed) -> FrameError {
    FrameError::Io(io::Error::from(io::ErrorKind::TimedOut))
}
