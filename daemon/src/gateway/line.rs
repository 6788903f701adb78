//! One connection: its socket, what is in flight on it, and when it has been silent for too long.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use penstock_policy::record::RecordId;
use penstock_policy::refusal::Refusal;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::crowd::{Counted, Crowd, Who};
use super::{Gateway, Settings};
use crate::clock::Clock;

/// A throttled connection's receive buffer holds so much of its share.
const BUFFER_MILLIS: u64 = 200;
const LEAST_BUFFER: u64 = 64 * 1024;
const MOST_BUFFER: u64 = 8 * 1024 * 1024;

/// The longest that a connection on which nobody authenticates stays open.
const ANONYMOUS: Duration = Duration::from_secs(60);

/// After the last answer: what is read and thrown away, so that the client gets to read it.
pub const LINGER: Duration = Duration::from_secs(10);

/// One connection.
pub struct Line {
    /// The peer's address.
    pub peer: IpAddr,
    stream: Arc<TcpStream>,
    tls: bool,
    clock: Clock,
    in_flight: AtomicUsize,
    /// Milliseconds of the clock at which it was accepted.
    born: u64,
    /// Milliseconds of the clock at which nothing was in flight any more.
    silent_since: AtomicU64,
    /// Milliseconds of the clock since which the peer takes nothing; 0 while it does.
    unwritten_since: AtomicU64,
    authenticated: AtomicBool,
    /// Whether an answer went out before its request's body was read.
    unread: AtomicBool,
    customer: Mutex<Option<(RecordId, Counted)>>,
    buffer: AtomicU64,
}

/// A request in flight, until it is dropped.
pub struct Busy(Arc<Line>);

/// The connection's bytes, as hyper and rustls take them.
pub struct Socket {
    line: Arc<Line>,
}

impl Line {
    /// A connection that was just accepted.
    #[must_use]
    pub fn new(stream: TcpStream, peer: IpAddr, tls: bool, clock: Clock) -> Arc<Self> {
        let mut line = Self {
            peer,
            born: 0,
            tls,
            stream: Arc::new(stream),
            in_flight: AtomicUsize::new(0),
            silent_since: AtomicU64::new(0),
            unwritten_since: AtomicU64::new(0),
            authenticated: AtomicBool::new(false),
            unread: AtomicBool::new(false),
            customer: Mutex::new(None),
            buffer: AtomicU64::new(0),
            clock,
        };
        line.born = line.millis();
        line.silent_since = AtomicU64::new(line.born);
        Arc::new(line)
    }

    /// Its bytes.
    #[must_use]
    pub fn socket(self: &Arc<Self>) -> Socket {
        Socket {
            line: Arc::clone(self),
        }
    }

    /// Whether it speaks TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.tls
    }

    /// Counts a request in.
    #[must_use]
    pub fn busy(self: &Arc<Self>) -> Busy {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// Notes that an answer goes out before its request's body was read.
    pub fn leaves_unread(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }

    /// Whether something may still be coming that nobody will read.
    #[must_use]
    pub fn has_unread(&self) -> bool {
        self.unread.load(Ordering::Relaxed)
    }

    /// Notes that somebody authenticated, and counts the connection as the customer's.
    ///
    /// # Errors
    /// [`Refusal::Busy`] when the customer has as many connections as it may have.
    pub fn belongs_to(
        &self,
        customer: RecordId,
        crowd: &Crowd,
        most: usize,
    ) -> Result<(), Refusal> {
        let mut counted = self.customer.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.as_ref().is_none_or(|(id, _)| *id != customer) {
            let slot = crowd.enter(Who::Customer(customer), most);
            *counted = Some((customer, slot.ok_or(Refusal::Busy)?));
        }
        self.authenticated.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Fits the receive buffer to a throttled connection's share in bytes a second (rules, section 7), so that the
    /// wire doesn't run far ahead of what is paid. True when it had been fitted and nothing throttles any more: such a
    /// connection is better closed, because the kernel won't grow its buffer again.
    pub fn fit(&self, share: Option<u64>) -> bool {
        let Some(share) = share else {
            return self.buffer.load(Ordering::Relaxed) != 0;
        };
        let wanted = (share / 1000)
            .saturating_mul(BUFFER_MILLIS)
            .clamp(LEAST_BUFFER, MOST_BUFFER);
        let set = self.buffer.load(Ordering::Relaxed);
        // Shares wobble as connections come and go; only a change that matters is worth a system call.
        if set == 0 || wanted > set.saturating_mul(2) || wanted < set / 2 {
            self.buffer.store(wanted, Ordering::Relaxed);
            let bytes = usize::try_from(wanted).unwrap_or(usize::MAX);
            // A kernel that allows less gives what it can, and the wire runs ahead a little less.
            let _ = socket2::SockRef::from(&*self.stream).set_recv_buffer_size(bytes);
        }
        false
    }

    /// Returns when the connection has been silent, or its peer has taken nothing, for too long.
    pub async fn expired(&self, gateway: &Gateway) {
        loop {
            let settings = gateway.settings();
            let left = self.left(&settings);
            if left.is_zero() {
                return;
            }
            // Looked at again soon enough for a deadline that comes closer meanwhile.
            tokio::time::sleep(left.min(Duration::from_secs(5))).await;
        }
    }

    fn left(&self, settings: &Settings) -> Duration {
        let unwritten = self.unwritten_since.load(Ordering::Relaxed);
        let (since, most) = if unwritten != 0 {
            (unwritten, settings.stalled_body_timeout)
        } else if self.in_flight.load(Ordering::Relaxed) > 0 {
            return Duration::from_secs(5);
        } else if self.authenticated.load(Ordering::Relaxed) {
            (
                self.silent_since.load(Ordering::Relaxed),
                settings.idle_timeout,
            )
        } else {
            // However busy: whoever isn't known doesn't keep a connection.
            let left = ANONYMOUS.saturating_sub(self.since(self.born));
            let silent = self.since(self.silent_since.load(Ordering::Relaxed));
            return left.min(settings.header_timeout.saturating_sub(silent));
        };
        most.saturating_sub(self.since(since))
    }

    fn since(&self, millis: u64) -> Duration {
        Duration::from_millis(self.millis().saturating_sub(millis))
    }

    /// Half-closes and throws away what still comes, bounded in time: closing early would take the answer away from a
    /// client that is still sending.
    pub async fn linger(&self, most: Duration) {
        // A peer that is gone already is what this waits for.
        let _ = socket2::SockRef::from(&*self.stream).shutdown(std::net::Shutdown::Write);
        let drain = async {
            let mut waste = [0; 4096];
            while self.stream.readable().await.is_ok() {
                match self.stream.try_read(&mut waste) {
                    Ok(0) => return,
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(_) => return,
                }
            }
        };
        let _ = tokio::time::timeout(most, drain).await;
    }

    fn millis(&self) -> u64 {
        // From 1, because 0 stands for "not".
        u64::try_from(self.clock.monotonic().as_millis()).unwrap_or(u64::MAX - 1) + 1
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0
            .silent_since
            .store(self.0.millis(), Ordering::Relaxed);
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Socket {
    fn wrote<T>(&self, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        let unwritten = &self.line.unwritten_since;
        if poll.is_ready() {
            unwritten.store(0, Ordering::Relaxed);
        } else {
            let now = self.line.millis();
            let _ = unwritten.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
        }
        poll
    }

    fn write_with(
        &self,
        cx: &mut Context<'_>,
        write: impl Fn(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let stream = &self.line.stream;
        loop {
            ready!(stream.poll_write_ready(cx))?;
            match write(stream) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let stream = &self.line.stream;
        loop {
            ready!(stream.poll_read_ready(cx))?;
            match stream.try_read(buf.initialize_unfilled()) {
                Ok(read) => {
                    buf.advance(read);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.wrote(self.write_with(cx, |stream| stream.try_write(bytes)))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.wrote(self.write_with(cx, |stream| stream.try_write_vectored(slices)))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = socket2::SockRef::from(&*self.line.stream).shutdown(std::net::Shutdown::Write);
        Poll::Ready(shut)
    }
}
