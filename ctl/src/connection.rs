//! One conversation with the daemon over its Unix socket.

use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;
use penstock_policy::names::Address;
use penstock_wire::frame::{self, FrameError, MAX_REPLY, MAX_REQUEST};
use penstock_wire::reply::{Answer, List, Reply};
use penstock_wire::request::{Page, Request};
use penstock_wire::view::Event;
use penstock_wire::{Hello, Role, VERSION, Welcome};

use crate::exit::Problem;
use crate::moment;

/// Where packaged daemons listen; the first that this user can see is taken.
const DEFAULT_SOCKETS: [&str; 2] = [
    "/run/penstock/control/penstockd.sock",
    "/run/penstock/view/penstockd.sock",
];

/// Longest wait for the daemon to take a request or to answer it.
const PATIENCE: Duration = Duration::from_secs(30);

/// The same for what may change a whole server in one transaction.
const LONG_PATIENCE: Duration = Duration::from_secs(600);

/// Most pages of one list: far more than any server has, and an end for a daemon that never ends.
const MAX_PAGES: usize = 10_000;

/// An open connection whose greeting is done.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    path: PathBuf,
    role: Role,
    server_zone: Option<TimeZone>,
}

impl Connection {
    /// Connects to the named socket, or to the first default one, and greets.
    ///
    /// # Errors
    /// When nobody listens there, this user may do nothing, or the versions differ.
    pub fn open(socket: Option<&Path>) -> Result<Self, Problem> {
        let path = match socket {
            Some(path) => path.to_owned(),
            None => default_socket()?,
        };
        let mut stream =
            UnixStream::connect(&path).map_err(|error| unreachable_at(&path, &error))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let hello = Hello { version: VERSION };
        frame::write(&mut stream, &hello, MAX_REQUEST).map_err(broken)?;
        let welcome: Welcome = frame::read(&mut stream, MAX_REPLY).map_err(broken)?;
        if welcome.version != VERSION {
            return Err(Problem::Version {
                daemon: welcome.daemon,
                theirs: welcome.version,
                ours: VERSION,
            });
        }
        if welcome.role == Role::Nobody {
            return Err(Problem::NotPermitted(format!(
                "the daemon lets this user do nothing at {}; become root or join the socket's group",
                path.display()
            )));
        }
        Ok(Self {
            stream,
            path,
            role: welcome.role,
            server_zone: None,
        })
    }

    /// Asks one question.
    ///
    /// # Errors
    /// What the daemon refuses, and what breaks on the way.
    pub fn ask(&mut self, request: &Request) -> Result<Answer, Problem> {
        self.send(request)?;
        match frame::read(&mut self.stream, MAX_REPLY).map_err(broken)? {
            Reply::Done(answer) => Ok(*answer),
            Reply::Failed(failure) => Err(failure.into()),
            Reply::Event(_) => Err(Problem::Unexpected("with an event")),
        }
    }

    /// Asks for what may take minutes.
    ///
    /// # Errors
    /// As [`Connection::ask`].
    pub fn ask_patiently(&mut self, request: &Request) -> Result<Answer, Problem> {
        self.stream.set_read_timeout(Some(LONG_PATIENCE))?;
        let answer = self.ask(request);
        self.stream.set_read_timeout(Some(PATIENCE))?;
        answer
    }

    /// Asks for a list, page by page, to its end.
    ///
    /// # Errors
    /// As [`Connection::ask`], and for a list that never ends.
    pub fn pages<T>(
        &mut self,
        request: impl Fn(Page) -> Request,
        pick: impl Fn(Answer) -> Option<List<T>>,
    ) -> Result<Vec<T>, Problem> {
        let mut items = Vec::new();
        let mut page = Page::default();
        for _ in 0..MAX_PAGES {
            let answer = self.ask(&request(page.clone()))?;
            let list = pick(answer).ok_or(Problem::Unexpected("to another question"))?;
            items.extend(list.items);
            if list.next.is_none() {
                return Ok(items);
            }
            if list.next == page.after {
                return Err(Problem::Unexpected("with the same page again"));
            }
            page.after = list.next;
        }
        Err(Problem::Unexpected("with a list that doesn't end"))
    }

    /// Hands over each event until the daemon closes, which is an error, or `each` fails.
    ///
    /// # Errors
    /// As [`Connection::ask`], and what `each` returns.
    pub fn watch(
        &mut self,
        address: Option<Address>,
        mut each: impl FnMut(&Event) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        self.send(&Request::Watch { address })?;
        // An hour without an event is an hour in which all was well.
        self.stream.set_read_timeout(None)?;
        loop {
            match frame::read(&mut self.stream, MAX_REPLY).map_err(broken)? {
                Reply::Event(event) => each(&event)?,
                Reply::Failed(failure) => return Err(failure.into()),
                Reply::Done(_) => return Err(Problem::Unexpected("and ended the events")),
            }
        }
    }

    /// The server's zone, in which times are shown where the answer names none of its own.
    ///
    /// # Errors
    /// As [`Connection::ask`].
    pub fn server_zone(&mut self) -> Result<TimeZone, Problem> {
        if let Some(zone) = &self.server_zone {
            return Ok(zone.clone());
        }
        let Answer::Server(server) = self.ask(&Request::Server {})? else {
            return Err(Problem::Unexpected("to another question"));
        };
        let name = server.fields.get("time_zone").map(ToString::to_string);
        let zone = moment::zone(name.as_deref().unwrap_or("UTC"));
        self.server_zone = Some(zone.clone());
        Ok(zone)
    }

    fn send(&mut self, request: &Request) -> Result<(), Problem> {
        if self.role == Role::View && !request.is_view() {
            return Err(Problem::NotPermitted(format!(
                "{} only lets this user look; use the control socket, as root or a member of its group",
                self.path.display()
            )));
        }
        frame::write(&mut self.stream, request, MAX_REQUEST).map_err(broken)
    }
}

/// A conversation that broke; a timeout gets its own sentence, since the system's says nothing.
fn broken(error: FrameError) -> Problem {
    match error {
        FrameError::Io(error)
            if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
        {
            Problem::Unreachable(
                "the daemon didn't answer in time; look at its log, then try again".to_owned(),
            )
        }
        error => error.into(),
    }
}

fn default_socket() -> Result<PathBuf, Problem> {
    DEFAULT_SOCKETS
        .iter()
        .map(PathBuf::from)
        .find(|path| path.exists())
        .ok_or_else(|| {
            Problem::Unreachable(format!(
                "no socket that this user can see at {} or {}; start penstockd, become root or join its group, \
                 or name the socket with --socket or PENSTOCK_SOCKET",
                DEFAULT_SOCKETS[0], DEFAULT_SOCKETS[1]
            ))
        })
}

fn unreachable_at(path: &Path, error: &std::io::Error) -> Problem {
    let path = path.display();
    match error.kind() {
        ErrorKind::NotFound => Problem::Unreachable(format!(
            "there is no socket at {path}; start penstockd, or name its socket with --socket or PENSTOCK_SOCKET"
        )),
        ErrorKind::ConnectionRefused => Problem::Unreachable(format!(
            "nobody listens at {path}; start penstockd (systemctl start penstockd)"
        )),
        ErrorKind::PermissionDenied => Problem::NotPermitted(format!(
            "this user can't open {path}; become root or join the socket's group"
        )),
        _ => Problem::Unreachable(format!(
            "{path} can't be reached: {error}; see whether penstockd runs"
        )),
    }
}
