//! A real `penstockd` on loopback, in a temporary folder that goes with it.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::Trouble;
use crate::admin::Admin;

/// How often the control socket is tried, 50 ms apart, before the start has failed.
const START_TRIES: u32 = 200;

/// Linux tells processor time in hundredths of a second, whatever the kernel's own tick is.
const TICKS_PER_SECOND: f64 = 100.0;

/// A running daemon; dropping it ends it and removes its folder.
pub struct Daemon {
    child: Child,
    folder: TempDir,
    /// Where it serves backups.
    pub address: SocketAddr,
}

impl Daemon {
    /// Where `cargo build` puts `penstockd`: beside this program.
    pub fn beside() -> PathBuf {
        let own = std::env::current_exe().unwrap_or_default();
        own.with_file_name("penstockd")
    }

    /// Starts it with an empty state directory and waits until it answers.
    ///
    /// # Errors
    /// When it isn't there, can't start, or doesn't answer within ten seconds.
    pub fn start(program: &Path) -> Result<Self, Trouble> {
        if !program.exists() {
            return Err(Trouble::Daemon(format!(
                "isn't at {}: build it with cargo build --release -p penstock-daemon -p penstock-ctl, \
                 or name it with --penstockd",
                program.display()
            )));
        }
        let folder = TempDir::with_prefix("penstock-bench.")
            .map_err(Trouble::system("a temporary folder"))?;
        let address = free_port().map_err(Trouble::system("a free port"))?;
        let at = folder.path();
        let config = format!(
            "state_dir = {:?}\nlisten = [\"{address}\"]\ncontrol_socket = {:?}\nview_socket = {:?}\n\
             control_group = \"\"\nview_group = \"\"\nlog = \"warn\"\n",
            at.join("state"),
            at.join("control.sock"),
            at.join("view.sock"),
        );
        let start = || {
            fs::write(at.join("penstock.toml"), config)?;
            Command::new(program)
                .arg("--config")
                .arg(at.join("penstock.toml"))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(File::create(at.join("penstockd.log"))?)
                .spawn()
        };
        let child = start().map_err(Trouble::system(program.display().to_string()))?;
        let mut daemon = Self {
            child,
            folder,
            address,
        };
        daemon.wait()?;
        Ok(daemon)
    }

    fn wait(&mut self) -> Result<(), Trouble> {
        for _ in 0..START_TRIES {
            if Admin::open(&self.control_socket()).is_ok() {
                return Ok(());
            }
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                break;
            }
            thread::sleep(Duration::from_millis(50));
        }
        Err(Trouble::Daemon(format!("doesn't start: {}", self.log())))
    }

    /// Its folder, for whatever else is to go with it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its control socket.
    pub fn control_socket(&self) -> PathBuf {
        self.folder.path().join("control.sock")
    }

    /// A new conversation on its control socket.
    ///
    /// # Errors
    /// When it doesn't answer.
    pub fn admin(&self) -> Result<Admin, Trouble> {
        Admin::open(&self.control_socket())
    }

    /// What it wrote to its log, from `warn` on.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("penstockd.log")).unwrap_or_default()
    }

    /// Processor time that it has used so far, in seconds, of all its threads, user's and system's.
    ///
    /// # Errors
    /// When it has ended.
    pub fn processor_seconds(&self) -> Result<f64, Trouble> {
        let path = format!("/proc/{}/stat", self.child.id());
        let stat = fs::read_to_string(&path).map_err(Trouble::system(path))?;
        ticks(&stat)
            .map(|ticks| ticks as f64 / TICKS_PER_SECOND)
            .ok_or_else(|| Trouble::Daemon("has a stat file that can't be read".to_owned()))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Nothing of it is kept, so there is nothing to end cleanly.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// utime and stime of proc(5): the 14th and 15th fields, counted after the name, which may hold spaces.
fn ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let (user, system) = (fields.next()?, fields.next()?);
    Some(user.parse::<u64>().ok()? + system.parse::<u64>().ok()?)
}

/// A port that was free a moment ago.
fn free_port() -> std::io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_past_a_name_with_spaces() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194560 99 0 0 0 120 30 0 0 20 0 5 0 1000";
        assert_eq!(ticks(stat), Some(150));
        assert_eq!(ticks("7 (short) S 1"), None);
    }
}
