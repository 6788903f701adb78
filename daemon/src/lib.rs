//! `penstockd`: the restic REST protocol, with what each customer was sold enforced on the data path.

pub mod clock;
pub mod events;
pub mod store;
pub mod throttle;
