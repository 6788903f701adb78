//! The administrator's side: customers, clients, edits and the counters of what runs, over the control socket.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use penstock_policy::edit::Assignment;
use penstock_wire::frame::{self, MAX_REPLY, MAX_REQUEST};
use penstock_wire::reply::{Answer, Reply};
use penstock_wire::request::{Request, Target};
use penstock_wire::view::Running;
use penstock_wire::{Hello, VERSION, Welcome};

use crate::Trouble;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// One conversation with the daemon.
pub struct Admin {
    stream: UnixStream,
    /// The daemon's version, as it greeted.
    pub version: String,
}

impl Admin {
    /// Connects and greets.
    ///
    /// # Errors
    /// When nobody listens, or speaks another version.
    pub fn open(socket: &Path) -> Result<Self, Trouble> {
        let connect = || {
            let stream = UnixStream::connect(socket)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            Ok(stream)
        };
        let mut stream = connect().map_err(Trouble::system("the control socket"))?;
        frame::write(&mut stream, &Hello { version: VERSION }, MAX_REQUEST).map_err(broken)?;
        let welcome: Welcome = frame::read(&mut stream, MAX_REPLY).map_err(broken)?;
        if welcome.version != VERSION {
            return Err(Trouble::Admin(format!(
                "penstockd {} speaks version {}, not {VERSION}; build both from one source",
                welcome.daemon, welcome.version
            )));
        }
        Ok(Self {
            stream,
            version: welcome.daemon,
        })
    }

    /// Adds a customer with this throttle, and one client of it; returns the client's password.
    ///
    /// # Errors
    /// When the daemon refuses.
    pub fn add(&mut self, customer: &str, client: &str, throttle: &str) -> Result<String, Trouble> {
        self.ask(&Request::CustomerAdd {
            name: customer.to_owned(),
            short: None,
            reseller: None,
            like: None,
            assignments: vec![assignment("throttle", throttle)],
            dry_run: false,
        })?;
        let id = client.parse();
        let answer = self.ask(&Request::ClientAdd {
            customer: customer.to_owned(),
            ids: vec![id.map_err(|_| Trouble::Admin(format!("{client} is no client id")))?],
            if_missing: false,
            password: None,
            assignments: Vec::new(),
        })?;
        let Answer::NewClients(clients) = answer else {
            return Err(unexpected());
        };
        let password = clients.items.into_iter().find_map(|client| client.password);
        Ok(password.ok_or_else(unexpected)?.reveal().to_owned())
    }

    /// Sets one field of a customer.
    ///
    /// # Errors
    /// When the daemon refuses.
    pub fn edit(&mut self, customer: &str, field: &str, value: &str) -> Result<(), Trouble> {
        self.ask(&Request::Edit {
            target: Target::Customer {
                customer: customer.to_owned(),
            },
            assignments: vec![assignment(field, value)],
            expect_revision: None,
            dry_run: false,
        })
        .map(|_| ())
    }

    /// What runs.
    ///
    /// # Errors
    /// When the conversation breaks.
    pub fn top(&mut self) -> Result<Vec<Running>, Trouble> {
        match self.ask(&Request::Top {})? {
            Answer::Top(list) => Ok(list.items),
            _ => Err(unexpected()),
        }
    }

    fn ask(&mut self, request: &Request) -> Result<Answer, Trouble> {
        frame::write(&mut self.stream, request, MAX_REQUEST).map_err(broken)?;
        match frame::read(&mut self.stream, MAX_REPLY).map_err(broken)? {
            Reply::Done(answer) => Ok(*answer),
            Reply::Failed(failure) => Err(Trouble::Admin(failure.message)),
            Reply::Event(_) => Err(unexpected()),
        }
    }
}

fn assignment(field: &str, value: &str) -> Assignment {
    Assignment {
        field: field.to_owned(),
        value: value.to_owned(),
    }
}

fn broken(error: frame::FrameError) -> Trouble {
    Trouble::Admin(error.to_string())
}

fn unexpected() -> Trouble {
    Trouble::Admin("the answer is one to another question".to_owned())
}
