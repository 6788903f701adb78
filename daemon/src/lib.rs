//! `penstockd`: the restic REST protocol, with what each customer was sold enforced on the data path.
//!
//! Rooms, each using only those after it: `run`, `gateway` and `admin`, `live` and `store`, `throttle` and `vault`,
//! `clock`. `ARCHITECTURE.md` walks through them.

pub mod admin;
pub mod clock;
pub mod config;
pub mod events;
pub mod gateway;
pub mod invite;
pub mod listen;
pub mod live;
pub mod run;
pub mod secrets;
pub mod space;
pub mod store;
pub mod system;
pub mod throttle;
pub mod vault;
