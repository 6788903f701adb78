//! Records as files declare them: what `export` writes and `apply` reads. No secrets, no counters.

use penstock_policy::edit::Assignment;
use penstock_policy::names::ClientId;
use serde::{Deserialize, Serialize};

/// One record with the fields that the file names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Declared {
    /// The server's record.
    Server {
        /// Fields to hold.
        fields: Vec<Assignment>,
    },
    /// A reseller.
    Reseller {
        /// Short name.
        short: String,
        /// Full name; must be the one that it has.
        name: Option<String>,
        /// Fields to hold.
        fields: Vec<Assignment>,
    },
    /// A customer.
    Customer {
        /// Short name.
        short: String,
        /// Full name; must be the one that it has.
        name: Option<String>,
        /// The reseller's short name; none leaves it where it is, or gives it to the Default Reseller.
        reseller: Option<String>,
        /// Fields to hold.
        fields: Vec<Assignment>,
    },
    /// A client.
    Client {
        /// The customer's short name.
        customer: String,
        /// Its id.
        client: ClientId,
        /// Whether its password is dead.
        revoked: bool,
        /// Fields to hold.
        fields: Vec<Assignment>,
    },
}
