//! What every measurement stands on: the daemon, a clock, the files, and customers with one client each.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use penstock_benches::daemon::Daemon;
use penstock_benches::raw::Repository;
use penstock_benches::restic::{Job, Restic};
use penstock_benches::sampler::Sampler;
use penstock_benches::{Trouble, noise};
use penstock_daemon::clock::Clock;
use penstock_policy::levels::Direction;

/// The rates that are measured, in MiB/s.
pub const RATES: [u64; 3] = [4, 8, 16];

/// The burst that the rules allow (section 7).
pub const BURST: Duration = Duration::from_millis(10);

/// After the first MiB: the first connections are all there by then.
pub const SETTLE: Duration = Duration::from_secs(1);

/// Every customer's only client.
const CLIENT: &str = "laptop";

/// Longest wait for the first MiB.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is done once, before anything is measured.
pub struct Stage {
    /// What is measured.
    pub daemon: Daemon,
    /// Everybody's time here.
    pub clock: Clock,
    /// How long each rate is measured.
    pub seconds: u64,
    /// Processor seconds a second that looking at the daemon costs it.
    pub looking: f64,
    /// Files for the whole measured time at the greatest rate.
    pub files: PathBuf,
}

impl Stage {
    /// Makes the files, and finds out what looking costs.
    ///
    /// # Errors
    /// When the disk is full or the daemon doesn't answer.
    pub fn set(daemon: Daemon, seconds: u64) -> Result<Self, Trouble> {
        let files = daemon.folder().join("files");
        // Five packs of 16 MiB are under way at any time, and a restore begins with small ones.
        let mebibytes = RATES.iter().max().unwrap_or(&1) * (seconds + 8);
        noise::files(&files, mebibytes)?;
        let mut stage = Self {
            daemon,
            clock: Clock::system(),
            seconds,
            looking: 0.0,
            files,
        };
        stage.looking = stage.cost_of_looking()?;
        Ok(stage)
    }

    fn cost_of_looking(&self) -> Result<f64, Trouble> {
        const LONG_ENOUGH: Duration = Duration::from_secs(3);
        let nobody = address("nobody");
        let sampler = Sampler::start(&self.daemon, &self.clock, &nobody, Direction::Backup)?;
        let before = self.daemon.processor_seconds()?;
        thread::sleep(LONG_ENOUGH);
        let used = self.daemon.processor_seconds()? - before;
        sampler.stop()?;
        Ok(used / LONG_ENOUGH.as_secs_f64())
    }

    /// A new customer whose client has a repository.
    ///
    /// # Errors
    /// When the daemon or restic refuses.
    pub fn restic(&self, customer: &str, throttle: &str) -> Result<Restic, Trouble> {
        let password = self.daemon.admin()?.add(customer, CLIENT, throttle)?;
        let folder = self.daemon.folder().join(customer);
        fs::create_dir(&folder).map_err(Trouble::system("a folder for restic"))?;
        let server = self.daemon.address;
        let restic = Restic::new(server, customer, CLIENT, &password, &folder);
        restic.init()?;
        Ok(restic)
    }

    /// A new customer whose client speaks for itself.
    ///
    /// # Errors
    /// When the daemon refuses.
    pub fn raw(&self, customer: &str, throttle: &str) -> Result<Repository, Trouble> {
        let password = self.daemon.admin()?.add(customer, CLIENT, throttle)?;
        let repository = Repository::new(self.daemon.address, customer, CLIENT, &password);
        repository.create()?;
        Ok(repository)
    }

    /// Begins to look at a customer's only session.
    ///
    /// # Errors
    /// When the daemon doesn't answer.
    pub fn look(&self, customer: &str, direction: Direction) -> Result<Sampler, Trouble> {
        Sampler::start(&self.daemon, &self.clock, &address(customer), direction)
    }

    /// Waits until a MiB has been paid since `before`, and a second more: an index and the first connection are past.
    ///
    /// # Errors
    /// When nothing comes within a minute, or restic ends.
    pub fn settle(
        &self,
        sampler: &Sampler,
        before: u64,
        mut job: Option<&mut Job>,
    ) -> Result<(), Trouble> {
        let begun = self.clock.monotonic();
        while sampler.newest() < before + (1 << 20) {
            if let Some(job) = job.as_deref_mut() {
                job.still_runs()?;
            }
            if self.clock.monotonic() - begun > PATIENCE {
                let trouble = "no MiB was paid within a minute".to_owned();
                return Err(Trouble::TooLittle(trouble));
            }
            thread::sleep(Duration::from_millis(10));
        }
        thread::sleep(SETTLE);
        Ok(())
    }
}

fn address(customer: &str) -> String {
    format!("{customer}/{CLIENT}/default")
}
