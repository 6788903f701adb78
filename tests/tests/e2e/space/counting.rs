//! Figures that equal the disk after whatever happened.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use nix::sys::signal::Signal;

use super::{MIB, equals_the_disk, figures};
use crate::support::{Object, Server, administered, status_of, until};

/// What the log says when something has to be counted.
const COUNTING: &str = "counting what an interruption left unsure";

#[test]
fn after_a_kill_under_uploads_the_figure_is_that_of_the_files() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    for round in 1..=3_u64 {
        let stored = AtomicUsize::new(0);
        thread::scope(|scope| {
            for uploader in 0..6_u64 {
                let (laptop, stored, port) = (&laptop, &stored, server.port());
                scope.spawn(move || {
                    for number in 0.. {
                        let seed = round * 1_000_000 + uploader * 10_000 + number;
                        let object = Object::of(1000 << (seed % 11), seed);
                        let path = laptop.path(&format!("data/{}", object.name));
                        let login = laptop.authorization();
                        match status_of(port, "POST", &path, &login, &object.body) {
                            Ok(status) => assert_eq!(status, 200),
                            Err(_) => return,
                        }
                        stored.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
            until("enough to be stored", || {
                (stored.load(Ordering::SeqCst) > 30).then_some(())
            });
            server.kill();
        });
        server.restart();
        server.logs(COUNTING);
        equals_the_disk(&server);
        until("uploads to be taken again", || {
            let answer = laptop.post("data", &Object::of(100, round));
            (answer.status == 200).then_some(())
        });
        equals_the_disk(&server);
    }
}

#[test]
fn after_a_stop_nothing_is_counted_again() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    laptop.post("data", &Object::of(MIB, 1)).is(200);
    laptop.post("locks", &Object::of(100, 2)).is(200);
    // In flight when the stop comes, and finished in its grace.
    let late = Object::of(MIB, 3);
    let mut wire = laptop.begin("data", &late, 1000);
    server.runs("abc-inc/laptop/default");
    server.signal(Signal::SIGTERM);
    server.logs("nothing new is taken");
    wire.send(&late.body[1000..]);
    wire.answer("POST").is(200);
    assert!(server.ends().success());
    server.restart();
    assert_eq!(figures(&server), (2 * MIB as u64 + 100, 0));
    laptop.post("data", &Object::of(10, 4)).is(200);
    equals_the_disk(&server);
    assert!(!server.log().contains(COUNTING), "{}", server.log());
}

#[test]
fn while_a_schedule_cannot_be_counted_only_reads_and_locks_go_on() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    let (object, lock) = (Object::of(MIB, 1), Object::of(100, 2));
    laptop.post("data", &object).is(200);
    server.kill();
    // Nothing that the server makes, and so nothing that it counts.
    let index = laptop.folder().join("index");
    fs::remove_dir(&index).unwrap();
    symlink("/", &index).unwrap();
    server.restart();
    server.logs("not counted yet");
    let path = format!("data/{}", object.name);
    let sentence = "The repository's space is being counted after an interruption: try again soon.";
    // Each waits for a while: at once, so that the test waits only once.
    let answers = std::thread::scope(|scope| {
        let asks = [
            scope.spawn(|| laptop.post("data", &Object::of(10, 3))),
            scope.spawn(|| laptop.post("keys", &Object::of(10, 3))),
            scope.spawn(|| laptop.ask("POST", "config", b"config")),
            scope.spawn(|| laptop.ask("DELETE", &path, b"")),
        ];
        asks.map(|ask| ask.join().unwrap())
    });
    for answer in answers {
        assert_eq!(answer.status, 503, "{}", answer.reason);
        assert!(answer.reason.starts_with(sentence), "{}", answer.reason);
        assert_eq!(answer.json()["code"], "recounting");
    }
    assert_eq!(laptop.ask("GET", &path, b"").is(200).body, object.body);
    laptop.post("locks", &lock).is(200);
    laptop.post("locks", &Object::of(100, 4)).is(200);
    laptop
        .ask("DELETE", &format!("locks/{}", lock.name), b"")
        .is(200);

    fs::remove_file(&index).unwrap();
    fs::create_dir(&index).unwrap();
    server.logs("everything is counted");
    assert_eq!(figures(&server), (MIB as u64 + 100, 0));
    laptop.post("data", &Object::of(10, 3)).is(200);
    equals_the_disk(&server);
}

#[test]
fn what_is_in_the_trash_is_counted_too_and_counts_at_the_server_only() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    // A key begins no session that would keep it from being removed.
    laptop.post("keys", &Object::of(60_000, 1)).is(200);
    server
        .ctl(["client", "remove", "abc-inc/laptop", "--recursive", "--yes"])
        .fine();
    server.kill();
    server.restart();
    let server_uses = || server.json(["server", "show"])["used_space"].as_u64();
    until("the trash to be counted", || {
        (server_uses() == Some(60_000)).then_some(())
    });
    assert_eq!(figures(&server), (0, 0));
}
