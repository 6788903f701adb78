//! Whether something fits: every level's allotment, the reserve on top of it, and the disk's own.

use super::Allotment;
use crate::protocol::Kind;
use crate::throttle::Level;

/// What bytes are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// New backup data: held against the allotment.
    Data,
    /// Data that a prune repacks before it deletes: may use the reserve on top as well.
    Repack,
    /// A lock: nothing can be restored without one, so that no other customer may stand in its way. Held against the
    /// client's and the customer's allotments like all upkeep, and against nobody's above.
    Lock,
    /// What whoever is full needs to restore, lock, forget and prune: may use a reserve of its own, on top of the
    /// allotment or of the data that is there, if that is more.
    Upkeep,
}

/// One level's allotment and what is taken of it: used or reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// The level.
    pub level: Level,
    /// What it may use.
    pub allotted: Allotment,
    /// Bytes used and reserved below it.
    pub taken: u64,
    /// How many of these are data.
    pub data: u64,
    /// Whether something below is still being counted.
    pub unsure: bool,
}

/// Bytes used and reserved at each level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taken {
    /// By the client.
    pub client: u64,
    /// By the customer's clients.
    pub customer: u64,
    /// By the reseller's customers.
    pub reseller: u64,
    /// By everybody, the trash included.
    pub server: u64,
    /// How many of these are data.
    pub data: DataTaken,
    /// Where something below is still being counted after an interruption, so that more may be taken than that.
    pub unsure: Unsure,
}

/// Levels whose figure isn't sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unsure {
    /// The client's.
    pub client: bool,
    /// The customer's.
    pub customer: bool,
    /// The reseller's.
    pub reseller: bool,
    /// The server's.
    pub server: bool,
}

/// Bytes of data used and reserved at each level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DataTaken {
    /// By the client.
    pub client: u64,
    /// By the customer's clients.
    pub customer: u64,
    /// By the reseller's customers.
    pub reseller: u64,
    /// By everybody, the trash included.
    pub server: u64,
}

/// Which level something doesn't fit in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Short {
    /// The level, the nearest of those in which it doesn't fit.
    pub level: Level,
    /// What the level may use, in bytes.
    pub allotted: u64,
    /// What is taken of it.
    pub taken: u64,
    /// What was wanted.
    pub wanted: u64,
}

/// Room on a location's file system, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// What may still be written.
    pub free: u64,
    /// The file system's size.
    pub total: u64,
}

/// What a backup usually asks for at once: the size of restic's packs, in bytes. Where this doesn't fit, backups fail.
pub const PACK: u64 = 16 << 20;

/// The least reserve of an allotment, in bytes.
const LEAST_RESERVE: u64 = 64 << 20;

impl Disk {
    /// What so many percent of the file system are, in bytes, rounded up.
    #[must_use]
    pub fn reserve(self, percent: u32) -> u64 {
        let kept = (u128::from(self.total) * u128::from(percent)).div_ceil(100);
        u64::try_from(kept).unwrap_or(u64::MAX)
    }
}

impl Purpose {
    /// What an object's bytes are for; `prunes` says that the session deleted a snapshot within the last hour, because a
    /// prune posts data before it deletes.
    #[must_use]
    pub const fn of(kind: Kind, prunes: bool) -> Self {
        match kind {
            Kind::Data if prunes => Self::Repack,
            Kind::Data => Self::Data,
            Kind::Locks => Self::Lock,
            Kind::Index | Kind::Keys | Kind::Snapshots => Self::Upkeep,
        }
    }
}

/// The reserve on top of an allotment: 1 % of it, at least 64 MiB.
#[must_use]
pub const fn reserve(allotted: u64) -> u64 {
    let percent = allotted / 100;
    if percent > LEAST_RESERVE {
        percent
    } else {
        LEAST_RESERVE
    }
}

/// Whether so many bytes more fit at every level. An allotment that was lowered below the data that is there doesn't bar
/// locks and indexes: else nothing could be restored or pruned any more.
///
/// # Errors
/// With the nearest level in which they don't.
pub fn fit(figures: &[Figure], wanted: u64, purpose: Purpose) -> Result<(), Short> {
    for figure in figures {
        let Allotment::Bytes(allotted) = figure.allotted else {
            continue;
        };
        let above = matches!(figure.level, Level::Reseller | Level::Server);
        if purpose == Purpose::Lock && above {
            continue;
        }
        let reserve = reserve(allotted);
        let limit = match purpose {
            Purpose::Data => allotted,
            Purpose::Repack => allotted.saturating_add(reserve),
            Purpose::Lock | Purpose::Upkeep => allotted.max(figure.data).saturating_add(reserve),
        };
        if figure.taken.saturating_add(wanted) > limit {
            return Err(Short {
                level: figure.level,
                allotted,
                taken: figure.taken,
                wanted,
            });
        }
    }
    Ok(())
}

/// Whether a location's disk takes the bytes: new data only while at least so many percent of the file system stay free
/// after it. Nothing else is held back; whether the disk has room for it shows when it is written
/// ([`Refusal::DiskFull`](crate::refusal::Refusal::DiskFull)).
#[must_use]
pub fn may_use_disk(disk: Disk, percent: u32, wanted: u64, purpose: Purpose) -> bool {
    purpose != Purpose::Data || disk.free.saturating_sub(wanted) >= disk.reserve(percent)
}
