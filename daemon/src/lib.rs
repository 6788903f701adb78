//! `penstockd`: the restic REST protocol, with what each customer was sold enforced on the data path.

pub mod clock;
pub mod config;
pub mod listen;
pub mod system;
pub mod throttle;
pub mod vault;
