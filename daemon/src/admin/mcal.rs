//! MCALs: credit added, statements, the ledger, the outlook.

use penstock_wire::reply::Answer;
use penstock_wire::request::{McalAccount, Page};
use penstock_wire::view::Who;

use super::Admin;
use super::failure::Fault;

/// Adds to the bank's credit.
pub(super) async fn add(_: &Admin, _: &Who, _: u32, _: String) -> Result<Answer, Fault> {
    Err(Fault::usage("this isn't served yet"))
}

/// An account's months.
pub(super) async fn statement(_: &Admin, _: &McalAccount) -> Result<Answer, Fault> {
    Err(Fault::usage("this isn't served yet"))
}

/// An account's ledger, newest first.
pub(super) async fn history(
    _: &Admin,
    _: &McalAccount,
    _: Option<&str>,
    _: &Page,
) -> Result<Answer, Fault> {
    Err(Fault::usage("this isn't served yet"))
}

/// What next month needs.
pub(super) async fn forecast(_: &Admin, _: &Page) -> Result<Answer, Fault> {
    Err(Fault::usage("this isn't served yet"))
}
