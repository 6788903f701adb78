//! The rules that Penstock enforces: pure functions over records and time, without clock, file or socket.

pub mod throttle;
pub mod units;
