//! The tree of space, and what was used on each day.

use penstock_policy::names::Address;
use penstock_wire::reply::Answer;
use penstock_wire::request::Page;

use super::Admin;
use super::failure::Fault;

/// The tree of allotted, used and free space.
pub(super) async fn tree(_: &Admin, _: Option<&Address>, _: &Page) -> Result<Answer, Fault> {
    Err(Fault::usage("this isn't served yet"))
}

/// What was used on each day.
pub(super) async fn history(_: &Admin, _: &Address, _: u32) -> Result<Answer, Fault> {
    Err(Fault::usage("this isn't served yet"))
}
