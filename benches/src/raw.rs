//! Bare connections that post data objects one after the other, as fast as they are taken.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use data_encoding::{BASE64, HEXLOWER};
use penstock_daemon::clock::Clock;
use sha2::{Digest, Sha256};

use crate::Trouble;
use crate::noise::Noise;
use crate::series::{Sample, Series};

/// Bytes of an object: small beside what a connection sends in ten seconds.
const OBJECT: usize = 256 << 10;

/// Longest wait for the daemon to take bytes or to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where to post, and as whom.
#[derive(Debug, Clone)]
pub struct Repository {
    server: SocketAddr,
    path: String,
    authorization: String,
}

/// Connections that post until they are stopped.
pub struct Posting {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Result<Series, Trouble>>>,
}

impl Repository {
    /// One client's default schedule.
    #[must_use]
    pub fn new(server: SocketAddr, customer: &str, client: &str, password: &str) -> Self {
        Self {
            server,
            path: format!("/{customer}/{client}/"),
            authorization: BASE64.encode(format!("{client}:{password}").as_bytes()),
        }
    }

    /// Creates it.
    ///
    /// # Errors
    /// When it isn't created.
    pub fn create(&self) -> Result<(), Trouble> {
        Line::open(self)?
            .post(self, "?create=true", &[])
            .map(|_| ())
    }

    /// Begins to post on so many connections.
    #[must_use]
    pub fn post(&self, clock: &Clock, connections: u64) -> Posting {
        let stop = Arc::new(AtomicBool::new(false));
        let threads = (0..connections).map(|number| {
            let (repository, clock, stop) = (self.clone(), clock.clone(), Arc::clone(&stop));
            thread::spawn(move || repository.post_until(&stop, &clock, number))
        });
        Posting {
            threads: threads.collect(),
            stop,
        }
    }

    fn post_until(&self, stop: &AtomicBool, clock: &Clock, number: u64) -> Result<Series, Trouble> {
        let mut noise = Noise::new(number + 1000);
        let mut body = vec![0; OBJECT];
        noise.fill(&mut body);
        let mut line = Line::open(self)?;
        let mut accepted = Vec::new();
        let mut bytes = 0;
        while !stop.load(Ordering::Relaxed) {
            // A few new bytes make a new object.
            noise.fill(&mut body[..8]);
            let name = HEXLOWER.encode(&Sha256::digest(&body));
            let goes_on = line.post(self, &format!("data/{name}"), &body)?;
            bytes += body.len() as u64;
            let now = clock.monotonic();
            accepted.push(Sample {
                asked: now,
                known: now,
                bytes,
                held: None,
            });
            if !goes_on {
                line = Line::open(self)?;
            }
        }
        Ok(Series::new(accepted))
    }
}

impl Posting {
    /// Ends after the objects that are under way; for each connection the bytes of accepted objects.
    ///
    /// # Errors
    /// When an object wasn't accepted.
    pub fn stop(mut self) -> Result<Vec<Series>, Trouble> {
        self.stop.store(true, Ordering::Relaxed);
        let failed = |_| Trouble::Raw("its thread failed".to_owned());
        let threads = std::mem::take(&mut self.threads);
        threads
            .into_iter()
            .map(|thread| thread.join().map_err(failed)?)
            .collect()
    }
}

impl Drop for Posting {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

struct Line(BufReader<TcpStream>);

impl Line {
    fn open(repository: &Repository) -> Result<Self, Trouble> {
        let connect = || {
            let stream = TcpStream::connect(repository.server)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            Ok(BufReader::new(stream))
        };
        connect().map(Self).map_err(Trouble::system("connecting"))
    }

    /// Posts a body and reads the answer; whether the connection may be used again.
    fn post(&mut self, to: &Repository, place: &str, body: &[u8]) -> Result<bool, Trouble> {
        let head = format!(
            "POST {}{place} HTTP/1.1\r\nHost: {}\r\nAuthorization: Basic {}\r\nContent-Length: {}\r\n\r\n",
            to.path,
            to.server,
            to.authorization,
            body.len()
        );
        let lines = self
            .exchange(head.as_bytes(), body)
            .map_err(Trouble::system("posting"))?;
        let status = lines.first().map_or("", String::as_str);
        if !status.starts_with("HTTP/1.1 200 ") {
            return Err(Trouble::Raw(format!("answered {status:?} to {place}")));
        }
        Ok(!lines.iter().any(|line| line == "connection: close"))
    }

    /// Sends, and reads the answer's head in lower case but for the status; the daemon's 200 has no body.
    fn exchange(&mut self, head: &[u8], body: &[u8]) -> std::io::Result<Vec<String>> {
        let stream = self.0.get_mut();
        stream.write_all(head)?;
        stream.write_all(body)?;
        let mut lines: Vec<String> = Vec::new();
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line)?;
            let line = line.trim_end();
            if line.is_empty() {
                return Ok(lines);
            }
            let status = lines.is_empty();
            lines.push(if status {
                line.to_owned()
            } else {
                line.to_ascii_lowercase()
            });
        }
    }
}
