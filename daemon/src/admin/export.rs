//! All records as files declare them.

use penstock_wire::reply::Answer;
use penstock_wire::request::Page;

use super::Admin;
use super::failure::Fault;

/// A page of records.
pub(super) async fn export(_: &Admin, _: &Page) -> Result<Answer, Fault> {
    Err(Fault::usage("this isn't served yet"))
}
