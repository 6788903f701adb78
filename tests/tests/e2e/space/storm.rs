//! Many thousands of random operations on several connections, edits and restarts among them.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::{allot, equals_the_disk};
use crate::support::{Client, Object, PATIENCE, Server, administered, until};

/// Uploads, deletes and aborts of one run.
const OPERATIONS: usize = 50_000;

/// Connections that they come over.
const CONNECTIONS: u64 = 16;

/// After how many operations the server is ended, in turns by a stop and by a kill.
const RESTART_EVERY: usize = 10_000;

const KINDS: [&str; 5] = ["data", "index", "keys", "locks", "snapshots"];

/// Numbers without a pattern, the same for the same seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides
    }
}

/// A connection that is kept as long as the server keeps it.
struct Line<'a> {
    server: &'a Server,
    stream: Option<BufReader<TcpStream>>,
}

impl Line<'_> {
    /// The status of an answer; an error when the server is away.
    fn ask(&mut self, head: &str, body: &[u8]) -> io::Result<u16> {
        let mut stream = self.open()?;
        stream
            .get_mut()
            .write_all(&[head.as_bytes(), body].concat())?;
        let (mut line, mut status, mut length, mut stays) = (String::new(), 0, 0, true);
        loop {
            line.clear();
            if stream.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let lower = line.trim_end().to_ascii_lowercase();
            if let Some(rest) = lower.strip_prefix("http/1.1 ") {
                status = rest[..3].parse().unwrap();
            } else if let Some(digits) = lower.strip_prefix("content-length: ") {
                length = digits.parse().unwrap();
            } else if lower == "connection: close" {
                stays = false;
            } else if lower.is_empty() {
                break;
            }
        }
        io::copy(&mut stream.by_ref().take(length), &mut io::sink())?;
        self.stream = Some(stream).filter(|_| stays);
        Ok(status)
    }

    /// Sends a part of an upload and goes away.
    fn abort(&mut self, head: &str, part: &[u8]) -> io::Result<()> {
        let mut stream = self.open()?;
        let stream = stream.get_mut();
        stream.write_all(&[head.as_bytes(), part].concat())?;
        stream.shutdown(Shutdown::Both)
    }

    fn open(&mut self) -> io::Result<BufReader<TcpStream>> {
        if let Some(stream) = self.stream.take() {
            return Ok(stream);
        }
        let stream = TcpStream::connect(("127.0.0.1", self.server.port()))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(BufReader::new(stream))
    }
}

/// What all connections work on.
struct Storm<'a> {
    clients: [Client<'a>; 2],
    /// What may be stored: of which client, of which type, under which name, of which bytes.
    known: Mutex<Vec<(usize, &'static str, Object)>>,
    done: AtomicUsize,
    stored: AtomicUsize,
}

impl Storm<'_> {
    /// One connection's share of the operations.
    fn rage(&self, line: &mut Line<'_>, dice: &mut Dice) {
        while self.done.load(Ordering::SeqCst) < OPERATIONS {
            if self.operate(line, dice).is_ok() {
                self.done.fetch_add(1, Ordering::SeqCst);
            } else {
                line.stream = None;
                thread::sleep(Duration::from_millis(20));
            }
        }
    }

    fn operate(&self, line: &mut Line<'_>, dice: &mut Dice) -> io::Result<()> {
        let (method, (owner, kind, object)) = match dice.roll(100) {
            0..50 => ("POST", self.fresh(dice)),
            50..90 => ("DELETE", self.take(dice)),
            90..95 => ("POST", self.known(dice)),
            choice => {
                let (owner, kind, object) = self.fresh(dice);
                let head = self.head("POST", owner, kind, &object.name, object.body.len());
                let part = dice.roll(object.body.len() as u64 + 1) as usize;
                if choice < 98 {
                    return line.abort(&head, &object.body[..part]);
                }
                let wrong = vec![b'x'; object.body.len()];
                let status = line.ask(&head, &wrong)?;
                assert!([400, 503, 507].contains(&status), "{status}");
                return Ok(());
            }
        };
        let body: &[u8] = if method == "POST" { &object.body } else { b"" };
        let head = self.head(method, owner, kind, &object.name, body.len());
        let status = line.ask(&head, body)?;
        // A fault: what was only to be compared was deleted meanwhile. Whoever wants it sends it again.
        if (method, status) == ("POST", 200) {
            self.stored.fetch_add(1, Ordering::SeqCst);
        }
        let expected = [200, 503, 507].contains(&status);
        assert!(
            expected || (method == "POST" && status == 500),
            "{method} {status}"
        );
        Ok(())
    }

    /// Something new, which is known from then on, whatever comes of it.
    fn fresh(&self, dice: &mut Dice) -> (usize, &'static str, Object) {
        let bytes = 1 + dice.roll(3000) as usize;
        let kind = KINDS[dice.roll(12).saturating_sub(7) as usize];
        let fresh = (
            dice.roll(2) as usize,
            kind,
            Object::of(bytes, dice.roll(u64::MAX)),
        );
        self.known.lock().unwrap().push(fresh.clone());
        fresh
    }

    /// Something known, also to others.
    fn known(&self, dice: &mut Dice) -> (usize, &'static str, Object) {
        let known = self.known.lock().unwrap();
        match known.len() {
            0 => (0, "data", Object::of(100, 0)),
            many => known[dice.roll(many as u64) as usize].clone(),
        }
    }

    /// Something known; now and then others go on knowing it.
    fn take(&self, dice: &mut Dice) -> (usize, &'static str, Object) {
        let mut known = self.known.lock().unwrap();
        match known.len() {
            0 => (0, "data", Object::of(100, 0)),
            many => {
                let place = dice.roll(many as u64) as usize;
                if dice.roll(4) == 0 {
                    known[place].clone()
                } else {
                    known.swap_remove(place)
                }
            }
        }
    }

    fn head(&self, method: &str, owner: usize, kind: &str, name: &str, length: usize) -> String {
        let client = &self.clients[owner];
        let (path, login) = (
            client.path(&format!("{kind}/{name}")),
            client.authorization(),
        );
        format!("{method} {path} HTTP/1.1\r\nHost: test\r\n{login}Content-Length: {length}\r\n\r\n")
    }

    fn after(&self, operations: usize) {
        let mut before = self.done.load(Ordering::SeqCst);
        // Patience is for a standstill, not for the whole way.
        while before < operations {
            before = until("the next operations", || {
                let now = self.done.load(Ordering::SeqCst);
                (now >= operations || now > before + 100).then_some(now)
            });
        }
    }
}

#[test]
fn after_fifty_thousand_random_operations_the_figure_is_that_of_the_files() {
    let server = Server::start();
    let laptop = administered(&server);
    let pc = Client::added(&server, "abc-inc", "pc");
    laptop.create().is(200);
    pc.create().is(200);
    let storm = Storm {
        clients: [laptop, pc],
        known: Mutex::default(),
        done: AtomicUsize::new(0),
        stored: AtomicUsize::new(0),
    };
    let over = AtomicUsize::new(0);
    thread::scope(|scope| {
        let connections: Vec<_> = (0..CONNECTIONS)
            .map(|number| {
                let (storm, server) = (&storm, &server);
                scope.spawn(move || {
                    let stream = None;
                    storm.rage(&mut Line { server, stream }, &mut Dice(number));
                })
            })
            .collect();
        scope.spawn(|| {
            let mut dice = Dice(99);
            while over.load(Ordering::SeqCst) == 0 {
                let space = format!("{}KiB", 1 + dice.roll(4000));
                // It may be away just now.
                server.ctl(["customer", "edit", "abc-inc", "--space", &space]);
                thread::sleep(Duration::from_millis(200));
            }
        });
        for turn in 1..OPERATIONS / RESTART_EVERY {
            storm.after(turn * RESTART_EVERY);
            if turn % 2 == 0 {
                server.kill();
            } else {
                server.signal(Signal::SIGTERM);
                server.ends();
            }
            server.restart();
        }
        for connection in connections {
            connection.join().unwrap();
        }
        over.store(1, Ordering::SeqCst);
    });
    let stored = storm.stored.load(Ordering::SeqCst);
    assert!(stored > OPERATIONS / 10, "only {stored} were stored");
    equals_the_disk(&server);
    allot(&server, "unlimited");
    let kept = server.location().join(".incoming");
    assert!(crate::support::files_below(&kept).is_empty());
    server.kill();
    server.restart();
    equals_the_disk(&server);
}
