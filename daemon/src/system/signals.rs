//! Signals: SIGTERM or SIGINT drains and a second one ends at once, SIGHUP reloads.
//!
//! SIGPIPE is already ignored when `main` begins (Rust's runtime sees to it): a peer that is gone is an error of its
//! write.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use tokio::signal::unix::{self, SignalKind};

/// What the outside asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Take nothing new, let what runs finish within its grace, end.
    Drain,
    /// Read the configuration and the certificates again.
    Reload,
}

/// The process' signals as a stream. Make one in a process, before the store is opened.
///
/// The first SIGTERM or SIGINT is only remembered and told by [`Signals::next`]. The next of either ends the process
/// in the signal handler with 128 + its number (143, 130), however stuck the rest is.
#[derive(Debug)]
pub struct Signals {
    terminate: unix::Signal,
    interrupt: unix::Signal,
    hangup: unix::Signal,
    armed: Arc<AtomicBool>,
}

impl Signals {
    /// Takes the signals over. Needs to be called within the runtime.
    ///
    /// # Errors
    /// When the system refuses a handler.
    pub fn new() -> io::Result<Self> {
        let armed = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT] {
            // In this order, since handlers run in the order of registration: the first signal finds the flag
            // down and raises it, the second finds it up.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&armed))?;
            flag::register(signal, Arc::clone(&armed))?;
        }
        Ok(Self {
            terminate: unix::signal(SignalKind::terminate())?,
            interrupt: unix::signal(SignalKind::interrupt())?,
            hangup: unix::signal(SignalKind::hangup())?,
            armed,
        })
    }

    /// The next signal. Several of a kind that come before it is asked for count once. Safe to cancel.
    ///
    /// After [`Signal::Drain`] no more of it is told, since the next one ends the process.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            // A reload asked for together with the end isn't worth doing.
            biased;
            _ = self.terminate.recv() => Signal::Drain,
            _ = self.interrupt.recv() => Signal::Drain,
            _ = self.hangup.recv() => Signal::Reload,
        }
    }

    /// Whether the end was asked for, even if nobody has called [`Signals::next`] since: a long start can look.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.armed.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Output};

    use nix::sys::signal::{self, Signal as Raw};

    use super::*;

    /// Signals are the process' own, so each case runs in a process of its own: this test binary, once more.
    const CASE: &str = "PENSTOCK_SIGNAL_CASE";

    fn run(case: &str) -> Output {
        let name = "system::signals::tests::one_case_in_its_own_process";
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--ignored", "--nocapture"])
            .env(CASE, case)
            .output()
            .unwrap();
        assert!(String::from_utf8_lossy(&output.stdout).contains("signals are taken"));
        output
    }

    #[test]
    #[ignore = "the other tests run it, each case in a process of its own"]
    fn one_case_in_its_own_process() {
        let case = std::env::var(CASE).expect("run by the other tests only");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut signals = Signals::new().unwrap();
            println!("signals are taken");
            assert!(!signals.is_draining());
            match case.as_str() {
                "reload, then drain" => {
                    signal::raise(Raw::SIGHUP).unwrap();
                    assert_eq!(signals.next().await, Signal::Reload);
                    signal::raise(Raw::SIGHUP).unwrap();
                    assert_eq!(signals.next().await, Signal::Reload);
                    assert!(!signals.is_draining());
                    signal::raise(Raw::SIGINT).unwrap();
                    assert!(signals.is_draining());
                    assert_eq!(signals.next().await, Signal::Drain);
                }
                "two terminates" => {
                    signal::raise(Raw::SIGTERM).unwrap();
                    assert_eq!(signals.next().await, Signal::Drain);
                    signal::raise(Raw::SIGTERM).unwrap();
                }
                "terminate, then interrupt while nobody listens" => {
                    signal::raise(Raw::SIGTERM).unwrap();
                    signal::raise(Raw::SIGINT).unwrap();
                }
                other => panic!("no such case: {other}"),
            }
        });
    }

    #[test]
    fn hangups_reload_and_the_first_end_drains() {
        assert!(run("reload, then drain").status.success());
    }

    #[test]
    fn the_second_end_is_at_once_whether_or_not_anyone_listens() {
        let ended = run("two terminates").status;
        assert_eq!((ended.code(), ended.signal()), (Some(143), None));
        let ended = run("terminate, then interrupt while nobody listens").status;
        assert_eq!((ended.code(), ended.signal()), (Some(130), None));
    }

    #[test]
    fn a_pipe_without_a_reader_is_an_error_and_not_the_end() {
        let (reader, mut writer) = io::pipe().unwrap();
        drop(reader);
        assert_eq!(
            writer.write_all(b"x").unwrap_err().kind(),
            io::ErrorKind::BrokenPipe
        );
    }
}
