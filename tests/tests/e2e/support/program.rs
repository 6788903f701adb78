//! Programs that run to their end, and ones that run beside the test.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::until;

/// What a program left behind.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// A program that runs beside the test, with what it has printed so far. Killed when dropped.
pub struct Background {
    child: Child,
    out: Arc<Mutex<String>>,
    err: Arc<Mutex<String>>,
}

/// One of the binaries under test.
///
/// # Panics
/// When there is none of that name.
pub fn program(name: &str) -> &'static Path {
    Path::new(match name {
        "penstockd" => env!("CARGO_BIN_EXE_penstockd-under-test"),
        "penstockctl" => env!("CARGO_BIN_EXE_penstockctl-under-test"),
        other => panic!("there is no binary {other} under test"),
    })
}

/// Runs a command to its end, with that on its standard input.
pub fn run(command: &mut Command, input: &str) -> Ran {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    // A program that reads nothing closes the pipe early, which is its own affair.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Ran {
    /// Itself, if it ended with that code.
    ///
    /// # Panics
    /// When it didn't.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.err);
        self
    }

    /// Itself, if it succeeded.
    ///
    /// # Panics
    /// When it didn't.
    #[track_caller]
    pub fn fine(self) -> Self {
        self.exits(0)
    }
}

impl Background {
    /// Starts a command that reads nothing.
    pub fn start(command: &mut Command) -> Self {
        Self::reading(Stdio::null(), command)
    }

    /// Starts a command with that as its standard input.
    pub fn reading(input: impl Into<Stdio>, command: &mut Command) -> Self {
        let mut child = command
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self {
            out: gathered(child.stdout.take().unwrap()),
            err: gathered(child.stderr.take().unwrap()),
            child,
        }
    }

    /// What it has written to standard output so far.
    pub fn out(&self) -> String {
        self.out.lock().unwrap().clone()
    }

    /// What it has written to standard error so far.
    pub fn err(&self) -> String {
        self.err.lock().unwrap().clone()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.pid()).unwrap());
        kill(pid, signal).unwrap();
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end.
    pub fn ends(&mut self) -> ExitStatus {
        until("a program's end", || self.child.try_wait().unwrap())
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Keeps what comes out of a pipe, line by line, as long as something comes.
fn gathered(pipe: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let kept = Arc::new(Mutex::new(String::new()));
    let keeper = Arc::clone(&kept);
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            keeper
                .lock()
                .unwrap()
                .push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    });
    kept
}

/// A command whose environment says nothing that could change what the program under test does.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    let ours = std::env::vars_os().filter(|(name, _)| {
        let name = name.to_string_lossy();
        ["RESTIC_", "PENSTOCK_", "LISTEN_", "NOTIFY_", "http", "HTTP"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
            || name.to_ascii_lowercase().ends_with("_proxy")
    });
    for (name, _) in ours {
        command.env_remove(name);
    }
    command
}
