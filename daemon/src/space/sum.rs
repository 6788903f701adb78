//! Bytes used and reserved.

/// What is used and what uploads on their way have reserved, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    /// Bytes of files.
    pub used: u64,
    /// Bytes that uploads on their way will use.
    pub reserved: u64,
}

impl Sum {
    /// Used and reserved together: what an allotment is held against.
    #[must_use]
    pub const fn taken(self) -> u64 {
        self.used + self.reserved
    }

    pub(super) fn add(&mut self, other: Self) {
        self.used += other.used;
        self.reserved += other.reserved;
    }

    pub(super) fn remove(&mut self, other: Self) {
        self.used -= other.used;
        self.reserved -= other.reserved;
    }
}
