//! MCALs: statements, the ledger, the outlook.

use penstock_policy::mcal::{Entry, Forecast, StatementLine};
use serde::{Deserialize, Serialize};

/// An account's statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// `bank`, `reseller R`, or the customer's short name.
    pub account: String,
    /// What is allotted now, as text.
    pub allotted: String,
    /// What is left of it this month; none where there is no number.
    pub left: Option<u64>,
    /// One line for each month, the oldest first.
    pub months: Vec<StatementLine>,
}

/// An entry of the ledger: see [`Entry`].
pub type LedgerLine = Entry;

/// An account's outlook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForecastLine {
    /// `bank`, `reseller R`, or the customer's short name.
    pub account: String,
    /// What is allotted, as text.
    pub allotted: String,
    /// What is needed and what is left.
    #[serde(flatten)]
    pub forecast: Forecast,
}
