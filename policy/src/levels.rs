//! The records above a backup, read together: what they say as one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::mcal::{Month, Platform, Plugins};
use crate::names::ShortName;
use crate::record::{Activation, Client, Customer, Reseller, Server};
use crate::refusal::Refusal;
use crate::space::{Figure, Purpose, Short, Taken, fit};
use crate::throttle::{Level, Source, Span, Throttle, WeekendDays, Zone, rate_at};

/// The levels of one customer, or of one client of it.
#[derive(Debug, Clone, Copy)]
pub struct Levels<'a> {
    /// The server's record.
    pub server: &'a Server,
    /// The customer's reseller.
    pub reseller: &'a Reseller,
    /// The customer.
    pub customer: &'a Customer,
    /// The client, if there is one yet.
    pub client: Option<&'a Client>,
}

/// Which way bytes go: each has its own throttle (rules, section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the client: `throttle`.
    Backup,
    /// To the client: `restore_throttle`.
    Restore,
}

impl<'a> Levels<'a> {
    /// The customer's zone: its own, or the server's.
    #[must_use]
    pub fn zone(&self) -> &'a Zone {
        self.customer
            .time_zone
            .as_ref()
            .unwrap_or(&self.server.time_zone)
    }

    /// The customer's weekend days: its own, or the server's.
    #[must_use]
    pub fn weekend(&self) -> WeekendDays {
        self.customer
            .weekend_days
            .unwrap_or(self.server.weekend_days)
    }

    /// Whether clients may only add (rules, section 10).
    #[must_use]
    pub fn append_only(&self) -> bool {
        self.customer.append_only.unwrap_or(self.server.append_only)
    }

    /// The location for new schedules: the client's, else the customer's, the reseller's, the server's (rules, section 6).
    #[must_use]
    pub fn location(&self) -> &'a ShortName {
        let own = self.client.and_then(|client| client.location.as_ref());
        own.or(self.customer.location.as_ref())
            .or(self.reseller.location.as_ref())
            .unwrap_or(&self.server.location)
    }

    /// What each level may use beside what is taken of it, nearest first.
    #[must_use]
    pub fn figures(&self, taken: Taken) -> Vec<Figure> {
        let (data, unsure) = (taken.data, taken.unsure);
        let figure = |level, allotted, (taken, data, unsure)| Figure {
            level,
            allotted,
            taken,
            data,
            unsure,
        };
        let client = self.client.map(|client| {
            figure(
                Level::Client,
                client.space,
                (taken.client, data.client, unsure.client),
            )
        });
        client
            .into_iter()
            .chain([
                figure(
                    Level::Customer,
                    self.customer.space,
                    (taken.customer, data.customer, unsure.customer),
                ),
                figure(
                    Level::Reseller,
                    self.reseller.space,
                    (taken.reseller, data.reseller, unsure.reseller),
                ),
                figure(
                    Level::Server,
                    self.server.space,
                    (taken.server, data.server, unsure.server),
                ),
            ])
            .collect()
    }

    /// Whether so many bytes may be taken, given what is.
    ///
    /// # Errors
    /// [`Refusal::SpaceExceeded`]; [`Refusal::Recounting`] for data where an allotment is held against a figure that
    /// isn't sure yet.
    pub fn takes(&self, taken: Taken, bytes: u64, purpose: Purpose) -> Result<(), Refusal> {
        let figures = self.figures(taken);
        let unsure = |figure: &Figure| figure.unsure && figure.allotted.bytes().is_some();
        if purpose == Purpose::Data && figures.iter().any(unsure) {
            return Err(Refusal::Recounting);
        }
        fit(&figures, bytes, purpose).map_err(|short| self.exceeded(short))
    }

    /// The refusal of what doesn't fit.
    #[must_use]
    pub fn exceeded(&self, short: Short) -> Refusal {
        Refusal::SpaceExceeded {
            level: short.level,
            name: match short.level {
                Level::Client => self
                    .client
                    .map_or_else(String::new, |client| client.client_id.to_string()),
                Level::Customer => self.customer.name.to_string(),
                Level::Reseller => self.reseller.name.to_string(),
                Level::Server => String::new(),
            },
            allotted: short.allotted,
            taken: short.taken,
            wanted: short.wanted,
        }
    }

    /// What the client costs for a month; an unknown one is a desktop without plugins (rules, section 5).
    #[must_use]
    pub fn price(&self) -> u32 {
        let prices = &self.server.mcal_prices;
        self.client.map_or_else(
            || prices.of(Platform::Desktop, &Plugins::default()),
            |client| prices.of(client.platform, &client.plugins),
        )
    }

    /// The month of an instant in the server's zone; never below the ledger's newest, whatever the clock does.
    #[must_use]
    pub fn month(&self, at: Timestamp) -> Month {
        self.month_at_least(Month::of(at, &self.server.time_zone))
    }

    /// That month, or the ledger's newest if it is later.
    #[must_use]
    pub fn month_at_least(&self, month: Month) -> Month {
        self.server.month_at_least(month)
    }

    /// Whether an unknown client may be created by its first repository: both the customer and its reseller say so.
    #[must_use]
    pub fn adds_clients_automatically(&self) -> bool {
        self.customer.automatically_add_clients && self.reseller.automatically_add_clients
    }

    /// What each level says about the throttle, nearest first.
    #[must_use]
    pub fn throttles(&self, direction: Direction) -> Vec<(Level, Throttle)> {
        let pick = |backup, restore| match direction {
            Direction::Backup => backup,
            Direction::Restore => restore,
        };
        let (server, reseller, customer) = (self.server, self.reseller, self.customer);
        let client = self.client.map(|client| {
            (
                Level::Client,
                pick(client.throttle, client.restore_throttle),
            )
        });
        client
            .into_iter()
            .chain([
                (
                    Level::Customer,
                    pick(customer.throttle, customer.restore_throttle),
                ),
                (
                    Level::Reseller,
                    pick(reseller.throttle, reseller.restore_throttle),
                ),
                (
                    Level::Server,
                    pick(server.throttle, server.restore_throttle),
                ),
            ])
            .collect()
    }

    /// The rate for each backup or restore at that instant, until when, and which level decided.
    #[must_use]
    pub fn rate_at(&self, direction: Direction, at: Timestamp) -> Span {
        let throttles = self.throttles(direction);
        let sources: Vec<Source<'_>> = throttles
            .iter()
            .map(|(level, throttle)| {
                // A zone belongs to the level whose block binds: the customer's for its own and its clients'.
                let own = matches!(level, Level::Client | Level::Customer);
                Source {
                    level: *level,
                    throttle,
                    zone: if own {
                        self.zone()
                    } else {
                        &self.server.time_zone
                    },
                    weekend: if own {
                        self.weekend()
                    } else {
                        self.server.weekend_days
                    },
                }
            })
            .collect();
        rate_at(&sources, at)
    }

    /// The first of reseller, customer and client that isn't activated at that instant.
    ///
    /// # Errors
    /// With the refusal that the client is to read.
    pub fn activated_at(&self, at: Timestamp) -> Result<(), Refusal> {
        if !self
            .reseller
            .activation
            .holds_at(&self.server.time_zone, at)
        {
            return Err(Refusal::ResellerInactive);
        }
        if !self.customer.activation.holds_at(self.zone(), at) {
            let Activation { reason, until, .. } = self.customer.activation.clone();
            return Err(Refusal::CustomerInactive {
                customer: self.customer.name.to_string(),
                reason,
                until,
            });
        }
        match self.client {
            Some(client) if !client.activation.holds_at(self.zone(), at) => {
                let Activation { reason, until, .. } = client.activation.clone();
                Err(Refusal::ClientInactive {
                    client: client.client_id.to_string(),
                    reason,
                    until,
                })
            }
            _ => Ok(()),
        }
    }
}
