//! Backup locations: added, used by those who are told to, away and back, and forgotten.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Client, Object, Server, administered, files_below, restic, run, tree, until};

const UNAVAILABLE: &str = "The backup location is not available at the moment: try again later.";

/// Adds a location below the test's state directory; its folder.
fn located(server: &Server, name: &str) -> PathBuf {
    let folder = server.folder().join("state").join(name);
    add(server, name, &folder);
    folder
}

fn add(server: &Server, name: &str, folder: &Path) {
    let folder = folder.to_str().unwrap();
    server.ctl(["location", "add", name, folder]).fine();
}

/// A location as `location list` shows it.
fn listed(server: &Server, name: &str) -> Value {
    let all = server.json(["location", "list"]);
    let mut all = all.as_array().unwrap().iter();
    let found = all.find(|location| location["name"] == name);
    found.cloned().unwrap_or_default()
}

/// Where a schedule lies.
fn place(server: &Server, address: &str) -> String {
    let view = server.json(["schedule", "show", address]);
    view["location"].as_str().unwrap().to_owned()
}

/// Whether `status` says that about it, as critical.
fn is_critical(server: &Server, words: &[&str]) -> bool {
    let status = server.json(["status"]);
    let attention = status["attention"].as_array().unwrap();
    attention.iter().any(|thing| {
        let text = thing["text"].as_str().unwrap();
        thing["severity"] == "critical" && words.iter().all(|word| text.contains(word))
    })
}

#[test]
fn a_new_schedule_lies_where_the_nearest_level_says_and_old_ones_stay() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    assert_eq!(place(&server, "abc-inc/laptop/default"), "main");
    for name in ["second", "third", "fourth", "fifth"] {
        located(&server, name);
    }
    let edits = [
        (
            ["server", "edit", "--location", "second"].as_slice(),
            "second",
        ),
        (
            &["reseller", "edit", "default", "--location", "third"],
            "third",
        ),
        (
            &["customer", "edit", "abc-inc", "--location", "fourth"],
            "fourth",
        ),
        (
            &["client", "edit", "abc-inc/laptop", "--location", "fifth"],
            "fifth",
        ),
        (
            &["reseller", "edit", "default", "--location", "main"],
            "fifth",
        ),
        (
            &["client", "edit", "abc-inc/laptop", "--location", "inherit"],
            "fourth",
        ),
        (
            &["customer", "edit", "abc-inc", "--location", "inherit"],
            "main",
        ),
        (
            &["reseller", "edit", "default", "--location", "inherit"],
            "second",
        ),
    ];
    for (number, (edit, expected)) in edits.iter().enumerate() {
        server.ctl(*edit).fine();
        let client = server.json(["client", "show", "abc-inc/laptop"]);
        assert_eq!(client["new_schedules_at"], *expected, "{edit:?}");
        let schedule = format!("s{number}");
        let own = laptop.schedule(&schedule);
        own.create().is(200);
        own.post("data", &Object::of(1000, 1)).is(200);
        let address = format!("abc-inc/laptop/{schedule}");
        assert_eq!(place(&server, &address), *expected, "{edit:?}");
        let folder = server.folder().join("state").join(expected);
        let folder = folder.join("abc-inc/laptop").join(&schedule);
        assert_eq!(files_below(&folder).len(), 1);
    }
    assert_eq!(place(&server, "abc-inc/laptop/default"), "main");
    laptop.post("data", &Object::of(1000, 1)).is(200);
    assert_eq!(files_below(&laptop.folder()).len(), 1);
    let refused = server.ctl(["customer", "edit", "abc-inc", "--location", "sixth"]);
    assert_ne!(refused.code, Some(0));
}

#[test]
fn a_location_works_at_once_and_after_a_restart() {
    let server = Server::start();
    let laptop = administered(&server);
    let second = located(&server, "second");
    let edit = ["customer", "edit", "abc-inc", "--location", "second"];
    server.ctl(edit).fine();
    let source = server.folder().join("source");
    tree(&source, &[100, 30], 1);
    laptop.restic(["init"]).fine();
    laptop.restic(["backup", source.to_str().unwrap()]).fine();
    assert!(second.join("abc-inc/laptop/default/config").exists());
    assert!(!server.location().join("abc-inc").exists());
    server.kill();
    server.restart();
    laptop.restic(["check"]).fine();
    let location = listed(&server, "second");
    assert_eq!(location["available"], true);
    assert_eq!(location["schedules"], 1);
    // The folder is a whole repository by itself.
    let folder = second.join("abc-inc/laptop/default");
    run(restic(folder.to_str().unwrap()).arg("check"), "").fine();
}

#[test]
fn a_location_is_forgotten_only_when_nothing_needs_it() {
    let server = Server::start();
    let laptop = administered(&server);
    let second = located(&server, "second");
    let forget = || server.ctl(["location", "forget", "second", "--yes"]);
    let refused = |words: &str| {
        let ran = forget();
        assert_ne!(ran.code, Some(0));
        assert!(ran.err.contains(words), "{}", ran.err);
    };
    server
        .ctl(["client", "edit", "abc-inc/laptop", "--location", "second"])
        .fine();
    refused("client abc-inc/laptop");
    laptop.create().is(200);
    server
        .ctl(["client", "edit", "abc-inc/laptop", "--location", "inherit"])
        .fine();
    refused("1 schedule lies");
    server
        .ctl(["schedule", "remove", "abc-inc/laptop/default", "--yes"])
        .fine();
    refused("1 schedule lies");
    server.ctl(["trash", "empty", "--yes"]).fine();
    forget().fine();
    assert_eq!(listed(&server, "second"), Value::Null);
    assert!(second.join(".penstock-location").exists());

    // The first location may go too, and doesn't come back by itself.
    add(&server, "again", &second);
    server.ctl(["server", "edit", "--location", "again"]).fine();
    server.ctl(["location", "forget", "main", "--yes"]).fine();
    server.kill();
    server.restart();
    assert_eq!(listed(&server, "main"), Value::Null);
    assert_eq!(listed(&server, "again")["default"], true);
    laptop.create().is(200);
    assert!(second.join("abc-inc/laptop/default").exists());
}

#[test]
fn an_unmounted_location_takes_nothing_and_nothing_is_written_anywhere() {
    let server = Server::start();
    let laptop = administered(&server);
    let second = located(&server, "second");
    let edit = ["customer", "edit", "abc-inc", "--location", "second"];
    server.ctl(edit).fine();
    let source = server.folder().join("source");
    tree(&source, &[100], 1);
    let source = source.to_str().unwrap();
    laptop.restic(["init"]).fine();
    laptop.restic(["backup", source]).fine();
    let pack = Object::of(5000, 2);
    laptop.post("data", &pack).is(200);

    // What is left of a mount point is an empty folder on the disk below.
    let away = server.folder().join("away");
    fs::rename(&second, &away).unwrap();
    fs::create_dir(&second).unwrap();
    let before = (files_below(&away), files_below(&server.location()));
    let fresh = Client::added(&server, "abc-inc", "desktop");
    let (own, another) = (laptop.clone(), laptop.schedule("another"));
    for client in [own, another, fresh] {
        // `restic init || true`, as scripts have it.
        let init = client.restic(["init"]);
        assert_ne!(init.code, Some(0));
        assert!(init.err.contains(UNAVAILABLE), "{}", init.err);
        client.ask("HEAD", "config", b"").is(503);
        let answer = client.create().is(503);
        assert!(answer.reason.starts_with(UNAVAILABLE), "{}", answer.reason);
        assert_ne!(client.post("data", &Object::of(5000, 3)).status, 200);
    }
    for (method, rest) in [
        ("GET", "config"),
        ("GET", "data/"),
        ("GET", "snapshots/"),
        ("DELETE", &format!("data/{}", pack.name)),
    ] {
        laptop.ask(method, rest, b"").is(503);
    }
    for kind in ["data", "index", "snapshots", "locks"] {
        laptop.post(kind, &Object::of(5000, 4)).is(503);
    }
    assert_eq!(files_below(&second), Vec::<PathBuf>::new());
    assert_eq!(fs::read_dir(&second).unwrap().count(), 0);
    assert_eq!(
        (files_below(&away), files_below(&server.location())),
        before
    );
    assert!(is_critical(&server, &["location second can't be used"]));
    assert_eq!(listed(&server, "second")["available"], false);

    // The same when it isn't there at the start.
    server.kill();
    server.restart();
    server.logs("location unavailable");
    let cut = away
        .join(".incoming")
        .join(format!("{}.part", "0a".repeat(16)));
    fs::write(&cut, b"half an upload").unwrap();
    laptop.ask("GET", "config", b"").is(503);
    assert_eq!(fs::read_dir(&second).unwrap().count(), 0);

    fs::remove_dir(&second).unwrap();
    fs::rename(&away, &second).unwrap();
    let path = format!("data/{}", pack.name);
    assert_eq!(laptop.ask("GET", &path, b"").is(200).body, pack.body);
    until("what the kill left uncounted to be counted", || {
        (laptop.ask("DELETE", &path, b"").status == 200).then_some(())
    });
    laptop.restic(["backup", source]).fine();
    laptop.restic(["check"]).fine();
    assert!(!is_critical(&server, &["location second can't be used"]));
    let incoming = second.join(".incoming");
    assert_eq!(fs::read_dir(incoming).unwrap().count(), 0);
}

#[test]
fn a_disk_within_its_reserve_takes_no_new_data_but_all_that_frees_it() {
    // A disk of 48 MiB of the test's own.
    let mounted = "mount -t tmpfs -o size=48m none small && exec \"$@\"";
    let wrapper = [
        "unshare",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        mounted,
        "sh",
    ];
    let roots = "location_roots = [\"small\"]\nmain_location = \"small/main\"\n";
    let server = Server::wrapped(&wrapper, roots);
    let laptop = administered(&server);
    server
        .ctl(["server", "edit", "--disk-reserve", "50"])
        .fine();
    laptop.create().is(200);
    let packs: Vec<Object> = (0..3).map(|seed| Object::of(8 << 20, seed)).collect();
    let [first, second, third] = packs.as_slice() else {
        panic!("three packs");
    };
    laptop.post("data", first).is(200);
    laptop.post("data", second).is(200);
    let refused = laptop.post("data", third).is(507);
    let explained = server.json(["explain", &refused.reference()]);
    assert_eq!(explained["code"], "disk-reserve", "{explained}");
    let small = Object::of(1000, 9);
    laptop.post("locks", &small).is(200);
    laptop.post("index", &small).is(200);
    // What is there already needs no room.
    laptop.post("data", second).is(200);
    let path = format!("data/{}", first.name);
    assert_eq!(laptop.ask("GET", &path, b"").is(200).body, first.body);

    // A third of the reserve more, written past the server: now the disk is within it.
    server.ctl(["server", "edit", "--disk-reserve", "5"]).fine();
    laptop.post("data", third).is(200);
    server
        .ctl(["server", "edit", "--disk-reserve", "50"])
        .fine();
    assert!(is_critical(&server, &["location main has", "disk reserve"]));
    laptop.post("data", &Object::of(1000, 10)).is(507);
    laptop.ask("DELETE", &path, b"").is(200);
    let more = format!("data/{}", third.name);
    laptop.ask("DELETE", &more, b"").is(200);
    assert!(!is_critical(&server, &["location main has"]));
    let small = Object::of(1000, 10);
    until("the disk to be looked at again", || {
        (laptop.post("data", &small).status == 200).then_some(())
    });
}

#[test]
fn roots_follow_a_reload() {
    let server = Server::start();
    let folder = server.folder().join("elsewhere");
    fs::create_dir(&folder).unwrap();
    let path = folder.join("second");
    let path = path.to_str().unwrap();
    let refused = server.ctl(["location", "add", "second", path]);
    assert_ne!(refused.code, Some(0));
    assert!(refused.err.contains("location_roots"), "{}", refused.err);
    assert!(!folder.join("second").exists());
    server.configure("location_roots = [\"state\", \"elsewhere\"]\n");
    server.signal(nix::sys::signal::Signal::SIGHUP);
    server.logs("configuration reloaded");
    server.ctl(["location", "add", "second", path]).fine();
}
