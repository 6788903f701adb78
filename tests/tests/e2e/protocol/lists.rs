//! Lists of objects: both versions, and that nothing shows which isn't one.

use std::collections::BTreeSet;
use std::fs;

use super::with_repository;
use crate::support::{Object, Server};

const V1: &str = "application/vnd.x.restic.rest.v1";
const V2: &str = "application/vnd.x.restic.rest.v2";

fn accept(media: &str) -> String {
    format!("Accept: {media}\r\n")
}

#[test]
fn an_empty_list_is_two_brackets_in_either_version() {
    let server = Server::start();
    let laptop = with_repository(&server);
    for kind in ["data/", "index/", "keys/", "locks/", "snapshots/"] {
        let answer = laptop.ask("GET", kind, b"").is(200);
        assert_eq!(
            (answer.text().as_str(), answer.header("content-type")),
            ("[]", Some(V1))
        );
        let answer = laptop.ask_with("GET", kind, &accept(V2), b"").is(200);
        assert_eq!(
            (answer.text().as_str(), answer.header("content-type")),
            ("[]", Some(V2))
        );
    }
}

#[test]
fn version_two_is_given_to_whoever_asks_for_exactly_that() {
    let server = Server::start();
    let laptop = with_repository(&server);
    let objects: Vec<Object> = (1..=40)
        .map(|seed| Object::of(seed * 10, seed as u64))
        .collect();
    for object in &objects {
        laptop.post("data", object).is(200);
    }
    let answer = laptop.ask_with("GET", "data/", &accept(V2), b"").is(200);
    assert_eq!(answer.header("content-type"), Some(V2));
    let listed: BTreeSet<(String, u64)> = answer
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            assert_eq!(entry.as_object().unwrap().len(), 2);
            let name = entry["name"].as_str().unwrap();
            (name.to_owned(), entry["size"].as_u64().unwrap())
        })
        .collect();
    let expected = objects
        .iter()
        .map(|object| (object.name.clone(), object.body.len() as u64));
    assert_eq!(listed, expected.collect());

    for accepted in [
        String::new(),
        accept("*/*"),
        accept("application/json"),
        accept(V1),
    ] {
        let answer = laptop.ask_with("GET", "data/", &accepted, b"").is(200);
        assert_eq!(answer.header("content-type"), Some(V1));
        let names: BTreeSet<String> = answer
            .json()
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap().to_owned())
            .collect();
        assert_eq!(
            names,
            objects.iter().map(|object| object.name.clone()).collect()
        );
    }
    let head = laptop.ask_with("HEAD", "data/", &accept(V2), b"").is(200);
    assert_eq!(head.header("content-type"), Some(V2));
}

#[test]
fn temporary_and_stray_files_never_show() {
    let server = Server::start();
    let laptop = with_repository(&server);
    let object = Object::of(3 << 20, 1);
    let lock = Object::of(100, 2);
    laptop.post("locks", &lock).is(200);
    for stray in [
        "data/stray",
        "data/00/stray",
        "locks/stray.part",
        "locks/stray",
        "locks/.hidden",
    ] {
        fs::write(laptop.folder().join(stray), "stray").unwrap();
    }
    fs::create_dir(laptop.folder().join("locks").join(Object::of(1, 3).name)).unwrap();
    let mut running = laptop.begin("data", &object, 2 << 20);
    crate::support::until("the upload to be on the disk", || {
        let incoming = server.location().join(".incoming");
        (!crate::support::files_below(&incoming).is_empty()).then_some(())
    });
    assert_eq!(laptop.ask("GET", "data/", b"").is(200).text(), "[]");
    let locks = laptop.ask("GET", "locks/", b"").is(200).text();
    assert_eq!(locks, format!("[\"{}\"]", lock.name));
    running.send(&object.body[2 << 20..]);
    running.answer("POST").is(200);
    let data = laptop.ask("GET", "data/", b"").is(200).text();
    assert_eq!(data, format!("[\"{}\"]", object.name));
}

#[test]
fn no_answer_claims_to_come_from_rclone() {
    let server = Server::start();
    let laptop = with_repository(&server);
    let answer = laptop.ask("GET", "data/", b"").is(200);
    let name = answer.header("server").unwrap_or_default();
    assert!(!name.starts_with("rclone"));
}
