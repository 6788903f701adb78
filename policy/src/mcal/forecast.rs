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
    /// The first month that can't be paid in full, this one included; none when there is no number or nothing is needed.
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
    // Whoever backed up last month is expected this month still.
    let awaited = need - units;
    let left = left(credit, drawn, month);
    let short = match (credit, left) {
        (Credit::Open, _) | (_, None) => None,
        _ if need == 0 => None,
        (_, Some(left)) if left < awaited => Some((month, awaited - left)),
        (Credit::Number(_), Some(left)) => {
            let later = left - awaited;
            Some((month.next().later(later / need), need - later % need))
        }
        (Credit::Monthly(number), _) => {
            let lacks = need.saturating_sub(u64::from(number));
            (lacks > 0).then(|| (month.next(), lacks))
        }
    };
    let (short_in, short_by) = short.map_or((None, 0), |(month, by)| (Some(month), by));
    Forecast {
        month,
        clients,
        units,
        need,
        left,
        short_in,
        short_by,
    }
}
