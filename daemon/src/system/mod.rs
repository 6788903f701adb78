//! The daemon among its kin: the service manager, signals and the log.

pub mod log;
pub mod notify;
pub mod signals;
