//! `penstockctl` against the real daemon: every verb, its JSON names and its exit codes.

mod clients;
mod customers;
mod removing;
mod terms;

use serde_json::Value;

use crate::support::Ran;

/// The failure that `--json` printed.
fn failure(ran: &Ran) -> Value {
    let told: Value =
        serde_json::from_str(&ran.err).unwrap_or_else(|error| panic!("{error}: {}", ran.err));
    told["error"].clone()
}

/// The texts under one name of each of a list.
fn each(list: &Value, name: &str) -> Vec<String> {
    let list = list.as_array().unwrap().iter();
    list.map(|item| item[name].as_str().unwrap().to_owned())
        .collect()
}

/// Whether all of these names are there.
#[track_caller]
fn names(value: &Value, expected: &[&str]) {
    for name in expected {
        assert!(value.get(name).is_some(), "{name} is not in {value}");
    }
}
