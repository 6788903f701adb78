//! What attackers, races and accidents try, in the numbers that are promised: exact admission and space, and no way out of
//! a repository.

mod admission;
mod besieged;
mod links;
mod names;
mod paths;
mod uploads;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::{Answer, Client, Server, until};

/// A password as a client of automatic adding chooses it.
const CHOSEN: &str = "correct horse battery";

/// Numbers without a pattern, the same for the same seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % sides as u64).unwrap()
    }
}

/// Says that it is over when it is dropped, so that whoever goes on until then ends also when a test fails.
struct Until<'a>(&'a AtomicBool);

impl Drop for Until<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// One figure of the customer's.
fn figure(server: &Server, name: &str) -> u64 {
    let shown = server.json(["customer", "show", "abc-inc"]);
    shown[name].as_u64().unwrap()
}

/// The ids of the customer's clients, from their own records.
fn ids(server: &Server) -> Vec<String> {
    let listed = server.json(["client", "list", "abc-inc"]);
    let lines = listed.as_array().unwrap().iter();
    lines
        .map(|line| line["client"].as_str().unwrap().to_owned())
        .collect()
}

/// Entries of the customer's audit with that verb.
fn audited(server: &Server, verb: &str) -> usize {
    let audit = server.json(["audit", "abc-inc"]);
    let entries = audit.as_array().unwrap().iter();
    entries.filter(|entry| entry["verb"] == verb).count()
}

/// What each client was debited, entry by entry.
fn debits(server: &Server) -> BTreeMap<String, Vec<i64>> {
    let history = server.json(["mcal", "history", "abc-inc"]);
    let mut debits = BTreeMap::<String, Vec<i64>>::new();
    for entry in history.as_array().unwrap() {
        if entry["reason"] != "allotted" {
            let client = entry["client"].as_str().unwrap().to_owned();
            let units = entry["units"].as_i64().unwrap();
            debits.entry(client).or_default().push(units);
        }
    }
    debits
}

/// Asks again as long as the answer is to come again: too many passwords may wait to be worked on.
fn answered(ask: impl Fn() -> Answer) -> Answer {
    until("an answer that isn't busy", || {
        Some(ask()).filter(|answer| answer.status != 503)
    })
}

/// A client that nobody has heard of.
fn stranger<'a>(server: &'a Server, id: &str) -> Client<'a> {
    Client::with(server, "abc-inc", id, CHOSEN)
}
