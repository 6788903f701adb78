//! A `penstockd` of a test's own: fresh state, a port that the system chose, ended with the test.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, Ordering};

use nix::sys::signal::Signal;
use serde_json::Value;
use tempfile::TempDir;

use super::{Background, Ran, command, program, run, until};

/// A running daemon with its folder.
pub struct Server {
    folder: TempDir,
    process: Mutex<Background>,
    port: AtomicU16,
    tls: bool,
}

impl Server {
    /// Starts one with an empty state directory.
    pub fn start() -> Self {
        Self::configured("")
    }

    /// Starts one with more lines in its configuration.
    pub fn configured(more: &str) -> Self {
        Self::prepared(more, |_| {})
    }

    /// Starts one whose folder was prepared.
    pub fn prepared(more: &str, prepare: impl FnOnce(&Path)) -> Self {
        Self::made(&[], more, prepare)
    }

    /// Starts one by a program that becomes the daemon in the end, within the test's folder, which has one called
    /// `small`.
    pub fn wrapped(wrapper: &[&str], more: &str) -> Self {
        Self::made(wrapper, more, |folder| {
            std::fs::create_dir(folder.join("small")).unwrap();
        })
    }

    fn made(wrapper: &[&str], more: &str, prepare: impl FnOnce(&Path)) -> Self {
        let folder = TempDir::new().unwrap();
        prepare(folder.path());
        let file = write_config(folder.path(), more);
        let process = daemon(wrapper, &file);
        let server = Self {
            process: Mutex::new(process),
            port: AtomicU16::new(0),
            tls: more.contains("[tls]"),
            folder,
        };
        server.learn_port();
        server
    }

    /// The test's folder, with the configuration and the state.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The configuration file.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("penstock.toml")
    }

    /// The first location's folder.
    pub fn location(&self) -> PathBuf {
        self.folder.path().join("state/main")
    }

    /// The admin socket that may do everything.
    pub fn control(&self) -> PathBuf {
        self.folder.path().join("state/control/penstockd.sock")
    }

    /// The admin socket that only shows.
    pub fn view(&self) -> PathBuf {
        self.folder.path().join("state/view/penstockd.sock")
    }

    /// The data port.
    pub fn port(&self) -> u16 {
        self.port.load(Ordering::SeqCst)
    }

    /// `http` or `https`, and host with port.
    pub fn origin(&self) -> (&'static str, String) {
        let scheme = if self.tls { "https" } else { "http" };
        (scheme, format!("127.0.0.1:{}", self.port()))
    }

    /// Writes the configuration anew, as [`Server::configured`] does.
    pub fn configure(&self, more: &str) {
        write_config(self.folder.path(), more);
    }

    /// What the daemon has logged since it was started last.
    pub fn log(&self) -> String {
        self.process.lock().unwrap().err()
    }

    /// Waits for a line in the log.
    pub fn logs(&self, words: &str) {
        until(&format!("{words:?} in the log"), || {
            self.log().contains(words).then_some(())
        });
    }

    /// The daemon's process id.
    pub fn pid(&self) -> u32 {
        self.process.lock().unwrap().pid()
    }

    /// Sends the daemon a signal.
    pub fn signal(&self, signal: Signal) {
        self.process.lock().unwrap().signal(signal);
    }

    /// Waits for the daemon's end.
    pub fn ends(&self) -> ExitStatus {
        self.process.lock().unwrap().ends()
    }

    /// Ends the daemon as a power cut would.
    pub fn kill(&self) {
        self.signal(Signal::SIGKILL);
        self.ends();
    }

    /// Starts the daemon again on the same state; its port is another one.
    pub fn restart(&self) {
        *self.process.lock().unwrap() = daemon(&[], &self.config());
        self.learn_port();
    }

    /// Runs `penstockctl` over the control socket.
    pub fn ctl<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        run(self.ctl_command(&self.control()).args(args), "")
    }

    /// Runs `penstockctl` with something on its standard input.
    pub fn ctl_with_input<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
        input: &str,
    ) -> Ran {
        run(self.ctl_command(&self.control()).args(args), input)
    }

    /// Runs `penstockctl` over the view socket.
    pub fn ctl_view<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        run(self.ctl_command(&self.view()).args(args), "")
    }

    /// What `penstockctl --json` answers to a command that succeeds.
    #[track_caller]
    pub fn json<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Value {
        let ran = run(
            self.ctl_command(&self.control()).arg("--json").args(args),
            "",
        );
        let ran = ran.fine();
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.out))
    }

    /// What `top` shows of a schedule; null while nothing of it runs.
    pub fn running(&self, address: &str) -> Value {
        let running = self.json(["top", "--once"]);
        let mut running = running.as_array().unwrap().iter();
        let found = running.find(|session| session["address"] == address);
        found.cloned().unwrap_or_default()
    }

    /// How many requests of a schedule are in flight.
    pub fn uploads(&self, address: &str) -> u64 {
        self.running(address)["requests"].as_u64().unwrap_or(0)
    }

    /// Waits until a request of a schedule is in flight.
    pub fn runs(&self, address: &str) {
        until(&format!("{address} to run"), || {
            (self.uploads(address) > 0).then_some(())
        });
    }

    /// Starts `penstockctl` beside the test.
    pub fn ctl_in_background<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
    ) -> Background {
        Background::start(self.ctl_command(&self.control()).args(args))
    }

    fn ctl_command(&self, socket: &Path) -> Command {
        let mut command = command(program("penstockctl"));
        command.arg("--socket").arg(socket);
        command
    }

    fn learn_port(&self) {
        let mut process = self.process.lock().unwrap();
        let port = until("the daemon to be ready", || {
            let log = process.err();
            assert!(process.runs(), "penstockd ended:\n{log}");
            log.contains(" ready ").then(|| port_in(&log)).flatten()
        });
        self.port.store(port, Ordering::SeqCst);
    }
}

/// Runs `penstockd` to its end.
pub fn penstockd<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Ran {
    run(command(program("penstockd")).args(args), "")
}

fn daemon(wrapper: &[&str], config: &Path) -> Background {
    let mut command = match wrapper {
        [] => command(program("penstockd")),
        [first, rest @ ..] => {
            let mut command = command(first);
            command.args(rest).arg(program("penstockd"));
            command
        }
    };
    command.current_dir(config.parent().unwrap());
    Background::start(command.arg("--config").arg(config))
}

fn write_config(folder: &Path, more: &str) -> PathBuf {
    let file = folder.join("penstock.toml");
    let mut text = String::from("state_dir = \"state\"\n");
    if !more.contains("listen = ") {
        text.push_str("listen = [\"127.0.0.1:0\"]\n");
    }
    text.push_str(more);
    std::fs::write(&file, text).unwrap();
    file
}

fn port_in(log: &str) -> Option<u16> {
    let line = log.lines().find(|line| line.contains("serving backups"))?;
    let (_, after) = line.split_once("address=127.0.0.1:")?;
    after.split(' ').next()?.parse().ok()
}
