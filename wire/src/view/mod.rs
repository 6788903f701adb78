//! What an administrator is shown: never a password, and a pass key only on request.

mod happened;
mod mcal;
mod records;
mod running;
mod space;
mod status;

pub use happened::{AuditEntry, Event, RefusalView, Who};
pub use mcal::{ForecastLine, LedgerLine, Statement};
pub use records::{
    ClientLine, ClientView, CustomerLine, CustomerView, Fields, NewClient, PassKeyView,
    ResellerView, ScheduleLine, ScheduleView, ServerView, TrashItem, Value, fields,
};
pub use running::{HeldBy, Running, SessionView};
pub use space::{FullIn, LocationView, Snapshot, SpaceDay, SpaceLine};
pub use status::{Attention, Day, Severity, Silent, Status};
