//! Every refusal: its stable code, its class, and the sentence that a client or administrator reads (rules, section 9).

mod reference;

use serde::{Deserialize, Serialize};

use crate::mcal::{Credit, Month};
use crate::record::Until;
use crate::throttle::Level;
use crate::units::human;

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

    /// What the client reads. While it isn't authenticated, one fixed sentence stands for every cause; otherwise only
    /// its own and its customer's figures are named, never a reseller's or the server's.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::BadCredentials
            | Self::BadPassKey
            | Self::ClientUnknown
            | Self::ClientRemoved
            | Self::ClientRevoked => {
                "Access denied: check the customer, the client id and the password.".to_owned()
            }
            Self::NameTaken { name, .. } => {
                format!("{name} can't be used as a name: choose another one.")
            }
            Self::McalExhausted {
                level: Level::Reseller | Level::Server,
                month,
                credit,
                ..
            } => format!(
                "No MCAL is left for this client in {month}: it {}. Restores still work.",
                renewal(*credit, *month, "can back up again")
            ),
            Self::SpaceExceeded {
                level: Level::Reseller | Level::Server,
                wanted,
                ..
            } => format!(
                "Your provider has no room for {} more. Restores and deletes still work.",
                human(*wanted)
            ),
            Self::DiskReserve { .. } => {
                "The backup disk is nearly full and takes no new data. Restores and deletes still work."
                    .to_owned()
            }
            _ => self.cause(),
        }
    }

    /// What an administrator reads: the true cause.
    #[must_use]
    pub fn cause(&self) -> String {
        match self {
            Self::BadCredentials => {
                "The password is not this client's, or none was sent.".to_owned()
            }
            Self::BadPassKey => "The password is not the customer's pass key.".to_owned(),
            Self::PassKeyExpired => {
                "The pass key registers no more clients: its time or its uses are over.".to_owned()
            }
            Self::ClientUnknown => {
                "The client is unknown, and the customer does not add clients automatically."
                    .to_owned()
            }
            Self::ClientRemoved => {
                "The client was removed; its id stays blocked until it is added again.".to_owned()
            }
            Self::ClientRevoked => "The client's password was revoked.".to_owned(),
            Self::ClientLimit { customer, limit } => {
                format!("{customer} has no free client slot: all {limit} are taken.")
            }
            Self::ClientInactive {
                client,
                reason,
                until,
            } => suspended(&format!("Client {client}"), reason, *until),
            Self::CustomerInactive {
                customer,
                reason,
                until,
            } => suspended(customer, reason, *until),
            Self::ResellerInactive => {
                "Backups are suspended by your provider. Restores still work.".to_owned()
            }
            Self::AppendOnly => {
                "This repository is append-only: nothing but locks can be deleted.".to_owned()
            }
            Self::ConfigExists => {
                "The repository has a config already; nothing is overwritten.".to_owned()
            }
            Self::ScheduleLimit { limit } => {
                format!("The client has {limit} backup schedules, as many as it may have.")
            }
            Self::ClientExists { client } => {
                format!("Client {client} exists already; the pass key only creates clients.")
            }
            Self::NameTaken { name, by } => {
                format!("{name} can't be used as a name: it would be confused with {by}.")
            }
            Self::PasswordTooShort => {
                "The password is too short: choose at least 12 characters.".to_owned()
            }
            Self::PasswordUnfit { problem } => format!("The password can't be used: {problem}."),
            Self::TooManyAttempts { seconds } => format!(
                "Too many failed attempts: try again in {seconds} {}.",
                if *seconds == 1 { "second" } else { "seconds" }
            ),
            Self::McalExhausted {
                level,
                customer,
                month,
                credit,
                left,
                needs,
            } => mcals_exhausted(*level, customer, (*month, *credit), *left, *needs),
            Self::SpaceExceeded {
                level,
                name,
                allotted,
                taken,
                wanted,
            } => {
                let who = match level {
                    Level::Client | Level::Reseller => format!("{} {name}", capital(*level)),
                    Level::Customer => name.clone(),
                    Level::Server => "The server".to_owned(),
                };
                format!(
                    "{who} has used {} of {}: {} more don't fit. Restores and deletes still work.",
                    human(*taken),
                    human(*allotted),
                    human(*wanted)
                )
            }
            Self::DiskReserve { location, percent } => format!(
                "Less than {percent} % of location {location} would stay free: it takes no new data."
            ),
            Self::Recounting => {
                "The repository's space is being counted after an interruption: try again soon."
                    .to_owned()
            }
            Self::AuthenticationBusy => {
                "Too many passwords are being checked at the moment: try again soon.".to_owned()
            }
            Self::Busy => "The server is busy: try again soon.".to_owned(),
            Self::LocationUnavailable => {
                "The backup location is not available at the moment: try again later.".to_owned()
            }
            Self::DiskFull => "The backup location's disk is full.".to_owned(),
            Self::StoreUnavailable => {
                "The server's records are not available at the moment: try again later.".to_owned()
            }
            Self::Draining => "The server is being stopped: try again soon.".to_owned(),
        }
    }

    /// The line that a client prints: sentence, contact, reference. `403 ABC Inc. is suspended: invoice 2041 is
    /// unpaid. Restores still work. support@msp.example [7F3K]`
    #[must_use]
    pub fn line(&self, contact: &str, reference: &Reference) -> String {
        let sentence = self.sentence();
        let reference = reference.as_str();
        if contact.is_empty() {
            return format!("{sentence} [{reference}]");
        }
        format!("{sentence} {contact} [{reference}]")
    }
}

fn mcals_exhausted(
    level: Level,
    customer: &str,
    (month, credit): (Month, Credit),
    left: u64,
    needs: u32,
) -> String {
    let whose = match level {
        Level::Client | Level::Customer => customer,
        Level::Reseller => "The reseller",
        Level::Server => "The bank",
    };
    let number = credit.counted();
    let number = match credit {
        Credit::Monthly(_) => format!("{number} MCALs of {month}"),
        Credit::Open | Credit::Number(_) => format!("{number} MCALs"),
    };
    let state = if left == 0 {
        format!("has used its {number}")
    } else {
        format!("has {left} left of its {number}, and this client needs {needs}")
    };
    let renewal = renewal(credit, month, "can back up again");
    format!(
        "{whose} {state}: a client that is not paid for {month} {renewal}. Restores still work."
    )
}

/// Until when it lasts: until the next month, where the credit renews, or until somebody adds to it.
fn renewal(credit: Credit, month: Month, does: &str) -> String {
    match credit {
        Credit::Monthly(_) => format!("{does} from {}", month.next().first_day()),
        Credit::Open | Credit::Number(_) => format!("{does} when MCALs are added"),
    }
}

fn capital(level: Level) -> &'static str {
    match level {
        Level::Client => "Client",
        Level::Customer => "Customer",
        Level::Reseller => "Reseller",
        Level::Server => "Server",
    }
}

fn suspended(who: &str, reason: &str, until: Option<Until>) -> String {
    let until = until.map_or_else(String::new, |until| format!(" until {until}"));
    let reason = reason.trim().trim_end_matches('.');
    // "ABC Inc." ends with its own dot only inside a sentence.
    let reason = if reason.is_empty() {
        String::new()
    } else {
        format!(": {reason}")
    };
    format!("{who} is suspended{until}{reason}. Restores still work.")
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

    #[test]
    fn a_reference_is_read_as_people_type_it() {
        let reference = Reference::parse("[7f3k]").unwrap();
        assert_eq!(reference.as_str(), "7F3K");
        assert_eq!(Reference::parse("o1il").unwrap().as_str(), "0111");
        assert_eq!(Reference::parse("7F3"), None);
        assert_eq!(Reference::parse("7F3U"), None);
    }
}
