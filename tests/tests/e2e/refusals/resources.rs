//! What isn't there at the moment: a location, room on the disk, a free place, the records, the server itself.

use std::fs;
use std::process::Command;

use nix::sys::signal::Signal;

use super::{Expected, register_with};
use crate::support::{
    Client, Object, Server, Wire, administered, at_once, command, files_below, run, until,
};

const UNAVAILABLE: &str = "The backup location is not available at the moment: try again later.";
const BUSY: &str = "The server is busy: try again soon.";

#[test]
fn a_location_without_its_disk_is_unavailable_and_never_empty() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    let object = Object::of(1000, 1);
    laptop.post("data", &object).is(200);
    let away = server.folder().join("away");
    fs::rename(server.location(), &away).unwrap();
    fs::create_dir(server.location()).unwrap();

    let expected = Expected::unforeseen("location-unavailable", UNAVAILABLE);
    let path = format!("data/{}", object.name);
    let another = laptop.schedule("another");
    for answer in [
        laptop.ask("GET", "config", b""),
        laptop.ask("GET", "data/", b""),
        laptop.ask("GET", &path, b""),
        laptop.post("data", &Object::of(1000, 2)),
        laptop.post("locks", &Object::of(100, 3)),
        laptop.create(),
        another.create(),
    ] {
        expected.is(&server, &answer, 503);
    }
    assert_eq!(
        files_below(&server.location()),
        Vec::<std::path::PathBuf>::new()
    );
    server.ctl(["status", "--check"]).exits(2);
    let status = server.json(["status"]);
    let mut attention = status["attention"].as_array().unwrap().iter();
    let told = attention.any(|thing| {
        thing["severity"] == "critical" && thing["text"].as_str().unwrap().contains("location main")
    });
    assert!(told, "{status}");

    fs::remove_dir(server.location()).unwrap();
    fs::rename(&away, server.location()).unwrap();
    assert_eq!(laptop.ask("GET", &path, b"").is(200).body, object.body);
    another.create().is(200);
}

#[test]
fn a_schedule_whose_folder_is_gone_is_unavailable_and_is_not_made_anew() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    fs::rename(laptop.folder(), server.folder().join("away")).unwrap();
    let expected = Expected::unforeseen("location-unavailable", UNAVAILABLE);
    expected.is(&server, &laptop.ask("GET", "config", b""), 503);
    expected.is(&server, &laptop.post("data", &Object::of(10, 1)), 503);
    expected.is(&server, &laptop.create(), 503);
    assert!(!laptop.folder().exists());
}

#[test]
fn a_repositorys_config_is_never_overwritten() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    laptop.ask("POST", "config", b"the first").is(200);
    let expected = Expected::unforeseen(
        "config-exists",
        "The repository has a config already; nothing is overwritten.",
    );
    expected.is(&server, &laptop.ask("POST", "config", b"the second"), 403);
    assert_eq!(laptop.ask("GET", "config", b"").is(200).body, b"the first");
}

#[test]
fn a_customer_has_no_more_connections_than_it_may_have() {
    let server = Server::configured("[limits]\nconnections_per_customer = 1\n");
    let laptop = administered(&server);
    laptop.create().is(200);
    let object = Object::of(1000, 1);
    let mut turned_away = 0;
    // The connections of the requests before may still be closing.
    let mut running = until("an upload to get the customer's connection", || {
        let wire = laptop.begin("data", &object, 10);
        until("the upload to run or be refused", || {
            let rows = server.json(["refused"]);
            let refused = rows
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["count"].as_u64().unwrap());
            let refused: u64 = refused.sum();
            let news = refused > turned_away;
            turned_away = refused;
            (news || server.uploads("abc-inc/laptop/default") > 0).then_some(!news)
        })
        .then_some(wire)
    });
    let expected = Expected::unforeseen("busy", BUSY);
    expected.is(&server, &laptop.ask("GET", "data/", b""), 503);
    server.ctl(["customer", "add", "Other"]).fine();
    Client::added(&server, "other", "pc").create().is(200);
    running.send(&object.body[10..]);
    running.answer("POST").is(200);
}

#[test]
fn more_passwords_than_can_wait_are_turned_away_at_once() {
    let server = Server::start();
    administered(&server);
    let view = server.json(["customer", "pass-key", "abc-inc"]);
    let key = view["pass_key"].as_str().unwrap();
    let mut round = 0;
    let busy = until("more passwords than can wait", || {
        round += 1;
        let answers = at_once(150, |number| {
            let id = format!("pc-{round}-{number}");
            let own = format!("correct horse battery {number}");
            register_with(&server, &id, key, &own)
        });
        answers.into_iter().find(|answer| answer.status != 201)
    });
    let expected = Expected::unforeseen(
        "authentication-busy",
        "Too many passwords are being checked at the moment: try again soon.",
    );
    expected.is(&server, &busy, 503);
}

#[test]
fn a_server_that_is_being_stopped_begins_no_session_and_finishes_those_that_run() {
    let server = Server::start();
    let laptop = administered(&server);
    let nightly = laptop.schedule("nightly");
    laptop.create().is(200);
    nightly.create().is(200);
    let object = Object::of(100_000, 1);
    let mut running = laptop.begin("data", &object, 1000);
    server.runs("abc-inc/laptop/default");
    let path = nightly.path(&format!("locks/{}", object.name));
    let mut late = Wire::to(server.port());
    late.send(format!("POST {path} HTTP/1.1\r\n").as_bytes());
    late.was_read();
    server.signal(Signal::SIGTERM);
    until("the stop to begin", || {
        let status = server.json(["status"]);
        (status["draining"] == true).then_some(())
    });
    let headers = nightly.authorization();
    late.send(format!("Host: test\r\n{headers}Content-Length: 10\r\n\r\n").as_bytes());
    let refused = late.answer("POST");
    let expected = Expected::unforeseen("draining", "The server is being stopped: try again soon.");
    expected.is(&server, &refused, 503);
    drop(late);
    running.send(&object.body[1000..]);
    running.answer("POST").is(200);
    drop(running);
    assert_eq!(server.ends().code(), Some(0));
}

/// Lets the daemon be told when a file may not grow, as of any other failure, instead of being killed.
const TOLD_OF_LIMITS: &str = "trap '' XFSZ; exec \"$0\" \"$@\"";

#[test]
fn while_records_cannot_be_written_nothing_changes_and_reads_go_on() {
    let server = Server::wrapped(&["sh", "-c", TOLD_OF_LIMITS], "");
    let laptop = administered(&server);
    laptop.create().is(200);
    let object = Object::of(1000, 1);
    laptop.post("data", &object).is(200);
    let largest_file = |bytes: &str| {
        let pid = server.pid().to_string();
        let limit = format!("--fsize={bytes}:");
        run(command("prlimit").args([&limit, "--pid", &pid]), "").fine();
    };
    server
        .ctl(["server", "edit", "--schedule-limit", "1000"])
        .fine();

    let records = files_below(&server.folder().join("state")).into_iter();
    let sizes = records.map(|file| fs::metadata(server.folder().join("state").join(file)).unwrap());
    let largest = sizes.map(|file| file.len()).max().unwrap();
    largest_file(&largest.to_string());
    let (mut number, notes) = (0, "n".repeat(3900));
    let refused = until("the records to be full", || {
        number += 1;
        server.ctl([
            "customer",
            "add",
            &format!("Customer {number}"),
            "--notes",
            &notes,
        ]);
        let answer = laptop.schedule(&format!("s{number}")).create();
        (answer.status != 200).then_some(answer)
    });
    let expected = Expected::unforeseen(
        "store-unavailable",
        "The server's records are not available at the moment: try again later.",
    );
    expected.is(&server, &refused, 503);
    let path = format!("data/{}", object.name);
    assert_eq!(laptop.ask("GET", &path, b"").is(200).body, object.body);
    let added = ["customer", "add", "Not Kept", "--notes", &notes];
    server.ctl(added).exits(69);
    server.ctl(["customer", "show", "not-kept"]).exits(3);

    // Room again: it works again, without a restart.
    largest_file("unlimited");
    let another = laptop.schedule("another");
    until("the records to be written again", || {
        (another.create().status == 200).then_some(())
    });
    server.ctl(["customer", "show", "not-kept"]).exits(3);
    server.ctl(added).fine();
}

/// Gives the daemon a small disk for its first location, that nobody else sees.
const SMALL_DISK: &str = "mount -t tmpfs -o size=8m none small && exec \"$0\" \"$@\"";

#[test]
fn a_full_disk_refuses_new_data_and_leaves_nothing_half_written() {
    let unshare = ["unshare", "--map-root-user", "--mount"];
    let possible = Command::new(unshare[0])
        .args(&unshare[1..])
        .arg("true")
        .status();
    if !possible.is_ok_and(|status| status.success()) {
        eprintln!("skipped: this machine lets nobody mount a disk of their own");
        return;
    }
    let config = "location_roots = [\"small\"]\nmain_location = \"small/main\"\n";
    let wrapper = [&unshare[..], &["sh", "-c", SMALL_DISK]].concat();
    let server = Server::wrapped(&wrapper, config);
    let laptop = administered(&server);
    laptop.create().is(200);
    let stored = Object::of(1_000_000, 1);
    laptop.post("data", &stored).is(200);
    let mut seed = 1;
    let refused = until("less to be left than is kept free", || {
        seed += 1;
        let answer = laptop.post("data", &Object::of(1_500_000, seed));
        (answer.status != 200).then_some(answer)
    });
    let expected = Expected::unforeseen(
        "disk-reserve",
        "The backup disk is nearly full and takes no new data. Restores and deletes still work.",
    );
    expected.is(&server, &refused, 507);
    let another = laptop.schedule("another");
    server
        .ctl(["server", "edit", "--disk-reserve", "50"])
        .fine();
    // Of the disk is asked at most once a second.
    let refused = until("nothing new to be begun", || {
        let answer = another.ask("HEAD", "config", b"");
        (answer.status != 404).then_some(answer)
    });
    expected.is(&server, &refused, 507);
    laptop.post("locks", &Object::of(100, 1)).is(200);
    server.ctl(["server", "edit", "--disk-reserve", "0"]).fine();
    let refused = until("the disk to be full", || {
        seed += 1;
        let answer = laptop.post("data", &Object::of(1_500_000, seed));
        (answer.status != 200).then_some(answer)
    });
    let expected = Expected::unforeseen("disk-full", "The backup location's disk is full.");
    expected.is(&server, &refused, 507);
    let lost = format!("data/{}", Object::of(1_500_000, seed).name);
    laptop.ask("HEAD", &lost, b"").is(404);
    let path = format!("data/{}", stored.name);
    assert_eq!(laptop.ask("GET", &path, b"").is(200).body, stored.body);
    // A delete makes room, and there is as much of it as before.
    laptop.ask("DELETE", &path, b"").is(200);
    laptop.post("data", &Object::of(900_000, 99)).is(200);
}
