//! Names that count as the same are given once (rules, section 1).

use std::fs;

use crate::support::{Client, Server, administered, at_once};

/// Names of which each two are one after folding.
const ALIKE: [[&str; 3]; 6] = [
    ["Caf\u{e9} Wien", "Cafe\u{301} Wien", "CAF\u{c9} WIEN"],
    [
        "\u{c5}ngstr\u{f6}m",
        "A\u{30a}ngstro\u{308}m",
        "\u{212b}ngstr\u{f6}m",
    ],
    ["Office", "O\u{fb03}ce", "\u{ff2f}ffice"],
    ["Stra\u{df}e 7", "STRA\u{df}E 7", "stra\u{df}e  7"],
    ["Kelvin", "\u{212a}elvin", "KELVIN"],
    ["Two Words", "Two\u{a0}Words", "two  words"],
];

#[test]
fn of_names_that_fold_to_one_the_second_is_refused() {
    let server = Server::start();
    for (number, alike) in ALIKE.iter().enumerate() {
        // In each order: whichever was first stays alone.
        for turn in 0..alike.len() {
            let add = |name: &str, as_what: usize| {
                let name = format!("{name} {number} {turn}");
                let short = format!("c-{number}-{turn}-{as_what}");
                server.ctl(["customer", "add", &name, "--short", &short])
            };
            add(alike[turn], 0).fine();
            for other in 1..alike.len() {
                add(alike[(turn + other) % alike.len()], other).exits(5);
            }
        }
    }
    let customers = server.json(["customer", "list"]);
    assert_eq!(customers.as_array().unwrap().len(), 1 + 3 * ALIKE.len());
    // Short names that come out alike, of full names that aren't.
    server.ctl(["customer", "add", "a.b"]).fine();
    for other in ["a_b", "a b", "A-B", "\u{e4}.b"] {
        server.ctl(["customer", "add", other]).exits(5);
    }
}

/// A name with the case of some letters turned: each choice gives another.
fn turned(name: &str, choice: usize) -> String {
    let turn = |(place, letter): (usize, char)| match choice >> (place % 8) & 1 {
        1 => letter.to_ascii_uppercase(),
        _ => letter,
    };
    name.chars().enumerate().map(turn).collect()
}

#[test]
fn of_ids_that_differ_only_by_case_exactly_one_gets_in_however_many_come_at_once() {
    let server = Server::start();
    let laptop = administered(&server);
    server
        .ctl(["server", "edit", "--schedule-limit", "32"])
        .fine();
    laptop.create().is(200);
    for round in 0..30 {
        let name = format!("nightly.{round}");
        let statuses = at_once(8, |number| {
            laptop.schedule(&turned(&name, number)).create().status
        });
        let made = statuses.iter().filter(|status| **status == 200).count();
        let refused = statuses.iter().filter(|status| **status == 403).count();
        assert_eq!((made, refused), (1, 7), "{statuses:?}");
    }
    let schedules = server.json(["schedule", "list", "abc-inc/laptop"]);
    assert_eq!(schedules.as_array().unwrap().len(), 31);
    assert_eq!(
        fs::read_dir(laptop.folder().parent().unwrap())
            .unwrap()
            .count(),
        31
    );

    let key = server.json(["customer", "pass-key", "abc-inc"]);
    let key = key["pass_key"].as_str().unwrap();
    for round in 0..20 {
        let name = format!("station@{round}");
        let statuses = at_once(8, |number| {
            let client = Client::with(&server, "abc-inc", &turned(&name, number), key);
            client.ask("POST", "register", b"").status
        });
        let made = statuses.iter().filter(|status| **status == 201).count();
        let refused = statuses.iter().filter(|status| **status == 403).count();
        assert_eq!((made, refused), (1, 7), "{statuses:?}");
    }
    assert_eq!(super::ids(&server).len(), 21);
    assert_eq!(super::figure(&server, "clients"), 21);
}
