//! How much a level may debit: nothing of its own, a number, or a number each month.

use std::fmt;
use std::str::FromStr;

use crate::units::{serde_as_text, shown};

/// MCALs allotted to a reseller or customer. Text: `Auto`, `25`, `25/month`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mcals {
    /// Draws on the parent's; counts nothing in a sum.
    #[default]
    Auto,
    /// Credit that drains month by month.
    Number(u32),
    /// So many for each month; what is left lapses at the month's end.
    Monthly(u32),
}

/// The server's own credit. Text: `unlimited` or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Bank {
    /// No limit.
    #[default]
    Unlimited,
    /// Credit that drains.
    Number(u32),
}

/// The credit of any level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Credit {
    /// No limit of its own.
    Open,
    /// Credit that drains month by month.
    Number(u32),
    /// So many for each month.
    Monthly(u32),
}

/// The highest number.
const MOST: u32 = 1_000_000_000;

/// Why MCALs aren't allotted so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreditError {
    /// None of the forms.
    #[error(
        "{0} is no number of MCALs: write a number from 0 to {MOST} such as 25, 25/month, +5 to add, or {1}"
    )]
    Unknown(String, &'static str),
    /// Nothing can be added to what has no number.
    #[error("it is {0}, so nothing can be added; set a number first, such as 25")]
    NoNumber(&'static str),
    /// More than the highest number.
    #[error("there can be at most {MOST} MCALs")]
    TooMany,
    /// The bank has no months.
    #[error(
        "the bank is a number or unlimited; numbers for each month are for resellers and customers"
    )]
    BankMonthly,
}

impl Mcals {
    /// What it is after an edit: `Auto`, `25`, `25/month`, or `+5` to add to either number.
    ///
    /// # Errors
    /// When the text is none of these, or something is added to Auto.
    pub fn changed(self, text: &str) -> Result<Self, CreditError> {
        let Some(more) = text.trim().strip_prefix('+') else {
            return text.parse();
        };
        let more = number(more).ok_or_else(|| CreditError::Unknown(shown(text), "Auto"))?;
        match self {
            Self::Auto => Err(CreditError::NoNumber("Auto")),
            Self::Number(own) => sum(own, more).map(Self::Number),
            Self::Monthly(own) => sum(own, more).map(Self::Monthly),
        }
    }

    /// What a sum of allotments counts: nothing for Auto.
    #[must_use]
    pub const fn counted(self) -> u64 {
        match self {
            Self::Auto => 0,
            Self::Number(number) | Self::Monthly(number) => number as u64,
        }
    }
}

impl Bank {
    /// What it is after an edit: `unlimited`, `500`, or `+500` to add.
    ///
    /// # Errors
    /// When the text is none of these, or something is added to an unlimited one.
    pub fn changed(self, text: &str) -> Result<Self, CreditError> {
        let Some(more) = text.trim().strip_prefix('+') else {
            return text.parse();
        };
        let more = number(more).ok_or_else(|| CreditError::Unknown(shown(text), "unlimited"))?;
        match self {
            Self::Unlimited => Err(CreditError::NoNumber("unlimited")),
            Self::Number(own) => sum(own, more).map(Self::Number),
        }
    }
}

fn sum(own: u32, more: u32) -> Result<u32, CreditError> {
    let sum = own.checked_add(more).filter(|sum| *sum <= MOST);
    sum.ok_or(CreditError::TooMany)
}

fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = text.parse().ok().filter(|number| *number <= MOST);
    number.filter(|_| digits)
}

impl Credit {
    /// Reads what [`Mcals`] and [`Bank`] show.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "unlimited" {
            return Some(Self::Open);
        }
        text.parse::<Mcals>().ok().map(Self::from)
    }

    /// What a sum of allotments counts.
    #[must_use]
    pub const fn counted(self) -> u64 {
        match self {
            Self::Open => 0,
            Self::Number(number) | Self::Monthly(number) => number as u64,
        }
    }
}

impl From<Mcals> for Credit {
    fn from(mcals: Mcals) -> Self {
        match mcals {
            Mcals::Auto => Self::Open,
            Mcals::Number(number) => Self::Number(number),
            Mcals::Monthly(number) => Self::Monthly(number),
        }
    }
}

impl From<Bank> for Credit {
    fn from(bank: Bank) -> Self {
        match bank {
            Bank::Unlimited => Self::Open,
            Bank::Number(number) => Self::Number(number),
        }
    }
}

impl FromStr for Mcals {
    type Err = CreditError;

    fn from_str(text: &str) -> Result<Self, CreditError> {
        let text = text.trim();
        let unknown = || CreditError::Unknown(shown(text), "Auto");
        if text.eq_ignore_ascii_case("auto") {
            return Ok(Self::Auto);
        }
        match text.split_once('/') {
            None => number(text).map(Self::Number).ok_or_else(unknown),
            Some((each, "month")) => number(each).map(Self::Monthly).ok_or_else(unknown),
            Some(_) => Err(unknown()),
        }
    }
}

impl fmt::Display for Mcals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.pad("Auto"),
            Self::Number(number) => f.pad(&number.to_string()),
            Self::Monthly(number) => f.pad(&format!("{number}/month")),
        }
    }
}

impl FromStr for Bank {
    type Err = CreditError;

    fn from_str(text: &str) -> Result<Self, CreditError> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("unlimited") {
            return Ok(Self::Unlimited);
        }
        if text.ends_with("/month") {
            return Err(CreditError::BankMonthly);
        }
        let unknown = || CreditError::Unknown(shown(text), "unlimited");
        number(text).map(Self::Number).ok_or_else(unknown)
    }
}

impl fmt::Display for Bank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlimited => f.pad("unlimited"),
            Self::Number(number) => f.pad(&number.to_string()),
        }
    }
}

impl fmt::Display for Credit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.pad("unlimited"),
            Self::Number(number) => Mcals::Number(*number).fmt(f),
            Self::Monthly(number) => Mcals::Monthly(*number).fmt(f),
        }
    }
}

serde_as_text!(Mcals);
serde_as_text!(Bank);
