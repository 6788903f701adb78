//! What an administrator is shown: never a password, and a pass key only on request.

mod happened;
mod records;
mod running;
mod status;

pub use happened::{AuditEntry, Event, RefusalView, Who};
pub use records::{
    ClientLine, ClientView, CustomerLine, CustomerView, Fields, NewClient, PassKeyView,
    ResellerView, ScheduleLine, ScheduleView, ServerView, TrashItem, Value, fields,
};
pub use running::{HeldBy, Running, SessionView};
pub use status::{Attention, Day, Severity, Silent, Status};
