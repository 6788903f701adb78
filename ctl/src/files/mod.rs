//! Records as TOML files: what `export` writes and `apply` reads. One schema for a single file and for a folder of them:
//! `[server]`, `[reseller.SHORT]`, `[customer.SHORT]`, `[customer.SHORT.client.ID]`.

pub mod batches;
pub mod folder;
pub mod read;
#[cfg(test)]
mod round_trip;
pub mod secrets;
pub mod sources;
pub mod write;

use penstock_wire::declared::Declared;

/// Most records that are applied at once.
pub const MOST_RECORDS: usize = 100_000;

/// Where a record stands among others: the server, then resellers, then each customer followed by its clients.
pub fn order(record: &Declared) -> (u8, &str, Option<&str>) {
    match record {
        Declared::Server { .. } => (0, "", None),
        Declared::Reseller { short, .. } => (1, short, None),
        Declared::Customer { short, .. } => (2, short, None),
        Declared::Client {
            customer, client, ..
        } => (2, customer, Some(client.as_str())),
    }
}

/// What the daemon calls a record.
pub fn address(record: &Declared) -> String {
    match order(record) {
        (0, ..) => "server".to_owned(),
        (1, short, _) => format!("reseller {short}"),
        (_, short, None) => short.to_owned(),
        (_, short, Some(client)) => format!("{short}/{client}"),
    }
}

/// What a record is called in a sentence.
pub fn title(record: &Declared) -> String {
    match order(record) {
        (0, ..) => "server".to_owned(),
        (1, short, _) => format!("reseller {short}"),
        (_, short, None) => format!("customer {short}"),
        (_, short, Some(client)) => format!("client {short}/{client}"),
    }
}
