//! A client of a customer: restic with its credentials, and requests by hand.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use super::{Answer, Background, Object, Ran, Server, Wire, basic, command, request, run};

/// What ends every refusal in these tests.
pub const CONTACT: &str = "support@msp.example";

/// What restic encrypts with.
pub const ENCRYPTION: &str = "only-the-client-knows-this";

/// A client with its password.
#[derive(Clone)]
pub struct Client<'a> {
    server: &'a Server,
    /// The customer's short name.
    pub customer: String,
    /// Its id, which is also the Basic user.
    pub id: String,
    /// Its password.
    pub password: String,
    /// The schedule in its paths; empty for the default one, else with a slash at its end.
    schedule: String,
}

/// A server with customer "ABC Inc." and its client `laptop`.
pub fn administered(server: &Server) -> Client<'_> {
    server.ctl(["server", "edit", "--contact", CONTACT]).fine();
    server.ctl(["customer", "add", "ABC Inc."]).fine();
    Client::added(server, "abc-inc", "laptop")
}

impl<'a> Client<'a> {
    /// Adds it, with a generated password.
    pub fn added(server: &'a Server, customer: &str, id: &str) -> Self {
        let added = server.json(["client", "add", customer, id]);
        Self::with(server, customer, id, added["password"].as_str().unwrap())
    }

    /// One with that password, known or not.
    pub fn with(server: &'a Server, customer: &str, id: &str, password: &str) -> Self {
        Self {
            server,
            customer: customer.to_owned(),
            id: id.to_owned(),
            password: password.to_owned(),
            schedule: String::new(),
        }
    }

    /// The same client with another schedule.
    pub fn schedule(&self, name: &str) -> Self {
        Self {
            schedule: format!("{name}/"),
            ..self.clone()
        }
    }

    /// A path below its repository.
    pub fn path(&self, rest: &str) -> String {
        format!("/{}/{}/{}{rest}", self.customer, self.id, self.schedule)
    }

    /// Its repository's folder on disk.
    pub fn folder(&self) -> PathBuf {
        let schedule = self.schedule.strip_suffix('/').unwrap_or("default");
        let location = self.server.location();
        location.join(&self.customer).join(&self.id).join(schedule)
    }

    /// Its `Authorization` line.
    pub fn authorization(&self) -> String {
        basic(&self.id, &self.password)
    }

    /// One request below its repository.
    pub fn ask(&self, method: &str, rest: &str, body: &[u8]) -> Answer {
        self.ask_with(method, rest, "", body)
    }

    /// One request below its repository, with more header lines.
    pub fn ask_with(&self, method: &str, rest: &str, headers: &str, body: &[u8]) -> Answer {
        let headers = format!("{}{headers}", self.authorization());
        request(self.server.port(), method, &self.path(rest), &headers, body)
    }

    /// Makes its repository's folders.
    pub fn create(&self) -> Answer {
        self.ask("POST", "?create=true", b"")
    }

    /// Posts an object of a type.
    pub fn post(&self, kind: &str, object: &Object) -> Answer {
        self.ask("POST", &format!("{kind}/{}", object.name), &object.body)
    }

    /// Begins to post an object: its head and so many bytes of it.
    pub fn begin(&self, kind: &str, object: &Object, bytes: usize) -> Wire {
        let mut wire = Wire::to(self.server.port());
        let path = self.path(&format!("{kind}/{}", object.name));
        let length = Some(object.body.len());
        wire.head("POST", &path, &self.authorization(), length);
        wire.send(&object.body[..bytes]);
        wire
    }

    /// Its repository as restic takes it.
    pub fn repository(&self) -> String {
        let (scheme, host) = self.server.origin();
        let (id, password) = (encoded(&self.id), encoded(&self.password));
        format!("rest:{scheme}://{id}:{password}@{host}{}", self.path(""))
    }

    /// Runs restic to its end.
    pub fn restic<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        run(self.restic_command().args(args), "")
    }

    /// Starts restic beside the test.
    pub fn restic_in_background<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
    ) -> Background {
        Background::start(self.restic_command().args(args))
    }

    fn restic_command(&self) -> Command {
        let mut restic = restic(&self.repository());
        restic.current_dir(self.server.folder());
        restic
    }
}

/// restic on a repository, wherever it is.
pub fn restic(repository: &str) -> Command {
    let mut restic = command("restic");
    restic
        .env("RESTIC_REPOSITORY", repository)
        .env("RESTIC_PASSWORD", ENCRYPTION)
        .env("RESTIC_PROGRESS_FPS", "0.1")
        .arg("--no-cache");
    restic
}

/// Percent-encodes what isn't unreserved (RFC 3986, section 2.3).
fn encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(encode).collect()
}
