//! MCALs: the monthly client access licences, their prices, credit, debits and ledger (rules, section 5).

mod charge;
mod credit;
mod forecast;
mod ledger;
mod month;
mod price;

pub use charge::{Charge, Drawn, Paid, Took, charge, difference, left};
pub use credit::{Bank, Credit, CreditError, Mcals};
pub use forecast::{Forecast, forecast};
pub use ledger::{Account, Entry, Reason, StatementLine, Tally, statement};
pub use month::{Month, MonthError};
pub use price::{Platform, Plugin, Plugins, PriceError, Prices};
