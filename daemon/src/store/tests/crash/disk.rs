//! A disk in memory that notes what is asked of it, and can lie or fail.

use std::io::{Error, ErrorKind};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard};

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

use crate::store::open::Storage;

/// What was asked of the disk and changes it.
#[derive(Debug, Clone)]
pub(super) enum Op {
    /// Bytes at a place.
    Write(u64, Arc<[u8]>),
    /// Another length.
    SetLen(u64),
    /// All before it is to last.
    Sync,
    /// A sync failed, and a system that works as Linux does holds what it couldn't write for written: readers still see
    /// it, and no later sync brings it to the disk.
    Forget,
}

/// The disk, shared by all who open it.
#[derive(Debug, Clone, Default)]
pub(super) struct Disk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    ops: Vec<Op>,
    opened: Vec<usize>,
    syncs: usize,
    lies: Option<usize>,
    fails: Option<Failure>,
    failed: Option<usize>,
}

/// An operation that fails once with EIO.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failure {
    /// Operations before it that succeed.
    pub after: usize,
    /// Whether it does its work before it fails.
    pub done: bool,
}

/// One open file on the disk. The real file has the length and the locks, the disk has the bytes.
#[derive(Debug)]
struct Open {
    disk: Disk,
    file: FileBackend,
}

impl Disk {
    /// A disk that holds this, and has noted nothing yet.
    pub fn with(bytes: Vec<u8>) -> Self {
        let state = State {
            bytes,
            ..State::default()
        };
        Self(Arc::new(Mutex::new(state)))
    }

    /// A disk that says yes to every such sync and forgets it.
    pub fn lying(every: usize) -> Self {
        let disk = Self::default();
        disk.state().lies = Some(every);
        disk
    }

    pub fn storage(&self) -> Storage {
        let disk = self.clone();
        Storage::wrapped(move |file| disk.open(file))
    }

    pub fn open(&self, file: FileBackend) -> Box<dyn StorageBackend> {
        let disk = self.clone();
        let mut state = disk.state();
        let count = state.ops.len();
        state.opened.push(count);
        drop(state);
        Box::new(Open { disk, file })
    }

    /// How many operations were noted.
    pub fn count(&self) -> usize {
        self.state().ops.len()
    }

    pub fn ops(&self) -> Vec<Op> {
        self.state().ops.clone()
    }

    /// How many operations were noted before each time that the file was opened.
    pub fn opened(&self) -> Vec<usize> {
        self.state().opened.clone()
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.state().bytes.clone()
    }

    pub fn fail(&self, failure: Failure) {
        self.state().fails = Some(failure);
    }

    /// How many operations were noted when the failure came, if it did.
    pub fn failed(&self) -> Option<usize> {
        self.state().failed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn ask(&self, op: Op) -> Result<(), Error> {
        let mut state = self.state();
        let failure = state.next_failure();
        match (failure, op) {
            (Some(Failure { done: false, .. }), Op::Sync) => state.ops.push(Op::Forget),
            (Some(Failure { done: false, .. }), _) => {}
            (_, op) => state.take(op),
        }
        match failure {
            Some(_) => Err(Error::from_raw_os_error(nix::libc::EIO)),
            None => Ok(()),
        }
    }
}

impl State {
    /// The failure, when its time has come.
    fn next_failure(&mut self) -> Option<Failure> {
        match &mut self.fails {
            Some(failure) if failure.after == 0 => {
                self.failed = Some(self.ops.len());
                self.fails.take()
            }
            Some(failure) => {
                failure.after -= 1;
                None
            }
            None => None,
        }
    }

    fn take(&mut self, op: Op) {
        if matches!(op, Op::Sync) {
            self.syncs += 1;
            if self
                .lies
                .is_some_and(|every| self.syncs.is_multiple_of(every))
            {
                return;
            }
        }
        op.apply(&mut self.bytes);
        self.ops.push(op);
    }
}

impl Op {
    /// Does it to a copy of the disk.
    pub fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write(at, data) => write(bytes, *at, data),
            Self::SetLen(len) => bytes.resize(usize::try_from(*len).unwrap(), 0),
            Self::Sync | Self::Forget => {}
        }
    }
}

/// Writes, behind the end too: a length can get lost that was set before.
pub(super) fn write(bytes: &mut Vec<u8>, at: u64, data: &[u8]) {
    let at = usize::try_from(at).unwrap();
    let end = at + data.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[at..end].copy_from_slice(data);
}

impl StorageBackend for Open {
    fn len(&self) -> Result<u64, Error> {
        Ok(self.disk.state().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), Error> {
        let state = self.disk.state();
        let from = usize::try_from(offset).unwrap();
        match state.bytes.get(from..from + out.len()) {
            Some(bytes) => out.copy_from_slice(bytes),
            None => return Err(ErrorKind::UnexpectedEof.into()),
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), Error> {
        self.disk.ask(Op::SetLen(len))?;
        self.file.set_len(len)
    }

    fn sync_data(&self) -> Result<(), Error> {
        self.disk.ask(Op::Sync)
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), Error> {
        self.disk.ask(Op::Write(offset, data.into()))
    }

    fn close(&self) -> Result<(), Error> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }
}
