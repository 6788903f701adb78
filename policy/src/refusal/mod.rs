//! Every refusal: its stable code, its class, and the sentence that a client or administrator reads (rules, section 9).

mod reference;
mod words;

use serde::{Deserialize, Serialize};

use crate::mcal::{Credit, Month};
use crate::record::Until;
use crate::throttle::Level;

pub use reference::Reference;

/// Why something isn't done, with the figures that its sentence needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The password isn't the client's, or there was none.
    BadCredentials,
    /// The pass key isn't the customer's.
    BadPassKey,
    /// The pass key's end has passed or its uses are used up.
    PassKeyExpired,
    /// No such client, and the customer doesn't add clients automatically.
    ClientUnknown,
    /// The client was removed; its id stays blocked until an administrator adds it again.
    ClientRemoved,
    /// An administrator killed the client's credential.
    ClientRevoked,
    /// The customer has no slot left for a new client.
    ClientLimit {
        /// The customer's full name.
        customer: String,
        /// Its maximum client limit.
        limit: u32,
    },
    /// The client isn't activated.
    ClientInactive {
        /// The client's id.
        client: String,
        /// Words for the client; may be empty.
        reason: String,
        /// When the suspension ends by itself.
        until: Option<Until>,
    },
    /// The customer isn't activated.
    CustomerInactive {
        /// The customer's full name.
        customer: String,
        /// Words for the client; may be empty.
        reason: String,
        /// When the suspension ends by itself.
        until: Option<Until>,
    },
    /// The reseller isn't activated.
    ResellerInactive,
    /// Append-only: nothing but locks can be deleted.
    AppendOnly,
    /// The repository has its config; nothing is ever overwritten.
    ConfigExists,
    /// The client has as many schedules as it may have.
    ScheduleLimit {
        /// The server's limit for each client.
        limit: u32,
    },
    /// The client exists; the pass key never resets one.
    ClientExists {
        /// The client's id.
        client: String,
    },
    /// A name that would be another's: it differs only by case, or it is a customer's.
    NameTaken {
        /// The name as given.
        name: String,
        /// The name that stands in the way, for administrators alone: it may be another customer's.
        by: String,
    },
    /// A chosen password has fewer than 12 characters.
    PasswordTooShort,
    /// A chosen password can't be taken for another reason.
    PasswordUnfit {
        /// The reason, as a sentence's end.
        problem: String,
    },
    /// Too many failures from this source or for this client.
    TooManyAttempts {
        /// Seconds until the next attempt counts.
        seconds: u64,
    },
    /// A level's MCALs are used up, and the client isn't paid for this month.
    McalExhausted {
        /// The nearest level that can't pay.
        level: Level,
        /// The customer's full name.
        customer: String,
        /// The month that it would have to pay.
        month: Month,
        /// What is allotted to that level.
        credit: Credit,
        /// What is left of it.
        left: u64,
        /// What the client costs.
        needs: u32,
    },
    /// It doesn't fit in a level's allotment.
    SpaceExceeded {
        /// The nearest level in which it doesn't fit.
        level: Level,
        /// The record's name: the customer's full name, the client's id.
        name: String,
        /// What the level may use, in bytes.
        allotted: u64,
        /// What is taken of it.
        taken: u64,
        /// What was wanted.
        wanted: u64,
    },
    /// The location's file system is nearly full.
    DiskReserve {
        /// The location's name, for administrators.
        location: String,
        /// Percent of the file system that are kept free.
        percent: u32,
    },
    /// The schedule's space is being counted after an interruption, and takes no new data until that is done.
    Recounting,
    /// More passwords wait to be checked than the server takes on.
    AuthenticationBusy,
    /// More uploads or connections than the server takes on.
    Busy,
    /// The location's marker or the schedule's folder isn't there.
    LocationUnavailable,
    /// The location's file system is full.
    DiskFull,
    /// The records can't be read or written at the moment.
    StoreUnavailable,
    /// The server is being stopped and takes no new work.
    Draining,
}

/// What kind of answer a refusal is; the gateway turns it into a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Who is asking isn't known: one fixed sentence for every cause.
    Unauthenticated,
    /// A rule of business.
    Forbidden,
    /// Something isn't there at the moment.
    Unavailable,
    /// No room.
    NoSpace,
}

impl Refusal {
    /// Codes of what somebody who only guesses can cause.
    pub const GUESSES: [&'static str; 6] = [
        "bad-credentials",
        "bad-pass-key",
        "client-removed",
        "client-revoked",
        "client-unknown",
        "too-many-attempts",
    ];

    /// Every other code.
    const OTHERS: [&'static str; 22] = [
        "append-only",
        "authentication-busy",
        "busy",
        "client-exists",
        "client-inactive",
        "client-limit",
        "config-exists",
        "customer-inactive",
        "disk-full",
        "disk-reserve",
        "draining",
        "location-unavailable",
        "mcal-exhausted",
        "name-taken",
        "pass-key-expired",
        "password-too-short",
        "password-unfit",
        "recounting",
        "reseller-inactive",
        "schedule-limit",
        "space-exceeded",
        "store-unavailable",
    ];

    /// The code that a saved text is.
    #[must_use]
    pub fn known_code(text: &str) -> Option<&'static str> {
        let mut codes = Self::GUESSES.into_iter().chain(Self::OTHERS);
        codes.find(|code| *code == text)
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BadCredentials => "bad-credentials",
            Self::BadPassKey => "bad-pass-key",
            Self::PassKeyExpired => "pass-key-expired",
            Self::ClientUnknown => "client-unknown",
            Self::ClientRemoved => "client-removed",
            Self::ClientRevoked => "client-revoked",
            Self::ClientLimit { .. } => "client-limit",
            Self::ClientInactive { .. } => "client-inactive",
            Self::CustomerInactive { .. } => "customer-inactive",
            Self::ResellerInactive => "reseller-inactive",
            Self::AppendOnly => "append-only",
            Self::ConfigExists => "config-exists",
            Self::ScheduleLimit { .. } => "schedule-limit",
            Self::ClientExists { .. } => "client-exists",
            Self::NameTaken { .. } => "name-taken",
            Self::PasswordTooShort => "password-too-short",
            Self::PasswordUnfit { .. } => "password-unfit",
            Self::TooManyAttempts { .. } => "too-many-attempts",
            Self::McalExhausted { .. } => "mcal-exhausted",
            Self::SpaceExceeded { .. } => "space-exceeded",
            Self::DiskReserve { .. } => "disk-reserve",
            Self::Recounting => "recounting",
            Self::AuthenticationBusy => "authentication-busy",
            Self::Busy => "busy",
            Self::LocationUnavailable => "location-unavailable",
            Self::DiskFull => "disk-full",
            Self::StoreUnavailable => "store-unavailable",
            Self::Draining => "draining",
        }
    }

    /// What kind of answer it is.
    #[must_use]
    pub const fn class(&self) -> Class {
        match self {
            Self::BadCredentials
            | Self::BadPassKey
            | Self::ClientUnknown
            | Self::ClientRemoved
            | Self::ClientRevoked => Class::Unauthenticated,
            Self::PassKeyExpired
            | Self::ClientLimit { .. }
            | Self::ClientInactive { .. }
            | Self::CustomerInactive { .. }
            | Self::ResellerInactive
            | Self::AppendOnly
            | Self::ConfigExists
            | Self::ScheduleLimit { .. }
            | Self::ClientExists { .. }
            | Self::NameTaken { .. }
            | Self::PasswordTooShort
            | Self::PasswordUnfit { .. }
            | Self::McalExhausted { .. }
            | Self::TooManyAttempts { .. } => Class::Forbidden,
            Self::DiskFull | Self::DiskReserve { .. } | Self::SpaceExceeded { .. } => {
                Class::NoSpace
            }
            Self::AuthenticationBusy
            | Self::Recounting
            | Self::Busy
            | Self::LocationUnavailable
            | Self::StoreUnavailable
            | Self::Draining => Class::Unavailable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suspension_reads_as_the_rules_print_it() {
        let refusal = Refusal::CustomerInactive {
            customer: "ABC Inc.".into(),
            reason: "invoice 2041 is unpaid".into(),
            until: None,
        };
        assert_eq!(
            refusal.line("support@msp.example", &Reference::from_bits(0x3_bc73)),
            "ABC Inc. is suspended: invoice 2041 is unpaid. Restores still work. support@msp.example [7F3K]"
        );
    }

    #[test]
    fn whoever_is_not_authenticated_reads_one_sentence_for_every_cause() {
        let all = [
            Refusal::BadCredentials,
            Refusal::BadPassKey,
            Refusal::ClientUnknown,
            Refusal::ClientRemoved,
            Refusal::ClientRevoked,
        ];
        for refusal in &all {
            assert_eq!(refusal.class(), Class::Unauthenticated);
            assert_eq!(refusal.sentence(), all[0].sentence());
        }
    }

    #[test]
    fn a_client_does_not_read_whose_name_stands_in_its_way() {
        let refusal = Refusal::NameTaken {
            name: "Laptop".into(),
            by: "client laptop, which was moved to rival".into(),
        };
        assert_eq!(
            refusal.sentence(),
            "Laptop can't be used as a name: choose another one."
        );
        assert!(refusal.cause().contains("moved to rival"));
    }
}
