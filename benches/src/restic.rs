//! Real restic, as a client runs it: five connections, its own repository password, no cache.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::Trouble;

/// One client's restic.
pub struct Restic {
    repository: String,
    folder: PathBuf,
}

/// A restic that runs; dropping it ends it in the middle.
pub struct Job {
    child: Child,
    log: PathBuf,
}

impl Restic {
    /// For one client's default schedule; its log and what it restores go into `folder`, which must exist.
    #[must_use]
    pub fn new(
        server: SocketAddr,
        customer: &str,
        client: &str,
        password: &str,
        folder: &Path,
    ) -> Self {
        Self {
            repository: format!("rest:http://{client}:{password}@{server}/{customer}/{client}/"),
            folder: folder.to_owned(),
        }
    }

    /// restic's version, in its own words.
    ///
    /// # Errors
    /// When it isn't installed.
    pub fn version() -> Result<String, Trouble> {
        let output = Command::new("restic").arg("version").output();
        let output = output.map_err(Trouble::system(
            "restic can't be started; install it with the system's package manager",
        ))?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Creates the repository.
    ///
    /// # Errors
    /// When restic fails.
    pub fn init(&self) -> Result<(), Trouble> {
        self.start(&["init"])?.finish()
    }

    /// Begins a backup of a folder.
    ///
    /// # Errors
    /// When restic can't be started.
    pub fn backup(&self, files: &Path) -> Result<Job, Trouble> {
        self.start(&["backup", &files.to_string_lossy()])
    }

    /// Begins a restore of the latest snapshot into a fresh folder.
    ///
    /// # Errors
    /// When restic can't be started, or what was restored before can't be removed.
    pub fn restore(&self) -> Result<Job, Trouble> {
        let target = self.folder.join("restored");
        if target.exists() {
            fs::remove_dir_all(&target).map_err(Trouble::system("what was restored before"))?;
        }
        // The lock of a restore that was ended in the middle is in nobody's way, and not waited for.
        self.start(&["restore", "latest", "--target", &target.to_string_lossy()])
    }

    fn start(&self, arguments: &[&str]) -> Result<Job, Trouble> {
        let log = self.folder.join("restic.log");
        let start = || {
            let out = File::create(&log)?;
            Command::new("restic")
                .args(["--no-cache", "--quiet", "-o", "rest.connections=5"])
                .args(arguments)
                .env("RESTIC_REPOSITORY", &self.repository)
                .env("RESTIC_PASSWORD", "only the client knows this")
                .stdin(Stdio::null())
                .stdout(out.try_clone()?)
                .stderr(out)
                .spawn()
        };
        let child = start().map_err(Trouble::system("restic can't be started"))?;
        Ok(Job { child, log })
    }
}

impl Job {
    /// Waits for its end.
    ///
    /// # Errors
    /// When it fails, with what it printed.
    pub fn finish(mut self) -> Result<(), Trouble> {
        let status = self.child.wait().map_err(Trouble::system("restic"))?;
        if status.success() {
            return Ok(());
        }
        Err(Trouble::Restic(format!("failed: {}", self.printed())))
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// When it has ended, with what it printed: then less was measured than should have been.
    pub fn still_runs(&mut self) -> Result<(), Trouble> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            _ => Err(Trouble::Restic(format!(
                "ended before it was measured: {}",
                self.printed()
            ))),
        }
    }

    fn printed(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let log = log.trim();
        if log.is_empty() { "(silently)" } else { log }.to_owned()
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
