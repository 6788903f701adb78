//! What each package may depend on, and that the rules are pure.

use std::collections::BTreeSet;
use std::process::Command;

use crate::{code, nothing, root, sources};

/// What `policy` must not depend on: anything that waits, stores, listens or tells the time.
const NOT_IN_POLICY: [&str; 23] = [
    "async-std",
    "axum",
    "chrono",
    "clock",
    "coarsetime",
    "crossbeam",
    "futures",
    "getrandom",
    "governor",
    "hyper",
    "libc",
    "mio",
    "nix",
    "penstock-",
    "quanta",
    "rand",
    "redb",
    "rustix",
    "smol",
    "socket2",
    "time",
    "tokio",
    "tracing",
];

/// What `penstockctl` must not carry: the store and the server.
const NOT_IN_CTL: [&str; 6] = ["axum", "hyper", "penstock-daemon", "redb", "tokio", "tower"];

/// What `wire` must not depend on: it is the contract, and knows only the rules.
const NOT_IN_WIRE: [&str; 6] = [
    "hyper",
    "nix",
    "penstock-ctl",
    "penstock-daemon",
    "redb",
    "tokio",
];

/// What pure source never says. jiff's clock and its look at the machine's own zone files come with features that other
/// packages switch on, so that only the source can show that they aren't used.
const IMPURE: [&str; 19] = [
    "::now(",
    "::now)",
    ".in_tz(",
    "Instant",
    "OnceLock",
    "SystemTime",
    "TimeZone::get(",
    "TimeZone::system",
    "TimeZone::try_system",
    "TimeZoneDatabase::from_env",
    "jiff::tz::db(",
    "static mut",
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::process",
    "std::thread",
    "thread_local",
];

/// The packages that this one is built with, as cargo resolves them for this machine.
fn tree(package: &str) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--edges", "normal", "--prefix", "none"])
        .args(["--package", package])
        .current_dir(root())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo tree failed: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// The packages of a tree that are called by a forbidden name, or by that name and more words. Its first line is the
/// package itself.
fn forbidden(tree: &str, names: &[&str]) -> BTreeSet<String> {
    tree.lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().next())
        .filter(|package| {
            names.iter().any(|name| {
                let rest = package.strip_prefix(name);
                rest.is_some_and(|rest| {
                    rest.is_empty() || name.ends_with('-') || rest.starts_with(['-', '_'])
                })
            })
        })
        .map(str::to_owned)
        .collect()
}

/// The impure words of a file, each with its line.
fn impurities(place: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(code(text).lines()) {
        for word in IMPURE.iter().filter(|word| line.contains(**word)) {
            found.push(format!("{place}:{number}: {word}"));
        }
    }
    found
}

#[test]
fn policy_depends_on_nothing_that_waits_stores_listens_or_tells_the_time() {
    nothing(forbidden(&tree("penstock-policy"), &NOT_IN_POLICY));
}

#[test]
fn penstockctl_carries_no_store_and_no_server() {
    nothing(forbidden(&tree("penstock-ctl"), &NOT_IN_CTL));
}

#[test]
fn the_contract_knows_only_the_rules() {
    nothing(forbidden(&tree("penstock-wire"), &NOT_IN_WIRE));
}

#[test]
fn the_rules_are_pure_and_ask_no_clock() {
    let files = sources(&root().join("policy/src"));
    nothing(
        files
            .iter()
            .flat_map(|(place, text)| impurities(place, text)),
    );
}

#[test]
fn a_forbidden_package_is_found_by_its_name_and_its_familys() {
    let real = tree("penstock-daemon");
    let tree = "penstock-x v0.1.0\ntokio v1.2.3\ntokio-util v0.7.1\nhyper v1.0.0 (*)\nlibcrypto v1.0.0\npenstock-wire v0.1.0\n";
    let found = forbidden(tree, &["tokio", "hyper", "libc", "penstock-"]);
    let expected = ["hyper", "penstock-wire", "tokio", "tokio-util"];
    assert_eq!(found, expected.map(str::to_owned).into());
    // What cargo prints is what is looked through: the daemon has all of it.
    let found = forbidden(&real, &NOT_IN_CTL);
    assert!(found.contains("redb") && found.contains("hyper") && found.contains("tokio"));
}

#[test]
fn an_impure_line_is_found_and_a_comment_is_not() {
    let text = "//! Never asks Timestamp::now().\nlet at = Timestamp::now();\nuse std::fs;\n";
    assert_eq!(
        impurities("a.rs", text),
        ["a.rs:2: ::now(", "a.rs:3: std::fs"]
    );
}
