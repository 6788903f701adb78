//! The sentences of refusals: what a client reads, and what an administrator reads (rules, section 9).

use super::{Reference, Refusal};
use crate::mcal::{Credit, Month};
use crate::record::Until;
use crate::throttle::Level;
use crate::units::human;

impl Refusal {
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
                needs,
                ..
            } => format!(
                "No MCAL is left for this client in {month}: it {}. Restores still work.",
                renewal(*credit, *month, *needs)
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
                    Level::Client => format!("Client {name}"),
                    Level::Customer => name.clone(),
                    Level::Reseller => format!("Reseller {name}"),
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
    let noun = if number == 1 { "MCAL" } else { "MCALs" };
    let number = match credit {
        Credit::Monthly(_) => format!("{number} {noun} of {month}"),
        Credit::Open | Credit::Number(_) => format!("{number} {noun}"),
    };
    let renewal = renewal(credit, month, needs);
    if credit.counted() == 0 {
        return format!("{whose} has no MCALs: this client {renewal}. Restores still work.");
    }
    if left == 0 {
        return format!(
            "{whose} has used its {number}: a client that is not paid for {month} {renewal}. Restores still work."
        );
    }
    format!(
        "{whose} has {left} left of its {number}, and this client needs {needs}: it {renewal}. Restores still work."
    )
}

/// Until when it lasts: until the next month, where so many renew that the client can be paid, or until somebody adds
/// to them.
fn renewal(credit: Credit, month: Month, needs: u32) -> String {
    match credit {
        Credit::Monthly(number) if number >= needs => {
            format!("can back up again from {}", month.next().first_day())
        }
        _ => "can back up again when MCALs are added".to_owned(),
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
