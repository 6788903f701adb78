//! Whether there is room: in the allotments, and on the disk of a location (rules, section 6).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use penstock_policy::refusal::Refusal;
use penstock_policy::space::{Disk, Purpose, may_use_disk};

use super::Gateway;
use super::answer::Fault;

/// How long a file system's answer holds.
const FRESH: Duration = Duration::from_secs(1);

/// What the file systems of the locations answered last.
#[derive(Default)]
pub struct Disks(Mutex<HashMap<String, Known>>);

/// One location's: when it was asked, and what is left of its answer. A file system that hangs holds up its own only.
type Known = Arc<tokio::sync::Mutex<Option<(Duration, Disk)>>>;

impl Disks {
    fn known(&self, location: &str) -> Known {
        let mut disks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(disks.entry(location.to_owned()).or_default())
    }
}

impl Gateway {
    /// Whether the location's disk takes so many bytes. It is asked at most once a second; what was let in meanwhile is
    /// taken off its answer.
    ///
    /// # Errors
    /// [`Refusal::DiskReserve`]; [`Refusal::LocationUnavailable`].
    pub(super) async fn takes(
        &self,
        location: &str,
        bytes: u64,
        purpose: Purpose,
    ) -> Result<(), Fault> {
        if purpose != Purpose::Data {
            return Ok(());
        }
        let percent = self.store.tree().server.disk_reserve;
        let known = self.disks.known(location);
        let mut known = known.lock().await;
        let now = self.clock.monotonic();
        let (asked, mut disk) = match *known {
            Some((asked, disk)) if now.saturating_sub(asked) < FRESH => (asked, disk),
            _ => (now, self.location(location)?.free().await?),
        };
        let takes = may_use_disk(disk, percent, bytes, purpose);
        if takes {
            disk.free = disk.free.saturating_sub(bytes);
        }
        *known = Some((asked, disk));
        if takes {
            return Ok(());
        }
        Err(Fault::Refused(Refusal::DiskReserve {
            location: location.to_owned(),
            percent,
        }))
    }

    /// Whether a first backup would find room: asked where no repository exists yet, because there restic stops at once.
    /// `fits` is asked of the allotments.
    ///
    /// # Errors
    /// With what the first backup would meet: the location, the allotments, the disk.
    pub(super) async fn has_room(
        &self,
        location: &str,
        fits: impl FnOnce() -> Result<(), Refusal>,
    ) -> Result<(), Fault> {
        self.location(location)?.check().await?;
        fits()?;
        self.takes(location, 1, Purpose::Data).await
    }
}
