//! The records: one writer thread that owns redb, and what it publishes after each commit.

mod command;
mod tree;

pub use command::{
    AddClients, AddCustomer, Added, Edit, Edited, Enrol, Enrolled, NewSchedule, Register,
    Registered, Rejected, Removal, Target,
};
pub use tree::{ClientState, Tree};
