//! Bandwidth throttling: what a level says, and which level's word holds at an instant (rules, section 7).

mod block;
mod days;
#[cfg(test)]
mod model;
mod span;
mod zone;

use std::fmt;
use std::str::FromStr;

pub use block::{Block, Hours, ThrottleError};
pub use days::{DaysError, WeekendDays};
pub use span::{Source, Span, rate_at};
pub use zone::{Zone, ZoneError};

use crate::units::serde_as_text;

/// What one level says about the rate of each backup beneath it.
///
/// Its text form is what administrators type: `inherit`, `unlimited`, or a block such as
/// `8Mbit/s 08:00-18:00 weekend-exempt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Throttle {
    /// Nothing: the next level up decides.
    #[default]
    Inherit,
    /// Explicitly not held back, whatever stands above.
    Unlimited,
    /// A rate, with the hours it holds.
    Block(Block),
}

/// A level that can carry a throttle, nearest to the backup first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The client's own record.
    Client,
    /// The customer's record.
    Customer,
    /// The reseller's record.
    Reseller,
    /// The server's record.
    Server,
}

impl Level {
    /// The level's name in lower case, as shown and as serialised.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Customer => "customer",
            Self::Reseller => "reseller",
            Self::Server => "server",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inherit => f.write_str("inherit"),
            Self::Unlimited => f.write_str("unlimited"),
            Self::Block(block) => block.fmt(f),
        }
    }
}

impl FromStr for Throttle {
    type Err = ThrottleError;

    fn from_str(text: &str) -> Result<Self, ThrottleError> {
        let mut words = text.split_whitespace();
        let alone = match words.next() {
            None => return Err(ThrottleError::Empty),
            Some("inherit") => Self::Inherit,
            Some("unlimited") => Self::Unlimited,
            Some(_) => return text.parse().map(Self::Block),
        };
        match words.next() {
            None => Ok(alone),
            Some(_) => Err(ThrottleError::NotAlone(alone)),
        }
    }
}

serde_as_text!(Throttle);
