//! Nothing outside a client's own repository is read, made or changed, whatever its paths say.

use super::besieged::{Besieged, SECRET, secret};
use crate::support::{Answer, Client, Wire, at_once, status_of};

/// Each of them is sent to every hostile path.
const METHODS: [&str; 4] = ["GET", "HEAD", "POST", "DELETE"];
/// Ways to write "one folder up", a separator or an end, for those who decode too little, too often or wrongly.
const TRICKS: [&str; 42] = [
    "..",
    ".",
    "...",
    "....",
    "%2e%2e",
    "%2E%2E",
    ".%2e",
    "%2e.",
    "%2e",
    "%252e%252e",
    "%25252e%25252e",
    "%c0%ae%c0%ae",
    "%e0%80%ae%e0%80%ae",
    "%f0%80%80%ae%f0%80%80%ae",
    "%c0%2e%c0%2e",
    "%uff0e%uff0e",
    "%u002e%u002e",
    "..%00",
    "%00",
    "laptop%00",
    "..;",
    "..;a=b",
    ";",
    "..\\",
    "..%5c",
    "%5c",
    "..%255c",
    "..%2f",
    "%2f",
    "%2f%2f",
    "..%252f",
    "..%c0%af",
    "..%ef%bc%8f",
    "..%e2%88%95",
    "..%0d%0a",
    "..%09",
    "..%20",
    "%20..",
    "..%7f",
    "%ff%fe",
    "",
    "~",
];

/// Where a trick stands: at the place of each part of a path, and before what lies around the repositories.
const PLACES: [&str; 10] = [
    "/@/victim/pc/config",
    "/abc-inc/@/victim/pc/default/config",
    "/abc-inc/laptop/@/@/victim/pc/default/config",
    "/abc-inc/laptop/default/@/secret",
    "/abc-inc/laptop/data/@/config",
    "/abc-inc/laptop/data/@",
    "/abc-inc/laptop/@@@/secret",
    "/abc-inc/laptop/default/@/@/@/.penstock-location",
    "/abc-inc/laptop/keys/@/@/@/@/@/@/@/@/etc/passwd",
    "/abc-inc/laptop/@/config/@",
];

/// Paths that no reading of the protocol could mean.
fn hostile(own: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for place in PLACES {
        let tricks = TRICKS.map(|trick| place.replace('@', trick));
        // Nothing at that place is a list, which is the client's own right.
        paths.extend(
            tricks
                .into_iter()
                .filter(|path| path != "/abc-inc/laptop/data/"),
        );
    }
    let laptop = "/abc-inc/laptop";
    for word in [
        ".incoming",
        ".trash",
        ".penstock-location",
        ".trash/secret",
        ".incoming/secret",
        "secret",
        "penstock.redb",
        "lock",
    ] {
        for before in [
            "",
            "/",
            "/abc-inc/",
            "/abc-inc/laptop/",
            "/abc-inc/laptop/data/",
        ] {
            for after in ["", &format!("/{own}")] {
                paths.push(format!("{before}{word}{after}"));
            }
        }
    }
    let (upper, long) = (own.to_uppercase(), "a".repeat(255));
    for name in [
        &upper,
        &own[1..],
        &format!("{own}0"),
        &format!("0{own}"),
        &format!("{}/{own}", &own[..2]),
        &format!("{own}/"),
        &format!("{own}//"),
        &format!("{own}."),
        &format!("{own}%00"),
        &format!("{own}%20"),
        &format!("{own};"),
        &format!("{own}%3f"),
        &format!("{own}%23"),
        &format!("{}%67", &own[..63]),
        &format!("g{}", &own[1..]),
        &format!("{}%c4%b1", &own[..62]),
        &"\u{ff10}".repeat(64),
        &long,
        &format!("{long}a"),
        &"a/".repeat(500),
        &"../".repeat(500),
        &"%2e%2e%2f".repeat(200),
        &"a".repeat(5000),
        ".",
        "..",
        "config",
        "*",
    ] {
        for kind in [
            "data",
            "DATA",
            "locks",
            "config",
            "data%2f",
            "index/data",
            "tmp",
            "dat%61a",
        ] {
            paths.push(format!("{laptop}/{kind}/{name}"));
        }
    }
    for word in [
        "data",
        "index",
        "keys",
        "locks",
        "snapshots",
        "config",
        "register",
    ] {
        paths.push(format!("/{word}/"));
        paths.push(format!("/{word}/laptop/data/{own}"));
        paths.push(format!("/abc-inc/{word}/default/data/{own}"));
        paths.push(format!("/abc-inc/laptop/{word}/data/{own}"));
        paths.push(format!("/abc-inc/laptop/{word}/{word}/"));
        paths.push(format!(
            "/abc-inc/laptop/%{:02x}{}/more/",
            word.as_bytes()[0],
            &word[1..]
        ));
    }
    for target in [
        "*",
        "abc-inc",
        "127.0.0.1:80",
        "http://127.0.0.1/../secret",
        "http://127.0.0.1/abc-inc/laptop/../../secret",
        "file:///etc/passwd",
        "//etc/passwd",
        "/abc-inc/laptop/data/%",
        "/abc-inc/laptop/data/%2",
        "/abc-inc/laptop/data/%zz",
        "/abc-inc/la%00ptop/",
        "/abc-inc/.laptop/",
        "/.abc-inc/laptop/config",
        "\\abc-inc\\laptop\\config",
        "/abc-inc\\laptop\\config",
        "/abc-inc/laptop#/config",
    ] {
        paths.push(target.to_owned());
    }
    paths.sort();
    paths.dedup();
    paths
}

/// Held against what a hostile request may be answered.
#[track_caller]
fn is_refused(answer: &Answer, what: &str) {
    assert!((400..500).contains(&answer.status), "{what}: {answer:?}");
    let all = format!("{answer:?} {}", answer.text());
    assert!(
        !all.contains(SECRET) && !all.contains("root:x:"),
        "{what}: {all}"
    );
}

#[test]
fn no_hostile_path_is_answered_or_leaves_a_trace() {
    let besieged = Besieged::new();
    let attacker = besieged.attacker();
    let login = attacker.authorization();
    let paths = hostile(&besieged.own.name);
    assert!(paths.len() >= 400, "{}", paths.len());
    let before = besieged.surroundings();
    let port = besieged.server.port();
    let body = secret().body;
    at_once(4, |lane| {
        let method = METHODS[lane];
        for path in &paths {
            for query in ["", "?create=true"] {
                let target = format!("{path}{query}");
                let mut wire = Wire::to(port);
                let body: &[u8] = if method == "POST" { &body } else { b"" };
                wire.head(method, &target, &login, Some(body.len()));
                let _ = wire.try_send(body);
                is_refused(&wire.answer(method), &format!("{method} {target}"));
                if method != "POST" {
                    break;
                }
            }
        }
    });
    // Bytes that are no text at all.
    for byte in (0x01..=0x1f)
        .chain(0x7f..=0xff_u8)
        .filter(|byte| ![b'\n', b'\r'].contains(byte))
    {
        let head = format!("/config HTTP/1.1\r\nHost: test\r\n{login}\r\n");
        let mut wire = Wire::to(port);
        wire.send(&[b"GET /abc-inc/laptop", &[byte][..], head.as_bytes()].concat());
        is_refused(&wire.answer("GET"), &format!("byte {byte:#x}"));
    }
    assert_eq!(besieged.surroundings(), before);
    let own = format!("data/{}", besieged.own.name);
    assert!(attacker.ask("GET", &own, b"").is(200).body == besieged.own.body);
}

#[test]
fn another_customers_paths_are_closed_to_a_valid_client() {
    let besieged = Besieged::new();
    let attacker = besieged.attacker();
    let login = attacker.authorization();
    let before = besieged.surroundings();
    let name = secret().name;
    for user in ["laptop", "pc"] {
        let as_user = Client::with(&besieged.server, "victim", user, &attacker.password);
        for rest in ["config", "data/", "keys/", "?create=true", "register"] {
            for method in METHODS {
                is_refused(&as_user.ask(method, rest, b""), &format!("{method} {rest}"));
            }
        }
        for kind in ["data", "keys", "locks", "snapshots"] {
            for method in METHODS {
                let answer = as_user.ask(method, &format!("{kind}/{name}"), &secret().body);
                is_refused(&answer, &format!("{method} {kind}"));
            }
        }
    }
    for path in [
        "/victim/pc/config",
        "/Victim/pc/default/config",
        "/victim/laptop/data/",
    ] {
        for method in METHODS {
            let status = status_of(besieged.server.port(), method, path, &login, b"").unwrap();
            assert!((400..500).contains(&status), "{method} {path}: {status}");
        }
    }
    assert_eq!(besieged.surroundings(), before);
}
