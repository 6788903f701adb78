//! Nothing outside a client's own repository is read, made or changed, whatever its paths say and whatever links lie there.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::support::{Answer, Client, Object, Server, Wire, administered, at_once, status_of};

/// What lies in every file that no client may read.
const SECRET: &str = "canary-that-no-client-may-read";

/// Each of them is sent to every hostile path.
const METHODS: [&str; 4] = ["GET", "HEAD", "POST", "DELETE"];

/// A server with two customers' repositories, and secrets around them.
struct Besieged {
    server: Server,
    password: String,
    /// A file of the attacker's own.
    own: Object,
}

impl Besieged {
    fn new() -> Self {
        let server = Server::start();
        let laptop = administered(&server);
        laptop.create().is(200);
        laptop.ask("POST", "config", b"config").is(200);
        let own = Object::of(1000, 1);
        laptop.post("data", &own).is(200);
        server.ctl(["customer", "add", "Victim"]).fine();
        let victim = Client::added(&server, "victim", "pc");
        victim.create().is(200);
        for kind in ["data", "keys", "locks", "snapshots"] {
            victim.post(kind, &secret()).is(200);
        }
        victim.ask("POST", "config", SECRET.as_bytes()).is(200);
        for file in [
            server.folder().join("secret"),
            server.folder().join("state/secret"),
            server.location().join("secret"),
            server.location().join("abc-inc/secret"),
            laptop.folder().join("secret"),
            server.location().join(".trash/secret"),
            server.location().join(".incoming/secret"),
        ] {
            fs::write(file, SECRET).unwrap();
        }
        let password = laptop.password.clone();
        Self {
            server,
            password,
            own,
        }
    }

    /// A client of the first customer, with a password that is right.
    fn attacker(&self) -> Client<'_> {
        Client::with(&self.server, "abc-inc", "laptop", &self.password)
    }

    /// All that lies in the test's folder but the records, which count refusals, and when uploads came last.
    fn surroundings(&self) -> BTreeMap<PathBuf, String> {
        let mut found = BTreeMap::new();
        digest(self.server.folder(), &mut found);
        found.retain(|path, _| !path.ends_with("penstock.redb") && !path.ends_with(".incoming"));
        // Each of them is there, so that the comparison compares something.
        assert!(found.len() > 2 * 256, "{}", found.len());
        found
    }
}

/// An object that reads like a secret.
fn secret() -> Object {
    Object::new(SECRET.as_bytes().to_vec())
}

/// What each thing below a folder is: kind, rights, when it was changed, and what is in it.
fn digest(folder: &Path, found: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is = fs::symlink_metadata(&path).unwrap();
        let inside = if is.is_file() {
            HEXLOWER.encode(&Sha256::digest(fs::read(&path).unwrap()))
        } else if is.is_symlink() {
            fs::read_link(&path).unwrap().display().to_string()
        } else {
            String::new()
        };
        if is.is_dir() {
            digest(&path, found);
        }
        let (mode, seconds, nanos) = (is.permissions().mode(), is.mtime(), is.mtime_nsec());
        found.insert(path, format!("{mode:o} {seconds}.{nanos} {inside}"));
    }
}

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

#[test]
fn a_planted_link_is_never_followed_by_any_method() {
    let besieged = Besieged::new();
    let attacker = besieged.attacker();
    let (server, mine) = (&besieged.server, attacker.folder());
    let theirs = server.location().join("victim/pc/default");
    let object = secret();
    let (name, first) = (object.name.as_str(), &object.name[..2]);
    let outside = server.folder().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join(name), SECRET).unwrap();
    fs::write(server.folder().join("loose"), SECRET).unwrap();
    // Where the link lies, what it leads to, and what is asked for.
    let object_of = |kind: &str| format!("{kind}/{name}");
    let plants = [
        (
            format!("data/{first}/{name}"),
            theirs.join(format!("data/{first}/{name}")),
            "data",
        ),
        (
            format!("data/{first}/{name}"),
            PathBuf::from("/etc/passwd"),
            "data",
        ),
        (
            format!("data/{first}/{name}"),
            server.folder().join("loose"),
            "data",
        ),
        (
            format!("data/{first}/{name}"),
            server.folder().join("not-there"),
            "data",
        ),
        (format!("data/{first}/{name}"), outside.clone(), "data"),
        (
            format!("keys/{name}"),
            theirs.join(format!("keys/{name}")),
            "keys",
        ),
        (
            format!("locks/{name}"),
            PathBuf::from("../../../../victim/pc/default/locks").join(name),
            "locks",
        ),
        (
            format!("snapshots/{name}"),
            PathBuf::from("/etc/passwd"),
            "snapshots",
        ),
        (
            format!("data/{first}"),
            theirs.join(format!("data/{first}")),
            "data",
        ),
        (format!("data/{first}"), outside.clone(), "data"),
        ("keys".to_owned(), theirs.join("keys"), "keys"),
        (
            "locks".to_owned(),
            PathBuf::from("../../../victim/pc/default/locks"),
            "locks",
        ),
        ("snapshots".to_owned(), outside.clone(), "snapshots"),
        ("index".to_owned(), PathBuf::from("/etc"), "index"),
        ("data".to_owned(), theirs.join("data"), "data"),
        ("config".to_owned(), theirs.join("config"), "config"),
        ("config".to_owned(), PathBuf::from("/etc/passwd"), "config"),
    ];
    let spare = server.folder().join("spare");
    for (place, target, kind) in &plants {
        let link = mine.join(place);
        let stood = link.symlink_metadata().is_ok();
        if stood {
            fs::rename(&link, &spare).unwrap();
        }
        symlink(target, &link).unwrap();
        let before = besieged.surroundings();
        let wanted = if *kind == "config" {
            "config".to_owned()
        } else {
            object_of(kind)
        };
        let what = format!("{place} -> {}", target.display());
        let mut asks = vec![
            ("GET", wanted.clone()),
            ("HEAD", wanted.clone()),
            ("POST", wanted.clone()),
        ];
        asks.push(("DELETE", wanted));
        if *kind != "config" {
            asks.push(("GET", format!("{kind}/")));
        }
        for (method, rest) in asks {
            let answer = attacker.ask(method, &rest, &object.body);
            let listed = rest.ends_with('/');
            let text = format!("{answer:?} {}", answer.text());
            assert!(
                !text.contains(SECRET) && !text.contains("root:"),
                "{what}: {method} {text}"
            );
            // A list may pass over it; nothing else may take it for an object.
            assert!(answer.status >= 400 || listed, "{what}: {method} {text}");
            assert!(!(listed && text.contains(name)), "{what}: {text}");
        }
        assert!(link.symlink_metadata().unwrap().is_symlink(), "{what}");
        assert_eq!(besieged.surroundings(), before, "{what}");
        fs::remove_file(&link).unwrap();
        if stood {
            fs::rename(&spare, &link).unwrap();
        }
    }
    // Without the links all works: they were what was in the way.
    attacker.post("data", &object).is(200);
    assert!(attacker.ask("GET", &object_of("data"), b"").is(200).body == object.body);
}

#[test]
fn a_link_in_the_place_of_a_repository_or_of_those_above_leads_nowhere() {
    let besieged = Besieged::new();
    let attacker = besieged.attacker();
    let server = &besieged.server;
    let own = format!("data/{}", besieged.own.name);
    let spare = server.folder().join("spare");
    let plants = [
        ("abc-inc/laptop/default", "victim/pc/default"),
        ("abc-inc/laptop", "victim/pc"),
        ("abc-inc", "victim"),
    ];
    for (place, target) in plants {
        let link = server.location().join(place);
        fs::rename(&link, &spare).unwrap();
        symlink(server.location().join(target), &link).unwrap();
        let before = besieged.surroundings();
        for (method, rest) in [
            ("GET", "config"),
            ("GET", "data/"),
            ("GET", &own),
            ("HEAD", &own),
            ("POST", &own),
            ("DELETE", &own),
            ("POST", "?create=true"),
        ] {
            let answer = attacker.ask(method, rest, &besieged.own.body);
            let text = format!("{answer:?} {}", answer.text());
            assert!(
                answer.status >= 400 && !text.contains(SECRET),
                "{place}: {method} {text}"
            );
        }
        // A new schedule would be made through it.
        let fresh = attacker.schedule(&format!("new-{}", place.len())).create();
        assert!(
            fresh.status >= 400 || place.ends_with("default"),
            "{place}: {fresh:?}"
        );
        let mut after = besieged.surroundings();
        after.retain(|path, _| !path.starts_with(server.location().join("abc-inc/laptop")));
        let mut before = before;
        before.retain(|path, _| !path.starts_with(server.location().join("abc-inc/laptop")));
        assert_eq!(after, before, "{place}");
        fs::remove_file(&link).unwrap();
        fs::rename(&spare, &link).unwrap();
    }
    assert!(attacker.ask("GET", &own, b"").is(200).body == besieged.own.body);
}

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
