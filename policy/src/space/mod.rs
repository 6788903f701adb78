//! Space: what is allotted, what fits, and what may be sold (rules, section 6).

mod allotment;
mod growth;
mod room;
mod share;
mod size;

pub use allotment::Allotment;
pub use growth::{DayUse, Growth, LOOKED_AT, full_in};
pub use room::{
    DataTaken, Disk, Figure, PACK, Purpose, Short, Taken, Unsure, fit, may_use_disk, reserve,
};
pub use share::{Share, ShareError};
pub use size::{MAX_SIZE, SizeError, parse_size, size};
