//! POST and DELETE: whole or not at all, the same again as often as it is asked.

use super::with_repository;
use crate::support::{Object, Server, Wire, administered, files_below, until};

const KINDS: [&str; 5] = ["data", "index", "keys", "locks", "snapshots"];

fn nothing_remains(server: &Server) {
    until("nothing half-written to remain", || {
        files_below(&server.location().join(".incoming"))
            .is_empty()
            .then_some(())
    });
}

#[test]
fn a_body_that_is_not_what_its_name_says_leaves_nothing() {
    let server = Server::start();
    let laptop = with_repository(&server);
    for (seed, kind) in (1..).zip(KINDS) {
        let mut object = Object::of(10_000, seed);
        object.body[5000] ^= 1;
        let answer = laptop.post(kind, &object).is(400);
        assert!(answer.reason.contains("hash"), "{}", answer.reason);
        assert!(files_below(&laptop.folder().join(kind)).is_empty());
    }
    nothing_remains(&server);
}

#[test]
fn a_body_that_breaks_off_leaves_nothing() {
    let server = Server::start();
    let laptop = with_repository(&server);
    let object = Object::of(3 << 20, 1);
    for sent in [0, 1, 70_000, (2 << 20) + 5] {
        let mut wire = laptop.begin("data", &object, sent);
        wire.finish();
        let answer = wire.answer("POST");
        assert_eq!(answer.status, 400, "{sent}: {answer:?}");
        // And with no goodbye at all.
        drop(laptop.begin("data", &object, sent));
    }
    nothing_remains(&server);
    laptop
        .ask("HEAD", &format!("data/{}", object.name), b"")
        .is(404);
    laptop.post("data", &object).is(200);
}

#[test]
fn what_exists_is_answered_again_but_never_replaced() {
    let server = Server::start();
    let laptop = with_repository(&server);
    for append_only in ["no", "yes"] {
        server
            .ctl(["customer", "edit", "abc-inc", "--append-only", append_only])
            .fine();
        for (seed, kind) in (1..).zip(KINDS) {
            let object = Object::of(2000, seed);
            laptop.post(kind, &object).is(200);
            let mut other = object.clone();
            other.body[0] ^= 1;
            laptop.post(kind, &other).is(400);
            other.body.truncate(1000);
            laptop.post(kind, &other).is(400);
            laptop.post(kind, &object).is(200);
            let path = format!("{kind}/{}", object.name);
            assert!(laptop.ask("GET", &path, b"").is(200).body == object.body);
        }
    }
    nothing_remains(&server);
}

#[test]
fn deleting_what_is_not_there_is_fine() {
    let server = Server::start();
    let laptop = with_repository(&server);
    for (seed, kind) in (1..).zip(KINDS) {
        let object = Object::of(100, seed);
        let path = format!("{kind}/{}", object.name);
        laptop.ask("DELETE", &path, b"").is(200);
        laptop.post(kind, &object).is(200);
        laptop.ask("DELETE", &path, b"").is(200);
        laptop.ask("GET", &path, b"").is(404);
        laptop.ask("DELETE", &path, b"").is(200);
    }
    laptop.ask("DELETE", "config", b"").is(405);
}

#[test]
fn a_config_longer_or_shorter_than_it_says_is_not_kept() {
    let server = Server::start();
    let laptop = with_repository(&server);
    let mut wire = Wire::to(server.port());
    wire.head(
        "POST",
        &laptop.path("config"),
        &laptop.authorization(),
        Some(100),
    );
    wire.send(b"half");
    wire.finish();
    wire.answer("POST").is(400);
    laptop.ask("HEAD", "config", b"").is(404);
    laptop.ask("POST", "config", b"whole").is(200);
    nothing_remains(&server);
}

#[test]
fn an_upload_that_waits_in_the_middle_does_not_keep_another_of_the_same_name() {
    let server = Server::start();
    let laptop = with_repository(&server);
    let object = Object::of(2 << 20, 1);
    let mut slow = laptop.begin("data", &object, 1 << 20);
    server.runs("abc-inc/laptop/default");
    laptop.post("data", &object).is(200);
    slow.send(&object.body[1 << 20..]);
    slow.answer("POST").is(200);
    // One that is given up takes nothing with it.
    drop(laptop.begin("data", &object, 1 << 20));
    nothing_remains(&server);
    let got = laptop
        .ask("GET", &format!("data/{}", object.name), b"")
        .is(200);
    assert!(got.body == object.body);
}

#[test]
fn a_refusal_is_read_also_by_a_client_that_is_still_sending() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    server.ctl(["customer", "suspend", "abc-inc"]).fine();
    let object = Object::of(16 << 20, 1);
    let path = laptop.path(&format!("data/{}", object.name));
    for _ in 0..36 {
        let mut wire = Wire::to(server.port());
        let login = laptop.authorization();
        wire.head("POST", &path, &login, Some(object.body.len()));
        // Like restic's: all of the body first, then the answer.
        wire.send(&object.body);
        let answer = wire.answer("POST").is(403);
        assert!(
            answer.reason.starts_with("ABC Inc. is suspended."),
            "{}",
            answer.reason
        );
    }
    assert!(files_below(&laptop.folder().join("data")).is_empty());
}
