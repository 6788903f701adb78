//! What next month will need, held against the credit that is left.

use serde::{Deserialize, Serialize};

use super::{Credit, Drawn, Month, left};

/// An account's outlook, if each month needs as much as this one or the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// This month.
    pub month: Month,
    /// Clients seen this month.
    pub clients: u64,
    /// Units debited for them.
    pub units: u64,
    /// Units that a month needs: this month's so far, or last month's if those were more.
    pub need: u64,
    /// Credit left now; none where there is no number.
    pub left: Option<u64>,
    /// The first month that can't be paid in full; none when there is no number or nothing is needed.
    pub short_in: Option<Month>,
    /// Units that it will lack.
    pub short_by: u64,
}

/// Holds what an account's clients cost against its credit.
#[must_use]
pub fn forecast(credit: Credit, drawn: &Drawn, month: Month) -> Forecast {
    let month = drawn.month.map_or(month, |newest| newest.max(month));
    let (units, clients, before) = match drawn.month {
        Some(newest) if newest == month => (drawn.units, drawn.clients, drawn.before),
        Some(newest) if newest.next() == month => (0, 0, drawn.units),
        _ => (0, 0, 0),
    };
    let need = units.max(before);
    let (short_in, short_by) = match credit {
        Credit::Open => (None, 0),
        _ if need == 0 => (None, 0),
        Credit::Monthly(number) if need > u64::from(number) => {
            (Some(month.next()), need - u64::from(number))
        }
        Credit::Monthly(_) => (None, 0),
        Credit::Number(number) => {
            let credit = u64::from(number).saturating_sub(drawn.number);
            (
                Some(month.next().later(credit / need)),
                need - credit % need,
            )
        }
    };
    Forecast {
        month,
        clients,
        units,
        need,
        left: left(credit, drawn, month),
        short_in,
        short_by,
    }
}
