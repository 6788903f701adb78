//! Bytes used and reserved.

/// What is used and what uploads on their way have reserved, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    /// Bytes of files.
    pub used: u64,
    /// Bytes that uploads on their way will use.
    pub reserved: u64,
    /// How many of both are data: the rest is what goes with it, and has a reserve of its own.
    pub data: u64,
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
        self.data += other.data;
    }

    /// Takes off what was part of it. A sum that doesn't hold it is a fault of ours, and is better too small by that than
    /// without end.
    pub(super) fn remove(&mut self, other: Self) {
        let part = other.used <= self.used && other.reserved <= self.reserved;
        debug_assert!(
            part && other.data <= self.data,
            "{other:?} is no part of {self:?}"
        );
        self.used = self.used.saturating_sub(other.used);
        self.reserved = self.reserved.saturating_sub(other.reserved);
        self.data = self.data.saturating_sub(other.data);
    }
}
