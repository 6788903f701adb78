//! HTTP/1.1 by hand: what a client can do to a server, byte for byte.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;

use data_encoding::BASE64;

use super::{PATIENCE, until};

/// One connection.
pub struct Wire {
    stream: BufReader<TcpStream>,
}

/// An answer with its whole body.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The reason phrase, which restic prints.
    pub reason: String,
    /// Headers in the order they came, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// The `Authorization` line of a client.
pub fn basic(user: &str, password: &str) -> String {
    let token = BASE64.encode(format!("{user}:{password}").as_bytes());
    format!("Authorization: Basic {token}\r\n")
}

/// One request on a connection of its own, with its headers as lines.
pub fn request(port: u16, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
    let mut wire = Wire::to(port);
    wire.head(method, path, headers, Some(body.len()));
    // Whoever refuses early may close before all is sent; its answer is still to be read.
    let _ = wire.try_send(body);
    wire.answer(method)
}

/// The status that a request is answered with by a server that may go away at any moment.
///
/// # Errors
/// When it did.
pub fn status_of(
    port: u16,
    method: &str,
    path: &str,
    headers: &str,
    body: &[u8],
) -> io::Result<u16> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: test\r\n{headers}Content-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    let status = line
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    status.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

impl Wire {
    /// Connects.
    pub fn to(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// Sends a request's head.
    pub fn head(&mut self, method: &str, path: &str, headers: &str, length: Option<usize>) {
        let length = length.map_or(String::new(), |length| {
            format!("Content-Length: {length}\r\n")
        });
        self.send(
            format!("{method} {path} HTTP/1.1\r\nHost: test\r\n{headers}{length}\r\n").as_bytes(),
        );
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).unwrap();
    }

    /// Sends bytes as they are, to a peer that may have gone.
    ///
    /// # Errors
    /// When it has.
    pub fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Waits until the server has read all that was sent: until then it lies in a queue that the kernel shows
    /// (proc_net_tcp(5)).
    pub fn was_read(&self) {
        let ours = self.stream.get_ref().local_addr().unwrap().port();
        let theirs = self.stream.get_ref().peer_addr().unwrap().port();
        let queue = |local: u16, remote: u16| {
            let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
            let ends = [format!(":{local:04X}"), format!(":{remote:04X}")];
            let mut rows = table
                .lines()
                .map(|row| row.split_whitespace().collect::<Vec<_>>());
            let row = rows.find(|row| row[1].ends_with(&ends[0]) && row[2].ends_with(&ends[1]));
            row.map(|row| row[4].to_owned())
        };
        until("the server to read what was sent", || {
            let empty = |queue: &String| queue == "00000000:00000000";
            let read = queue(ours, theirs).is_some_and(|queue| empty(&queue));
            (read && queue(theirs, ours).is_some_and(|queue| empty(&queue))).then_some(())
        });
    }

    /// Says that nothing more is sent.
    pub fn finish(&self) {
        self.stream
            .get_ref()
            .shutdown(std::net::Shutdown::Write)
            .unwrap();
    }

    /// Reads the answer to a request with that method.
    pub fn answer(&mut self, method: &str) -> Answer {
        let mut answer = self.answer_head();
        let none = method == "HEAD" || answer.status == 204;
        if !none && answer.header("transfer-encoding") == Some("chunked") {
            answer.body = self.chunks();
        } else if let Some(length) = answer.header("content-length").filter(|_| !none) {
            answer.body = vec![0; length.parse().unwrap()];
            self.stream.read_exact(&mut answer.body).unwrap();
        }
        answer
    }

    /// Reads an answer's status line and headers.
    pub fn answer_head(&mut self) -> Answer {
        let status_line = self.line();
        let mut words = status_line.splitn(3, ' ');
        assert_eq!(words.next(), Some("HTTP/1.1"), "{status_line:?}");
        let status = words.next().unwrap().parse().unwrap();
        let reason = words.next().unwrap_or_default().to_owned();
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').unwrap();
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        Answer {
            status,
            reason,
            headers,
            body: Vec::new(),
        }
    }

    /// Reads up to so many bytes of a body.
    pub fn read(&mut self, bytes: usize) -> Vec<u8> {
        let mut body = vec![0; bytes];
        self.stream.read_exact(&mut body).unwrap();
        body
    }

    /// Reads until the server closes the connection, and says how much came.
    pub fn rest(&mut self) -> usize {
        let mut waste = [0; 64 * 1024];
        let mut came = 0;
        loop {
            match self.stream.read(&mut waste) {
                Ok(0) => return came,
                Ok(read) => came += read,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return came,
                Err(error) => panic!("the connection stays open: {error}"),
            }
        }
    }

    fn line(&mut self) -> String {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).unwrap();
        let line = String::from_utf8(line).unwrap();
        let line = line.strip_suffix("\r\n");
        line.expect("the connection ended within an answer's head")
            .to_owned()
    }

    fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let size = usize::from_str_radix(&self.line(), 16).unwrap();
            body.extend(self.read(size));
            assert_eq!(self.line(), "");
            if size == 0 {
                return body;
            }
        }
    }
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The reference in brackets at the end of the reason phrase.
    pub fn reference(&self) -> String {
        let inside = self.reason.strip_suffix(']');
        let inside = inside.and_then(|line| line.rsplit_once('['));
        let (_, reference) = inside.unwrap_or_else(|| panic!("no reference: {self:?}"));
        reference.to_owned()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Itself, if it has that status.
    ///
    /// # Panics
    /// When it hasn't.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} {}", self.reason, self.text());
        self
    }
}
