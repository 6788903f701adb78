//! Opening the records: the lock, the first start, the integrity check at every open.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::fcntl::{Flock, FlockArg};
use penstock_policy::names::{FullName, NameError, ShortName};
use penstock_policy::record::{Customer, PassKey, RecordId, Reseller, Secret, Server};
use penstock_policy::throttle::Zone;
use redb::backends::FileBackend;
use redb::{Database, StorageBackend};

use super::schema::{CUSTOMERS, FORMAT, META, RESELLERS, SERVER, make_tables, put};
use super::storage::Delegate;
use super::trouble::Trouble;
use super::tx::Counters;
use crate::clock::Clock;
use crate::events::Events;

/// Memory for pages, in bytes: what is asked often is published and needs none.
const CACHE: usize = 64 << 20;

/// How the store is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder that holds `penstock.redb` and `lock`; must exist.
    pub state_dir: PathBuf,
    /// The time of audit entries.
    pub clock: Clock,
    /// Where edits are told.
    pub events: Events,
    /// Makes a pass key: only the first start needs one, for the Default Customer.
    pub secret: fn() -> String,
    /// The server's zone at the first start.
    pub time_zone: Zone,
}

/// Why the records can't be opened. The sentences name the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another `penstockd` has them.
    #[error(
        "the records in {} are in use by another penstockd{}; stop it first, or give this one a state_dir of its own",
        .dir.display(),
        .pid.as_ref().map_or_else(String::new, |pid| format!(" (process {pid})"))
    )]
    InUse {
        /// The state directory.
        dir: PathBuf,
        /// The process, as it wrote itself into the lock file.
        pid: Option<String>,
    },
    /// The state directory or the lock file can't be used.
    #[error("{} can't be opened: {source}; check that it exists and belongs to penstockd's user", .path.display())]
    Unusable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file of the records isn't what was written, or can't be read.
    #[error(
        "the records in {} can't be used: {problem}; nothing was changed: put a backup of the file in its place, or move it away to start anew",
        .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A newer program wrote them.
    #[error(
        "the records in {} have format {found}, and this penstockd knows formats up to {known}; install the newer penstockd again",
        .path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The newest format that is known.
        known: u64,
    },
}

/// What lies between redb and the file: nothing, or what a test puts there.
#[derive(Clone, Default)]
pub(crate) struct Storage(Option<Arc<Wrap>>);

type Wrap = dyn Fn(FileBackend) -> Box<dyn StorageBackend> + Send + Sync;

/// The file of the records, and how it is opened.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The state directory.
    pub dir: PathBuf,
    /// The file.
    pub path: PathBuf,
    storage: Storage,
}

/// The lock that keeps a second `penstockd` away, also while redb's own handle is being replaced.
pub(super) type Lock = Flock<File>;

impl Place {
    /// The records of a state directory.
    pub fn new(dir: &Path, storage: Storage) -> Self {
        Self {
            dir: dir.to_owned(),
            path: dir.join("penstock.redb"),
            storage,
        }
    }

    /// Takes the lock.
    pub fn lock(&self) -> Result<Lock, OpenError> {
        let path = self.dir.join("lock");
        let unusable = |source| OpenError::Unusable {
            path: path.clone(),
            source,
        };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(unusable)?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(mut lock) => {
                lock.set_len(0).map_err(unusable)?;
                lock.rewind().map_err(unusable)?;
                writeln!(lock, "{}", std::process::id()).map_err(unusable)?;
                Ok(lock)
            }
            Err((file, nix::errno::Errno::EWOULDBLOCK)) => {
                let mut pid = String::new();
                // Only for the sentence: who holds it may be just writing.
                let _ = (&file).take(20).read_to_string(&mut pid);
                let pid = pid.trim();
                Err(OpenError::InUse {
                    dir: self.dir.clone(),
                    pid: (!pid.is_empty()).then(|| pid.to_owned()),
                })
            }
            Err((_, errno)) => Err(unusable(errno.into())),
        }
    }

    /// Opens the file and checks every page. redb alone trusts what it reads, and panics on some of what it can't.
    pub fn open(&self) -> Result<Database, Trouble> {
        match std::fs::metadata(&self.path)?.len() {
            0 => Err(Trouble::Storage("the file is empty".to_owned())),
            _ => self.database(&self.path),
        }
    }

    /// Makes the file with its first records, under another name until all of it is on the disk: a start that is cut
    /// off leaves nothing that has to be understood later.
    pub fn create(&self, options: &Options) -> Result<(), Trouble> {
        let new = self.dir.join("penstock.redb.new");
        match std::fs::remove_file(&new) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let database = self.database(&new)?;
        let txn = database.begin_write()?;
        make_tables(&txn)?;
        put(&txn, META, "format", &FORMAT)?;
        Counters::FIRST.write(&txn)?;
        let server = Server {
            time_zone: options.time_zone.clone(),
            ..Server::default()
        };
        put(&txn, SERVER, 0, &server)?;
        let (reseller, customer) = defaults((options.secret)())
            .map_err(|error: NameError| Trouble::Storage(error.to_string()))?;
        put(&txn, RESELLERS, reseller.id.0, &reseller)?;
        put(&txn, CUSTOMERS, customer.id.0, &customer)?;
        txn.commit()?;
        database.close()?;
        File::open(&new)?.sync_all()?;
        std::fs::rename(&new, &self.path)?;
        File::open(&self.dir)?.sync_all()?;
        Ok(())
    }

    fn database(&self, path: &Path) -> Result<Database, Trouble> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)?;
        let backend = FileBackend::new(file)?;
        let mut builder = Database::builder();
        builder
            .set_cache_size(CACHE)
            .set_check_integrity_on_open(true);
        let opened = catch_unwind(AssertUnwindSafe(|| match &self.storage.0 {
            Some(wrap) => builder.create_with_backend(Delegate(wrap(backend))),
            None => builder.create_with_backend(backend),
        }));
        match opened {
            Ok(database) => Ok(database?),
            Err(_) => Err(Trouble::Storage(
                "reading it failed in a way that only a damaged file explains".to_owned(),
            )),
        }
    }

    /// An [`OpenError`] about the file.
    pub fn damaged(&self, trouble: &Trouble) -> OpenError {
        OpenError::Damaged {
            path: self.path.clone(),
            problem: trouble.to_string(),
        }
    }
}

/// The records that always exist.
fn defaults(pass_key: String) -> Result<(Reseller, Customer), NameError> {
    let short: ShortName = "default".parse()?;
    let reseller: FullName = "Default Reseller".parse()?;
    let customer: FullName = "Default Customer".parse()?;
    let pass_key = PassKey {
        secret: Secret::new(pass_key),
        until: None,
        uses_left: None,
    };
    Ok((
        Reseller::new(RecordId::DEFAULT_RESELLER, reseller, short.clone()),
        Customer::new(
            RecordId::DEFAULT_CUSTOMER,
            RecordId::DEFAULT_RESELLER,
            customer,
            short,
            pass_key,
        ),
    ))
}

impl Storage {
    /// Puts something between redb and the file.
    #[cfg(test)]
    pub fn wrapped(
        wrap: impl Fn(FileBackend) -> Box<dyn StorageBackend> + Send + Sync + 'static,
    ) -> Self {
        Self(Some(Arc::new(wrap)))
    }
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "wrapped" } else { "file" })
    }
}
