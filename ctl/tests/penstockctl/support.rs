//! A daemon of a few lines that answers as a test says, and a terminal whose ends the test holds.

use std::io::{self, BufReader, Cursor, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use jiff::Timestamp;
use penstock_ctl::{Exit, Terminal, run_at};
use penstock_policy::mcal::Forecast;
use penstock_wire::frame::{self, MAX_REPLY, MAX_REQUEST};
use penstock_wire::reply::{Answer, Edited, Failure, FailureCode, List, Reply};
use penstock_wire::request::Request;
use penstock_wire::view::{
    Attention, Day, ForecastLine, LocationView, ServerView, Severity, Snapshot, Status, Value,
};
use penstock_wire::{Hello, Role, VERSION, Welcome};

/// What a command left behind.
pub struct Ran {
    pub exit: Exit,
    pub output: String,
    pub errors: String,
    /// What the daemon was asked, without the questions about the server's zone.
    pub asked: Vec<Request>,
}

/// One run of one command line.
pub struct Scene<'a> {
    pub role: Role,
    pub version: u32,
    pub input: &'a str,
    pub person: bool,
    pub editor: fn(&Path) -> io::Result<bool>,
}

impl Default for Scene<'_> {
    fn default() -> Self {
        Self {
            role: Role::Control,
            version: VERSION,
            input: "",
            person: false,
            editor: |_| panic!("no editor was expected"),
        }
    }
}

#[derive(Clone, Default)]
struct Sheet(Arc<Mutex<Vec<u8>>>);

impl Write for Sheet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sheet {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Scene<'_> {
    /// Runs with a daemon that answers each question.
    pub fn run(&self, args: &[&str], mut answer: impl FnMut(&Request) -> Reply + Send) -> Ran {
        self.run_raw(args, move |request| {
            frame::encode(&answer(request), MAX_REPLY).unwrap()
        })
    }

    /// Runs with a daemon that answers each question with bytes; none end the connection.
    pub fn run_raw(
        &self,
        args: &[&str],
        mut answer: impl FnMut(&Request) -> Vec<u8> + Send,
    ) -> Ran {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let listener = UnixListener::bind(&socket).unwrap();
        let asked = Mutex::new(Vec::new());
        let (exit, output, errors) = thread::scope(|scope| {
            scope.spawn(|| {
                let (stream, _) = listener.accept().unwrap();
                self.serve(stream, |request| {
                    if *request == (Request::Server {}) {
                        return frame::encode(&done(Answer::Server(server())), MAX_REPLY).unwrap();
                    }
                    asked.lock().unwrap().push(request.clone());
                    answer(request)
                });
            });
            let ran = self.run_at(&socket, args);
            // A command that never connected leaves the daemon waiting.
            drop(UnixStream::connect(&socket));
            ran
        });
        Ran {
            exit,
            output,
            errors,
            asked: asked.into_inner().unwrap(),
        }
    }

    fn serve(&self, mut stream: UnixStream, mut answer: impl FnMut(&Request) -> Vec<u8>) {
        let Ok(_) = frame::read::<Hello>(&mut stream, MAX_REQUEST) else {
            return;
        };
        let welcome = Welcome {
            version: self.version,
            daemon: "9.9.9".to_owned(),
            role: self.role,
        };
        frame::write(&mut stream, &welcome, MAX_REPLY).unwrap();
        while let Ok(request) = frame::read::<Request>(&mut stream, MAX_REQUEST) {
            let bytes = answer(&request);
            if bytes.is_empty() || stream.write_all(&bytes).is_err() {
                return;
            }
        }
    }

    /// Runs against whatever is, or isn't, at that path.
    pub fn run_at(&self, socket: &Path, args: &[&str]) -> (Exit, String, String) {
        let (output, errors) = (Sheet::default(), Sheet::default());
        let mut terminal = Terminal {
            input: Box::new(BufReader::new(Cursor::new(self.input.as_bytes().to_vec()))),
            output: Box::new(output.clone()),
            errors: Box::new(errors.clone()),
            input_is_terminal: self.person,
            output_is_terminal: self.person,
            colour: false,
            now: || Timestamp::UNIX_EPOCH,
            edit: Box::new(self.editor),
        };
        let socket = socket.to_str().unwrap();
        let line = ["penstockctl", "--socket", socket]
            .into_iter()
            .chain(args.iter().copied());
        let exit = run_at(&mut terminal, line.map(Into::into));
        (exit, output.text(), errors.text())
    }
}

/// A reply that it was done.
pub fn done(answer: Answer) -> Reply {
    Reply::Done(Box::new(answer))
}

/// A reply that it wasn't.
pub fn failed(code: FailureCode) -> Reply {
    Reply::Failed(Failure::new(code, "the sentence"))
}

/// A page of a list.
pub fn page<T>(items: Vec<T>, next: Option<&str>) -> List<T> {
    List {
        items,
        next: next.map(str::to_owned),
    }
}

/// An edit that changed one field.
pub fn edited(dry_run: bool) -> Reply {
    done(Answer::Edited(Edited {
        record: "abc-inc".to_owned(),
        edit: (!dry_run).then_some(12),
        revision: 8,
        changes: vec![penstock_policy::edit::Change {
            field: "throttle".to_owned(),
            from: "4MiB/s always".to_owned(),
            to: "16MiB/s always".to_owned(),
        }],
        dry_run,
        notes: vec!["1 running backup follows at once".to_owned()],
    }))
}

/// The server's record, in Berlin.
pub fn server() -> ServerView {
    let text = |text: &str| Value::Text(text.to_owned());
    let fields = [
        ("time_zone", text("Europe/Berlin")),
        ("public_url", text("https://backup.msp.example:8000")),
    ];
    ServerView {
        revision: 1,
        used_space: 600 << 30,
        space_snapshot: snapshot("2TiB", 1 << 40, Some(1 << 40)),
        mcals_left: Some(88),
        fields: fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    }
}

/// What `status` is answered, of a daemon that started at eight in Berlin.
pub fn status(attention: Vec<Attention>) -> Reply {
    done(Answer::Status(Status {
        version: "9.9.9".to_owned(),
        started: "2026-12-24T07:00:00Z".parse().unwrap(),
        draining: false,
        customers: 2,
        clients: 3,
        schedules: 4,
        running: 1,
        rate: 4 << 20,
        last_day: Day::default(),
        used_space: 600 << 30,
        trash_space: 1 << 30,
        space_snapshot: snapshot("2TiB", 1 << 40, Some(1 << 40)),
        locations: vec![location("main", true), location("second", false)],
        mcals: forecast("bank", "100"),
        silent: Vec::new(),
        attention,
        zone: "Europe/Berlin".to_owned(),
    }))
}

/// What is allotted, and what of it is given away.
pub fn snapshot(allotted: &str, given: u64, free: Option<u64>) -> Snapshot {
    Snapshot {
        allotted: allotted.to_owned(),
        given,
        free,
    }
}

/// A location that is full in 19 days, or whose disk isn't mounted.
pub fn location(name: &str, available: bool) -> LocationView {
    LocationView {
        name: name.to_owned(),
        path: format!("/srv/{name}"),
        default: name == "main",
        available,
        problem: (!available).then(|| "its marker is missing".to_owned()),
        schedules: 4,
        used: 599 << 30,
        sold: 1 << 40,
        free: available.then_some(300 << 30),
        total: available.then_some(1 << 40),
        reserve: available.then_some(50 << 30),
        full_in_days: available.then_some(19),
    }
}

/// An account that lacks three MCALs in January.
pub fn forecast(account: &str, allotted: &str) -> ForecastLine {
    ForecastLine {
        account: account.to_owned(),
        allotted: allotted.to_owned(),
        forecast: Forecast {
            month: "2026-11".parse().unwrap(),
            clients: 10,
            units: 12,
            need: 12,
            left: Some(88),
            short_in: Some("2027-01".parse().unwrap()),
            short_by: 3,
        },
    }
}

/// Something to look at.
pub fn attention(severity: Severity) -> Attention {
    Attention {
        severity,
        text: "location main isn't mounted".to_owned(),
        remedy: "mount it".to_owned(),
    }
}
