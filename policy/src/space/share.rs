//! What a level has given to those below it: the snapshot of its allotment.

use serde::{Deserialize, Serialize};

use super::Allotment;
use super::size::readable;

/// A level's allotment, and the sum of its children's: it counts allotments, not use (rules, section 2, Snapshots).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The level's own.
    pub allotted: Allotment,
    /// The sum of what is allotted to its children; unlimited ones count nothing.
    pub given: u64,
}

/// More would be given than there is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{whose} has {} allotted, and {} would be allotted below it, {} too much; raise its space, or give less, or set its \
     overcommit to yes",
    .share.allotted, readable(.share.given), readable(.share.given - .share.allotted.counted())
)]
pub struct ShareError {
    /// The level, as people address it.
    pub whose: String,
    /// The snapshot as it would be.
    pub share: Share,
}

impl Share {
    /// What can still be given; none when it is unlimited. Zero also when an overcommitted one has given more.
    #[must_use]
    pub fn free(&self) -> Option<u64> {
        Some(self.allotted.bytes()?.saturating_sub(self.given))
    }

    /// Given as a percentage of what is allotted, rounded down; none when it is unlimited or nothing is allotted.
    #[must_use]
    pub fn sold(&self) -> Option<u64> {
        let allotted = u128::from(self.allotted.bytes()?);
        let percent = (u128::from(self.given) * 100).checked_div(allotted)?;
        u64::try_from(percent).ok()
    }

    /// Whether no more is given than there is, or the level is marked `overcommit`.
    ///
    /// # Errors
    /// With the snapshot.
    pub fn check(self, overcommit: bool, whose: &str) -> Result<(), ShareError> {
        match self.allotted {
            Allotment::Bytes(allotted) if self.given > allotted && !overcommit => Err(ShareError {
                whose: whose.to_owned(),
                share: self,
            }),
            _ => Ok(()),
        }
    }
}
