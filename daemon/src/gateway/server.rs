//! Accepts connections, each its own task, and ends them in order.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::crowd::Who;
use super::limiter::network;
use super::line::{LINGER, Line};
use super::{Gateway, serve as requests};
use crate::listen::tcp;
use crate::listen::tls::Certificates;

/// Connections that are told that the server is full; more are just closed.
const MOST_TURNED_AWAY: usize = 256;

/// Read buffer of a connection: what one piece of a body can have.
const READ_BUFFER: usize = 64 * 1024;

/// Serves a listener until `drain` falls; then requests in flight go on until `stop` falls.
pub async fn serve(
    gateway: Arc<Gateway>,
    listener: TcpListener,
    certificates: Option<Certificates>,
    drain: CancellationToken,
    stop: CancellationToken,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = drain.cancelled() => break,
            accepted = tcp::accept(&listener) => {
                let (stream, peer) = match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        tracing::error!(%error, "a listener failed");
                        break;
                    }
                };
                let gateway = Arc::clone(&gateway);
                let certificates = certificates.clone();
                let drain = drain.clone();
                connections.spawn(async move {
                    one(&gateway, stream, peer.ip(), certificates, drain).await;
                });
            }
            // Reaped as they end, so that the set doesn't grow.
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    tokio::select! {
        () = async { while connections.join_next().await.is_some() {} } => {}
        () = stop.cancelled() => connections.shutdown().await,
    }
}

/// One connection from accept to close.
async fn one(
    gateway: &Arc<Gateway>,
    stream: TcpStream,
    peer: IpAddr,
    certificates: Option<Certificates>,
    drain: CancellationToken,
) {
    let settings = gateway.settings();
    let proxied = (settings.trusts_proxy)(peer);
    let crowd = &gateway.crowd;
    let _anybody = crowd.enter(Who::Anybody, settings.connections);
    // A trusted proxy carries many sources.
    let most = if proxied {
        settings.connections
    } else {
        settings.connections_per_source
    };
    let _source = crowd.enter(Who::Source(network(peer)), most);
    let line = Line::new(stream, peer, certificates.is_some(), gateway.clock.clone());
    if _anybody.is_none() || _source.is_none() {
        tracing::debug!(source = %peer, "too many connections");
        if certificates.is_none()
            && let Some(_told) = crowd.enter(Who::TurnedAway, MOST_TURNED_AWAY)
        {
            turn_away(&line).await;
        }
        return;
    }
    match certificates {
        None => drive(gateway, &line, line.socket(), drain).await,
        Some(certificates) => match certificates.accept(line.socket()).await {
            Ok(stream) => drive(gateway, &line, stream, drain).await,
            Err(error) => tracing::debug!(source = %peer, %error, "no TLS"),
        },
    }
}

/// Says in plain words that the server is full; over TLS that would cost a handshake, so the line is just closed.
async fn turn_away(line: &Arc<Line>) {
    let answer = "HTTP/1.1 503 The server is busy: try again soon.\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    // Whoever is gone already needs no answer.
    if line.socket().write_all(answer.as_bytes()).await.is_ok() {
        line.linger(Duration::from_secs(1)).await;
    }
}

/// Speaks HTTP/1.1 on a connection until it ends, is silent for too long, or the server drains.
async fn drive<S>(gateway: &Arc<Gateway>, line: &Arc<Line>, stream: S, drain: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let service = service_fn(|request| {
        let (gateway, line) = (Arc::clone(gateway), Arc::clone(line));
        async move { Ok::<_, Infallible>(requests::serve(&gateway, &line, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // Also closes idle connections, so the short time for a first head is the line's own.
        .header_read_timeout(gateway.settings().idle_timeout)
        .max_buf_size(READ_BUFFER)
        .max_headers(64)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let mut draining = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(source = %line.peer, %error, "connection ended");
                }
                if line.has_unread() {
                    line.linger(LINGER).await;
                }
                return;
            }
            () = line.expired(gateway) => {
                tracing::debug!(source = %line.peer, "connection was silent for too long");
                return;
            }
            () = drain.cancelled(), if !draining => {
                connection.as_mut().graceful_shutdown();
                draining = true;
            }
        }
    }
}
