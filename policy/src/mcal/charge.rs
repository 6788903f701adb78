//! The debit: what a client costs this month, and whether every level that has a number can pay it.

use serde::{Deserialize, Serialize};

use super::{Credit, Month, Platform, Plugins, Prices};
use crate::levels::Levels;
use crate::record::Client;
use crate::refusal::Refusal;
use crate::throttle::Level;

/// What was debited of a level's clients so far. Counted with each debit; the ledger gives the same sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drawn {
    /// Units taken from a number that drains, over all months.
    pub number: u64,
    /// The newest month in which something was debited or allotted.
    pub month: Option<Month>,
    /// All units debited in that month.
    pub units: u64,
    /// How many clients were debited in that month.
    pub clients: u64,
    /// All units debited in the month before it.
    pub before: u64,
}

/// What a client is debited for: the newest month that it paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paid {
    /// The month.
    pub month: Month,
    /// Units debited for it.
    pub units: u32,
    /// The platform they were for.
    pub platform: Platform,
    /// The plugins they were for.
    pub plugins: Plugins,
}

/// From which levels a debit was taken: those whose number drains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Took {
    /// From the customer's number.
    pub customer: bool,
    /// From the reseller's number.
    pub reseller: bool,
    /// From the bank.
    pub bank: bool,
}

/// A debit that every level can pay. Only [`charge`] makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    month: Month,
    units: u32,
    took: Took,
}

impl Charge {
    /// The month it is for.
    #[must_use]
    pub const fn month(self) -> Month {
        self.month
    }

    /// How much it is.
    #[must_use]
    pub const fn units(self) -> u32 {
        self.units
    }

    /// From which levels it is taken.
    #[must_use]
    pub const fn took(self) -> Took {
        self.took
    }
}

impl Drawn {
    /// Counts a debit; `another` says that the client wasn't debited in that month before.
    pub fn take(&mut self, month: Month, units: u32, another: bool, from_number: bool) {
        self.reach(month);
        self.units += u64::from(units);
        self.clients += u64::from(another);
        if from_number {
            self.number += u64::from(units);
        }
    }

    /// The month is the newest from now on, if it is later.
    pub fn reach(&mut self, month: Month) {
        match self.month {
            Some(newest) if newest >= month => {}
            newest => {
                let follows = newest.is_some_and(|newest| newest.next() == month);
                self.before = if follows { self.units } else { 0 };
                (self.units, self.clients) = (0, 0);
                self.month = Some(month);
            }
        }
    }

    /// All units debited in that month: none in one that hasn't been reached.
    #[must_use]
    pub fn in_month(&self, month: Month) -> u64 {
        if self.month == Some(month) {
            self.units
        } else {
            0
        }
    }
}

/// What is left of a level's credit in that month; none where it has no number. Never below zero.
#[must_use]
pub fn left(credit: Credit, drawn: &Drawn, month: Month) -> Option<u64> {
    match credit {
        Credit::Open => None,
        Credit::Number(number) => Some(u64::from(number).saturating_sub(drawn.number)),
        Credit::Monthly(number) => Some(u64::from(number).saturating_sub(drawn.in_month(month))),
    }
}

impl Client {
    /// Whether it is debited for that month, or for a later one.
    #[must_use]
    pub fn has_paid(&self, month: Month) -> bool {
        self.paid.as_ref().is_some_and(|paid| paid.month >= month)
    }
}

/// What a change of platform or plugins costs a client in a month that it has paid already: the difference, and nothing
/// is refunded.
#[must_use]
pub fn difference(prices: &Prices, client: &Client, month: Month) -> u32 {
    match &client.paid {
        Some(paid) if paid.month >= month => {
            let same = paid.platform == client.platform && paid.plugins == client.plugins;
            let price = prices.of(client.platform, &client.plugins);
            if same {
                0
            } else {
                price.saturating_sub(paid.units)
            }
        }
        _ => 0,
    }
}

/// Whether so many units can be debited at every level that has a number. The month never goes below the ledger's newest.
///
/// # Errors
/// [`Refusal::McalExhausted`] with the nearest level that can't pay.
pub fn charge(levels: &Levels<'_>, units: u32, month: Month) -> Result<Charge, Refusal> {
    let month = levels.month_at_least(month);
    let (server, reseller, customer) = (levels.server, levels.reseller, levels.customer);
    let accounts = [
        (
            Level::Customer,
            Credit::from(customer.mcals),
            &customer.drawn,
        ),
        (
            Level::Reseller,
            Credit::from(reseller.mcals),
            &reseller.drawn,
        ),
        (Level::Server, Credit::from(server.mcals), &server.drawn),
    ];
    for (level, credit, drawn) in accounts {
        let Some(left) = left(credit, drawn, month) else {
            continue;
        };
        if left < u64::from(units) {
            return Err(Refusal::McalExhausted {
                level,
                customer: customer.name.to_string(),
                month,
                credit,
                left,
                needs: units,
            });
        }
    }
    let drains = |credit: Credit| matches!(credit, Credit::Number(_));
    Ok(Charge {
        month,
        units,
        took: Took {
            customer: drains(customer.mcals.into()),
            reseller: drains(reseller.mcals.into()),
            bank: drains(server.mcals.into()),
        },
    })
}
